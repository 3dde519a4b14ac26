"""A second collection filled, switched to and left beside a running server: the same people are named throughout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import boto3
import httpx2
import pytest

from portero_cli.demo.portraits import COLLINS, HOPPER, NOBODY
from portero_client import ConnectionSettings, PorteroClient
from portero_server.vault.keys import create_key
from tests.support.processes.client_command import portero
from tests.support.processes.server_process import ServerProcess, running_server
from tests.support.processes.simulator_process import PATIENT, SimulatorProcess, running_simulator
from tests.support.store.fixtures import KINDS, cleaned_schema
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_KNOWN = {"Joan": COLLINS, "Grace": HOPPER}


@pytest.fixture(params=KINDS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Settings of a server with a photo vault, and of its database."""
    key = tmp_path / "vault.key"
    create_key(key)
    vault = {"photo_vault": str(tmp_path / "vault"), "photo_vault_key_file": str(key)}
    # The third face is an average of many, and blurred.
    lenient = {"enroll_guard": "false", "rekognition_enroll_quality": "NONE"}
    common = {"engine": "rekognition", "database_timeout": "60", **lenient, **vault, **PATIENT}
    if request.param == "sqlite":
        return common
    request.getfixturevalue("migrated_schema")
    return {**common, "database_url": cleaned_schema(request.getfixturevalue("mariadb"))}


@asynccontextmanager
async def _serving(folder: Path, settings: dict[str, str]) -> AsyncIterator[tuple[ServerProcess, PorteroClient]]:
    """Yields a server that must end well, and a client."""
    async with running_server(folder, **settings) as server:
        async with PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client:
            yield server, client
        assert await server.stop() == 0


async def _named(client: PorteroClient, photos: Mapping[str, Path]) -> dict[str, str]:
    """Returns who the server takes each photograph for."""
    found = {}
    for name, file in photos.items():
        (face,) = await client.images.search(file.read_bytes())
        found[name] = face.match.display_name if face.match else "nobody"
    return found


async def _held(*collections: str) -> list[list[str]]:
    """Returns whose faces each collection holds, as the service itself says."""
    service = boto3.client("rekognition")
    answers = [await asyncio.to_thread(service.list_faces, CollectionId=name) for name in collections]
    return [
        sorted(face["ExternalImageId"].split(":")[1].split(".")[0] for face in answer["Faces"]) for answer in answers
    ]


async def _filled(server: ServerProcess, client: PorteroClient, photos: Path) -> None:
    """Enrolls a folder's people, keeps their photographs, and prepares the collection `blue` from these."""
    assert (await portero(server.address, "people", "import", str(photos)))[0] == 0
    for person in ("joan", "grace"):
        await client.privacy.record_consent(person, purpose="keep-photos", text_version="1", channel="paper")
    assert (await portero(server.address, "people", "import", str(photos)))[0] == 0
    code, document = await portero(server.address, "faces", "prepare", "blue")
    assert (code, document["counts"]) == (0, {"taught": 2})


async def _enrolled_and_erased(server: ServerProcess, client: PorteroClient, folder: Path) -> None:
    """Enrolls somebody whose photograph nobody keeps while `blue` is prepared, and erases her again."""
    (folder / "Ada").mkdir(parents=True)
    photo = NOBODY.write(folder / "Ada")
    assert (await portero(server.address, "people", "import", str(folder)))[0] == 0
    assert await _held("portero", "blue") == [["ada", "grace", "joan"]] * 2
    erasure = await client.privacy.erase("ada")
    assert (erasure.sound, erasure.removed["faces"], erasure.removed["standby_faces"]) == (True, 2, 1)
    assert (await client.privacy.verify_erasure("ada")).clean
    assert await _held("portero", "blue") == [["grace", "joan"]] * 2
    assert await _named(client, {"Ada": photo}) == {"Ada": "nobody"}


async def _switched(server: ServerProcess, to: str) -> None:
    """Exchanges the collections, and sees that the one in use now is sound."""
    code, document = await portero(server.address, "faces", "switch", "--yes")
    assert (code, document["in_use"]["collection"]) == (0, to)
    code, document = await portero(server.address, "faces", "check")
    assert (code, document["report"]["state"]) == (0, "sound")


async def _told(server: ServerProcess, words: str) -> None:
    """Waits until /readyz has a line; it is no outage."""
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(base_url=f"http://{server.admin}") as http:
        while True:
            answer = await http.get("/readyz")
            assert answer.status_code == 200
            if words in answer.text:
                return
            await asyncio.sleep(0.2)


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatorProcess]:
    """The service over HTTP, for servers and for this test."""
    async with running_simulator() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


async def test_a_second_collection_is_filled_switched_to_and_left(
    tmp_path: Path, settings: dict[str, str], simulator: SimulatorProcess
) -> None:
    """Names are the same before, after, since a restart and back; whoever is erased at any time is in neither."""
    folder, database = tmp_path / "photos", tmp_path / "database"
    database.mkdir()
    photos = {}
    for name, picture in _KNOWN.items():
        (folder / name).mkdir(parents=True)
        photos[name] = picture.write(folder / name)
    same = {name: name for name in _KNOWN}
    async with _serving(database, settings) as (server, client):
        await _filled(server, client, folder)
        await _told(server, "collection blue PREPARING")
        await _enrolled_and_erased(server, client, tmp_path / "later")
        assert await _named(client, photos) == same
        await _switched(server, "blue")
        assert await _named(client, photos) == same
    async with _serving(database, settings) as (server, client):
        # Its settings still name the first one.
        assert await _named(client, photos) == same
        await _told(server, "collection portero KEPT")
        await _switched(server, "portero")
        assert await _named(client, photos) == same
        erasure = await client.privacy.erase("joan")
        assert (erasure.sound, erasure.removed["standby_faces"]) == (True, 1)
        assert await _held("portero", "blue") == [["grace"], ["grace"]]
        await _switched(server, "blue")
        assert await _named(client, photos) == {**same, "Joan": "nobody"}
        await _switched(server, "portero")
        code, document = await portero(server.address, "faces", "drop", "blue", "--yes")
        assert (code, document["gone"]) == (0, True)
        assert await _named(client, photos) == {**same, "Joan": "nobody"}
        assert (await simulator.state())["collections"] == {"portero": 1}
