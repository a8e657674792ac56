"""Pictures on their way from a file to a vector: through the seam that a plug-in uses, with a model of three colours."""

from __future__ import annotations

import contextlib
import pickle
from dataclasses import replace

import numpy as np
import pytest

from embedingest import EngineConfig, ModelConfig, SourceConfig
from embedingest.engine.encoder import PictureTokens
from embedingest.engine.engine import text_list
from embedingest.engine.local import LocalEngine
from embedingest.errors import InputError
from embedingest.ingest.extract.extractor import Extractor, Job
from embedingest.ingest.extract.weight import RowsWeight
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.recipe import Recipe
from embedingest.picture import Picture
from embedingest.store.values import SPARSE, VECTOR
from embedingest.testing import contract
from tests.colours import WORDS, ColourEncoder, plain, ppm
from tests.depth import only_deep
from tests.ingest.world import CountingEngine, World

test_encoder = contract("encoders", ColourEncoder)


def test_a_picture_is_named_by_its_content():
    one, same, other = plain((1, 2, 3)), plain((1, 2, 3)), plain((1, 2, 4))
    assert one == same != other
    assert one != plain((1, 2, 3), width=3, height=4)
    assert one.startswith("picture:")
    again = pickle.loads(pickle.dumps(one))
    assert (again, again.width, again.height, again.pixels) == (one, 4, 3, one.pixels)
    with pytest.raises(ValueError, match="35 bytes are no picture of 4 x 3 pixels"):
        Picture(4, 3, bytes(35))


def test_the_row_of_a_picture_is_no_text():
    row = PictureTokens.of(plain((1, 2, 3)), 7)
    assert (len(row), max(row) < 0, row.picture) == (7, True, plain((1, 2, 3)))
    assert row == PictureTokens.of(plain((1, 2, 3)), 7) != PictureTokens.of(plain((3, 2, 1)), 7)


@pytest.fixture
def engine(site):
    site.install("colour-model", "1.0", "encoders", {"colours": "tests.colours:create_encoder"})
    with LocalEngine(EngineConfig(threads=1), {"colours": ModelConfig(encoder="colours")}) as engine:
        yield engine


def test_texts_and_pictures_share_a_call_and_a_space(engine):
    pictures = [plain(colour, 1, 1) for colour in WORDS.values()]
    answer = engine.embed([*WORDS, *pictures], model="colours", prompt="of ", context=4)
    texts, seen = answer.vectors[:3], answer.vectors[3:]
    assert (texts @ seen.T).argmax(axis=1).tolist() == [0, 1, 2]
    assert answer.token_counts[3:].tolist() == [5, 5, 5]
    assert not answer.truncated, "a picture is never cut, however small the window"
    again = engine.embed(pictures, model="colours", prompt="another prompt, which no picture has: ")
    assert np.array_equal(again.vectors, seen)


def test_a_model_of_texts_says_that_it_takes_no_pictures(engine):
    texts = ["a"] * 1500 + [plain((0, 0, 0))]
    with pytest.raises(InputError, match="it is a picture") as raised:
        engine.embed(texts, model="hashing")
    assert raised.value.index == 1500
    with pytest.raises(TypeError, match="text 1 is a picture, and only texts are taken here"):
        text_list(["a", plain((0, 0, 0))])


class PictureWorld(World):
    """A world whose pictures are read, and whose model is that of colours unless another is named."""

    def __init__(self, base, engine, **settings) -> None:
        load = {"loaders": {"*.ppm": "ppm"}}
        super().__init__(base, **{"model": "colours", "load": load, **settings})
        self.engine = CountingEngine(engine)

    def opener(self, table="chunks", **parts):
        return super().opener(table, **{"describe": lambda: self.engine.engine.describe(self.config.model), **parts})

    def fresh(self, name="fresh"):
        world = PictureWorld(self.base / name, self.engine.engine, **self.settings)
        world.folder.rmdir()
        world.folder, world.sources = self.folder, [SourceConfig(path=self.folder, alias=self.folder.name)]
        return world

    def rows(self):
        with contextlib.closing(self.table()) as table:
            return {row.source: row for rows in table.rows(list(table.source_states())).values() for row in rows}

    def vector_of(self, source):
        row = self.rows()[source]
        with contextlib.closing(self.table()) as table:
            return table.vectors({row.text_hash})[row.text_hash]


@pytest.fixture
def world(tmp_path, engine, site):
    site.install("ppm-files", "1.0", "loaders", {"ppm": "tests.colours:PpmLoader"})
    world = PictureWorld(tmp_path / "world", engine)
    world.write("a-boat.ppm", ppm((250, 0, 0)))
    world.write("sea.md", "the blue sea\n")
    return world


