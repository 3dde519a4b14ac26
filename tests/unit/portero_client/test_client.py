from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2, detections_pb2
from portero.v1 import gallery_service_pb2 as pb2

from portero_client import (
    AlreadyExists,
    Box,
    Camera,
    CameraMode,
    CameraPurpose,
    CollectionState,
    GalleryFindingKind,
    InvalidArgument,
    NotFound,
    PhotoFlaw,
    PorteroClient,
    RebuildOutcome,
    ServerHealth,
    SightingKind,
    SteeringCause,
    TextKind,
    UnrecognizedPerson,
)
from portero_client.gallery_convert import rebuilt_from, report_from
from tests.support.client.photos import photo
from tests.support.client.server import VERSION, FakeServer

BEGAN = datetime.fromtimestamp(1_750_000_000, UTC)


async def test_a_person_is_created_read_changed_and_removed(client: PorteroClient) -> None:
    """A person's life leaves each time what was asked for."""
    created = await client.people.create("Ana Díaz", person_id="ana", labels={"room": "12"})
    assert (created.name, created.display_name, dict(created.labels)) == ("people/ana", "Ana Díaz", {"room": "12"})
    assert created.create_time == BEGAN
    renamed = await client.people.update(replace(created, display_name="Ana D.", labels={}), "display_name")
    assert (renamed.display_name, dict(renamed.labels)) == ("Ana D.", {"room": "12"})
    assert await client.people.get("people/ana") == renamed
    await client.people.delete("ana")
    with pytest.raises(NotFound) as caught:
        await client.people.get("ana")
    assert caught.value.resource == "people/ana"


async def test_a_taken_id_is_told(client: PorteroClient) -> None:
    """Creating the same person twice raises AlreadyExists with the name."""
    await client.people.create("Ana", person_id="ana")
    with pytest.raises(AlreadyExists) as caught:
        await client.people.create("Ana", person_id="ana")
    assert caught.value.resource == "people/ana"


async def test_faces_are_enrolled_listed_and_removed(client: PorteroClient) -> None:
    """The same photograph teaches one face, however often it is given."""
    await client.people.create("Ana", person_id="ana")
    first = await client.people.enroll("ana", photo("ana"))
    again = await client.people.enroll("ana", photo("ana"))
    other = await client.people.enroll("ana", photo("ana", quality=0.7))
    assert first == again
    assert [face.name async for face in client.people.faces("ana")] == [first.name, other.name]
    await client.people.delete_face(first.name)
    assert (await client.people.get("ana")).face_count == 1


async def test_the_same_face_under_two_names_is_told(client: PorteroClient, server: FakeServer) -> None:
    """An enrolled face knows whom it is like, and the findings come over all pages."""
    for name in ("ana", "anna"):
        await client.people.create(name.title(), person_id=name)
    assert (await client.people.enroll("ana", photo("ana"))).look_alikes == ()
    [like] = (await client.people.enroll("anna", photo("ana"))).look_alikes
    assert (like.person, like.display_name) == ("people/ana", "Ana")
    server.gallery.findings = [
        pb2.GalleryFinding(person="people/ana", display_name="Ana", kind=kind)
        for kind in (
            pb2.GALLERY_FINDING_KIND_OUTDATED_FACES,
            pb2.GALLERY_FINDING_KIND_LOOK_ALIKE,
            pb2.GALLERY_FINDING_KIND_UNSPECIFIED,
        )
    ]
    kinds = [finding.kind async for finding in client.people.findings(page_size=1)]
    assert kinds == [
        GalleryFindingKind.OUTDATED_FACES,
        GalleryFindingKind.LOOK_ALIKE,
        GalleryFindingKind.UNSPECIFIED,
    ]


