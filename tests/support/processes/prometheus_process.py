"""A real Prometheus that scrapes every second, so that minutes of its rules pass in seconds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.processes.ports import free_port
from tests.support.processes.prometheus_tools import RULES, program
from tests.support.time.timeouts import PATIENCE

_POLL = 0.2
WINDOW = "6s"
"""What every range of an expression becomes."""
SLOWNESS = frozenset({"DatabaseSlow", "NamesLate", "Overloaded", "StorageNearlyFull", "TargetDown", "WatermarkStuck"})
"""What a machine sets off that is busy or full, with nothing wrong in what it runs. That no fault but their own sets
these off is shown where time is computed: tests/unit/portero_infra/test_alerts.py."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running Prometheus."""

    http: httpx2.AsyncClient

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Returns the series of an expression now."""
        answer = (await self.http.get("/api/v1/query", params={"query": expression})).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    async def firing(self, family: str | None = None) -> dict[str, str]:
        """Returns the alerts that fire, with their families; those of SLOWNESS only where they are of `family`."""
        alerts = (await self.http.get("/api/v1/alerts")).json()["data"]["alerts"]
        firing = {
            alert["labels"]["alertname"]: alert["labels"]["family"] for alert in alerts if alert["state"] == "firing"
        }
        slowness = {f"Portero{name}" for name in SLOWNESS}
        return {alert: of for alert, of in firing.items() if of == family or alert not in slowness}

    async def until(self, missing: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Waits until nothing is missing any more.

        Raises:
            AssertionError: After PATIENCE, with what is missing still.
        """
        found: Collection[str] = ()
        try:
            async with asyncio.timeout(PATIENCE):
                while found := await missing():  # noqa: ASYNC110 - it must be asked
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise AssertionError(f"still missing: {sorted(found)}") from None


@asynccontextmanager
async def running_prometheus(folder: Path, targets: Mapping[str, str]) -> AsyncIterator[Prometheus]:
    """Runs Prometheus with our rules, quickened, on targets by job."""
    rules = [_quick_rules(file, folder) for file in RULES]
    scrapes = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()]
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "200ms"},
        "rule_files": [str(file) for file in rules],
        "scrape_configs": scrapes,
    }
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:
            await _until_ready(http)
            yield Prometheus(http)
    finally:
        process.kill()
        await process.wait()


def quickened(expression: str) -> str:
    """Returns an expression with every window of time made as short as the test's scrapes allow."""
    shorter = expression.replace("$__rate_interval", WINDOW)
    shorter = re.sub(r"\[\d+[smh]\]", f"[{WINDOW}]", shorter)
    shorter = re.sub(r"offset \d+[smh]", f"offset {WINDOW}", shorter)
    return shorter.replace("timestamp_seconds) > 60", "timestamp_seconds) > 3")


def _quick_rules(file: Path, folder: Path) -> Path:
    rules = yaml.safe_load(file.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["expr"] = quickened(rule["expr"])
            rule["for"] = "3s"
    quick = folder / file.name
    quick.write_text(yaml.safe_dump(rules), encoding="utf-8")
    return quick


async def _until_ready(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await http.get("/-/ready")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)