def test_a_picture_becomes_one_row_with_its_words_and_its_own_vector(world):
    report = world.run()
    assert (report.files.new, report.embedded.texts, report.embedded.characters) == (2, 2, len("the blue sea"))
    row = world.rows()["docs/a-boat.ppm"]
    assert (row.text, row.chunk_count, row.mime) == ("a boat", 1, "image/x-portable-pixmap")
    assert (row.start, row.end, row.line_start) == (0, 6, None)
    seen = world.engine.engine.embed([plain((250, 0, 0), 1, 1)], model="colours").vectors[0]
    assert world.vector_of("docs/a-boat.ppm") @ seen > 0.9999
    assert not world.run().changed_anything()
    assert not world.engine.texts


@only_deep
def test_what_is_known_of_its_words_changes_no_vector(world):
    world.run()
    (world.folder / "a-boat.ppm").rename(world.folder / "a-ship.ppm")
    world.write("copy.ppm", ppm((250, 0, 0), 40, 30))  # other bytes, and the same to the model
    report = world.run()
    assert (report.embedded.texts, world.engine.texts) == (0, [])
    assert {row.text for row in world.rows().values()} == {"a ship", "copy", "the blue sea"}
    world.assert_like_fresh()


def test_a_changed_picture_is_embedded_anew(world):
    world.run()
    world.write("a-boat.ppm", ppm((0, 250, 0)))
    report = world.run()
    assert (report.files.changed, report.embedded.texts, report.chunks.deleted) == (1, 1, 1)
    assert world.vector_of("docs/a-boat.ppm")[-2] > 0.9
    world.assert_like_fresh()


def test_pictures_that_cannot_be_read_or_looked_at_stop_no_other(world):
    world.write("broken.ppm", b"P6 4 3 255\nxx")
    world.write("vast.ppm", ppm((1, 2, 3), 2000, 1000))
    report = world.run()
    reasons = {failure.source: failure.error for failure in report.failures}
    assert "no picture of 4 x 3 pixels" in reasons["docs/broken.ppm"]
    assert "2000 x 1000 pixels are more than it looks at" in reasons["docs/vast.ppm"]
    assert world.sources_in_table() == {"docs/a-boat.ppm", "docs/sea.md"}


def test_a_model_of_texts_embeds_the_words_and_says_so(world, tmp_path):
    other = PictureWorld(tmp_path / "other", world.engine.engine, model="hashing")
    other.write("a-boat.ppm", ppm((250, 0, 0)))
    report = other.run()
    assert other.engine.texts == ["a boat"]
    assert report.notices.counts["pictures_as_text"] == {"files": 1, "count": 1}


def test_what_is_held_of_a_picture_is_small_and_counted(world):
    engine = world.engine.engine
    recipe = Recipe(world.config, engine.describe("colours"))
    world.write("large.ppm", ppm((9, 9, 9), 800, 600))
    extractor = Extractor(recipe.setup(engine.sizer("colours")))
    extracted = extractor.extract(Job(str(world.folder), "large.ppm", "docs/large.ppm"))
    assert extracted.parts[0].document.picture is None, "what the file holds stays in the process that read it"
    (chunk,) = extracted.parts[0].chunks
    assert chunk.picture == plain((9, 9, 9), 1, 1)
    weights = [RowsWeight("a", 10, 4, {}), RowsWeight("a", 10, 4, {})]
    for weight, picture in zip(weights, (None, plain((9, 9, 9), 100, 100)), strict=True):
        weight.add(extracted.parts[0].document, [replace(chunk, picture=picture)])
    assert weights[1].bytes - weights[0].bytes == 30_000


def test_models_beside_the_vector_read_the_words_of_a_picture(world):
    engine = world.engine.engine
    info = engine.describe("colours")
    sparse = replace(info, name="terms", kind="sparse", fingerprint="terms-1")
    config = world.config.model_copy(update={"sparse": "terms"})
    alone, both = Recipe(world.config, info), Recipe(config, info, {SPARSE: sparse})
    extractor = Extractor(alone.setup(engine.sizer("colours")))
    world.write("a-ship.ppm", ppm((250, 0, 0)))
    files = [extractor.extract(Job(str(world.folder), name, f"docs/{name}")) for name in ("a-boat.ppm", "a-ship.ppm")]
    assert len({wanted_rows(file, alone).rows[0].text_hash for file in files}) == 1, "one picture, one vector"
    for file, words in zip(files, ("a boat", "a ship"), strict=True):
        wanted = wanted_rows(file, both)
        (key,) = wanted.texts
        assert wanted.read_by(SPARSE, key) == words
        assert wanted.read_by(VECTOR, key) == plain((250, 0, 0), 1, 1)
    assert len({wanted_rows(file, both).rows[0].text_hash for file in files}) == 2, "other words, other weights"
