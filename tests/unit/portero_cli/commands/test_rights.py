"""`portero people block, export, erase` and `portero consent`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import privacy_service_pb2 as pb2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

CONSENT = pb2.Consent(
    name="people/ana/consents/c1",
    purpose="attendance",
    text_version="2026-01",
    channel="paper",
    guardian="Eva Luz",
    give_time=Timestamp(seconds=1_767_225_600),
    record_time=Timestamp(seconds=1_767_225_600),
)
RECEIPT = pb2.Erasure(
    name="erasures/e1",
    request_time=Timestamp(seconds=1_767_225_600),
    finish_time=Timestamp(seconds=1_767_225_601),
    removed=[pb2.PlaceCount(place="faces", count=2), pb2.PlaceCount(place="consents", count=0)],
    digest="d1",
    sound=True,
)


async def test_a_consent_is_recorded_shown_and_ended(cli: Cli, server: FakeServer) -> None:
    """What the options say reaches the server, and what the server says is shown."""
    server.privacy.answers = {
        "RecordConsent": [pb2.RecordConsentResponse(consent=CONSENT)],
        "GetPersonPrivacy": [
            pb2.GetPersonPrivacyResponse(
                privacy=pb2.PersonPrivacy(person="people/ana", recognizable=True, consents=[CONSENT])
            )
        ],
        "WithdrawConsent": [pb2.WithdrawConsentResponse(consents=[CONSENT])],
    }
    options = ("--purpose", "attendance", "--text", "2026-01", "--channel", "paper", "--guardian", "Eva Luz")
    given = await cli("consent", "give", "ana", *options, "--at", "2026-01-01T00:00:00Z", "--json")
    assert given.document["consent"]["guardian"] == "Eva Luz"
    shown = await cli("consent", "show", "ana")
    assert "people/ana may be recognized" in shown.out
    assert "Eva Luz" in shown.out
    assert (await cli("consent", "withdraw", "ana", "--yes")).out == "people/ana/consents/c1 ended\n"
    recorded, _, withdrawn = server.privacy.asked
    assert isinstance(recorded, pb2.RecordConsentRequest)
    assert (recorded.parent, recorded.consent.give_time.seconds) == ("people/ana", 1_767_225_600)
    assert recorded.request_id
    assert isinstance(withdrawn, pb2.WithdrawConsentRequest)
    assert withdrawn.name == "people/ana/consents/-"


async def test_blocking_says_what_holds_now(cli: Cli, server: FakeServer) -> None:
    """A block goes out with its reason; after it, a missing consent is told."""
    blocked = pb2.PersonPrivacy(person="people/ana", blocked=True)
    server.privacy.answers = {
        "BlockPerson": [pb2.BlockPersonResponse(privacy=blocked)],
        "UnblockPerson": [pb2.UnblockPersonResponse(privacy=pb2.PersonPrivacy(person="people/ana"))],
    }
    assert (await cli("people", "block", "ana", "--reason", "asked")).out == "people/ana is blocked\n"
    assert "has no valid consent" in (await cli("people", "unblock", "ana")).out
    asked = server.privacy.asked[0]
    assert isinstance(asked, pb2.BlockPersonRequest)
    assert asked.reason == "asked"


async def test_an_export_is_one_file_for_its_owner_alone(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """All pages become one document that others cannot read; a file that exists is left alone."""
    pages = [
        pb2.ExportPersonResponse(
            records=[pb2.ExportRecord(kind="person", json='{"person_id": "ana"}')], next_page_token="more"
        ),
        pb2.ExportPersonResponse(records=[pb2.ExportRecord(kind="face", json='{"face_id": "f1"}')]),
    ]
    server.privacy.answers = {"ExportPerson": list(pages)}
    file = tmp_path / "ana.json"
    assert "1 person, 1 face" in (await cli("people", "export", "ana", file)).out
    assert json.loads(file.read_text())["records"] == {"person": [{"person_id": "ana"}], "face": [{"face_id": "f1"}]}
    assert file.stat().st_mode & 0o077 == 0
    assert (await cli("people", "export", "ana", file)).code == 4


async def test_a_consent_ends_in_time(cli: Cli, server: FakeServer) -> None:
    """--until 90d is ninety days ahead, as whoever types it means."""
    server.privacy.answers = {"RecordConsent": [pb2.RecordConsentResponse(consent=CONSENT)]}
    options = ("--purpose", "attendance", "--text", "2026-01", "--channel", "paper")
    assert (await cli("consent", "give", "ana", *options, "--until", "90d")).code == 0
    recorded = server.privacy.asked[0]
    assert isinstance(recorded, pb2.RecordConsentRequest)
    left = recorded.consent.expire_time.ToDatetime(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)


async def test_erasing_gives_the_receipt(cli: Cli, server: FakeServer) -> None:
    """With --yes nobody is asked, and the receipt says what went."""
    server.privacy.answers = {"ErasePerson": [pb2.ErasePersonResponse(erasure=RECEIPT)]}
    out = (await cli("people", "erase", "ana", "--yes")).out
    assert "erasures/e1" in out
    assert "2 faces" in out
    assert "consents" not in out


async def test_a_proof_that_fails_ends_with_a_code(cli: Cli, server: FakeServer) -> None:
    """A clean proof is code 0, one that found something is code 1 and says what."""
    left = pb2.VerifyErasureResponse(erasure=RECEIPT, remains=[pb2.PlaceCount(place="sightings.person_id", count=3)])
    server.privacy.answers = {"VerifyErasure": [pb2.VerifyErasureResponse(erasure=RECEIPT, clean=True), left]}
    clean = await cli("people", "verify-erasure", "ana")
    assert (clean.code, clean.out) == (0, "erasures/e1: clean\n")
    found = await cli("people", "verify-erasure", "ana")
    assert found.code == 1
    assert "sightings.person_id: 3 left" in found.out
