"""JPEG files out of what cameras send."""

import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from portero_bridge.sources import multipart
from portero_bridge.sources.multipart import MultipartParser, PartLimits, boundary_of
from portero_client import jpeg_file
from tests.support.bridge.odd_camera import shot

BOUNDARY = "frame"


def jpeg(content: bytes) -> bytes:
    """Returns something that begins and ends as a JPEG file does."""
    return b"\xff\xd8" + content + b"\xff\xd9"


def part(body: bytes, length: int | None = None, end: bytes = b"\r\n") -> bytes:
    """Returns a part as an ESP32-CAM sends it, its boundary first."""
    header = b"Content-Type: image/jpeg" + end
    if length is not None:
        header += b"Content-Length: %d" % length + end
    return end + b"--" + BOUNDARY.encode() + end + header + end + body


def parse(data: bytes, step: int = 0, limits: PartLimits | None = None) -> list[bytes]:
    """Parses data in pieces of a size."""
    parser = MultipartParser(BOUNDARY, limits)
    pieces = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    return [file for piece in pieces for file in parser.feed(piece)]


def test_part_with_a_length_is_given_at_once() -> None:
    """A file is complete with its last byte, not with the boundary of the next one."""
    body = jpeg(b"one")
    assert parse(part(body, len(body))) == [body]


def test_part_without_a_length_ends_at_the_next_boundary() -> None:
    """Cameras that send no Content-Length are understood."""
    one, two = jpeg(b"one"), jpeg(b"two")
    assert parse(part(one) + part(two) + b"\r\n--frame--\r\n") == [one, two]


def test_bare_line_feeds_are_understood() -> None:
    """Headers that end with a line feed alone are headers."""
    body = jpeg(b"one")
    assert parse(part(body, len(body), b"\n")) == [body]


def test_garbage_between_parts_is_skipped() -> None:
    """Bytes that belong to no part, and parts that are not JPEG, are passed over."""
    one, two = jpeg(b"one"), jpeg(b"two")
    garbage = b"\x00\xff\xd8garbage--fra\r\n\r\n" * 50
    assert parse(part(one, len(one)) + garbage + part(b"<html>sorry</html>", 18) + part(two, len(two))) == [
        one,
        two,
    ]


def test_wrong_lengths_are_not_believed() -> None:
    """A length that is too long, too short, or absurd does not cost the next picture."""
    one, two, three = jpeg(b"one" * 50), jpeg(b"two"), jpeg(b"three")
    for length in (len(one) + 40, len(one) - 40, 999_999_999, 0):
        assert parse(part(one, length) + part(two, len(two)) + part(three, len(three)))[-2:] == [two, three]


def test_header_cut_off_by_the_next_part_costs_one_picture() -> None:
    """A connection that lost bytes in a header goes on with the next part."""
    one, two = jpeg(b"one"), jpeg(b"two")
    cut = part(one, len(one))[:30]
    assert parse(cut + part(two, len(two))) == [two]


def test_endless_header_and_endless_part_are_given_up() -> None:
    """Nothing that a camera sends makes the parser hold more than its limits."""
    limits = PartLimits(header_bytes=200, body_bytes=1_000)
    parser = MultipartParser(BOUNDARY, limits)
    body = jpeg(b"one")
    for stream in (b"\r\n--frame\r\n" + b"X: y\r\n" * 10_000, part(b"\xff\xd8" + b"z" * 50_000)):
        for at in range(0, len(stream), 100):
            assert parser.feed(stream[at : at + 100]) == []
            assert len(parser._buffer) <= 1_400
        assert parser.feed(part(body, len(body))) == [body]
    assert parser.skipped >= 2


def test_part_that_is_too_large_by_its_own_word_is_skipped() -> None:
    """A length above the limit is read as none, and the part is dropped where it grows too large."""
    body = jpeg(b"z" * 2_000)
    small = jpeg(b"one")
    limits = PartLimits(body_bytes=1_000)
    assert parse(part(body, len(body)) + part(small, len(small)), 64, limits) == [small]


