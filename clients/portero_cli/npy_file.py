"""Reads and writes the encodings of `face_recognition` as NumPy stores them, without NumPy and without unpickling."""

from __future__ import annotations

import ast
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portero_client import InvalidArgument

_MAGIC = b"\x93NUMPY"
_CODES = {"f4": "f", "f8": "d"}
_LONGEST_HEADER = 64 * 1024
_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Encodings:
    """Rows of numbers: `numbers` is rows x length, row after row."""

    length: int
    numbers: Sequence[float]

    def __len__(self) -> int:
        return len(self.numbers) // self.length if self.length else 0

    def row(self, index: int) -> Sequence[float]:
        """Returns the numbers of one row."""
        return self.numbers[index * self.length : (index + 1) * self.length]


def read_npy(data: bytes, name: str) -> Encodings:
    """Returns the rows of a .npy file; a one-dimensional array is a single row.

    Args:
        data: The file: numbers of 4 or 8 bytes, of either byte order, stored by rows or by columns.
        name: Name of the file, for messages.

    Raises:
        InvalidArgument: It is not such a .npy file. One of Python objects is refused unread, since reading it would run
                code in it.
    """
    header, begin = _header(data, name)
    kind: Any = header.get("descr")
    shape: Any = header.get("shape")
    by_columns = header.get("fortran_order")
    if isinstance(kind, str) and kind.endswith("O"):
        raise _wrong(
            f"{name} holds Python objects, which are not opened, since that would run what is in them; save the "
            "numbers alone: np.save('encodings.npy', np.array(encodings, dtype=float))"
        )
    code = _CODES.get(kind[1:]) if isinstance(kind, str) and kind[:1] in "<>=" else None
    whole = isinstance(shape, tuple) and all(isinstance(side, int) and side >= 0 for side in shape)
    if code is None or not whole or len(shape) not in (1, 2) or not isinstance(by_columns, bool):
        raise _wrong(f"{name} must hold a table of floating-point numbers, a row for each face, not {kind} {shape}")
    rows, length = (1, shape[0]) if len(shape) == 1 else shape
    numbers = array(code)
    if len(data) - begin != rows * length * numbers.itemsize:
        raise _wrong(f"{name} is damaged: it has not as many numbers as it says")
    numbers.frombytes(data[begin:])
    if (kind[0] == ">") != (sys.byteorder == "big") and kind[0] != "=":
        numbers.byteswap()
    if by_columns and len(shape) == 2:
        numbers = array(code, [numbers[column * rows + row] for row in range(rows) for column in range(length)])
    return Encodings(length, numbers)


def write_npy(rows: Sequence[bytes], length: int) -> bytes:
    """Returns a .npy file of float64, as `face_recognition` makes its encodings.

    Args:
        rows: Float32 little-endian, each of `length` numbers.
        length: Numbers of a row.
    """
    numbers = array("d", [number for row in rows for number in struct.unpack(f"<{length}f", row)])
    if sys.byteorder == "big":
        numbers.byteswap()
    text = repr({"descr": "<f8", "fortran_order": False, "shape": (len(rows), length)}).encode()
    padding = -(len(_MAGIC) + 4 + len(text) + 1) % _ALIGNMENT
    text += b" " * padding + b"\n"
    return _MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text + numbers.tobytes()


def _header(data: bytes, name: str) -> tuple[dict[str, Any], int]:
    """Returns what a file says of itself, and where its numbers begin."""
    if not data.startswith(_MAGIC):
        raise _wrong(f"{name} is no .npy file, as np.save writes it")
    size, begin = (2, 10) if data[6:7] == b"\x01" else (4, 12)
    length = int.from_bytes(data[8 : 8 + size], "little")
    text = data[begin : begin + length]
    try:
        if length > _LONGEST_HEADER or len(text) < length:
            raise ValueError
        header = ast.literal_eval(text.decode("latin-1").strip())
        if not isinstance(header, dict):
            raise TypeError
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _wrong(f"{name} is damaged: its header cannot be read") from None
    return header, begin + length


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="encodings", reason="BAD_ENCODINGS")
