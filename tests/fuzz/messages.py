"""Messages of the contract, through the servicers and converters, with stores that only check what they are asked.

No event loop: nothing behind the servicers waits here, so a call is one step of its coroutine.
"""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from portero.v1 import (
    camera_service_pb2,
    decision_service_pb2,
    gallery_service_pb2,
    recognition_service_pb2,
    sighting_service_pb2,
    stream_pb2,
    usage_service_pb2,
)

from portero_server.domain.cameras import Camera, CameraMode, Lane
from portero_server.domain.people.merging import MergeCounts
from portero_server.domain.people.people import FaceModel, Person
from portero_server.errors import PorteroError
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.people_merging import MergedPerson
from portero_server.gallery.reviews import QueuePage
from portero_server.gallery.service import Gallery
from portero_server.recognition.images import ImageAnswer
from portero_server.rpc import stream
from portero_server.rpc.paging import Listing
from portero_server.rpc.resource_names import parse_camera
from portero_server.rpc.services.cameras import CameraServicer
from portero_server.rpc.services.decisions import DecisionServicer
from portero_server.rpc.services.gallery import GalleryServicer
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.services.sightings import SightingServicer
from portero_server.rpc.services.usage import UsageServicer
from portero_server.store.face_cursors import face_position
from portero_server.store.types import time_text
from tests.support.server.open_access import unlimited
from tests.support.time.virtual_time import ManualClock

_NOW = datetime(2026, 3, 2, tzinfo=UTC)
_PERSON = Person("ana", "Ana", _NOW, _NOW, {"floor": "2"}, 1)
_CAMERA = Camera("door", "Door", "lobby", CameraMode.FACES, Lane.VISITOR, False, None, None, _NOW, _NOW)


class _Asked:
    """Stands behind a servicer: checks that a database could take what it is asked with, and gives nothing much."""

    def __init__(self, **answers: object) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        async def answer(*positional: object, **named: object) -> object:
            _check_storable([*positional, *named.values()])
            return self._answers.get(name, ())

        return answer


def _check_storable(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, str):
            value.encode()
        elif isinstance(value, datetime):
            time_text(value)
        elif isinstance(value, Mapping):
            _check_storable([*value.keys(), *value.values()])
        elif isinstance(value, Sequence) and not isinstance(value, bytes):
            _check_storable(value)
        elif hasattr(value, "__dataclass_fields__"):
            _check_storable(getattr(value, field) for field in value.__dataclass_fields__)


class _Watching:
    """Returns no updates."""

    async def watch(
        self, after: int | None, camera_id: str | None, within: object, watcher: object, wanted: object
    ) -> AsyncIterator[Any]:
        """Ends at once."""
        nothing: tuple[object, ...] = ()
        for news in nothing:
            yield news


class _Exporting:
    """Returns no pages."""

    async def pages(
        self, which: object, size: int, after: object, within: object, caller: object
    ) -> AsyncIterator[Any]:
        """Ends at once."""
        nothing: tuple[object, ...] = ()
        for page in nothing:
            yield page


class _Call:
    """As much of a call's context as servicers ask for."""

    def time_remaining(self) -> None:
        """No deadline."""


_decisions: Any = _Asked(names={})
_replays: Any = _Asked(replay=((), 0))
_reviews: Any = _Asked(queue=QueuePage((), None))
_made: Any = _Asked()
_pictures: Any = _Asked(having=frozenset())
_people: Any = _Asked(create=_PERSON, get=_PERSON, update=_PERSON)
_cameras: Any = _Asked(create=_CAMERA, get=_CAMERA, update=_CAMERA)
_images: Any = _Asked(recognize=ImageAnswer((), (), {}))
_other: Any = _Asked()
_merger: Any = _Asked(merge=MergedPerson(_PERSON, MergeCounts()))
_adoption: Any = _Asked(adopt=())
_transfer: Any = _Asked(add=(), page=((), None))
_transfer.model = FaceModel("scripted", "v1")
_watching: Any = _Watching()
_exporting: Any = _Exporting()
_live: Any = type("Live", (), {"status": lambda self, camera_id: None, "last_picture": lambda self, camera_id: None})()

