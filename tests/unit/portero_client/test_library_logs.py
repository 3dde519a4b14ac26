"""What clients write of the lines that libraries log."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest

from portero_client.library_logs import LibraryLine, LibraryLogs, write_library_logs
from tests.support.time.timeouts import PATIENCE

_SECRET = "c4n4ry"


@pytest.fixture
def told() -> Iterator[list[LibraryLine]]:
    """The lines that are written while the root logger is set up as a client's."""
    root, lines = logging.getLogger(), list[LibraryLine]()
    kept = list(root.handlers)
    write_library_logs(lines.append)
    yield lines
    assert not [line for line in lines if _SECRET in str(line) and not line.ours]
    root.handlers[:] = kept
    logging.captureWarnings(False)


@pytest.mark.parametrize("name", ["grpc._cython.cygrpc", "grpc._channel", "asyncio", "httpx", "httpcore.http11"])
def test_what_a_library_quotes_is_not_written(told: list[LibraryLine], name: str) -> None:
    """Of metadata, tokens, URLs and exceptions' texts nothing is left, however they came into the line."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    metadata = (("authorization", f"Bearer {_SECRET}"),)
    logger.error("Metadata is not UTF-8: %s", metadata)
    logger.error(f"Error in call: {metadata}")
    logger.warning("GET http://joe:%s@camera/1 failed", _SECRET)
    logger.info("quiet %s", _SECRET)
    try:
        raise KeyError(_SECRET) from OSError(_SECRET)
    except KeyError:
        logger.exception("Exception in callback %s", _SECRET)
    assert [line.error for line in told] == ["", "", "", "KeyError from OSError"]
    assert told[0].words == "Metadata is not UTF-"


_CANARIES = f"""
import logging, sys
logging.getLogger("grpc._plugin_wrapping").error("AuthMetadataPluginCallback raised %s", "Bearer {_SECRET}")
logging.getLogger("asyncio").error("Task failed: http://joe:{_SECRET}@camera/")
"""


@pytest.mark.parametrize(
    "program",
    [
        "from portero_bridge.__main__ import run as main; arguments = [['--nonsense']]",
        "from portero_cli.__main__ import main; arguments = []; sys.argv[1:] = ['nonsense']",
    ],
    ids=["bridge", "command line"],
)
def test_neither_program_prints_what_libraries_quote(program: str) -> None:
    """Once the bridge or the command line has set itself up, a token in a library's line stays out of its output."""
    script = f"import sys; {program}\ntry:\n    main(*arguments)\nexcept SystemExit:\n    pass\n{_CANARIES}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert "AuthMetadataPluginCallback raised" in done.stderr
    assert "Task failed" in done.stderr
    assert _SECRET not in done.stdout + done.stderr


async def test_what_asyncio_reports_of_a_task_is_not_written(told: list[LibraryLine]) -> None:
    """A task whose exception nobody took is reported by its kind."""

    async def fails(token: str) -> None:
        raise ValueError(token)

    task = asyncio.create_task(fails(_SECRET), name=_SECRET)
    await asyncio.wait({task})
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": ValueError(_SECRET)})
    task.exception()
    (line,) = told
    assert (line.logger, line.words, line.error) == ("asyncio", "Task exception was never retrieved", "ValueError")


def test_warnings_are_written_without_their_text(told: list[LibraryLine]) -> None:
    """Python's warnings quote source lines and values."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"unclosed {_SECRET}", ResourceWarning, stacklevel=1)
    (line,) = told
    assert (line.logger, line.words) == ("py.warnings", "")


def test_our_own_lines_are_written_whole(told: list[LibraryLine]) -> None:
    """What the clients say themselves is for people, with the kind of an error in the place of its text."""
    try:
        raise OSError(_SECRET)
    except OSError:
        logging.getLogger("portero_client.watch").warning("watch interrupted (%s)", "no server", exc_info=True)
    assert str(told[0]) == "watch interrupted (no server) (OSError)"


def test_a_line_that_cannot_be_written_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """A record whose arguments do not fit, and an output that fails, print nothing."""

    def fails(line: LibraryLine) -> None:
        raise OSError(_SECRET)

    for handler in (LibraryLogs(fails), LibraryLogs(print)):
        handler.handle(logging.LogRecord("portero_client", logging.ERROR, "", 1, "%d", (_SECRET,), None))
    assert capsys.readouterr() == ("", "")
