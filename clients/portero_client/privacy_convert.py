"""Converts privacy messages to dataclasses."""

from __future__ import annotations

from portero.v1 import privacy_service_pb2 as pb2

from portero_client.convert import time_from
from portero_client.privacy import Consent, Erasure, ExportRecord, PersonPrivacy, Verification


def consent_from(message: pb2.Consent) -> Consent:
    """Returns a Consent for a protobuf message."""
    return Consent(
        name=message.name,
        purpose=message.purpose,
        text_version=message.text_version,
        channel=message.channel,
        guardian=message.guardian,
        give_time=time_from(message.give_time),
        record_time=time_from(message.record_time),
        expire_time=time_from(message.expire_time) if message.HasField("expire_time") else None,
        withdraw_time=time_from(message.withdraw_time) if message.HasField("withdraw_time") else None,
    )


def privacy_from(message: pb2.PersonPrivacy) -> PersonPrivacy:
    """Returns the privacy state of a person."""
    return PersonPrivacy(
        person=message.person,
        recognizable=message.recognizable,
        blocked=message.blocked,
        block_reason=message.block_reason,
        block_time=time_from(message.block_time) if message.HasField("block_time") else None,
        consents=tuple(consent_from(consent) for consent in message.consents),
    )


def erasure_from(message: pb2.Erasure) -> Erasure:
    """Returns an Erasure for a protobuf message."""
    return Erasure(
        name=message.name,
        request_time=time_from(message.request_time),
        finish_time=time_from(message.finish_time) if message.HasField("finish_time") else None,
        removed={count.place: count.count for count in message.removed},
        digest=message.digest,
        sound=message.sound,
        overwrite_time=time_from(message.overwrite_time) if message.HasField("overwrite_time") else None,
    )


def verification_from(message: pb2.VerifyErasureResponse) -> Verification:
    """Returns the result of a verification."""
    remains = {count.place: count.count for count in message.remains}
    return Verification(erasure_from(message.erasure), remains, message.clean)


def record_from(message: pb2.ExportRecord) -> ExportRecord:
    """Returns an ExportRecord for a protobuf message."""
    return ExportRecord(message.kind, message.json, message.content)
