"""What a session is decided from: whom sightings show, may show, and who cannot be named at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.domain.attendance.rules import DEFAULT_RULES
from portero_server.domain.attendance.sheet import SessionFacts
from portero_server.domain.attendance.unproven import UnprovenCause
from portero_server.domain.people.look_alikes import FacePair
from portero_server.domain.recording.reviews import ReviewAction
from portero_server.store.attendance.facts import facts_of
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.sighting_reviews import NewReview, SightingReviewStore
from tests.support.attendance.classroom import HOUR, SESSION, Classroom


async def _facts(classroom: Classroom, database: Database, *, consent_required: bool = False) -> SessionFacts:
    session = (await classroom.sessions.session(SESSION)).session

    async def unit(connection: AsyncConnection) -> SessionFacts:
        now = classroom.clock.now()
        return await facts_of(connection, session, DEFAULT_RULES, now, consent_required=consent_required)

    return await database.run(unit)


async def test_only_sightings_of_the_session_count(classroom: Classroom, database: Database) -> None:
    """Those before check-in opens, and after the end, are not among the facts; a long one that began before is."""
    await classroom.furnish()
    within = await classroom.sees("ana", 0, 60)
    await classroom.sees("ana", -2 * HOUR, -HOUR)
    await classroom.sees("ben", HOUR + 60, 2 * HOUR)
    long = await classroom.sees("ben", -5 * HOUR, 600)
    found = (await _facts(classroom, database)).sightings
    assert {each.sighting_id for each in found} == {within, long}


async def test_a_face_that_resembles_somebody_may_be_theirs(classroom: Classroom, database: Database) -> None:
    """Near the threshold a candidate is suspected; farther away the face is nobody's."""
    await classroom.furnish()
    await classroom.sees(None, 0, 60, like="ben")
    (sighting,) = (await _facts(classroom, database)).sightings
    assert (sighting.may_be, sighting.unclear) == (frozenset({"ben"}), False)


async def test_a_stranger_of_whom_nothing_is_known_excludes_nobody(classroom: Classroom, database: Database) -> None:
    """Where decisions are not kept, a face without a name may be anybody's."""
    await classroom.furnish()
    classroom.recording = type(classroom.recording)(database, classroom.clock, keep_decisions=False)
    await classroom.sees(None, 0, 60)
    (sighting,) = (await _facts(classroom, database)).sightings
    assert sighting.unclear


async def test_a_look_alike_who_is_named_leaves_the_other_open(classroom: Classroom, database: Database) -> None:
    """Ben is not absent while Ana's look-alike face was seen, until a person says whose it is."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.watch()
    pair = FacePair("ana", "ben", "f-ana", "f-ben", 0.5)
    await LookAlikeStore(database, classroom.clock).add([pair])
    sighting_id = await classroom.sees("ana", 0, HOUR)
    await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"ana": AttendanceStatus.PRESENT, "ben": AttendanceStatus.UNPROVEN}
    said = NewReview(ReviewAction.THIS_IS, "ben", "", "teacher")
    await SightingReviewStore(database, classroom.clock).add(sighting_id, said)
    assert await classroom.sessions.follow_sightings(10) > 0
    assert await classroom.sessions.stale(10) == [SESSION]
    await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"ana": AttendanceStatus.ABSENT, "ben": AttendanceStatus.PRESENT}


async def test_a_person_said_not_to_be_seen_is_not_suspected(classroom: Classroom, database: Database) -> None:
    """A person whom a review denies is not among those whom the face may show, and the face is clear."""
    await classroom.furnish()
    sighting_id = await classroom.sees("ana", 0, 60)
    said = NewReview(ReviewAction.NOT, "ana", "", "teacher")
    await SightingReviewStore(database, classroom.clock).add(sighting_id, said)
    (sighting,) = (await _facts(classroom, database)).sightings
    assert (sighting.person_id, sighting.may_be, sighting.unclear) == (None, frozenset(), False)


async def test_who_cannot_be_named_is_never_absent(classroom: Classroom, database: Database) -> None:
    """Somebody blocked, or without a face or a consent that is required, is unproven with that cause."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.watch()
    await ConsentStore(database, classroom.clock).block("ben", "asked")
    await classroom.sessions.decide(SESSION)
    assert (await classroom.statuses())["ben"] is AttendanceStatus.UNPROVEN
    facts = await _facts(classroom, database)
    assert facts.nameless == {"ben"}
    assert (await _facts(classroom, database, consent_required=True)).nameless == {"ana", "ben"}
    (record,) = [each for each in (await classroom.sessions.decide(SESSION)).records if each.person_id == "ben"]
    assert record.unproven[0].causes == (UnprovenCause.NOT_RECOGNIZABLE,)
