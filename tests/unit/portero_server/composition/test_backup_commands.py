"""A backup restored: everything is there again, and whoever was erased since stays erased. On SQLite and MariaDB."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.clock import SystemClock
from portero_server.composition import backup_commands
from portero_server.composition.audit import verify_audit
from portero_server.composition.backup_commands import Backup, Restore
from portero_server.domain.access.identities import Role
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.documents.check_in import Guest, Holder
from portero_server.domain.people.people import FaceEnrollment
from portero_server.domain.people.privacy import Consent
from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.errors import NotFound, StartupProblem
from portero_server.settings import Settings
from portero_server.store.cameras import CameraStore
from portero_server.store.check_in_filter import CheckInFilter
from portero_server.store.check_ins import CheckInStore
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.guests import GuestStore
from portero_server.store.holders import HolderStore
from portero_server.store.keys import KeyStore
from portero_server.store.people import PeopleStore
from portero_server.store.remains import remains_of
from portero_server.store.schema import metadata
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.server.check_in_parts import PAULA, PEDRO, reading
from tests.support.server.picture_house import PictureHouse
from tests.support.store.commits import BOX, at, commit_of, decided, recognition
from tests.support.store.fixtures import database_url
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.test_check_ins import ended

__all__ = ["database_url"]

LATER_KINDS = {"audit_entries", "audit_head"}
"""What a backup and a restore themselves write into."""


@pytest.fixture(autouse=True)
def _logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a command leave the logs of this process alone: loggers keep for good how they were set up first."""
    monkeypatch.setattr(backup_commands, "configure_logs", lambda *_: None)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of a server on either database."""
    return Settings(database_url=database_url, engine="scripted")


class _Opened:
    """The stores of a database, opened for a while, as a server would have it."""

    def __init__(self, settings: Settings) -> None:
        clock = SystemClock()
        self.database = Database(settings.database_dsn, pool_size=3, timeout=PATIENCE)
        self.people = PeopleStore(self.database, clock)
        self.consents = ConsentStore(self.database, clock)
        self.erasures = ErasureStore(self.database, clock)
        self.keys = KeyStore(self.database)
        self.key_service = ApiKeyService(self.keys, clock)

    async def __aenter__(self) -> _Opened:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.aclose()

    async def fill(self) -> str:
        """Stores three people with all that belongs to them; returns the id of a key."""
        for person_id in ("ana", "ben", "eva"):
            await self.people.create(person_id, person_id.title(), {"class": "3b"}, None)
            face = FaceEnrollment(
                f"f-{person_id}",
                person_id,
                BOX,
                FaceQuality(1.0, 1.0, 1.0, 1.0),
                "local",
                "1",
                b"\0\1\xff",
                None,
                at(0),
            )
            await self.people.add_face(face)
            await self.consents.record(
                Consent(f"c-{person_id}", person_id, "attendance", "1", "desk", "", at(0), at(0))
            )
        await CameraStore(self.database, SystemClock()).create("door", display_name="Door", site="hall")
        stream = await StreamStore(self.database, SystemClock()).open("door", "e1", "s1")
        commit = commit_of(
            stream,
            decided("door.e1.3.0", "ana", 1, 2),
            decided("door.e1.4.0", "ben", 1, 2),
            sequence=9,
            recognitions=[recognition("r1", "door.e1.3.0", "ana"), recognition("r2", "door.e1.4.0", "ben")],
        )
        await Recording(self.database, SystemClock()).commit([replace(commit, outcomes={FrameOutcome.WITH_FACES: 9})])
        key, _ = await self.key_service.create(KeyRequest("desk", frozenset({Role.READER}), (), (), None), "test")
        return key.key_id

    async def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Returns every row of every table, but those about backups themselves."""

        async def read(connection: AsyncConnection) -> dict[str, list[tuple[object, ...]]]:
            return {
                table.name: sorted((tuple(row) for row in await connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
                if table.name not in LATER_KINDS
            }

        return await self.database.read(read)

    async def erase(self, person_id: str) -> str:
        """Erases somebody to the end; returns the id of the erasure."""
        begun = await self.erasures.begin(person_id)
        await self.erasures.scrub(begun)
        await self.erasures.finish(begun.erasure_id)
        return begun.erasure_id


@pytest.fixture
async def backup(settings: Settings, tmp_path: Path) -> tuple[Path, str]:
    """A backup of a full database, and the id of a key in it."""
    async with _Opened(settings) as opened:
        key_id = await opened.fill()
        # A server has it open meanwhile.
        await Backup(tmp_path / "full.backup")(settings)
    return tmp_path / "full.backup", key_id


async def test_what_was_lost_is_there_again(settings: Settings, backup: tuple[Path, str]) -> None:
    """Row for row everything is as it was at the backup, and the audit trail is sound and tells of the restore."""
    async with _Opened(settings) as opened:
        before = await opened.rows()
        await CameraStore(opened.database, SystemClock()).delete("door")
        await opened.people.create("tom", "Tom", {}, None)
    await Restore(backup[0], replace=True)(settings)
    async with _Opened(settings) as opened:
        assert await opened.rows() == before
        assert await verify_audit(settings, opened.database)


async def test_what_was_decided_since_holds_after_a_restore(settings: Settings, backup: tuple[Path, str]) -> None:
    """Who was erased stays erased, under the same receipt's id; a block, a withdrawal and a revoked key stay too."""
    path, key_id = backup
    async with _Opened(settings) as opened:
        erasure_id = await opened.erase("ana")
        await opened.consents.block("ben", "asked at the desk")
        await opened.consents.withdraw("eva", "c-eva")
        await opened.key_service.revoke(key_id)
    await Restore(path, replace=True)(settings)
    async with _Opened(settings) as opened:
        with pytest.raises(NotFound):
            await opened.people.get("ana")
        erasure = await opened.erasures.get(erasure_id)
        assert erasure.sound
        assert await remains_of(opened.database, "ana") == []
        assert (await opened.consents.of("ben")).block is not None
        (consent,) = (await opened.consents.of("eva")).consents
        assert consent.withdrawn_at is not None
        assert (await opened.keys.find([key_id]))[key_id].key.revoked_at is not None


async def test_check_ins_and_guests_that_were_erased_since_stay_erased(settings: Settings, tmp_path: Path) -> None:
    """A restored backup loses the check-ins and guests that were erased after it, and keeps those of others."""
    async with _Opened(settings) as opened:
        clock = ManualClock()
        store, guests = CheckInStore(opened.database, clock), GuestStore(opened.database, clock)
        await ended(store, clock, "c1")
        await ended(store, clock, "c2", read=reading(PEDRO))
        arriving = [Guest("g1", "Paula", clock.now().date(), run=PAULA), Guest("g2", "Eva", clock.now().date())]
        await guests.add(arriving, [clock.now()] * 2, "i1")
        await Backup(tmp_path / "full.backup")(settings)
        receipt = await HolderStore(opened.database, clock).erase(Holder(run=PAULA))
    await Restore(tmp_path / "full.backup", replace=True)(settings)
    async with _Opened(settings) as opened:
        store, guests = CheckInStore(opened.database, clock), GuestStore(opened.database, clock)
        assert [each.check_in_id for each in await store.list(CheckInFilter(), 9)] == ["c2"]
        assert [each.guest_id for each in await guests.list(clock.now().date(), 9)] == ["g2"]
        assert (await opened.erasures.get(receipt.erasure_id)).sound


async def test_pictures_that_wait_to_be_reviewed_are_in_no_backup(settings: Settings, tmp_path: Path) -> None:
    """A backup is kept for longer than they are: neither a row of one nor its bytes are in the file."""
    async with _Opened(settings) as opened:
        house = PictureHouse(opened.database, ManualClock())
        await house.open_door()
        await house.seen("t1")
        assert await house.keep("t1") is PictureOutcome.KEPT
        held = await house.store.get((await SightingStore(opened.database).list(SightingFilter(), 1))[0].sighting_id)
        await Backup(tmp_path / "full.backup")(settings)
        assert await house.count() == 1
    assert held is not None
    assert held.sealed[:200] not in (tmp_path / "full.backup").read_bytes()
    await Restore(tmp_path / "full.backup", replace=True)(settings)
    async with _Opened(settings) as opened:
        assert await PictureHouse(opened.database, ManualClock()).count() == 0


async def test_a_list_of_decisions_does_it_where_the_database_is_lost(
    settings: Settings, backup: tuple[Path, str], tmp_path: Path
) -> None:
    """Without a database to ask, a restore insists on a later list, and obeys it; a list alone is not a backup."""
    path, _ = backup
    async with _Opened(settings) as opened:
        await opened.erase("ana")
    await Backup(tmp_path / "hourly.backup", decisions=True)(settings)
    lost = Settings(data_folder=tmp_path / "new", engine="scripted")
    with pytest.raises(StartupProblem, match=r"nothing tells who was erased.* with --later FILE; or .*--nothing-later"):
        await Restore(path)(lost)
    assert not (lost.data / "portero.db").exists()
    with pytest.raises(StartupProblem, match="holds decisions alone"):
        await Restore(tmp_path / "hourly.backup")(lost)
    await Restore(path, later=[tmp_path / "hourly.backup"])(lost)
    async with _Opened(lost) as opened:
        assert await remains_of(opened.database, "ana") == []
        assert (await opened.people.get("ben")).display_name == "Ben"
    assert stat.S_IMODE((lost.data / "portero.db").stat().st_mode) == 0o600
    assert [file.name for file in lost.data.iterdir()] == ["portero.db"]


async def test_a_backup_of_either_database_is_restored_into_the_other(
    settings: Settings, backup: tuple[Path, str], tmp_path: Path
) -> None:
    """The file is the same, whatever it was made from: also how an installation changes its database."""
    other = Settings(data_folder=tmp_path / "other", engine="scripted")
    await Restore(backup[0], nothing_later=True)(other)
    async with _Opened(settings) as here, _Opened(other) as there:
        assert await here.rows() == await there.rows()


async def test_a_database_that_is_there_is_not_replaced_by_oversight(
    settings: Settings, backup: tuple[Path, str]
) -> None:
    """Without --replace nothing happens; with it, what was there is kept aside."""
    async with _Opened(settings) as opened:
        await opened.people.create("tom", "Tom", {}, None)
    with pytest.raises(StartupProblem, match="add --replace"):
        await Restore(backup[0])(settings)
    async with _Opened(settings) as opened:
        assert (await opened.people.get("tom")).display_name == "Tom"
    await Restore(backup[0], replace=True)(settings)
    (kept,) = backup[0].parent.glob("*before-*")
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT display_name FROM people WHERE person_id = 'tom'").fetchall() == [("Tom",)]


async def test_a_restore_waits_for_no_server_but_refuses_while_one_runs(
    settings: Settings, backup: tuple[Path, str]
) -> None:
    """The database of a running server is not exchanged under it."""
    async with _Opened(settings) as opened:
        await opened.people.get("ana")
        with pytest.raises(StartupProblem, match=r"stop it first|stop every server"):
            await Restore(backup[0], replace=True)(settings)
        assert (await opened.people.get("ana")).display_name == "Ana"


async def test_a_backup_is_private_names_what_it_lacks_and_overwrites_nothing(
    settings: Settings, backup: tuple[Path, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Only its owner reads it; the command names settings and files to keep; a second one goes elsewhere."""
    path, _ = backup
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(StartupProblem, match="is there already"):
        await Backup(path)(settings)
    named = settings.model_copy(update={"tls_key": Path("/etc/portero/server.key")})
    (tmp_path / "folder").mkdir()
    await Backup(tmp_path / "folder")(named)
    printed = capsys.readouterr()
    (made,) = (tmp_path / "folder").iterdir()
    assert printed.out == f"{made}\n"
    assert made.name.startswith(f"portero-{datetime.now(UTC):%Y}")
    assert "PORTERO_DATABASE_URL" in printed.err
    assert "/etc/portero/server.key (PORTERO_TLS_KEY)" in printed.err
    assert [file.name for file in (tmp_path / "folder").iterdir()] == [made.name]


async def test_what_is_no_backup_is_refused(settings: Settings, backup: tuple[Path, str], tmp_path: Path) -> None:
    """A missing file, another file and a damaged backup are one line each, and nothing is touched."""
    (tmp_path / "text").write_text("no database")
    damaged = tmp_path / "damaged.backup"
    shutil.copy(backup[0], damaged)
    later = tmp_path / "later.backup"
    shutil.copy(backup[0], later)
    with closing(sqlite3.connect(later)) as connection, connection:
        connection.execute(
            'UPDATE portero_backup SET manifest = replace(manifest, \'"revision": "0\', \'"revision": "9\')'
        )
    with damaged.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40_000)
    refused = {
        tmp_path / "no": "no file",
        tmp_path / "text": "not a backup",
        damaged: "damaged",
        later: "made by version",
    }
    for path, words in refused.items():
        with pytest.raises(StartupProblem, match=words):
            await Restore(path, replace=True)(settings)
    async with _Opened(settings) as opened:
        assert (await opened.people.get("ana")).display_name == "Ana"
