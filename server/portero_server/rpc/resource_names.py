"""Resource names: "people/ana", "people/ana/faces/1f", "cameras/door", "sightings/7c", "keys/4f", "checkIns/9b"."""

from __future__ import annotations

import re

from portero_server.errors import InvalidInput

_IDENTIFIER = r"[a-z0-9][a-z0-9-]{0,62}"
# The server generates these ids, so the pattern is loose enough for future forms.
_MINTED = r"[A-Za-z0-9_.-]{1,128}"

_PERSON = re.compile(f"people/({_IDENTIFIER})")
_FACE = re.compile(f"people/({_IDENTIFIER})/faces/({_MINTED})")
_CONSENT = re.compile(f"people/({_IDENTIFIER})/consents/({_MINTED})")
_ERASURE = re.compile(f"erasures/({_MINTED})")
_CAMERA = re.compile(f"cameras/({_IDENTIFIER})")
_SIGHTING = re.compile(f"sightings/({_MINTED})")
_KEY = re.compile(f"keys/({_MINTED})")
_CHECK_IN = re.compile(f"checkIns/({_MINTED})")
_REVIEW = re.compile(f"reviews/({_MINTED})")
_VISITOR = re.compile(f"visitors/({_MINTED})")
_GUEST = re.compile(f"guests/({_MINTED})")
_SUBSCRIPTION = re.compile(f"subscriptions/({_MINTED})")
_GROUP = re.compile(f"attendanceGroups/({_IDENTIFIER})")
_SCHEDULE = re.compile(f"attendanceSchedules/({_IDENTIFIER})")
_SESSION = re.compile(rf"attendanceSessions/({_IDENTIFIER}/\d{{4}}-\d{{2}}-\d{{2}})")
_CORRECTION = re.compile(f"attendanceCorrections/({_MINTED})")
_EXCUSE = re.compile(f"attendanceExcuses/({_MINTED})")
_PLACEMENT = re.compile(f"placements/({_MINTED})")
_ROOM = re.compile(_IDENTIFIER)

_TYPES = {
    "people": "portero.v1.Person",
    "cameras": "portero.v1.Camera",
    "sightings": "portero.v1.Sighting",
    "keys": "portero.v1.ApiKey",
    "erasures": "portero.v1.Erasure",
    "checkIns": "portero.v1.CheckIn",
    "guests": "portero.v1.Guest",
    "reviews": "portero.v1.SightingReview",
    "visitors": "portero.v1.Visitor",
    "subscriptions": "portero.v1.Subscription",
    "attendanceGroups": "portero.v1.AttendanceGroup",
    "attendanceSchedules": "portero.v1.AttendanceSchedule",
    "attendanceSessions": "portero.v1.AttendanceSession",
    "attendanceCorrections": "portero.v1.AttendanceCorrection",
    "attendanceExcuses": "portero.v1.AttendanceExcuse",
    "placements": "portero.v1.CameraPlacement",
}


def person_name(person_id: str) -> str:
    """Returns the resource name "people/{person}"."""
    return f"people/{person_id}"


def face_name(person_id: str, face_id: str) -> str:
    """Returns the resource name "people/{person}/faces/{face}"."""
    return f"people/{person_id}/faces/{face_id}"


def consent_name(person_id: str, consent_id: str) -> str:
    """Returns the resource name "people/{person}/consents/{consent}"."""
    return f"people/{person_id}/consents/{consent_id}"


def erasure_name(erasure_id: str) -> str:
    """Returns the resource name "erasures/{erasure}"."""
    return f"erasures/{erasure_id}"


def camera_name(camera_id: str) -> str:
    """Returns the resource name "cameras/{camera}"."""
    return f"cameras/{camera_id}"


def sighting_name(sighting_id: str) -> str:
    """Returns the resource name "sightings/{sighting}"."""
    return f"sightings/{sighting_id}"


def key_name(key_id: str) -> str:
    """Returns the resource name "keys/{key}"."""
    return f"keys/{key_id}"


def check_in_name(check_in_id: str) -> str:
    """Returns the resource name "checkIns/{check_in}"."""
    return f"checkIns/{check_in_id}"


def guest_name(guest_id: str) -> str:
    """Returns the resource name "guests/{guest}"."""
    return f"guests/{guest_id}"


def review_name(review_id: str) -> str:
    """Returns the resource name "reviews/{review}"."""
    return f"reviews/{review_id}"


def visitor_name(visitor_id: str) -> str:
    """Returns the resource name "visitors/{visitor}"."""
    return f"visitors/{visitor_id}"


def subscription_name(subscription_id: str) -> str:
    """Returns the resource name "subscriptions/{subscription}"."""
    return f"subscriptions/{subscription_id}"


def group_name(group_id: str) -> str:
    """Returns the resource name "attendanceGroups/{group}"."""
    return f"attendanceGroups/{group_id}"


def schedule_name(schedule_id: str) -> str:
    """Returns the resource name "attendanceSchedules/{schedule}"."""
    return f"attendanceSchedules/{schedule_id}"


def session_name(session_id: str) -> str:
    """Returns the resource name "attendanceSessions/{schedule}/{day}"."""
    return f"attendanceSessions/{session_id}"


def correction_name(correction_id: str) -> str:
    """Returns the resource name "attendanceCorrections/{correction}"."""
    return f"attendanceCorrections/{correction_id}"


def excuse_name(excuse_id: str) -> str:
    """Returns the resource name "attendanceExcuses/{excuse}"."""
    return f"attendanceExcuses/{excuse_id}"


