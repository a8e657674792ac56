"""Our engine as an embedding function of LanceDB, for people who use LanceDB directly. Writes nothing into our tables.

A table that carries an embedding function in its metadata cannot be added to where this package is missing, so
tables made by `embedingest` carry none: `attach` lends the function to one opened table instead.

Importing this module enters the function into LanceDB's registry under the name `embedingest`. LanceDB has no entry
point for such functions, and importing `embedingest` alone registers nothing.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import numpy as np
from lancedb.embeddings import EmbeddingFunctionConfig, TextEmbeddingFunction, register
from pydantic import PrivateAttr

from embedingest.build.models import open_engine
from embedingest.engine.engine import text_list
from embedingest.errors import EngineError
from embedingest.store.schema import identity
from embedingest.types import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.engine.engine import Engine

__all__ = ["EmbedingestFunction", "attach"]

_VECTOR = "vector"
_TEXT = "text"


@register("embedingest")  # type: ignore[no-untyped-call]
class EmbedingestFunction(TextEmbeddingFunction):
    """Texts to vectors by our engine: in this process, or, with `host`, by any server that speaks `/api/embed`.

    `name` is a model's name. The prompts default to the model's own; over HTTP a server is told the role, and
    one that is not ours may know no such thing and put none. Vectors
    are float32 (N, D) of unit length, the same that `embedingest` writes.
    """

    name: str = DEFAULT_MODEL
    host: str | None = None
    api_key: str | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    timeout_seconds: float = 120.0
    # What fails here fails again: LanceDB's seven tries would only delay the message.
    max_retries: int = 0

    _engine: Any = PrivateAttr(default=None)
    _dimensions: int | None = PrivateAttr(default=None)

    @staticmethod
    def sensitive_keys() -> list[str]:
        """`api_key` is given as `$var:NAME`, so that no table holds it."""
        return ["api_key"]

    def ndims(self) -> int:
        """D, the length of the model's vectors."""
        if self._dimensions is None:
            local = self.host is None
            self._dimensions = (
                self._in_process().describe(self.name).dimensions if local else len(self._over_http(["dimensions"])[0])
            )
        return self._dimensions

    def compute_query_embeddings(self, *args: Any, **_: Any) -> list[Any]:
        """One vector for each query, with the query side's prompt."""
        return self._embed(self.sanitize_input(args[0]), self.query_prompt, "query")

    def generate_embeddings(self, texts: Any, *_: Any, **__: Any) -> list[Any]:
        """One vector for each document, with the document side's prompt."""
        return self._embed(self.sanitize_input(texts), self.document_prompt, "document")

    def _embed(self, texts: Any, prompt: str | None, role: str) -> list[NDArray[np.float32]]:
        texts = text_list(texts)
        if self.host is not None:
            return self._over_http([(prompt or "") + text for text in texts], role if prompt is None else None)
        engine = self._in_process()
        info = engine.describe(self.name)
        prefix = info.prompt(role) if prompt is None else prompt
        priority: Any = "query" if role == "query" else "bulk"
        return list(engine.embed(texts, model=info.name_for(role, self.name), prompt=prefix, priority=priority).vectors)

    def _in_process(self) -> Engine:
        if self._engine is None:
            self._engine = open_engine()
        engine: Engine = self._engine
        return engine

    def _over_http(self, texts: Sequence[str], role: str | None = None) -> list[NDArray[np.float32]]:
        headers = {"Content-Type": "application/json"}
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key}"
        asked = {"model": self.name, "input": list(texts)} | ({} if role is None else {"input_type": role})
        body = json.dumps(asked).encode()
        url = f"{str(self.host).rstrip('/')}/api/embed"
        request = urllib.request.Request(url, body, headers)  # noqa: S310 -- the host is the user's own setting
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as answer:  # noqa: S310
                vectors = json.load(answer)["embeddings"]
        except urllib.error.HTTPError as error:
            raise EngineError(f"{url} answered {error.code}: {error.read(500).decode('utf-8', 'replace')}") from error
        except OSError as error:
            raise EngineError(f"{url} cannot be reached: {error}", remedy="`embedingest serve` starts it") from error
        return list(np.asarray(vectors, dtype=np.float32))


def attach(table: Any, function: EmbedingestFunction | None = None) -> Any:
    """Let `table.search("some text")` of an opened LanceDB table embed the query with `function`.

    The table on disk is not touched; `function` defaults to the model that the table remembers. Returns `table`.
    """
    if function is None:
        table_identity = identity(table.schema, table=table.name)
        create: Any = EmbedingestFunction.create
        function = create(name=table_identity.model, document_prompt=table_identity.document_prompt)
    config = EmbeddingFunctionConfig(vector_column=_VECTOR, source_column=_TEXT, function=function)
    # LanceDB reads a handle's functions once from the table's metadata and keeps them here.
    table.__dict__["embedding_functions"] = {_VECTOR: config}
    return table
