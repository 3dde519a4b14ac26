"""Forms with files (multipart/form-data, RFC 7578), of a body that is in memory and bounded already."""

from __future__ import annotations

from email.message import Message

_MOST_PARTS = 16
_LONGEST_BOUNDARY = 70
_LINE = b"\r\n"


class MalformedForm(Exception):
    """The body is no form of its content type; the message says why."""


def fields_of(body: bytes, content_type: str) -> dict[str, bytes]:
    """Returns the contents of a form's fields; of one that comes twice, the last.

    Args:
        body: The form.
        content_type: The header, with its boundary.

    Raises:
        MalformedForm: It cannot be read, or has more than 16 fields.
    """
    boundary = _parameter("content-type", content_type, "boundary")
    if not 1 <= len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
        raise MalformedForm(f"its Content-Type names no boundary of 1 to {_LONGEST_BOUNDARY} characters")
    pieces = (_LINE + body).split(_LINE + b"--" + boundary.encode(), _MOST_PARTS + 2)
    if len(pieces) > _MOST_PARTS + 2:
        raise MalformedForm(f"it has more than {_MOST_PARTS} fields")
    if len(pieces) == 1 or not pieces[-1].startswith(b"--"):
        raise MalformedForm("it does not end with its boundary")
    return dict(map(_field, pieces[1:-1]))


def _field(piece: bytes) -> tuple[str, bytes]:
    head, empty_line, content = piece.partition(_LINE + _LINE)
    name = ""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            name = _parameter("content-disposition", value.strip(), "name")
    if not empty_line or not name:
        raise MalformedForm("a field of it has no name")
    return name, content


def _parameter(header: str, value: str, parameter: str) -> str:
    message = Message()
    try:
        message[header] = value
        found = message.get_param(parameter, "", header)
    except ValueError:
        return ""
    return found if isinstance(found, str) else ""
