"""What an operator sees of a running server and bridge, through a real Prometheus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import yaml

from portero_bridge import metrics_reference as bridge_reference
from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_cli.demo.scene import write_scene
from portero_client import ConnectionSettings, PorteroClient, TlsFiles
from portero_infra.dashboards.__main__ import DASHBOARDS
from portero_infra.dashboards.queries import at_instances
from portero_server.reference import metrics_page as metrics_reference
from portero_server.vault.keys import create_key
from tests.support.processes.bridge_process import BridgeProcess, running_bridge
from tests.support.processes.prometheus_process import Prometheus, quickened, running_prometheus
from tests.support.processes.prometheus_tools import RULES
from tests.support.processes.server_process import ServerProcess, running_server
from tests.support.server.otlp_collector import Collector, running_collector
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_PLAY = 12.0
"""Seconds of the scene: one person comes and goes, another is there."""
_NAMED = 'sum(portero_time_to_name_seconds_count{named="true"}) >= 1'
_PASSWORD = "open-sesame"
_SELECTOR = re.compile(r"\b((?:portero|grpc|process)_[a-z_]+|up)\b(\{[^}]*\})?")


@dataclass(frozen=True, slots=True)
class Scenery:
    """A server, a bridge and a Prometheus after the demo's scene has been played for a while."""

    server: ServerProcess
    bridge: BridgeProcess
    prometheus: Prometheus
    collector: Collector


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenery(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scenery]:
    """Plays the demo's scene before everybody who watches."""
    folder: Path = tmp_path_factory.mktemp("scenery")
    script = write_scene(folder)
    cameras: list[dict[str, Any]] = [
        {"name": "demo", "source": f"synthetic:{script}", "rate": 10, "pacing": "realtime"},
        {"name": "spooled", "source": "synthetic:", "rate": 2, "mode": "lossless"},
        {"name": "broken", "source": f"http://admin:{_PASSWORD}@127.0.0.1:1/stream"},
    ]
    # With certificates, for the alert that watches their end.
    authority = Authority(folder / "certificates")
    files = authority.server_files()
    key_file = folder / "subscriptions.key"
    create_key(key_file)
    async with (
        running_collector() as collector,
        running_server(
            folder,
            gallery_refresh="0.5",
            trace_endpoint=collector.url,
            tls_certificate=str(files.certificate),
            tls_key=str(files.key),
            subscription_key_file=str(key_file),
            webhook_networks="127.0.0.1/32",
        ) as server,
    ):
        async with PorteroClient(ConnectionSettings(server.address, tls_files=TlsFiles(ca=authority.file))) as client:
            for portrait in (COLLINS, HOPPER):
                person = await client.people.create(str(portrait.name))
                await client.people.enroll(person.name, (folder / portrait.file).read_bytes())
            # Its series begin with it; nobody listens where it sends.
            await client.subscriptions.create("nobody", url="http://127.0.0.1:1/")
            # A bridge registers a camera with its first picture, which this one never sends.
            await client.cameras.create("broken")
        async with running_bridge(folder, server.address, cameras, tls={"ca_file": str(authority.file)}) as bridge:
            targets = {"portero-server": server.admin, "portero-bridge": bridge.metrics}
            async with running_prometheus(folder, targets) as prometheus:
                await asyncio.sleep(_PLAY)

                async def unnamed() -> list[str]:
                    return [] if await prometheus.query(_NAMED) else [_NAMED]

                await prometheus.until(unnamed)
                yield Scenery(server, bridge, prometheus, collector)


def _chosen(expression: str) -> str:
    """Returns an expression as Grafana asks it, with all servers and the demo's camera chosen."""
    return quickened(at_instances(expression)).replace("$camera", "demo").replace("$instance", ".*")


async def test_no_panel_is_empty(scenery: Scenery) -> None:
    """Every expression of every panel of every dashboard gives data."""

    async def empty() -> list[str]:
        return [
            f"{dashboard.title}: {panel.question}: {query.expression}"
            for dashboard in DASHBOARDS
            for panel in dashboard.panels
            for query in panel.queries
            if not await scenery.prometheus.query(_chosen(query.expression))
        ]

    await scenery.prometheus.until(empty)


async def test_every_series_that_an_alert_reads_exists(scenery: Scenery) -> None:
    """Each selector in each alert's expression gives data, so that no alert waits for what nobody exports."""

    async def empty() -> list[str]:
        return [
            f"{rule['alert']}: {selector}"
            for file in RULES
            for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
            for rule in group["rules"]
            for selector in ("".join(found) for found in _SELECTOR.findall(rule["expr"]))
            if not await scenery.prometheus.query(selector)
        ]

    await scenery.prometheus.until(empty)


async def test_only_the_camera_that_is_broken_is_told_of(scenery: Scenery) -> None:
    """While all is well but for one camera, the only alerts are those of its family."""

    async def missing() -> set[str]:
        firing = set(await scenery.prometheus.firing())
        assert firing <= {"PorteroCameraSilent", "PorteroSourceDown"}
        return {"PorteroCameraSilent"} - firing

    await scenery.prometheus.until(missing)


async def test_what_is_documented_is_exported(scenery: Scenery) -> None:
    """Each metric of the reference pages is there in a scrape, and each of ours in a scrape is documented."""
    pages = ((scenery.server.admin, metrics_reference.page()), (scenery.bridge.metrics, bridge_reference.page()))
    for address, page in pages:
        documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
        async with httpx2.AsyncClient(timeout=PATIENCE) as http:
            scrape = (await http.get(f"http://{address}/metrics")).text
        exported = {name for name in re.findall(r"^# TYPE (\w+)", scrape, re.MULTILINE) if _ours(name)}
        assert exported == documented


async def test_a_name_is_told_with_the_time_it_took(scenery: Scenery) -> None:
    """The people of the scene were named, and the frames are accounted for."""
    expected = {
        _NAMED,
        f'sum(portero_camera_frames_total{{camera="demo"}}) > {_PLAY * 5:g}',
    }

    async def missing() -> list[str]:
        return [expression for expression in expected if not await scenery.prometheus.query(expression)]

    await scenery.prometheus.until(missing)


async def test_a_trace_leads_from_a_face_to_its_commit(scenery: Scenery) -> None:
    """A collector got each recognition, with a batch and a commit that link to it; the time to name points at one."""
    collector = scenery.collector
    async with httpx2.AsyncClient(headers={"Accept": "application/openmetrics-text"}, timeout=PATIENCE) as http:
        scrape = (await http.get(f"http://{scenery.server.admin}/metrics")).text
    exemplars = set(re.findall(r'time_to_name_seconds_bucket.*# \{trace_id="(\w+)"\}', scrape))
    assert exemplars
    await collector.until(lambda: exemplars <= {span.trace_id.hex() for span in collector.named("recognition")})
    recognized = {span.span_id for span in collector.named("recognition")}
    for name in ("batch", "commit"):
        linked = {link.span_id for span in collector.named(name) for link in span.links}
        assert linked
        assert linked & recognized


async def test_nobody_can_learn_from_logs_who_was_there(scenery: Scenery) -> None:
    """Neither names nor ids of people nor passwords stand in anything that server and bridge write, log or trace."""
    written = "\n".join(map(str, (*scenery.server.lines, *scenery.bridge.output, *scenery.collector.spans))).lower()
    assert "stream_opened" in written
    assert "source_down" in written
    for word in ("eileen", "collins", "grace", "hopper", _PASSWORD):
        assert word not in written


def _ours(name: str) -> bool:
    return name.startswith(("portero_", "grpc_"))
