"""Pulling from a hub on this machine: the right road, and everything that hubs, networks and disks do instead."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading

import numpy as np
import pytest
from safetensors.numpy import save_file

from embedingest.engine.catalog import Catalog
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.hub import fetch
from embedingest.engine.names import ModelName
from embedingest.engine.pull import PullError, pull
from tests.engine.folder.handmade import DENSE, model, write
from tests.hub import PROPOSED, SHA, TITLE, Fault, running
from tests.waiting import until

NAME = "Team/Model"
NEEDED = ["1_Pooling/config.json", "config.json", "model.safetensors", "modules.json", "sentence_bert_config.json",
          "tokenizer.json"]  # fmt: skip


@pytest.fixture
def hub(online, tmp_path):
    """A hub with one model and what people put beside it."""
    with running() as hub:
        folder = tmp_path / "upstream"
        model(folder, numbers=range(50_000))
        for name in ("pytorch_model.bin", "onnx/model.onnx", "openvino/model.safetensors", "model_fp16.safetensors",
                     "run.py", "README.md", "1_Pooling/pickle.pt", "training.json", "tf_model.h5"):  # fmt: skip
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(name.encode() * 100)
        hub.add(NAME, folder)
        yield hub


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No waits between the tries; how long they are is not what is tried here."""
    monkeypatch.setattr(fetch, "_WAITS_SECONDS", (0.0,) * 5)
    monkeypatch.setattr(fetch, "_STEP_SECONDS", 0.0)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "models"


def pulled(hub, data, name=NAME) -> list[dict]:
    return list(pull(ModelName.parse(name), data, endpoint=hub.url))


def refused(hub, data, name=NAME) -> PullError:
    with pytest.raises(PullError) as failed:
        pulled(hub, data, name)
    return failed.value


def contents(folder) -> dict[str, bytes]:
    return {str(at.relative_to(folder)): at.read_bytes() for at in sorted(folder.rglob("*")) if at.is_file()}


def left(data) -> list[str]:
    """What lies beside the models, the locks left out."""
    return [at.name for at in data.glob("*/.*") if at.suffix != ".lock"]


def of(hub, *names) -> dict[str, bytes]:
    files = hub.commits[NAME, SHA]
    return {name: files[name] for name in names}


# -- the right road


def test_only_what_the_modules_need_is_fetched(hub, data):
    steps = pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)
    assert sorted(hub.fetched) == NEEDED
    assert left(data) == []
    assert [step["status"] for step in steps[-2:]] == ["verifying sha256 digest", "writing manifest"]
    told = [step for step in steps if step.get("file") == "model.safetensors"]
    size = len(hub.commits[NAME, SHA]["model.safetensors"])
    digest = hashlib.sha256(hub.commits[NAME, SHA]["model.safetensors"]).hexdigest()
    assert told[0] | {"completed": 0} == told[0]
    assert told[-1] == {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "file": "model.safetensors",
                        "total": size, "completed": size}  # fmt: skip
    assert [step["completed"] for step in told] == sorted(step["completed"] for step in told)


def test_what_is_there_and_right_is_not_fetched_again(hub, data):
    pulled(hub, data)
    before = {at: at.stat().st_ino for at in (data / NAME).rglob("*")}
    hub.forget()
    pulled(hub, data)
    assert hub.fetched == []
    assert {at: at.stat().st_ino for at in (data / NAME).rglob("*")} == before


@pytest.mark.parametrize("asked", ["team/model", "hf.co/Team/Model", "huggingface.co/team/MODEL:latest"])
def test_a_model_lies_under_the_name_that_the_hub_spells(hub, data, asked):
    pulled(hub, data, asked)
    assert ModelFolder.open(data / NAME).dimensions == 4


def test_a_plain_reranker_is_pulled_without_a_list_of_modules_and_is_a_model(hub, data, tmp_path):
    folder = model(tmp_path / "plain").path
    (folder / "modules.json").unlink()
    shutil.rmtree(folder / "1_Pooling")
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", config | {"architectures": ["BertForSequenceClassification"], "num_labels": 1})
    (folder / "onnx").mkdir()
    (folder / "onnx/model.onnx").write_bytes(b"onnx")
    hub.add("Team/Plain", folder)
    pulled(hub, data, "Team/Plain")
    assert sorted(contents(data / "Team/Plain")) == [n for n in sorted(contents(folder)) if not n.startswith("onnx")]
    assert ModelFolder.open(data / "Team/Plain").is_reranker
    assert "team/plain:latest" in map(str.lower, Catalog({}, data=data.parent).names())


