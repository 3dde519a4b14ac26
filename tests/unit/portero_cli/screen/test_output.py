from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portero_cli.screen.output import Output, jsonable
from portero_client import Box, Match, TextKind


def test_values_become_what_json_can_say() -> None:
    """Records become objects with their field names, times RFC 3339, durations seconds, enumerations words."""
    value = {
        "match": Match("people/ana", "Ana", 0.5, 0.25),
        "none": None,
        "kind": TextKind.LINE,
        "time": datetime(2026, 5, 1, 10, 0, 0, 250_000, tzinfo=UTC),
        "elsewhere": datetime(2026, 5, 1, 10, tzinfo=timezone(timedelta(hours=-4))),
        "gap": timedelta(minutes=1.5),
        "boxes": (Box(0, 0, 1, 1),),
    }
    assert jsonable(value) == {
        "match": {"person": "people/ana", "display_name": "Ana", "similarity": 0.5, "margin": 0.25},
        "none": None,
        "kind": "line",
        "time": "2026-05-01T10:00:00.250000Z",
        "elsewhere": "2026-05-01T10:00:00-04:00",
        "gap": "90s",
        "boxes": [{"left": 0, "top": 0, "width": 1, "height": 1}],
    }
    json.dumps(jsonable(value))


def test_an_error_is_one_line_whatever_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks and control characters of a message cannot make a second line or steer the terminal."""
    Output(as_json=False).error("first\nsecond\x1b[2J", {})
    assert capsys.readouterr().err == "error: first second\N{REPLACEMENT CHARACTER}[2J\n"


def test_an_error_shows_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that was given at the wrong place is quoted without its secret, for people and for programs."""
    message = "Got unexpected extra argument (rtsp://admin:s3cret@cam/user=a_password=s3cret_channel=1)"
    without = "Got unexpected extra argument (rtsp://***@cam/user=***_password=***_channel=1)"
    Output(as_json=False).error(message, {})
    assert capsys.readouterr().err == f"error: {without}\n"
    Output(as_json=True).error(message, {"error": {"exit_code": 2, "message": message}})
    assert json.loads(capsys.readouterr().err) == {"error": {"exit_code": 2, "message": without}}


def test_a_note_is_a_line_or_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """What is said beside the result can be read by a program line by line, like errors."""
    Output(as_json=False).note("cameras/a removed")
    Output(as_json=True).note("cameras/a\nremoved")
    line, document = capsys.readouterr().err.splitlines()
    assert (line, json.loads(document)) == ("cameras/a removed", {"note": "cameras/a\nremoved"})


def test_machines_get_the_document_and_people_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json only the document is printed, without it only the renderables."""
    Output(as_json=True).show({"a": 1}, "words")
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    Output(as_json=False).show({"a": 1}, "words")
    assert capsys.readouterr().out == "words\n"
