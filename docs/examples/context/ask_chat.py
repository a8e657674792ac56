"""Has a chat model of yours write the sentence, for
`context: {command: [python3, ask_chat.py, "http://127.0.0.1:8080/v1", my-model]}`.

The first argument is the address of a server that speaks `/v1/chat/completions`, the second its model. Where the server
wants a key, it is taken from the variable CHAT_KEY.
"""

import json
import os
import sys
import urllib.request

address, model = sys.argv[1:]
asked = json.load(sys.stdin)
place = " > ".join([asked["title"] or asked["source"], *asked["headings"]])
question = f"""A part of a document ({place}):

{asked["document"]}

One passage of it:

{asked["chunk"]}

Say in one short sentence what this passage is about and where in the document it stands, so that it is found by a
search. Answer with that sentence alone."""
body = {"model": model, "messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 100}
headers = {"content-type": "application/json"}
if "CHAT_KEY" in os.environ:
    headers["authorization"] = f"Bearer {os.environ['CHAT_KEY']}"
request = urllib.request.Request(f"{address}/chat/completions", json.dumps(body).encode(), headers)  # noqa: S310
# Whatever goes wrong ends this with a status other than 0.
with urllib.request.urlopen(request) as answer:  # noqa: S310
    print(json.load(answer)["choices"][0]["message"]["content"])
