"""Consent, block and erasure over REST."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import privacy_service_pb2 as pb2

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser

_NOON = Timestamp(seconds=1_772_452_800)
_CONSENT = pb2.Consent(
    name="people/ana/consents/c1", purpose="entry", text_version="2", channel="desk", give_time=_NOON, record_time=_NOON
)


async def test_a_consent_is_recorded_and_withdrawn(browser: Browser, server: FakeServer) -> None:
    """The call has the fields that were sent, and the answer what the server stored."""
    server.privacy.answers = {
        "RecordConsent": [pb2.RecordConsentResponse(consent=_CONSENT)],
        "WithdrawConsent": [pb2.WithdrawConsentResponse(consents=[_CONSENT])],
    }
    sent = {"purpose": "entry", "text_version": "2", "channel": "desk", "expire_time": "2027-01-01T00:00:00-03:00"}
    recorded = await browser.json("POST", "/people/ana/consents", json=sent)
    assert (recorded["name"], recorded["give_time"]) == ("people/ana/consents/c1", "2026-03-02T12:00:00Z")
    withdrawn = await browser.json("POST", "/people/ana/consents/withdraw", json={"consent": "c1"})
    assert [each["name"] for each in withdrawn] == ["people/ana/consents/c1"]
    record, withdraw = server.privacy.asked
    assert isinstance(record, pb2.RecordConsentRequest)
    assert isinstance(withdraw, pb2.WithdrawConsentRequest)
    assert withdraw.name == "people/ana/consents/c1"


async def test_a_time_without_a_zone_is_refused(browser: Browser, server: FakeServer) -> None:
    """No time is guessed: the field is named."""
    sent = {"purpose": "entry", "text_version": "2", "channel": "desk", "give_time": "2027-01-01T00:00:00"}
    answer = await browser.http.post("/api/v1/people/ana/consents", json=sent)
    assert [each["field"] for each in answer.json()["violations"]] == ["give_time"]
    assert server.privacy.asked == []


async def test_a_person_is_blocked_and_unblocked(browser: Browser, server: FakeServer) -> None:
    """Both answer with what holds then."""
    blocked = pb2.PersonPrivacy(person="people/ana", blocked=True, block_reason="asked", block_time=_NOON)
    server.privacy.answers = {
        "BlockPerson": [pb2.BlockPersonResponse(privacy=blocked)],
        "UnblockPerson": [pb2.UnblockPersonResponse(privacy=pb2.PersonPrivacy(person="people/ana", recognizable=True))],
        "GetPersonPrivacy": [pb2.GetPersonPrivacyResponse(privacy=blocked)],
    }
    assert (await browser.json("POST", "/people/ana/block", json={"reason": "asked"}))["blocked"] is True
    assert (await browser.json("GET", "/people/ana/privacy"))["block_reason"] == "asked"
    assert (await browser.json("POST", "/people/ana/unblock"))["recognizable"] is True


async def test_an_erasure_is_answered_with_its_receipt(browser: Browser, server: FakeServer) -> None:
    """Asked again, the receipt says when the last trace was gone and what was removed."""
    begun = pb2.Erasure(name="erasures/e1", request_time=_NOON)
    removed = [pb2.PlaceCount(place="faces", count=2)]
    done = pb2.Erasure(name="erasures/e1", request_time=_NOON, finish_time=_NOON, removed=removed, digest="d")
    server.privacy.answers = {
        "ErasePerson": [pb2.ErasePersonResponse(erasure=begun), pb2.ErasePersonResponse(erasure=done)]
    }
    assert (await browser.json("POST", "/people/ana/erase"))["finish_time"] is None
    receipt = await browser.json("POST", "/people/ana/erase")
    assert (receipt["removed"], receipt["finish_time"]) == ({"faces": 2}, "2026-03-02T12:00:00Z")
