"""How clients reach a server over TLS, over real connections, and what they say when they cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import gallery_service_pb2_grpc as gallery_grpc

from portero_client import (
    BlockingPorteroClient,
    ConnectionSettings,
    InvalidArgument,
    PorteroClient,
    TlsFiles,
    Unreachable,
)
from portero_server.certificates import Issued
from portero_server.clock import SystemClock
from portero_server.rpc import tls
from portero_server.rpc.server import ServerOptions, build_server
from tests.support.server.open_access import open_access
from tests.support.server.rpc_edge import RecordingObserver, servicer
from tests.support.tls.certificates import Authority, RecordingTlsObserver


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority."""
    return Authority(tmp_path / "ours")


class _Server:
    """A server that remembers with which authorization it was called."""

    def __init__(self) -> None:
        self.port = 0
        self.authorizations: list[str | None] = []
        self.servicer = servicer(gallery_grpc.GalleryServiceServicer, GetPerson=self._get)

    async def _get(self, request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        self.authorizations.append(dict(context.invocation_metadata()).get("authorization"))
        person = gallery_pb.Person(name=request.name)
        person.create_time.GetCurrentTime()
        person.update_time.GetCurrentTime()
        return gallery_pb.GetPersonResponse(person=person)


@asynccontextmanager
async def _running(files: tls.TlsFiles | None) -> AsyncIterator[_Server]:
    server = _Server()
    certificates = None if files is None else tls.Certificates(files, RecordingTlsObserver())
    options = ServerOptions("127.0.0.1:0", certificates=certificates)
    async with AsyncExitStack() as stack:
        running = build_server(options, [server.servicer], open_access(), RecordingObserver(), SystemClock())
        server.port = await running.start()
        stack.push_async_callback(running.stop, 0)
        yield server


async def _failure(settings: ConnectionSettings) -> str:
    with pytest.raises(Unreachable) as caught:
        async with PorteroClient(settings) as client:
            await client.check_health()
    return caught.value.message


async def test_both_clients_speak_tls(authority: Authority) -> None:
    """With the authority's file, the asynchronous and the blocking client are answered over TLS."""
    async with _running(authority.server_files()) as server:
        settings = ConnectionSettings(f"localhost:{server.port}", tls_files=TlsFiles(authority.file), token="k" * 30)
        assert settings.is_encrypted
        async with PorteroClient(settings) as client:
            assert (await client.people.get("people/ana")).name == "people/ana"

        def ask() -> str:
            with BlockingPorteroClient(settings) as client:
                return client.people.get("people/ana").name

        assert await asyncio.to_thread(ask) == "people/ana"
        assert server.authorizations == [f"Bearer {'k' * 30}"] * 2


async def test_a_client_shows_its_certificate(authority: Authority) -> None:
    """Where the server requires a certificate, a client with one is answered and one without is told what to name."""
    certificate, key = authority.write("bridge", authority.bridge("lobby-pi"))
    async with _running(authority.server_files(client_ca=authority.file)) as server:
        address = f"127.0.0.1:{server.port}"
        files = TlsFiles(authority.file, certificate, key)
        async with PorteroClient(ConnectionSettings(address, tls_files=files)) as client:
            await client.people.get("people/ana")
        words = await _failure(ConnectionSettings(address, tls_files=TlsFiles(authority.file)))
        assert "PORTERO_CLIENT_CERTIFICATE" in words


async def test_a_plaintext_client_is_told_of_tls(authority: Authority) -> None:
    """A client without TLS before a TLS port hears what to set."""
    async with _running(authority.server_files()) as server:
        words = await _failure(ConnectionSettings(f"127.0.0.1:{server.port}"))
    assert "PORTERO_TLS=on" in words
    assert "PORTERO_CA_FILE" in words


async def test_a_tls_client_is_told_of_plaintext() -> None:
    """A client with TLS before a plaintext port hears that the server speaks none."""
    async with _running(None) as server:
        assert "speaks no TLS" in await _failure(ConnectionSettings(f"127.0.0.1:{server.port}", tls=True))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [("foreign", "nobody whom this client trusts"), ("expired", "has expired"), ("misnamed", "for another name")],
)
async def test_a_server_that_cannot_be_trusted_is_named(
    authority: Authority, tmp_path: Path, trouble: str, words: str
) -> None:
    """A foreign authority, an expired certificate and another host's are refused, each in its own words."""
    issued: dict[str, Issued] = {
        "foreign": Authority(tmp_path / "foreign").server(),
        "expired": authority.server(expired=True),
        "misnamed": authority.server("other.example"),
    }
    async with _running(authority.server_files(issued[trouble])) as server:
        settings = ConnectionSettings(f"127.0.0.1:{server.port}", tls_files=TlsFiles(authority.file))
        assert words in await _failure(settings)


