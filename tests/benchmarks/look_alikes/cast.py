"""Writes people, look-alikes of them, and strangers who resemble them, in the layout that `visits --dataset` takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from portero_server.engines.local.encode.resnet import TRAITS
from portero_server.engines.rekognition.options import POLICY
from portero_server.vision.pixels import Pixels
from portero_simulator.similarity import rekognition_similarity
from tests.benchmarks.identity.people import Player, player, public_company
from tests.benchmarks.look_alikes.blending import Head, blended, head
from tests.benchmarks.visit_footage import Subject
from tests.support.images.portraits import another

_PICTURES = {".jpg", ".jpeg", ".png"}
_WEIGHTS = (0.5, 0.6, 0.7)
"""Of the person in a look-alike, in turn: from a likeness that the enrollment just notices to almost a twin."""
_DAY = 0.15
"""Photographs of one person are 0.35 to 0.52 apart by dlib; mirrored portraits, which stand in for a second photograph,
0.17 to 0.35. So on other days somebody of a pair has so much more, or less, of the other one."""
_STRANGER_WEIGHTS = (0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2)
_WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """A person and somebody who resembles them.

    Attributes:
        person: Id of the person.
        like: Id of the other, who is enrolled too; of a stranger: empty.
        weight: Share of the person in the other's portrait.
        similarity: Of the person's enrolled portrait and the other's, 0..1 on the local engine's scale.
        simulated: The same on the simulator's scale, 0..1.
    """

    person: str
    like: str
    weight: float
    similarity: float
    simulated: float


@dataclass(frozen=True, slots=True)
class Cast:
    """Who comes, and who resembles whom."""

    subjects: tuple[Subject, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class _Somebody:
    """Somebody whose look-alikes are made: the portrait that is enrolled, and one of another day."""

    key: str
    photos: tuple[Path, ...]
    enrolled: Head
    later: Head


def write_cast(folder: Path, scraps: Path, dataset: Path | None, count: int) -> Cast:
    """Writes everybody to a folder each; the strangers' folders come last by name.

    Args:
        folder: Where; it exists and is empty.
        scraps: Where portraits are cut and drawn first; it exists and is empty.
        dataset: People with a folder of photographs each, all of whom are enrolled, look-alikes or not; None:
            public-domain portraits, and faces that are nobody's.
        count: How many look-alikes to make, each with a stranger who resembles the same person.

    Raises:
        ValueError: There are not so many that the enrollment notices.
    """
    company = public_company(scraps)
    known = _those([*company.enrolled] if dataset is None else _players(dataset, scraps), scraps)
    donors = _those(company.strangers, scraps)
    subjects = [_subject(folder / each.key, _read(each.photos[0]), [each.later.pixels]) for each in known]
    strangers: list[Subject] = []
    pairs: list[Pair] = []
    asked: list[tuple[_Somebody, _Somebody]] = []
    for person, donor, other, weight in islice(_matches(known, donors), count):
        key = f"{person.key}-like-{donor.key}"
        alike = blended(person.enrolled, donor.enrolled, weight)
        days = [blended(person.later, donor.later, min(1.0, share)) for share in (weight, weight - _DAY, weight + _DAY)]
        subjects.append(_subject(folder / key, alike, days))
        # The person, too, looks more like the other one on some day.
        day = _shown(folder / person.key, [blended(person.later, donor.later, 1.0 - _DAY)])
        subjects = [_also(each, day) if each.name == person.key else each for each in subjects]
        pairs.append(_pair(person, key, weight, alike))
        asked.append((person, other))
    if len(pairs) < count:
        raise ValueError(f"only {len(pairs)} look-alikes can be made of these people")
    gallery = [seen for each in subjects if (seen := head(_read(each.enrolled[0]))) is not None]
    for number, (person, other) in enumerate(asked, 1):
        if (found := _stranger(person, other, gallery)) is not None:
            share, pictures = found
            strangers.append(Subject("", (), _shown(folder / f"zz-stranger-{number}-like-{person.key}", pictures)))
            pairs.append(_pair(person, "", share, pictures[0]))
    return Cast((*subjects, *strangers), tuple(pairs))


def noticed(similarity: float) -> bool:
    """Returns whether an enrollment with the simulator's engine notices two faces that are so alike, local scale."""
    return _simulated(similarity) >= POLICY.alike


