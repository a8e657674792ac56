"""Search our table by meaning, with LanceDB alone: `python search_by_text.py .embedingest/lancedb QUERY`.

`attach` lends this one opened table the model it was made with; nothing is written into the table.
"""

import sys

import lancedb

from embedingest.integrations.lancedb import attach

table = attach(lancedb.connect(sys.argv[1]).open_table("chunks"))
for hit in table.search(sys.argv[2]).limit(3).to_list():
    print(f"{hit['source']}:{hit['line_start']}  {hit['_distance']:.3f}  {hit['text']}")
