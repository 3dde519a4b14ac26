"""What every encoder must do, so that the rest of the program need not know which it is; each makes a subclass."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.engines.local import encoder as processes
from portero_server.engines.local.encode.choice import tried_encoder
from portero_server.engines.local.encode.encoder import FaceEncoder, FacePatch
from portero_server.engines.local.encode.options import EncoderOptions
from portero_server.engines.local.workers import WorkerPool
from portero_server.vision.crops import crop_face
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import COLLINS_FACE, HOPPER_FACE, collins, hopper


def patch_of(portrait: Pixels, face: Box) -> FacePatch:
    """Cuts a face out, as the pipeline does."""
    crop = crop_face(portrait, face)
    return FacePatch(crop.pixels, crop.face)


def scaled(patch: FacePatch, times: float) -> FacePatch:
    """Returns the same face in more pixels, or fewer."""
    way = cv2.INTER_AREA if times < 1 else cv2.INTER_CUBIC
    return FacePatch(np.asarray(cv2.resize(patch.pixels, None, fx=times, fy=times, interpolation=way)), patch.face)


def leaning(portrait: Pixels, face: Box, degrees: float) -> FacePatch:
    """Returns the same face leaning to one side."""
    height, width = portrait.shape[:2]
    middle = (face.center[0] * width, face.center[1] * height)
    turned = cv2.warpAffine(portrait, cv2.getRotationMatrix2D(middle, degrees, 1.0), (width, height))
    return patch_of(np.asarray(turned, np.uint8), face)


COLLINS, HOPPER = (partial(patch_of, collins(), COLLINS_FACE), partial(patch_of, hopper(), HOPPER_FACE))


class EncoderContract:
    """The tests. A subclass overrides `options` and `encoder`."""

    @pytest.fixture
    def options(self) -> EncoderOptions:
        """Returns what makes the encoder; a subclass overrides it."""
        raise NotImplementedError

    @pytest.fixture
    def encoder(self) -> FaceEncoder:
        """Returns the encoder; a subclass overrides it."""
        raise NotImplementedError

    def test_it_says_what_it_is(self, encoder: FaceEncoder, options: EncoderOptions) -> None:
        """Its traits are sound, and the same when it was only tried; a version fits beside that of a paid engine."""
        traits = encoder.traits
        assert traits.name == options.name
        assert traits.model
        assert 0 < len(traits.version) <= 50
        assert 0.0 <= traits.policy.margin <= traits.policy.threshold <= 1.0
        assert 0.0 < traits.distances.recalled <= traits.distances.same <= traits.distances.perhaps
        assert tried_encoder(options) == traits

    def test_each_face_has_its_own_vector(self, encoder: FaceEncoder) -> None:
        """Faces come back in order, as finite numbers, the same whether they were encoded together or alone."""
        patches = [COLLINS(), HOPPER(), COLLINS()]
        vectors = encoder.encode(patches)
        assert vectors.shape == (3, encoder.traits.length)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()
        for vector, patch in zip(vectors, patches, strict=True):
            assert np.linalg.norm(vector - encoder.encode([patch])[0]) < 1e-3

    @pytest.mark.parametrize("times", [0.5, 0.8, 1.7, 4.0])
    def test_a_face_is_itself_at_every_size(self, encoder: FaceEncoder, times: float) -> None:
        """A nearer or farther face is the same one, even where a mistake would repeat itself."""
        assert _distance(encoder, HOPPER(), scaled(HOPPER(), times)) <= encoder.traits.distances.recalled

    @pytest.mark.parametrize(("right", "down"), [(0.06, 0.0), (-0.06, 0.03), (0.0, -0.06)])
    def test_a_box_that_is_a_little_off_does_no_harm(self, encoder: FaceEncoder, right: float, down: float) -> None:
        """Detectors differ by some hundredths of a face; the landmarks count."""
        face = HOPPER_FACE
        moved = Box(face.left + right * face.width, face.top + down * face.height, face.width, face.height)
        assert _distance(encoder, HOPPER(), patch_of(hopper(), moved)) <= encoder.traits.distances.same

    @pytest.mark.parametrize("degrees", [-20.0, 20.0])
    def test_a_leaning_face_is_set_upright(self, encoder: FaceEncoder, degrees: float) -> None:
        """Who leans the head is still the same."""
        assert _distance(encoder, HOPPER(), leaning(hopper(), HOPPER_FACE, degrees)) <= encoder.traits.distances.same

    def test_two_people_are_two(self, encoder: FaceEncoder) -> None:
        """Two people are farther apart than one can be from oneself, and not like each other."""
        traits, distance = encoder.traits, _distance(encoder, COLLINS(), HOPPER())
        assert distance > traits.distances.perhaps
        assert traits.scale.similarity(distance) < traits.policy.threshold

    def test_one_person_is_named(self, encoder: FaceEncoder) -> None:
        """A slightly worse picture of a face is similar enough to be named."""
        dim = FacePatch(np.asarray(cv2.convertScaleAbs(HOPPER().pixels, alpha=0.7, beta=20), np.uint8), HOPPER().face)
        traits = encoder.traits
        assert traits.scale.similarity(_distance(encoder, HOPPER(), dim)) >= traits.policy.threshold

    def test_what_is_no_face_is_like_nobody(self, encoder: FaceEncoder) -> None:
        """An even wall has a vector too, near to nobody's."""
        wall = FacePatch(np.full((120, 120, 3), 90, np.uint8), Box(0.2, 0.2, 0.6, 0.6))
        for patch in (COLLINS(), HOPPER()):
            assert encoder.traits.scale.similarity(_distance(encoder, patch, wall)) < encoder.traits.policy.threshold

    @pytest.mark.parametrize(
        ("height", "width", "face"),
        [(1, 1, Box(0.0, 0.0, 1.0, 1.0)), (80, 80, Box(-0.4, 0.5, 0.9, 0.9)), (97, 401, Box(0.4, 0.0, 0.3, 1.4))],
        ids=["a pixel", "over the edge", "long"],
    )
    def test_patches_of_any_shape_are_encoded(self, encoder: FaceEncoder, height: int, width: int, face: Box) -> None:
        """However small a patch is, or far its face reaches over the edge, it has a vector."""
        pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
        assert np.isfinite(encoder.encode([FacePatch(pixels, face)])).all()

    def test_threads_may_share_an_encoder(self, encoder: FaceEncoder) -> None:
        """Faces encoded by several threads at once have the vectors that they have one after the other."""
        patches = [COLLINS(), HOPPER(), scaled(HOPPER(), 0.5), COLLINS()]
        alone = [encoder.encode([patch])[0] for patch in patches]
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda patch: encoder.encode([patch])[0], patches))
        assert np.allclose(together, alone, atol=1e-4)

    @pytest.mark.slow
    def test_a_process_of_its_own_makes_the_same_vectors(self, encoder: FaceEncoder, options: EncoderOptions) -> None:
        """What the engine's processes make of a face can be compared with what this one makes of it."""

        async def encoded() -> NDArray[np.float32]:
            pool = WorkerPool(1, partial(processes.prepare, options), "encodes faces")
            try:
                return await pool.run(processes.encode, [HOPPER()], options)
            finally:
                await pool.aclose()

        assert np.allclose(asyncio.run(encoded()), encoder.encode([HOPPER()]), atol=1e-4)


def _distance(encoder: FaceEncoder, one: FacePatch, other: FacePatch) -> float:
    first, second = encoder.encode([one, other])
    return float(np.linalg.norm(first - second))