_SERVICES: tuple[tuple[object, Any], ...] = (
    (camera_service_pb2, CameraServicer(_cameras, _live)),
    (
        gallery_service_pb2,
        GalleryServicer(
            Gallery(_other, _people, _other, ManualClock()),
            GalleryCheck(_other, _people, _other, _other),
            _other,
            _other,
            _transfer,
            _adoption,
            _other,
            _other,
            _merger,
            _images,
            ManualClock(),
        ),
    ),
    (recognition_service_pb2, RecognitionServicer(_images, _other, ManualClock())),
    (sighting_service_pb2, SightingServicer(_other, _watching, _exporting)),
    (
        decision_service_pb2,
        DecisionServicer(_decisions, _replays, _reviews, _made, _other, _other, _other, _pictures, ManualClock()),
    ),
    (usage_service_pb2, UsageServicer(_other)),
)
# What needs a decoder, a thread or an engine is tried with whole images elsewhere (tests.fuzz.malformed).
_ELSEWHERE = {
    "StreamFrames",
    "EnrollFace",
    "CheckPhoto",
    "CompareImages",
    "GetUsage",
    "GetSighting",
    "GetReviewPicture",
    "ReviewSighting",
    "UndoReview",
    "DeletePerson",
    "DeleteFace",
    "CheckFaces",
    "ListUnrecognizedPeople",
    "RepairFaces",
    "RebuildFaces",
    "PrepareCollection",
    "GetCollections",
    "SwitchCollection",
    "DropCollection",
}


def _methods() -> list[tuple[Any, type[Message]]]:
    return [
        (getattr(servicer, method.name), GetMessageClass(method.input_type))
        for module, servicer in _SERVICES
        for service in module.DESCRIPTOR.services_by_name.values()  # type: ignore[attr-defined]
        for method in service.methods
        if method.name not in _ELSEWHERE
    ]


_METHODS = _methods()


def unary_messages(data: bytes) -> None:
    """A request of any method is answered, or refused on purpose."""
    if data:
        with suppress(DecodeError, PorteroError):
            answer_to(data)


def answer_to(data: bytes) -> None:
    """Makes the call that the first byte names with the request that follows."""
    method, kind = _METHODS[data[0] % len(_METHODS)]
    answer = method(kind.FromString(data[1:]), _Call())
    _completed(answer if isinstance(answer, Coroutine) else _drained(answer))


def unary_messages_seeds() -> list[bytes]:
    """Returns a request of each method with every field set."""
    return [bytes([at]) + _filled(kind).SerializeToString() for at, (_, kind) in enumerate(_METHODS)]


def stream_messages(data: bytes) -> None:
    """A stream's messages, each behind its length in two bytes, follow the law or are refused on purpose."""
    with suppress(DecodeError, PorteroError):
        requests = _requests(data)
        opening = _completed(stream._opening(requests))
        parse_camera(opening.camera, "open.camera")
        _completed(_stream._read(requests, _session))


def stream_messages_seeds() -> list[bytes]:
    """Returns a stream with every kind of message."""
    opening = stream_pb2.OpenStream(camera="cameras/door", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE, agent="x")
    frame = stream_pb2.Frame(sequence=1, jpeg=b"\xff\xd8")
    frame.capture_time.FromDatetime(_NOW)
    request = stream_pb2.StreamFramesRequest
    gap = stream_pb2.Gap(first_sequence=2, last_sequence=3, reason=stream_pb2.GAP_REASON_NO_CREDIT)
    messages = [
        request(open=opening),
        request(frame=frame),
        request(gap=gap),
        request(heartbeat=stream_pb2.Heartbeat()),
        request(finish=stream_pb2.Finish()),
    ]
    parts = [message.SerializeToString() for message in messages]
    return [b"".join(struct.pack(">H", len(part)) + part for part in parts)]


