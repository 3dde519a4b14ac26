"""Reads URLs that hold secrets from a file, the standard input or a prompt, so that no list of processes shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def read_urls(argument: str | None, file: Path | None) -> list[str]:
    """Returns the URL of the command line, or else the URLs of a file or a prompt, one a line.

    Args:
        argument: As on the command line; None: there is none.
        file: One a line, with # before comments; "-": the standard input. None: the standard input, too.

    Raises:
        typer.BadParameter: Both are given, the file cannot be read, or there is no URL.
    """
    if argument is not None:
        if file is not None:
            raise typer.BadParameter("give a URL or --urls, not both")
        return [argument]
    lines = (line.strip() for line in _text(file).splitlines())
    urls = [line for line in lines if line and not line.startswith("#")]
    if not urls:
        raise typer.BadParameter("there is no URL: give one, or one a line in a file with --urls")
    return urls


def _text(file: Path | None) -> str:
    if file is not None and str(file) != "-":
        try:
            return file.read_text()
        except (OSError, UnicodeDecodeError):
            raise typer.BadParameter(f"--urls: {file} cannot be read") from None
    if file is None and sys.stdin.isatty():
        # What is typed is not shown.
        text: str = typer.prompt("URL", hide_input=True, err=True)
        return text
    return sys.stdin.read()
