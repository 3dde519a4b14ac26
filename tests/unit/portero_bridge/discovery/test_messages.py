"""Answers of devices to the question for cameras."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_bridge.discovery.messages import Match, probe_message, read_matches
from tests.support.bridge.onvif import answer, match

DOOR = Match(
    "urn:uuid:1",
    ("NetworkVideoTransmitter", "Device"),
    ("onvif://www.onvif.org/name/Door", "onvif://www.onvif.org/location/hall"),
    ("http://192.0.2.7/onvif/device_service", "http://[2001:db8::7]/onvif/device_service"),
)


def test_a_match_is_read_as_its_device_says() -> None:
    """Types lose their prefixes; scopes and addresses are lists."""
    assert read_matches(answer(match(DOOR))) == [DOOR]
    assert read_matches(answer()) == []


@pytest.mark.parametrize(
    "broken",
    [
        answer(match(DOOR)).replace(b"</s:Body></s:Envelope>", b""),
        answer(match(DOOR)).replace(b"</s:Envelope>", b"</s:Body>"),
        answer(match(DOOR)) + b"\x00" * 500,
        answer(match(DOOR)) + b"<again/>",
        b"\xef\xbb\xbf\r\n" + answer(match(DOOR)),
        answer(match(DOOR)).replace(b"xmlns:d=", b"xmlns:x="),
        answer(match(DOOR), match(Match("", (), (), ()))[:-20]),
    ],
    ids=["cut", "wrong end", "padded", "two roots", "byte order mark", "undeclared prefix", "second one cut"],
)
def test_broken_answers_count_as_far_as_they_go(broken: bytes) -> None:
    """What cameras do around a match, and behind it, does not lose it."""
    assert list(read_matches(broken) or ())[:1] == [DOOR]


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"\x00\xff" * 100,
        b"HTTP/1.1 200 OK\r\n\r\n",
        answer(match(DOOR))[:200],
        b"<a><b/></a>",
        answer(match(DOOR)).replace(b"utf-8", b"klingon"),
        answer(match(DOOR)).replace(b"?>", b'?><!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'),
        probe_message("1"),
    ],
    ids=["empty", "bytes", "http", "cut early", "other xml", "encoding", "entities", "a question"],
)
def test_what_is_no_answer_is_none(other: bytes) -> None:
    """Whatever it is; documents that define entities are not read."""
    assert read_matches(other) is None


@given(st.binary(max_size=300), st.integers(0, 700))
def test_any_bytes_are_matches_or_none(junk: bytes, at: int) -> None:
    """Nothing that comes raises, wherever an answer is spoiled."""
    whole = answer(match(DOOR))
    for datagram in (junk, whole[:at] + junk + whole[at:], whole[:at] + junk):
        read_matches(datagram)
