"""Which calls are recorded in the audit trail, and what of them: one table, a row for every RPC.

A method without a row is recorded, without saying of what; a test fails. Nothing but names of resources and of fields
is ever taken from a request or a response.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

_NAME = re.compile(r"[a-z]+/[A-Za-z0-9._~:@+-]{1,128}(/[a-z]+/[A-Za-z0-9._~:@+-]{1,128})?")

Naming = Callable[[Any], str]
"""Takes a request or a response and gives a resource's name, or an empty text."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row: recorded before it is done.

    Attributes:
        resource: Of what, by the request; None: of nothing in particular.
        details: Words of the request that say what is changed, such as the fields of a mask.
        made: What was made, by the response, where the request cannot know; recorded when it is done.
    """

    resource: Naming | None = None
    details: Naming | None = None
    made: Naming | None = None


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """A row: not recorded, for a reason that stands here."""

    because: str


def resource_of(naming: Naming | None, message: Any) -> str:
    """Returns the name in a message, or an empty text when what stands there does not look like one.

    A caller may write anything where a name belongs, a person's own name for example.
    """
    name = "" if naming is None else naming(message)
    return name if _NAME.fullmatch(name) else ""


def words_of(naming: Naming | None, message: Any) -> str:
    """Returns the words in a message that look like names of fields, with commas between."""
    words = "" if naming is None else naming(message)
    return ",".join(word for word in words.split(",") if re.fullmatch(r"[a-z_.]{1,63}", word))


def _under(collection: str, field: str) -> Naming:
    of = attrgetter(field)
    return lambda message: f"{collection}/{of(message)}" if of(message) else ""


def _mask(message: Any) -> str:
    return ",".join(message.update_mask.paths)


_READS = NotRecorded("it reads, and changes nothing")
_STREAM = NotRecorded("each stream has a row of its own in `streams`, with its camera and its frames by outcome")

AUDITED: Mapping[str, Recorded | NotRecorded] = {
    "portero.v1.RecognitionService/StreamFrames": _STREAM,
    "portero.v1.RecognitionService/RecognizeImage": Recorded(),
    "portero.v1.RecognitionService/ReadText": NotRecorded("it looks for text, and for nobody"),
    "portero.v1.GalleryService/CreatePerson": Recorded(
        resource=_under("people", "person_id"), made=attrgetter("person.name")
    ),
    "portero.v1.GalleryService/GetPerson": _READS,
    "portero.v1.GalleryService/ListPeople": _READS,
    "portero.v1.GalleryService/UpdatePerson": Recorded(attrgetter("person.name"), _mask),
    "portero.v1.GalleryService/DeletePerson": Recorded(attrgetter("name")),
    "portero.v1.GalleryService/EnrollFace": Recorded(attrgetter("parent"), made=attrgetter("face.name")),
    "portero.v1.GalleryService/ListFaces": _READS,
    "portero.v1.GalleryService/DeleteFace": Recorded(attrgetter("name")),
    "portero.v1.GalleryService/SearchByImage": Recorded(),
    "portero.v1.GalleryService/CompareImages": NotRecorded("it compares two images given, and looks nobody up"),
    "portero.v1.CameraService/CreateCamera": Recorded(_under("cameras", "camera_id")),
    "portero.v1.CameraService/GetCamera": _READS,
    "portero.v1.CameraService/ListCameras": _READS,
    "portero.v1.CameraService/UpdateCamera": Recorded(attrgetter("camera.name"), _mask),
    "portero.v1.CameraService/DeleteCamera": Recorded(attrgetter("name")),
    "portero.v1.CameraService/GetCameraStatus": _READS,
    "portero.v1.SightingService/GetSighting": _READS,
    "portero.v1.SightingService/ListSightings": _READS,
    "portero.v1.SightingService/WatchSightings": _READS,
    "portero.v1.UsageService/GetUsage": _READS,
    "portero.v1.PrivacyService/GetPersonPrivacy": _READS,
    "portero.v1.PrivacyService/RecordConsent": Recorded(attrgetter("parent"), made=attrgetter("consent.name")),
    "portero.v1.PrivacyService/WithdrawConsent": Recorded(attrgetter("name")),
    "portero.v1.PrivacyService/BlockPerson": Recorded(attrgetter("name")),
    "portero.v1.PrivacyService/UnblockPerson": Recorded(attrgetter("name")),
    # A page each: who reads all of somebody's data leaves as many entries as pages.
    "portero.v1.PrivacyService/ExportPerson": Recorded(attrgetter("name")),
    "portero.v1.PrivacyService/ErasePerson": Recorded(attrgetter("name"), made=attrgetter("erasure.name")),
    "portero.v1.PrivacyService/GetErasure": _READS,
    "portero.v1.PrivacyService/VerifyErasure": _READS,
    "portero.v1.AccessService/CreateKey": Recorded(made=attrgetter("key.name")),
    "portero.v1.AccessService/ListKeys": _READS,
    "portero.v1.AccessService/RevokeKey": Recorded(attrgetter("name")),
    "portero.v1.AuditService/ListAuditEntries": NotRecorded("the list would grow by being read"),
    "portero.v1.AuditService/VerifyAudit": _READS,
}
"""Every method, "package.Service/Method"."""
