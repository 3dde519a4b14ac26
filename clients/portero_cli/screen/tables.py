"""Tables for people; times are in the machine's local time zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.table import Table

from portero_cli.screen.sheet import Sheet, details, table
from portero_client import (
    Camera,
    CameraStatus,
    ClockState,
    Face,
    FaceEnrollment,
    FacesReport,
    GalleryCollection,
    GalleryCollections,
    GalleryFinding,
    GalleryFindingKind,
    Person,
    ShadowReport,
    Sighting,
    ViewState,
)
from portero_client.names import CAMERAS, PEOPLE

STRANGER = "unknown"
SILENT_AFTER = timedelta(seconds=30)
"""A camera whose last picture is older is told as silent. Idle bridges are asked for a rate that is still above it."""


def local_time(value: datetime) -> str:
    """Returns a time in the local time zone and format."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def local_clock(value: datetime) -> str:
    """Returns the local time of day, for current events."""
    return value.astimezone().strftime("%H:%M:%S")


def local_moment(value: datetime, now: datetime) -> str:
    """Returns the local time of day, with the date if that is not the date of `now`."""
    return local_clock(value) if value.astimezone().date() == now.astimezone().date() else local_time(value)


def percent(ratio: float) -> str:
    """Returns a ratio as percent."""
    return f"{ratio:.0%}"


def state_of(person: Person) -> str:
    """Returns why no face is recognized as a person's; empty if faces are."""
    if person.blocked:
        return "BLOCKED"
    return "NO CONSENT" if person.without_consent else ""


def people_table(people: Iterable[Person]) -> Sheet:
    """Returns the table of people."""
    return table(
        "id",
        "name",
        "state",
        "faces",
        "labels",
        "since",
        rows=(
            (
                PEOPLE.identifier(person.name),
                person.display_name,
                state_of(person),
                person.face_count,
                _labels(person),
                local_time(person.create_time),
            )
            for person in people
        ),
        spare=("since", "labels", "faces", "state"),
    )


def person_details(person: Person) -> Table:
    """Returns a person, line by line."""
    reasons = {"BLOCKED": "blocked: no face is recognized", "NO CONSENT": "without consent: no face is recognized"}
    return details(
        ("id", PEOPLE.identifier(person.name)),
        ("name", person.display_name),
        ("state", reasons.get(state_of(person), "may be recognized")),
        ("faces", person.face_count),
        ("labels", _labels(person)),
        ("since", local_time(person.create_time)),
        ("changed", local_time(person.update_time)),
    )


def enrollments_table(faces: Iterable[FaceEnrollment]) -> Sheet:
    """Returns the table of a person's enrolled faces."""
    return table(
        "face",
        "quality",
        "engine",
        "model",
        "since",
        rows=(
            (
                face.name,
                # Nothing that is enrolled from a photo is of no size.
                percent(face.quality.overall) if face.quality.size else "no photo",
                face.engine,
                face.model_version,
                local_time(face.create_time),
            )
            for face in faces
        ),
        spare=("engine", "model", "since"),
    )


def findings_table(findings: Iterable[GalleryFinding]) -> Sheet:
    """Returns the table of what may be wrong with the gallery, and what to do."""
    words = {
        GalleryFindingKind.OUTDATED_FACES: ("no face of the model in use", "enroll their photos again"),
        GalleryFindingKind.LOOK_ALIKE: ("same face as", "if they are one person, remove one"),
    }
    unknown = ("a kind that this version does not know", "upgrade this client")
    rows = []
    for found in findings:
        what, remedy = words.get(found.kind, unknown)
        if (like := found.look_alike) is not None:
            what += f" {like.display_name} ({PEOPLE.identifier(like.person)}), {percent(like.similarity)}"
        rows.append((PEOPLE.identifier(found.person), found.display_name, what, remedy))
    return table("id", "name", "finding", "what to do", rows=rows, spare=("what to do",))


