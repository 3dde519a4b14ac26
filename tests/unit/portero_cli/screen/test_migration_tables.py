"""Tables of a migration."""

from __future__ import annotations

from portero_cli.migrating import Migrated, Step, StepOutcome
from portero_cli.screen.migration_tables import people_table, refusals_table, steps_of
from portero_client import AdoptedFace, AdoptionOutcome


def test_people_are_told_by_what_the_other_program_called_them() -> None:
    """With their faces; of very many, the first twenty and how many more there are."""
    faces = [
        AdoptedFace(str(n), AdoptionOutcome.ADOPTED, f"n{n // 2:02}", f"people/n{n // 2:02}", False, "", "")
        for n in range(44)
    ]
    rows = people_table(faces).rows
    assert rows[0] == ("n00", "people/n00", 2)
    assert len(rows) == 21
    assert str(rows[-1][0]).startswith("and 2 more")


def test_refused_faces_are_told_with_the_reason() -> None:
    """And adopted ones are not."""
    faces = [
        AdoptedFace("1", AdoptionOutcome.ADOPTED, "ana", "people/ana", True, "", ""),
        AdoptedFace("2", AdoptionOutcome.REFUSED, "", "", False, "UNNAMED", "nothing says whose it is"),
    ]
    assert refusals_table(faces).rows == (("2", "(none)", "UNNAMED", "nothing says whose it is"),)


def test_resources_are_told_in_a_line_each() -> None:
    """With what differs; those that it did not come to are left out."""
    done = Migrated(camera=Step("cameras/door", StepOutcome.DIFFERS, "another threshold"))
    assert steps_of(done) == ["camera: cameras/door differs (another threshold)"]
    done.subscription = Step("", StepOutcome.NOT_WANTED)
    assert steps_of(done)[1] == "subscription: not wanted"
