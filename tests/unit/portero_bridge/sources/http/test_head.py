"""The head of an answer."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings, strategies

from portero_bridge.sources.http.head import MOST_HEAD_BYTES, Head, clock_oddity, read_head, split_head


def read(data: bytes) -> tuple[Head, bytes]:
    """Returns a head that is complete, and what is behind it."""
    split = split_head(data)
    assert split is not None
    return split[0], data[split[1] :]


def test_status_and_fields_are_read() -> None:
    """Names are in lower case, values without blanks around them, and one name may come twice."""
    head, body = read(b"HTTP/1.1 401 No\r\nA: 1\r\nb-C :  2 \r\na:3\r\n\r\nrest")
    assert (head.status, head.is_http_1_1, body) == (401, True, b"rest")
    assert head.values("a") == ["1", "3"]
    assert head.value("b-c") == "2"
    assert head.value("d") == ""
    assert head.oddities == ()


def test_what_is_odd_is_named() -> None:
    """A head without a status line, or with lines that are none, is read all the same."""
    assert read(b"Content-Type: x\r\n\r\n")[0].oddities == ("no status line",)
    assert read(b"ICY 200 OK\r\n\r\n")[0].oddities == ("its status line begins with ICY ",)
    assert read(b"HTTP/1.0 200 OK\r\n: x\r\n\r\n")[0].oddities == ("a header line without a name",)
    assert read(b"--B\r\n")[0].oddities == ("no HTTP head",)


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Mon, 02 Mar 2026 11:00:00 GMT", "its clock is 3 h ahead"),
        ("Mon, 02 Mar 2026 07:30:00 GMT", "its clock is 30 min behind"),
        ("Thu, 01 Jan 1970 00:00:09 GMT", "its clock is days behind"),
        ("Mon, 02 Mar 2026 08:00:30", ""),
        ("yesterday", ""),
        ("Mon, 02 Mar 2026 08:00:00 +99999999999999999", ""),
        ("", ""),
    ],
)
def test_a_clock_that_is_wrong_is_told(date: str, words: str) -> None:
    """By the Date of an answer, where it has one that can be read."""
    head = read_head(f"HTTP/1.1 200 OK\r\nDate: {date}".encode())
    assert clock_oddity(head, datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) == words


def test_half_a_head_is_waited_for() -> None:
    """Nothing is decided before the blank line."""
    assert split_head(b"") is None
    assert split_head(b"HTTP/1.1 200 OK\r\nContent-Ty") is None


def test_endless_head_is_given_up() -> None:
    """What never ends is not a head, and is kept no longer."""
    head, body = read(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * MOST_HEAD_BYTES)
    assert head.fields == ()
    assert body.startswith(b"HTTP/1.1")


def test_interim_answers_are_passed_over() -> None:
    """The head that counts follows, and may not have come yet."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert split_head(interim) is None
    assert read(interim + interim + b"HTTP/1.1 200 OK\r\n\r\nx")[1] == b"x"


@settings(max_examples=200, deadline=None)
@given(strategies.binary(max_size=200))
def test_nothing_breaks_it(data: bytes) -> None:
    """Any bytes at all are a head, none yet, or no head."""
    split = split_head(data)
    if split is not None:
        assert 0 <= split[1] <= len(data)


@settings(max_examples=200, deadline=None)
@given(strategies.text(max_size=40))
def test_no_date_breaks_it(date: str) -> None:
    """Any text at all is a time, or none."""
    clock_oddity(Head(200, (("date", date),), is_http_1_1=True, oddities=()), datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
