from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer


@pytest.fixture
async def known(cli: Cli, tmp_path: Path) -> Path:
    """A folder with photos, and Ana in the gallery."""
    (tmp_path / "ana.jpg").write_bytes(photo("ana"))
    (tmp_path / "two.jpg").write_bytes(photo("ana", "nobody"))
    (tmp_path / "room.jpg").write_bytes(photo(lines=("ROOM 12", "2nd floor")))
    await cli("people", "add", "Ana Díaz", tmp_path / "ana.jpg")
    return tmp_path


async def test_a_search_lists_every_face_with_match_and_candidates(cli: Cli, known: Path) -> None:
    """The known face has its name, the other is unknown, both have candidates."""
    document = (await cli("search", known / "two.jpg", "--json")).document
    found, stranger = document["faces"]
    assert found["match"] == {
        "person": "people/ana-diaz",
        "display_name": "Ana Díaz",
        "similarity": 0.95,
        "margin": 0.95,
    }
    assert stranger["match"] is None
    assert stranger["candidates"][0]["display_name"] == "Ana Díaz"
    assert set(found) == {"box", "confidence", "quality", "match", "candidates", "between_look_alikes"}
    out = (await cli("search", known / "two.jpg")).out
    assert "Ana Díaz" in out
    assert "unknown" in out
    assert "95%" in out


async def test_a_face_between_look_alikes_is_told_apart_from_a_stranger(
    server: FakeServer, cli: Cli, known: Path
) -> None:
    """Whoever is nobody's only since two people look alike is shown so."""
    server.gallery.between = {"ana"}
    assert "unknown: between look-alikes" in (await cli("search", known / "ana.jpg")).out


async def test_a_photo_without_a_face_has_no_faces(cli: Cli, known: Path) -> None:
    """Searching a photo without a face succeeds and says so."""
    result = await cli("search", known / "room.jpg")
    assert (result.code, result.out) == (0, "no face\n")
    assert (await cli("search", known / "room.jpg", "--json")).document == {"faces": []}


async def test_a_comparison_prints_the_similarity(cli: Cli, known: Path) -> None:
    """Each face of the second photo has its similarity, the most alike first."""
    result = await cli("compare", known / "ana.jpg", known / "two.jpg")
    assert "0.950" in result.out
    assert "yes" in result.out
    document = (await cli("compare", known / "ana.jpg", known / "two.jpg", "--json")).document
    assert [(face["similarity"], face["same_person"]) for face in document["comparisons"]] == [
        (0.95, True),
        (0.25, False),
    ]
    assert set(document["source_box"]) == {"left", "top", "width", "height"}


async def test_comparing_with_a_photo_without_a_face_is_refused(cli: Cli, known: Path) -> None:
    """The error is one line that names the photo's field, and the code is 4."""
    result = await cli("compare", known / "ana.jpg", known / "room.jpg")
    assert (result.code, result.out) == (4, "")
    assert result.err == "error: no face was found in B\n"


async def test_text_is_printed_by_line(cli: Cli, known: Path) -> None:
    """The table has lines; the document has words too."""
    out = (await cli("text", known / "room.jpg")).out
    assert "ROOM 12" in out
    texts = (await cli("text", known / "room.jpg", "--json")).document["texts"]
    assert [(text["kind"], text["content"]) for text in texts][:2] == [("line", "ROOM 12"), ("word", "ROOM")]
    assert (await cli("text", known / "ana.jpg")).out == "no text\n"
