"""How a migration is summed up; `commands/test_migrate.py` carries it out."""

from __future__ import annotations

import pytest

from portero_cli.migrating import Migrated, Step, StepOutcome
from portero_client import AdoptedFace, AdoptionOutcome


def _face(number: int, outcome: AdoptionOutcome, person: str = "people/ana", *, created: bool = False) -> AdoptedFace:
    return AdoptedFace(str(number), outcome, "ana", person, created, "", "")


def test_people_are_counted_once() -> None:
    """However many faces they have, and on however many pages of a dry run they were new."""
    done = Migrated(
        faces=[
            _face(1, AdoptionOutcome.ADOPTED, created=True),
            _face(2, AdoptionOutcome.ADOPTED, created=True),
            _face(3, AdoptionOutcome.KNOWN, "people/bob"),
            _face(4, AdoptionOutcome.REFUSED, ""),
        ]
    )
    assert done.counts() == {
        "faces": 4,
        "adopted_faces": 2,
        "known_faces": 1,
        "refused_faces": 1,
        "people": 2,
        "created_people": 1,
    }
    assert [face.face_id for face in done.refused] == ["4"]


@pytest.mark.parametrize(
    ("outcome", "complete"),
    [
        (StepOutcome.CREATED, True),
        (StepOutcome.KNOWN, True),
        (StepOutcome.NOT_WANTED, True),
        (StepOutcome.DIFFERS, False),
    ],
)
def test_it_is_complete_when_nothing_was_left(outcome: StepOutcome, complete: bool) -> None:
    """A camera with other settings is something left, and so is a face."""
    assert Migrated(camera=Step("cameras/door", outcome)).complete == complete
    assert not Migrated(faces=[_face(1, AdoptionOutcome.REFUSED)]).complete
