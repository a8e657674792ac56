"""Static models: the vectors of sentence-transformers, by a look-up that needs neither torch nor OpenVINO."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.auto import create
from embedingest.engine.catalog import Catalog
from embedingest.engine.compiled.encoder import create as compiled
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.local import LocalEngine
from embedingest.engine.torch.encoder import create as torch_encoder
from embedingest.errors import ModelLoadError
from tests.depth import only_deep
from tests.engine.tiny import TEXTS, WORDS, Kind, reference, tokenizer, vectors

WIDTH = 48


def saved(folder, *, tail=("Normalize",), seed=3):
    """A static model written by sentence-transformers itself."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Normalize
    from sentence_transformers.sentence_transformer.modules import LayerNorm, StaticEmbedding

    torch.manual_seed(seed)
    words = tokenizer(Kind())
    steps = {
        "Normalize": Normalize,
        "LayerNorm": lambda: LayerNorm(WIDTH),
        "Dense": lambda: Dense(WIDTH, WIDTH, activation_function=torch.nn.ReLU(), use_residual=True),
        "Smaller": lambda: Dense(WIDTH, WIDTH // 2, bias=False, use_residual=True),
    }
    chain = [StaticEmbedding(words, embedding_dim=WIDTH), *(steps[name]() for name in tail)]
    for step in chain:
        if isinstance(step, LayerNorm):
            torch.nn.init.normal_(step.norm.weight)
            torch.nn.init.normal_(step.norm.bias)
    SentenceTransformer(modules=chain, device="cpu").save(str(folder), create_model_card=False)
    return folder


def module(folder):
    """The folder of the table, wherever this version of sentence-transformers puts it."""
    return next(folder.rglob("tokenizer.json")).parent


def with_table(folder, **tensors):
    save_file(tensors, module(folder) / "model.safetensors")
    return folder


def held(folder):
    """All texts in one batch of raw vectors, against sentence-transformers' own."""
    encoder = create(ModelFolder.open(folder), ModelConfig())
    np.testing.assert_allclose(encoder.encode(encoder.tokenize(TEXTS)), vectors(folder, TEXTS), atol=2e-6)
    assert encoder.runtime["runtime"] == "static"
    return encoder


@pytest.mark.parametrize("tail", [(), ("Normalize",), ("LayerNorm", "Dense", "Normalize"), ("Smaller",)], ids=" ".join)
def test_vectors_are_those_of_sentence_transformers(tmp_path, tail):
    encoder = held(saved(tmp_path / "m", tail=tail))
    assert encoder.dimensions == (WIDTH // 2 if "Smaller" in tail else WIDTH)
    np.testing.assert_array_equal(encoder.encode([()])[0] if not tail else 0, 0)


def test_a_table_as_model2vec_writes_it(tmp_path):
    folder = saved(tmp_path / "m")
    generator = np.random.default_rng(5)
    count = len(tokenizer(Kind()))
    with_table(
        folder,
        embeddings=generator.integers(-100, 100, (9, 16)).astype(np.int8),
        mapping=generator.integers(0, 9, count),
        weights=generator.random(count).astype(np.float32),
    )
    assert held(folder).dimensions == 16


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_tables_of_other_numbers(tmp_path, kind):
    import torch
    from safetensors.torch import save_file as save_tensors

    folder = saved(tmp_path / "m")
    table = torch.randn(len(tokenizer(Kind())), 8).to(getattr(torch, kind))
    save_tensors({"embedding.weight": table}, module(folder) / "model.safetensors")
    encoder = create(ModelFolder.open(folder), ModelConfig())
    ids = encoder.tokenize(["the sky is blue"])
    mean = table.double()[list(ids[0])].mean(dim=0).numpy()
    np.testing.assert_allclose(encoder.encode(ids)[0], mean / np.linalg.norm(mean), atol=1e-6)


@only_deep
def test_long_batches_are_summed_in_parts(tmp_path):
    encoder = create(ModelFolder.open(saved(tmp_path / "m")), ModelConfig())
    texts = [" ".join(WORDS[i % 7 :] * (1 + 211 * (i % 5))) for i in range(12)] + [""]
    alone = np.stack([encoder.encode(encoder.tokenize([text]))[0] for text in texts])
    np.testing.assert_allclose(encoder.encode(encoder.tokenize(texts)), alone, atol=1e-5)
    np.testing.assert_allclose(alone, vectors(tmp_path / "m", texts), atol=1e-4)  # theirs adds up in fp32, one by one


def test_the_engine_counts_as_sentence_transformers_and_cuts_at_the_window(tmp_path):
    folder = saved(tmp_path / "m")
    models = {"s": ModelConfig(path=folder), "short": ModelConfig(path=folder, max_tokens=5)}
    with LocalEngine(EngineConfig(), models, data=tmp_path) as engine:
        answer = engine.embed([*TEXTS, " ".join(WORDS * 900)], model="s")
        encoded = reference(folder).tokenizer.encode_batch(TEXTS, add_special_tokens=False)
        assert answer.token_counts.tolist()[:-1] == [len(encoding.ids) for encoding in encoded]
        assert answer.truncated == ()
        info = engine.describe("s")
        assert (info.special_tokens, info.architecture, info.max_tokens) == (0, "static", 1_000_000)
        cut = engine.embed([" ".join(WORDS)], model="short")
        assert (cut.truncated, cut.token_counts.tolist()) == ((0,), [5])
        np.testing.assert_allclose(cut.vectors, engine.embed([" ".join(WORDS[:5])], model="s").vectors, atol=1e-6)
        assert engine.catalog.runs(engine.catalog.find("s").key)["runtime"] == "static"


def test_a_cut_that_its_tokenizer_states_is_its_window(tmp_path):
    folder = saved(tmp_path / "m")
    file = module(folder) / "tokenizer.json"
    settings = json.loads(file.read_text())
    cut = {"max_length": 7, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    file.write_text(json.dumps(settings | {"truncation": cut}))
    with LocalEngine(EngineConfig(), {"s": ModelConfig(path=folder)}, data=tmp_path) as engine:
        answer = engine.embed(TEXTS, model="s")
        assert engine.describe("s").max_tokens == 7
        np.testing.assert_allclose(answer.vectors, vectors(folder, TEXTS), atol=2e-6)
        assert max(answer.token_counts) == 7


def test_it_needs_neither_torch_nor_openvino(tmp_path):
    folder = saved(tmp_path / "m")
    code = (
        "import sys, embedingest; from embedingest import Config, Session\n"
        f"config = Config(models={{'s': {{'path': {str(folder)!r}}}}})\n"
        "with Session(config).engine as engine: print(engine.embed(['the sky'], model='s').vectors.shape)\n"
        "print([name for name in ('torch', 'openvino', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [f"(1, {WIDTH})", "[]"]


def test_named_encoders(tmp_path):
    """`compiled` has nothing to compile, and torch is told to be needless; neither is int8 a way to run it."""
    folder = ModelFolder.open(saved(tmp_path / "m"))
    assert compiled(folder, ModelConfig()).runtime["runtime"] == "static"
    with pytest.raises(ModelLoadError, match="needs no torch") as refused:
        torch_encoder(folder, ModelConfig())
    assert "encoder" in refused.value.remedy
    with pytest.raises(ModelLoadError, match="fp32 only"):
        create(folder, ModelConfig(precision="int8"))


PLUGIN = """
    from embedingest.engine.hashing import HashingEncoder

    def create(folder, settings):
        encoder = HashingEncoder()
        encoder.given = (None if folder is None else folder.architecture, settings.path)
        return encoder
"""


def test_a_plugin_is_asked_for_what_is_refused_here_and_for_static_models_too(tmp_path, site):
    """A plug-in `static` and the built-in way do not meet: each runs what names it, or names nothing."""
    site.install("own-static", "1", "encoders", {"static": "own_static:create"}, PLUGIN)
    table, refused = saved(tmp_path / "m"), tmp_path / "other"
    refused.mkdir()
    (refused / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "somebody.Own"}]')
    models = {
        "plain": ModelConfig(path=table),
        "named": ModelConfig(path=table, encoder="static"),
        "other": ModelConfig(path=refused, encoder="static"),
    }
    catalog = Catalog(models, data=tmp_path)
    assert catalog.open(catalog.find("plain").key).runtime["runtime"] == "static"
    assert catalog.open(catalog.find("named").key).given == ("static", table)
    assert catalog.open(catalog.find("other").key).given == (None, refused)
    assert catalog.describe("other").architecture == "static"


def damage(folder, kind):
    rows = len(tokenizer(Kind()))
    table = np.zeros((rows, 4), np.float32)
    tables = {
        "none": {"other": table},
        "flat": {"embedding.weight": np.zeros(12, np.float32)},
        "whole numbers": {"embedding.weight": np.zeros((rows, 4), np.int32)},
        "too few": {"embedding.weight": table[:-1]},
        "not finite": {"embedding.weight": np.where(np.eye(rows, 4, dtype=bool), np.nan, table)},
        "rows outside": {"embeddings": table, "mapping": np.full(rows, rows)},
        "factors": {"embeddings": table, "weights": np.ones(rows + 1, np.float32)},
    }
    with_table(folder, **tables[kind])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("none", "no vector for each token.*other"),
        ("flat", "no vector for each token"),
        ("whole numbers", "no vector for each token"),
        ("too few", r"id \d+, and the table of .* has \d+ vectors"),
        ("not finite", "NaN"),
        ("rows outside", "names rows that its table has not"),
        ("factors", "of another length"),
    ],
)
def test_damaged_tables_are_told(tmp_path, kind, words):
    folder = saved(tmp_path / "m")
    damage(folder, kind)
    with pytest.raises(ModelLoadError, match=words) as refused:
        create(ModelFolder.open(folder), ModelConfig())
    assert refused.value.remedy
    assert str(folder) in refused.value.message


def test_the_fingerprint_is_of_the_table_the_words_and_the_chain(tmp_path):
    prints = {
        ModelFolder.open(saved(tmp_path / f"{seed}{len(tail)}", tail=tail, seed=seed)).fingerprint()
        for seed in (1, 2)
        for tail in ((), ("Normalize",))
    }
    again = ModelFolder.open(saved(tmp_path / "again", seed=1)).fingerprint()
    assert len(prints) == 4
    assert again in prints
