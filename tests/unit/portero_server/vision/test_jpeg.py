"""Judging JPEG files by their header, and decoding them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.frames import FrameLimits, FrameRefused, RejectionReason
from portero_server.vision.jpeg import HeaderCheck, check_header, decode_color, decode_gray, encode_jpeg, to_gray
from tests.support.images import jpegs
from tests.support.images.exif import oriented
from tests.support.images.portraits import collins

_LIMITS = FrameLimits()
_PICTURE = jpegs.picture()


def _refusal(data: bytes, limits: FrameLimits = _LIMITS) -> FrameRefused:
    with pytest.raises(FrameRefused) as refusal:
        check_header(data, limits)
    return refusal.value


def _judged(check: HeaderCheck, data: bytes) -> tuple[int, int] | RejectionReason:
    try:
        return check.check(data)
    except FrameRefused as refused:
        return refused.reason


_HEADER_END = _PICTURE.find(b"\xff\xda") + 5
_DAMAGE = st.lists(st.tuples(st.integers(0, _HEADER_END - 1), st.integers(0, 255)), max_size=2)
_BUILDS = st.sampled_from([_PICTURE, jpegs.START + jpegs.segment(0xFE, b"noted") + _PICTURE[2:], _PICTURE[:300]])


@given(st.lists(st.tuples(_BUILDS, _DAMAGE), max_size=12))
def test_a_header_is_judged_the_same_whatever_came_before(files: list[tuple[bytes, list[tuple[int, int]]]]) -> None:
    """One check that has seen a camera's earlier files says of each what a fresh one says."""
    check = HeaderCheck(_LIMITS)
    for sound, damage in files:
        data = bytearray(sound)
        for at, value in damage:
            data[min(at, len(data) - 1)] = value
        # Twice, so that it is known the second time if it ever is.
        expected = _judged(HeaderCheck(_LIMITS), bytes(data))
        assert [_judged(check, bytes(data)), _judged(check, bytes(data))] == [expected, expected]


def test_another_size_in_the_same_place_is_seen() -> None:
    """A camera that changes its resolution, and nothing else of its header, is told by the new one."""
    check = HeaderCheck(_LIMITS)
    pictures = [jpegs.picture(120, 96), jpegs.picture(120, 96), jpegs.picture(96, 120), jpegs.picture(120, 96)]
    assert [check.check(each) for each in pictures] == [(120, 96), (120, 96), (96, 120), (120, 96)]


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("gray", [False, True], ids=["color", "gray"])
def test_a_sound_picture_gives_its_size(progressive: bool, gray: bool) -> None:
    """Width and height come in that order, for every usual coding."""
    assert check_header(jpegs.picture(160, 90, progressive=progressive, gray=gray), _LIMITS) == (160, 90)


def test_a_frame_without_bytes_is_empty() -> None:
    """No bytes at all have their own reason."""
    assert _refusal(b"").reason is RejectionReason.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff",
        b"\xff\xd8\x00\x00\x00\x00",
        jpegs.START + jpegs.segment(0xE0, b"") * 2000,
    ],
    ids=["gif", "png", "one byte", "no marker", "two thousand segments"],
)
def test_other_bytes_are_no_jpeg(data: bytes) -> None:
    """What does not begin and go on as a JPEG file does is refused as none."""
    assert _refusal(data).reason is RejectionReason.NOT_JPEG


def test_a_header_of_filling_is_no_jpeg() -> None:
    """Megabytes of fill bytes are given up on after a bounded number of steps."""
    assert _refusal(jpegs.START + b"\xff" * 4_000_000).reason is RejectionReason.NOT_JPEG


def test_two_frame_headers_are_no_jpeg() -> None:
    """A second frame header, which could hide another size, is refused."""
    at = _PICTURE.find(b"\xff\xc0")
    header = _PICTURE[at : at + 19]
    assert _refusal(_PICTURE[:at] + header + _PICTURE[at:]).reason is RejectionReason.NOT_JPEG


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_every_truncation_is_refused(progressive: bool) -> None:
    """A picture cut after any byte is refused, and after its first bytes always as truncated."""
    picture = jpegs.picture(progressive=progressive)
    for length in range(len(picture)):
        reason = _refusal(picture[:length]).reason
        if length >= 2:
            assert reason is RejectionReason.TRUNCATED


@pytest.mark.parametrize(
    "padding", [b"\x00", b"\x00" * 500, b"\r\n", b"\xff\xff"], ids=["zero", "zeros", "line", "ones"]
)
def test_padding_after_the_end_is_tolerated(padding: bytes) -> None:
    """A few bytes that cameras and bridges append do no harm."""
    assert check_header(_PICTURE + padding, _LIMITS) == (120, 96)


@pytest.mark.parametrize("tail", [b"more picture data", b"\x00" * 4000], ids=["data", "too many"])
def test_other_bytes_after_the_end_are_not(tail: bytes) -> None:
    """Data after the end marker, or thousands of bytes, make the end marker count as missing."""
    assert _refusal(_PICTURE + tail).reason is RejectionReason.TRUNCATED


