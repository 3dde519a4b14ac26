"""Lays what a server told and stored of a film beside what the film shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from tests.benchmarks.identity.account import Account, Stored, Tell
from tests.benchmarks.identity.script import Span
from tests.benchmarks.identity.truth import Trail, TrueVisit, Truth

_STORED_SLACK = 0.5
"""Seconds, beside a frame, by which a sighting may begin before somebody came or end after they went."""
_WORTH_FINDING = 1.0
"""Seconds for which a face must be visible for a visit that is not found to count as missed."""


@dataclass(frozen=True, slots=True)
class Lenience:
    """What is not held against a server.

    Attributes:
        visit_gap: Seconds of absence that do not end a visit.
        telling: Seconds that a name may be wrong at a stretch: the time that a message takes to arrive.
    """

    visit_gap: float
    telling: float = 0.0


@dataclass(slots=True)
class Score:
    """How well the people of one film were told apart.

    Attributes:
        wrong_live: Seconds for which a track on one person's face bore another's name.
        wrong_stored: Seconds of sightings outside the visits of whom they name.
        exchanged: Pairs of people who bore each other's names at the same time.
        merged: Sightings, or tracks without one, that hold two people or more.
        split: Sightings beyond the visits of the same person.
        visits: True visits, those too short to count left out.
        missed: Visits of which no sighting says whose they are, in words.
        phantoms: Sightings of nobody.
        times_to_name: Seconds from a visit's first visible face to the person's name, of visits that were named.
        calls: Calls of the engine.
        encodings: Encodings beside them; None: not known.
    """

    wrong_live: float = 0.0
    wrong_stored: float = 0.0
    exchanged: int = 0
    merged: int = 0
    split: int = 0
    visits: int = 0
    missed: list[str] = field(default_factory=list)
    phantoms: int = 0
    times_to_name: list[float] = field(default_factory=list)
    calls: int = 0
    encodings: int | None = None

    @property
    def clean(self) -> bool:
        """Whether nobody got another's name, and nobody was taken for somebody else."""
        return not (self.wrong_live or self.wrong_stored or self.exchanged or self.merged)


def score(truth: Truth, account: Account, lenience: Lenience) -> Score:
    """Returns how well an account agrees with the truth."""
    told: defaultdict[str, list[Tell]] = defaultdict(list)
    for tell in sorted(account.tells, key=lambda tell: tell.told):
        told[tell.track].append(tell)
    trails = _trails(truth, account)
    visits = truth.visits(lenience.visit_gap)
    worth = [visit for visit in visits if visit.visible >= _WORTH_FINDING]
    owners = [_owner(sighting, trails) for sighting in account.stored]
    wrong = {track: _misnamed(truth, trail, told[track]) for track, trail in trails.items()}
    return Score(
        wrong_live=round(sum(_beyond(spells, truth, lenience.telling) for spells in wrong.values()), 3),
        wrong_stored=round(sum(_outside(sighting, visits, truth) for sighting in account.stored), 3),
        exchanged=_exchanged(wrong),
        merged=_merged(account.stored, trails),
        split=_split(owners, visits),
        visits=len(worth),
        missed=[_in_words(visit) for visit in worth if not _found(visit, truth, account.stored, trails)],
        phantoms=sum(owner is None for owner in owners),
        times_to_name=[time for visit in worth if (time := _time_to_name(visit, truth, told)) is not None],
        calls=account.calls,
        encodings=account.encodings,
    )


def _trails(truth: Truth, account: Account) -> dict[str, Trail]:
    """Returns whom each track was on."""
    evidence: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for tell in account.tells:
        on = truth.lately(tell.place, truth.index(tell.seen))
        evidence[tell.track] += [] if on is None else [on]
    for each in account.followed:
        index = truth.index(each.time)
        who = truth.whose(each.place, index)
        evidence[each.track] += [] if who is None else [(index, who)]
    return {track: Trail(truth, found) for track, found in evidence.items()}


def _misnamed(truth: Truth, trail: Trail, tells: Sequence[Tell]) -> dict[int, tuple[str, str]]:
    """Returns the frames in which a track is on one person and bears another's name, and both."""
    wrong = {}
    for index in range(trail.begin, trail.end + 1):
        who, name = trail.on(index), _name_at(tells, index * truth.interval)
        if who is not None and name and name != who:
            wrong[index] = (who, name)
    return wrong


