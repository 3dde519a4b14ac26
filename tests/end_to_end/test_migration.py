"""A stream processor and its collection, made by plain boto3, moved to a server with the command for it."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_client import AwsService, CollectionState, ConnectionSettings, PorteroClient
from portero_server.vault.keys import create_key
from tests.support.client.stream_processors import RESULTS, request_of
from tests.support.processes.client_command import portero
from tests.support.processes.server_process import running_server
from tests.support.processes.simulator_process import PATIENT, running_simulator
from tests.support.time.timeouts import PATIENCE


async def test_a_stream_processor_moves_with_everybody_it_knew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planned, done, done again; then the same people are named without a paid call for it, kept, and erased."""
    key = tmp_path / "subscriptions.key"
    create_key(key)
    photos = {name: each.write(tmp_path).read_bytes() for name, each in (("Joan.C", COLLINS), ("grace", HOPPER))}
    async with running_simulator() as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        rekognition = boto3.client("rekognition")
        rekognition.create_collection(CollectionId="lobby-people")
        for name, photo in photos.items():
            rekognition.index_faces(CollectionId="lobby-people", Image={"Bytes": photo}, ExternalImageId=name)
        rekognition.create_stream_processor(**request_of("lobby", "lobby-people"))
        await simulator.reset()
        async with (
            running_server(
                tmp_path,
                engine="rekognition",
                rekognition_collection="lobby-people",
                subscription_key_file=str(key),
                gallery_check_interval="0.5",
                **PATIENT,
            ) as server,
            PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
        ):
            migrate = ("migrate", "stream-processor", "lobby", "--report", str(tmp_path / "report.json"))
            code, planned = await portero(server.address, *migrate)
            assert (code, planned["dry_run"], planned["counts"]["created_people"]) == (0, True, 2)
            assert [person async for person in client.people.list()] == []

            code, done = await portero(server.address, *migrate, "--apply")
            assert (code, done["counts"]["adopted_faces"], done["camera"]["outcome"]) == (0, 2, "created")
            assert json.loads((tmp_path / "report.json").read_text()) == done
            code, again = await portero(server.address, *migrate, "--apply")
            assert (code, again["counts"]["known_faces"], again["counts"]["created_people"]) == (0, 2, 0)
            assert (await simulator.state())["dollars"] == 0.0

            [subscription] = [each async for each in client.subscriptions.list()]
            assert subscription.aws is not None
            assert (subscription.aws.service, subscription.aws.arn) == (AwsService.KINESIS_STREAM_PROCESSOR, RESULTS)
            assert subscription.filter.cameras == ("cameras/lobby-1",)
            assert (await client.cameras.get("lobby-1")).similarity_threshold == 0.995

            report = await client.people.check_faces()
            assert (report.state, report.stored_faces, report.others_faces) == (CollectionState.SOUND, 2, 0)
            code, _ = await portero(server.address, "faces", "repair", "--remove-foreign")
            assert code == 0
            assert await _named(client, photos) == {"Joan.C": "Joan.C", "grace": "grace"}

            erasure = await client.privacy.erase("grace")
            assert (erasure.sound, erasure.finish_time is not None) == (True, True)
            assert (await client.privacy.verify_erasure("grace")).clean
            listed = rekognition.list_faces(CollectionId="lobby-people")["Faces"]
            assert [face["ExternalImageId"] for face in listed] == ["Joan.C"]
            assert await _named(client, photos) == {"Joan.C": "Joan.C", "grace": "nobody"}
            assert await server.stop() == 0

        # A server that starts loads whose the faces are.
        async with (
            running_server(tmp_path, engine="rekognition", rekognition_collection="lobby-people", **PATIENT) as server,
            PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
        ):
            assert await _named(client, photos) == {"Joan.C": "Joan.C", "grace": "nobody"}
            assert await server.stop() == 0


async def _named(client: PorteroClient, photos: dict[str, bytes]) -> dict[str, str]:
    """Returns who each photograph is answered with."""
    found = {}
    for name, photo in photos.items():
        (face,) = await client.images.search(photo)
        found[name] = face.match.display_name if face.match else "nobody"
    return found
