"""Where a JPEG file ends."""

import pytest
from hypothesis import given, settings, strategies

from portero_client.jpeg_file import JpegDamaged, JpegWalk, TrimmedJpeg, trim_jpeg
from tests.support.images.jpegs import END, START, picture, segment

PLAIN = picture(96, 80)
PROGRESSIVE = picture(96, 80, progressive=True)


def _with_header_segment(data: bytes, marker: int, content: bytes) -> bytes:
    return data[:2] + segment(marker, content) + data[2:]


@pytest.mark.parametrize("file", [PLAIN, PROGRESSIVE, picture(96, 80, gray=True)], ids=["plain", "progressive", "gray"])
@pytest.mark.parametrize("behind", [b"", b"\x00" * 4096, b"junk", PLAIN, b"\xff\xd9"], ids=len)
def test_what_is_behind_the_end_marker_is_cut_and_counted(file: bytes, behind: bytes) -> None:
    """Padding, junk and further pictures go; the file stays as it is."""
    assert trim_jpeg(file + behind) == TrimmedJpeg(file, len(behind) - behind.count(b"\r") - behind.count(b"\n"))


def test_line_breaks_behind_the_end_marker_are_not_counted() -> None:
    """They belong to the protocol around the file."""
    assert trim_jpeg(PLAIN + b"\r\n\r\n") == TrimmedJpeg(PLAIN, 0)


def test_white_space_before_the_start_is_skipped() -> None:
    """Line breaks and zeros are no part of the file."""
    assert trim_jpeg(b"\r\n \x00" + PLAIN) == TrimmedJpeg(PLAIN, 0)


def test_the_end_marker_of_a_thumbnail_is_not_the_files() -> None:
    """A small file within a segment, and one within a comment, are stepped over."""
    for marker in (0xE1, 0xFE):
        file = _with_header_segment(PLAIN, marker, b"Exif\0\0" + picture(80, 80))
        assert trim_jpeg(file + b"xx") == TrimmedJpeg(file, 2)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"<html>", b"\x89PNG", PLAIN[:-2], PLAIN[:300], START + b"hello" + END, START + START],
    ids=["empty", "half", "page", "png", "no end", "half header", "no segments", "two starts"],
)
def test_what_is_no_whole_file_comes_back_as_it_is(data: bytes) -> None:
    """Whoever takes it says what is wrong with it."""
    assert trim_jpeg(data) == TrimmedJpeg(data, 0)


def test_a_new_start_marker_in_the_data_is_damage() -> None:
    """A picture that lost its rest does not swallow the next one."""
    cut = PLAIN[:-100]
    with pytest.raises(JpegDamaged) as damaged:
        JpegWalk().advance(cut + PLAIN)
    assert damaged.value.at == len(cut)


def test_flipped_bits_that_look_like_a_segment_do_not_lead_away() -> None:
    """A marker in the data whose length leads nowhere is data."""
    walk = JpegWalk()
    scan = PLAIN.index(b"\xff\xda") + 14
    damaged = PLAIN[:scan] + b"\xff\xc4\x00\x40" + PLAIN[scan:]
    assert walk.advance(damaged + b"\x00" * 100) == len(damaged)


def test_a_file_is_given_up_behind_its_limit() -> None:
    """However long the data go on, and wherever a length leads."""
    for endless in (PLAIN[:-2] + b"\x00" * 5000, START + segment(0xE1, b"x" * 5000)):
        with pytest.raises(JpegDamaged):
            JpegWalk(4000).advance(endless)


@settings(max_examples=60, deadline=None)
@given(
    steps=strategies.lists(strategies.integers(1, 400), min_size=1, max_size=30),
    behind=strategies.binary(max_size=40),
    flips=strategies.lists(
        strategies.tuples(strategies.integers(2, len(PLAIN) - 1), strategies.integers(0, 255)), max_size=3
    ),
)
def test_pieces_do_not_matter(steps: list[int], behind: bytes, flips: list[tuple[int, int]]) -> None:
    """However the bytes come, sound or damaged, the end is found at the same place, or the same damage."""
    data = bytearray(PLAIN + behind)
    for at, value in flips:
        data[at] = value

    def outcome(cuts: list[int]) -> object:
        walk = JpegWalk()
        try:
            return next((end for cut in cuts if (end := walk.advance(data[:cut])) is not None), None)
        except JpegDamaged as damage:
            return ("damaged", damage.at)

    cuts, at = [], 0
    for step in steps:
        at = min(len(data), at + step)
        cuts.append(at)
    assert outcome([*cuts, len(data)]) == outcome([len(data)])
