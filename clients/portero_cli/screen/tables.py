"""Tables for people; times are in the machine's local time zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.table import Table

from portero_cli.screen.output import cell
from portero_client import Camera, CameraStatus, ClockState, Face, FaceEnrollment, Person, Sighting
from portero_client.names import CAMERAS, PEOPLE

STRANGER = "unknown"


def table(*columns: str, rows: Iterable[Sequence[object]]) -> Table:
    """Returns a table whose cells are not interpreted as markup."""
    made = Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in made.columns:
        column.overflow = "fold"
    for row in rows:
        made.add_row(*(cell(value) for value in row))
    return made


def local_time(value: datetime) -> str:
    """Returns a time in the local time zone and format."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def local_clock(value: datetime) -> str:
    """Returns the local time of day, for current events."""
    return value.astimezone().strftime("%H:%M:%S")


def percent(ratio: float) -> str:
    """Returns a ratio as percent."""
    return f"{ratio:.0%}"


def people_table(people: Iterable[Person]) -> Table:
    """Returns the table of people."""
    return table(
        "id",
        "name",
        "faces",
        "labels",
        "since",
        rows=(
            (
                PEOPLE.identifier(person.name),
                person.display_name,
                person.face_count,
                " ".join(f"{key}={value}" for key, value in person.labels.items()),
                local_time(person.create_time),
            )
            for person in people
        ),
    )


def enrollments_table(faces: Iterable[FaceEnrollment]) -> Table:
    """Returns the table of a person's enrolled faces."""
    return table(
        "face",
        "quality",
        "engine",
        "model",
        "since",
        rows=(
            (face.name, percent(face.quality.overall), face.engine, face.model_version, local_time(face.create_time))
            for face in faces
        ),
    )


def faces_table(faces: Sequence[Face]) -> Table:
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
                face.match.display_name if face.match else STRANGER,
                percent(face.match.similarity) if face.match else "",
                percent(face.match.margin) if face.match else "",
                percent(face.quality.overall),
                ", ".join(f"{candidate.display_name} {percent(candidate.similarity)}" for candidate in face.candidates),
            )
            for number, face in enumerate(faces, start=1)
        ),
    )


def sightings_table(sightings: Iterable[Sighting]) -> Table:
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
    )


def clock_words(status: CameraStatus) -> str:
    """Returns a description of a camera clock's fault; empty if it has none, or if that is unknown."""
    if status.clock_state in (ClockState.STEADY, ClockState.UNKNOWN):
        return ""
    words = status.clock_state.value.replace("_", " ")
    return words if status.clock_skew is None else f"{words}, {status.clock_skew.total_seconds():+.1f} s"


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


def cameras_table(cameras: Iterable[Camera]) -> Table:
    """Returns the table of registered cameras."""
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
                "disabled" if camera.disabled else "enabled",
            )
            for camera in cameras
        ),
    )
