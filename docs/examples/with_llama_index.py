"""A retriever for LlamaIndex over our table: `python with_llama_index.py .embedingest/lancedb QUERY`."""

import sys

from embedingest.integrations.llama_index import EmbedingestRetriever

retriever = EmbedingestRetriever(db=sys.argv[1], limit=3)
for found in retriever.retrieve(sys.argv[2]):
    print(f"{found.node.metadata['source']}:{found.node.metadata['line_start']}  {found.node.get_content()}")
