"""Everybody we know, as one matrix in memory: a batch of faces is compared with all of them in one product."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detections import Candidate
from portero_server.engines.base import GalleryFace
from portero_server.errors import EngineError

_Vectors = NDArray[np.float32]

_FIRST_CAPACITY = 64
_BLOCK = 256


class LocalGallery:
    """Enrolled faces. Not thread-safe: all calls come from one thread.

    Invariants: rows 0..n-1 of the matrix are the faces, in the order of `_faces`; `_row_of` is its inverse.
    Removing moves the last row into the gap, so the rows stay contiguous.
    """

    def __init__(self, length: int) -> None:
        """Begins empty, for vectors of `length` numbers."""
        self._length = length
        self._vectors: _Vectors = np.empty((_FIRST_CAPACITY, length), np.float32)
        self._squares: _Vectors = np.empty(_FIRST_CAPACITY, np.float32)
        self._faces: list[tuple[str, str]] = []
        self._row_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._faces)

    def add(self, faces: Iterable[GalleryFace]) -> None:
        """Adds faces; one that is there already is replaced. All or none.

        Raises:
            EngineError: An embedding is missing, or not one of this engine's.
        """
        for face, vector in [(face, self._vector(face)) for face in faces]:
            row = self._row_of.get(face.face_id)
            if row is None:
                row = len(self._faces)
                self._grow(row + 1)
                self._faces.append((face.person_id, face.face_id))
                self._row_of[face.face_id] = row
            else:
                self._faces[row] = (face.person_id, face.face_id)
            self._vectors[row] = vector
            self._squares[row] = vector @ vector

    def remove(self, face_ids: Iterable[str]) -> None:
        """Removes faces; those it does not have are passed over."""
        for face_id in face_ids:
            row = self._row_of.pop(face_id, None)
            if row is None:
                continue
            last = len(self._faces) - 1
            moved = self._faces.pop()
            if row != last:
                self._faces[row] = moved
                self._row_of[moved[1]] = row
                self._vectors[row] = self._vectors[last]
                self._squares[row] = self._squares[last]

    def replace(self, faces: Iterable[GalleryFace]) -> None:
        """Forgets everybody and adds these faces instead; when one of them is refused, nothing changes.

        Raises:
            EngineError: As for `add`.
        """
        fresh = LocalGallery(self._length)
        fresh.add(faces)
        self._vectors, self._squares = fresh._vectors, fresh._squares
        self._faces, self._row_of = fresh._faces, fresh._row_of

    def search(self, probes: _Vectors, most: int) -> list[tuple[Candidate, ...]]:
        """Finds whom each face resembles.

        Similarity is 1 minus the Euclidean distance, cut at 0.

        Args:
            probes: Faces x length.
            most: Most candidates for each, at least one.

        Returns:
            For each face its candidates, best first, each person once, by their best face.
        """
        count = len(self._faces)
        if not count:
            return [()] * len(probes)
        vectors = self._vectors[:count]
        # |a - b|^2 = |a|^2 + |b|^2 - 2ab; |a|^2 is the same for all of one face's candidates, so it is left out.
        # Doubling the few probes instead of the products spares a pass over all of them.
        scores = (np.float32(-2.0) * probes) @ vectors.T
        scores += self._squares[:count]
        return [self._best(probe, row, most) for probe, row in zip(probes, scores, strict=True)]

    def _best(self, probe: _Vectors, scores: _Vectors, most: int) -> tuple[Candidate, ...]:
        wanted = 4 * most
        while True:
            # Distances of the few nearest are computed again: the product is off by up to 0.001 near zero.
            nearest = _nearest(scores, wanted)
            apart = self._vectors[nearest]
            apart -= probe
            squares = np.einsum("ij,ij->i", apart, apart)
            best: dict[str, Candidate] = {}
            for index in np.argsort(squares, kind="stable").tolist():
                person_id, face_id = self._faces[nearest[index]]
                if person_id not in best:
                    similarity = max(0.0, 1.0 - math.sqrt(squares[index]))
                    best[person_id] = Candidate(person_id, face_id, similarity)
                    if len(best) == most:
                        break
            if len(best) >= most or wanted >= len(scores):
                return tuple(best.values())[:most]
            # The nearest faces were of too few people: some have many photographs.
            wanted *= 4

    def _vector(self, face: GalleryFace) -> _Vectors:
        vector = np.frombuffer(face.embedding or b"", dtype="<f4") if len(face.embedding or b"") % 4 == 0 else None
        if vector is None or vector.shape != (self._length,) or not np.isfinite(vector).all():
            raise EngineError(f"face {face.face_id} was not learned by this engine; enroll its photograph again")
        return vector.astype(np.float32)

    def _grow(self, needed: int) -> None:
        capacity = len(self._squares)
        if needed <= capacity:
            return
        # Doubling keeps the copying small whatever the size of the gallery.
        self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
        self._squares = np.concatenate([self._squares, np.empty_like(self._squares)])


def _nearest(scores: _Vectors, wanted: int) -> NDArray[np.intp]:
    """Gives the rows of the lowest scores, as many as wanted or all, in no order."""
    if wanted >= len(scores):
        return np.arange(len(scores))
    rows = np.arange(0)
    full = len(scores) // _BLOCK
    if full > wanted:
        # So many blocks have a score that low: no wanted one is above. Two quick passes instead of a partition of all.
        lowest = scores[: full * _BLOCK].reshape(full, _BLOCK).min(axis=1)
        rows = np.flatnonzero(scores <= np.partition(lowest, wanted - 1)[wanted - 1])
        scores = scores[rows]
        if len(rows) == wanted:
            return rows
    nearest = np.argpartition(scores, wanted)[:wanted]
    return rows[nearest] if len(rows) else nearest
