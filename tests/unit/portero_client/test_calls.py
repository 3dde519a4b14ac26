from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.descriptor_pool import Default

from portero_client import (
    AttendanceGroup,
    AttendanceSchedule,
    AttendanceStatus,
    Camera,
    CameraMode,
    CameraPurpose,
    CheckInResult,
    DeliveryOutcome,
    InvalidArgument,
    Membership,
    NewGuest,
    Person,
    ReviewAction,
    ReviewDecision,
    ReviewReason,
    ScheduleException,
    SightingKind,
    SnapshotKind,
    SubscriptionFilter,
    TimeSource,
)
from portero_client.calls import (
    Call,
    attendance,
    attendance_groups,
    cameras,
    collections,
    decisions,
    documents,
    health,
    images,
    people,
    reviews,
    sightings,
    snapshots,
    subscriptions,
    visitors,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ANA = Person("people/ana", "Ana", {}, 0, NOW, NOW)
DOOR = Camera(
    "cameras/door",
    "Door",
    "",
    CameraMode.FACES,
    CameraPurpose.VISITOR,
    False,
    None,
    None,
    NOW,
    NOW,
)
CALLS: list[Call[Any]] = [
    people.create("Ana", person_id="ana", labels=None),
    people.get("ana"),
    people.list_pages("")(0, ""),
    people.update(ANA, "display_name"),
    people.delete("ana"),
    people.merge("ana", "anna", force=True),
    people.enroll("ana", b"x"),
    people.face_pages("ana")(0, ""),
    people.finding_pages()(0, ""),
    people.check_photo(b"x"),
    people.confusable_pages()(0, ""),
    people.delete_face("people/ana/faces/f"),
    people.check_faces(last_known=True),
    people.unrecognized_pages()(0, ""),
    people.repair_faces(remove_foreign=False),
    people.rebuild_pages(dry_run=True)(0, ""),
    collections.prepare("second", "eu-west-1"),
    collections.get(),
    collections.switch(allow_missing=True),
    collections.drop("second"),
    collections.adopt(["c0ffee00-0000-4000-8000-000000000001"], unnamed=True, dry_run=False),
    people.export_pages()(0, ""),
    people.import_people([], model_version="m1"),
    images.search(b"x", max_candidates=0),
    images.compare(b"x", b"y"),
    images.recognize(b"x", faces=True, texts=True, max_candidates=0),
    images.read_text(b"x"),
    cameras.create(
        "door",
        display_name="",
        site="",
        mode=CameraMode.FACES,
        purpose=CameraPurpose.VISITOR,
        disabled=False,
        visit_gap=None,
        similarity_threshold=None,
        time_source=TimeSource.CAPTURE,
    ),
    cameras.get("door"),
    cameras.list_pages("")(0, ""),
    cameras.update(DOOR),
    cameras.delete("door"),
    cameras.status("door"),
    sightings.get("s1"),
    sightings.list_pages(camera="", person="", since=None, until=None, kind=SightingKind.ALL)(0, ""),
    decisions.list_pages(camera="door", sighting="s1", since=NOW, until=NOW)(0, ""),
    decisions.what_if([0.5], margin=0.1, camera="door", site="", since=NOW, until=None),
    reviews.queue_pages(camera="door", since=NOW, until=NOW, reasons=[ReviewReason.UNKNOWN])(0, ""),
    reviews.picture("s1"),
    reviews.review("s1", ReviewAction.THIS_IS, "ana", "seen"),
    reviews.undo("v1"),
    snapshots.get("s1", SnapshotKind.CONTEXT),
    snapshots.link("s1", SnapshotKind.FACE, timedelta(seconds=90)),
    snapshots.check(),
    reviews.list_pages(camera="door", sighting="s1", holding=True)(0, ""),
    attendance_groups.put(AttendanceGroup("1b", "1° B", "America/Santiago")),
    attendance_groups.get("1b"),
    attendance_groups.list_pages()(0, ""),
    attendance_groups.delete("1b"),
    attendance_groups.import_roster("1b", [Membership("ana", NOW.date())], replace=True, dry_run=True),
    attendance_groups.roster_pages("1b")(0, ""),
    attendance_groups.put_schedule(
        AttendanceSchedule("math", "1b", ("a",), NOW.date(), NOW.time(), NOW.time(), "FREQ=DAILY"),
        keep_exceptions=True,
        dry_run=True,
    ),
    attendance_groups.schedules("1b"),
    attendance_groups.put_exception("math", ScheduleException(NOW.date(), canceled=True)),
    attendance_groups.remove_exception("math", NOW.date()),
    attendance_groups.put_free_day("1b", NOW.date(), "strike", dry_run=True),
    attendance_groups.remove_free_day("1b", NOW.date()),
    attendance_groups.place_camera("door", "a", NOW, None),
    attendance_groups.end_placement("p1", NOW),
    attendance_groups.accept_camera_view("door"),
    attendance_groups.placements(),
    attendance.session_pages("1b", NOW, NOW)(0, ""),
    attendance.record_pages("math/2026-03-02", "ana", "1b", NOW, NOW)(0, ""),
    attendance.change_pages("math/2026-03-02", "ana")(0, ""),
    attendance.report("ana", "1b", NOW, NOW),
    attendance.correct("math/2026-03-02", "ana", AttendanceStatus.LATE, "seen"),
    attendance.withdraw_correction("k1"),
    attendance.corrections("math/2026-03-02"),
    attendance.excuse("ana", NOW, NOW, "flu"),
    attendance.withdraw_excuse("x1"),
    attendance.excuse_pages("ana")(0, ""),
    visitors.get("v1"),
    visitors.list_pages("")(0, ""),
    visitors.merge("v1", "v2"),
    visitors.promote("v1", "ana", "the new cleaner"),
    visitors.forget("v1", verify=True),
    visitors.forget_face(b"x", verify=False, dry_run=True),
    subscriptions.create("Desk", url="https://h/", wanted=SubscriptionFilter(cameras=("door",)), concurrency=0),
    subscriptions.get("s1"),
    subscriptions.list_pages()(0, ""),
    subscriptions.update("s1", display_name="Desk", wanted=None, concurrency=1, schedule=None),
    subscriptions.pause("s1"),
    subscriptions.resume("s1"),
    subscriptions.test("s1"),
    subscriptions.replay("s1", NOW),
    subscriptions.delivery_pages("s1", DeliveryOutcome.GIVEN_UP)(0, ""),
    subscriptions.rotate_secret("s1", None),
    subscriptions.delete("s1"),
    documents.read([b"x"]),
    documents.start("desk", replace=False, liveness=False),
    documents.check_in([b"x", b"y"], b"z", "desk"),
    documents.get("c1"),
    documents.list_pages(camera="desk", run="", result=CheckInResult.REVIEW, undecided=True, since=NOW, until=NOW)(
        0, ""
    ),
    documents.cancel("c1"),
    documents.review("c1", ReviewDecision.ACCEPTED, "seen"),
    documents.erase("c1"),
    documents.export_pages("20111222-9", "")(0, ""),
    documents.erase_holder("", "X1"),
    documents.import_guests([NewGuest("Ana")]),
    documents.guest_pages(NOW.date())(0, ""),
    documents.delete_guest("g1"),
    health.check(),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.method.rpartition("/")[2])
def test_a_call_sends_what_its_method_takes(call: Call[Any]) -> None:
    """The path of every call is a method of the contract and its request is of that method's type."""
    _, service, method = call.method.split("/")
    descriptor = Default().FindServiceByName(service).FindMethodByName(method)
    assert descriptor.input_type is call.request.DESCRIPTOR


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.method.rpartition("/")[2])
def test_an_empty_answer_is_readable(call: Call[Any]) -> None:
    """A server that leaves every field out breaks no client."""
    call.read(b"")


