"""`portero migrate stream-processor`: what is planned, done, repeated and told."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from portero.v1 import camera_service_pb2

from portero_simulator.options import Options
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer
from tests.support.client.stream_processors import RESULTS, region, request_of
from tests.support.client.wire import Refusal
from tests.support.server.simulated_rekognition import RED, Simulation, ask, portrait, simulated

NAMES = ("Ana", "Ana", "Ben", None)


@pytest.fixture
async def aws(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulation]:
    """Rekognition with a stream processor and the collection of the server, in which another program has four faces."""
    async with simulated(Options(quotas={})) as simulation:
        for name, value in (
            ("AWS_ENDPOINT_URL_REKOGNITION", simulation.url),
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            monkeypatch.setenv(name, value)
        await ask(simulation.client.create_collection, CollectionId="portero")
        for number, called_so in enumerate(NAMES):
            called = {"ExternalImageId": called_so} if called_so else {}
            image = {"Bytes": portrait(RED, width=320 + number * 10)}
            answer = await ask(simulation.client.index_faces, CollectionId="portero", Image=image, **called)
            server.gallery.collections.foreign[answer["FaceRecords"][0]["Face"]["FaceId"]] = called_so or ""
        regions = [region(0.0, 0.0, 0.5, 1.0)]
        await ask(simulation.client.create_stream_processor, **request_of(RegionsOfInterest=regions))
        yield simulation


async def _migrate(cli: Cli, *options: str | Path) -> tuple[int, Any]:
    result = await cli("migrate", "stream-processor", "lobby", "--json", *options)
    return result.code, result.document


async def test_stream_processors_are_listed(cli: Cli, aws: Simulation) -> None:
    """Without a name there is nothing to do but to choose one."""
    assert (await cli("migrate", "stream-processor", "--json")).document == {"stream_processors": ["lobby"]}
    assert "lobby" in (await cli("migrate", "stream-processor")).out


async def test_by_default_nothing_is_changed(cli: Cli, server: FakeServer, aws: Simulation) -> None:
    """The plan names everybody, the camera and the subscription, and what is not taken."""
    code, document = await _migrate(cli)
    assert (code, document["dry_run"], document["camera"]["outcome"]) == (4, True, "planned")
    assert (document["camera"]["name"], document["subscription"]["outcome"]) == ("cameras/lobby-1", "planned")
    assert document["counts"] == {
        "faces": 4,
        "adopted_faces": 3,
        "known_faces": 0,
        "refused_faces": 1,
        "people": 2,
        "created_people": 2,
    }
    assert (server.gallery.collections.adopted, server.cameras.cameras, server.subscriptions.subscriptions) == (
        {},
        {},
        {},
    )
    shown = await cli("migrate", "stream-processor", "lobby")
    assert "nothing was changed: --apply does it" in shown.out
    for words in ("RoleArn", "not taken", "UNNAMED", "people/ana", "camera: cameras/lobby-1 planned"):
        assert words in shown.out


async def test_it_is_done_once_however_often_it_is_run(cli: Cli, server: FakeServer, aws: Simulation) -> None:
    """Camera, faces and subscription; the second run finds all of it, also with --unnamed what was left."""
    code, document = await _migrate(cli, "--apply")
    assert (code, document["camera"]["outcome"], document["subscription"]["outcome"]) == (4, "created", "created")
    camera = server.cameras.cameras["cameras/lobby-1"]
    assert (camera.display_name, camera.similarity_threshold) == ("Lobby_1", 0.995)
    [zone] = camera.privacy_zones
    assert (zone.left, zone.width, zone.height) == (0.5, 0.5, 1.0)
    [subscription] = server.subscriptions.subscriptions.values()
    assert list(subscription.filter.cameras) == ["cameras/lobby-1"]
    assert server.subscriptions.urls[subscription.name] == RESULTS
    code, document = await _migrate(cli, "--apply", "--unnamed")
    assert (code, document["camera"]["outcome"], document["subscription"]["outcome"]) == (0, "known", "known")
    assert (document["counts"]["known_faces"], document["counts"]["adopted_faces"]) == (3, 1)
    assert (len(server.cameras.cameras), len(server.subscriptions.subscriptions)) == (1, 1)


@pytest.mark.parametrize(
    ("covers", "without_strangers", "outcome"),
    [
        ({}, False, "known"),
        ({"sites": ["north"]}, False, "known"),
        ({}, True, "differs"),
        ({"sites": ["south"]}, False, "created"),
        ({"cameras": ["cameras/other"]}, False, "created"),
    ],
)
async def test_a_subscription_that_covers_the_camera_is_found(
    cli: Cli, server: FakeServer, aws: Simulation, covers: dict[str, list[str]], without_strangers: bool, outcome: str
) -> None:
    """One of all cameras, or of the camera's site, is no reason to send everything twice; a narrower one is told."""
    await _migrate(cli, "--apply")
    server.cameras.cameras["cameras/lobby-1"].site = "north"
    [subscription] = server.subscriptions.subscriptions.values()
    subscription.filter.Clear()
    for name, values in covers.items():
        getattr(subscription.filter, name).extend(values)
    subscription.filter.without_strangers = without_strangers
    for options in ((), ("--apply",)):
        _, document = await _migrate(cli, *options)
        expected = "planned" if outcome == "created" and not options else outcome
        assert document["subscription"]["outcome"] == expected
    assert len(server.subscriptions.subscriptions) == (2 if outcome == "created" else 1)
    assert bool(document["subscription"]["message"]) == (outcome == "differs")


