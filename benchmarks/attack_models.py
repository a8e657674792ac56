"""Attacks by model folders that lie, and by a cache of compiled models that others may write."""

import json
import os
import shutil
from pathlib import Path

from attack_common import Outcome, embedingest
from attack_folders import room

BROKEN = {
    "config.json is a list": ("config.json", b"[]"), "modules.json is numbers": ("modules.json", b"[1, 2]"), "positions are a letter": ("config.json", "positions"),
    "a deep header": ("model.safetensors", (200_000).to_bytes(8, "little") + b"[" * 200_000), "a long header": ("model.safetensors", b"\xff" * 16),
    "only a config.json": ("config.json", b"[]", "alone"),
    "a missing tensor": ("model.safetensors", "missing"), "a tokenizer of brackets": ("tokenizer.json", b"[" * 100_000),
}  # fmt: skip


def broken_models(base, under="models"):
    """Copies of the packaged model, each with one lie; returns their settings by name."""
    from safetensors.numpy import load_file, save_file

    from embedingest.engine.packaged import PACKAGED

    origin = Path(next(iter(PACKAGED.values())).path())
    models = {}
    for number, (file, content, *alone) in enumerate(BROKEN.values()):
        folder = base / under / f"broken{number}"
        if alone:
            folder.mkdir(parents=True)
        else:
            shutil.copytree(origin, folder, copy_function=os.link)
            (folder / file).unlink()
        if content == "missing":
            weights = load_file(origin / file)
            weights.pop("encoder.layer.5.output.dense.weight")
            save_file(weights, folder / file, metadata={"format": "pt"})
        elif content == "positions":
            (folder / file).write_text(
                json.dumps(json.loads((origin / file).read_text()) | {"max_position_embeddings": "a"})
            )
        else:
            (folder / file).write_bytes(content)
        models[f"broken{number}"] = {"path": str(folder)}
    return models


def listed(base):
    """`models` lists the healthy ones, and marks each broken one with its reason."""
    folder = room(base, "listed")
    broken_models(folder, "models/team")
    done = embedingest(folder, "models", "--json", EMBEDINGEST_DATA=str(folder))
    models = json.loads(done.stdout or "{}").get("models", [])
    marked = [model["name"] for model in models if model.get("error")]
    healthy = {model["name"] for model in models if not model.get("error")}
    # A folder that has a config.json alone is no model to list.
    good = (
        done.returncode == 0 and {"all-minilm:latest", "hashing:latest"} <= healthy and len(marked) == len(BROKEN) - 1
    )
    happened = f"ended with {done.returncode}, {len(marked)} of {len(BROKEN)} marked, {len(healthy)} healthy"
    return Outcome("A4 models", "the healthy ones, the broken ones marked", happened, good)


def lying_models(server):
    """Every broken model is refused by name; the healthy ones are listed and serve."""
    names = [model["name"] for model in json.loads(server.get("/api/tags")[1])["models"]]
    yield Outcome("A4 the list of models", "the healthy ones", str(names), "all-minilm:latest" in names)
    for number, what in enumerate(BROKEN):
        found = [server.post("/api/embed", {"model": f"broken{number}", "input": "the same text"}) for _ in range(2)]
        answer = found[0][1].decode(errors="replace")
        good = (
            all(status in (404, 500) for status, _ in found)
            and "internal error" not in answer
            and '"embeddings":' not in answer
        )
        yield Outcome(f"A4 {what}", "refused, and named", f"{found[0][0]} {answer[:90]}", good)


def compiled_cache(base):
    """A compiled model that others may write is not taken."""
    folder = room(base, "cache")
    first = embedingest(folder, "embed", "words", "-m", "all-minilm", "--json")
    files = [path for path in (base / "cache").rglob("*") if path.is_file()]
    for path in files:
        path.chmod(0o666)
    before = {path: path.stat().st_ino for path in files}
    second = embedingest(folder, "embed", "words", "-m", "all-minilm", "--json")
    again = [
        path
        for path in files
        if path.suffix in (".xml", ".bin")
        and path.exists()
        and path.stat().st_ino == before[path]
        and path.stat().st_mode & 0o022
    ]
    good = first.returncode == second.returncode == 0
    happened = (
        f"{first.returncode} and {second.returncode}; {len(files)} files, {len(again)} left writable and in place"
    )
    return Outcome("C18 a cache that others may write", "not taken, made again", happened, good and bool(files))