def test_picture_without_a_length_ends_at_its_end_marker() -> None:
    """Nothing is waited for, and what follows belongs to nobody."""
    one, two = shot(1), shot(2)
    parser = MultipartParser(BOUNDARY)
    assert parser.feed(part(one)) == [one]
    assert parser.feed(b"padding" + part(two)) == [two]
    assert parser.take_trimmed() == len("padding")
    assert parser.take_trimmed() == 0


def test_boundary_counts_only_where_a_part_can_end() -> None:
    """Not in a comment, and not in the data of a picture whose length is right."""
    line = b"\r\n--" + BOUNDARY.encode() + b"\r\n"
    comment = shot(1)[:2] + b"\xff\xfe" + (len(line) + 2).to_bytes(2) + line + shot(1)[2:]
    assert parse(part(comment) + part(shot(2))) == [comment, shot(2)]
    in_data = shot(1)[:-50] + line + shot(1)[-50:]
    assert parse(part(in_data, len(in_data)) + part(shot(2))) == [in_data, shot(2)]
    # Without a length, or with a wrong one, such a line means that the rest was lost.
    for length in (None, len(in_data) - 60, len(in_data) + 60):
        assert parse(part(in_data, length) + part(shot(2)))[-1] == shot(2)


def test_picture_that_lost_its_rest_does_not_cost_the_next() -> None:
    """The half is given, for the server to refuse, and what follows is whole."""
    half = shot(1)[:-200]
    for cut in (part(half), part(half, len(half)), part(half, len(shot(1)))):
        assert parse(cut + part(shot(2)) + part(shot(3)))[-2:] == [shot(2), shot(3)]


def test_boundaries_of_all_makes() -> None:
    """Quotes, leading dashes and further parameters in the content type are understood."""
    assert boundary_of("multipart/x-mixed-replace;boundary=123") == "123"
    assert boundary_of("multipart/x-mixed-replace; boundary='a b'") == "a b"
    assert boundary_of('multipart/x-mixed-replace; boundary="ab') == "ab"
    assert boundary_of('multipart/x-mixed-replace; boundary="a b"; charset=x') == "a b"
    assert boundary_of("multipart/x-mixed-replace") is None
    body = jpeg(b"one")
    dashed = MultipartParser("--frame")
    assert dashed.feed(part(body, len(body))) == [body]


@settings(max_examples=60, deadline=None)
@given(
    bodies=strategies.lists(
        strategies.tuples(strategies.binary(max_size=60), strategies.booleans()), min_size=1, max_size=8
    ),
    garbage=strategies.binary(max_size=30),
    step=strategies.integers(1, 50),
)
def test_pieces_do_not_matter(bodies: list[tuple[bytes, bool]], garbage: bytes, step: int) -> None:
    """However the stream is cut into pieces, the same files come out, and only files come out."""
    stream = b"".join(
        part(jpeg(body), len(jpeg(body)) if sized else None) + (garbage if sized else b"") for body, sized in bodies
    )
    files = parse(stream, step)
    assert files == parse(stream)
    assert all(file.startswith(b"\xff\xd8") for file in files)


@settings(max_examples=150, deadline=None)
@given(
    damage=strategies.lists(strategies.tuples(strategies.integers(0, 10_000), strategies.integers(0, 255)), max_size=6),
    lengths=strategies.lists(strategies.sampled_from([None, 0, -60, 60, 9_000]), min_size=1, max_size=4),
    boundary=strategies.sampled_from([None, BOUNDARY, "--frame", "other"]),
    limit=strategies.sampled_from([1_500, 10_000]),
    step=strategies.integers(1, 300),
)
def test_pieces_do_not_matter_to_damaged_pictures(
    damage: list[tuple[int, int]], lengths: list[int | None], boundary: str | None, limit: int, step: int
) -> None:
    """Real pictures, flipped bytes and wrong lengths come out the same however the stream is cut, and are bounded."""
    stream = bytearray()
    for number, off in enumerate(lengths):
        stream += part(shot(number), None if off is None else len(shot(number)) + off)
    for at, value in damage:
        stream[at % len(stream)] = value
    limits = PartLimits(200, limit)
    whole, cut = MultipartParser(boundary, limits), MultipartParser(boundary, limits)
    files = []
    for at in range(0, len(stream), step):
        files += cut.feed(bytes(stream[at : at + step]))
        assert len(cut._buffer) <= 200 + limit + step + 260
    assert files == whole.feed(bytes(stream))


