from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console

from portero_bridge.events import SourceDown, SourceUp
from portero_cli.screen.board import Board
from portero_client import Box, Match, Text, TextKind
from portero_client.streaming.events import (
    Acknowledged,
    CameraRegistered,
    Directed,
    FrameRefused,
    StreamClosed,
    StreamOpened,
    TextsRead,
    TrackState,
    TrackUpdated,
)
from portero_client.streaming.frames import ImageLimits

BEGAN = datetime(2026, 5, 1, 10, tzinfo=UTC)
BOX = Box(0.1, 0.1, 0.2, 0.2)
COMING = TrackUpdated("door", "t1", TrackState.PROVISIONAL, 1, BOX, None, "", BEGAN, BEGAN, None)
ANA = Match("people/ana", "Ana [red]", 0.9, 0.4)
NAMED = replace(COMING, state=TrackState.CONFIRMED, match=ANA, sighting="sightings/s1", time_to_name=0.4)
LEFT = replace(NAMED, state=TrackState.CLOSED, last_seen=BEGAN + timedelta(seconds=3))


def shown(board: Board) -> str:
    """Returns what the live table looks like."""
    console = Console(width=100, highlight=False)
    with console.capture() as capture:
        console.print(board.render())
    return capture.get()


def words(lines: tuple[str, ...]) -> list[str]:
    """Returns lines without their times."""
    return [" ".join(line.split()[1:]) for line in lines]


def test_a_visit_is_told_as_coming_and_going() -> None:
    """A face is told when it is named and when it leaves, once each."""
    board = Board()
    assert board.take(COMING) == ()
    assert words(board.take(NAMED)) == ["seen Ana [red] (90%)"]
    assert board.take(NAMED) == ()
    assert words(board.take(LEFT)) == ["left Ana [red]"]
    assert board.sighting_of == {"t1": "sightings/s1"}


def test_a_revision_tells_who_it_rather_is() -> None:
    """A better shot that changes the name is told, and the later sighting counts."""
    board = Board()
    board.take(replace(NAMED, match=None))
    revised = replace(NAMED, state=TrackState.REVISED, sighting="sightings/s2")
    assert words(board.take(revised)) == ["is rather Ana [red] (90%)"]
    assert board.sighting_of == {"t1": "sightings/s2"}


def test_a_face_that_was_never_decided_leaves_without_a_word() -> None:
    """Who was not told as coming is not told as going."""
    board = Board()
    board.take(COMING)
    assert board.take(replace(COMING, state=TrackState.CLOSED)) == ()


def test_a_doubt_takes_the_name_off_the_table_and_tells_nothing_twice() -> None:
    """While another face may be there nobody is named; the same face is not told as coming again, another one is."""
    board = Board()
    board.take(NAMED)
    assert board.take(replace(NAMED, state=TrackState.DOUBTED, match=None)) == ()
    assert "Ana" not in shown(board)
    assert board.take(NAMED) == ()
    assert "Ana" in shown(board)
    board.take(replace(NAMED, state=TrackState.DOUBTED, match=None))
    assert words(board.take(replace(LEFT, replaced=True))) == ["left Ana [red]"]


def test_the_live_table_shows_who_is_there_now() -> None:
    """Names as they are, strangers as unknown, undecided faces as such; who left is gone."""
    board = Board()
    assert "nobody in view" in shown(board)
    board.take(NAMED)
    board.take(replace(NAMED, track="t2", match=None))
    board.take(replace(COMING, track="t3"))
    table = shown(board)
    assert "Ana [red]" in table
    assert "unknown" in table
    assert "…" in table
    board.take(LEFT)
    assert "Ana" not in shown(board)


def test_the_state_of_stream_and_source_is_shown() -> None:
    """Connection, source and safe frames are in the last line, and outages are told."""
    board = Board()
    board.take(StreamOpened("door", "s", "e", 0, ImageLimits()))
    board.take(SourceUp("door"))
    board.take(Acknowledged("door", 120))
    assert "streaming, source open, 120 frames durable" in shown(board)
    assert board.take(StreamClosed("door", "server drains", 0.5, 120)) == (
        "interrupted (server drains), again in 0.5 s",
    )
    assert board.take(StreamClosed("door", "cameras/door does not exist", 0.0, 0)) == ()
    assert board.take(SourceDown("door", "camera is off", 2)) == ("no images (camera is off), again in 2.0 s",)


def test_what_an_operator_should_know_is_told() -> None:
    """A new registration, read text, and each kind of refused frame or poor picture once, are lines."""
    board = Board()
    assert board.take(CameraRegistered("door")) == ("camera door was unknown and is now registered",)
    assert board.take(FrameRefused("door", 7, "TRUNCATED", "no end marker")) == ("frame 7 refused: no end marker",)
    assert board.take(FrameRefused("door", 8, "TRUNCATED", "no end marker")) == ()
    assert board.take(Directed("door", None, None, None, "too_dark")) == ("more light is needed",)
    assert board.take(Directed("door", None, None, None, "too_dark")) == ()
    assert board.take(Directed("door", 2.0, None, None, None)) == ()
    assert board.take(TextsRead("door", 1, (Text("ROOM 12", TextKind.LINE, BOX, 0.9),))) == ("text: ROOM 12",)
    assert "ROOM 12" in shown(board)


def test_what_a_guest_is_asked_for_is_told_each_time_and_shown_for_a_while() -> None:
    """During check-ins the live table shows the latest hint in words, until it is no longer repeated."""
    time = 100.0
    board = Board(now=lambda: time)
    closer = Directed("desk", None, None, None, "card_closer")
    for _ in range(2):
        assert board.take(closer) == ("hold the card closer to the camera",)
    assert board.take(Directed("desk", None, None, None, "turn_card_over")) == ("turn the card over",)
    assert "turn the card over" in shown(board)
    assert "closer" not in shown(board)
    time += 5.1
    assert "turn the card over" not in shown(board)


def test_a_provisional_name_is_marked_and_told_when_it_is_confirmed() -> None:
    """The live table shows whom a face resembles; output without a table waits for the name."""
    board = Board()
    assert board.take(replace(COMING, provisional=ANA)) == ()
    assert "Ana [red]?" in shown(board)
    assert "90%" in shown(board)
    assert words(board.take(NAMED)) == ["seen Ana [red] (90%)"]


def test_somebody_unknown_is_told_with_the_reason() -> None:
    """What was wrong with the pictures is told; that somebody is not enrolled goes without saying."""
    board = Board()
    small = replace(NAMED, match=None, unknown_reason="too_small")
    assert words(board.take(small)) == ["seen unknown (too small)"]
    board = Board()
    assert words(board.take(replace(small, unknown_reason="not_enrolled"))) == ["seen unknown"]
