"""Writes a sentence about a chunk, for `context: {command: [python3, write_context.py]}`: a request in, a line out.

This one only says where the chunk stands. Ask a model of yours in its place, and end with a status other than 0 where
it gives no answer: the document is then tried again, and never embedded without its context.
"""

import json
import sys

asked = json.load(sys.stdin)  # source, title, headings, document (what stands around the chunk), chunk
opening = asked["document"].strip().partition("\n")[0]
place = ", ".join(asked["headings"]) or opening
print(f"From {asked['title'] or asked['source']}, about {place}.")
