"""`portero decisions`: what decisions saw, and other thresholds tried on them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture(autouse=True)
def stored(server: FakeServer) -> None:
    """Somebody at the door who is a little like Ana, and somebody at the desk who is like nobody who is left."""
    server.decisions.store("door", ("ana", 0.45), ("ben", 0.25))
    server.decisions.store("desk", seconds=60, incomplete=True)


async def test_decisions_are_listed_with_whom_they_compared(cli: Cli) -> None:
    """The table has candidates with their similarity, and says where somebody of them is gone."""
    out = (await cli("decisions", "list")).out
    assert "ana 0.450, ben 0.250" in out
    assert "(gone)" in out
    assert "below threshold" in out
    assert (await cli("decisions", "list", "--since", "1h")).out == "no decision is stored\n"


async def test_the_document_holds_every_field_of_a_decision(cli: Cli) -> None:
    """Keys are the contract's."""
    document = (await cli("decisions", "list", "--camera", "door", "--json")).document
    (decision,) = document["decisions"]
    assert decision == {
        "id": "r1",
        "camera": "cameras/door",
        "track_id": "t1",
        "capture_time": "2025-06-15T15:06:40Z",
        "engine": "local",
        "outcome": "unknown",
        "reason": "below_threshold",
        "candidates": [
            {"person": "people/ana", "display_name": "Ana", "similarity": 0.45, "face": ""},
            {"person": "people/ben", "display_name": "Ben", "similarity": 0.25, "face": ""},
        ],
        "incomplete": False,
        "shot": 1,
        "face_pixels": 96,
        "quality": 0.5,
        "similarity_threshold": 0.5,
        "margin_threshold": 0.125,
        "agreeing_shots": 0,
        "demanded_similarity": 0.0,
    }


async def test_one_threshold_is_told_by_camera_with_the_tracks_that_change(cli: Cli, server: FakeServer) -> None:
    """Each camera has a line, and all of them together; then who would be named otherwise."""
    out = (await cli("decisions", "what-if", "--threshold", "0.4", "--margin", "0.1", "--site", "north")).out
    assert [line.split()[0] for line in out.splitlines()[2:5]] == ["desk", "door", "all"]
    assert "would be" in out
    assert "unknown" in out
    (asked,) = server.decisions.asked
    assert (list(asked.similarity_thresholds), asked.margin_threshold, asked.site) == ([0.4], 0.1, "north")


async def test_several_thresholds_are_compared(cli: Cli) -> None:
    """Each has a line, in the order given."""
    out = (await cli("decisions", "what-if", "--threshold", "0.4", "--threshold", "0.6")).out
    assert [line.split()[:4] for line in out.splitlines()[2:4]] == [["0.4", "2", "0", "1"], ["0.6", "2", "0", "0"]]


async def test_reviewed_names_speak_for_a_threshold(cli: Cli, server: FakeServer) -> None:
    """How many would be wrong, how sure that is, and which threshold follows; or that too few were reviewed."""
    server.decisions.reviewed, server.decisions.recommended = (97, 3), 0.4
    out = (await cli("decisions", "what-if", "--threshold", "0.4")).out
    assert "at 0.4: 3 of 100 reviewed names would be wrong (1.0% to 8.5%, confidence 95 %)" in out
    assert out.endswith("recommended of these: 0.4\n")
    server.decisions.recommended = None
    assert "too few names" in (await cli("decisions", "what-if")).out


async def test_what_thresholds_name_is_drawn(cli: Cli, tmp_path: Path) -> None:
    """The picture is a PNG file; the table is printed as well."""
    file = tmp_path / "what-if.png"
    ran = await cli("decisions", "what-if", "--threshold", "0.4", "--threshold", "0.6", "--plot", str(file))
    assert file.read_bytes().startswith(b"\x89PNG")
    assert "drawn in" in ran.err


async def test_what_cannot_be_drawn_is_told_before_the_server_is_asked(
    cli: Cli, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another kind of file, and a missing package."""
    ran = await cli("decisions", "what-if", "--plot", str(tmp_path / "what-if.svg"))
    assert ran.code == 4
    assert "must end in .png" in ran.err
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ran = await cli("decisions", "what-if", "--plot", str(tmp_path / "what-if.png"))
    assert ran.code == 4
    assert "portero[plot]" in ran.err
    assert server.decisions.asked == []


async def test_nothing_stored_is_said(cli: Cli, server: FakeServer) -> None:
    """Instead of a table of zeros."""
    server.decisions.decisions.clear()
    assert (await cli("decisions", "what-if", "--threshold", "0.4")).out == "no decision is stored for this\n"
