"""The gallery as one matrix in memory: a batch of faces is compared with all enrolled faces in one product."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import Candidate
from portero_server.engines.base import GalleryFace
from portero_server.engines.local.encode.encoder import SimilarityScale
from portero_server.engines.local.nearest import nearest
from portero_server.errors import EngineError

_Vectors = NDArray[np.float32]

_FIRST_CAPACITY = 64
# Searched together: with more, the blocks of the gallery become too narrow for the product to be quick.
_PROBES = 64


class LocalGallery:
    """Enrolled faces. Not thread-safe: all calls come from one thread.

    Invariants: rows 0..n-1 of the matrix are the faces, in the order of `_faces`; `_row_of` is its inverse.
    Removing moves the last row into the gap, so the rows stay contiguous. `_photographs` counts each person's faces;
    no squared norm is above `_longest`.
    """

    def __init__(self, length: int, scale: SimilarityScale = SimilarityScale.DISTANCE) -> None:
        """Begins empty, for vectors of `length` numbers."""
        self._length = length
        self._scale = scale
        self._vectors: _Vectors = np.empty((_FIRST_CAPACITY, length), np.float32)
        self._squares: _Vectors = np.empty(_FIRST_CAPACITY, np.float32)
        self._faces: list[tuple[str, str]] = []
        self._row_of: dict[str, int] = {}
        self._photographs: Counter[str] = Counter()
        self._longest = 0.0

    def __len__(self) -> int:
        return len(self._faces)

    @property
    def people(self) -> int:
        """How many people have faces here."""
        return len(self._photographs)

    def add(self, faces: Iterable[GalleryFace]) -> None:
        """Adds faces, replacing existing ones: all or none.

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
                self._uncount(self._faces[row][0])
                self._faces[row] = (face.person_id, face.face_id)
            self._photographs[face.person_id] += 1
            self._vectors[row] = vector
            self._squares[row] = vector @ vector
            self._longest = max(self._longest, float(self._squares[row]))

    def remove(self, face_ids: Iterable[str]) -> None:
        """Removes faces; unknown ones are ignored."""
        for face_id in face_ids:
            row = self._row_of.pop(face_id, None)
            if row is None:
                continue
            self._uncount(self._faces[row][0])
            last = len(self._faces) - 1
            moved = self._faces.pop()
            if row != last:
                self._faces[row] = moved
                self._row_of[moved[1]] = row
                self._vectors[row] = self._vectors[last]
                self._squares[row] = self._squares[last]

    def replace(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces all faces with these; if one of them is refused, nothing changes.

        Raises:
            EngineError: As for `add`.
        """
        fresh = LocalGallery(self._length, self._scale)
        fresh.add(faces)
        self._vectors, self._squares = fresh._vectors, fresh._squares
        self._faces, self._row_of = fresh._faces, fresh._row_of
        self._photographs, self._longest = fresh._photographs, fresh._longest

    def search(self, probes: _Vectors, most: int) -> list[tuple[Candidate, ...]]:
        """Returns the people that each face resembles.

        Similarity is that of the scale. Of equally near faces, the one added first counts; removing others may change
        which one that is.

        Args:
            probes: Faces x length.
            most: Most candidates for each, at least one.

        Returns:
            For each face its candidates, best first, each person once, by their best face.
        """
        if not self._faces:
            return [()] * len(probes)
        # So many rows are of so many people when all have as many photographs.
        wanted = most * -(-len(self._faces) // len(self._photographs))
        found: list[tuple[Candidate, ...]] = []
        for start in range(0, len(probes), _PROBES):
            found += self._best(probes[start : start + _PROBES], most, wanted)
        return found

    def similar(self, face: GalleryFace, most: int) -> tuple[Candidate, ...]:
        """Returns the people that an enrolled face resembles, its own person among them.

        Raises:
            EngineError: As for `add`.
        """
        return self.search(self._vector(face)[np.newaxis], most)[0]

    def _best(self, probes: _Vectors, most: int, wanted: int) -> list[tuple[Candidate, ...]]:
        count = len(self._faces)
        near = nearest(probes, self._vectors[:count], self._squares[:count], self._longest, wanted)
        faces = [self._faces[row] for row in near.rows.tolist()]
        distances = [math.sqrt(square) for square in near.squares.tolist()]
        found: list[tuple[Candidate, ...]] = []
        start = 0
        for number, end in enumerate(near.ends):
            best: dict[str, Candidate] = {}
            for (person_id, face_id), distance in zip(faces[start:end], distances[start:end], strict=True):
                if person_id not in best:
                    best[person_id] = Candidate(person_id, face_id, self._scale.similarity(distance))
                    if len(best) == most:
                        break
            if len(best) < most and end - start < count:
                # The nearest faces were of too few people: some have many photographs.
                found += self._best(probes[number : number + 1], most, 4 * wanted)
            else:
                found.append(tuple(best.values()))
            start = end
        return found

    def _uncount(self, person_id: str) -> None:
        self._photographs[person_id] -= 1
        if not self._photographs[person_id]:
            del self._photographs[person_id]

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
