"""Encodings in NumPy's files."""

from __future__ import annotations

import contextlib
import io
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_cli.npy_file import read_npy, write_npy
from portero_client import InvalidArgument


def _saved(table: Any, **options: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, table, **options)
    return file.getvalue()


@given(
    st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3), max_size=5),
    st.sampled_from(["<f8", ">f8", "<f4", ">f4"]),
    st.booleans(),
)
def test_numpy_s_files_are_read_whatever_their_form(rows: list[list[float]], kind: str, by_columns: bool) -> None:
    """Numbers of either size, byte order and direction come out as they went in."""
    table = np.array(rows, kind).reshape(len(rows), 3)
    found = read_npy(_saved(np.asfortranarray(table) if by_columns else table), "e.npy")
    assert (found.length, len(found)) == (3, len(rows))
    assert [list(found.row(index)) for index in range(len(found))] == rows


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=4, max_size=4), max_size=5))
def test_what_is_written_numpy_reads(rows: list[list[float]]) -> None:
    """NumPy reads the file as a table of float64, and so is it read here, exactly."""
    file = write_npy([struct.pack("<4f", *row) for row in rows], 4)
    loaded = np.load(io.BytesIO(file))
    assert (loaded.dtype, loaded.shape) == (np.float64, (len(rows), 4))
    assert loaded.tolist() == rows
    assert list(read_npy(file, "e.npy").numbers) == [number for row in rows for number in row]


def test_one_encoding_alone_is_a_row() -> None:
    """Who saved a single encoding has one face."""
    assert len(read_npy(_saved(np.zeros(128)), "e.npy")) == 1


class _Spring:
    """Would raise if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('opened')",)


def test_python_objects_are_never_opened() -> None:
    """A file that would run what is in it is refused, with how to save the numbers alone."""
    trap = _saved(np.array([_Spring()], object), allow_pickle=True)
    with pytest.raises(InvalidArgument, match="are not opened, since that would run what is in them"):
        read_npy(trap, "e.npy")
    with pytest.raises(InvalidArgument, match=r"is no \.npy file"):
        read_npy(pickle.dumps([1.0]), "e.npy")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
        b"\x93NUMPY\x01\x00\x04\x00[1]\n",
        _saved(np.zeros((2, 3)))[:-1],
        _saved(np.zeros((2, 3))) + b"0",
        _saved(np.zeros((2, 3), np.int64)),
        _saved(np.zeros((2, 3), np.complex128)),
        _saved(np.zeros((1, 2, 3))),
        _saved(np.array(["Ana"])),
        _saved(np.zeros((2, 3))).replace(b"(2, 3)", b"(-2,3)"),
        _saved(np.zeros((2, 3))).replace(b"(2, 3)", b"(True)"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(data: bytes) -> None:
    """Damaged files and other contents are told in a line that names the file."""
    with pytest.raises(InvalidArgument, match=r"^e\.npy "):
        read_npy(data, "e.npy")


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    """Whatever follows NumPy's first bytes is read or refused."""
    with contextlib.suppress(InvalidArgument):
        read_npy(b"\x93NUMPY\x01\x00" + data, "e.npy")