def page_tokens(data: bytes) -> None:
    """A token is read to a cursor that the store can ask with, or is refused on purpose."""
    parts = 1 + (data[:1] > b"\x7f")
    text = data[1:].decode("utf-8", "replace")
    listing = Listing("sightings", ("door",))
    with suppress(PorteroError):
        listing.cursor(text, parts)
    # As somebody would make one who has read this source: the digest is not a secret.
    with suppress(PorteroError, ValueError):
        after = json.loads(text)
        cursor = listing.cursor(listing.token(after), parts) if isinstance(after, list) else None
        if cursor is not None:
            _check_cursor(cursor)


def page_tokens_seeds() -> list[bytes]:
    """Returns tokens, whole and as what they hold."""
    cursors = [["ana"], [_NOW.isoformat(), "7c"], ["0001-01-01T00:00:00+23:59", "7c"], ["\ud800"]]
    listing = Listing("sightings", ("door",))
    whole = [b"\x00" + listing.token(cursor).encode() for cursor in cursors]
    return whole + [bytes([128 * (len(cursor) - 1)]) + json.dumps(cursor).encode() for cursor in cursors]


def _check_cursor(cursor: tuple[str, ...]) -> None:
    from portero_server.rpc.services import sightings

    with suppress(PorteroError):
        _check_storable([sightings._cursor(cursor) if len(cursor) == 2 else cursor])
    with suppress(PorteroError):
        _check_storable(face_position(cursor[0]))


class _Taking:
    """A session that takes everything a reader gives it."""

    outbox = _Asked()
    camera = _CAMERA

    def receive(self, sequence: int, captured: datetime | None, jpeg: bytes, refusal: object) -> None:
        """Takes a frame."""
        assert 0 <= sequence < 2**63
        assert captured is None or captured.tzinfo is UTC

    def gap(self, first: int, last: int, reason: object) -> None:
        """Takes a gap."""
        assert 0 <= last < 2**63

    def heartbeat(self, sent_at: datetime | None = None, answers: datetime | None = None) -> None:
        """Takes a sign of life."""
        assert all(time is None or time.tzinfo is UTC for time in (sent_at, answers))

    finish = hang_up = heartbeat


_session: Any = _Taking()
_stream = stream.FrameStream(_other, _other, unlimited(ManualClock()), ManualClock().now)


async def _requests(data: bytes) -> AsyncIterator[stream_pb2.StreamFramesRequest]:
    at = 0
    while at + 2 <= len(data):
        (length,) = struct.unpack_from(">H", data, at)
        yield stream_pb2.StreamFramesRequest.FromString(data[at + 2 : at + 2 + length])
        at += 2 + length


async def _drained(answers: AsyncIterator[object]) -> None:
    async for _ in answers:
        pass


def _completed(coroutine: Coroutine[Any, Any, Any]) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    finally:
        coroutine.close()
    raise AssertionError("something waited")


def _filled(kind: type[Message], depth: int = 0) -> Any:
    message: Any = kind()
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, field.name)["floor"] = "2"
        elif field.message_type is not None:
            if depth < 3 and not field.is_repeated:
                getattr(message, field.name).MergeFrom(_filled(GetMessageClass(field.message_type), depth + 1))
        elif not field.is_repeated:
            setattr(message, field.name, _sample(field))
        else:
            getattr(message, field.name).append(_sample(field))
    return message


_NAMES = {"name": "cameras/door", "parent": "people/ana", "camera": "cameras/door", "person": "people/ana"}


def _sample(field: Any) -> Any:
    if field.cpp_type == field.CPPTYPE_STRING:
        return b"\xff\xd8" if field.type == field.TYPE_BYTES else _NAMES.get(field.name, "display_name")
    return 1