async def test_what_the_engine_has_lost_is_told_and_repaired(client: PorteroClient, server: FakeServer) -> None:
    """A lost collection, whom it concerns, and its repair come as dataclasses; unknown states as UNSPECIFIED."""
    await client.people.create("Ana", person_id="ana")
    face = await client.people.enroll("ana", photo("ana"))
    assert (await client.people.check_faces(last_known=True)).state is CollectionState.SOUND
    server.gallery.collection_gone = True
    report = await client.people.check_faces()
    assert (report.state, report.stored_faces, report.missing_faces) == (CollectionState.LOST, 1, 1)
    [person] = [each async for each in client.people.unrecognized(page_size=1)]
    assert person == UnrecognizedPerson("people/ana", "Ana", (face.name,), 0, False)
    done = await client.people.repair_faces()
    assert (done.created, done.removed_faces, done.report.state) == (True, 0, CollectionState.EMPTIED)
    server.gallery.photos = [face.name]
    [dry] = [each async for each in client.people.rebuild_faces(dry_run=True)]
    assert (dry.person, dry.outcome, dry.face, dry.recognized) == ("people/ana", RebuildOutcome.TEACHABLE, "", True)
    [taught] = [each async for each in client.people.rebuild_faces()]
    assert (taught.outcome, taught.face) == (RebuildOutcome.TAUGHT, face.name)
    assert rebuilt_from(pb2.RebuiltPhoto(outcome=99)).outcome is RebuildOutcome.UNSPECIFIED  # type: ignore[arg-type]  # of a newer server
    assert report_from(pb2.FacesReport(state=99)).state is CollectionState.UNSPECIFIED  # type: ignore[arg-type]  # of a newer server


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (photo(), "NO_FACE"),
        (photo("ana", "bea"), "SEVERAL_FACES"),
        (photo("ana", quality=0.1), "LOW_QUALITY"),
        (b"no photograph", "NOT_AN_IMAGE"),
    ],
)
async def test_a_photograph_that_does_not_serve_says_why(client: PorteroClient, image: bytes, reason: str) -> None:
    """Enrolling raises InvalidArgument with the server's reason and field."""
    await client.people.create("Ana", person_id="ana")
    with pytest.raises(InvalidArgument) as caught:
        await client.people.enroll("ana", image)
    assert (caught.value.reason, caught.value.field) == (reason, "image")


async def test_people_are_listed_through_all_pages(client: PorteroClient, server: FakeServer) -> None:
    """Iterating asks for page after page and gives every person once."""
    for number in range(7):
        await client.people.create(f"Person {number}", person_id=f"p{number}")
    names = [person.name async for person in client.people.list(page_size=3)]
    assert names == [f"people/p{number}" for number in range(7)]
    assert server.calls["ListPeople"] == 3


async def test_the_first_items_come_with_the_place_to_go_on(client: PorteroClient) -> None:
    """A limited read ends exactly at its limit, and its token continues without a hole."""
    for number in range(5):
        await client.people.create(f"Person {number}", person_id=f"p{number}")
    head = await client.people.list().first(2)
    rest = await client.people.list(page_token=head.next_page_token).first(100)
    assert [person.name for person in head.items + rest.items] == [f"people/p{number}" for number in range(5)]
    assert rest.next_page_token == ""


async def test_a_malformed_token_is_told(client: PorteroClient) -> None:
    """A page token that the server did not give raises InvalidArgument."""
    with pytest.raises(InvalidArgument) as caught:
        await client.people.list(page_token="nonsense").first(1)
    assert (caught.value.field, caught.value.reason) == ("page_token", "MALFORMED_PAGE_TOKEN")


async def test_an_oversized_page_is_told(client: PorteroClient) -> None:
    """A page size above the contract's limit raises InvalidArgument."""
    with pytest.raises(InvalidArgument) as caught:
        [person async for person in client.people.list(page_size=1001)]
    assert caught.value.field == "page_size"


async def test_people_are_found_in_a_photograph(client: PorteroClient) -> None:
    """Every face comes with its match, or none, and its candidates."""
    await client.people.create("Ana", person_id="ana")
    await client.people.enroll("ana", photo("ana"))
    known, stranger = await client.images.search(photo("ana", "nobody"))
    assert known.match is not None
    assert (known.match.person, known.match.display_name) == ("people/ana", "Ana")
    assert stranger.match is None
    assert [candidate.person for candidate in stranger.candidates] == ["people/ana"]


