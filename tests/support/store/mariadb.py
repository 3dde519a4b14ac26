"""A private MariaDB for tests: own data folder, free port on 127.0.0.1, up in a fraction of a second."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Any

import pymysql

from tests.support.processes.ports import free_port

_SERVERS = ("mariadbd", "mysqld")
_INSTALLERS = ("mariadb-install-db", "mysql_install_db")
_SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
_READY = "ready for connections"
_START_ATTEMPTS = 3
_STOP_SECONDS = 20
_TUNING = (
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=64M",
    # Survives a killed server, which is what tests do; only power loss would lose the last second.
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=300",
)


class MariaDBMissing(Exception):
    """No MariaDB is installed."""

    def __init__(self) -> None:
        super().__init__("tests need MariaDB: apt-get install mariadb-server (or set PORTERO_TEST_DATABASES=sqlite)")


class MariaDBFailed(Exception):
    """The server did not start; the message is the end of its log."""


class MariaDB:
    """One private server. `kill` and `start` again keep port and data."""

    def __init__(self) -> None:
        # A short path: the server insists on a Unix socket, whose path may not be longer than 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="portero-db-"))
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._log: deque[str] = deque(maxlen=50)
        self.port = 0

    def start(self) -> None:
        """Starts the server and returns when it takes connections.

        Raises:
            MariaDBMissing: It is not installed.
            MariaDBFailed: It does not start.
        """
        data = self._folder / "data"
        if not data.exists():
            shutil.copytree(_prepared(), data)
        if self.port:
            ready = self._launch(data)
        else:
            for _ in range(_START_ATTEMPTS):
                # Somebody else may take the free port first.
                self.port = free_port()
                if ready := self._launch(data):
                    break
        if not ready:
            raise MariaDBFailed("\n".join(self._log))

    def stop(self) -> None:
        """Ends the server and removes its data."""
        self._end(signal.SIGTERM)
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """Kills the server as a crash would; the data stays."""
        self._end(signal.SIGKILL)

    def url(self, schema: str) -> str:
        """Returns the address of a schema, as in PORTERO_DATABASE_URL."""
        return f"mysql+aiomysql://root@127.0.0.1:{self.port}/{schema}"

    def create_schema(self, schema: str) -> str:
        """Makes an empty schema and gives its address."""
        self.execute(f"CREATE DATABASE `{schema}`")
        return self.url(schema)

    def execute(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        """Runs statements over a connection of their own and gives the rows of the last one."""
        # Without TLS, for which the client would read all authorities of the machine first: half of what a test costs.
        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True, ssl_disabled=True)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return tuple(cursor.fetchall())

    def size(self, schema: str) -> int:
        """Returns how many bytes the tables and indexes of a schema take."""
        with_indexes = (
            f"SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = '{schema}'"
        )
        return int(self.execute(with_indexes)[0][0] or 0)

    def _launch(self, data: Path) -> bool:
        command = [
            _program(_SERVERS),
            "--no-defaults",
            *_as_user(),
            f"--datadir={data}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--socket={self._folder / 'socket'}",
            f"--pid-file={self._folder / 'pid'}",
            # A server that starts removes all temporary tables that it finds there, whosever they are.
            f"--tmpdir={self._folder}",
            *_TUNING,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        log = self._process.stderr
        assert log is not None
        for line in log:
            self._log.append(line.rstrip())
            if _READY in line:
                # A full pipe would stop the server.
                self._reader = threading.Thread(target=self._log.extend, args=(log,), daemon=True)
                self._reader.start()
                return True
        self._end(signal.SIGKILL)
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        assert process.stderr is not None
        process.stderr.close()


@functools.cache
def _prepared() -> Path:
    # An installed, empty data folder, made once and copied for each server.
    folder = Path(tempfile.mkdtemp(prefix="portero-db-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    data = folder / "data"
    command = [
        _program(_INSTALLERS),
        "--no-defaults",
        *_as_user(),
        f"--datadir={data}",
        f"--tmpdir={folder}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--innodb-log-file-size=8M",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MariaDBFailed(done.stdout + done.stderr)
    return data


def _program(names: tuple[str, ...]) -> str:
    for name in names:
        found = shutil.which(name, path=_SEARCHED)
        if found:
            return found
    raise MariaDBMissing


def _as_user() -> list[str]:
    # Without being told so, the server refuses to run as root.
    return ["--user=root"] if os.geteuid() == 0 else []