async def test_another_name_may_be_expected(authority: Authority) -> None:
    """With a server name the certificate must be for that, not for the host."""
    async with _running(authority.server_files(authority.server("portero.example"))) as server:
        settings = ConnectionSettings(
            f"127.0.0.1:{server.port}", tls_files=TlsFiles(authority.file), server_name="portero.example"
        )
        async with PorteroClient(settings) as client:
            assert not (await client.check_health()).serving


async def test_a_token_file_is_read_before_each_call(tmp_path: Path) -> None:
    """A renewed token is used with the next call; on this machine also without TLS."""
    file = tmp_path / "token"
    async with _running(None) as server:
        async with PorteroClient(ConnectionSettings(f"127.0.0.1:{server.port}", token_file=file)) as client:
            for token in ("first", "second"):
                file.write_text(f"{token}\n")
                await client.people.get("people/ana")
            file.unlink()
            with pytest.raises(InvalidArgument, match="token"):
                await client.people.get("people/ana")
        assert server.authorizations == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("server", ["portero.example:443", "192.0.2.7:443", "127.evil.example:443"])
def test_a_token_does_not_leave_this_machine_in_plaintext(server: str) -> None:
    """Off loopback a token needs TLS, which is what such servers are spoken to with by themselves."""
    assert ConnectionSettings(server, token="secret").is_encrypted
    with pytest.raises(InvalidArgument) as caught:
        ConnectionSettings(server, token="secret", tls=False)
    assert caught.value.reason == "TOKEN_NOT_PROTECTED"
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ñ", "x" * 16385])
def test_what_is_no_token_is_refused(token: str, tmp_path: Path) -> None:
    """A token that would break the header is refused, and not shown."""
    file = tmp_path / "token"
    file.write_text(token, encoding="utf-8")
    with pytest.raises(InvalidArgument):
        ConnectionSettings(token_file=file).metadata()


def test_a_token_is_never_shown() -> None:
    """Settings do not print their token."""
    assert "secret" not in repr(ConnectionSettings(token="secret"))


def test_the_environment_names_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each variable has its place; what is given by hand counts more."""
    for name, value in {
        "PORTERO_TLS": "on",
        "PORTERO_CA_FILE": "ca.pem",
        "PORTERO_CLIENT_CERTIFICATE": "c.pem",
        "PORTERO_CLIENT_KEY": "k.pem",
        "PORTERO_SERVER_NAME": "portero.example",
        "PORTERO_TOKEN": "t",
    }.items():
        monkeypatch.setenv(name, value)
    found = ConnectionSettings.from_environment("192.0.2.7:1")
    assert (found.tls, found.server_name, found.token) == (True, "portero.example", "t")
    assert found.tls_files == TlsFiles(Path("ca.pem"), Path("c.pem"), Path("k.pem"))
    token_file = tmp_path / "token"
    token_file.write_text("from-file")
    given = ConnectionSettings.from_environment(token_file=token_file, tls_files=TlsFiles())
    assert given.metadata() == (("authorization", "Bearer from-file"),)
    assert given.tls_files.paths == ()
    monkeypatch.setenv("PORTERO_TLS", "perhaps")
    with pytest.raises(InvalidArgument, match="auto, on or off"):
        ConnectionSettings.from_environment()


def test_certificates_are_not_named_in_vain() -> None:
    """Certificates without TLS, or half a pair, are refused."""
    with pytest.raises(InvalidArgument, match="switched off"):
        ConnectionSettings(tls=False, tls_files=TlsFiles(Path("ca.pem")))
    with pytest.raises(InvalidArgument, match="together"):
        TlsFiles(certificate=Path("c.pem"))


def test_unsound_files_are_named(authority: Authority, tmp_path: Path) -> None:
    """A missing file, one that is not a PEM file, and a key of another certificate are each named."""
    certificate, key = authority.write("a", authority.bridge("a"))
    _, other = authority.write("b", authority.bridge("b"))
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"\xff")
    for files, words in (
        (TlsFiles(tmp_path / "gone.pem"), "gone.pem cannot be read"),
        (TlsFiles(junk), "junk.pem holds no certificates"),
        (TlsFiles(authority.file, certificate, other), r"b\.key is not the key"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            files.load()
    assert "PRIVATE" not in repr(TlsFiles(authority.file, certificate, key).load())
