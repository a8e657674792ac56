"""A retriever for LangChain over our table: `python with_langchain.py .embedingest/lancedb QUERY`."""

import sys

from embedingest.integrations.langchain import EmbedingestRetriever

retriever = EmbedingestRetriever(db=sys.argv[1], limit=3)
for document in retriever.invoke(sys.argv[2]):
    print(f"{document.metadata['source']}:{document.metadata['line_start']}  {document.page_content}")
