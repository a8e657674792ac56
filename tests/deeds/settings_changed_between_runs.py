"""The chunks become longer between two runs: every document is cut anew."""


def do(it):
    with it.away():
        it.world.settings["chunk"] = {"max_tokens": 12}
