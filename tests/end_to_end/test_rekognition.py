"""A server that pays: started against the simulator, as an operator starts it against Amazon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import boto3
import numpy as np
import pytest

from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_client import (
    CheckInFailure,
    ConnectionSettings,
    InvalidArgument,
    LivenessResult,
    PhotoFlaw,
    PorteroClient,
)
from portero_server.engines.kept_faces import image_id
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images import portraits
from tests.support.processes.server_process import ended_server, running_server
from tests.support.processes.simulator_process import PATIENT, SimulatorProcess, running_simulator
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatorProcess]:
    """A simulator that every server of the test talks to."""
    async with running_simulator() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def _jpeg(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


async def test_no_call_is_paid_for_a_poor_photograph_and_look_alikes_are_listed(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    """Spoiled portraits are refused in words before any paid call; one face under two names is told and kept."""
    portrait = portraits.collins()
    blurred = _jpeg(np.asarray(cv2.GaussianBlur(portrait, (0, 0), 4), np.uint8))
    dark = _jpeg(np.asarray(cv2.convertScaleAbs(portrait, alpha=0.15), np.uint8))
    async with (
        running_server(tmp_path, engine="rekognition", **PATIENT) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        for person_id in ("ana", "anna", "grace"):
            await client.people.create(person_id.title(), person_id=person_id)
        for spoiled, flaw in ((blurred, PhotoFlaw.BLURRED), (dark, PhotoFlaw.TOO_DARK)):
            check = await client.people.check_photo(spoiled)
            assert (check.reason, [each.flaw for each in check.advice if each.refused]) == ("LOW_QUALITY", [flaw])
            with pytest.raises(InvalidArgument) as refused:
                await client.people.enroll("ana", spoiled)
            assert refused.value.reason == "LOW_QUALITY"
            assert check.advice[0].text in refused.value.message
        assert (await simulator.state())["dollars"] == 0.0

        first = await client.people.enroll("ana", _jpeg(portrait))
        assert (first.advice, first.look_alikes, first.confusable) == ((), (), ())
        assert await client.people.enroll("ana", _jpeg(portrait)) == first
        again = await client.people.enroll("anna", _jpeg(portraits.another(portrait)))
        assert [like.display_name for like in again.look_alikes] == ["Ana"]
        assert (await client.people.enroll("grace", _jpeg(portraits.hopper()))).look_alikes == ()
        [pair] = [pair async for pair in client.people.confusable()]
        assert (pair.first_person, pair.second_person) == ("people/ana", "people/anna")
        assert pair.similarity == pytest.approx(again.look_alikes[0].similarity)
        billed = {line.operation: line.calls for line in (await client.usage()).calls if line.operation != "ListFaces"}
        assert billed == {"IndexFaces": 3}

        await client.privacy.erase("anna")
        assert [pair async for pair in client.people.confusable()] == []
        assert await server.stop() == 0


async def test_people_are_enrolled_found_accounted_for_and_forgotten(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    """The collection is made at start-up; every paid call is counted once; orphans are removed by the command."""
    photo = COLLINS.write(tmp_path).read_bytes()
    stranger = HOPPER.write(tmp_path).read_bytes()
    async with (
        running_server(tmp_path, engine="rekognition", **PATIENT) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        await client.people.create("Ana", person_id="ana")
        face = await client.people.enroll("ana", photo)
        assert (face.engine, face.model_version) == ("rekognition", "0.1+dlib-resnet-v1")
        (found,) = await client.images.search(photo)
        assert found.match is not None
        assert found.match.display_name == "Ana"
        assert (await client.images.search(stranger))[0].match is None
        usage = await client.usage()
        # The watch over the collection lists it as often as it must, for free.
        billed = {line.operation: line.calls for line in usage.calls if line.operation != "ListFaces"}
        assert billed == {"IndexFaces": 1, "DetectFaces": 2, "SearchFacesByImage": 2}
        state = await simulator.state()
        assert usage.dollars == pytest.approx(state["dollars"])
        assert state["collections"] == {"portero": 1}
        assert await server.stop() == 0

    boto3.client("rekognition").index_faces(
        CollectionId="portero",
        Image={"Bytes": stranger},
        ExternalImageId=image_id("ben", "0" * 32),
        DetectionAttributes=[],
    )
    assert (await simulator.state())["collections"] == {"portero": 2}
    for action, left in (("check", 2), ("repair", 1)):
        code, errors = await ended_server(f"faces {action}", tmp_path, engine="rekognition")
        assert (code, errors) == (0, "")
        assert (await simulator.state())["collections"] == {"portero": left}


async def test_a_liveness_session_is_begun_paid_for_and_told(simulator: SimulatorProcess, tmp_path: Path) -> None:
    """With the setting on, a check-in has Amazon's session at once, and the account its price."""
    settings = {"engine": "rekognition", "local_backing": "false", "check_in_liveness": "true"}
    async with (
        running_server(tmp_path, **settings, **PATIENT) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        await client.cameras.create("desk", display_name="Desk")
        begun = await client.documents.start("desk", liveness=True)
        session = begun.liveness_session
        assert session is not None
        assert (len(session.session_id), session.region) == (36, "us-east-1")
        asked = boto3.client("rekognition").get_face_liveness_session_results(SessionId=session.session_id)
        assert asked["Status"] == "CREATED"
        canceled = await client.documents.cancel(begun.name)
        assert (canceled.failure, canceled.paid_calls) == (CheckInFailure.CANCELED, 1)
        assert canceled.liveness_session is not None
        assert canceled.liveness_session.result is LivenessResult.UNSPECIFIED
        usage = await client.usage()
        billed = {line.operation: line.calls for line in usage.calls if line.operation != "ListFaces"}
        assert billed == {"CreateFaceLivenessSession": 1}
        assert usage.dollars == pytest.approx((await simulator.state())["dollars"]) == 0.015
        assert await server.stop() == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rekognition_create_collection": "false"}, "portero"),
        ({"rekognition_read_timeout": "9"}, "PORTERO_CALL_TIMEOUT"),
        ({"budget_thresholds": "[0.9, 0.8, 0.95, 1]"}, "must ascend"),
        ({"rekognition_quotas": '{"DetectText": 0}'}, "PORTERO_REKOGNITION_QUOTAS"),
    ],
)
async def test_what_is_wrong_is_one_line(
    simulator: SimulatorProcess, tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    """A missing collection that must not be made, and settings that contradict each other, end the start-up."""
    code, errors = await ended_server("check", tmp_path, engine="rekognition", **settings)
    assert code == 1
    assert words in errors
    assert errors.count("\n") == 1
