"""Where a body ends."""

import pytest
from hypothesis import given, strategies

from portero_bridge.sources.http.framing import Chunked, Framing, Sized, Unframed, framing_of
from portero_bridge.sources.http.head import read_head


def framing(*lines: bytes, is_stream: bool = False) -> Framing:
    """Returns the framing of an answer with these header lines."""
    return framing_of(read_head(b"\r\n".join([b"HTTP/1.1 200 OK", *lines])), is_stream=is_stream)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([b"Content-Length: 5"], Sized),
        ([b"Content-Length: 5", b"Content-Length: 5"], Sized),
        ([b"Content-Length: 5", b"Content-Length: 6"], Unframed),
        ([b"Content-Length: -5"], Unframed),
        ([b"Content-Length: five"], Unframed),
        ([], Unframed),
        ([b"Transfer-Encoding: Chunked", b"Content-Length: 5"], Chunked),
    ],
)
def test_header_tells_the_framing(lines: list[bytes], kind: type) -> None:
    """A length counts where there is one that can be right, and chunks before it."""
    assert type(framing(*lines)) is kind


def test_streams_have_no_length() -> None:
    """What never ends may claim one."""
    assert type(framing(b"Content-Length: 0", is_stream=True)) is Unframed


def test_sized_body_ends_with_its_last_byte() -> None:
    """Bytes behind it are not the body's."""
    body = Sized(5)
    assert (body.feed(b"abc"), body.is_complete) == (b"abc", False)
    assert (body.feed(b"defg"), body.is_complete) == (b"de", True)


@given(
    chunks=strategies.lists(strategies.binary(min_size=1, max_size=40), max_size=6),
    step=strategies.integers(1, 30),
    end=strategies.sampled_from([b"\r\n", b"\n"]),
)
def test_chunks_come_out_however_they_come_in(chunks: list[bytes], step: int, end: bytes) -> None:
    """Sizes may have blanks and extensions around them, and lines end either way."""
    stream = b"".join(b" %x ;a=b" % len(chunk) + end + chunk + b"\r\n" for chunk in chunks) + b"0\r\n\r\n"
    body = Chunked()
    came = b"".join(body.feed(stream[at : at + step]) for at in range(0, len(stream), step))
    assert came == b"".join(chunks)
    assert body.is_complete


@pytest.mark.parametrize("data", [b"--B\r\nContent-Type: image/jpeg\r\n\r\n", b"\xff\xd8" + b"x" * 300])
def test_what_only_says_that_it_is_chunked_is_taken_as_it_comes(data: bytes) -> None:
    """A first line that is not a size, or no line at all, is the body."""
    body = Chunked()
    assert b"".join(body.feed(data[at : at + 1]) for at in range(len(data))) == data
    assert not body.is_complete
