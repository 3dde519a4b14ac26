"""The calls of PrivacyService."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from portero.v1 import privacy_service_pb2 as pb2

from portero_client import privacy_convert as convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.names import PEOPLE
from portero_client.privacy import Consent, Erasure, ExportRecord, PersonPrivacy, Verification

_SERVICE = "/portero.v1.PrivacyService/"


def get(person: str) -> Call[PersonPrivacy]:
    """Returns the consents and block of a person."""
    return unary(
        _SERVICE + "GetPersonPrivacy",
        pb2.GetPersonPrivacyRequest(name=PEOPLE.name(person)),
        pb2.GetPersonPrivacyResponse,
        lambda answer: convert.privacy_from(answer.privacy),
    )


def record_consent(
    person: str,
    *,
    purpose: str,
    text_version: str,
    channel: str,
    guardian: str,
    give_time: datetime | None,
    expire_time: datetime | None,
) -> Call[Consent]:
    """Records that a person agreed to be recognized; repeating it records one consent."""
    consent = pb2.Consent(purpose=purpose, text_version=text_version, channel=channel, guardian=guardian)
    if give_time is not None:
        consent.give_time.FromDatetime(give_time)
    if expire_time is not None:
        consent.expire_time.FromDatetime(expire_time)
    return unary(
        _SERVICE + "RecordConsent",
        pb2.RecordConsentRequest(parent=PEOPLE.name(person), consent=consent, request_id=str(uuid4())),
        pb2.RecordConsentResponse,
        lambda answer: convert.consent_from(answer.consent),
    )


def withdraw_consent(person: str, consent_id: str) -> Call[tuple[Consent, ...]]:
    """Withdraws one consent of a person; "-" withdraws all."""
    return unary(
        _SERVICE + "WithdrawConsent",
        pb2.WithdrawConsentRequest(name=f"{PEOPLE.name(person)}/consents/{consent_id}"),
        pb2.WithdrawConsentResponse,
        lambda answer: tuple(convert.consent_from(consent) for consent in answer.consents),
    )


def block(person: str, reason: str) -> Call[PersonPrivacy]:
    """Blocks a person: no face is recognized as this person."""
    return unary(
        _SERVICE + "BlockPerson",
        pb2.BlockPersonRequest(name=PEOPLE.name(person), reason=reason),
        pb2.BlockPersonResponse,
        lambda answer: convert.privacy_from(answer.privacy),
    )


def unblock(person: str) -> Call[PersonPrivacy]:
    """Ends the block of a person."""
    return unary(
        _SERVICE + "UnblockPerson",
        pb2.UnblockPersonRequest(name=PEOPLE.name(person)),
        pb2.UnblockPersonResponse,
        lambda answer: convert.privacy_from(answer.privacy),
    )


def export_pages(person: str) -> PageCall[ExportRecord]:
    """Lists everything stored about a person."""
    name = PEOPLE.name(person)

    def page(page_size: int, page_token: str) -> Call[Page[ExportRecord]]:
        return unary(
            _SERVICE + "ExportPerson",
            pb2.ExportPersonRequest(name=name, page_size=page_size, page_token=page_token),
            pb2.ExportPersonResponse,
            lambda answer: Page(
                tuple(convert.record_from(record) for record in answer.records), answer.next_page_token
            ),
        )

    return page


def erase(person: str) -> Call[Erasure]:
    """Erases a person permanently."""
    return unary(
        _SERVICE + "ErasePerson",
        pb2.ErasePersonRequest(name=PEOPLE.name(person)),
        pb2.ErasePersonResponse,
        lambda answer: convert.erasure_from(answer.erasure),
    )


def verify_erasure(person: str) -> Call[Verification]:
    """Searches every table for traces of an erased person."""
    return unary(
        _SERVICE + "VerifyErasure",
        pb2.VerifyErasureRequest(person=PEOPLE.name(person)),
        pb2.VerifyErasureResponse,
        convert.verification_from,
        # It reads the whole database, so it is given the longer time.
        carries_image=True,
    )
