"""A paid engine with a free one behind it: one gallery for both, answers from the paid one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.cameras import Lane
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import CallContext, EngineTraits, GalleryFace, LearnedFace, PhotoRefused, Pixels
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineError
from tests.support.server.simulated_rekognition import RED, picture

_CONTEXT = CallContext(None, Lane.CHECK_IN)
_PHOTO = picture((100, 60, 100, RED))


class _Paid(ScriptedEngine):
    """Keeps its faces itself, as Rekognition does."""

    @property
    def traits(self) -> EngineTraits:
        """Costs money."""
        return replace(super().traits, name="paid", model_version="7.0", owns_gallery=True, paid=True)

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Returns an id instead of an embedding."""
        learned = await super().learn(image, person_id, face_id, context)
        return replace(learned, model_version="7.0", embedding=None, external_id=f"x-{face_id}")


class _Picky(ScriptedEngine):
    """Refuses every photograph."""

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Refuses."""
        raise PhotoRefused("image", "too small", reason="LOW_QUALITY")


async def test_a_face_holds_what_both_made_of_it() -> None:
    """One enrollment has the paid engine's id and the free one's embedding, and is of both models."""
    engine = BackedEngine(_Paid(), ScriptedEngine())
    learned = await engine.learn(_PHOTO, "ana", "f1", _CONTEXT)
    assert learned.external_id == "x-f1"
    assert learned.embedding is not None
    assert learned.model_version == engine.traits.model_version == "7.0+colors-v1"
    assert (engine.traits.name, engine.traits.paid, engine.traits.owns_gallery) == ("paid", True, True)


async def test_a_photograph_only_the_free_engine_refuses_is_learned_by_the_paid_one() -> None:
    """Its person is then known to the paid engine alone, and loading passes the face over."""
    engine = BackedEngine(_Paid(), _Picky())
    learned = await engine.learn(_PHOTO, "ana", "f1", _CONTEXT)
    assert (learned.external_id, learned.embedding) == ("x-f1", None)
    engine = BackedEngine(ScriptedEngine(), ScriptedEngine())
    await engine.free.load([])
    await BackedEngine(_NoGallery(), engine.free).load([GalleryFace("f1", "ana", None, "x-f1")])
    assert not (await engine.free.search(_PHOTO, 5, _CONTEXT))[0].candidates


async def test_a_photograph_the_paid_engine_refuses_is_refused() -> None:
    """The free engine is then not asked."""
    engine = BackedEngine(_Picky(), ScriptedEngine())
    with pytest.raises(PhotoRefused):
        await engine.learn(_PHOTO, "ana", "f1", _CONTEXT)


async def test_a_face_that_the_free_engine_knows_is_compared_for_free() -> None:
    """The paid engine is asked for faces alone that have no embedding."""
    paid, free = _Paid(), ScriptedEngine()
    engine = BackedEngine(paid, free)
    learned = await engine.learn(_PHOTO, "ana", "f1", _CONTEXT)
    await free.add([GalleryFace("f0", "anna", learned.embedding, "x-f0")])
    found = await engine.similar(GalleryFace("f1", "ana", learned.embedding, "x-f1"), 5, _CONTEXT)
    assert [each.person_id for each in found.candidates] == ["anna"]
    assert found.threshold == free.traits.policy.threshold
    assert paid.calls["similar"] == 0
    with pytest.raises(EngineError):
        # The scripted one has nothing else to compare by; Rekognition has its own id of the face.
        await engine.similar(GalleryFace("f2", "ana", None, "x-f2"), 5, _CONTEXT)
    assert paid.calls["similar"] == 1


async def test_faces_come_and_go_in_both() -> None:
    """What is added, loaded or removed is so for the free engine, too."""
    free = ScriptedEngine()
    engine = BackedEngine(_NoGallery(), free)
    learned = await free.learn(_PHOTO, "ana", "f1", _CONTEXT)
    ana = GalleryFace("f1", "ana", learned.embedding, "x-f1")

    async def known() -> bool:
        return bool((await free.search(_PHOTO, 5, _CONTEXT))[0].candidates)

    await engine.add([ana])
    assert await known()
    await engine.remove([ana])
    assert not await known()
    await engine.load([ana])
    assert await known()
    await engine.check()
    await engine.aclose()


class _NoGallery(ScriptedEngine):
    """Takes faces without embeddings, as an engine does that keeps them itself."""

    async def add(self, faces: object) -> None:
        """Does nothing."""

    async def load(self, faces: object) -> None:
        """Does nothing."""

    async def remove(self, faces: object) -> None:
        """Does nothing."""
