"""A setting is changed and taken back: no vector is lost."""


def do(it):
    with it.away():
        it.world.settings["chunk"] = {"max_tokens": 64}
    with it.away():
        it.world.settings["chunk"] = {"max_tokens": 32}
