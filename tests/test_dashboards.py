"""What is shipped for Prometheus and Grafana asks for what a server really tells, in words that Prometheus understands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import promql_parser
import pytest
import yaml

from tests.cli.test_serve import answers, free_port
from tests.depth import few, only_deep
from tests.server.client import get, post
from tests.server.wirecases import send
from tests.waiting import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
DASHBOARD = json.loads((ROOT / "packaging/grafana/embedingest.json").read_text("utf-8"))
ALERTS = yaml.safe_load((ROOT / "packaging/prometheus/alerts.yml").read_text("utf-8"))
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""Series that Prometheus itself makes, and the labels that it gives to all."""
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$instance": ".*", "$pipeline": ".*"}


def alerts():
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def expressions():
    panels = [(f"panel {p['title']}", target["expr"]) for p in DASHBOARD["panels"] for target in p.get("targets", [])]
    return [*panels, *((rule["alert"], rule["expr"]) for rule in alerts())]


def selectors(expression):
    """Each metric that an expression names, with the labels it is selected by."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"{expression}: a variable that the dashboard does not have"
    found = []

    def visit(node):
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            found.append((selector.name, {matcher.name for matcher in selector.matchers.matchers}))
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    assert found, expression
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """`/metrics` of a real `watch --serve`, once a save is searchable and a request was answered."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text("# Sea\n\nwaves\n")
    (folder / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    port = free_port()
    words = ["watch", "docs", "--serve", "--port", str(port), "--model", "hashing"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "embedingest", *words], cwd=folder, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: answers(port))

        def text():
            return get(port, "/metrics").body.decode()

        until(lambda: 'embedingest_ingest_files{pipeline="default",state="failed"} 1.0' in text())
        (folder / "docs" / "a.md").write_text("# Sea\n\nwaves and wind\n")
        until(lambda: value(text(), "embedingest_ingest_freshness_seconds_count") > 0)
        # Noted a moment after the commit, one after another.
        until(lambda: value(text(), "embedingest_ingest_commit_seconds_count") >= 2)
        until(lambda: value(text(), "embedingest_ingest_chunks_new_total") >= 2)
        until(lambda: value(text(), "embedingest_table_rows") == 1)
        for model in ("hashing", "HASHING", "hashing:latest", "registry.ollama.ai/library/hashing", "hashing:query"):
            assert post(port, "/api/embed", {"model": model, "input": "x"}).status == 200
        for number in range(50):
            post(port, "/api/embed", {"model": f"forged{number}", "input": "x"})
            get(port, f"/forged{number}")
            get(port, f"/v1/models/forged{number}")
            send(port, {"method": f"FORGED{number}", "path": "/api/embed", "headers": {"Origin": f"forged{number}"}})
        yield text()
    finally:
        process.terminate()
        process.wait(timeout=60)


def samples(page):
    """Labels of each series, by its name."""
    found = {}
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", page, re.MULTILINE):
        found.setdefault(name, []).append(dict(re.findall(r'([a-z_]+)="([^"]*)"', labels)))
    return found


def value(page, name):
    found = re.search(rf"^{name}(?:\{{.*\}})? (\S+)$", page, re.MULTILINE)
    return 0.0 if found is None else float(found[1])


def families(page):
    """Every name that a series may have, with those that have none yet."""
    names = set(samples(page))
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE):
        names |= {f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


@few(18)
@pytest.mark.parametrize(("where", "expression"), expressions())
def test_every_expression_parses_and_asks_for_series_and_labels_that_a_server_tells(page, where, expression):
    known, told = families(page), samples(page)
    for name, labels in selectors(expression):
        if name in OF_PROMETHEUS:
            assert labels <= OF_PROMETHEUS[name]
            continue
        assert name in known, f"{where} asks for {name}, which no server tells"
        if name in told:
            assert labels <= {"instance", "job", *told[name][0]}, f"{where}: {name} has not all of {labels}"


def test_what_an_alert_says_stands_on_labels_that_its_expression_leaves():
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "action"} == set(rule["annotations"])
        if "for" in rule:
            assert promql_parser.parse_duration(rule["for"]).total_seconds() > 0
        kept = re.search(r"by \(([a-z, ]+)\)", rule["expr"])
        said = set(re.findall(r"\$labels\.([a-z]+)", rule["annotations"]["summary"]))
        if kept is not None and "on (" not in rule["expr"]:
            assert said <= {label.strip() for label in kept[1].split(",")}, rule["alert"]


def test_the_guide_calls_the_job_as_the_alerts_expect_it():
    guide = (ROOT / "docs/guides/watching-it.md").read_text("utf-8")
    (scrape,) = re.findall(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    jobs = {job["job_name"] for job in yaml.safe_load(scrape)["scrape_configs"]}
    assert jobs == set(re.findall(r'job="([a-z]+)"', " ".join(rule["expr"] for rule in alerts())))


def test_commands_that_an_alert_names_are_there():
    from embedingest.cli._commands import COMMANDS

    named = re.findall(r"`embedingest ([a-z]+)", " ".join(rule["annotations"]["action"] for rule in alerts()))
    assert named
    assert set(named) <= set(COMMANDS)


def test_the_dashboard_is_whole_and_no_panel_covers_another():
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert {name.strip("$") for name in VARIABLES if not name.startswith("$__")} < variables
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_a_model_has_one_name_in_all_series_and_no_client_makes_new_ones(page):
    models = {labels["model"] for series in samples(page).values() for labels in series if "model" in labels}
    assert models == {"hashing:latest"}
    assert "forged" not in page.lower()
    routes = {labels["route"] for labels in samples(page)["embedingest_requests_total"]}
    assert {"unknown", "/v1/models/{model}", "/api/embed"} <= routes
    assert len(routes) < 10


@only_deep
def test_the_page_tells_the_pipeline_the_process_and_the_build(page):
    told = samples(page)
    assert value(page, "embedingest_ingest_failed_files") == 1
    assert value(page, "embedingest_table_rows") == 1
    assert value(page, "embedingest_ingest_chunks_new_total") >= 2
    assert value(page, "embedingest_ingest_commit_seconds_count") >= 2
    (state,) = re.findall(r'^embedingest_ingest_state\{.*state="([a-z ]+)"\} 1.0$', page, re.MULTILINE)
    assert state in ("at rest", "working")
    assert told["embedingest_build_info"][0].keys() == {"version", "python"}
    assert {"process_open_fds", "process_resident_memory_bytes", "embedingest_threads"} <= told.keys()
    assert {labels["check"] for labels in told["embedingest_check_ok"]} == {
        "look",
        "model",
        "pipeline",
        "store",
        "disk",
    }
