"""The reference of the console's settings."""

from __future__ import annotations

from portero_console.settings import ConsoleSettings
from portero_console.settings_page import PAGE, page


def test_the_page_lists_every_setting() -> None:
    """Each setting is a row with a purpose, and the committed page is the generated one."""
    text = page()
    for name, field in ConsoleSettings.model_fields.items():
        assert f"| `PORTERO_CONSOLE_{name.upper()}` |" in text
        assert field.description
    assert PAGE.read_text(encoding="utf-8") == text
