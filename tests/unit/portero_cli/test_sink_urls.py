"""URLs that hold secrets, read from where no list of processes shows them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import typer

from portero_cli.sink_urls import read_urls


def test_a_file_has_one_a_line_with_comments(tmp_path: Path) -> None:
    """Blank lines do not count."""
    file = tmp_path / "urls"
    file.write_text("# guardians\ntgram://1:a/2\n\n  mailtos://me@h.example \n")
    assert read_urls(None, file) == ["tgram://1:a/2", "mailtos://me@h.example"]


@pytest.mark.parametrize("file", [None, Path("-")])
def test_without_a_file_the_standard_input_is_read(file: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is the file called -."""
    monkeypatch.setattr("sys.stdin", io.StringIO("tgram://1:a/2\n"))
    assert read_urls(None, file) == ["tgram://1:a/2"]


@pytest.mark.parametrize(("argument", "name"), [("https://h.example", "urls"), (None, "urls"), (None, "missing")])
def test_what_names_no_url_or_two_sources_is_refused(argument: str | None, name: str, tmp_path: Path) -> None:
    """An empty file, a missing one, and a URL beside a file."""
    (tmp_path / "urls").write_text("\n")
    with pytest.raises(typer.BadParameter):
        read_urls(argument, tmp_path / name)
