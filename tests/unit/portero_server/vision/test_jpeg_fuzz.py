"""Whatever the bytes, the header check answers or refuses, and what it lets through can be given to the decoder."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.frames import FrameLimits, FrameRefused, RejectionReason
from portero_server.vision.jpeg import check_header, decode_color
from tests.support.images import jpegs

# Small, so that a mutation that passes does not decode megapixels.
_LIMITS = FrameLimits(min_side=16, max_side=400, max_bytes=20_000)
_PICTURES = [jpegs.picture(), jpegs.picture(progressive=True), jpegs.picture(gray=True)]
_HEADER = max(picture.rfind(b"\xff\xc4") for picture in _PICTURES) + 40

_changes = st.lists(st.tuples(st.integers(2, _HEADER), st.integers(0, 255)), min_size=1, max_size=6)


def _judge(data: bytes) -> tuple[int, int] | RejectionReason:
    """Returns the size or the reason; any other exception fails the test."""
    try:
        width, height = check_header(data, _LIMITS)
    except FrameRefused as refused:
        return refused.reason
    assert 16 <= width <= 400
    assert 16 <= height <= 400
    return width, height


@given(st.binary(max_size=400))
def test_any_bytes_are_judged(data: bytes) -> None:
    """Random bytes, with and without the start of a JPEG file, are answered or refused."""
    _judge(data)
    _judge(b"\xff\xd8" + data)
    _judge(b"\xff\xd8\xff" + data)


@given(picture=st.sampled_from(_PICTURES), changes=_changes)
def test_a_changed_header_is_judged_and_never_decoded_to_another_size(
    picture: bytes, changes: list[tuple[int, int]]
) -> None:
    """A file with changed bytes is refused, or decodes to the size that its header gave, or is undecodable."""
    changed = bytearray(picture)
    for at, value in changes:
        changed[at % len(changed)] = value
    judged = _judge(bytes(changed))
    if isinstance(judged, tuple):
        with suppress(FrameRefused):
            assert decode_color(bytes(changed)).shape[:2] == (judged[1], judged[0])


@given(picture=st.sampled_from(_PICTURES), data=st.data())
def test_an_inserted_or_lost_piece_is_judged(picture: bytes, data: st.DataObject) -> None:
    """A file with a piece cut out and another put in is answered or refused."""
    start = data.draw(st.integers(0, len(picture)))
    end = data.draw(st.integers(start, min(len(picture), start + 200)))
    _judge(picture[:start] + data.draw(st.binary(max_size=50)) + picture[end:])


@given(st.lists(st.tuples(st.integers(0xC0, 0xFF), st.binary(max_size=30)), max_size=40))
def test_any_sequence_of_segments_is_judged(segments: list[tuple[int, bytes]]) -> None:
    """Well-formed segments in any order and of any kind are answered or refused."""
    _judge(jpegs.START + b"".join(jpegs.segment(*segment) for segment in segments) + jpegs.END)