def placement_name(placement_id: str) -> str:
    """Returns the resource name "placements/{placement}"."""
    return f"placements/{placement_id}"


def parse_person(name: str, field: str) -> str:
    """Returns the person's id; raises InvalidInput naming `field` when it is not "people/{person}"."""
    return _parts(_PERSON, name, field, "people/{person}")[0]


def parse_face(name: str, field: str) -> tuple[str, str]:
    """Returns the ids of person and face; raises InvalidInput when it is not "people/{person}/faces/{face}"."""
    person_id, face_id = _parts(_FACE, name, field, "people/{person}/faces/{face}")
    return person_id, face_id


def parse_consent(name: str, field: str) -> tuple[str, str]:
    """Returns the ids of person and consent.

    Raises InvalidInput when it is not "people/{person}/consents/{consent}".
    """
    person_id, consent_id = _parts(_CONSENT, name, field, "people/{person}/consents/{consent}")
    return person_id, consent_id


def parse_erasure(name: str, field: str) -> str:
    """Returns the erasure's id; raises InvalidInput naming `field` when it is not "erasures/{erasure}"."""
    return _parts(_ERASURE, name, field, "erasures/{erasure}")[0]


def parse_camera(name: str, field: str) -> str:
    """Returns the camera's id; raises InvalidInput naming `field` when it is not "cameras/{camera}"."""
    return _parts(_CAMERA, name, field, "cameras/{camera}")[0]


def parse_sighting(name: str, field: str) -> str:
    """Returns the sighting's id; raises InvalidInput naming `field` when it is not "sightings/{sighting}"."""
    return _parts(_SIGHTING, name, field, "sightings/{sighting}")[0]


def parse_key(name: str, field: str) -> str:
    """Returns the key's id; raises InvalidInput naming `field` when it is not "keys/{key}"."""
    return _parts(_KEY, name, field, "keys/{key}")[0]


def parse_check_in(name: str, field: str) -> str:
    """Returns the check-in's id; raises InvalidInput naming `field` when it is not "checkIns/{check_in}"."""
    return _parts(_CHECK_IN, name, field, "checkIns/{check_in}")[0]


def parse_guest(name: str, field: str) -> str:
    """Returns the guest's id; raises InvalidInput naming `field` when it is not "guests/{guest}"."""
    return _parts(_GUEST, name, field, "guests/{guest}")[0]


def parse_review(name: str, field: str) -> str:
    """Returns the review's id; raises InvalidInput naming `field` when it is not "reviews/{review}"."""
    return _parts(_REVIEW, name, field, "reviews/{review}")[0]


def parse_visitor(name: str, field: str) -> str:
    """Returns the visitor's id; raises InvalidInput naming `field` when it is not "visitors/{visitor}"."""
    return _parts(_VISITOR, name, field, "visitors/{visitor}")[0]


def parse_subscription(name: str, field: str) -> str:
    """Returns the subscription's id; raises InvalidInput when it is not "subscriptions/{subscription}"."""
    return _parts(_SUBSCRIPTION, name, field, "subscriptions/{subscription}")[0]


def parse_group(name: str, field: str) -> str:
    """Returns the group's id; raises InvalidInput naming `field` when it is not "attendanceGroups/{group}"."""
    return _parts(_GROUP, name, field, "attendanceGroups/{group}")[0]


def parse_schedule(name: str, field: str) -> str:
    """Returns the schedule's id; raises InvalidInput naming `field` when it is not "attendanceSchedules/{schedule}"."""
    return _parts(_SCHEDULE, name, field, "attendanceSchedules/{schedule}")[0]


def parse_session(name: str, field: str) -> str:
    """Returns the session's id; raises InvalidInput when it is not "attendanceSessions/{schedule}/{day}"."""
    return _parts(_SESSION, name, field, "attendanceSessions/{schedule}/{day}")[0]


def parse_correction(name: str, field: str) -> str:
    """Returns the correction's id; raises InvalidInput when it is not "attendanceCorrections/{correction}"."""
    return _parts(_CORRECTION, name, field, "attendanceCorrections/{correction}")[0]


def parse_excuse(name: str, field: str) -> str:
    """Returns the excuse's id; raises InvalidInput naming `field` when it is not "attendanceExcuses/{excuse}"."""
    return _parts(_EXCUSE, name, field, "attendanceExcuses/{excuse}")[0]


def parse_placement(name: str, field: str) -> str:
    """Returns the placement's id; raises InvalidInput naming `field` when it is not "placements/{placement}"."""
    return _parts(_PLACEMENT, name, field, "placements/{placement}")[0]


def checked_room(room_id: str, field: str) -> str:
    """Returns the id of a room; raises InvalidInput naming `field` when it cannot be one."""
    if _ROOM.fullmatch(room_id) is None:
        raise InvalidInput(field, f"{field} must be 1 to 63 small letters, digits and dashes")
    return room_id


def type_of(name: str) -> str:
    """Returns the proto type of a named resource, as google.rpc.ResourceInfo wants it; empty when there is none."""
    if _FACE.fullmatch(name):
        return "portero.v1.FaceEnrollment"
    if _CONSENT.fullmatch(name):
        return "portero.v1.Consent"
    return _TYPES.get(name.partition("/")[0], "")


def _parts(pattern: re.Pattern[str], name: str, field: str, form: str) -> tuple[str, ...]:
    match = pattern.fullmatch(name)
    if match is None:
        raise InvalidInput(field, f'{field} must be of the form "{form}"', reason="BAD_RESOURCE_NAME")
    return match.groups()
