"""The commands `portero-server backup` and `restore`."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

from portero_server import __version__
from portero_server.clock import SystemClock
from portero_server.composition.audit import fingerprint
from portero_server.composition.data_folder import make_folder
from portero_server.composition.store import opened_database
from portero_server.domain.audit.chain import CONSOLE, AuditOutcome, Deed
from portero_server.errors import StartupProblem, StoreUnavailable
from portero_server.settings import Settings
from portero_server.store.audit import AuditStore
from portero_server.store.backup.decisions import (
    Applied,
    Decisions,
    apply_decisions,
    decisions_of,
    joined,
    write_decisions,
)
from portero_server.store.backup.file import (
    Manifest,
    copy_database,
    empty_tables,
    in_use,
    new_file,
    read_manifest,
    remove_manifest,
    write_manifest,
)
from portero_server.store.backup.rows import LEFT_OUT, copy_rows, is_empty, refuse_others
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.migrations import check_revision, migrate, newest_revision
from portero_server.store.schema import api_keys, cameras, check_ins, guests, people, sightings
from portero_server.telemetry.logs import configure_logs

_SUFFIX = ".backup"
_PAUSES = (0.2, 0.3, 0.5)
_TIMEOUT = 60.0
"""Longest time of one unit of work in the file of a backup, seconds: nobody else has it open."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Copies the database into one file, while servers run or not.

    Attributes:
        target: The file, or a folder in which it gets a name with the time.
        decisions: Whether only what must hold after a restore is copied: small, to be made often.
    """

    target: Path
    decisions: bool = False

    async def __call__(self, settings: Settings) -> None:
        """Makes the backup, and prints its name and what it does not hold.

        Raises:
            StartupProblem: It cannot be made; nothing is left of it.
        """
        configure_logs(settings.log_format, "warning", settings.log_lines)
        now = SystemClock().now()
        kind = "portero-decisions" if self.decisions else "portero"
        target = self.target / f"{kind}-{now:%Y%m%dT%H%M%SZ}{_SUFFIX}" if self.target.is_dir() else self.target
        async with opened_database(settings, None, create=False) as database:
            await check_revision(database)
            deed = Deed(CONSOLE, "backups.create", f"backups/{target.name}", AuditOutcome.DONE)
            await AuditStore(database).append([deed], now)
            manifest = await write_backup(settings, database, target, now, whole=not self.decisions)
        sys.stdout.write(f"{target}\n")
        for sentence in manifest.outside:
            sys.stderr.write(f"not in it: {sentence}\n")


@dataclass(frozen=True, slots=True)
class Restore:
    """Puts the rows of a backup in the place of the database, with what was decided since.

    Attributes:
        source: The backup.
        later: Later backups, or lists of decisions, that hold too.
        nothing_later: Whether it was said that nothing else tells what was decided since.
        replace: Whether a database that is there may be replaced.
    """

    source: Path
    later: Sequence[Path] = ()
    nothing_later: bool = False
    replace: bool = False

    async def __call__(self, settings: Settings) -> None:
        """Restores, and prints what was decided since and holds again.

        Raises:
            StartupProblem: It cannot be done; the database is as it was.
        """
        configure_logs(settings.log_format, "warning", settings.log_lines)
        manifest = _readable(self.source)
        if not manifest.whole:
            raise StartupProblem(f"{self.source} holds decisions alone: name it with --later, beside a backup")
        now = SystemClock().now()
        file = settings.database_file
        make_folder(settings)
        if file is None:
            applied, before = await self._into_server(settings, now)
        else:
            applied, before = await self._into_file(settings, file, now)
        self._tell(manifest, applied, before)

    async def _into_file(self, settings: Settings, file: Path, now: datetime) -> tuple[Applied, Path | None]:
        there = file.exists()  # noqa: ASYNC240 - a command of its own: nobody else waits
        if there and in_use(file):
            raise StartupProblem(f"a server has {file} open: stop it first")
        if there and not self.replace:
            raise StartupProblem(f"{file} is there already: add --replace to put the backup in its place")
        decisions = await self._decisions(settings if there else None)
        working = file.with_name(f".{file.name}.restoring")
        with _temporary(working):
            applied = await self._prepared(working, decisions, now, overwrites=True)
            before = None
            if there:
                # Also empties the log that reading it has made, so that the file is whole by itself.
                if in_use(file):
                    raise StartupProblem(f"a server has {file} open: stop it first")
                before = file.with_name(f"{file.name}.before-{now:%Y%m%dT%H%M%SZ}")
                _keep_aside(file, before)
            _hand_over(working, file.parent)
            working.replace(file)
            _flush(file.parent)
        return applied, before

    async def _into_server(self, settings: Settings, now: datetime) -> tuple[Applied, Path | None]:
        async with opened_database(settings, None, create=True) as database:
            await _refuse_servers(database)
            await migrate(database)
            there = not await is_empty(database, (people, cameras, sightings, api_keys, check_ins, guests))
            before = None
            if there:
                if not self.replace:
                    raise StartupProblem(
                        f"{database.address} is not empty: add --replace to put the backup in its place"
                    )
                before = self.source.with_name(f"portero-before-{now:%Y%m%dT%H%M%SZ}{_SUFFIX}")
                await write_backup(settings, database, before, now, whole=True)
            decisions = await self._decisions(settings if there else None)
            with tempfile.TemporaryDirectory(prefix="portero-restore-") as folder:
                working = Path(folder) / "portero.db"
                applied = await self._prepared(working, decisions, now, overwrites=False)
                async with _opened(working) as prepared:
                    await copy_rows(prepared, database)
            return applied, before

    async def _decisions(self, current: Settings | None) -> Decisions:
        """Returns what was decided since the backup, as far as it is known."""
        found = [await _decisions_in(path) for path in self.later]
        if current is not None:
            try:
                async with opened_database(current, None, create=False) as database:
                    found.append(await decisions_of(database))
            except StartupProblem as problem:
                if not (self.later or self.nothing_later):
                    raise StartupProblem(
                        f"the database that is there cannot say who was erased since: {problem.message}; {_ADVICE}"
                    ) from None
        if not found and not self.nothing_later:
            raise StartupProblem(f"nothing tells who was erased, blocked or withdrew consent since; {_ADVICE}")
        return joined(found)

    async def _prepared(self, working: Path, decisions: Decisions, now: datetime, *, overwrites: bool) -> Applied:
        """Makes a database of this version from the backup, in which the decisions hold."""
        new_file(working)
        await asyncio.to_thread(copy_database, self.source, working)
        remove_manifest(working)
        async with _opened(working) as database:
            await migrate(database)
            applied = await apply_decisions(decisions, database, SystemClock(), overwrites=overwrites)
            deed = Deed(CONSOLE, "backups.restore", f"backups/{self.source.name}", AuditOutcome.DONE)
            await AuditStore(database).append([deed], now)
        return applied

    def _tell(self, manifest: Manifest, applied: Applied, before: Path | None) -> None:
        erased, blocked, withdrawn, revoked, records = astuple(applied)
        sys.stdout.write(
            f"restored what was stored at {manifest.made_at}; since then {erased} people were erased, {blocked} were "
            f"blocked, {withdrawn} consents were withdrawn, {revoked} keys revoked and {records} check-ins and guests "
            "erased, and so it is again\n"
        )
        if before is not None:
            sys.stderr.write(f"what was there before is kept as {before}: remove it when all is well\n")
        for sentence in manifest.outside:
            sys.stderr.write(f"not in the backup: {sentence}\n")


_ADVICE = (
    "name a later backup, or a list made with `portero-server backup --decisions`, with --later FILE; or say with "
    "--nothing-later that there is none"
)


async def write_backup(settings: Settings, database: Database, target: Path, now: datetime, *, whole: bool) -> Manifest:
    """Writes the backup of an open database into a file that does not exist yet.

    Raises:
        StartupProblem: It cannot be written; nothing is left of it.
    """
    if target.exists():  # noqa: ASYNC240 - as above
        raise StartupProblem(f"{target} is there already")
    manifest = Manifest(
        made_at=now.isoformat(timespec="seconds"),
        version=__version__,
        revision=newest_revision(),
        dialect=database.dialect,
        whole=whole,
        settings=fingerprint(settings).names,
        outside=tuple(_outside(settings)),
    )
    part = target.with_name(f".{target.name}.part")
    with _temporary(part):
        new_file(part)
        file = settings.database_file
        if whole and file is not None:
            await asyncio.to_thread(copy_database, file, part)
            await asyncio.to_thread(empty_tables, part, LEFT_OUT)
        else:
            async with _opened(part) as copy:
                await migrate(copy)
                if whole:
                    await copy_rows(database, copy)
                else:
                    await write_decisions(await decisions_of(database), copy)
        write_manifest(part, manifest)
        _flush(part)
        part.replace(target)
        _flush(target.parent)
    return manifest


def _readable(path: Path) -> Manifest:
    """Returns the manifest of a backup. Raises StartupProblem for another file, or a backup of a later version."""
    manifest = read_manifest(path)
    if manifest.revision > newest_revision():
        raise StartupProblem(f"{path} was made by version {manifest.version}: restore it with that one or a later one")
    return manifest


def _keep_aside(file: Path, before: Path) -> None:
    """Adds a second name to a database, so that there is one under its own at every moment."""
    for suffix in ("-wal", "-shm"):
        # Only of a file that SQLite cannot read.
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").rename(f"{before}{suffix}")
    try:
        os.link(file, before)
    except OSError:
        new_file(before)
        shutil.copyfile(file, before)


def _hand_over(file: Path, folder: Path) -> None:
    """Makes a file that root wrote the property of the folder's owner, who serves from it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


