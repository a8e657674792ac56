"""Rerankers that were trained on a query and a document in a prompt: what stands before, between and after the two.

Found by rendering the folder's chat template once, in a sandbox under limits; or known of a model by its name. Knows
settings files, no weights and no tokenizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.engine.folder.rendering import RenderingError, rendered
from embedingest.engine.folder.settings_files import REMEDY, read_object
from embedingest.errors import ModelLoadError
from embedingest.regular import read_bounded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["PairPrompt", "known_prompt", "prompt_of", "stated_prompt"]

_QUERY: Final = "\ue000"
_DOCUMENT: Final = "\ue001"
_LARGEST_BYTES: Final = 2**16  # of a template
_QWEN3: Final = "qwen3-reranker"


class PairPrompt(NamedTuple):
    """The texts before the query, between query and document, and after the document.

    White space beside a text becomes tokens together with it, as tokenizers take both in one.
    """

    before: str
    between: str
    after: str

    @property
    def fixed(self) -> tuple[str, str, str]:
        """The three without the white space beside query and document."""
        return self.before.rstrip(), self.between.strip(), self.after.lstrip()

    def query(self, text: str) -> str:
        """A query with the white space around it."""
        between = self.between
        return self.before[len(self.before.rstrip()) :] + text + between[: len(between) - len(between.lstrip())]

    def document(self, text: str) -> str:
        """A document with the white space around it."""
        lead = self.between[len(self.between.rstrip()) :] if self.between.strip() else ""
        return lead + text + self.after[: len(self.after) - len(self.after.lstrip())]

    def whole(self, query: str, document: str) -> str:
        return self.before + query + self.between + document + self.after


def prompt_of(head: Mapping[str, Any]) -> PairPrompt | None:
    """What a reranker's pairs stand in, by the settings of its last module; `None` where that is nothing."""
    parts = head.get("prompt")
    return None if parts is None else PairPrompt(*parts)


def known_prompt(path: Path, config: Mapping[str, Any]) -> PairPrompt | None:
    """The prompt of a folder without a list of modules, whose files do not say it: of Qwen3's rerankers, by name."""
    named = " ".join((*path.parts[-4:], str(config.get("_name_or_path", "")))).lower()
    if _QWEN3 not in named or config.get("model_type") != "qwen3":
        return None
    return PairPrompt(
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
        'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a '
        "web search query, retrieve relevant passages that answer the query\n<Query>: ",
        "\n<Document>: ",
        "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    )


def stated_prompt(path: Path, settings: Mapping[str, Any]) -> PairPrompt | None:
    """What the chat template of a cross-encoder makes of a pair; `None` where its pairs stand in none.

    `settings` are those of sentence-transformers. Raises ModelLoadError for a template that gives not each text
    once, the query first.
    """
    transformer = read_object(path / "sentence_bert_config.json", optional=True)
    modalities = transformer.get("modality_config")
    if not isinstance(modalities, dict) or "message" not in modalities:
        return None
    template = _template(path)
    told = transformer.get("processing_kwargs")
    variables = told.get("chat_template") if isinstance(told, dict) else None
    system = _default_prompt(settings)
    for text in _rendered(path, template, system, variables if isinstance(variables, dict) else {}):
        if text.count(_QUERY) == text.count(_DOCUMENT) == 1:
            before, _, rest = text.partition(_QUERY)
            between, is_after, after = rest.partition(_DOCUMENT)
            if is_after:
                return PairPrompt(before, between, after)
    raise ModelLoadError(
        f"the chat template of {path} does not put a query and then a document, each once, as messages of these roles",
        remedy="take a reranker whose template does, or one without a template",
    )


def _default_prompt(settings: Mapping[str, Any]) -> str | None:
    prompts, default = settings.get("prompts"), settings.get("default_prompt_name")
    text = prompts.get(default) if isinstance(prompts, dict) and default is not None else None
    return text if isinstance(text, str) and text else None


def _template(path: Path) -> str:
    """The template of a folder. Raises ModelLoadError."""
    try:
        return read_bounded(path / "chat_template.jinja", _LARGEST_BYTES).decode("utf-8")
    except FileNotFoundError:
        stated = read_object(path / "tokenizer_config.json", optional=True).get("chat_template")
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"cannot read {path / 'chat_template.jinja'}: {error}", remedy=REMEDY) from error
    if not isinstance(stated, str) or len(stated) > _LARGEST_BYTES:
        raise ModelLoadError(f"{path} puts pairs into a chat template and has none", remedy=REMEDY)
    return stated


def _rendered(path: Path, template: str, system: str | None, variables: Mapping[str, Any]) -> list[str]:
    """A pair of two marks as the template has it, its messages as texts and in parts. Raises ModelLoadError."""
    roles = [*([("system", system)] if system else []), ("query", _QUERY), ("document", _DOCUMENT)]
    tokens = {
        name: token.get("content") if isinstance(token, dict) else token
        for name, token in read_object(path / "tokenizer_config.json", optional=True).items()
        if name.endswith("_token")
    }
    given = {"add_generation_prompt": False, **tokens, **variables}
    flat = [{"role": role, "content": text} for role, text in roles]
    parted = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in roles]
    try:
        return [text or "" for text in rendered(template, [{**given, "messages": each} for each in (flat, parted)])]
    except RenderingError as error:
        raise ModelLoadError(
            f"the chat template of {path} fails for a query and a document: {error}", remedy=REMEDY
        ) from error
