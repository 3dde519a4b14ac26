"""A private mosquitto for tests: own folder, free port on 127.0.0.1, ended with its test."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.support.processes.ports import free_port
from tests.support.time.timeouts import PATIENCE

MISSING = "mosquitto is missing: .ci/system mosquitto installs it"
USER, PASSWORD = "joe", "hunter2"
"""The user that every private broker lets in."""

_SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
_READY = b" running"
_START_ATTEMPTS = 3


@cache
def is_installed() -> bool:
    """Whether the broker is there, and the program that writes its password files."""
    return all(shutil.which(name, path=_SEARCHED) for name in ("mosquitto", "mosquitto_passwd"))


class MosquittoFailed(Exception):
    """The broker did not start; the message is what it said."""


class Mosquitto:
    """One private broker. `kill` and `start` again keep the port; what it retained is lost.

    Args:
        folder: For its configuration and password file.
        lines: Further lines of its configuration, as for TLS.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = 0
        self._folder = folder / "mosquitto"
        self._lines = lines
        self._process: asyncio.subprocess.Process | None = None

    def url(self, topic: str, credentials: str = f"{USER}:{PASSWORD}", scheme: str = "mqtt") -> str:
        """Returns the address of a topic."""
        return f"{scheme}://{credentials}{'@' if credentials else ''}127.0.0.1:{self.port}/{topic}"

    async def start(self) -> None:
        """Starts the broker and returns when it takes connections.

        Raises:
            MosquittoFailed: It does not start.
        """
        said = b""
        for _ in range(1 if self.port else _START_ATTEMPTS):
            # Somebody else may take the free port first.
            port = self.port or free_port()
            said = await self._launch(port)
            if _READY in said:
                self.port = port
                return
            await self.kill()
        raise MosquittoFailed(said.decode(errors="replace"))

    async def kill(self) -> None:
        """Ends the broker at once, as a crash would."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def stop(self) -> None:
        """Ends the broker in good order: it tells its clients."""
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
        self._process = None

    async def _launch(self, port: int) -> bytes:
        """Starts the program. Returns what it said until it runs or ends."""
        process = self._process = await asyncio.create_subprocess_exec(
            _program("mosquitto"), "-c", str(self._configuration(port)), stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        said = b""
        async with asyncio.timeout(PATIENCE):
            while _READY not in said and (line := await process.stderr.readline()):
                said += line
        return said

    def _configuration(self, port: int) -> Path:
        self._folder.mkdir(exist_ok=True)
        passwords = self._folder / "passwords"
        if not passwords.exists():
            command = [_program("mosquitto_passwd"), "-c", "-b", str(passwords), USER, PASSWORD]
            subprocess.run(command, check=True, timeout=PATIENCE, capture_output=True)
        file = self._folder / "mosquitto.conf"
        lines = [
            # Else it becomes somebody else, who may not read this folder.
            *(["user root"] if os.geteuid() == 0 else []),
            f"listener {port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            "log_dest stderr",
            "log_type information",
            "connection_messages false",
            *self._lines,
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file


def _program(name: str) -> str:
    found = shutil.which(name, path=_SEARCHED)
    assert found is not None, MISSING
    return found