@settings(max_examples=200, deadline=None)
@given(data=strategies.binary(max_size=300), step=strategies.integers(1, 40))
def test_nothing_breaks_the_parser(data: bytes, step: int) -> None:
    """After any bytes at all, a good part is understood within the next two."""
    parser = MultipartParser(BOUNDARY, PartLimits(header_bytes=100, body_bytes=200))
    for at in range(0, len(data), step):
        parser.feed(data[at : at + step])
    body = jpeg(b"good")
    again = [file for _ in range(12) for file in parser.feed(part(body, len(body)))]
    assert body in again


class _Watched(bytearray):
    """A buffer that counts how many of its bytes were looked at."""

    looked_at = 0

    def find(self, sought: Any, start: Any = 0, end: Any = None) -> int:
        """Searches, and counts up to where it found."""
        end = len(self) if end is None else min(end, len(self))
        at = super().find(sought, start, end)
        self.looked_at += max(0, (end if at < 0 else at) - start)
        return at

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            self.looked_at += len(range(*which.indices(len(self))))
        return super().__getitem__(which)


@pytest.mark.parametrize(
    "part",
    [
        b"--frame",
        b"--frame\r\n\r\n",
        b"--frame\r\nContent-Length: 5000000\r\n\r\n",
        b"--frame\r\nContent-Length: 5000000\r\n\r\n\xff\xd8\xff\xd9\r\n",
        b"--frame\r\nX: " + b"y" * 9000,
        b"\n--frame\r\n\r\n" + shot(1)[:600],
        b"--frame\r\nContent-Length: 5000000\r\n\r\n" + shot(1)[:600],
        b"--frame\r\n\r\n\xff\xd8\xff\xe1\xff\xff",
        b"--frame\r\n\r\n\xff\xd8\xff\xda\x00\x08\x01\x00\x00\x00\x00\x00\xff\xe1\xff\xff",
        b"\xff\xd8\xff\xe1\x00\x02",
    ],
)
def test_a_hostile_stream_costs_no_more_than_pictures(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the parts claim, each byte is looked at a few times and not again for every part."""
    stream = part * (600_000 // len(part))
    parser = MultipartParser("frame")
    buffer = parser._buffer = _Watched(b"\n")

    class Counted:
        """A pattern whose searches are counted too."""

        def __init__(self, pattern: re.Pattern[bytes]) -> None:
            self._pattern = pattern

        def search(self, data: bytes, start: int = 0, end: int = 10**9) -> Any:
            """Searches, and counts up to what was found."""
            found = self._pattern.search(data, start, end)
            buffer.looked_at += (found.end() if found else min(end, len(data))) - start
            return found

        match = search

    monkeypatch.setattr(multipart, "_HEADER_END", Counted(multipart._HEADER_END))
    monkeypatch.setattr(jpeg_file, "_AFTER_DATA", Counted(jpeg_file._AFTER_DATA))
    next_pattern = parser._next_pattern
    monkeypatch.setattr(parser, "_next_pattern", lambda: Counted(next_pattern()))
    monkeypatch.setattr(parser, "_next", Counted(parser._next))
    assert parser._boundary is not None
    monkeypatch.setattr(parser, "_boundary", Counted(parser._boundary))
    for at in range(0, len(stream), 65_536):
        parser.feed(stream[at : at + 65_536])
    assert buffer.looked_at < 6 * len(stream)
