"""The processes of a run: how server and bridge are born, life after life, and what they say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.hostile import SECRET
from tests.chaos.plan import Outcome, Plan
from tests.chaos.processes import Supervised
from tests.chaos.proxy import Proxy
from tests.chaos.refusals import MARK, POISON
from tests.support.model.ledger import LedgerFile
from tests.support.model.script import VISIT_GAP, camera_name, read_mark
from tests.support.processes.ports import free_port

STOP_GRACE = 6.0


@dataclass(slots=True)
class Outages:
    """How many faults have kept the server from answering, and how many of them go on.

    The database is away, or the server's process is stopped.
    """

    struck: int = 0
    going_on: int = 0

    @contextmanager
    def during(self) -> Iterator[None]:
        """Counts a fault that lasts until the end of the block."""
        self.struck += 1
        self.going_on += 1
        try:
            yield
        finally:
            self.going_on -= 1


class Actors:
    """Server and bridge of one run.

    Attributes:
        serving: Set while the server serves.
        start_seconds: How long the last start took until then.
        calm: Set when faults are over: lives that begin then have no fault points.
        ledger: What the bridge tells.
        port: Where the server listens, without the proxy before it.
        database_file: Where the database is, if it is a file.
        server_lines: How many lines the server has logged.
        outages: Faults that keep the server from answering, and which are nobody's but the rig's.
        killed_at: When the server was killed, by camera, until the camera's stream is open again.
        bridge_jumped: Whether the bridge's wall clock ever jumped.
    """

    def __init__(
        self, plan: Plan, folder: Path, outcome: Outcome, streams: Proxy, database_ports: tuple[int, int] | None
    ) -> None:
        """Prepares the processes; `database_ports` are the database's own port and that of the proxy before it."""
        self.serving = asyncio.Event()
        self.start_seconds = 0.0
        self.calm = False
        self.ledger = LedgerFile(folder / "ledger.txt", plan.cameras)
        self.killed_at: dict[int, float] = {}
        self.bridge_jumped = False
        # Calls whose bridge's clock the server took for set back, until it tells their session.
        self._set_back: set[str] = set()
        self.outcome = outcome
        self.port = free_port()
        self.server_lines = 0
        self.outages = Outages()
        self.database_file = folder / "portero.db"
        self._plan = plan
        self._streams = streams
        self._database_ports = database_ports
        self._halt = folder / "halt"
        self._spools = folder / "spools"
        self._server_log = (folder / "server.log").open("a", buffering=1, encoding="utf-8")
        self._bridge_log = (folder / "bridge.log").open("a", buffering=1, encoding="utf-8")
        self.server = self._make_server()
        self.bridge = self._make_bridge()

    def halt(self) -> None:
        """Has the bridge's cameras show no more."""
        self._halt.touch()

    def _make_server(self) -> Supervised:
        self._streams.retarget(self.port)
        environment = {
            **clean_environment(),
            # Of what signal it died says little; its threads say where.
            "PYTHONFAULTHANDLER": "1",
            "PORTERO_DATABASE_URL": self._server_database_url(),
            "PORTERO_DATABASE_TIMEOUT": "2",
            "PORTERO_ENGINE": "scripted",
            "PORTERO_LISTEN": f"127.0.0.1:{self.port}",
            "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
            "PORTERO_LOG_FORMAT": "json",
            "PORTERO_HEARTBEAT_INTERVAL": "1",
            "PORTERO_STREAM_IDLE_TIMEOUT": "5",
            "PORTERO_STOP_GRACE": f"{STOP_GRACE:g}",
            "PORTERO_VISIT_GAP": f"{VISIT_GAP.total_seconds():g}",
            # The script's day is long past, and what it shows must still be there to be checked.
            **{f"PORTERO_RETENTION_{kind}_DAYS": "0" for kind in ("STRANGERS", "SIGHTINGS", "EVENTS", "EXCEPTIONS")},
        }
        return Supervised(
            "server",
            self._server_command,
            environment,
            on_output=lambda _: None,
            on_log=self._server_said,
            on_end=self.serving.clear,
            # Without a database it says so and ends.
            may_end_with=frozenset({1}),
        )

    def _server_command(self, life: int) -> list[str]:
        orders = {
            "seed": self._plan.seed * 1000 + life,
            "run": self._plan.seed,
            "points": self._lasting_points() if self.calm else self._plan.points,
            "latency": self._plan.latency,
            "defects": [self._plan.defect] if self._plan.defect in _server_defects() else [],
        }
        return ["tests.chaos.server_main", json.dumps(orders)]

    def _server_said(self, line: str) -> None:
        self._server_log.write(line + "\n")
        self.server_lines += 1
        if '"serving"' in line:
            self.serving.set()
            self.start_seconds = self.server.age
        if '"camera_clock_set_back"' in line or '"stream_opened"' in line:
            self._clock_told(json.loads(line))
        if MARK in line or '"commit_refused"' in line:
            self.outcome.refused += 1
            trouble = not self._plan.refusals
        else:
            # The pool's words about connections that are gone, which faults cut, are no trouble.
            trouble = '"rpc_failed"' in line or ("Traceback" in line and "during reset" not in line)
        if SECRET in line:
            self.outcome.troubles.append("the server logged what a caller sent in place of a credential")
        elif trouble:
            self.outcome.troubles.append(f"the server said: {line[:2000]}")

    def _clock_told(self, said: dict[str, str]) -> None:
        """Puts on record which sessions began with a clock that was set back."""
        call = said["request_id"]
        if said["event"] == "camera_clock_set_back":
            self._set_back.add(call)
            if not self.bridge_jumped:
                self.outcome.troubles.append(f"the clock of {said['camera']} was taken for set back, and never jumped")
        elif call in self._set_back:
            self._set_back.remove(call)
            self.ledger.take(f"B {said['session']}")

    def _lasting_points(self) -> dict[str, float]:
        # What cannot be stored cannot be stored in the end either.
        return {name: chance for name, chance in self._plan.points.items() if name == POISON}

    def _make_bridge(self) -> Supervised:
        self._spools.mkdir()
        return Supervised(
            "bridge",
            self._bridge_command,
            clean_environment(),
            on_output=self._bridge_told,
            on_log=self._bridge_said,
            on_end=self._read_spools,
        )

    def _bridge_command(self, life: int) -> list[str]:
        orders = {
            "server": f"127.0.0.1:{self._streams.port}",
            "next_index": self.ledger.next_index,
            "spools": str(self._spools),
            "halt": str(self._halt),
            "rate": self._plan.rate,
            "seed": self._plan.seed * 1000 + life,
            "points": {} if self.calm else self._plan.points,
            "defects": [self._plan.defect] if self._plan.defect in _bridge_defects() else [],
            "clocks": self._plan.seed if self._plan.clocks else None,
        }
        return ["tests.chaos.bridge_main", json.dumps(orders)]

    def _bridge_said(self, line: str) -> None:
        self._bridge_log.write(line + "\n")

    def _bridge_told(self, line: str) -> None:
        self.ledger.take(line)
        if line[0] == "O":
            camera = int(line.split()[1])
            if (killed := self.killed_at.pop(camera, None)) is not None:
                self.outcome.resumed.append(time.monotonic() - killed)

    def _read_spools(self) -> None:
        """Puts on record what a killed bridge had got into its spools without a chance to say so."""
        for camera in range(self._plan.cameras):
            file = self._spools / f"{camera_name(camera)}.spool"
            if not file.exists():
                continue
            with contextlib.closing(sqlite3.connect(file)) as connection, contextlib.suppress(sqlite3.DatabaseError):
                (epoch,) = connection.execute("SELECT epoch FROM stream").fetchone()
                newest = connection.execute(
                    "SELECT first_sequence, jpeg FROM entries WHERE jpeg IS NOT NULL"
                    " ORDER BY first_sequence DESC LIMIT 1"
                ).fetchone()
                if newest is not None:
                    _, index = read_mark(newest[1])
                    self.ledger.take(f"P {epoch} {newest[0]} {index}")

    def _server_database_url(self) -> str:
        if self._database_ports is None:
            return self.outcome.database_url
        own, before_it = self._database_ports
        return self.outcome.database_url.replace(f":{own}/", f":{before_it}/")


def clean_environment() -> dict[str, str]:
    """Returns the environment without anything that would set a server up."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}


def _server_defects() -> frozenset[str]:
    from tests.support.defects.server_defects import DEFECTS

    return frozenset(DEFECTS)


def _bridge_defects() -> frozenset[str]:
    from tests.support.defects.bridge_defects import DEFECTS

    return frozenset(DEFECTS)
