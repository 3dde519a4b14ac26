from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli import reference
from portero_cli.exits import ExitCode


def test_the_committed_page_is_what_the_commands_say() -> None:
    """REFERENCE.md has been generated since the commands last changed."""
    assert reference.main(["--check"]) == 0


def test_a_page_that_drifted_is_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check fails with the command that mends it, and that command mends it."""
    monkeypatch.setattr(reference, "PAGE", tmp_path / "REFERENCE.md")
    assert reference.main(["--check"]) == 1
    assert "run python -m portero_cli.reference" in capsys.readouterr().err
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


def test_the_page_tells_every_command_and_exit_code() -> None:
    """Commands, groups, options and exit codes are all on the page."""
    page = reference.reference_page()
    for command in ("people add", "people import", "cameras", "cameras add", "stream", "watch", "doctor"):
        assert f"## `portero {command}`" in page
    for code in ExitCode:
        assert f"| {code.value} | {code.meaning} |" in page
    assert "`--kind <all\\|named\\|unknown>`" in page