def _name_at(tells: Sequence[Tell], time: float) -> str:
    """Returns the name a track bears: that of the last thing told of it."""
    last = next((tell for tell in reversed(tells) if tell.told <= time + 1e-3), None)
    return "" if last is None or last.closed else last.name


def _beyond(wrong: Mapping[int, tuple[str, str]], truth: Truth, allowed: float) -> float:
    """Returns the seconds of wrong frames, less what is allowed of each stretch of them."""
    stretches: list[int] = []
    for index in sorted(wrong):
        if index - 1 in wrong and wrong[index - 1] == wrong[index]:
            stretches[-1] += 1
        else:
            stretches.append(1)
    return sum(max(0.0, frames * truth.interval - allowed) for frames in stretches)


def _exchanged(wrong: Mapping[str, Mapping[int, tuple[str, str]]]) -> int:
    """Returns how many pairs of people bore each other's names in one frame."""
    pairs = set()
    for one, other in combinations(wrong.values(), 2):
        for index in one.keys() & other.keys():
            if one[index] == other[index][::-1]:
                pairs.add(frozenset(one[index]))
    return len(pairs)


def _outside(sighting: Stored, visits: Sequence[TrueVisit], truth: Truth) -> float:
    """Returns the seconds of a named sighting that lie outside all visits of that person."""
    if not sighting.name:
        return 0.0
    slack = truth.interval + _STORED_SLACK
    inside: list[Span] = sorted(
        (visit.span[0] - slack, visit.span[1] + truth.interval + slack)
        for visit in visits
        if visit.who == sighting.name
    )
    outside, time = 0.0, sighting.first
    for begin, end in inside:
        outside += max(0.0, min(begin, sighting.last) - time)
        time = max(time, end)
    return outside + max(0.0, sighting.last - time)


def _merged(stored: Sequence[Stored], trails: Mapping[str, Trail]) -> int:
    """Returns how many sightings, and tracks without one, hold several people."""
    kept = frozenset().union(*(sighting.tracks for sighting in stored))
    groups = [sighting.tracks for sighting in stored] + [frozenset({track}) for track in trails.keys() - kept]
    return sum(len({who for track in group if track in trails for who in trails[track].people}) > 1 for group in groups)


def _owner(sighting: Stored, trails: Mapping[str, Trail]) -> str | None:
    """Returns whom most boxes of a sighting lie on."""
    on = Counter(who for track in sorted(sighting.tracks & trails.keys()) for _, who in trails[track].evidence)
    return on.most_common(1)[0][0] if on else None


def _split(owners: Sequence[str | None], visits: Sequence[TrueVisit]) -> int:
    """Returns how many sightings there are beyond one for each visit."""
    sightings, true = Counter(owners), Counter(visit.who for visit in visits)
    return sum(max(0, count - true[who]) for who, count in sightings.items() if who is not None)


def _found(visit: TrueVisit, truth: Truth, stored: Sequence[Stored], trails: Mapping[str, Trail]) -> bool:
    """Whether a sighting in a visit's time says whose it is, and holds a box on them."""
    right = visit.who if visit.who in truth.enrolled else ""
    first, last = (truth.index(time) for time in visit.span)
    return any(
        who == visit.who and first <= index <= last
        for sighting in stored
        if sighting.name == right
        for track in sighting.tracks & trails.keys()
        for index, who in trails[track].evidence
    )


def _time_to_name(visit: TrueVisit, truth: Truth, told: Mapping[str, Sequence[Tell]]) -> float | None:
    """Returns the seconds from the first visible face to the right name on it; None if none came in the visit."""
    if visit.who not in truth.enrolled or visit.first_visible is None:
        return None
    first, last = (truth.index(time) for time in visit.span)
    times = [
        tell.told - visit.first_visible
        for tells in told.values()
        for tell in tells
        if tell.name == visit.who
        and first <= truth.index(tell.seen) <= last
        and (on := truth.lately(tell.place, truth.index(tell.seen))) is not None
        and on[1] == visit.who
    ]
    return round(max(0.0, min(times)), 3) if times else None


def _in_words(visit: TrueVisit) -> str:
    return f"{visit.who} {visit.span[0]:.1f}-{visit.span[1]:.1f} s"
