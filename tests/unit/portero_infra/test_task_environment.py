"""The server, started with the environment that the task definition sets, against a simulator and a MariaDB.

Everything is as recorded from the Pulumi program but what only a machine of one's own can decide: the database's
address and the file of its authority, and free ports. What ECS adds is added: the password in place of its
reference, and credentials. The simulator is found the way AWS's own libraries find another endpoint.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx2
import pytest
import trustme
from sqlalchemy import make_url

import tests.support.store.mariadb
from portero_infra.task import CA_FILE, PASSWORD_VARIABLE
from portero_server.vault.keys import create_key
from tests.support.infra.stack import VAULT_SECRET, Stack, deploy
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE

PASSWORD = "p@ss/w:rd%1"


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs the database's certificate, and the certificate."""

    ca: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority of our own in the place of AWS's."""
    folder = tmp_path_factory.mktemp("authority")
    made = Authority(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(made.ca)
    issued = ca.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(made.certificate)
    issued.private_key_pem.write_to_path(made.key)
    return made


@pytest.fixture(scope="module")
def database(authority: Authority) -> Iterator[MariaDB]:
    """A MariaDB that lets the service's user in with password and TLS only, as Aurora does."""
    with pytest.MonkeyPatch.context() as patch:
        encrypted = (f"--ssl-cert={authority.certificate}", f"--ssl-key={authority.key}")
        patch.setattr(tests.support.store.mariadb, "_TUNING", (*tests.support.store.mariadb._TUNING, *encrypted))
        server = MariaDB()
        server.start()
    server.execute(
        "CREATE DATABASE portero CHARACTER SET utf8mb4",
        f"CREATE USER portero IDENTIFIED BY '{PASSWORD}' REQUIRE SSL",
        "GRANT ALL ON portero.* TO portero",
    )
    yield server
    server.stop()


def _environment(
    stack: Stack, container: str, database: MariaDB, authority: Authority, simulator: str
) -> dict[str, str]:
    """The recorded environment of a container, with what only this machine can decide."""
    defined = stack.containers[container]
    recorded = {entry["name"]: entry["value"] for entry in defined["environment"]}
    address = make_url(recorded["PORTERO_DATABASE_URL"])
    assert address.query == {"ssl_ca": CA_FILE}
    here = address.set(host="127.0.0.1", port=database.port, query={"ssl_ca": str(authority.ca)})
    secrets = {entry["name"] for entry in defined["secrets"]}
    assert secrets == {PASSWORD_VARIABLE}
    return {
        **recorded,
        "PORTERO_DATABASE_URL": here.render_as_string(hide_password=False),
        "PORTERO_LISTEN": "127.0.0.1:0",
        "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
        **dict.fromkeys(secrets, PASSWORD),
        "AWS_ENDPOINT_URL_REKOGNITION": simulator,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        # Of this machine's environment nothing else comes through.
        "PATH": os.environ["PATH"],
    }


@asynccontextmanager
async def _simulator(region: str, collection: str) -> AsyncIterator[str]:
    """Runs the simulator with the collection that the deployment makes; gives its address."""
    arguments = ("-m", "portero_simulator", "--port", "0", "--engine", "scripted", "--region", region)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            welcome = (await process.stdout.readline()).decode()
        address = next(word for word in welcome.split() if word.startswith("http://"))
        client = boto3.client(
            "rekognition", region, endpoint_url=address, aws_access_key_id="a", aws_secret_access_key="b"
        )
        await asyncio.to_thread(client.create_collection, CollectionId=collection)
        yield address
    finally:
        process.terminate()
        await process.wait()


async def _start(command: list[str], environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portero_server",
        *command,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _serving(process: asyncio.subprocess.Process) -> dict[str, str]:
    """Waits for the line that says that the server serves."""
    assert process.stderr is not None
    lines: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while line := await process.stderr.readline():
            lines.append(line.decode())
            if '"serving"' in lines[-1]:
                found: dict[str, str] = json.loads(lines[-1])
                return found
    raise AssertionError("".join(lines))


@asynccontextmanager
async def _deployed(
    stack: Stack, database: MariaDB, authority: Authority, here: Mapping[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    """Migrates and serves in the recorded environment, with `here` in place of what only this machine can decide.

    Yields the server with what it said of itself.
    """
    containers = stack.containers
    recorded = {entry["name"]: entry["value"] for entry in containers["server"]["environment"]}
    async with _simulator(
        recorded["PORTERO_REKOGNITION_REGION"], recorded["PORTERO_REKOGNITION_COLLECTION"]
    ) as simulator:

        def environment(container: str) -> dict[str, str]:
            return {**_environment(stack, container, database, authority, simulator), **here}

        migrate = await _start(containers["migrate"]["command"], environment("migrate"))
        _, errors = await asyncio.wait_for(migrate.communicate(), PATIENCE)
        assert migrate.returncode == 0, errors.decode()
        server = await _start(containers["server"]["command"], environment("server"))
        try:
            yield server, await _serving(server)
            server.terminate()
            assert server.stderr is not None
            async with asyncio.timeout(float(recorded["PORTERO_STOP_GRACE"])):
                await server.stderr.read()
                assert await server.wait() == 0
        finally:
            if server.returncode is None:
                server.kill()
                await server.wait()


@pytest.mark.slow
async def test_containers_run_in_the_environment_of_the_task(
    prod: Stack, database: MariaDB, authority: Authority
) -> None:
    """In the recorded environment the migration ends well, and the server becomes ready and stops in its grace."""
    async with _deployed(prod, database, authority, {}) as (_, said):
        assert said["engine"] == "rekognition"
        admin = said["metrics"].removesuffix("/metrics")
        async with httpx2.AsyncClient(base_url=admin, timeout=PATIENCE) as http:
            assert (await http.get("/readyz")).status_code == 200
            assert (await http.get("/livez")).status_code == 200
            assert "portero_streams 0.0" in (await http.get("/metrics")).text


@asynccontextmanager
async def _bucket() -> AsyncIterator[tuple[str, list[str]]]:
    """Answers as a bucket that never had versions; yields its address, and what it is asked."""
    asked: list[str] = []
    body = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().partition(" HTTP/")[0])
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked


@pytest.mark.slow
async def test_server_starts_with_the_vault_of_the_task(
    database: MariaDB, authority: Authority, tmp_path: Path
) -> None:
    """With the vault's settings and the keys of its secret, the server asks its bucket whether it has versions."""
    keeping = deploy("prod", {"vault": {"key_secret": VAULT_SECRET}})
    keys = tmp_path / "keys"
    create_key(keys)
    async with _bucket() as (address, asked):
        here = {"PORTERO_PHOTO_VAULT_KEY_FILE": str(keys), "AWS_ENDPOINT_URL_S3": address}
        async with _deployed(keeping, database, authority, here):
            assert asked == ["GET /portero-prod-photos-abc?versioning"]


@pytest.mark.slow
async def test_database_lets_nobody_in_without_tls(prod: Stack, database: MariaDB, authority: Authority) -> None:
    """Without the authority in the address the same user is refused: the connection above was encrypted."""
    environment = _environment(prod, "migrate", database, authority, "http://127.0.0.1:9")
    environment["PORTERO_DATABASE_URL"] = environment["PORTERO_DATABASE_URL"].partition("?")[0]
    refused = await _start(["migrate"], environment)
    _, errors = await asyncio.wait_for(refused.communicate(), PATIENCE)
    assert refused.returncode == 1
    assert PASSWORD not in errors.decode()