def report_details(report: FacesReport) -> Table:
    """Returns what a comparison of the engine's collection with the stored faces found, line by line."""
    return details(
        ("gallery", report.state.name),
        ("engine", f"{report.engine}, model {report.model_version}"),
        ("stored faces", report.stored_faces),
        ("faces in the collection", report.kept_faces),
        ("missing", report.missing_faces or ""),
        ("foreign", report.foreign_faces or ""),
        ("of other programs", report.others_faces or ""),
        ("of other models", report.other_models_faces or ""),
        ("compared", local_time(report.compare_time)),
        ("in words", report.advice),
    )


def collection_details(found: GalleryCollections) -> list[Table]:
    """Returns the collection in use and the one that stands by, line by line."""
    tables = [_collection(found.in_use)]
    if found.standby is not None:
        standby = _collection(
            found.standby,
            ("faces", found.standby_faces),
            ("people", found.standby_people),
            ("faces in use without a counterpart", found.missing_faces),
            ("people whom a switch makes unknown", found.missing_people),
            *([] if found.shadow is None else _shadow(found.shadow)),
        )
        tables.append(standby)
    return tables


def _shadow(report: ShadowReport) -> list[tuple[str, object]]:
    compared = report.same + report.other + report.only_in_use + report.only_standby + report.neither
    if not compared and not report.unasked:
        return [("live searches compared", "none (PORTERO_SHADOW_SHARE)")]
    return [
        ("live searches compared", compared),
        ("  same person", report.same),
        ("  other person", report.other),
        ("  named in use only", report.only_in_use),
        ("  named here only", report.only_standby),
        ("  nobody", report.neither),
        ("  not asked here", report.unasked),
        ("advice", report.advice),
    ]


def _collection(collection: GalleryCollection, *more: tuple[str, object]) -> Table:
    return details(
        ("collection", collection.collection),
        ("region", collection.region),
        ("role", collection.role.value.replace("_", " ")),
        ("model", collection.model_version),
        ("switched", "" if collection.switch_time is None else local_time(collection.switch_time)),
        *more,
    )


def faces_table(faces: Sequence[Face]) -> Sheet:
    """Returns the table of faces found in a photo, with their matches and candidates."""
    return table(
        "face",
        "who",
        "similarity",
        "margin",
        "quality",
        "closest people",
        rows=(
            (
                number,
                _who(face),
                percent(face.match.similarity) if face.match else "",
                percent(face.match.margin) if face.match else "",
                percent(face.quality.overall),
                ", ".join(f"{candidate.display_name} {percent(candidate.similarity)}" for candidate in face.candidates),
            )
            for number, face in enumerate(faces, start=1)
        ),
        spare=("margin", "quality"),
    )


def sightings_table(sightings: Iterable[Sighting]) -> Sheet:
    """Returns the table of sightings."""
    return table(
        "who",
        "camera",
        "first seen",
        "last seen",
        "similarity",
        "sighting",
        rows=(
            (
                sighting.display_name or STRANGER,
                CAMERAS.identifier(sighting.camera),
                local_time(sighting.first_seen_time),
                local_time(sighting.last_seen_time),
                "" if sighting.is_stranger else percent(sighting.similarity),
                sighting.name,
            )
            for sighting in sightings
        ),
        spare=("sighting", "similarity", "last seen"),
    )


def clock_words(status: CameraStatus) -> str:
    """Returns a description of a camera clock's fault; empty if it has none, or if that is unknown."""
    if status.clock_state in (ClockState.STEADY, ClockState.UNKNOWN):
        return ""
    words = status.clock_state.value.replace("_", " ")
    return words if status.clock_skew is None else f"{words}, {status.clock_skew.total_seconds():+.1f} s"


def view_words(status: CameraStatus) -> str:
    """Returns why a camera sees nothing of what it should; empty if it does, or if nobody looks."""
    return "" if status.view_state in (ViewState.CLEAR, ViewState.UNKNOWN) else status.view_state.value


def naming_times(status: CameraStatus) -> tuple[float, float] | None:
    """Returns the seconds within which half of the last names came, and 95 %; None before the first."""
    if status.time_to_name_p50 is None or status.time_to_name_p95 is None:
        return None
    return status.time_to_name_p50.total_seconds(), status.time_to_name_p95.total_seconds()


def naming_words(times: tuple[float, float] | None) -> str:
    """Returns how soon people are named; empty if nobody was."""
    return "" if times is None else f"{times[0]:.1f} s, 95 % in {times[1]:.1f} s"


