"""A folder of 60 documents gets another name: a move at any size, nobody is asked."""


def before(it):
    it.library()
    for number in range(60):
        it.rested(f"many/part{number % 3}/doc{number}.md", f"The text that moves, {number}.")


def do(it):
    it.path("many").rename(it.path("all"))


def holds(it):
    assert it.embedded == []
    assert not it.pending()
