"""LangChain's LanceDB store over our table: `python with_langchain.py .embedingest/lancedb QUERY`.

Our column `metadata` is JSON text, LangChain's store expects a mapping: one method is written over.
"""

import json
import sys
import warnings

import lancedb
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

import embedingest
from embedingest.integrations.lancedb import attach

warnings.simplefilter("ignore")  # the community package announces its retirement at import
from langchain_community.vectorstores import LanceDB  # noqa: E402


class SameModel(Embeddings):
    """Queries are embedded as the documents were."""

    def __init__(self, function):
        self.function = function

    def embed_documents(self, texts):
        return [vector.tolist() for vector in self.function.generate_embeddings(texts)]

    def embed_query(self, text):
        return self.function.compute_query_embeddings(text)[0].tolist()


class Chunks(LanceDB):
    """The store, with documents that say where they come from."""

    def results_to_docs(self, results, score=False):
        documents = [
            Document(
                row["text"], metadata=json.loads(row["metadata"]) | {"source": row["source"], "line": row["line_start"]}
            )
            for row in results.to_pylist()
        ]
        return list(zip(documents, results["_distance"].to_pylist(), strict=True)) if score else documents


database = lancedb.connect(sys.argv[1])
function = attach(database.open_table("chunks")).embedding_functions["vector"].function
store = Chunks(connection=database, table_name="chunks", embedding=SameModel(function))
print("embedingest", embedingest.__version__)
for document in store.similarity_search(sys.argv[2], k=3):
    print(f"{document.metadata['source']}:{document.metadata['line']}  {document.page_content}")
