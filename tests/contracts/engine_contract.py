"""What every engine must do; each engine's test module makes a subclass and gives it a `case`.

A case needs photographs that the engine can work with: real portraits, or whatever a simulator understands.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import TextKind, decide
from portero_server.engines.base import (
    CallContext,
    Engine,
    FaceCrop,
    GalleryFace,
    Identification,
    PhotoRefused,
    Pixels,
)
from portero_server.vision.crops import crop_face

CONTEXT = CallContext(camera_id=None, lane=Lane.VISITOR)


@dataclass(frozen=True, slots=True)
class EngineCase:
    """An engine with an empty gallery, and photographs for it.

    Attributes:
        ana: Two photographs of one person.
        bob: Two photographs of another.
        both: One photograph of both, one face larger than the other.
        nobody: A photograph without a face or text.
        poor: A photograph with one face, too poor to learn from; None when the engine never minds.
        card: A photograph with text.
        lines: The lines on the card, in reading order, each of two words at least.
    """

    engine: Engine
    ana: tuple[Pixels, Pixels]
    bob: tuple[Pixels, Pixels]
    both: Pixels
    nobody: Pixels
    poor: Pixels | None
    card: Pixels
    lines: tuple[str, ...]


class EngineContract:
    """The tests. A subclass overrides `case`."""

    @pytest.fixture
    async def case(self) -> EngineCase:
        """Returns the case; a subclass overrides it, and may yield instead to close its engine afterward."""
        raise NotImplementedError

    async def test_it_proves_that_it_can_work(self, case: EngineCase) -> None:
        """A check on a working engine says nothing, and its traits are then sound."""
        await case.engine.check()
        traits = case.engine.traits
        assert traits.name
        assert traits.model_version
        assert traits.max_batch >= 1
        assert 0 <= traits.policy.margin <= traits.policy.threshold <= 1

    async def test_a_person_is_recognized_on_another_photograph(self, case: EngineCase) -> None:
        """Who was enrolled with one photograph is named on another."""
        await enroll(case.engine, "ana", case.ana[0])
        await enroll(case.engine, "bob", case.bob[0])
        [answer] = await case.engine.identify([await crop_of(case.engine, case.ana[1])])
        assert named(case.engine, answer) == "ana"

    async def test_a_stranger_is_not_named(self, case: EngineCase) -> None:
        """A face that was never enrolled is nobody's under the engine's own policy."""
        await enroll(case.engine, "ana", case.ana[0])
        [answer] = await case.engine.identify([await crop_of(case.engine, case.bob[0])])
        assert named(case.engine, answer) is None

    async def test_nobody_is_found_in_an_empty_gallery(self, case: EngineCase) -> None:
        """Without enrolled faces there are no candidates, which is an answer and no fault."""
        [answer] = await case.engine.identify([await crop_of(case.engine, case.ana[0])])
        assert isinstance(answer, Identification)
        assert answer.candidates == ()

    async def test_answers_come_in_the_order_of_the_crops(self, case: EngineCase) -> None:
        """A full batch gets one answer a crop, in order."""
        await enroll(case.engine, "ana", case.ana[0])
        await enroll(case.engine, "bob", case.bob[0])
        people = ["ana", "bob", "bob", "ana"][: case.engine.traits.max_batch]
        crops = {
            "ana": await crop_of(case.engine, case.ana[1]),
            "bob": await crop_of(case.engine, case.bob[1]),
        }
        answers = await case.engine.identify([crops[person] for person in people])
        assert [named(case.engine, answer) for answer in answers] == people

    async def test_a_person_is_a_candidate_once(self, case: EngineCase) -> None:
        """Several photographs of one person make one candidate, by the best of them, and the best comes first."""
        await enroll(case.engine, "ana", case.ana[0], face_id="ana-1")
        await enroll(case.engine, "ana", case.ana[1], face_id="ana-2")
        await enroll(case.engine, "bob", case.bob[0])
        [answer] = await case.engine.identify([await crop_of(case.engine, case.ana[1])])
        assert isinstance(answer, Identification)
        people = [candidate.person_id for candidate in answer.candidates]
        assert people[0] == "ana"
        assert len(people) == len(set(people))
        similarities = [candidate.similarity for candidate in answer.candidates]
        assert similarities == sorted(similarities, reverse=True)
        assert all(0 <= similarity <= 1 for similarity in similarities)

    async def test_adding_a_face_again_changes_nothing(self, case: EngineCase) -> None:
        """A face added twice is removed by removing it once."""
        face = await enroll(case.engine, "ana", case.ana[0])
        await case.engine.add([face])
        await case.engine.remove([face])
        [answer] = await case.engine.identify([await crop_of(case.engine, case.ana[0])])
        assert named(case.engine, answer) is None

    async def test_a_removed_face_is_forgotten(self, case: EngineCase) -> None:
        """A removed face names nobody any more, the others stay, and removing it again is no fault."""
        face = await enroll(case.engine, "ana", case.ana[0])
        await enroll(case.engine, "bob", case.bob[0])
        await case.engine.remove([face])
        await case.engine.remove([face])
        answers = [
            (await case.engine.identify([await crop_of(case.engine, photo)]))[0] for photo in (case.ana[1], case.bob[1])
        ]
        assert [named(case.engine, answer) for answer in answers] == [None, "bob"]

    async def test_loading_replaces_the_gallery(self, case: EngineCase) -> None:
        """After a load, an engine that does not keep the gallery itself knows exactly what was loaded."""
        if case.engine.traits.owns_gallery:
            pytest.skip("this engine keeps the gallery itself")
        ana = await enroll(case.engine, "ana", case.ana[0])
        await enroll(case.engine, "bob", case.bob[0])
        await case.engine.load([ana])
        answers = [
            (await case.engine.identify([await crop_of(case.engine, photo)]))[0] for photo in (case.ana[1], case.bob[1])
        ]
        assert [named(case.engine, answer) for answer in answers] == ["ana", None]

    async def test_a_search_finds_every_face_and_its_owner(self, case: EngineCase) -> None:
        """A photograph of two people gives both, the larger face first, with no more candidates than asked for."""
        await enroll(case.engine, "ana", case.ana[0])
        await enroll(case.engine, "bob", case.bob[0])
        found = await case.engine.search(case.both, 1, CONTEXT)
        areas = [one.face.box.area for one in found]
        assert areas == sorted(areas, reverse=True)
        people = [decide(one.candidates, case.engine.traits.policy) for one in found]
        assert sorted(match.person_id for match in people if match) == ["ana", "bob"]
        assert all(len(one.candidates) <= 1 for one in found)

    async def test_a_detection_finds_the_faces_that_a_search_finds(self, case: EngineCase) -> None:
        """Faces alone are found as a search finds them, the larger first, and none where nobody is."""
        searched = await case.engine.search(case.both, 1, CONTEXT)
        assert list(await case.engine.detect(case.both, CONTEXT)) == [one.face for one in searched]
        assert list(await case.engine.detect(case.nobody, CONTEXT)) == []

    async def test_a_search_without_a_face_finds_nothing(self, case: EngineCase) -> None:
        """A photograph of nobody has no faces, which is an answer and no fault."""
        assert list(await case.engine.search(case.nobody, 5, CONTEXT)) == []

    async def test_the_same_face_under_two_names_is_found(self, case: EngineCase) -> None:
        """An enrolled face leads to another person with the same face, above the threshold, and to nobody else."""
        ana = await enroll(case.engine, "ana", case.ana[0])
        bob = await enroll(case.engine, "bob", case.bob[0])
        await enroll(case.engine, "anna", case.ana[1])
        found = await case.engine.similar(ana, 5, CONTEXT)
        assert {each.person_id for each in found.candidates if each.similarity >= found.threshold} - {"ana"} == {"anna"}
        similarities = [each.similarity for each in found.candidates]
        assert similarities == sorted(similarities, reverse=True)
        lonely = await case.engine.similar(bob, 5, CONTEXT)
        assert {each.person_id for each in lonely.candidates if each.similarity >= lonely.threshold} <= {"bob"}

    async def test_photographs_that_cannot_teach_are_refused(self, case: EngineCase) -> None:
        """No face, two faces and a poor picture are refused, each with its reason and a sentence that helps."""
        refused = {"NO_FACE": case.nobody, "SEVERAL_FACES": case.both}
        if case.poor is not None:
            refused["LOW_QUALITY"] = case.poor
        for reason, photo in refused.items():
            with pytest.raises(PhotoRefused) as refusal:
                await case.engine.learn(photo, "ana", "ana-1", CONTEXT)
            assert refusal.value.reason == reason
            assert refusal.value.field == "image"
            assert len(refusal.value.message.split()) > 4

    async def test_what_is_learned_tells_the_model(self, case: EngineCase) -> None:
        """A learned face says where it was, how good, by which model, and how the engine finds it again."""
        await case.engine.check()
        learned = await case.engine.learn(case.ana[0], "ana", "ana-1", CONTEXT)
        assert learned.model_version == case.engine.traits.model_version
        assert 0 < learned.box.area < 1
        assert 0 < learned.quality.overall <= 1
        assert (learned.external_id is not None) == case.engine.traits.owns_gallery
        assert (learned.embedding is not None) != case.engine.traits.owns_gallery

    async def test_comparing_puts_the_same_person_first(self, case: EngineCase) -> None:
        """Of the faces of a target, that of the source's person is the most alike."""
        comparison = await case.engine.compare(case.ana[0], case.both, CONTEXT)
        similarities = [face.similarity for face in comparison.faces]
        assert len(similarities) >= 2
        assert similarities == sorted(similarities, reverse=True)
        assert similarities[0] >= case.engine.traits.policy.threshold > similarities[-1] >= 0
        assert comparison.source_box.area > 0

    async def test_comparing_needs_a_face_in_the_source_only(self, case: EngineCase) -> None:
        """A source without a face is refused by name; a target without one has no faces to compare."""
        with pytest.raises(PhotoRefused) as refusal:
            await case.engine.compare(case.nobody, case.ana[0], CONTEXT)
        assert (refusal.value.field, refusal.value.reason) == ("source_image", "NO_FACE")
        assert list((await case.engine.compare(case.ana[0], case.nobody, CONTEXT)).faces) == []

    async def test_text_is_read_as_lines_and_words(self, case: EngineCase) -> None:
        """The lines of a card come in reading order, with their words, each in a box inside the image."""
        texts = await case.engine.read_text(case.card, CONTEXT)
        assert [text.content for text in texts if text.kind is TextKind.LINE] == list(case.lines)
        words = [text.content for text in texts if text.kind is TextKind.WORD]
        assert words == [word for line in case.lines for word in line.split()]
        for text in texts:
            assert text.box.area > 0
            assert min(text.box.left, text.box.top) >= 0
            assert max(text.box.right, text.box.bottom) <= 1 + 1e-9
            assert 0 < text.confidence <= 1

    async def test_an_image_without_text_reads_as_nothing(self, case: EngineCase) -> None:
        """No text is an answer and no fault."""
        assert list(await case.engine.read_text(case.nobody, CONTEXT)) == []

    async def test_a_canceled_call_disturbs_no_other(self, case: EngineCase) -> None:
        """Of two calls under way, the one that is not canceled gets its answer."""
        await enroll(case.engine, "ana", case.ana[0])
        crop = await crop_of(case.engine, case.ana[1])
        leaving = asyncio.create_task(_identify(case.engine, crop))
        staying = asyncio.create_task(_identify(case.engine, crop))
        await asyncio.sleep(0)
        leaving.cancel()
        assert named(case.engine, await staying) == "ana"
        with pytest.raises(asyncio.CancelledError):
            await leaving


async def enroll(engine: Engine, person_id: str, photo: Pixels, face_id: str | None = None) -> GalleryFace:
    """Learns and adds a face, as the gallery service does."""
    face_id = face_id or f"{person_id}-1"
    learned = await engine.learn(photo, person_id, face_id, CONTEXT)
    face = GalleryFace(face_id, person_id, learned.embedding, learned.external_id)
    await engine.add([face])
    return face


async def crop_of(engine: Engine, photo: Pixels) -> FaceCrop:
    """Cuts out the largest face of a photograph, as the pipeline does."""
    face = (await engine.search(photo, 1, CONTEXT))[0].face
    crop = crop_face(photo, face.box)
    return FaceCrop(np.ascontiguousarray(crop.pixels), crop.face, face.quality, CONTEXT)


def named(engine: Engine, answer: object) -> str | None:
    """Returns whom an answer names under the engine's own policy."""
    assert isinstance(answer, Identification)
    match = decide(answer.candidates, engine.traits.policy)
    return match.person_id if match else None


async def _identify(engine: Engine, crop: FaceCrop) -> object:
    return (await engine.identify([crop]))[0]