async def _decisions_in(path: Path) -> Decisions:
    _readable(path)
    with tempfile.TemporaryDirectory(prefix="portero-later-") as folder:
        copy = Path(folder) / "later.db"
        new_file(copy)
        copy_database(path, copy)
        remove_manifest(copy)
        async with _opened(copy) as database:
            # An earlier version may have made it.
            await migrate(database)
            return await decisions_of(database)


async def _refuse_servers(database: Database) -> None:
    """Refuses while others are connected; for a moment, those may be connections that a server just closed."""
    for pause in _PAUSES:
        try:
            return await refuse_others(database)
        except StartupProblem:
            await asyncio.sleep(pause)
    return await refuse_others(database)


def _outside(settings: Settings) -> Iterator[str]:
    """Yields what an installation needs besides its database."""
    names = ", ".join(f"PORTERO_{name.upper()}" for name in fingerprint(settings).names)
    yield f"the settings ({names or 'all are defaults'}): keep the file that sets them"
    files = (
        ("tls_certificate", settings.tls_certificate),
        ("tls_key", settings.tls_key),
        ("tls_client_ca", settings.tls_client_ca),
        ("encoder_model", settings.encoder_model),
        ("detector_model", settings.detector_model),
        ("photo_vault_key_file", settings.photo_vault_key_file),
    )
    if named := [f"{path} (PORTERO_{name.upper()})" for name, path in files if path is not None]:
        yield f"files: {', '.join(named)}"
    yield "the texts of API keys, of which only digests are stored: their holders keep them, and they go on working"
    if settings.engine == "rekognition":
        yield (
            f"the faces of the Rekognition collection {settings.rekognition_collection}: after a restore run "
            "`portero-server faces check`"
        )
    if settings.photo_vault is not None:
        yield f"the photos of {settings.photo_vault}: what is deleted there stays deleted, also after a restore"
    if settings.review_pictures:
        yield "the pictures that wait to be reviewed, which are kept for hours alone"
    if settings.snapshots is not None:
        yield f"the snapshots of {settings.snapshots}: after a restore the server deletes them"
    if settings.audit_anchor_bucket is not None:
        yield f"the anchors of the audit trail in {settings.audit_anchor_bucket}, which tell of later entries"


@asynccontextmanager
async def _opened(file: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{file}", pool_size=2, timeout=_TIMEOUT)
    try:
        yield database
    except (StoreUnavailable, StoreRefused) as error:
        raise StartupProblem(f"{file} cannot be written: {error.message}") from None
    finally:
        await database.aclose()


@contextmanager
def _temporary(file: Path) -> Iterator[None]:
    """Removes a file before and after, with what SQLite keeps beside it; not if it was renamed meanwhile."""

    def remove() -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)

    remove()
    try:
        yield
    finally:
        remove()


def _flush(path: Path) -> None:
    """Makes a file's content, or a folder's names, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
