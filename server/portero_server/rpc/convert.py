"""Converts between domain objects and protobuf messages; nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2, detections_pb2, gallery_service_pb2, sighting_service_pb2

from portero_server.domain.cameras import Camera, CameraMode, Lane, TimeSource
from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.detection.detections import Candidate, FaceQuality, Match, Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.people.look_alikes import FindingKind, GalleryFinding, LookAlike
from portero_server.domain.people.people import FaceEnrollment, Person
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from portero_server.domain.steering.policy import SteeringCause
from portero_server.errors import InvalidInput
from portero_server.recognition.images import ImageAnswer, ImageComparison, RecognizedFace
from portero_server.rpc.resource_names import camera_name, face_name, person_name, sighting_name, visitor_name
from portero_server.store.sightings import SightingKind
from portero_server.streaming.status import LiveStatus
from portero_server.watching.watch import WatchUpdate

# No camera is older, and no database has to reckon with what lies before.
_FIRST_YEAR = 1970

_Number = TypeVar("_Number")
_Meaning = TypeVar("_Meaning")

_MODES = {
    CameraMode.FACES: camera_service_pb2.CAMERA_MODE_FACES,
    CameraMode.TEXT: camera_service_pb2.CAMERA_MODE_TEXT,
}
_PURPOSES = {
    Lane.CHECK_IN: camera_service_pb2.CAMERA_PURPOSE_CHECK_IN,
    Lane.VISITOR: camera_service_pb2.CAMERA_PURPOSE_VISITOR,
    Lane.ATTENDANCE: camera_service_pb2.CAMERA_PURPOSE_ATTENDANCE,
}
_TIME_SOURCES = {
    TimeSource.CAPTURE: camera_service_pb2.CAMERA_TIME_SOURCE_CAPTURE,
    TimeSource.ARRIVAL: camera_service_pb2.CAMERA_TIME_SOURCE_ARRIVAL,
}
_CLOCK_STATES = {state: camera_service_pb2.ClockState.Value(f"CLOCK_STATE_{state.name}") for state in ClockState}
_VIEW_STATES = {state: camera_service_pb2.ViewState.Value(f"VIEW_STATE_{state.name}") for state in ViewState}
_CAUSES = {cause: camera_service_pb2.SteeringCause.Value(f"STEERING_CAUSE_{cause.name}") for cause in SteeringCause}
_MODES_BY_NUMBER = {
    camera_service_pb2.CAMERA_MODE_UNSPECIFIED: CameraMode.FACES,
    **{number: mode for mode, number in _MODES.items()},
}
_PURPOSES_BY_NUMBER = {
    camera_service_pb2.CAMERA_PURPOSE_UNSPECIFIED: Lane.VISITOR,
    **{number: purpose for purpose, number in _PURPOSES.items()},
}
_TIME_SOURCES_BY_NUMBER = {
    camera_service_pb2.CAMERA_TIME_SOURCE_UNSPECIFIED: TimeSource.CAPTURE,
    **{number: source for source, number in _TIME_SOURCES.items()},
}
_TEXT_KINDS = {TextKind.LINE: detections_pb2.TEXT_KIND_LINE, TextKind.WORD: detections_pb2.TEXT_KIND_WORD}
_SIGHTING_KINDS = {
    sighting_service_pb2.SIGHTING_KIND_UNSPECIFIED: SightingKind.ALL,
    sighting_service_pb2.SIGHTING_KIND_NAMED: SightingKind.NAMED,
    sighting_service_pb2.SIGHTING_KIND_UNKNOWN: SightingKind.UNKNOWN,
}
_FINDING_KINDS = {
    FindingKind.OUTDATED_FACES: gallery_service_pb2.GALLERY_FINDING_KIND_OUTDATED_FACES,
    FindingKind.LOOK_ALIKE: gallery_service_pb2.GALLERY_FINDING_KIND_LOOK_ALIKE,
}
EVENT_KINDS = {
    SightingEventKind.STARTED: sighting_service_pb2.SIGHTING_EVENT_KIND_STARTED,
    SightingEventKind.RESUMED: sighting_service_pb2.SIGHTING_EVENT_KIND_RESUMED,
    SightingEventKind.REVISED: sighting_service_pb2.SIGHTING_EVENT_KIND_REVISED,
    SightingEventKind.LEFT: sighting_service_pb2.SIGHTING_EVENT_KIND_LEFT,
    SightingEventKind.UNKNOWN_PERSON: sighting_service_pb2.SIGHTING_EVENT_KIND_UNKNOWN_PERSON,
    SightingEventKind.VISITOR_RETURNED: sighting_service_pb2.SIGHTING_EVENT_KIND_VISITOR_RETURNED,
}


def time_to_proto(time: datetime) -> Timestamp:
    """Returns a Timestamp for a time that has a time zone."""
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def time_from_proto(stamp: Timestamp, field: str) -> datetime:
    """Returns the time in UTC. Raises InvalidInput naming `field` outside the years 1970 to 9999."""
    try:
        time = stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or time.year < _FIRST_YEAR:
        raise InvalidInput(field, f"{field} must be a time of the years {_FIRST_YEAR} to 9999")
    return time


def duration_to_proto(duration: timedelta) -> Duration:
    """Returns the Duration message for a duration."""
    message = Duration()
    message.FromTimedelta(duration)
    return message


def _seconds_to_proto(seconds: float | None) -> Duration | None:
    return None if seconds is None else duration_to_proto(timedelta(seconds=seconds))


def duration_from_proto(duration: Duration, field: str) -> timedelta:
    """Returns the duration. Raises InvalidInput naming `field` if it is out of the range of a Duration."""
    try:
        return duration.ToTimedelta()
    except (ValueError, OverflowError):
        raise InvalidInput(field, f"{field} must be a duration") from None


def box_to_proto(box: Box) -> detections_pb2.Box:
    """Returns the Box message for a box."""
    return detections_pb2.Box(left=box.left, top=box.top, width=box.width, height=box.height)


def quality_to_proto(quality: FaceQuality) -> detections_pb2.FaceQuality:
    """Returns the FaceQuality message for a quality."""
    return detections_pb2.FaceQuality(
        size=quality.size,
        frontality=quality.frontality,
        sharpness=quality.sharpness,
        brightness=quality.brightness,
        overall=quality.overall,
    )


def match_to_proto(match: Match, display_name: str) -> detections_pb2.Match:
    """Returns the Match message for a person called `display_name`."""
    return detections_pb2.Match(
        person=person_name(match.person_id),
        display_name=display_name,
        similarity=match.similarity,
        margin=match.margin,
    )


def text_to_proto(text: Text) -> detections_pb2.Text:
    """Returns the Text message for a text."""
    return detections_pb2.Text(
        content=text.content, kind=_TEXT_KINDS[text.kind], box=box_to_proto(text.box), confidence=text.confidence
    )


def faces_to_proto(answer: ImageAnswer) -> list[detections_pb2.Face]:
    """Returns the Face messages of an answer, in its order."""
    return [_face_to_proto(face, answer.names) for face in answer.faces]


def person_to_proto(person: Person) -> gallery_service_pb2.Person:
    """Returns the Person message for a person."""
    return gallery_service_pb2.Person(
        name=person_name(person.person_id),
        display_name=person.display_name,
        labels=person.labels,
        face_count=person.face_count,
        create_time=time_to_proto(person.created_at),
        update_time=time_to_proto(person.updated_at),
        blocked=person.blocked,
        without_consent=person.without_consent,
    )


def enrollment_to_proto(face: FaceEnrollment) -> gallery_service_pb2.FaceEnrollment:
    """Returns a FaceEnrollment message; the engine's embedding is left out."""
    return gallery_service_pb2.FaceEnrollment(
        name=face_name(face.person_id, face.face_id),
        box=box_to_proto(face.box),
        quality=quality_to_proto(face.quality),
        engine=face.engine,
        model_version=face.model_version,
        create_time=time_to_proto(face.created_at),
    )


