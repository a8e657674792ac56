"""LlamaIndex's LanceDB store over our table: `python with_llama_index.py .embedingest/lancedb QUERY`.

Our column `metadata` is JSON text, LlamaIndex expects a mapping: one method of the opened table parses it.
"""

import json
import sys

import lancedb
from llama_index.core.vector_stores.types import VectorStoreQuery
from llama_index.vector_stores.lancedb import LanceDBVectorStore

from embedingest.integrations.lancedb import attach


class Chunks(LanceDBVectorStore):
    """The store over a table whose metadata is JSON text."""

    def query(self, query, **settings):
        search = self._table.search

        def parsed(*arguments, **named):
            asked = search(*arguments, **named)
            whole = asked.to_pandas

            def frame():
                found = whole()
                sources = zip(found["metadata"], found["source"], found["line_start"], strict=True)
                found["metadata"] = [json.loads(text) | {"source": s, "line": line} for text, s, line in sources]
                return found

            asked.to_pandas = frame
            return asked

        self._table.search = parsed
        try:
            return super().query(query, **settings)
        finally:
            del self._table.search


table = attach(lancedb.connect(sys.argv[1]).open_table("chunks"))
vector = table.embedding_functions["vector"].function.compute_query_embeddings(sys.argv[2])[0]
store = Chunks(uri=sys.argv[1], table=table, doc_id_key="source", text_key="text", vector_column_name="vector")
answer = store.query(VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=3))
for node in answer.nodes:
    print(f"{node.metadata['source']}:{node.metadata['line']}  {node.get_content()}")
