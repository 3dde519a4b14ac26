"""The page of settings: complete, in groups, with what most people need first."""

from __future__ import annotations

import re

from portero_server.reference import settings_page
from portero_server.settings import PREFIX, Settings

_ROW = re.compile(rf"^\| `({PREFIX}[A-Z0-9_]+)` \|", re.MULTILINE)


def _sections() -> dict[str, list[str]]:
    """Returns the variables listed under each heading of the second level."""
    first, *rest = re.split(r"^## ", settings_page.page(), flags=re.MULTILINE)
    assert not _ROW.findall(first)
    return {part.partition("\n")[0]: _ROW.findall(part) for part in rest}


def test_every_setting_is_explained_in_the_reference() -> None:
    """The committed page is the generated one, and each setting has a description."""
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page()
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_settings_stand_in_the_group_of_their_class_and_nowhere_else() -> None:
    """Each setting is in one group; groups have the settings of one class, and a line that says what they are for."""
    sections = _sections()
    groups = {heading: names for heading, names in sections.items() if not heading.startswith("Most ")}

    classes = {
        "Detection",
        "Encoding",
        "Serving",
        "Billing",
        "Steering",
        "Privacy",
        "Vault",
        "Visitors",
        "Pictures",
        "Attendance",
        "Documents",
        "Events",
        "Mqtt",
        "Security",
        "Calls",
        "Access",
        "Snapshots",
        "Exports",
    }
    assert set(groups) == classes
    listed = [name for names in groups.values() for name in names]
    assert sorted(listed) == sorted(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
    assert f"{PREFIX}DATABASE_URL" in groups["Serving"]
    assert f"{PREFIX}BUDGET_DAILY" in groups["Billing"]
    assert f"{PREFIX}TLS_KEY" in groups["Security"]
    for heading in groups:
        assert re.search(rf"^## {heading}\n\n[A-Z][^|\n]+\.\n\n\| variable", settings_page.page(), re.MULTILINE)


def test_what_most_deployments_set_comes_first() -> None:
    """The first table is the eight settings that most deployments decide about."""
    heading, names = next(iter(_sections().items()))

    assert heading == "Most deployments set these eight"
    assert len(names) == len(set(names)) == 8
    assert {
        f"{PREFIX}{name}" for name in ("LISTEN", "DATABASE_URL", "TLS_CERTIFICATE", "TLS_KEY", "AUTH", "ENGINE")
    } <= {*names}
