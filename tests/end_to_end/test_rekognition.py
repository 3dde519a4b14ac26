"""A server that pays: started against the simulator, as an operator starts it against Amazon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import boto3
import pytest

from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_client import CheckInFailure, ConnectionSettings, LivenessResult, PorteroClient
from portero_server.engines.kept_faces import image_id
from tests.support.processes.server_process import ended_server, running_server
from tests.support.processes.simulator_process import PATIENT, SimulatorProcess, running_simulator
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.xdist_group("end_to_end")


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatorProcess]:
    """A simulator that every server of the test talks to."""
    async with running_simulator() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


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