def comparison_to_proto(comparison: ImageComparison) -> gallery_service_pb2.CompareImagesResponse:
    """Returns the response of CompareImages."""
    return gallery_service_pb2.CompareImagesResponse(
        source_box=box_to_proto(comparison.source_box),
        comparisons=[
            gallery_service_pb2.FaceComparison(
                box=box_to_proto(face.box), similarity=face.similarity, same_person=face.same_person
            )
            for face in comparison.faces
        ],
    )


def camera_to_proto(camera: Camera) -> camera_service_pb2.Camera:
    """Returns the Camera message for a camera."""
    return camera_service_pb2.Camera(
        name=camera_name(camera.camera_id),
        display_name=camera.display_name,
        site=camera.site,
        mode=_MODES[camera.mode],
        purpose=_PURPOSES[camera.purpose],
        disabled=camera.disabled,
        visit_gap=None if camera.visit_gap is None else duration_to_proto(camera.visit_gap),
        similarity_threshold=camera.similarity_threshold,
        create_time=time_to_proto(camera.created_at),
        update_time=time_to_proto(camera.updated_at),
        privacy_zones=[box_to_proto(zone) for zone in camera.privacy_zones],
        time_source=_TIME_SOURCES[camera.time_source],
    )


def mode_from_proto(mode: camera_service_pb2.CameraMode.ValueType, field: str) -> CameraMode:
    """Returns the mode (FACES by default). Raises InvalidInput for a number that this server does not know."""
    return _known(_MODES_BY_NUMBER, mode, field)


def purpose_from_proto(purpose: camera_service_pb2.CameraPurpose.ValueType, field: str) -> Lane:
    """Returns the lane (VISITOR by default). Raises InvalidInput for a number that this server does not know."""
    return _known(_PURPOSES_BY_NUMBER, purpose, field)


def time_source_from_proto(source: camera_service_pb2.CameraTimeSource.ValueType, field: str) -> TimeSource:
    """Returns the time source (CAPTURE by default). Raises InvalidInput for a number that this server does not know."""
    return _known(_TIME_SOURCES_BY_NUMBER, source, field)