def asked_words(status: CameraStatus) -> str:
    """Returns what a camera's bridge is asked for at present, and why; empty if nothing."""
    asked = []
    if status.asked_pause is not None:
        asked.append(f"pause of {status.asked_pause.total_seconds():.0f} s")
    if status.asked_max_rate is not None:
        asked.append(f"{status.asked_max_rate:.1f} frames/s")
    if status.asked_max_side is not None:
        asked.append(f"{status.asked_max_side} pixels")
    causes = ", ".join(cause.value.replace("_", " ") for cause in status.steering_causes)
    return f"{', '.join(asked)} ({causes})" if asked and causes else ", ".join(asked)


def cameras_table(cameras: Iterable[tuple[Camera, CameraStatus | None]], now: datetime) -> Sheet:
    """Returns the table of registered cameras, with how each stream does at `now`; None: nobody asked."""
    return table(
        "id",
        "name",
        "site",
        "mode",
        "purpose",
        "time",
        "state",
        rows=(
            (
                CAMERAS.identifier(camera.name),
                camera.display_name,
                camera.site,
                camera.mode.value,
                camera.purpose.value,
                camera.time_source.value,
                "disabled" if camera.disabled else stream_words(status, now),
            )
            for camera, status in cameras
        ),
        spare=("time", "purpose", "mode", "site", "name"),
    )


def camera_details(camera: Camera) -> Table:
    """Returns a camera and its settings, line by line."""
    gap, threshold = camera.visit_gap, camera.similarity_threshold
    zones = (f"{zone.left:g},{zone.top:g},{zone.width:g},{zone.height:g}" for zone in camera.privacy_zones)
    return details(
        ("id", CAMERAS.identifier(camera.name)),
        ("name", camera.display_name),
        ("state", "disabled" if camera.disabled else "enabled"),
        ("site", camera.site),
        ("mode", camera.mode.value),
        ("purpose", camera.purpose.value),
        ("visit gap", "the server's" if gap is None else f"{gap.total_seconds():g} s"),
        ("threshold", "the server's" if threshold is None else f"{threshold:g}"),
        ("time", camera.time_source.value),
        ("privacy zones", " ".join(zones)),
        ("since", local_time(camera.create_time)),
        ("changed", local_time(camera.update_time)),
    )


def stream_words(status: CameraStatus | None, now: datetime) -> str:
    """Returns how a camera's stream does at `now`, in words; empty where it was not asked."""
    if status is None:
        return ""
    last = status.last_frame_time
    if status.frame_rate > 0:
        # Whatever its clock says.
        return f"{status.frame_rate:.1f} frames/s"
    if status.streaming and status.asked_pause is not None:
        return "paused"
    if last is not None and (not status.streaming or now - last > SILENT_AFTER):
        return f"no picture since {local_moment(last, now)}"
    if not status.streaming:
        return "no stream"
    return "no picture yet" if last is None else "0.0 frames/s"


def status_details(status: CameraStatus, now: datetime) -> Table:
    """Returns how a camera's stream does at `now`, line by line."""
    delay = status.network_delay
    return details(
        ("stream", stream_words(status, now)),
        ("open since", local_time(status.open_time) if status.open_time else ""),
        ("last picture", local_time(status.last_frame_time) if status.last_frame_time else ""),
        ("frames received", status.frames_received),
        ("frames rejected", status.frames_rejected),
        ("frames missing", status.frames_missing),
        ("open tracks", status.open_tracks),
        ("named in", naming_words(naming_times(status))),
        ("not yet durable", status.watermark_lag),
        ("clock", clock_words(status)),
        ("view", view_words(status)),
        ("asked for", asked_words(status)),
        ("delay", "" if delay is None else f"{delay.total_seconds() * 1000:.0f} ms"),
        ("bridge", status.agent),
    )


def _who(face: Face) -> str:
    if face.match is not None:
        return face.match.display_name
    return f"{STRANGER}: between look-alikes" if face.between_look_alikes else STRANGER


def _labels(person: Person) -> str:
    return " ".join(f"{key}={value}" for key, value in person.labels.items())
