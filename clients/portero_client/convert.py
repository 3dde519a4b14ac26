"""Converts between protobuf messages and dataclasses; the only SDK module that knows resources' protobuf fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import (
    camera_service_pb2,
    detections_pb2,
    gallery_service_pb2,
    recognition_service_pb2,
    sighting_service_pb2,
)

from portero_client.cameras import (
    Camera,
    CameraMode,
    CameraPurpose,
    CameraStatus,
    ClockState,
    SteeringCause,
    TimeSource,
    ViewState,
)
from portero_client.detections import (
    Box,
    Candidate,
    Comparison,
    Face,
    FaceComparison,
    FaceQuality,
    Match,
    Recognition,
    Text,
    TextKind,
)
from portero_client.people import FaceEnrollment, Person
from portero_client.sightings import Sighting, SightingEvent, SightingEventKind, SightingKind

_EnumT = TypeVar("_EnumT")

_TEXT_KINDS: dict[int, TextKind] = {
    detections_pb2.TEXT_KIND_LINE: TextKind.LINE,
    detections_pb2.TEXT_KIND_WORD: TextKind.WORD,
}
_MODES: dict[CameraMode, camera_service_pb2.CameraMode.ValueType] = {
    CameraMode.FACES: camera_service_pb2.CAMERA_MODE_FACES,
    CameraMode.TEXT: camera_service_pb2.CAMERA_MODE_TEXT,
}
_PURPOSES: dict[CameraPurpose, camera_service_pb2.CameraPurpose.ValueType] = {
    CameraPurpose.CHECK_IN: camera_service_pb2.CAMERA_PURPOSE_CHECK_IN,
    CameraPurpose.VISITOR: camera_service_pb2.CAMERA_PURPOSE_VISITOR,
    CameraPurpose.ATTENDANCE: camera_service_pb2.CAMERA_PURPOSE_ATTENDANCE,
}
_TIME_SOURCES: dict[TimeSource, camera_service_pb2.CameraTimeSource.ValueType] = {
    TimeSource.CAPTURE: camera_service_pb2.CAMERA_TIME_SOURCE_CAPTURE,
    TimeSource.ARRIVAL: camera_service_pb2.CAMERA_TIME_SOURCE_ARRIVAL,
}
_VIEW_STATES: dict[int, ViewState] = {
    camera_service_pb2.ViewState.Value(f"VIEW_STATE_{state.name}"): state
    for state in ViewState
    if state is not ViewState.UNKNOWN
}
_CLOCK_STATES: dict[int, ClockState] = {
    camera_service_pb2.ClockState.Value(f"CLOCK_STATE_{state.name}"): state
    for state in ClockState
    if state is not ClockState.UNKNOWN
}
_CAUSES: dict[int, SteeringCause] = {
    camera_service_pb2.SteeringCause.Value(f"STEERING_CAUSE_{cause.name}"): cause for cause in SteeringCause
}
EVENT_KINDS: dict[int, SightingEventKind] = {
    sighting_service_pb2.SIGHTING_EVENT_KIND_STARTED: SightingEventKind.STARTED,
    sighting_service_pb2.SIGHTING_EVENT_KIND_RESUMED: SightingEventKind.RESUMED,
    sighting_service_pb2.SIGHTING_EVENT_KIND_REVISED: SightingEventKind.REVISED,
    sighting_service_pb2.SIGHTING_EVENT_KIND_LEFT: SightingEventKind.LEFT,
    sighting_service_pb2.SIGHTING_EVENT_KIND_UNKNOWN_PERSON: SightingEventKind.UNKNOWN_PERSON,
    sighting_service_pb2.SIGHTING_EVENT_KIND_VISITOR_RETURNED: SightingEventKind.VISITOR_RETURNED,
}
SIGHTING_KINDS: dict[SightingKind, sighting_service_pb2.SightingKind.ValueType] = {
    SightingKind.ALL: sighting_service_pb2.SIGHTING_KIND_UNSPECIFIED,
    SightingKind.NAMED: sighting_service_pb2.SIGHTING_KIND_NAMED,
    SightingKind.UNKNOWN: sighting_service_pb2.SIGHTING_KIND_UNKNOWN,
}


def time_from(message: Timestamp) -> datetime:
    """Returns a UTC time; anything finer than microseconds is truncated."""
    return message.ToDatetime(tzinfo=UTC)


def time_to(value: datetime) -> Timestamp:
    """Returns a protobuf Timestamp for a time.

    Raises:
        ValueError: The time has no time zone, so nobody knows when it is.
    """
    if value.tzinfo is None:
        raise ValueError("a time must have a time zone, as datetime.now(UTC) does")
    message = Timestamp()
    message.FromDatetime(value)
    return message


def box_from(message: detections_pb2.Box) -> Box:
    """Returns a Box for a protobuf message."""
    return Box(left=message.left, top=message.top, width=message.width, height=message.height)


def quality_from(message: detections_pb2.FaceQuality) -> FaceQuality:
    """Returns the quality of a face."""
    return FaceQuality(
        size=message.size,
        frontality=message.frontality,
        sharpness=message.sharpness,
        brightness=message.brightness,
        overall=message.overall,
    )


def match_from(message: detections_pb2.Match) -> Match:
    """Returns the match of a face."""
    return Match(
        person=message.person,
        display_name=message.display_name,
        similarity=message.similarity,
        margin=message.margin,
    )


def face_from(message: detections_pb2.Face) -> Face:
    """Returns a face with its match, if any, and its candidates."""
    return Face(
        box=box_from(message.box),
        confidence=message.confidence,
        quality=quality_from(message.quality),
        match=match_from(message.match) if message.HasField("match") else None,
        candidates=tuple(map(candidate_from, message.candidates)),
        between_look_alikes=message.between_look_alikes,
    )


def candidate_from(message: detections_pb2.Candidate) -> Candidate:
    """Returns a person whom a face may show."""
    return Candidate(message.person, message.display_name, message.similarity, message.face)


def text_from(message: detections_pb2.Text) -> Text:
    """Returns a piece of text."""
    return Text(
        content=message.content,
        kind=_TEXT_KINDS.get(message.kind, TextKind.UNSPECIFIED),
        box=box_from(message.box),
        confidence=message.confidence,
    )


def recognition_from(message: recognition_service_pb2.RecognizeImageResponse) -> Recognition:
    """Returns the faces and texts of an image."""
    return Recognition(
        faces=tuple(face_from(face) for face in message.faces),
        texts=tuple(text_from(text) for text in message.texts),
    )


def comparison_from(message: gallery_service_pb2.CompareImagesResponse) -> Comparison:
    """Returns the result of comparing two images."""
    return Comparison(
        source_box=box_from(message.source_box),
        comparisons=tuple(
            FaceComparison(box=box_from(face.box), similarity=face.similarity, same_person=face.same_person)
            for face in message.comparisons
        ),
    )


def person_from(message: gallery_service_pb2.Person) -> Person:
    """Returns a Person for a protobuf message."""
    return Person(
        name=message.name,
        display_name=message.display_name,
        labels=dict(message.labels),
        face_count=message.face_count,
        create_time=time_from(message.create_time),
        update_time=time_from(message.update_time),
        blocked=message.blocked,
        without_consent=message.without_consent,
    )


def person_to(person: Person) -> gallery_service_pb2.Person:
    """Returns the protobuf message for a person, without fields that only the server sets."""
    return gallery_service_pb2.Person(name=person.name, display_name=person.display_name, labels=dict(person.labels))


def enrollment_from(message: gallery_service_pb2.FaceEnrollment) -> FaceEnrollment:
    """Returns an enrolled face."""
    return FaceEnrollment(
        name=message.name,
        box=box_from(message.box),
        quality=quality_from(message.quality),
        engine=message.engine,
        model_version=message.model_version,
        create_time=time_from(message.create_time),
    )


def camera_from(message: camera_service_pb2.Camera) -> Camera:
    """Returns a camera; an unspecified mode or purpose becomes the documented default."""
    return Camera(
        name=message.name,
        display_name=message.display_name,
        site=message.site,
        mode=_key(_MODES, message.mode, CameraMode.FACES),
        purpose=_key(_PURPOSES, message.purpose, CameraPurpose.VISITOR),
        disabled=message.disabled,
        visit_gap=message.visit_gap.ToTimedelta() if message.HasField("visit_gap") else None,
        similarity_threshold=message.similarity_threshold if message.HasField("similarity_threshold") else None,
        create_time=time_from(message.create_time),
        update_time=time_from(message.update_time),
        privacy_zones=tuple(box_from(zone) for zone in message.privacy_zones),
        time_source=_key(_TIME_SOURCES, message.time_source, TimeSource.CAPTURE),
    )


def camera_to(
    *,
    name: str = "",
    display_name: str,
    site: str,
    mode: CameraMode,
    purpose: CameraPurpose,
    disabled: bool,
    visit_gap: timedelta | None,
    similarity_threshold: float | None,
    privacy_zones: Iterable[Box] = (),
    time_source: TimeSource = TimeSource.CAPTURE,
) -> camera_service_pb2.Camera:
    """Returns the protobuf message for a camera, without fields that only the server sets."""
    message = camera_service_pb2.Camera(
        name=name,
        display_name=display_name,
        site=site,
        mode=_MODES[mode],
        purpose=_PURPOSES[purpose],
        disabled=disabled,
        similarity_threshold=similarity_threshold,
        privacy_zones=[
            detections_pb2.Box(left=zone.left, top=zone.top, width=zone.width, height=zone.height)
            for zone in privacy_zones
        ],
        time_source=_TIME_SOURCES[time_source],
    )
    if visit_gap is not None:
        gap = Duration()
        gap.FromTimedelta(visit_gap)
        message.visit_gap.CopyFrom(gap)
    return message


def status_from(message: camera_service_pb2.CameraStatus) -> CameraStatus:
    """Returns the status of a camera's stream."""
    return CameraStatus(
        streaming=message.streaming,
        session=message.session,
        open_time=time_from(message.open_time) if message.HasField("open_time") else None,
        last_frame_time=time_from(message.last_frame_time) if message.HasField("last_frame_time") else None,
        frame_rate=message.frame_rate,
        frames_received=message.frames_received,
        frames_rejected=message.frames_rejected,
        frames_missing=message.frames_missing,
        open_tracks=message.open_tracks,
        watermark_lag=message.watermark_lag,
        clock_state=_CLOCK_STATES.get(message.clock_state, ClockState.UNKNOWN),
        view_state=_VIEW_STATES.get(message.view_state, ViewState.UNKNOWN),
        clock_skew=message.clock_skew.ToTimedelta() if message.HasField("clock_skew") else None,
        agent=message.agent,
        network_delay=message.network_delay.ToTimedelta() if message.HasField("network_delay") else None,
        asked_max_rate=message.asked_max_rate if message.HasField("asked_max_rate") else None,
        asked_max_side=message.asked_max_side if message.HasField("asked_max_side") else None,
        asked_pause=message.asked_pause.ToTimedelta() if message.HasField("asked_pause") else None,
        steering_causes=tuple(_CAUSES[cause] for cause in message.steering_causes if cause in _CAUSES),
        time_to_name_p50=message.time_to_name_p50.ToTimedelta() if message.HasField("time_to_name_p50") else None,
        time_to_name_p95=message.time_to_name_p95.ToTimedelta() if message.HasField("time_to_name_p95") else None,
    )


def sighting_from(message: sighting_service_pb2.Sighting) -> Sighting:
    """Returns a Sighting for a protobuf message."""
    return Sighting(
        name=message.name,
        camera=message.camera,
        person=message.person,
        display_name=message.display_name,
        first_seen_time=time_from(message.first_seen_time),
        last_seen_time=time_from(message.last_seen_time),
        similarity=message.similarity,
        margin=message.margin,
        track_count=message.track_count,
        box=box_from(message.box),
        reviewed=message.reviewed,
        visitor=message.visitor,
        visit=message.visit,
    )


def event_from(message: sighting_service_pb2.WatchSightingsResponse) -> SightingEvent | None:
    """Returns the event of a message, or None if the message only reports the position."""
    if not message.HasField("sighting"):
        return None
    return SightingEvent(
        position=message.position,
        kind=EVENT_KINDS.get(message.kind, SightingEventKind.UNSPECIFIED),
        sighting=sighting_from(message.sighting),
        event_time=time_from(message.event_time),
    )


def _key(table: Mapping[_EnumT, int], value: int, default: _EnumT) -> _EnumT:
    return next((key for key, wire in table.items() if wire == value), default)
