"""`portero audit` shows who did what, and fails when somebody has tampered with the record."""

from __future__ import annotations

import asyncio

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import audit_service_pb2 as pb2

from portero_client import AuditAnchor, AuditOutcome, BlockingPorteroClient
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

DIGEST = "ab" * 32


def entry(position: int, outcome: pb2.AuditOutcome.ValueType = pb2.AUDIT_OUTCOME_ASKED) -> pb2.AuditEntry:
    """Returns an entry."""
    return pb2.AuditEntry(
        position=position,
        time=Timestamp(seconds=1_772_438_400),
        subject="keys/k1",
        peer="192.0.2.1",
        method="key",
        credential="k1",
        action="GalleryService/EnrollFace",
        resource="people/ana",
        outcome=outcome,
        count=1,
        previous_digest="cd" * 32,
        digest=DIGEST,
    )


async def test_entries_are_listed_latest_first(cli: Cli, server: FakeServer) -> None:
    """People read a table, machines every field; a limit tells that there is more."""
    server.audit.entries = [entry(3, pb2.AUDIT_OUTCOME_NO_LOGIN), entry(2), entry(1)]
    shown = await cli("audit", "list", "--limit", "2")
    assert "GalleryService/EnrollFace" in shown.out
    assert "no login" in shown.out
    assert "there are more" in shown.err
    document = (await cli("audit", "list", "--json")).document
    assert [each["position"] for each in document["entries"]] == [3, 2, 1]
    assert document["entries"][1]["subject"] == "keys/k1"
    assert document["entries"][1]["digest"] == DIGEST


async def test_an_empty_trail_is_told_in_words(cli: Cli) -> None:
    """Without entries a sentence takes the table's place."""
    assert "no entries yet" in (await cli("audit", "list")).out


async def test_a_sound_chain_is_told_with_its_end(cli: Cli, server: FakeServer) -> None:
    """A sound chain exits 0 and prints what a later check takes as an anchor."""
    server.audit.report = pb2.VerifyAuditResponse(
        head=pb2.AuditAnchor(count=12, digest=DIGEST), retired_count=2, anchor_count=1
    )
    done = await cli("audit", "verify", "--anchor", f"9:{'0' * 64}")
    assert done.code == 0
    assert f"10 entries, 1 anchors compared: sound; ends with 12:{DIGEST}" in " ".join(done.out.split())
    ((given,),) = [request.anchors for request in server.audit.asked]
    assert (given.count, given.digest) == (9, "0" * 64)


async def test_tampering_fails_and_is_named(cli: Cli, server: FakeServer) -> None:
    """A chain that was tampered with exits 1, with a line for each finding and its positions."""
    server.audit.report = pb2.VerifyAuditResponse(
        findings=[
            pb2.AuditFinding(tampering=pb2.AUDIT_TAMPERING_EDITED, first_position=3, last_position=3),
            pb2.AuditFinding(tampering=pb2.AUDIT_TAMPERING_REMOVED, first_position=5, last_position=8),
            pb2.AuditFinding(first_position=9, last_position=9),
        ],
        head=pb2.AuditAnchor(count=12, digest=DIGEST),
    )
    done = await cli("audit", "verify")
    assert done.code == 1
    assert "entry 3 was edited" in done.out
    assert "entries 5 to 8 were removed" in done.out
    assert "entry 9 was not as written" in done.out
    assert "TAMPERED WITH" in done.out
    assert (await cli("audit", "verify", "--json")).document["findings"][1] == {
        "tampering": "removed",
        "first_position": 5,
        "last_position": 8,
    }


async def test_an_anchor_that_is_none_is_not_sent(cli: Cli, server: FakeServer) -> None:
    """A malformed anchor ends the command before the server is asked."""
    done = await cli("audit", "verify", "--anchor", "12")
    assert done.code == 4
    assert "COUNT:DIGEST" in done.err
    assert not server.audit.asked


async def test_threads_ask_the_same(server: FakeServer) -> None:
    """The blocking client lists and checks as the asynchronous one does."""
    server.audit.entries = [entry(1, pb2.AUDIT_OUTCOME_FAILED)]
    server.audit.report = pb2.VerifyAuditResponse(head=pb2.AuditAnchor(count=1, digest=DIGEST))

    def ask() -> tuple[AuditOutcome, AuditAnchor]:
        with BlockingPorteroClient(server.address) as client:
            return next(iter(client.audit.list())).outcome, client.audit.verify().head

    assert await asyncio.to_thread(ask) == (AuditOutcome.FAILED, AuditAnchor(1, DIGEST))
