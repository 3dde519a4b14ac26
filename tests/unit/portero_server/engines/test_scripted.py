"""The scripted engine: the contract, and its commands."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.engines.base import Pixels
from portero_server.engines.scripted import PatchDetector, ScriptedEngine
from portero_server.errors import EngineThrottled, EngineUnavailable
from portero_server.vision.jpeg import decode_color, encode_jpeg, to_gray
from portero_server.vision.opencv import cv2
from tests.contracts.engine_contract import EngineCase, EngineContract, crop_of, enroll, named

_ANA = (40, 80, 220)
_BOB = (220, 120, 40)


def _photo(*patches: tuple[tuple[int, int, int], int], shift: int = 0) -> Pixels:
    """Draws patches (color, side) on black, left to right."""
    picture = np.zeros((240, 480, 3), np.uint8)
    for place, (color, side) in enumerate(patches):
        left = 40 + shift + 200 * place
        picture[60 : 60 + side, left : left + side] = color
    return picture


def _card(text: str) -> Pixels:
    code = cv2.QRCodeEncoder.create().encode(text)
    white = np.full((420, 420), 255, np.uint8)
    white[60:360, 60:360] = cv2.resize(code, (300, 300), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(white, cv2.COLOR_GRAY2BGR), np.uint8)


class TestContract(EngineContract):
    """The contract, on patches of color."""

    @pytest.fixture
    async def case(self) -> EngineCase:
        """Returns a fresh engine."""
        return EngineCase(
            engine=ScriptedEngine(),
            ana=(_photo((_ANA, 100)), _photo((_ANA, 90), shift=30)),
            bob=(_photo((_BOB, 100)), _photo((_BOB, 90), shift=30)),
            both=_photo((_ANA, 80), (_BOB, 110)),
            nobody=_photo(),
            poor=_photo((_ANA, 24)),
            card=_card("REPUBLICA DE CHILE\nRUN 12.345.678-5"),
            lines=("REPUBLICA DE CHILE", "RUN 12.345.678-5"),
        )


async def test_it_fails_as_often_as_it_is_told() -> None:
    """A fault given for two calls is raised by two, and the third is answered."""
    engine = ScriptedEngine()
    engine.fail(EngineThrottled("too many calls"), times=2)
    for _ in range(2):
        with pytest.raises(EngineThrottled):
            await engine.check()
    await engine.check()
    assert engine.calls["check"] == 3


async def test_it_fails_until_it_is_told_otherwise() -> None:
    """A fault without a number lasts until it is taken back."""
    engine = ScriptedEngine()
    engine.fail(EngineUnavailable("gone"))
    for _ in range(3):
        with pytest.raises(EngineUnavailable):
            await engine.check()
    engine.fail(None)
    await engine.check()


async def test_crops_of_a_batch_fail_alone() -> None:
    """A fault for one call takes the first crop of a batch and leaves the second."""
    engine = ScriptedEngine()
    await enroll(engine, "ana", _photo((_ANA, 100)))
    crop = await crop_of(engine, _photo((_ANA, 90)))
    fault = EngineThrottled("too many calls")
    engine.fail(fault, times=1)
    first, second = await engine.identify([crop, crop])
    assert first is fault
    assert named(engine, second) == "ana"


async def test_its_answers_take_the_latency_it_was_given() -> None:
    """Every answer waits for the latency, on whatever sleep it was given."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    engine = ScriptedEngine(latency=0.25, sleep=sleep)
    await engine.check()
    await engine.identify([])
    assert waits == [0.25, 0.25]


def test_patches_are_found_in_a_decoded_frame() -> None:
    """The patch detector finds a face where it was drawn, after JPEG coding, and small ones only when thorough."""
    frame = decode_color(encode_jpeg(_photo((_ANA, 100), (_BOB, 24)), 80))
    quick = PatchDetector().find(to_gray(frame), thorough=False)
    thorough = PatchDetector().find(to_gray(frame), thorough=True)
    assert [len(quick), len(thorough)] == [1, 2]
    left, top, right, bottom = quick[0].box.to_pixels(480, 240)
    assert np.allclose((left, top, right, bottom), (40, 60, 140, 160), atol=4)
