"""A folder of pictures and texts in one table, by a configuration as users write it and processes that read."""

from __future__ import annotations

import json
import threading
import time

import pytest
from made import clip, encoded, exif, scene, siglip

import embedingest
from embedingest import config
from embedingest.build.pipelines import open_pipeline
from embedingest.build.session import Session
from embedingest.plugin import Picture
from embedingest.store.table import open_table

WAITS_SECONDS = 60

SETTINGS = """\
plugins: [images]
state: {base}/state
models:
  eyes: {{encoder: images, path: {model}, device: cpu}}
pipelines:
  photos:
    sources: [{{path: photos}}]
    model: eyes
    db: {base}/db
    load: {{workers: 1}}
"""


@pytest.fixture(scope="module", params=["clip", "siglip"])
def model(request, tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    return clip(base / "clip") if request.param == "clip" else siglip(base / "siglip")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "Italy 2024").mkdir(parents=True)
    for number in range(6):
        (folder / f"IMG_{number:04}.jpg").write_bytes(encoded(scene(number), exif=exif(orientation=1)))
    (folder / "Italy 2024" / "boat.png").write_bytes(encoded(scene(20), "PNG"))
    (folder / "diary.md").write_text("We went to the old town at night.\n")
    return folder


@pytest.fixture
def session(tmp_path, photos, model):
    file = tmp_path / "photos.yaml"
    file.write_text(SETTINGS.format(model=model, base=tmp_path))
    with Session(config.read(file)) as session:
        yield session


def converged(session):
    with open_pipeline(session, "photos") as pipeline:
        return pipeline.converge()


def rows_of(session):
    pipeline = session.config.pipelines["photos"]
    with open_table(pipeline.db, pipeline.table) as table:
        rows = [row for rows in table.rows(table.source_states()).values() for row in rows]
        vectors = table.vectors({row.text_hash for row in rows})
    return {row.source: (row, vectors[row.text_hash]) for row in rows}


def vector_of(session, image):
    """What the model makes of a picture, asked by itself."""
    picture = Picture(image.width, image.height, image.tobytes())
    ready = session.engine.sizer("eyes").ready(picture)
    return session.engine.embed([ready], model="eyes").vectors[0]


def test_pictures_and_texts_lie_in_one_table_and_space(session):
    report = converged(session)
    assert (report.files.new, report.files.failed, report.chunks.new) == (8, 0, 8)
    rows = rows_of(session)
    row, vector = rows["photos/Italy 2024/boat.png"]
    assert (row.text, row.mime) == ("boat, in Italy 2024", "image/png")
    assert vector @ vector_of(session, scene(20)) > 0.9999
    diary = session.engine.embed(["We went to the old town at night."], model="eyes").vectors[0]
    assert rows["photos/diary.md"][1] @ diary > 0.9999
    again = converged(session)
    assert (again.files.unchanged, again.embedded.texts) == (8, 0)


def test_a_picture_finds_itself_first(session):
    converged(session)
    rows = rows_of(session)
    for source, (_, vector) in rows.items():
        nearest = sorted(rows, key=lambda other: -float(rows[other][1] @ vector))
        assert nearest[0] == source


def test_words_find_what_the_camera_said_and_filters_take_it(session):
    converged(session)
    searcher = session.searcher("photos")
    hits = searcher.search("boat italy", mode="text").hits
    assert [hit.source for hit in hits] == ["photos/Italy 2024/boat.png"]
    hits = searcher.search("July", mode="text", limit=20).hits
    assert len(hits) == 6
    hits = searcher.search("night", filter="metadata.camera = 'Canon EOS R5'", limit=20).hits
    assert {hit.source for hit in hits} == {f"photos/IMG_{number:04}.jpg" for number in range(6)}
    assert all(json.loads(hit.row.metadata)["latitude"] == 48.208333 for hit in hits)
    far = searcher.search("night", filter="metadata.latitude < 48", limit=20).hits
    assert not far
    hits = searcher.search("a photo of a boat", mode="vector", limit=20).hits
    assert len(hits) == 8, "by the vector of the text, pictures and texts are found alike"


def test_new_words_for_the_same_pixels_cost_no_embedding(session, photos):
    converged(session)
    (photos / "Italy 2024" / "boat.png").write_bytes(encoded(scene(20), "PNG", exif=exif(orientation=1)))
    (photos / "IMG_0003.jpg").rename(photos / "harbour.jpg")
    report = converged(session)
    assert (report.embedded.texts, report.chunks.refreshed, report.files.moved) == (0, 1, 1)
    rows = rows_of(session)
    assert "The old town at night" in rows["photos/Italy 2024/boat.png"][0].text
    assert rows["photos/harbour.jpg"][0].text.startswith("harbour\n")


def test_what_cannot_be_read_is_named_and_stops_no_other(session, photos):
    (photos / "cut.jpg").write_bytes(encoded(scene(30, 300, 200))[:-800])
    (photos / "text.jpg").write_text("no picture at all\n" * 50)
    (photos / "large.png").write_bytes(encoded(scene(31, 9000, 8000), "PNG"))
    (photos / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>walrus</text></svg>')
    report = converged(session)
    assert report.files.failed == 3
    reasons = {failure.source.rpartition("/")[2]: failure.error for failure in report.failures}
    assert "truncated" in reasons["cut.jpg"]
    assert "no picture in a format that is read" in reasons["text.jpg"]
    assert "9000 x 8000 = 72,000,000 pixels, more than the 64,000,000" in reasons["large.png"]
    assert rows_of(session)["photos/drawing.svg"][0].text.strip() == "walrus"
    assert len(rows_of(session)) == 9


def test_a_followed_folder_shows_a_changed_picture(session, photos):
    stop = threading.Event()
    with session.pipeline("photos", stop=stop) as pipeline:
        thread = threading.Thread(target=lambda: list(pipeline.follow()))
        thread.start()
        try:
            wanted = vector_of(session, scene(0))
            until(lambda: "photos/IMG_0000.jpg" in rows_of(session))
            assert rows_of(session)["photos/IMG_0000.jpg"][1] @ wanted > 0.99
            (photos / "IMG_0000.jpg").write_bytes(encoded(scene(99), "PNG"))
            wanted = vector_of(session, scene(99))
            until(lambda: rows_of(session)["photos/IMG_0000.jpg"][1] @ wanted > 0.9999)
        finally:
            stop.set()
            thread.join(WAITS_SECONDS)
    assert rows_of(session)["photos/IMG_0000.jpg"][0].mime == "image/png"


def until(holds):
    deadline = time.monotonic() + WAITS_SECONDS
    while True:
        try:
            if holds():
                return
        except (embedingest.EmbedingestError, KeyError):
            pass  # the table is being made
        assert time.monotonic() < deadline
        time.sleep(0.05)