def status_to_proto(status: LiveStatus | None, last_picture: datetime | None) -> camera_service_pb2.CameraStatus:
    """Returns the CameraStatus message for a status; None means that no stream is open.

    `last_picture` is that of an earlier stream, for one that is not open or had no frame yet.
    """
    earlier = None if last_picture is None else time_to_proto(last_picture)
    if status is None:
        return camera_service_pb2.CameraStatus(last_frame_time=earlier)
    return camera_service_pb2.CameraStatus(
        streaming=True,
        session=status.session,
        open_time=time_to_proto(status.opened_at),
        last_frame_time=earlier if status.last_frame_at is None else time_to_proto(status.last_frame_at),
        frame_rate=status.frame_rate,
        frames_received=status.frames_received,
        frames_rejected=status.frames_rejected,
        frames_missing=status.frames_missing,
        open_tracks=status.open_tracks,
        watermark_lag=status.watermark_lag,
        clock_state=_CLOCK_STATES[status.clock_state],
        clock_skew=_seconds_to_proto(status.clock_skew),
        agent=status.agent,
        network_delay=_seconds_to_proto(status.network_delay),
        asked_max_rate=status.asked.max_rate,
        asked_max_side=status.asked.max_side,
        asked_pause=_seconds_to_proto(status.asked.pause),
        steering_causes=[_CAUSES[cause] for cause in status.asked.causes],
        time_to_name_p50=_seconds_to_proto(status.time_to_name_p50),
        time_to_name_p95=_seconds_to_proto(status.time_to_name_p95),
        view_state=_VIEW_STATES[status.view],
    )


def sighting_to_proto(sighting: Sighting) -> sighting_service_pb2.Sighting:
    """Returns the Sighting message for a sighting."""
    return sighting_service_pb2.Sighting(
        name=sighting_name(sighting.sighting_id),
        camera=camera_name(sighting.camera_id),
        person="" if sighting.person_id is None else person_name(sighting.person_id),
        display_name=sighting.display_name,
        first_seen_time=time_to_proto(sighting.first_seen),
        last_seen_time=time_to_proto(sighting.last_seen),
        similarity=sighting.similarity,
        margin=sighting.margin,
        track_count=sighting.track_count,
        box=box_to_proto(sighting.box),
        reviewed=sighting.reviewed,
        visitor="" if sighting.visitor_id is None else visitor_name(sighting.visitor_id),
        visit=sighting.visit,
    )


def kind_from_proto(kind: sighting_service_pb2.SightingKind.ValueType, field: str) -> SightingKind:
    """Returns the kind (ALL by default). Raises InvalidInput for a number that this server does not know."""
    return _known(_SIGHTING_KINDS, kind, field)


def news_to_proto(news: WatchUpdate[SightingEvent]) -> sighting_service_pb2.WatchSightingsResponse:
    """Returns one response of WatchSightings; it has only the position if nothing happened."""
    if news.item is None:
        return sighting_service_pb2.WatchSightingsResponse(position=news.position)
    return sighting_service_pb2.WatchSightingsResponse(
        position=news.position,
        kind=EVENT_KINDS[news.item.kind],
        sighting=sighting_to_proto(news.item.sighting),
        event_time=time_to_proto(news.item.happened_at),
    )


def _face_to_proto(face: RecognizedFace, names: Mapping[str, str]) -> detections_pb2.Face:
    return detections_pb2.Face(
        box=box_to_proto(face.face.box),
        confidence=face.face.confidence,
        quality=quality_to_proto(face.face.quality),
        match=None if face.match is None else match_to_proto(face.match, names[face.match.person_id]),
        candidates=[_candidate_to_proto(candidate, names[candidate.person_id]) for candidate in face.candidates],
        between_look_alikes=face.torn,
    )


def look_alike_to_proto(look_alike: LookAlike) -> detections_pb2.Candidate:
    """Returns the Candidate message for a person with much the same face."""
    return _candidate_to_proto(look_alike.candidate, look_alike.display_name)


def finding_to_proto(finding: GalleryFinding) -> gallery_service_pb2.GalleryFinding:
    """Returns the GalleryFinding message for a finding."""
    return gallery_service_pb2.GalleryFinding(
        person=person_name(finding.person_id),
        display_name=finding.display_name,
        kind=_FINDING_KINDS[finding.kind],
        look_alike=None if finding.look_alike is None else look_alike_to_proto(finding.look_alike),
    )


def _candidate_to_proto(candidate: Candidate, display_name: str) -> detections_pb2.Candidate:
    return detections_pb2.Candidate(
        person=person_name(candidate.person_id),
        display_name=display_name,
        similarity=candidate.similarity,
        face=face_name(candidate.person_id, candidate.face_id) if candidate.face_id else "",
    )


def _known(meanings: Mapping[_Number, _Meaning], number: _Number, field: str) -> _Meaning:
    # Proto3 enums are open: a newer client may send a number that this server has no word for.
    if number not in meanings:
        raise InvalidInput(field, f"{field} is a value that this server does not know")
    return meanings[number]
