"""The journal is rubbish when the program starts."""


def do(it):
    with it.away():
        for path in it.world.state.glob("chunks.sqlite-*"):
            path.unlink()
        (it.world.state / "chunks.sqlite").write_bytes(b"no database at all" * 300)


def holds(it):
    assert it.embedded == []
