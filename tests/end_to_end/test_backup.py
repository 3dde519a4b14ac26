"""A backup restored as an operator does it: made while the server runs, brought back where nothing is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from portero_client import (
    ConnectionSettings,
    NotFound,
    PorteroClient,
    Role,
    Sighting,
    Unauthenticated,
)
from tests.support.client.visits import visit
from tests.support.images.patch_photos import ANA, BOB, Color, photo
from tests.support.processes.server_process import printed_by, running_server
from tests.support.store.fixtures import KINDS, cleaned_schema
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow


@pytest.fixture(params=KINDS)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Settings of an installation, and of a fresh one on another machine, where keys are asked for."""
    old, new = {"engine": "scripted"}, {"engine": "scripted", "auth": "required"}
    if request.param == "sqlite":
        for name, settings in (("old", old), ("new", new)):
            settings |= {"database_url": "", "data_folder": str(tmp_path / name)}
    else:
        request.getfixturevalue("migrated_schema")
        server = request.getfixturevalue("mariadb")
        old["database_url"] = cleaned_schema(server)
        new["database_url"] = server.create_schema("restored")
    return old, new


@asynccontextmanager
async def _serving(
    folder: Path, settings: dict[str, str], key: str | None = None
) -> AsyncIterator[tuple[str, PorteroClient]]:
    """Yields the address of a server that must end well, and a client with a key."""
    async with running_server(folder, **settings) as server, asyncio.timeout(PATIENCE):
        async with PorteroClient(ConnectionSettings(server.address, token=key)) as client:
            yield server.address, client
        assert await server.stop() == 0


async def _found(client: PorteroClient, color: Color) -> str | None:
    """Returns as whom the gallery knows the one face of a photograph."""
    (face,) = await client.images.search(photo(color))
    return face.match.person if face.match is not None else None


async def _seen(client: PorteroClient) -> list[Sighting]:
    return [sighting async for sighting in client.sightings.list()]


async def test_a_backup_serves_on_another_machine_and_who_was_erased_stays_erased(
    tmp_path: Path, places: tuple[dict[str, str], dict[str, str]]
) -> None:
    """Gallery, sightings and keys are as they were at the backup; an erasure and a revoked key of later hold too."""
    old, new = places
    full, later = str(tmp_path / "full.backup"), str(tmp_path / "later.backup")
    async with _serving(tmp_path, old) as (_, client):
        await client.cameras.create("door", display_name="Front door")
        for person_id, color in (("ana", ANA), ("bob", BOB)):
            await client.people.create(person_id.title(), person_id=person_id)
            await client.people.enroll(person_id, photo(color))
        await visit(client, ANA)
        await visit(client, BOB)
        before = await _seen(client)
        assert {sighting.person for sighting in before} == {"people/ana", "people/bob"}
        admin = await client.keys.create("desk", roles=[Role.ADMIN])
        lost = await client.keys.create("lost phone", roles=[Role.READER])
        # Both while it serves; the second is what the hourly timer makes.
        assert (await printed_by(f"backup {full}", tmp_path, **old)).strip() == full
        erasure = await client.privacy.erase("ana")
        await client.keys.revoke(lost.key.name)
        assert (await printed_by(f"backup --decisions {later}", tmp_path, **old)).strip() == later
        await client.people.create("Eva", person_id="eva")

    told = await printed_by(f"restore {full} --later {later}", tmp_path, **new)
    assert "1 people were erased" in told
    assert "1 keys revoked" in told

    async with _serving(tmp_path, new, admin.text) as (address, client):
        assert [person.name async for person in client.people.list()] == ["people/bob"]
        assert (await _found(client, BOB), await _found(client, ANA)) == ("people/bob", None)
        assert (await client.cameras.get("door")).display_name == "Front door"
        (bobs,) = [sighting for sighting in before if sighting.person == "people/bob"]
        after = await _seen(client)
        assert bobs in after
        assert {sighting.person for sighting in after} <= {"people/bob", ""}
        with pytest.raises(NotFound):
            await client.people.get("ana")
        proof = await client.privacy.verify_erasure("ana")
        assert (proof.clean, proof.erasure.name) == (True, erasure.name)
        assert (await client.audit.verify()).is_sound
        async with PorteroClient(ConnectionSettings(address, token=lost.text)) as other:
            with pytest.raises(Unauthenticated):
                await other.keys.caller()
        # The camera goes on with new frames, and they are stored.
        await visit(client, BOB)
        latest = max(sighting.last_seen_time for sighting in before)
        assert any(sighting.last_seen_time > latest for sighting in await _seen(client))