def test_no_unary_method_of_the_contract_is_left_out() -> None:
    """Every unary method of these services has a call."""
    offered = {call.method for call in CALLS}
    for name in (
        "GalleryService",
        "CameraService",
        "SightingService",
        "DecisionService",
        "VisitorService",
        "SubscriptionService",
        "AttendanceGroupService",
        "AttendanceService",
        "RecognitionService",
        "DocumentService",
    ):
        service = Default().FindServiceByName(f"portero.v1.{name}")
        for method in service.methods:
            if not method.server_streaming:
                assert f"/{service.full_name}/{method.name}" in offered


def test_an_image_above_the_limit_is_refused_with_the_limit() -> None:
    """An image of more than 5 MiB never travels, and the message says how large it may be."""
    assert images.checked_image(b"x" * images.MAX_IMAGE_BYTES)
    with pytest.raises(InvalidArgument, match=r"at most 5,242,880 \(5 MiB\)") as caught:
        images.compare(b"x", b"x" * (images.MAX_IMAGE_BYTES + 1))
    assert (caught.value.field, caught.value.reason) == ("target_image", "TOO_MANY_BYTES")


def test_an_empty_image_is_refused() -> None:
    """An image without bytes never travels."""
    with pytest.raises(InvalidArgument, match="image is empty"):
        people.enroll("ana", b"")


def test_each_new_person_has_a_request_id_of_its_own() -> None:
    """Two creations are two wishes, however alike; only a repetition of one carries the same id."""
    one, other = (people.create("Ana", person_id="", labels=None).request for _ in range(2))
    assert one != other


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody knows which sightings a time without a zone asks for."""
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        sightings.list_pages(camera="", person="", since=naive, until=None, kind=SightingKind.ALL)
