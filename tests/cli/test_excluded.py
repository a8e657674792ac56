"""`plan` and `status` say what is left out, and by which rule."""

from __future__ import annotations


def test_what_is_left_out_is_counted_by_its_rule(shell):
    for name in ("a.md", "a.md~", "b.md~", "talk.pdf.crdownload", "draft.log"):
        shell.write(f"docs/{name}", "words")
    shell.write("docs/CVS/Entries", "/a.md/1.1//")
    shell.write("docs/.gitignore", "*.log\n")
    counted = {"*~": 2, "*.crdownload": 1, "CVS/": 1, ".*": 1, "ignore files": 1}
    plan = shell.run("plan", "docs", "--model", "hashing", "--json").json
    assert (plan["files"]["seen"], plan["excluded"]) == (1, counted)
    shell.ingest()
    assert shell.run("status", "--json").json["excluded"] == counted
    for command in ("plan", "status"):
        said = shell.run(command).out
        assert "excluded: 2 by *~ (backups of Emacs, gedit, Kate, nano, Vim)\n" in said
        assert "excluded: 1 by ignore files\n" in said
