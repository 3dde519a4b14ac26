"""What an answer is."""

import pytest

from portero_bridge.sources.http.content import Content, content_of, kind_of_bytes


@pytest.mark.parametrize(
    ("content_type", "start", "content"),
    [
        ("image/jpeg", b"\xff\xd8\xff", Content.PICTURE),
        ("text/html", b"\r\n\xff\xd8\xff", Content.PICTURE),
        ("multipart/x-mixed-replace", b"\xff\xd8\xff", Content.PICTURE),
        ("multipart/x-mixed-replace", b"", Content.STREAM),
        ("", b"--frame\r\n", Content.STREAM),
        ("image/jpeg", b"Content-type: image/jpeg\r\n", Content.STREAM),
        ("text/plain", b"hello\r\n--frame\r\n", Content.STREAM),
        ("image/jpeg", b"<html>", Content.OTHER),
        ("image/jpeg", b"x" * 5000, Content.OTHER),
        ("image/jpeg", b"\r\n", None),
        ("image/jpeg", b"--fra", None),
        ("image/jpeg", b"hello", None),
    ],
)
def test_the_first_bytes_tell(content_type: str, start: bytes, content: Content | None) -> None:
    """What it says is believed only where it says that it is a stream."""
    assert content_of(content_type, start, is_all=False) is content


def test_an_answer_that_ended_is_waited_for_no_longer() -> None:
    """What cannot be told by then is nothing that is wanted."""
    assert content_of("image/jpeg", b"", is_all=True) is Content.OTHER
    assert content_of("image/jpeg", b"hello", is_all=True) is Content.OTHER


def test_what_is_not_wanted_has_a_name() -> None:
    """Pages, other pictures and films are told apart for people."""
    assert kind_of_bytes(b"\r\n<!DOCTYPE html>") == "a web page"
    assert kind_of_bytes(b"\x89PNG\r\n") == "a PNG picture"
    assert kind_of_bytes(b"\x00\x00\x00\x01\x67") == "H.264 or H.265 video"
    assert kind_of_bytes(b"hello") == ""
