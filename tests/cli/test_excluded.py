"""`plan` and `status` say what is left out, and by which rule; what is code can be asked for by its language."""

from __future__ import annotations

from tests.depth import only_deep


@only_deep
def test_what_is_left_out_is_counted_by_its_rule(shell):
    for name in ("a.md", "a.md~", "b.md~", "talk.pdf.crdownload", "draft.log"):
        shell.write(f"docs/{name}", "words")
    shell.write("docs/CVS/Entries", "/a.md/1.1//")
    shell.write("docs/.gitignore", "*.log\n")
    counted = {"?*~": 2, "*.crdownload": 1, "CVS/": 1, ".*": 1, "ignore files": 1}
    plan = shell.run("plan", "docs", "--model", "hashing", "--json").json
    assert (plan["files"]["seen"], plan["excluded"]) == (1, counted)
    shell.ingest()
    assert shell.run("status", "--json").json["excluded"] == counted
    for command in ("plan", "status"):
        said = shell.run(command).out
        assert "excluded: 2 by ?*~ (backups of Emacs, gedit, Kate, nano, Vim)\n" in said
        assert "excluded: 1 by ignore files\n" in said


def test_generated_files_are_left_out_unless_settings_take_them_and_code_is_found_by_its_language(shell):
    for name in ("mill.py", "mill.go", "package-lock.json", "app.js.map", "app.min.js"):
        shell.write(f"docs/{name}", "mill = 1\n")
    shell.write("docs/bundle.js", "!function(mill){return mill+1}(1);" * 200)
    shell.ingest()
    status = shell.run("status", "--json").json
    rules = {"package-lock.json npm-shrinkwrap.json yarn.lock …", "*.map", "*.min.js *.min.mjs *.min.cjs …"}
    assert set(status["excluded"]) == rules
    assert status["notice_counts"]["minified"] == {"files": 1, "count": 1}
    hits = shell.run("search", "mill", "--no-fold", "--json").json["results"]
    assert {hit["source"] for hit in hits} == {"docs/mill.py", "docs/mill.go"}
    hits = shell.run("search", "mill", "--filter", "metadata.language = 'python'", "--json").json["results"]
    assert [(hit["source"], hit["metadata"]["language"]) for hit in hits] == [("docs/mill.py", "python")]
    taken = shell.run("plan", "docs", "--model", "hashing", "--exclude", "!app.js.map", "--json").json
    assert "*.map" not in taken["excluded"]
