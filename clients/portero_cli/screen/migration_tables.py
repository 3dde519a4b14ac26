"""Tables of a migration: what becomes of settings, and whose the faces are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from portero_cli.migrating import Migrated, Step
from portero_cli.migration_plan import Setting
from portero_cli.screen.sheet import Sheet, table
from portero_client import AdoptedFace, AdoptionOutcome

_MOST_SHOWN = 20
"""People, or reasons, who are told on the terminal one by one."""


def settings_table(settings: Iterable[Setting]) -> Sheet:
    """Returns the table of the settings of a stream processor."""
    return table(
        "setting",
        "value",
        "is",
        "in Portero",
        "remark",
        rows=(
            (each.field, each.value, each.taken.value.replace("_", " "), each.portero, each.remark) for each in settings
        ),
        spare=("value",),
    )


def people_table(faces: Iterable[AdoptedFace]) -> Sheet:
    """Returns the table of the people whom the faces are adopted as, by what the other program called them."""
    owners = Counter(
        (face.external_image_id, face.person) for face in faces if face.outcome is not AdoptionOutcome.REFUSED
    )
    rows = [(name or "(none)", person, count) for (name, person), count in sorted(owners.items())]
    return table("ExternalImageId", "person", "faces", rows=_shortened(rows))


def refusals_table(faces: Iterable[AdoptedFace]) -> Sheet:
    """Returns the table of the faces that are not adopted, by reason."""
    refused = [face for face in faces if face.outcome is AdoptionOutcome.REFUSED]
    rows = [(face.face_id, face.external_image_id or "(none)", face.reason, face.message) for face in refused]
    return table("not adopted", "ExternalImageId", "reason", "why", rows=_shortened(rows), spare=("reason",))


def steps_of(done: Migrated) -> list[str]:
    """Returns a line for each resource."""
    return [
        f"{what}: {' '.join(filter(None, (step.name, _words(step))))}"
        for what, step in (("camera", done.camera), ("subscription", done.subscription))
        if step is not None
    ]


def _words(step: Step) -> str:
    outcome = step.outcome.value.replace("_", " ")
    return f"{outcome} ({step.message})" if step.message else outcome


def _shortened(rows: Sequence[tuple[object, ...]]) -> Sequence[tuple[object, ...]]:
    if len(rows) <= _MOST_SHOWN:
        return rows
    rest = f"and {len(rows) - _MOST_SHOWN} more (--json and --report tell all)"
    return [*rows[:_MOST_SHOWN], (rest, *("" for _ in rows[0][1:]))]
