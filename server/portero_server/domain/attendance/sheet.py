"""The attendance sheet of one session: a record for each person who is expected, from everything that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from portero_server.domain.attendance.coverage import Coverage, blind_in_rooms
from portero_server.domain.attendance.decision import AttendanceDecision, SeenSpan, decide
from portero_server.domain.attendance.groups import Placement, Roster, surviving, views_of_room
from portero_server.domain.attendance.limits import limits_of, opening
from portero_server.domain.attendance.record import (
    AttendanceCorrection,
    AttendanceRecord,
    AttendanceStatus,
    Excuse,
    PersonSighting,
    StatusReason,
)
from portero_server.domain.attendance.rules import DEFAULT_RULES, AttendanceRules
from portero_server.domain.attendance.schedule import AttendanceSession, SessionState
from portero_server.domain.attendance.spans import TimeSpan, merged
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan

_THERE = frozenset({AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.LEFT_EARLY})


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """Everything that the records of one session follow from. No order means anything, and neither does repetition.

    Facts of other sessions, people and cameras may be among them and change nothing.

    Attributes:
        sightings: As they are now: one that was corrected or revised, only as it is since.
        coverages: By camera id; of a camera that is missing nothing is known.
        merges: To which id each id was merged that is gone; all facts may name either.
        nameless: Ids of people who cannot be named now, so that nothing follows from not having seen them.
    """

    session: AttendanceSession
    roster: Roster
    rules: AttendanceRules = DEFAULT_RULES
    placements: tuple[Placement, ...] = ()
    sightings: tuple[PersonSighting, ...] = ()
    coverages: Mapping[str, Coverage] = field(default_factory=dict)
    excuses: tuple[Excuse, ...] = ()
    corrections: tuple[AttendanceCorrection, ...] = ()
    merges: Mapping[str, str] = field(default_factory=dict)
    nameless: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Shown:
    """What sightings show of one person."""

    seen: list[SeenSpan] = field(default_factory=list)
    evidence: set[str] = field(default_factory=set)
    doubtful: list[UnprovenSpan] = field(default_factory=list)


def records_of(facts: SessionFacts) -> tuple[AttendanceRecord, ...]:
    """Returns a record for each person who is expected, in order of their ids; none if the session is not held.

    The same facts lead to the same records, in whatever order they are given and however often.
    """
    session, rules = facts.session, facts.rules
    if session.state is not SessionState.HELD:
        return ()
    people = facts.roster.people_on(session.day, facts.merges)
    blind = blind_in_rooms(session.room_ids, facts.placements, facts.coverages, opening(session.span, rules))
    shown = _shown_of(people, facts)
    corrections = _corrections(facts)
    return tuple(
        _corrected(_record(facts, person_id, shown[person_id], blind), corrections.get(person_id))
        for person_id in people
    )


def cameras_of(
    session: AttendanceSession, placements: Iterable[Placement], rules: AttendanceRules
) -> dict[str, tuple[TimeSpan, ...]]:
    """Returns when each camera can show who attends a session, by camera id: while it watches a room of it."""
    placements = tuple(placements)
    found: dict[str, list[TimeSpan]] = {}
    for room_id in session.room_ids:
        for camera_id, parts in views_of_room(room_id, placements, opening(session.span, rules)).items():
            found.setdefault(camera_id, []).extend(parts)
    return {camera_id: merged(parts) for camera_id, parts in found.items()}


def _shown_of(people: Iterable[str], facts: SessionFacts) -> dict[str, _Shown]:
    shown = {person_id: _Shown() for person_id in people}
    views = cameras_of(facts.session, facts.placements, facts.rules)
    for sighting in set(facts.sightings):
        for view in views.get(sighting.camera_id, ()):
            if view.meets(sighting.first_seen, sighting.last_seen):
                span = SeenSpan(max(sighting.first_seen, view.start), min(sighting.last_seen, view.end))
                _show(shown, sighting, span, facts)
    return shown


def _show(shown: Mapping[str, _Shown], sighting: PersonSighting, span: SeenSpan, facts: SessionFacts) -> None:
    """Adds one sighting to those whom it shows, or may show."""
    named = None if sighting.person_id is None else surviving(sighting.person_id, facts.merges)
    sure = named is not None and sighting.similarity >= facts.rules.sure_similarity
    if sure and named is not None and named in shown:
        shown[named].seen.append(span)
        shown[named].evidence.add(sighting.sighting_id)
    for person_id, cause in _may_be(shown, sighting, None if sure else named, facts):
        if not sure or person_id != named:
            shown[person_id].doubtful.append(UnprovenSpan(span.first, span.last, (cause,)))


def _may_be(
    shown: Iterable[str], sighting: PersonSighting, unsure: str | None, facts: SessionFacts
) -> Iterator[tuple[str, UnprovenCause]]:
    likely = {surviving(each, facts.merges) for each in sighting.may_be} | ({unsure} if unsure is not None else set())
    anybody = sighting.unclear and sighting.person_id is None and facts.rules.heeds_unclear_faces
    for person_id in shown:
        if person_id in likely:
            yield person_id, UnprovenCause.LIKENESS
        elif anybody:
            yield person_id, UnprovenCause.UNCLEAR_FACE


def _record(facts: SessionFacts, person_id: str, shown: _Shown, blind: Iterable[UnprovenSpan]) -> AttendanceRecord:
    excused = [each.span for each in facts.excuses if surviving(each.person_id, facts.merges) == person_id]
    limits = limits_of(facts.session.span, facts.rules, excused)
    unproven = [*blind, *shown.doubtful]
    if person_id in {surviving(each, facts.merges) for each in facts.nameless}:
        whole = opening(facts.session.span, facts.rules)
        unproven.append(UnprovenSpan(whole.start, whole.end, (UnprovenCause.NOT_RECOGNIZABLE,)))
    decision = decide(limits, facts.rules.measure, shown.seen, unproven)
    return _written(facts.session.session_id, person_id, decision, shown.evidence)


def _written(
    session_id: str, person_id: str, decision: AttendanceDecision, evidence: Iterable[str]
) -> AttendanceRecord:
    return AttendanceRecord(
        session_id,
        person_id,
        status=decision.status,
        reason=decision.reason,
        decided=decision.status,
        arrived_at=decision.arrived_at,
        left_at=decision.left_at,
        present=decision.present,
        late=decision.late,
        early=decision.early,
        credit=decision.credit,
        evidence=tuple(sorted(evidence)),
        open_questions=decision.open_questions,
        unproven=decision.unproven,
    )


def _corrections(facts: SessionFacts) -> dict[str, AttendanceCorrection]:
    """Returns the newest correction that holds, by the person's id now."""
    holding = (
        each for each in facts.corrections if each.session_id == facts.session.session_id and each.withdrawn_at is None
    )
    ordered = sorted(holding, key=lambda each: (each.corrected_at, each.correction_id))
    return {surviving(each.person_id, facts.merges): each for each in ordered}


def _corrected(record: AttendanceRecord, correction: AttendanceCorrection | None) -> AttendanceRecord:
    if correction is None:
        return record
    credit = record.credit if correction.status is record.status else float(correction.status in _THERE)
    return replace(
        record,
        status=correction.status,
        reason=StatusReason.CORRECTED,
        credit=credit,
        correction_id=correction.correction_id,
    )
