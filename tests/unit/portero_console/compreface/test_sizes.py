"""Sizes of photos, from their headers."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_console.compreface.sizes import Size, size_of


def _photo(kind: str) -> bytes:
    done, data = cv2.imencode(kind, np.zeros((48, 64, 3), np.uint8))
    assert done
    return bytes(data)


def _turned(orientation: int, order: str = ">") -> bytes:
    head = b"MM\x00\x2a" if order == ">" else b"II\x2a\x00"
    entries = struct.pack(f"{order}IHHHIHH", 8, 1, 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\x00\x00" + head + entries
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + _photo(".jpg")[2:]


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_the_size_is_that_of_the_header(kind: str) -> None:
    """What an encoder wrote is read."""
    assert size_of(_photo(kind)) == Size(64, 48)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photo_that_lies_is_turned(order: str) -> None:
    """The size is that of the photo upright, as the server's boxes are."""
    sizes = [size_of(_turned(orientation, order)) for orientation in range(10)]
    assert sizes == [*[Size(64, 48)] * 5, *[Size(48, 64)] * 4, Size(64, 48)]


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", _turned(6)[:40]]))
def test_no_bytes_make_it_fail(data: bytes, head: bytes) -> None:
    """Whatever the bytes are, they have a size or none."""
    found = size_of(head + data)
    assert found is None or found.width >= 0
    assert size_of(b"GIF89a" + data) is None
