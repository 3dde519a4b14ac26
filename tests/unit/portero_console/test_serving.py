"""The console as it runs: its address, TLS, and its end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import httpx2
import pytest

from portero_client import ConnectionSettings, InvalidArgument
from portero_console.serving import running_console
from portero_console.settings import load_settings
from tests.support.client.server import FakeServer
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority


async def test_it_serves_at_the_address_that_it_says(server: FakeServer) -> None:
    """Any free port is taken where 0 is asked for, and nothing listens afterward."""
    async with running_console(load_settings(listen="127.0.0.1:0"), ConnectionSettings(server.address)) as console:
        async with httpx2.AsyncClient() as http:
            answer = await http.get(f"{console.address}/now")
        assert answer.status_code == 200
    with pytest.raises(httpx2.ConnectError):
        async with httpx2.AsyncClient() as http:
            await http.get(console.address)


async def test_it_speaks_tls_with_its_certificate(server: FakeServer, tmp_path: Path) -> None:
    """A browser that trusts the authority reads pages over TLS."""
    authority = Authority(tmp_path)
    files = authority.server_files()
    settings = load_settings(listen="127.0.0.1:0", tls_certificate=files.certificate, tls_key=files.key)
    async with running_console(settings, ConnectionSettings(server.address)) as console:
        assert console.address.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=str(authority.file))
        async with httpx2.AsyncClient(verify=trust) as http:
            assert (await http.get(f"{console.address}/login")).status_code == 200


async def test_a_taken_address_is_one_line(server: FakeServer) -> None:
    """The error names the address and the ways to choose another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(InvalidArgument, match=rf"cannot listen at {taken} .*--listen"):
            async with running_console(load_settings(listen=taken), ConnectionSettings(server.address)):
                pass


async def test_an_unusable_certificate_is_one_line(server: FakeServer, tmp_path: Path) -> None:
    """What is no certificate ends the start with the names of the settings."""
    file = tmp_path / "file.pem"
    file.write_text("nonsense")
    settings = load_settings(listen="127.0.0.1:0", tls_certificate=file, tls_key=file)
    with pytest.raises(InvalidArgument, match="PORTERO_CONSOLE_TLS_CERTIFICATE and PORTERO_CONSOLE_TLS_KEY are no"):
        async with running_console(settings, ConnectionSettings(server.address)):
            pass


async def test_live_views_end_with_it(server: FakeServer) -> None:
    """A view that is open does not keep the console from ending."""
    async with httpx2.AsyncClient(timeout=PATIENCE) as http, asyncio.timeout(PATIENCE):
        async with running_console(load_settings(listen="127.0.0.1:0"), ConnectionSettings(server.address)) as console:
            request = http.build_request("GET", f"{console.address}/api/v1/live")
            answer = await http.send(request, stream=True)
            lines = answer.aiter_lines()
            while await anext(lines) != "event: ready":
                pass
        assert [line async for line in lines][-1] == ""
        await answer.aclose()
