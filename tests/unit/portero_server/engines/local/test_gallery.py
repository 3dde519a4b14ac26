"""The gallery in memory, held against a naive loop."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from portero_server.domain.detection.detections import Candidate
from portero_server.engines.base import GalleryFace
from portero_server.engines.local.encode.encoder import SimilarityScale
from portero_server.engines.local.gallery import LocalGallery
from portero_server.errors import EngineError

_LENGTH = 4
_vectors = st.lists(st.floats(-2, 2, width=16), min_size=_LENGTH, max_size=_LENGTH)
_faces = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 7), _vectors), max_size=80, unique_by=lambda face: face[0]
)


def _face(number: int, person: int, vector: Sequence[float]) -> GalleryFace:
    return GalleryFace(f"f{number}", f"p{person}", np.asarray(vector, "<f4").tobytes(), None)


def _naive(faces: Sequence[tuple[int, int, Sequence[float]]], probe: Sequence[float], most: int) -> list[float]:
    """The similarities of the best people, by comparing with each face one after the other."""
    best: dict[int, float] = {}
    for _, person, vector in faces:
        distance = float(np.linalg.norm(np.asarray(vector, np.float32) - np.asarray(probe, np.float32)))
        best[person] = max(best.get(person, 0.0), min(1.0, max(0.0, 1.0 - distance)))
    return sorted(best.values(), reverse=True)[:most]


def _one_by_one(
    faces: Sequence[GalleryFace], vectors: NDArray[np.float32], probe: NDArray[np.float32], most: int
) -> tuple[Candidate, ...]:
    """The candidates, by sorting all faces by their distance; of two as near, the one that was added first."""
    apart = vectors - probe
    squares = np.einsum("ij,ij->i", apart, apart)
    best: dict[str, Candidate] = {}
    for row in np.argsort(squares, kind="stable").tolist():
        face = faces[row]
        similarity = max(0.0, 1.0 - math.sqrt(squares[row]))
        best.setdefault(face.person_id, Candidate(face.person_id, face.face_id, similarity))
        if len(best) == most:
            break
    return tuple(best.values())


def _similarities(candidates: Sequence[Candidate]) -> list[float]:
    return [candidate.similarity for candidate in candidates]


@given(faces=_faces, probe=_vectors, most=st.integers(1, 6))
def test_a_search_finds_what_a_loop_finds(
    faces: list[tuple[int, int, list[float]]], probe: list[float], most: int
) -> None:
    """The candidates are the people whom a naive loop finds, best first and each once."""
    gallery = LocalGallery(_LENGTH)
    gallery.add(_face(*face) for face in faces)
    [candidates] = gallery.search(np.asarray([probe], np.float32), most)
    assert _similarities(candidates) == pytest.approx(_naive(faces, probe, most), abs=1e-3)
    assert len({candidate.person_id for candidate in candidates}) == len(candidates)


@given(faces=_faces, probes=st.lists(_vectors, min_size=1, max_size=9), most=st.integers(1, 6))
def test_a_batch_finds_what_each_face_finds_alone(
    faces: list[tuple[int, int, list[float]]], probes: list[list[float]], most: int
) -> None:
    """A batch, its faces one at a time and a sort of all distances give the very same candidates, ties included."""
    known = [_face(*face) for face in faces]
    gallery = LocalGallery(_LENGTH)
    gallery.add(known)
    asked = np.asarray(probes, np.float32)
    together = gallery.search(asked, most)
    assert together == [gallery.search(probe[np.newaxis], most)[0] for probe in asked]
    vectors = np.asarray([face[2] for face in faces], np.float32).reshape(-1, _LENGTH)
    assert together == [_one_by_one(known, vectors, probe, most) for probe in asked]


@pytest.mark.parametrize("photographs", [1, 3, 40])
@pytest.mark.parametrize(("spread", "shift"), [(0.05, 0.0), (0.001, 1.0)])
def test_many_faces_are_searched_in_blocks_like_one_by_one(photographs: int, spread: float, shift: float) -> None:
    """No nearer person is missed across blocks, even where faces differ by less than the product's error."""
    random = np.random.default_rng(17)
    vectors = (random.normal(0.0, spread, (6_000, 128)) + shift).astype(np.float32)
    # Equally near ones, in one block and in several.
    vectors[[70, 2_100, 5_999]] = vectors[7]
    known = [GalleryFace(f"f{n}", f"p{n // photographs}", vector.tobytes(), None) for n, vector in enumerate(vectors)]
    gallery = LocalGallery(128)
    gallery.add(known)
    probes = np.concatenate([vectors[[7, 5_998]], (random.normal(0.0, spread, (68, 128)) + shift).astype(np.float32)])
    together = gallery.search(probes, 5)
    assert together == [gallery.search(probe[np.newaxis], 5)[0] for probe in probes]
    assert together == [_one_by_one(known, vectors, probe, 5) for probe in probes]


