"""A collection of questions and answers, made of the FAQs in three packages of Debian, in the form that scifact.py reads.

    apt-get download perl-doc debian-faq python3.11-doc; for one in *.deb; do dpkg-deb -x $one unpacked; done
    python benchmarks/faq.py unpacked faq
    python benchmarks/scifact.py faq

A query is the heading of a section that asks something, and what answers it is the section without its heading: so no
word of the question is in the answer by being its title. Chapter and part stand above each answer as its title.
"""

import gzip
import re
import sys
from collections import Counter

import collection

LEAST = 80
"""Characters: a shorter answer says to look elsewhere."""


def perl(unpacked):
    """(question, chapter and part, answer) of each section of Perl's FAQ, which is POD."""
    for path in sorted(unpacked.glob("usr/share/perl/*/pod/perlfaq[1-9].pod")):
        _, chapter, text = re.split(r"^perlfaq\d - (.*)\n", path.read_text("utf-8"), maxsplit=1, flags=re.MULTILINE)
        for part in re.split(r"^=head1 ", text, flags=re.MULTILINE)[1:]:
            name, _, rest = part.partition("\n")
            for section in re.split(r"^=head2 ", rest, flags=re.MULTILINE)[1:]:
                question, answer = (plain(one) for one in section.split("\n\n", 1))
                yield question, f"Perl: {chapter}: {name}", answer


def plain(pod):
    """The text of POD without its commands and formatting codes."""
    without = re.sub(r"^=\w+ ?", "", pod, flags=re.MULTILINE)
    return re.sub(r"[A-Z]<+ ?(?:[^<>|]*\|)?([^<>]*?) ?>+", r"\1", without).replace("X<>", "")


def python(unpacked):
    """The same of Python's, which is reStructuredText: a heading is a line with a line of signs below."""
    for path in sorted({one.resolve() for one in unpacked.glob("usr/share/doc/python3*/html/_sources/faq/*.rst.txt")}):
        parts = re.split(r"^(\S.*)\n([-=~^*+])\2{3,}\n", path.read_text("utf-8"), flags=re.MULTILINE)
        name = path.name.partition(".")[0]
        for heading, answer in zip(parts[1::3], parts[3::3], strict=True):
            yield heading.replace("`", ""), f"Python: {name}", answer


def debian(unpacked):
    """The same of Debian's, which is text; its table of contents has the headings too, without answers."""
    with gzip.open(unpacked / "usr/share/doc/debian/FAQ/debian-faq.txt.gz", "rt", encoding="utf-8") as file:
        text = file.read()
    chapter = ""
    for piece in re.split(r"^(?=(?:Chapter )?\d+\.(?:\d+\.)* ?\S)", text, flags=re.MULTILINE)[1:]:
        heading, _, answer = piece.partition("\n\n")
        heading = re.sub(r"\s+", " ", re.sub(r"^(?:Chapter )?[\d.]+ ?", "", heading)).strip()
        if piece.startswith("Chapter"):
            chapter = heading
        else:
            yield heading, f"Debian: {chapter}", answer.partition("\nChapter ")[0]


def main():
    arguments = collection.places(__doc__)
    documents, queries, answers, counts = [], {}, {}, Counter()
    for source in (perl, python, debian):
        for heading, title, section in source(arguments.unpacked):
            question, answer = " ".join(heading.split()), section.strip()
            if len(answer) < LEAST:
                continue
            key = f"{source.__name__}{len(documents)}"
            documents.append({"_id": key, "title": title, "text": answer})
            if question.endswith("?"):
                counts[source.__name__] += 1
                queries[f"q{key}"], answers[f"q{key}"] = question, [key]
    collection.write(arguments.folder, documents, queries, answers)
    print(f"{len(documents)} answers, {len(queries)} of them to a question: {dict(counts)}")
    sys.exit(0 if len(counts) == 3 else 1)


if __name__ == "__main__":
    main()