def test_shards_and_later_modules_are_fetched(hub, data, tmp_path):
    folder = tmp_path / "sharded"
    model(folder, dense=DENSE)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    write(folder / "model.safetensors.index.json", {"weight_map": {"w": "model-00001-of-00001.safetensors"}})
    hub.add("Team/Sharded", folder)
    pulled(hub, data, "Team/Sharded")
    assert contents(data / "Team/Sharded") == contents(folder)


def test_a_table_of_vectors_needs_no_settings(hub, data, tmp_path):
    folder = tmp_path / "static"
    write(folder / "modules.json", [{"idx": 0, "path": ".", "type": "sentence_transformers.models.StaticEmbedding"},
                                    {"idx": 1, "path": "1_N", "type": "sentence_transformers.models.Normalize"}])  # fmt: skip
    write(folder / "tokenizer.json", {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}}})
    save_file({"embedding.weight": np.ones((2, 4), np.float32)}, folder / "model.safetensors")
    hub.add("Team/Static", folder)
    pulled(hub, data, "Team/Static")
    assert ModelFolder.open(data / "Team/Static").dimensions == 4


def test_a_newer_commit_takes_the_place_of_an_older_one_whole(hub, data, tmp_path):
    model(tmp_path / "older", dense=DENSE)
    (data / "Team").mkdir(parents=True)
    shutil.copytree(tmp_path / "older", data / NAME)
    pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)
    assert left(data) == []


def test_what_lies_in_the_cache_of_hugging_face_is_not_fetched(hub, data, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    weights = hub.commits[NAME, SHA]["model.safetensors"]
    blob = tmp_path / "cache/models--Team--Model/blobs" / hashlib.sha256(weights).hexdigest()
    blob.parent.mkdir(parents=True)
    blob.write_bytes(weights)
    before = contents(tmp_path / "cache")
    pulled(hub, data)
    assert "model.safetensors" not in hub.fetched
    assert contents(data / NAME) == of(hub, *NEEDED)
    assert (data / NAME / "model.safetensors").samefile(blob), "its bytes are not kept twice"
    shutil.rmtree(data)
    blob.chmod(0o666)
    pulled(hub, data)
    assert not (data / NAME / "model.safetensors").samefile(blob), "what others can write is copied"
    shutil.rmtree(data)
    blob.write_bytes(bytes(len(weights)))
    pulled(hub, data)
    assert "model.safetensors" in hub.fetched, "a damaged copy of the cache is not taken"
    assert contents(data / NAME) == of(hub, *NEEDED)
    assert before.keys() == contents(tmp_path / "cache").keys()


def test_weights_that_are_a_pickle_come_as_the_hub_converted_them(hub, data):
    files = hub.commits[NAME, SHA]
    hub.commits[NAME, PROPOSED] = dict(files)
    del files["model.safetensors"]
    assert "pytorch_model.bin is a form of weights that may run code" in refused(hub, data).message
    hub.discussions[NAME] = [{"num": 7, "title": TITLE, "author": {"name": "Somebody"}}]
    assert "may run code" in refused(hub, data).message, "anybody may propose anything"
    hub.discussions[NAME][0]["author"]["name"] = "SFconvertbot"
    hub.commits[NAME, PROPOSED]["pytorch_model.bin"] = b"other weights"
    assert "may run code" in refused(hub, data).message, "it was converted from other weights"
    hub.commits[NAME, PROPOSED]["pytorch_model.bin"] = files["pytorch_model.bin"]
    steps = pulled(hub, data)
    assert f"converted to safetensors ({PROPOSED[:12]})" in " ".join(step["status"] for step in steps)
    assert sorted(contents(data / NAME)) == NEEDED


def test_digests_that_the_list_leaves_out_come_from_the_answers(hub, data):
    hub.states_digests = False
    pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)


