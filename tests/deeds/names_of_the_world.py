"""Names in many scripts, from right to left, and with emoji."""

NAMES = [
    "שלום.md",
    "数据.md",
    "données.md",
    "Straße.md",
    "🦭.md",
    "a\u202eb.md",
    "İ.md",
    "नमस्ते.md",
    "zero\u200dwidth.md",
]


def do(it):
    for number, name in enumerate(NAMES):
        it.write(name, f"A name of the world, number {number}.")
