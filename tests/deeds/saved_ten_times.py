"""Ten saves in a row: the last one stands, whatever was read in between."""


def do(it):
    for number in range(10):
        it.write("plan.md", f"The bridge in its version {number}.")