# -- what is refused before its weights are fetched


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda files: files.pop("modules.json"), "has no list of modules"),
        (
            lambda files: [files.pop(name) for name in [*files]] and files.update({"m.Q4.gguf": b"GGUF"}),
            "is GGUF",
        ),
        (lambda files: files.update({"modules.json": b"{}"}), "lists no modules"),
        (lambda files: files.pop("model.safetensors"), "may run code"),
        (
            lambda files: [files.pop(name) for name in ("model.safetensors", "pytorch_model.bin", "tf_model.h5")],
            "only ONNX",
        ),
        (
            lambda files: files.update({"config.json": b'{"model_type": "x", "auto_map": {"AutoModel": "m.M"}}'}),
            "`auto_map`",
        ),
        (
            lambda files: files.update({"modules.json": json.dumps([{"path": "../x", "type": "a.Pooling"}]).encode()}),
            "outside the repository",
        ),
        (lambda files: files.pop("tokenizer.json"), "no `tokenizer.json`"),
    ],
)
def test_what_cannot_run_is_told_before_its_weights_are_fetched(hub, data, change, told):
    change(hub.commits[NAME, SHA])
    failed = refused(hub, data)
    assert told in failed.message
    assert NAME in failed.message
    assert str(data) not in failed.message
    assert "model.safetensors" not in hub.fetched
    assert not (data / NAME).exists()


@pytest.mark.parametrize("name", ["../x.json", "/etc/x.json", "a\\b.json", "a:b.json", "a//b.json", "a\0b", "./x.json"])
def test_a_name_that_leads_elsewhere_is_refused(hub, data, name):
    hub.commits[NAME, SHA][name] = b"{}"
    assert "leads elsewhere" in refused(hub, data).message


@pytest.mark.parametrize("lie", [{"siblings": None}, {"siblings": [7]}, {"sha": "../main"}, {"sha": None},
                                 {"siblings": [{"rfilename": "modules.json", "size": -5}]}])  # fmt: skip
def test_a_list_that_makes_no_sense_is_refused(hub, data, lie):
    hub.lies = lie
    assert refused(hub, data).message
    assert not (data / NAME).exists()


def test_an_answer_that_is_no_json_or_without_an_end_is_refused(hub, data):
    hub.faults["api"] = [Fault(change=lambda _: b"<html>")]
    assert "not JSON" in refused(hub, data).message
    hub.faults["api"] = [Fault(change=lambda _: b" " * (33 * 2**20))]
    assert "is longer than" in refused(hub, data).message


# -- bytes that are not right


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_wrong_bytes_are_never_a_model(hub, data, file):
    hub.faults[file] = [Fault(change=lambda right: right[:-1] + bytes([right[-1] ^ 1]))]
    failed = refused(hub, data)
    assert f"sends bytes of {file} that are not those of {NAME}" in failed.message
    assert not (data / NAME).exists()
    hub.forget()
    pulled(hub, data)
    assert file in hub.fetched
    assert contents(data / NAME) == of(hub, *NEEDED)


def test_more_bytes_than_the_file_has_are_refused(hub, data):
    hub.faults["model.safetensors"] = [Fault(change=lambda right: right * 2)]
    assert "sends more of model.safetensors" in refused(hub, data).message
    pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_copy_is_mended_and_only_it_is_fetched(hub, data, file):
    pulled(hub, data)
    damaged = data / NAME / file
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    hub.forget()
    pulled(hub, data)
    assert hub.fetched == [file]
    assert contents(data / NAME) == of(hub, *NEEDED)


# -- connections that break


def test_half_the_bytes_are_gone_on_with(hub, data):
    hub.faults["model.safetensors"] = [Fault(cut=70_000), Fault(cut=30_000)]
    pulled(hub, data)
    ranges = [asked.headers.get("range") for asked in hub.store.asked]
    assert ranges == [None, "bytes=70000-", "bytes=100000-"]
    assert contents(data / NAME) == of(hub, *NEEDED)


def test_a_hub_that_sends_the_whole_again_is_taken_at_its_word(hub, data):
    hub.faults["model.safetensors"] = [Fault(cut=70_000), Fault(ignores_range=True)]
    pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)


