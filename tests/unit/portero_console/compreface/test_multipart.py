"""Forms with files."""

from __future__ import annotations

import pytest

from portero_console.compreface.multipart import MalformedForm, fields_of

_KIND = 'multipart/form-data; boundary="a b"'


def _form(*parts: bytes, end: bytes = b"--a b--\r\n") -> bytes:
    return b"".join(b"--a b\r\n" + part + b"\r\n" for part in parts) + end


def test_contents_are_returned_byte_by_byte() -> None:
    """Line ends, the beginning of a boundary and a preamble do not disturb; the last of two fields counts."""
    content = b"\r\n--a\r\n\x00\xff--a b\n\r"
    body = b"preamble\r\n" + _form(
        b'Content-Disposition: form-data; name="file"; filename="x.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + content,
        b"content-disposition: form-data; name=note\r\n\r\n",
        b"content-disposition: form-data; name=note\r\n\r\n2",
    )
    assert fields_of(body, _KIND) == {"file": content, "note": b"2"}


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", "multipart/form-data", "names no boundary"),
        (b"", f"multipart/form-data; boundary={'x' * 71}", "names no boundary"),
        (b"", _KIND, "does not end"),
        (_form(b"a: b\r\n\r\n", end=b""), _KIND, "does not end"),
        (_form(b"a: b\r\n\r\n"), _KIND, "has no name"),
        (_form(b"content-disposition: form-data; name=x"), _KIND, "has no name"),
        (_form(*[b"content-disposition: form-data; name=x\r\n\r\n"] * 17), _KIND, "more than 16"),
    ],
)
def test_what_is_no_form_says_why(body: bytes, kind: str, words: str) -> None:
    """A form without end, names or boundary is refused."""
    with pytest.raises(MalformedForm, match=words):
        fields_of(body, kind)


def test_sixteen_fields_are_taken() -> None:
    """The limit itself is within."""
    parts = [f"content-disposition: form-data; name=f{number}\r\n\r\n".encode() for number in range(16)]
    assert len(fields_of(_form(*parts), _KIND)) == 16
