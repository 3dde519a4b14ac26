"""Every kind of report begins with the same facts."""

from __future__ import annotations

from dataclasses import replace

from portero_reports.phrases import facts_of, open_times
from portero_reports.words import Language, words_in
from tests.support.reports.month import GROUP, month_report

SPANISH = words_in(Language.SPANISH)


def test_the_facts_are_told_by_the_groups_clock() -> None:
    """Period, zone, sessions, when it was read, and when the newest record was published."""
    facts = dict(facts_of(month_report(pupils=1), SPANISH))
    assert facts["Período"] == "marzo de 2026"
    assert facts["Días y horas según"] == "America/Santiago"
    assert facts["Sesiones"] == "88, 1 aún sin decidir"
    assert facts["Leído el"] == "01-04-2026 09:00"
    assert facts["Registro más reciente publicado el"] == "31-03-2026 11:05"


def test_of_several_zones_moments_are_told_in_utc() -> None:
    """And it says so."""
    content = month_report(pupils=1)
    other = replace(GROUP, name="attendanceGroups/2a", time_zone="America/Punta_Arenas")
    groups = {**content.groups, other.name: other}
    assert dict(facts_of(replace(content, groups=groups), SPANISH))["Leído el"] == "01-04-2026 12:00 UTC"


def test_unproven_times_have_their_causes() -> None:
    """From when until when, by the clock on the wall."""
    content = month_report(pupils=1)
    record = next(record for _, record in content.records if record.unproven)
    assert open_times(content, record, SPANISH) == "08:00-08:45 no llegaron imágenes, demasiado oscuro"
