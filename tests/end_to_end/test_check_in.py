"""A guest's card at a real server: read, matched with its holder, decided about, exported and erased for good."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from portero_cli.demo.portraits import COLLINS
from portero_client import (
    AuditEntry,
    CheckInResult,
    CheckInState,
    ConnectionSettings,
    DocumentField,
    DocumentReading,
    GuestStatus,
    NewGuest,
    NotFound,
    PorteroClient,
    ReviewDecision,
)
from portero_server.vision.jpeg import encode_jpeg
from tests.support.cards.holders import Holder, run_of
from tests.support.cards.layouts import printed
from tests.support.cards.portraits import live
from tests.support.cards.shooting import CLEAN, shot
from tests.support.cards.specimen import Series, Specimen, written
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE

# Both sides of a card are read by the local engine.
pytestmark = pytest.mark.slow

_HOLDER = Holder("QUILAPÁN WEISS", "XIMENA", run_of(20_111_222), "CHL", "F", date(1990, 4, 5))
# The server goes by today's date; the reader, which takes any expiry for one of this century, by what is printed.
_CARD = written(Series.CARD_2024, _HOLDER, "B48260573", date(2025, 3, 14), date(2035, 3, 13), portrait=0, look=27)
_SECRETS = (_CARD.holder.run, _CARD.holder.run[:-2], _CARD.number, "QUILAP", "WEISS", "1990-04-05", "saw her passport")


def _pictures(card: Specimen) -> list[bytes]:
    return [shot(printed(card, side), CLEAN, (1280, 960), seed).jpeg for seed, side in enumerate(card.series.sides)]


def _values(document: DocumentReading) -> dict[str, str]:
    return {field.value: document.value(field) for field in DocumentField if field is not DocumentField.UNSPECIFIED}


async def test_a_guest_is_checked_in_decided_about_exported_and_erased(tmp_path: Path) -> None:
    """An expected guest is accepted with all of the card read right; once erased, only the audit trail knows of it."""
    run = _CARD.holder.run
    async with (
        running_server(tmp_path, engine="local", check_in_patience=f"{PATIENCE}") as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE, image_timeout=PATIENCE)) as client,
    ):
        await client.people.create("Eileen Collins", person_id="eileen")
        await client.people.enroll("eileen", COLLINS.write(tmp_path).read_bytes())
        await client.cameras.create("desk", display_name="Desk")
        expected = await client.documents.import_guests([NewGuest("Ximena Quilapán", run=run, reference="R7")])

        done = await client.documents.check_in(*_pictures(_CARD), live=encode_jpeg(live(_CARD.portrait)), camera="desk")
        assert (done.result, done.reasons, done.admitted) == (CheckInResult.ACCEPTED, (), True)
        assert done.document is not None
        assert _values(done.document) == _CARD.truth
        assert (done.guest_status, done.guest) == (GuestStatus.EXPECTED, expected.guests[0].name)
        assert [guest.check_in async for guest in client.documents.guests()] == [done.name]

        assert [each async for each in client.documents.list(camera="desk", run=run)] == [done]
        decided = await client.documents.review(done.name, ReviewDecision.REJECTED, "saw her passport")
        assert (decided.admitted, decided.result) == (False, CheckInResult.ACCEPTED)
        assert (await client.documents.get(done.name)).state is CheckInState.FINISHED

        records = [record async for record in client.documents.export_holder(run=run)]
        assert [record.kind for record in records] == ["check_in", "guest"]
        assert json.loads(records[0].json)["decision_reason"] == "saw her passport"
        assert _stored(tmp_path, run)

        receipt = await client.documents.erase_holder(run=run)
        assert receipt.sound
        assert receipt.removed == {"check_ins": 1, "guests": 1}
        assert [each async for each in client.documents.list()] == []
        assert [each async for each in client.documents.guests()] == []
        with pytest.raises(NotFound):
            await client.documents.get(done.name)
        with pytest.raises(NotFound):
            [each async for each in client.documents.export_holder(run=run)]
        # Who is in the gallery is not the holder of a card.
        assert (await client.people.get("eileen")).display_name == "Eileen Collins"

        entries = await _audited(
            client,
            {
                ("DocumentService/ImportGuests", ""),
                ("DocumentService/StartCheckIn", done.name),
                ("DocumentService/ReviewCheckIn", done.name),
                ("DocumentService/ExportHolder", ""),
                ("DocumentService/EraseHolder", receipt.name),
            },
        )
        assert (await client.audit.verify()).is_sound
        assert await server.stop() == 0
    for secret in _SECRETS:
        assert secret not in str(entries) + str(server.lines) + str(server.others)
        assert not _stored(tmp_path, secret)


async def _audited(client: PorteroClient, deeds: set[tuple[str, str]]) -> list[AuditEntry]:
    """Returns the audit trail once it has all of these actions and resources; what was made is written soon after."""
    async with asyncio.timeout(PATIENCE):
        while True:
            entries = [entry async for entry in client.audit.list()]
            if deeds <= {(entry.action, entry.resource) for entry in entries}:
                return entries
            await asyncio.sleep(0.05)


def _stored(folder: Path, text: str) -> bool:
    """Returns whether a text is in the database's files, in their free pages and logs too."""
    return any(text.encode() in file.read_bytes() for file in folder.glob("portero.db*"))