def test_an_end_marker_before_the_picture_is_not_its_end() -> None:
    """The end of a thumbnail within the header does not pass for the end of the file."""
    header_end = _PICTURE.find(b"\xff\xda")
    comment = jpegs.segment(0xFE, jpegs.END + bytes(20))
    cut = _PICTURE[:header_end] + comment + _PICTURE[header_end : header_end + 40]
    assert _refusal(cut).reason is RejectionReason.TRUNCATED


def test_a_frame_may_have_exactly_the_limit_of_bytes() -> None:
    """At the limit a frame is taken, one byte over it is refused, and the message names the limit."""
    limits = FrameLimits(max_bytes=len(_PICTURE))
    assert check_header(_PICTURE, limits) == (120, 96)
    refusal = _refusal(_PICTURE + b"\x00", limits)
    assert refusal.reason is RejectionReason.TOO_MANY_BYTES
    assert str(len(_PICTURE)) in refusal.message


@pytest.mark.parametrize(
    ("width", "height", "limit"),
    [
        (79, 480, "80 to 4096"),
        (640, 79, "80 to 4096"),
        (4097, 480, "80 to 4096"),
        (60_000, 60_000, "80 to 4096"),
        (640, 0, "80 to 4096"),
        (4096, 4096, "12000000"),
    ],
)
def test_a_size_out_of_bounds_is_refused_by_its_limit(width: int, height: int, limit: str) -> None:
    """A side or area beyond its limit is refused before anything is decoded, naming the limit."""
    refusal = _refusal(jpegs.with_frame_header(_PICTURE, width=width, height=height))
    assert refusal.reason is RejectionReason.BAD_DIMENSIONS
    assert limit in refusal.message


@pytest.mark.parametrize(
    ("marker", "coding"), [(0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic"), (0xCA, "arithmetic")]
)
def test_codings_that_decoders_lack_are_refused(marker: int, coding: str) -> None:
    """Lossless, hierarchical and arithmetic files are refused by name."""
    refusal = _refusal(jpegs.with_frame_header(_PICTURE, marker=marker))
    assert refusal.reason is RejectionReason.UNSUPPORTED_CODING
    assert coding in refusal.message


@pytest.mark.parametrize("change", [{"precision": 12}, {"components": 2}, {"components": 0}])
def test_unusual_samples_are_refused(change: dict[str, int]) -> None:
    """Twelve bits, or a number of colors that no camera has, are refused."""
    assert _refusal(jpegs.with_frame_header(_PICTURE, **change)).reason is RejectionReason.UNSUPPORTED_CODING


@pytest.mark.parametrize("scans", [17, 1000])
def test_too_many_scans_are_refused(scans: int) -> None:
    """A progressive file with more scans than the limit, each a pass over the picture, is refused."""
    refusal = _refusal(jpegs.with_scans(jpegs.picture(progressive=True), scans))
    assert refusal.reason is RejectionReason.UNSUPPORTED_CODING
    assert "16 scans" in refusal.message


def test_as_many_scans_as_the_limit_are_taken() -> None:
    """Sixteen scans are taken."""
    assert check_header(jpegs.with_scans(jpegs.picture(progressive=True), 16), _LIMITS) == (120, 96)


def test_baseline_files_with_a_scan_for_each_color_are_counted_too() -> None:
    """A baseline file whose first scan lacks colors may have more scans, so they are counted."""
    at = _PICTURE.find(b"\xff\xda")
    one_color = _PICTURE[:at] + jpegs.segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") * 40 + jpegs.END
    assert _refusal(one_color).reason is RejectionReason.UNSUPPORTED_CODING


@pytest.mark.parametrize("reduce", [1, 2, 4, 8])
def test_gray_decoding_reduces_the_sides(reduce: Literal[1, 2, 4, 8]) -> None:
    """A reduced decode gives that part of each side, and the same picture."""
    data = encode_jpeg(collins(), 90)
    gray = decode_gray(data, reduce)
    assert gray.shape == (512 // reduce, 512 // reduce)
    assert abs(float(gray.mean()) - float(to_gray(collins()).mean())) < 2


def test_a_turned_frame_is_upright_everywhere() -> None:
    """A camera that was mounted on its side, and says so, has the size and the pixels of what people see."""
    plain, file = decode_color(_PICTURE), oriented(_PICTURE, 6)
    assert check_header(file, _LIMITS) == (plain.shape[0], plain.shape[1])
    assert decode_color(file).shape == (plain.shape[1], plain.shape[0], 3)
    assert decode_gray(file, 4).shape == (plain.shape[1] // 4, plain.shape[0] // 4)
    assert np.array_equal(decode_color(file), np.rot90(plain, -1))


def test_encoding_and_decoding_keep_the_picture() -> None:
    """A picture encoded and decoded differs by what JPEG loses only."""
    decoded = decode_color(encode_jpeg(collins(), 95))
    assert decoded.shape == collins().shape
    assert np.abs(decoded.astype(int) - collins()).mean() < 3


@pytest.mark.parametrize("decode", [decode_color, decode_gray])
def test_a_header_without_a_picture_cannot_be_decoded(decode: object) -> None:
    """Bytes that only begin as a JPEG file are refused as undecodable."""
    assert callable(decode)
    with pytest.raises(FrameRefused) as refusal:
        decode(b"\xff\xd8\xff\xd9")
    assert refusal.value.reason is RejectionReason.UNDECODABLE