def _matches(
    known: Sequence[_Somebody], donors: Sequence[_Somebody]
) -> Iterator[tuple[_Somebody, _Somebody, _Somebody, float]]:
    """Yields a person, whom they are blended with, whom a stranger is blended with, and the person's weight."""
    for turn in range(len(donors)):
        for number, person in enumerate(known):
            donor, other = (donors[(number + turn + step) % len(donors)] for step in (0, 1))
            for weight in _WEIGHTS[(number + turn) % len(_WEIGHTS) :]:
                alike = head(blended(person.enrolled, donor.enrolled, weight))
                if alike is not None and noticed(person.enrolled.similarity(alike)):
                    yield person, donor, other, weight
                    break


def _stranger(person: _Somebody, donor: _Somebody, gallery: Sequence[Head]) -> tuple[float, list[Pixels]] | None:
    """Returns the weight and portraits of a stranger as like a person as one can be below everybody's threshold.

    Whoever is above it is the same person to the encoder, and no margin can tell.
    """
    for weight in _STRANGER_WEIGHTS:
        picture = blended(person.enrolled, donor.enrolled, weight)
        pictures = [picture, another(picture)]
        seen = [found for each in pictures if (found := head(each)) is not None]
        best = max((one.similarity(known) for one in seen for known in gallery), default=1.0)
        if len(seen) == len(pictures) and best < TRAITS.policy.threshold:
            return weight, pictures
    return None


def _pair(person: _Somebody, like: str, weight: float, picture: Pixels) -> Pair:
    seen = head(picture)
    assert seen is not None
    similarity = person.enrolled.similarity(seen)
    return Pair(person.key, like, weight, similarity, _simulated(similarity))


def _simulated(similarity: float) -> float:
    return rekognition_similarity(similarity, TRAITS.policy) / 100


def _players(dataset: Path, scraps: Path) -> list[Player]:
    found = []
    for person in sorted(path for path in dataset.iterdir() if path.is_dir()):
        files = sorted(path for path in person.iterdir() if path.suffix.lower() in _PICTURES)
        usable = [file for file in files if head(_read(file)) is not None]
        if usable:
            found.append(player(person.name, (usable[0],), usable[-1], scraps))
    return found


def _those(players: Sequence[Player], scraps: Path) -> list[_Somebody]:
    """Returns the players whose portraits can be used; a second portrait is made for whoever has none."""
    found = []
    for each in players:
        shown = _read(each.portrait)
        enrolled, later = head(shown), head(another(shown))
        if each.photos:
            first = player(f"{each.key}-enrolled", each.photos, each.photos[0], scraps)
            enrolled = head(_read(first.portrait))
            if enrolled is not None and not np.array_equal(enrolled.pixels, shown):
                later = head(shown)
        if enrolled is not None and later is not None:
            found.append(_Somebody(each.key, each.photos, enrolled, later))
    return found


def _subject(folder: Path, enrolled: Pixels, shown: Sequence[Pixels]) -> Subject:
    """Writes the pictures of somebody who is enrolled, the enrolled one first."""
    ((photo, _),) = _shown(folder, [enrolled])
    return Subject(folder.name, (photo,), _shown(folder, shown))


def _shown(folder: Path, pictures: Sequence[Pixels]) -> tuple[tuple[Path, tuple[float, float, float, float]], ...]:
    """Writes pictures to a person's folder, after those that are there."""
    folder.mkdir(exist_ok=True)
    first = len(list(folder.iterdir())) + 1
    written = []
    for number, picture in enumerate(pictures, first):
        file = folder / f"{number:02}.png"
        cv2.imwrite(str(file), picture)
        written.append((file, _WHOLE))
    return tuple(written)


def _also(subject: Subject, shown: tuple[tuple[Path, tuple[float, float, float, float]], ...]) -> Subject:
    return Subject(subject.name, subject.enrolled, subject.shown + shown)


def _read(file: Path) -> Pixels:
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR), np.uint8)
