"""A collection of questions and answers, made of the manuals in two packages of Debian, in the form that scifact.py reads.

    apt-get download manpages-dev git-man; for one in *.deb; do dpkg-deb -x $one unpacked; done
    python benchmarks/manuals.py unpacked manuals
    python benchmarks/scifact.py manuals

A query is what a page says of itself in one line ("open and possibly create a file"); what answers it is the
description in the pages that say so, without that line and the names in it. The page's name stands above as title.
"""

import gzip
import re
import sys
from collections import Counter, defaultdict

import collection

LEAST = 80
"""Characters: a shorter description says to look elsewhere."""
FEWEST = 3
"""Words of a query."""
SPECIAL = {"aq": "'", "oq": "'", "cq": "'", "dq": '"', "lq": '"', "rq": '"', "em": " - ", "en": "-", "ha": "^",
           "ti": "~", "bu": "*", "mu": "x", "rs": "\\", "ga": "`"}  # fmt: skip


def pages(unpacked):
    """(package, name, text of roff) of each page, under the first of its names."""
    for folder in ("man1", "man2", "man3"):
        for path in sorted(unpacked.glob(f"usr/share/man/{folder}/*.gz")):
            if path.is_symlink():  # another name of a page
                continue
            with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
                text = file.read()
            if folder != "man1" or path.name.startswith("git"):
                yield folder, path.name.removesuffix(".gz"), text


def sections(text):
    """The sections of a page by name, as plain text."""
    parts = re.split(r'^\.SH +"?([^"\n]*?)"?\s*$', text, flags=re.MULTILINE)
    return {name.strip(): plain(body) for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def plain(roff):
    """The words of roff without its requests, fonts and escapes."""
    lines = [said for line in roff.split("\n") for said in (of_request(line) if line[:1] in (".", "'") else [line])]
    text = re.sub(r'\\".*', "", "\n".join(lines))
    text = re.sub(r"\\f(?:\[[^]]*\]|\(..|.)|\\[&|^/,:%]|\\s[-+]?\d", "", text)
    text = re.sub(r"\\\((..)|\\\[([^]]*)\]", lambda found: SPECIAL.get(found[1] or found[2], ""), text)
    text = text.replace("\\-", "-").replace("\\e", "\\").replace("\\ ", " ").replace("\\~", " ").replace("\\", "")
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def of_request(line):
    """The lines that a request of roff prints: a blank one before a paragraph, the words of fonts and headings."""
    request, _, rest = line[1:].strip().partition(" ")
    if request in ("PP", "P", "LP", "TP", "IP", "HP", "sp"):
        return [""]
    words = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', rest)]
    if request in ("B", "I", "SM", "SB", "SS"):
        return [*([""] if request == "SS" else []), " ".join(words)]
    return ["".join(words)] if request in ("BR", "RB", "BI", "IB", "IR", "RI") else []


def main():
    arguments = collection.places(__doc__)
    documents, answers, counts = [], defaultdict(list), Counter()
    for folder, page, text in pages(arguments.unpacked):
        found = sections(text)
        _, separator, said = " ".join(found.get("NAME", "").split()).partition(" - ")
        description = found.get("DESCRIPTION", "")
        if not separator or len(description) < LEAST:
            continue
        key = f"{folder}{len(documents)}"
        name, _, number = page.rpartition(".")
        documents.append({"_id": key, "title": f"{name}({number})", "text": description})
        if len(said.split()) >= FEWEST:
            counts[folder] += 1
            answers[said].append(key)
    queries = {f"q{number}": said for number, said in enumerate(answers)}
    collection.write(arguments.folder, documents, queries, {key: answers[said] for key, said in queries.items()})
    print(f"{len(documents)} pages, {len(queries)} questions: {dict(counts)}")
    sys.exit(0 if len(counts) == 3 else 1)


if __name__ == "__main__":
    main()