async def test_two_photographs_are_compared(client: PorteroClient) -> None:
    """The source's face is compared with each face of the target, the most alike first."""
    comparison = await client.images.compare(photo("ana"), photo("bea", "ana"))
    assert [face.same_person for face in comparison.comparisons] == [True, False]
    assert comparison.source_box == Box(left=0.1, top=0.25, width=0.125, height=0.25)


async def test_text_is_read_with_or_without_faces(client: PorteroClient) -> None:
    """ReadText gives text alone; RecognizeImage gives what was asked for."""
    image = photo("ana", lines=("ROOM 12",))
    texts = await client.images.read_text(image)
    assert [(text.content, text.kind) for text in texts] == [
        ("ROOM 12", TextKind.LINE),
        ("ROOM", TextKind.WORD),
        ("12", TextKind.WORD),
    ]
    both = await client.images.recognize(image, texts=True)
    assert (len(both.faces), both.texts) == (1, texts)
    assert (await client.images.recognize(image)).texts == ()


async def test_a_camera_keeps_its_own_settings_until_they_are_cleared(client: PorteroClient) -> None:
    """An optional setting can be given, changed and cleared again."""
    camera = await client.cameras.create(
        "desk",
        display_name="Desk",
        mode=CameraMode.TEXT,
        purpose=CameraPurpose.CHECK_IN,
        visit_gap=timedelta(seconds=90),
        similarity_threshold=0.0,
    )
    assert (camera.mode, camera.purpose) == (CameraMode.TEXT, CameraPurpose.CHECK_IN)
    assert (camera.visit_gap, camera.similarity_threshold) == (timedelta(seconds=90), 0.0)
    cleared = await client.cameras.update(replace(camera, visit_gap=None, similarity_threshold=None), "visit_gap")
    assert (cleared.visit_gap, cleared.similarity_threshold) == (None, 0.0)


async def test_cameras_are_listed_by_site_and_removed(client: PorteroClient) -> None:
    """A list may be limited to a site; a removed camera is gone."""
    await client.cameras.create("a", site="hotel")
    await client.cameras.create("b", site="bank")
    assert [camera.name async for camera in client.cameras.list(site="bank")] == ["cameras/b"]
    await client.cameras.delete("a")
    assert [camera.name async for camera in client.cameras.list()] == ["cameras/b"]


async def test_a_silent_camera_has_no_times(client: PorteroClient, server: FakeServer) -> None:
    """A status tells times only when there are some."""
    camera: Camera = await client.cameras.create("a")
    silent = await client.cameras.status(camera.name)
    assert (silent.streaming, silent.open_time, silent.last_frame_time) == (False, None, None)
    status = camera_service_pb2.CameraStatus(streaming=True, session="s", frame_rate=4.5, frames_received=9)
    status.last_frame_time.FromSeconds(1_750_000_000)
    server.cameras.statuses["cameras/a"] = status
    streaming = await client.cameras.status("a")
    assert (streaming.streaming, streaming.frame_rate, streaming.last_frame_time) == (True, 4.5, BEGAN)


async def test_a_status_tells_what_its_bridge_is_asked_for(client: PorteroClient, server: FakeServer) -> None:
    """Rate, size and pause are None where nothing is asked, and a cause of a newer server is left out."""
    camera: Camera = await client.cameras.create("a")
    alone = await client.cameras.status("a")
    assert (alone.asked_max_rate, alone.asked_max_side, alone.asked_pause) == (None, None, None)
    assert (alone.agent, alone.network_delay, alone.steering_causes) == ("", None, ())
    status = camera_service_pb2.CameraStatus(streaming=True, agent="b/1", asked_max_rate=2.0, asked_max_side=640)
    status.network_delay.FromMilliseconds(40)
    status.asked_pause.FromSeconds(90)
    status.steering_causes.extend([camera_service_pb2.STEERING_CAUSE_LARGE_FACES, 99])  # type: ignore[list-item]
    server.cameras.statuses[camera.name] = status
    steered = await client.cameras.status("a")
    assert (steered.asked_max_rate, steered.asked_max_side, steered.asked_pause) == (2.0, 640, timedelta(seconds=90))
    assert (steered.agent, steered.network_delay) == ("b/1", timedelta(milliseconds=40))
    assert steered.steering_causes == (SteeringCause.LARGE_FACES,)


