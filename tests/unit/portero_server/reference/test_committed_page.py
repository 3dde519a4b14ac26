"""Generated pages that are committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.reference.committed_page import keep


def _asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["reference", *arguments])


def test_a_page_is_written_and_then_found_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was written is what the check expects."""
    page = tmp_path / "PAGE.md"
    _asked(monkeypatch)
    assert keep(page, "text, ünïcode too\n", "") == 0
    _asked(monkeypatch, "--check")
    assert keep(page, "text, ünïcode too\n", "") == 0


@pytest.mark.parametrize("committed", ["old\n", None])
def test_drift_fails_the_check_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], committed: str | None
) -> None:
    """A page that differs or is missing is named, left as it is, and the exit code is 1."""
    page = tmp_path / "PAGE.md"
    if committed is not None:
        page.write_text(committed, encoding="utf-8")
    _asked(monkeypatch, "--check")

    assert keep(page, "new\n", "") == 1

    assert f"{tmp_path.name}/PAGE.md drifted" in capsys.readouterr().err
    assert (page.read_text(encoding="utf-8") if page.exists() else None) == committed