def test_a_batch_among_many_takes_little_memory() -> None:
    """What a batch needs for comparing does not grow with the gallery."""
    gallery = LocalGallery(16)
    vectors = np.random.default_rng(3).normal(0.0, 0.05, (40_000, 16)).astype(np.float32)
    gallery.add(GalleryFace(f"f{row}", f"p{row}", vector.tobytes(), None) for row, vector in enumerate(vectors))
    tracemalloc.start()
    try:
        gallery.search(vectors[:64], 5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # All scores at once would be ten megabytes.
    assert peak < 2_000_000


@given(faces=_faces, gone=st.sets(st.integers(0, 60)), probe=_vectors)
def test_removed_faces_are_found_no_more(
    faces: list[tuple[int, int, list[float]]], gone: set[int], probe: list[float]
) -> None:
    """After any removals the gallery answers as if the faces had never been there."""
    gallery = LocalGallery(_LENGTH)
    gallery.add(_face(*face) for face in faces)
    gallery.remove(f"f{number}" for number in gone)
    left = [face for face in faces if face[0] not in gone]
    [candidates] = gallery.search(np.asarray([probe], np.float32), 5)
    assert len(gallery) == len(left)
    assert _similarities(candidates) == pytest.approx(_naive(left, probe, 5), abs=1e-3)


@given(faces=_faces, again=_faces, probe=_vectors)
def test_a_face_added_again_is_replaced(
    faces: list[tuple[int, int, list[float]]], again: list[tuple[int, int, list[float]]], probe: list[float]
) -> None:
    """Of two faces with one name, the later one counts."""
    gallery = LocalGallery(_LENGTH)
    gallery.add(_face(*face) for face in faces)
    gallery.add(_face(*face) for face in again)
    merged = {face[0]: face for face in [*faces, *again]}
    [candidates] = gallery.search(np.asarray([probe], np.float32), 5)
    assert _similarities(candidates) == pytest.approx(_naive(list(merged.values()), probe, 5), abs=1e-3)


def test_people_with_many_photographs_do_not_hide_others() -> None:
    """Even when the hundred nearest faces are one person's, the next people are found."""
    gallery = LocalGallery(_LENGTH)
    gallery.add(_face(number, 0, [0.001 * number, 0, 0, 0]) for number in range(100))
    gallery.add([_face(200, 1, [0.5, 0, 0, 0]), _face(201, 2, [0.6, 0, 0, 0])])
    [candidates] = gallery.search(np.zeros((1, _LENGTH), np.float32), 3)
    assert [candidate.person_id for candidate in candidates] == ["p0", "p1", "p2"]


def test_a_batch_is_answered_face_by_face() -> None:
    """Each face of a batch gets its own candidates, in order; a face met exactly has similarity 1."""
    gallery = LocalGallery(_LENGTH)
    gallery.add([_face(1, 1, [1, 0, 0, 0]), _face(2, 2, [0, 1, 0, 0])])
    answers = gallery.search(np.asarray([[0, 1, 0, 0], [1, 0, 0, 0]], np.float32), 1)
    assert [(a.person_id, a.face_id, a.similarity) for [a] in answers] == [("p2", "f2", 1.0), ("p1", "f1", 1.0)]


@pytest.mark.parametrize(
    "embedding",
    [None, b"", b"123", bytes(4 * (_LENGTH + 1)), np.full(_LENGTH, np.nan, "<f4").tobytes()],
    ids=["none", "empty", "odd", "too long", "not a number"],
)
def test_embeddings_of_another_model_are_refused(embedding: bytes | None) -> None:
    """A vector that this engine cannot have made is refused by the face's name, and nothing was added."""
    gallery = LocalGallery(_LENGTH)
    with pytest.raises(EngineError, match="bad-face"):
        gallery.add([_face(1, 1, [1, 0, 0, 0]), GalleryFace("bad-face", "p", embedding, None)])
    assert len(gallery) == 0


def test_a_refused_replacement_keeps_what_was_there() -> None:
    """Loading a gallery with one bad face changes nothing."""
    gallery = LocalGallery(_LENGTH)
    gallery.add([_face(1, 1, [1, 0, 0, 0])])
    with pytest.raises(EngineError):
        gallery.replace([GalleryFace("bad-face", "p", None, None)])
    assert len(gallery) == 1


def test_the_nearest_of_many_are_those_of_a_full_sort() -> None:
    """Among thousands of faces the best are found that comparing with each one by one would find."""
    random = np.random.default_rng(5)
    vectors = random.normal(0.0, 0.05, (20_000, 128)).astype(np.float32)
    # Rows of equal vectors, next to each other and far apart, must not hide one another.
    vectors[7_001:7_004] = vectors[7_000]
    vectors[19_999] = vectors[7_000]
    gallery = LocalGallery(128)
    gallery.add(GalleryFace(f"f{row}", f"p{row}", vector.tobytes(), None) for row, vector in enumerate(vectors))
    for probe in (vectors[7_000], *random.normal(0.0, 0.05, (5, 128)).astype(np.float32)):
        (found,) = gallery.search(probe[np.newaxis], 8)
        distances = np.linalg.norm(vectors - probe, axis=1)
        expected = np.sort(distances)[:8]
        assert np.allclose([1.0 - each.similarity for each in found], expected, atol=1e-6)


def test_similarities_are_those_of_the_encoder_s_scale() -> None:
    """Vectors of length one at 60 degrees have a similarity of a half, and replacing the faces keeps the scale."""
    gallery = LocalGallery(2, SimilarityScale.COSINE)
    gallery.replace([_face(1, 1, [1.0, 0.0])])
    [candidates] = gallery.search(np.array([[0.5, math.sqrt(0.75)]], np.float32), 1)
    assert _similarities(candidates) == pytest.approx([0.5], abs=1e-6)
