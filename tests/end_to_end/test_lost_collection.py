"""A collection deleted behind a running server: told, repaired from photos, and the same people named as before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import boto3
import httpx2
import pytest

from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_client import ConnectionSettings, PorteroClient
from portero_server.vault.keys import create_key
from tests.support.processes.client_command import portero
from tests.support.processes.server_process import running_server
from tests.support.processes.simulator_process import PATIENT, running_simulator
from tests.support.time.timeouts import PATIENCE


async def _ready(admin: str, words: str | None) -> None:
    """Waits until /readyz tells a state, or none; it is no outage in either case."""
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(base_url=f"http://{admin}") as http:
        while True:
            answer = await http.get("/readyz")
            assert answer.status_code == 200
            if (words in answer.text) if words else answer.text == "ok\n":
                return
            await asyncio.sleep(0.2)


async def test_a_deleted_collection_is_told_and_taught_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From loss to repair with the commands an operator has; afterward an erasure takes a face from a user too."""
    photos = tmp_path / "photos"
    for name, portrait in (("Joan", COLLINS), ("Grace", HOPPER)):
        (photos / name).mkdir(parents=True)
        portrait.write(photos / name)
    async with running_simulator() as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        collection = boto3.client("rekognition")
        async with (
            running_server(tmp_path, engine="rekognition", gallery_check_interval="0.5", **PATIENT) as server,
            PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
        ):

            async def named() -> list[str]:
                found = []
                for name in ("Joan", "Grace"):
                    (file,) = (photos / name).iterdir()
                    (face,) = await client.images.search(file.read_bytes())
                    found.append(face.match.display_name if face.match else "nobody")
                return found

            code, _ = await portero(server.address, "people", "import", str(photos))
            assert code == 0
            assert await named() == ["Joan", "Grace"]
            await _ready(server.admin, None)

            await asyncio.to_thread(collection.delete_collection, CollectionId="portero")
            await _ready(server.admin, "gallery LOST")
            code, document = await portero(server.address, "faces", "check")
            assert (code, document["report"]["state"], document["report"]["missing_faces"]) == (1, "lost", 2)

            code, document = await portero(server.address, "faces", "repair", "--photos", str(photos))
            assert (code, document["created"], document["report"]["state"]) == (0, True, "sound")
            await _ready(server.admin, None)
            assert await named() == ["Joan", "Grace"]

            [face_id] = [
                face["FaceId"]
                for face in (await asyncio.to_thread(collection.list_faces, CollectionId="portero"))["Faces"]
                if face["ExternalImageId"].startswith("portero:joan.")
            ]
            await asyncio.to_thread(collection.create_user, CollectionId="portero", UserId="u")
            await asyncio.to_thread(collection.associate_faces, CollectionId="portero", UserId="u", FaceIds=[face_id])
            erasure = await client.privacy.erase("joan")
            assert erasure.finish_time is not None
            assert await named() == ["nobody", "Grace"]
            assert (await simulator.state())["collections"] == {"portero": 1}
            assert await server.stop() == 0


async def test_a_deleted_collection_is_rebuilt_from_the_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With consent and a vault one command names the same people again, and an erasure leaves no object."""
    photos, vault, key = tmp_path / "photos", tmp_path / "vault", tmp_path / "vault.key"
    create_key(key)
    for name, portrait in (("Joan", COLLINS), ("Grace", HOPPER)):
        (photos / name).mkdir(parents=True)
        portrait.write(photos / name)
    async with running_simulator() as simulator:
        for name, value in simulator.environment.items():
            monkeypatch.setenv(name, value)
        collection = boto3.client("rekognition")
        async with (
            running_server(
                tmp_path, engine="rekognition", photo_vault=str(vault), photo_vault_key_file=str(key), **PATIENT
            ) as server,
            PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
        ):
            assert (await portero(server.address, "people", "import", str(photos)))[0] == 0
            assert not list(vault.glob("*/*"))
            for person in ("joan", "grace"):
                await client.privacy.record_consent(person, purpose="keep-photos", text_version="1", channel="paper")
            assert (await portero(server.address, "people", "import", str(photos)))[0] == 0
            assert len(list(vault.glob("*/*"))) == 2

            await asyncio.to_thread(collection.delete_collection, CollectionId="portero")
            code, document = await portero(server.address, "faces", "rebuild")
            assert (code, document["created"], document["counts"]) == (0, True, {"taught": 2})
            assert document["report"]["state"] == "sound"
            for name in ("Joan", "Grace"):
                (file,) = (photos / name).iterdir()
                (face,) = await client.images.search(file.read_bytes())
                assert face.match is not None
                assert face.match.display_name == name

            erasure = await client.privacy.erase("joan")
            assert (erasure.sound, erasure.removed["photos"]) == (True, 1)
            assert (await client.privacy.verify_erasure("joan")).clean
            assert len(list(vault.glob("*/*"))) == 1
            assert await server.stop() == 0