async def test_sightings_are_filtered(client: PorteroClient, server: FakeServer) -> None:
    """Camera, person, time and kind add up; the latest come first."""
    server.sightings.store("s1", "door", "ana", seconds=0)
    server.sightings.store("s2", "door", seconds=60)
    server.sightings.store("s3", "desk", "ana", seconds=120)

    async def ids(**conditions: object) -> list[str]:
        listing = client.sightings.list(**conditions)  # type: ignore[arg-type]  # each case names other conditions
        return [sighting.name.removeprefix("sightings/") async for sighting in listing]

    assert await ids() == ["s3", "s2", "s1"]
    assert await ids(camera="door") == ["s2", "s1"]
    assert await ids(person="ana", camera="cameras/door") == ["s1"]
    assert await ids(kind=SightingKind.UNKNOWN) == ["s2"]
    assert await ids(since=BEGAN + timedelta(seconds=100)) == ["s3"]
    assert await ids(until=BEGAN + timedelta(seconds=60)) == ["s1"]
    stranger = await client.sightings.get("s2")
    assert stranger.is_stranger
    assert (stranger.person, stranger.display_name) == ("", "")


async def test_the_server_tells_its_health_and_version(client: PorteroClient, server: FakeServer) -> None:
    """The health check tells whether the server takes work and which version it is."""
    assert await client.check_health() == ServerHealth(serving=True, version=VERSION)
    server.serving = False
    assert not (await client.check_health()).serving


async def test_a_closed_client_can_be_used_again(client: PorteroClient) -> None:
    """Closing ends the connection, not the client."""
    await client.people.create("Ana", person_id="ana")
    await client.aclose()
    assert (await client.people.get("ana")).display_name == "Ana"


async def test_photographs_are_tried_and_pairs_listed(server: FakeServer, client: PorteroClient) -> None:
    """What is wrong with a photograph comes in words, before and with its enrollment; pairs come over all pages."""
    await client.people.create("Ana", person_id="ana")
    poor = await client.people.check_photo(photo("ana", quality=0.4))
    assert (poor.reason, poor.box is None, [each.flaw for each in poor.advice]) == ("", False, [PhotoFlaw.BLURRED])
    nobody = await client.people.check_photo(photo())
    assert (nobody.reason, nobody.box, nobody.quality) == ("NO_FACE", None, None)
    assert [each.refused for each in nobody.advice] == [True]
    server.gallery.confusable = [detections_pb2.Candidate(person="people/bo", display_name="Bo", similarity=0.5)]
    face = await client.people.enroll("ana", photo("ana", quality=0.4))
    assert (face.advice, [each.display_name for each in face.confusable]) == (poor.advice, ["Bo"])
    server.gallery.pairs = [
        pb2.ConfusablePair(
            first_person="people/ana",
            first_display_name="Ana",
            second_person=f"people/{other}",
            second_display_name=other.title(),
            similarity=0.5,
            find_time=Timestamp(seconds=60),
        )
        for other in ("bo", "cy")
    ]
    pairs = [pair async for pair in client.people.confusable(page_size=1)]
    assert [(pair.first_display_name, pair.second_person) for pair in pairs] == [
        ("Ana", "people/bo"),
        ("Ana", "people/cy"),
    ]
    assert (pairs[0].similarity, pairs[0].find_time) == (0.5, datetime(1970, 1, 1, 0, 1, tzinfo=UTC))


async def test_a_face_between_look_alikes_says_so(server: FakeServer, client: PorteroClient) -> None:
    """Whoever is nobody's only for that reason is told apart from a stranger."""
    await client.people.create("Ana", person_id="ana")
    await client.people.enroll("ana", photo("ana"))
    server.gallery.between = {"ana"}
    ana, bo = await client.images.search(photo("ana", "bo"))
    assert [(face.match, face.between_look_alikes) for face in (ana, bo)] == [(None, True), (None, False)]
