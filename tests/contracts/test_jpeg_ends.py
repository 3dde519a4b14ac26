"""Where a JPEG file begins and ends among other bytes: the server and the clients, which share no code, must agree.

Whoever finds bytes about which they differ adds them to `CASES` first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_client.jpeg_file import trim_jpeg
from portero_server.vision.jpeg_ends import whole_jpeg
from tests.support.images.jpegs import END, START, picture, segment, with_scans

PLAIN = picture(96, 80)
PROGRESSIVE = picture(96, 80, progressive=True)
GRAY = picture(96, 80, gray=True)
_THUMBNAIL = segment(0xE1, b"Exif\x00\x00" + picture(80, 80))
_WHOLE = {
    "baseline": PLAIN,
    "progressive": PROGRESSIVE,
    "gray": GRAY,
    "many scans": with_scans(PROGRESSIVE, 30),
    "thumbnail": PLAIN[:2] + _THUMBNAIL + PLAIN[2:],
    "end marker in a comment": PLAIN[:2] + segment(0xFE, b"x" + END + b"x") + PLAIN[2:],
    "filled before a marker": PLAIN[:2] + b"\xff\xff" + PLAIN[2:],
    "restart markers": PLAIN[:-2] + b"\xff\xd0\x12\xff\xd7\x34" + END,
}
_AROUND = {
    "nothing": (b"", b""),
    "line break before": (b"\r\n", b""),
    "white space and zeros before": (b" \t\x00\n", b""),
    "line break behind": (b"", b"\r\n"),
    "zeros behind": (b"", b"\x00" * 2048),
    "film behind": (b"", segment(0xE1, b"ftypmp42" * 9)),
    "another picture behind": (b"", GRAY),
    "an end marker behind": (b"", b"xx" + END),
    "both": (b"\r\n", b"\x00" * 100 + PLAIN[300:]),
}
_BEYOND = START + b"\xff\xe1\xff\xff" + PLAIN[2:]
_NONE = {
    "empty": (b"", b""),
    "white space": (b" \r\n", b" \r\n"),
    "text": (b"  <html>", b"  <html>"),
    "png": (b"\x89PNG\r\n\x1a\n" + END, b"\x89PNG\r\n\x1a\n" + END),
    "start alone": (START, START),
    "half": (PLAIN[: len(PLAIN) // 2], PLAIN[: len(PLAIN) // 2]),
    "half behind white space": (b"\r\n" + PLAIN[:-300], PLAIN[:-300]),
    "half, then a whole one": (PLAIN[:-300] + PLAIN, PLAIN[:-300] + PLAIN),
    "half a header": (PLAIN[:30], PLAIN[:30]),
    "a segment beyond the end": (_BEYOND, _BEYOND),
}


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes, and the file that is in them: for what has no end, or is none, what is left of the bytes."""

    name: str
    data: bytes
    file: bytes


CASES = [
    *(
        Case(f"{name}, {around}", before + whole + behind, whole)
        for name, whole in _WHOLE.items()
        for around, (before, behind) in _AROUND.items()
    ),
    *(Case(name, data, file) for name, (data, file) in _NONE.items()),
]


Cut = Callable[[bytes], bytes]


def clients_cut(data: bytes) -> bytes:
    """Returns what bridge, command line and programs with the SDK send."""
    return trim_jpeg(data).file


both = pytest.mark.parametrize("cut", [whole_jpeg, clients_cut], ids=["server", "clients"])


@both
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_file_is_found(cut: Cut, case: Case) -> None:
    """Byte for byte, whatever stands around it."""
    assert cut(case.data) == case.file


@both
@settings(max_examples=60)
@given(before=st.text(" \t\r\n\x00", max_size=8), behind=st.binary(max_size=200), whole=st.sampled_from([*_WHOLE]))
def test_a_sound_file_is_found_among_any_bytes(cut: Cut, before: str, behind: bytes, whole: str) -> None:
    """The file and nothing else."""
    assert cut(before.encode() + _WHOLE[whole] + behind) == _WHOLE[whole]


@both
@settings(max_examples=100)
@given(
    flips=st.lists(st.tuples(st.integers(2, len(PLAIN) - 1), st.integers(0, 255)), max_size=4),
    behind=st.binary(max_size=40),
)
def test_a_damaged_file_keeps_its_beginning(cut: Cut, flips: list[tuple[int, int]], behind: bytes) -> None:
    """It comes back whole, or cut behind an end marker; cutting it again changes nothing."""
    data = bytearray(PLAIN + behind)
    for at, value in flips:
        data[at] = value
    found = cut(b"\r\n" + bytes(data))
    assert bytes(data).startswith(found)
    assert len(found) == len(data) or found.endswith(END)
    assert cut(found) == found


@both
@given(data=st.binary(max_size=200))
def test_what_does_not_begin_as_a_jpeg_comes_back_as_it_is(cut: Cut, data: bytes) -> None:
    """White space included."""
    for other in (b"x" + data, b" x" + data):
        assert cut(other) == other
