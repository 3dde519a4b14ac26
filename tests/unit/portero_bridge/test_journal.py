"""What an operator reads."""

import io
from datetime import UTC, datetime

from portero_bridge.events import (
    CameraFailed,
    ImageSkipped,
    RecordingDated,
    SourceDown,
    SourceStuck,
    SourceUp,
)
from portero_bridge.journal import Journal
from portero_client.detections import Box, Text, TextKind
from portero_client.library_logs import LibraryLine
from portero_client.streaming.events import Acknowledged, Directed, FrameRefused, StreamClosed, StreamOpened, TextsRead
from portero_client.streaming.frames import ImageLimits
from tests.support.bridge.clock import JumpingClock


def journal() -> tuple[Journal, io.StringIO]:
    """Returns a journal and what it writes to."""
    output = io.StringIO()
    return Journal(output, JumpingClock()), output


def test_line_is_a_time_a_name_and_fields() -> None:
    """Values with blanks or quotes are quoted, on one line."""
    write, output = journal()
    write(StreamClosed("lobby", 'the server said "no"\nand more', 0.123, 7))
    assert output.getvalue() == (
        "2026-03-02T08:00:00.000000Z stream_closed camera=lobby"
        ' reason="the server said \\"no\\"\\nand more" retry_in=0.12 durable_sequence=7\n'
    )


def test_what_goes_on_is_written_once() -> None:
    """A night without a server is one line, and the line comes again after a stream was open."""
    write, output = journal()
    for _ in range(1_000):
        write(StreamClosed("lobby", "no server", 1.0, 0))
        write(SourceDown("lobby", "no camera", 1.0))
    assert output.getvalue().count("\n") == 2
    write(StreamOpened("lobby", "s", "e", 0, ImageLimits()))
    write(StreamClosed("lobby", "no server", 1.0, 0))
    assert output.getvalue().count("stream_closed") == 2


def test_reasons_that_take_turns_are_written_once_each() -> None:
    """A line is for a state, not for a try; and what a camera makes up does not fill the log."""
    write, output = journal()
    for number in range(1_000):
        write(SourceDown("lobby", "no connection" if number % 2 else "sent nothing", 1.0))
    assert output.getvalue().count("\n") == 2
    for number in range(1_000):
        write(SourceDown("lobby", f"sends {number}", 1.0))
    assert output.getvalue().count("\n") == 20
    write(SourceUp("lobby"))
    write(SourceDown("lobby", "sent nothing", 1.0))
    assert output.getvalue().count("\n") == 22


def test_passwords_are_redacted_whatever_the_field() -> None:
    """Reasons and traces pass through the one place that redacts."""
    write, output = journal()
    write(SourceDown("lobby", "cannot open rtsp://joe:s3cret@cam/1", 1.0))
    write(CameraFailed("lobby", "http://joe:s3cret@cam", "Traceback: rtsp://joe:s3cret@cam/1\n", 1.0))
    assert "s3cret" not in output.getvalue()


def test_of_libraries_the_fixed_words_are_written() -> None:
    """A library's line has its logger and place; a client's is a message, with URLs redacted."""
    write, output = journal()
    write.library(LibraryLine("grpc._channel", "Exception in callback", "KeyError", "_channel:7"))
    write.library(LibraryLine("portero_client.tls", "see https://joe:s3cret@host/", "", "tls:1"))
    assert [line.split(" ", 1)[1] for line in output.getvalue().splitlines()] == [
        'library_message logger=grpc._channel at=_channel:7 message="Exception in callback" error=KeyError',
        'warning message="see https://***@host/"',
    ]


def test_nothing_personal_is_written() -> None:
    """Texts that were read, and progress, are no news for an operator."""
    write, output = journal()
    write(TextsRead("lobby", 1, (Text("JANE DOE", TextKind.LINE, Box(0, 0, 1, 1), 0.9),)))
    write(Acknowledged("lobby", 1))
    assert output.getvalue() == ""


def test_refused_frames_are_written_once_a_reason() -> None:
    """A camera that sends broken files does not fill the log."""
    write, output = journal()
    for sequence in range(100):
        write(FrameRefused("lobby", sequence, "truncated", "the file ends early"))
    write(FrameRefused("lobby", 100, "empty", "no bytes"))
    assert output.getvalue().count("frames_refused") == 2


def test_recordings_and_stuck_cameras_are_told() -> None:
    """When a recording began, which of its files was skipped, once each, and that a camera hangs."""
    write, output = journal()
    start = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
    write(RecordingDated("stage", start, "its name"))
    for _ in range(2):
        write(ImageSkipped("stage", "b.png is not an image"))
    write(SourceStuck("stage", stuck=True))
    write(SourceStuck("stage", stuck=False))
    assert [line.split(" ", 1)[1] for line in output.getvalue().splitlines()] == [
        'recording_dated camera=stage start=2026-05-01T10:30:00Z by="its name"',
        'image_skipped camera=stage reason="b.png is not an image"',
        "source_stuck camera=stage",
        "source_unstuck camera=stage",
    ]


def test_wishes_show_only_what_was_wished() -> None:
    """A Directive's unset fields are left out."""
    write, output = journal()
    write(SourceUp("lobby"))
    write(Directed("lobby", max_rate=2.0, max_side=None, pause=None, advice="too_dark"))
    assert output.getvalue().endswith("directed camera=lobby max_rate=2.0 advice=too_dark\n")
