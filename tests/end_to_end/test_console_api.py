"""The console's REST API before a real server: everything that its own description allows, and keys of every role."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx2
import pytest

from portero_client import ConnectionSettings
from portero_console.serving import running_console
from portero_console.settings import load_settings
from tests.support.images.patch_photos import ANA, photo
from tests.support.processes.server_process import created_key, running_server
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_EXAMPLES = 15
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def test_no_request_makes_it_fail(tmp_path: Path) -> None:
    """Schemathesis asks every route for whatever its description allows and forbids: no server error, no odd answer."""
    async with running_server(tmp_path, engine="scripted") as server:
        settings = load_settings(listen="127.0.0.1:0", upload_rate=100_000)
        async with running_console(settings, ConnectionSettings(server.address)) as console:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{console.address}/api/v1/openapi.json"),
                *("--exclude-path", "/api/v1/live", "--checks", _CHECKS, "--max-examples", str(_EXAMPLES)),
                *("--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color"),
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            async with asyncio.timeout(2 * PATIENCE):
                said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("operator", {"people", "cameras", "sightings", "usage", "search", "privacy", "erase", "groups"}),
        ("reader", {"people", "cameras", "sightings", "groups"}),
        ("check-in-desk", {"cameras", "sightings", "search", "privacy"}),
    ],
)
async def test_each_key_may_do_what_its_role_may(role: str, allowed: set[str], tmp_path: Path) -> None:
    """The server refuses the rest with PERMISSION_DENIED, whatever the console would have let through."""
    key = await created_key(tmp_path, "key", role)
    admin = await created_key(tmp_path, "admin", "admin")
    calls = {
        "people": ("GET", "/people", None),
        "cameras": ("GET", "/cameras", None),
        "sightings": ("GET", "/sightings", None),
        "usage": ("GET", "/usage", None),
        "search": ("POST", "/images/search", photo(ANA)),
        "privacy": ("GET", "/people/ana/privacy", None),
        "groups": ("GET", "/attendance/groups", None),
        "erase": ("POST", "/people/ana/erase", None),
    }
    async with (
        running_server(tmp_path, engine="scripted", auth="required") as server,
        running_console(load_settings(listen="127.0.0.1:0"), ConnectionSettings(server.address)) as console,
        httpx2.AsyncClient(base_url=f"{console.address}/api/v1", timeout=PATIENCE) as http,
    ):
        person = {"display_name": "Ana", "id": "ana"}
        made = await http.post("/people", json=person, headers={"authorization": f"Bearer {admin}"})
        assert made.status_code == 201
        statuses = {}
        for name, (method, path, content) in calls.items():
            headers = {"authorization": f"Bearer {key}", "content-type": "image/png"}
            answer = await http.request(method, path, content=content, headers=headers)
            statuses[name] = answer.status_code
    assert set(statuses.values()) <= {200, 403}
    assert {name for name, status in statuses.items() if status == 200} == allowed
