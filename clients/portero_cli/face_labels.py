"""Reads and writes whose the encodings of `face_recognition` are: labels.json, as a list or as a dict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from portero_client import InvalidArgument

_NAME_KEYS = ("name", "label")
_MOST_TOLD = 5


def read_labels(data: bytes, rows: int, name: str) -> list[str]:
    """Returns the name of each row of the encodings.

    Args:
        data: JSON: a list of names, one for each row; a dict of row to name; or a dict of name to row or rows. A list
            may stand in a dict of its own ({"labels": [...]}), and its items may be dicts with a name.
        rows: Number of encodings.
        name: Name of the file, for messages.

    Raises:
        InvalidArgument: It has none of these forms, or a row has no name or two names.
    """
    try:
        told = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        raise _wrong(f"{name} is not a JSON file in UTF-8") from None
    if isinstance(told, dict) and len(told) == 1 and _is_list_of_names(only := next(iter(told.values()))):
        told = only
    if isinstance(told, list):
        return _of_list(told, rows, name)
    if isinstance(told, dict) and told and all(isinstance(value, str) for value in told.values()):
        return _of_pairs([(_row(row, name), label) for row, label in told.items()], rows, name)
    if isinstance(told, dict):
        pairs = [
            (_row(row, name), label)
            for label, value in told.items()
            for row in (value if isinstance(value, list) else [value])
        ]
        return _of_pairs(pairs, rows, name)
    raise _wrong(f"{name} must be a list of names, or a dict of rows and names")


def write_labels(labels: Sequence[str], *, as_dict: bool) -> bytes:
    """Returns a file that `read_labels` reads: a list of names, or a dict of name to rows."""
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    return (json.dumps(rows if as_dict else list(labels), ensure_ascii=False, indent=1) + "\n").encode()


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str | dict) for each in value)


def _of_list(told: list[Any], rows: int, name: str) -> list[str]:
    if len(told) != rows:
        raise _wrong(f"{name} has {len(told):,} labels, and there are {rows:,} encodings: they must be as many")
    return [_label(each, f"{name}, label {row}") for row, each in enumerate(told)]


def _of_pairs(pairs: Sequence[tuple[int, Any]], rows: int, name: str) -> list[str]:
    labels: list[str | None] = [None] * rows
    for row, label in pairs:
        if not 0 <= row < rows:
            raise _wrong(f"{name} has a label for row {row}, and there are {rows:,} encodings, from row 0 on")
        if labels[row] is not None:
            raise _wrong(f"{name} has two labels for row {row}")
        labels[row] = _label(label, f"{name}, row {row}")
    if missing := [row for row, label in enumerate(labels) if label is None]:
        told = ", ".join(map(str, missing[:_MOST_TOLD]))
        raise _wrong(f"{name} has no label for {len(missing):,} of {rows:,} encodings, such as row {told}")
    return [label for label in labels if label is not None]


def _row(value: object, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    raise _wrong(f"{name} must be a list of names, or a dict of rows and names; {str(value)[:40]!r} is not a row")


def _label(value: object, place: str) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in _NAME_KEYS if key in value), None)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{place}: the name is missing")
    return value.strip()


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="labels", reason="BAD_LABELS")