async def test_what_ends_it_halfway_is_told_and_the_next_run_goes_on(
    cli: Cli, server: FakeServer, aws: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report has what was done before; nobody is told to consumers until everybody is adopted."""
    monkeypatch.setattr("portero_cli.stream_processor.PAGE", 2)
    server.refuse("AdoptFaces", Refusal(grpc.StatusCode.INTERNAL, "it broke", reason="BROKEN"), after=1)
    report = tmp_path / "report.json"
    result = await cli("migrate", "stream-processor", "lobby", "--apply", "--report", report)
    assert (result.code, "it broke" in result.err) == (1, True)
    told = json.loads(report.read_text())
    assert (told["counts"]["adopted_faces"], told["subscription"], told["error"]) == (2, None, "it broke")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert server.subscriptions.subscriptions == {}
    code, document = await _migrate(cli, "--apply", "--report", report)
    assert (code, document["counts"]["known_faces"], document["counts"]["adopted_faces"]) == (4, 2, 1)
    assert document["subscription"]["outcome"] == "created"
    assert json.loads(report.read_text()) == document


async def test_a_camera_with_other_settings_is_left_alone(cli: Cli, server: FakeServer, aws: Simulation) -> None:
    """It is said what differs; another name gets a camera of its own."""
    server.cameras.cameras["cameras/lobby-1"] = camera_service_pb2.Camera(
        name="cameras/lobby-1",
        similarity_threshold=0.9,
        mode=camera_service_pb2.CAMERA_MODE_TEXT,
        purpose=camera_service_pb2.CAMERA_PURPOSE_VISITOR,
    )
    code, document = await _migrate(cli, "--apply", "--unnamed")
    assert (code, document["camera"]["outcome"]) == (4, "differs")
    assert "mode, threshold, set of privacy zones" in document["camera"]["message"]
    assert server.cameras.cameras["cameras/lobby-1"].similarity_threshold == 0.9
    code, document = await _migrate(cli, "--apply", "--unnamed", "--camera", "door")
    assert (code, document["camera"]) == (0, {"name": "cameras/door", "outcome": "created", "message": ""})


async def test_another_collection_is_refused_before_anything_is_done(
    cli: Cli, server: FakeServer, aws: Simulation
) -> None:
    """The error names the setting."""
    server.gallery.collections.in_use.collection = "other"
    result = await cli("migrate", "stream-processor", "lobby", "--apply")
    assert (result.code, "PORTERO_REKOGNITION_COLLECTION=portero" in result.err) == (7, True)
    assert (server.calls["AdoptFaces"], server.cameras.cameras) == (0, {})


async def test_what_cannot_be_used_is_told_in_one_line(cli: Cli, aws: Simulation, tmp_path: Path) -> None:
    """An unknown stream processor, and a report that could not be written."""
    assert (await cli("migrate", "stream-processor", "other")).code == 3
    for report in (tmp_path / "report.csv", tmp_path / "none" / "report.json"):
        result = await cli("migrate", "stream-processor", "lobby", "--apply", "--report", report)
        assert (result.code, "must end in .json" in result.err) == (4, True)
