"""HAProxy before a server, with the configuration that is committed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes.ports import free_port
from tests.support.repository import ROOT
from tests.support.tls.certificates import Authority

CONFIGURATION = ROOT / "infra" / "haproxy" / "portero.cfg"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that runs: where, and the file of the authority that its certificate is from."""

    address: str
    authority: Path


def haproxy_environment(folder: Path, server: str) -> tuple[dict[str, str], Proxy]:
    """Returns what the configuration reads of its environment, with a certificate made for it, and what it will be."""
    folder.mkdir(exist_ok=True)
    authority = Authority(folder)
    issued = authority.server()
    certificate = folder / "portero.pem"
    certificate.write_bytes(issued.certificate_pem + issued.key_pem)
    address = f"127.0.0.1:{free_port()}"
    return {
        "PORTERO_BIND": address,
        "PORTERO_CERTIFICATE": str(certificate),
        "PORTERO_SERVER": server,
    }, Proxy(address, authority.file)


@asynccontextmanager
async def running_haproxy(folder: Path, server: str, processor: set[int]) -> AsyncIterator[Proxy]:
    """Runs HAProxy before a server until the end of the block.

    Raises:
        RuntimeError: It is not installed, or does not start.
    """
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        raise RuntimeError("haproxy is not installed")
    environment, proxy = haproxy_environment(folder / "haproxy", server)
    process = await asyncio.create_subprocess_exec(
        "taskset",
        "--cpu-list",
        ",".join(map(str, sorted(processor))),
        program,
        "-db",
        "-f",
        str(CONFIGURATION),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    host, _, port = proxy.address.rpartition(":")
    try:
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        else:
            raise RuntimeError(f"haproxy ended with {process.returncode}")
        yield proxy
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
