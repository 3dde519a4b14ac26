"""People read from the files of face_recognition."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from portero_cli.encodings_source import people_of, read_encodings
from portero_client import InvalidArgument


def test_rows_of_one_name_are_one_person(tmp_path: Path) -> None:
    """Each person comes once, with an id made of the name and all their faces as float32."""
    rows = np.random.default_rng(1).normal(size=(3, 128))
    np.save(tmp_path / "encodings.npy", rows)
    (tmp_path / "labels.json").write_text(json.dumps({"Ana Díaz": [0, 2], "bo": 1}))
    found = read_encodings(tmp_path / "encodings.npy", tmp_path / "labels.json")
    assert [(each.person, each.display_name) for each in found.records] == [
        ("people/ana-diaz", "Ana Díaz"),
        ("people/bo", "bo"),
    ]
    assert [face.encoding for face in found.records[0].faces] == [rows[row].astype("<f4").tobytes() for row in (0, 2)]
    assert found.left_out == ()


def test_encodings_of_another_model_are_refused_by_their_length(tmp_path: Path) -> None:
    """Another number of numbers is told as another face model, with what to do."""
    np.save(tmp_path / "encodings.npy", np.zeros((2, 512)))
    with pytest.raises(
        InvalidArgument, match=r"512 numbers a face, and those of face_recognition .* have 128"
    ) as refused:
        read_encodings(tmp_path / "encodings.npy", tmp_path / "labels.json")
    assert refused.value.reason == "OTHER_MODEL"
    with pytest.raises(InvalidArgument, match=r"gone\.npy cannot be read: no such file"):
        read_encodings(tmp_path / "gone.npy", tmp_path / "labels.json")


def test_rows_that_are_nobody_s_are_left_out() -> None:
    """Broken numbers, names without a letter and two names of one id are told, and the others are imported."""
    rows = [[0.1] * 128 for _ in range(5)]
    rows[1][7] = float("nan")
    found = people_of(rows, ["Ana", "Bo", "---", "ANA", "Cy"], "e.npy")
    assert [each.display_name for each in found.records] == ["Ana", "Cy"]
    assert {each.path: each.reason for each in found.left_out} == {
        "e.npy, row 1": "BAD_ENCODING",
        "e.npy, ---": "NO_ID",
        "e.npy, ANA": "ALREADY_EXISTS",
    }
    assert found.records[0].faces[0].encoding == struct.pack("<128f", *rows[0])