def test_a_pull_that_was_stopped_goes_on_where_it_was(hub, data):
    hold = threading.Event()
    hub.faults["model.safetensors"] = [Fault(hold=hold)]
    steps = pull(ModelName.parse(NAME), data, endpoint=hub.url)
    for step in steps:
        if step.get("file") == "model.safetensors" and step["completed"] > 50_000:
            break
    steps.close()
    hold.set()
    assert left(data) == [".Model.pull"]
    hub.forget()
    pulled(hub, data)
    assert hub.store.asked[0].headers["range"].startswith("bytes=")
    assert hub.fetched == ["model.safetensors"]
    assert contents(data / NAME) == of(hub, *NEEDED)
    assert left(data) == []


def test_what_was_kept_of_wrong_bytes_is_fetched_anew(hub, data):
    weights = hub.commits[NAME, SHA]["model.safetensors"]
    partial = data / "Team/.Model.pull/partial" / hashlib.sha256(weights).hexdigest()
    partial.parent.mkdir(parents=True)
    partial.write_bytes(bytes(100_000))
    (partial.parent / "of-another-commit").write_bytes(b"x")
    (data / "Team/.Model.pull/model/2_Dense").mkdir(parents=True)
    (data / "Team/.Model.pull/model/2_Dense/config.json").write_bytes(b"x")
    pulled(hub, data)
    assert [asked.headers.get("range") for asked in hub.store.asked] == ["bytes=100000-", None]
    assert contents(data / NAME) == of(hub, *NEEDED)
    assert left(data) == []


