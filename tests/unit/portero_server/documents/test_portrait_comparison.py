from __future__ import annotations

from portero_server.documents.desk import LiveFace
from portero_server.documents.portrait_comparison import EnginePortraits, PortraitPolicy
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scripted import ScriptedEngine
from tests.support.server.simulated_rekognition import BLUE, GREEN, RED, picture

POLICY = PortraitPolicy(threshold=0.9, review_margin=0.05)
CONTEXT = CallContext("desk", Lane.CHECK_IN)


async def test_the_same_face_is_similar_and_another_is_not() -> None:
    """The live face is compared with the portrait, and its quality and size are in the evidence."""
    portraits = EnginePortraits(ScriptedEngine(), POLICY)
    live = LiveFace(picture((100, 60, 100, RED)), faces=1, quality=0.7, size=100)
    same = (await portraits.compare([picture((100, 60, 80, RED))], live, CONTEXT)).evidence
    other = (await portraits.compare([picture((100, 60, 80, GREEN))], live, CONTEXT)).evidence
    assert same.similarity is not None
    assert same.similarity > POLICY.threshold
    assert other.similarity is not None
    assert other.similarity < POLICY.threshold - POLICY.review_margin
    assert (same.live_faces, same.portrait_found, same.live_quality, same.live_size) == (1, True, 0.7, 100)


async def test_a_ghost_portrait_does_not_matter() -> None:
    """Of two faces in the picture of the card the large one counts, and other portraits are not compared."""
    portraits = EnginePortraits(ScriptedEngine(), POLICY)
    card = picture((20, 60, 100, RED), (240, 120, 40, BLUE))
    ghost = picture((100, 60, 40, BLUE))
    live = LiveFace(picture((100, 60, 100, BLUE)), faces=1)
    found = (await portraits.compare([card, ghost], live, CONTEXT)).evidence
    assert found.similarity is not None
    assert found.similarity < POLICY.threshold


async def test_without_portrait_or_live_face_nobody_is_asked() -> None:
    """What is missing is in the evidence, and no call is made."""
    portraits = EnginePortraits(ScriptedEngine(), POLICY)
    missing = (await portraits.compare([picture((100, 60, 80, RED))], None, CONTEXT)).evidence
    assert (missing.similarity, missing.live_faces, missing.portrait_found) == (None, 0, True)
    live = LiveFace(picture((100, 60, 100, RED)), faces=1)
    bare = (await portraits.compare([], live, CONTEXT)).evidence
    assert (bare.similarity, bare.live_faces, bare.portrait_found) == (None, 1, False)


async def test_pictures_without_a_face_say_so() -> None:
    """A portrait in which the engine finds no face is not found, and a live picture without a face shows nobody."""
    portraits = EnginePortraits(ScriptedEngine(), POLICY)
    blank = picture()
    live = LiveFace(picture((100, 60, 100, RED)), faces=1)
    assert not (await portraits.compare([blank], live, CONTEXT)).evidence.portrait_found
    nobody = (await portraits.compare([picture((100, 60, 80, RED))], LiveFace(blank, faces=1), CONTEXT)).evidence
    assert (nobody.similarity, nobody.live_faces) == (None, 0)


async def test_the_faces_of_a_photograph_are_counted() -> None:
    """Where nobody counted the people before, the comparison does, and the largest face is the live one."""
    portraits = EnginePortraits(ScriptedEngine(), POLICY)
    live = LiveFace(picture((20, 60, 60, RED), (160, 60, 120, GREEN)))
    found = (await portraits.compare([picture((100, 60, 80, RED))], live, CONTEXT)).evidence
    assert found.live_faces == 2
    assert found.similarity is not None
    assert found.similarity < POLICY.threshold
