"""PDF files drawn by place, for the tests of the PDF loader: words at points, rules, fields, notes."""

from tests.samples import pdf_file

LETTER, SLIDE = (612, 792), (842, 595)


def spelled(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def at(x, y, text, size=10):
    """Words that begin at a point."""
    return f"BT /F1 {size} Tf {x} {y} Td ({spelled(text)}) Tj ET"


def rule(x0, y0, x1, y1):
    """A line from point to point."""
    return f"{x0} {y0} m {x1} {y1} l S"


def body(lines, *, x=72, top=700, step=14, size=10):
    """Lines one below the other."""
    return [at(x, top - step * number, line, size) for number, line in enumerate(lines)]


def book(pages, *, size=LETTER, marks=(), rotate=0, inner=()):
    """A file of pages, each a list of what is drawn on it; `marks` are annotations and fields of the first page.

    `inner` is drawn by the command `/X Do`.
    """
    objects = {1: ("", None), 3: ("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", None)}
    if inner:
        objects[4] = (f"<< /Subtype /Form /BBox [0 0 {size[0]} {size[1]}]", "\n".join(inner).encode("cp1252"))
    first, stream, mark = 10, 10 + len(pages), 10 + 2 * len(pages)
    own = " ".join(f"{mark + number} 0 R" for number in range(len(marks)))
    fields = " ".join(f"{mark + number} 0 R" for number, each in enumerate(marks) if "/FT" in each)
    objects[1] = (f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] /DA (/F1 0 Tf) >> >>", None)
    held = " /XObject << /X 4 0 R >>" if inner else ""
    kids = " ".join(f"{first + number} 0 R" for number in range(len(pages)))
    objects[2] = (f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>", None)
    for number, drawn in enumerate(pages):
        annotations = f" /Annots [{own}]" if own and not number else ""
        own_keys = f"/MediaBox [0 0 {size[0]} {size[1]}] /Rotate {rotate} /Contents {stream + number} 0 R{annotations}"
        page = f"<< /Type /Page /Parent 2 0 R {own_keys} /Resources << /Font << /F1 3 0 R >>{held} >> >>"
        objects[first + number] = (page, None)
        objects[stream + number] = ("<<", "\n".join(drawn).encode("cp1252"))
    for number, each in enumerate(marks):
        objects[mark + number] = (f"<< /Type /Annot {each} >>", None)
    return pdf_file(objects)


def field(kind, name, box, rest=""):
    """A field of a form: `Tx`, `Btn` or `Ch`, with its place."""
    return f"/Subtype /Widget /FT /{kind} /T ({spelled(name)}) /Rect [{' '.join(map(str, box))}] /F 4 {rest}"


def note(kind, said, box, rest=""):
    """What somebody wrote on a page."""
    return f"/Subtype /{kind} /Contents ({spelled(said)}) /Rect [{' '.join(map(str, box))}] /F 4 {rest}"