def test_what_killed_programs_left_is_taken_away_or_put_back(hub, data):
    (data / "Team").mkdir(parents=True)
    (data / "Team/.Model.4194999.0123abcd.part").mkdir()
    (data / f"Team/.Model.{os.getpid()}.0123abcd.part").mkdir()
    model(data / "Team/.Model.old", numbers=range(50_000))
    pulled(hub, data)
    assert "model.safetensors" not in hub.fetched, "what was moved aside was right"
    assert left(data) == [f".Model.{os.getpid()}.0123abcd.part"]
    assert contents(data / NAME) == of(hub, *NEEDED)


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_busy_hub_is_asked_again_as_it_says(hub, data, status):
    steps = [Fault(status), Fault(status, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"})]
    hub.faults = {"api": [Fault(status, {"Retry-After": "0"})], "model.safetensors": steps}
    pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)


def test_a_wait_is_told_with_its_reason(hub, data):
    hub.faults["api"] = [Fault(429, {"Retry-After": "1"})]
    steps = pull(ModelName.parse(NAME), data, endpoint=hub.url)
    assert next(steps)["status"] == f"waiting 1 s: {hub.url} answers 429 Too Many Requests"
    steps.close()


def test_a_hub_that_asks_for_an_hour_is_left_for_that_long(hub, data):
    hub.faults["model.safetensors"] = [Fault(429, {"Retry-After": "3600"})]
    failed = refused(hub, data)
    assert "429" in failed.message
    assert "in 3600 s" in failed.remedy


def test_a_hub_that_stays_busy_is_given_up_and_what_came_is_kept(hub, data):
    hub.faults["model.safetensors"] = [Fault(cut=70_000), *[Fault(503)] * 9]
    assert "503" in refused(hub, data).message
    del hub.faults["model.safetensors"]
    hub.forget()
    pulled(hub, data)
    assert [asked.headers.get("range") for asked in hub.store.asked] == ["bytes=70000-"]


def test_a_hub_that_cannot_be_reached_is_an_error_with_the_reason(online, data):
    told = []
    with pytest.raises(PullError) as failed:
        told.extend(step["status"] for step in pull(ModelName.parse(NAME), data, endpoint="http://127.0.0.1:9"))
    assert "http://127.0.0.1:9: " in failed.value.message
    assert "refused" in failed.value.message
    assert "`HF_ENDPOINT`" in str(failed.value.remedy)
    assert [status for status in told if status.startswith("waiting 0 s")] == []


# -- who may have it


def test_the_token_goes_to_the_hub_and_to_nobody_else(hub, data, monkeypatch):
    hub.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pulled(hub, data)
    assert {asked.headers.get("authorization") for asked in hub.api.asked} == {"Bearer hf_secret"}
    assert hub.store.asked
    assert not any("secret" in str(asked) for asked in hub.store.asked)


@pytest.mark.parametrize(
    ("gated", "token", "told", "remedy"),
    [
        (False, None, "has no Team/Model (401)", "a private one needs `HF_TOKEN`"),
        (True, None, "on request only (401)", "set `HF_TOKEN`"),
        (True, "hf_mine", "on request only (401)", "the token in use has no access yet"),
    ],
)
def test_a_model_that_needs_a_token_says_so(hub, data, monkeypatch, gated, token, told, remedy):
    hub.token, hub.gated = "hf_other", gated
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    failed = refused(hub, data)
    assert told in failed.message
    assert remedy in failed.remedy


def test_a_name_that_the_hub_does_not_have_is_told(hub, data):
    assert "has no team/nothing (404)" in refused(hub, data, "team/nothing").message
    assert not list(data.glob("team/nothing"))


def test_a_hub_that_sends_people_round_and_round_is_an_error(hub, data):
    hub.api.elsewhere = f"{hub.url}/{NAME}/resolve/{SHA}/model.safetensors?"
    assert "redirect" in refused(hub, data).message.lower()


@pytest.mark.parametrize("elsewhere", ["file:///etc/passwd?", "gopher://127.0.0.1:9", "http://127.0.0.1:9"])
def test_a_hub_that_sends_people_elsewhere_gets_nobody_anything(hub, data, elsewhere):
    hub.api.elsewhere = elsewhere
    assert NAME in refused(hub, data).message or "refused" in refused(hub, data).message
    assert not (data / NAME).exists()


def test_nothing_is_asked_where_asking_is_off(hub, data, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    failed = refused(hub, data)
    assert "HF_HUB_OFFLINE" in failed.message
    assert hub.api.asked == []


@pytest.mark.parametrize("address", ["file:///etc", "hub.example", "ftp://hub.example"])
def test_an_address_that_is_no_hub_is_refused(online, data, address):
    with pytest.raises(PullError, match="HF_ENDPOINT"):
        list(pull(ModelName.parse(NAME), data, endpoint=address))


def test_a_short_name_that_nobody_knows_says_what_to_write():
    with pytest.raises(PullError, match="no model `nope` is known") as failed:
        list(pull(ModelName.parse("nope"), None))
    assert "namespace/model" in str(failed.value)


# -- disks


def test_a_disk_without_room_is_told_before_anything_large_is_fetched(hub, data, monkeypatch):
    usage = shutil.disk_usage(data.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    failed = refused(hub, data)
    assert "has room for 0 MB" in failed.message
    assert "EMBEDINGEST_DATA" in failed.remedy


def test_a_disk_that_fills_up_is_left_as_it_was(hub, data):
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        failed = refused(hub, data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert os.strerror(errno.EFBIG) in failed.message
    assert "make room" in failed.remedy
    assert left(data) == []
    pulled(hub, data)
    assert contents(data / NAME) == of(hub, *NEEDED)


def test_a_folder_that_cannot_be_made_is_told(hub, data):
    data.write_bytes(b"a file")
    assert "cannot write" in refused(hub, data).message


# -- several at once


def test_two_that_want_one_model_fetch_it_once(hub, data):
    hold = threading.Event()
    hub.faults["model.safetensors"] = [Fault(hold=hold)]
    told: list[list[dict]] = [[], []]

    def run(number: int) -> None:
        told[number].extend(pull(ModelName.parse(NAME), data, endpoint=hub.url))

    first = threading.Thread(target=run, args=(0,))
    first.start()
    until(lambda: hub.store.asked)
    steps = pull(ModelName.parse(NAME), data, endpoint=hub.url)
    assert next(steps) == {"status": "waiting for another program that fetches this model"}
    hold.set()
    told[1].extend(steps)
    first.join()
    assert len(hub.store.asked) == 1
    assert contents(data / NAME) == of(hub, *NEEDED)
