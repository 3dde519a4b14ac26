"""The trail of a whole server: what is kept of its settings, and its check straight in the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.composition.audit import CONFIGURED, build, fingerprint, record_configuration, verify_audit
from portero_server.domain.audit.chain import AuditOutcome
from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from portero_server.store.audit import AuditStore
from portero_server.store.database import Database
from portero_server.telemetry.metrics import Metrics
from tests.support.server.audit_chains import MOMENT, deed
from tests.support.store.sqlite_database import database
from tests.support.time.virtual_time import ManualClock

__all__ = ["database"]


def settings(**given: object) -> Settings:
    """Returns settings."""
    return Settings.model_validate(given)


async def configured(given: Settings, database: Database) -> list[str]:
    """Starts with these settings, and gives what the trail has of configurations since its beginning."""
    kept = build(given, database, Metrics(version="", engine="").audit, ManualClock())
    await record_configuration(given, database, kept.trail)
    return [entry.deed.resource for entry in reversed(await AuditStore(database).newest(99))]


async def test_only_another_configuration_is_recorded(database: Database) -> None:
    """A start with the same settings leaves no entry, one with others does, and so does going back."""
    first = await configured(settings(), database)
    assert await configured(settings(), database) == first
    second = await configured(settings(visit_gap=90.0), database)
    assert len(second) == len(first) + 1
    assert (await configured(settings(), database))[-1] == first[-1]
    entry = await AuditStore(database).last(CONFIGURED)
    assert entry is not None
    assert entry.deed.outcome is AuditOutcome.DONE


async def test_a_configuration_names_settings_and_tells_no_value(database: Database) -> None:
    """The entry names what is set, and holds neither a value nor a secret."""
    given = settings(database_password="hunter2", visit_gap=91.5)
    await configured(given, database)
    entry = await AuditStore(database).last(CONFIGURED)
    assert entry is not None
    assert set(entry.deed.reason.split(",")) == {"database_password", "visit_gap"}
    assert "hunter2" not in repr(entry)
    assert "91" not in entry.deed.reason


def test_a_fingerprint_does_not_depend_on_secrets() -> None:
    """Another password gives the same digest, so that nobody can guess passwords by it; another host does not."""
    url = "mysql+aiomysql://portero:{}@{}/portero"
    one = fingerprint(settings(database_url=url.format("a", "db")))
    assert fingerprint(settings(database_url=url.format("b", "db"))).digest == one.digest
    assert fingerprint(settings(database_url=url.format("a", "other"))).digest != one.digest
    assert fingerprint(settings(database_password="a")) == fingerprint(settings(database_password="b"))


async def test_the_console_checks_the_trail(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """A sound trail is told with its end; one that was tampered with, with each finding."""
    await AuditStore(database).append([deed(number) for number in range(4)], MOMENT)
    assert await verify_audit(settings(), database)
    assert "4 entries, 0 anchors compared: sound; ends with 4:" in capsys.readouterr().out

    async def tamper(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE audit_entries SET resource = 'people/x' WHERE position = 2"))

    await database.run(tamper)
    assert not await verify_audit(settings(), database)
    out = capsys.readouterr().out
    assert "edited: entries 2 to 2" in out
    assert "TAMPERED WITH" in out


async def test_a_server_without_a_trail_does_not_start(database: Database) -> None:
    """When the first entry cannot be written, the start ends in one line that says what to do."""

    async def lose(connection: AsyncConnection) -> None:
        await connection.execute(text("DELETE FROM audit_head"))

    await database.run(lose)
    with pytest.raises(StartupProblem, match="audit verify"):
        await configured(settings(), database)


async def test_anchors_are_kept_where_the_settings_say(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a bucket the server runs a task that anchors; anchors that cannot be read end a check with a line."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    given = settings(audit_anchor_bucket="locked-bucket", audit_anchor_region="us-east-1")
    kept = build(given, database, Metrics(version="", engine="").audit, ManualClock())
    runs = kept.runs()
    assert len(runs) == 2
    for run in runs:
        run.close()
    with pytest.raises(StartupProblem, match="anchors cannot be used"):
        await verify_audit(given, database)
