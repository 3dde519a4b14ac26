"""Files as programs with `face_recognition` keep them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def encodings_folder(folder: Path, names: list[str] | dict[str, list[int]], rows: int, length: int = 128) -> Path:
    """Makes a folder with `rows` random encodings and their labels, and returns it."""
    folder.mkdir()
    np.save(folder / "encodings.npy", np.random.default_rng(1).normal(size=(rows, length)))
    (folder / "labels.json").write_text(json.dumps(names))
    return folder
