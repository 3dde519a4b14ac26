"""Converts consents and erasures to protobuf messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from portero.v1 import privacy_service_pb2 as pb

from portero_server.domain.people.privacy import Consent, Erasure, PersonPrivacy, checked_words
from portero_server.errors import InvalidInput
from portero_server.rpc.convert import time_from_proto, time_to_proto
from portero_server.rpc.resource_names import consent_name, erasure_name, person_name
from portero_server.store.remains import Remain


def consent_to_proto(consent: Consent) -> pb.Consent:
    """Returns the Consent message for a consent."""
    return pb.Consent(
        name=consent_name(consent.person_id, consent.consent_id),
        purpose=consent.purpose,
        text_version=consent.text_version,
        give_time=time_to_proto(consent.given_at),
        channel=consent.channel,
        guardian=consent.guardian,
        expire_time=None if consent.expires_at is None else time_to_proto(consent.expires_at),
        record_time=time_to_proto(consent.recorded_at),
        withdraw_time=None if consent.withdrawn_at is None else time_to_proto(consent.withdrawn_at),
    )


def consent_from_proto(told: pb.Consent, person_id: str, consent_id: str, now: datetime, field: str) -> Consent:
    """Returns the consent that a message tells of, as recorded now.

    Raises:
        InvalidInput: A field, named below `field`, is malformed, or a time is out of order.
    """
    given = time_from_proto(told.give_time, f"{field}.give_time") if told.HasField("give_time") else now
    if given > now:
        raise InvalidInput(f"{field}.give_time", f"{field}.give_time must not be in the future")
    expires = time_from_proto(told.expire_time, f"{field}.expire_time") if told.HasField("expire_time") else None
    if expires is not None and expires <= given:
        raise InvalidInput(f"{field}.expire_time", f"{field}.expire_time must be after {field}.give_time")
    return Consent(
        consent_id=consent_id,
        person_id=person_id,
        purpose=checked_words(told.purpose, f"{field}.purpose", 200),
        text_version=checked_words(told.text_version, f"{field}.text_version", 63),
        channel=checked_words(told.channel, f"{field}.channel", 63),
        guardian=checked_words(told.guardian, f"{field}.guardian", 200, required=False),
        given_at=given,
        recorded_at=now,
        expires_at=expires,
    )


def privacy_to_proto(person_id: str, privacy: PersonPrivacy) -> pb.PersonPrivacy:
    """Returns the PersonPrivacy message for a person."""
    block = privacy.block
    return pb.PersonPrivacy(
        person=person_name(person_id),
        recognizable=privacy.recognizable,
        blocked=block is not None,
        block_reason="" if block is None else block.reason,
        block_time=None if block is None else time_to_proto(block.blocked_at),
        consents=[consent_to_proto(consent) for consent in privacy.consents],
    )


def erasure_to_proto(erasure: Erasure) -> pb.Erasure:
    """Returns the Erasure message, without the person's id, which a receipt must not contain."""
    return pb.Erasure(
        name=erasure_name(erasure.erasure_id),
        request_time=time_to_proto(erasure.requested_at),
        finish_time=None if erasure.finished_at is None else time_to_proto(erasure.finished_at),
        removed=[pb.PlaceCount(place=place, count=count) for place, count in sorted(erasure.counts.items())],
        digest=erasure.digest,
        sound=erasure.sound,
        overwrite_time=None if erasure.overwritten_at is None else time_to_proto(erasure.overwritten_at),
    )


def remains_to_proto(remains: Iterable[Remain]) -> list[pb.PlaceCount]:
    """Returns the PlaceCount messages for what was found."""
    return [pb.PlaceCount(place=remain.place, count=remain.rows) for remain in remains]
