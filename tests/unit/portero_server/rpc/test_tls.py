"""TLS of the gRPC port, over real connections."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import gallery_service_pb2_grpc as gallery_grpc

from portero_server.errors import StartupProblem
from portero_server.rpc.auth.peers import Peer, peer_of
from portero_server.rpc.tls import Certificates, TlsFiles, load
from tests.support.server.rpc_edge import servicer
from tests.support.server.serving import Edge, Serve
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority, RecordingTlsObserver, handshake


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that everybody here trusts."""
    return Authority(tmp_path / "ours")


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


class _Door:
    """A service that remembers who called."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.servicer = servicer(gallery_grpc.GalleryServiceServicer, GetPerson=self._get)

    async def _get(self, request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        self.peers.append(peer_of(context))
        return gallery_pb.GetPersonResponse(person=gallery_pb.Person(name=request.name))


async def _call(channel: grpc.aio.Channel) -> str:
    async with channel:
        stub = gallery_grpc.GalleryServiceStub(channel)
        return (await stub.GetPerson(gallery_pb.GetPersonRequest(name="people/ana"), timeout=PATIENCE)).person.name


async def _refused(channel: grpc.aio.Channel) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _call(channel)
    return caught.value.code()


async def _served(serve: Serve, files: TlsFiles, **options: Any) -> tuple[Edge, _Door, Certificates]:
    certificates, door = Certificates(files, RecordingTlsObserver()), _Door()
    return await serve([door.servicer], certificates=certificates, **options), door, certificates


async def test_a_client_that_trusts_the_authority_is_served(serve: Serve, authority: Authority) -> None:
    """Over TLS a call is answered, and its peer is known as encrypted and without a certificate."""
    edge, door, _ = await _served(serve, authority.server_files())
    assert await _call(authority.channel(edge.port)) == "people/ana"
    assert door.peers == [Peer("127.0.0.1", True, None)]


async def test_a_plaintext_client_is_refused(serve: Serve, authority: Authority) -> None:
    """A client without TLS gets no answer from a TLS port."""
    edge, door, _ = await _served(serve, authority.server_files())
    assert await _refused(grpc.aio.insecure_channel(f"127.0.0.1:{edge.port}")) is grpc.StatusCode.UNAVAILABLE
    assert door.peers == []


@pytest.mark.parametrize("trust", ["foreign", "expired", "misnamed"])
async def test_a_client_refuses_a_server_that_it_cannot_trust(
    serve: Serve, authority: Authority, tmp_path: Path, trust: str
) -> None:
    """A certificate of a foreign authority, an expired one, or one of another host is refused by the client."""
    issued = (
        authority.server("elsewhere.example") if trust == "misnamed" else authority.server(expired=trust == "expired")
    )
    edge, door, _ = await _served(serve, authority.server_files(issued))
    trusted = Authority(tmp_path / "foreign") if trust == "foreign" else authority
    assert await _refused(trusted.channel(edge.port)) is grpc.StatusCode.UNAVAILABLE
    assert door.peers == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_nothing_older_than_tls_1_2_is_spoken(serve: Serve, authority: Authority) -> None:
    """Real handshakes in TLS 1.0 and 1.1 fail, those in 1.2 and 1.3 agree on HTTP/2."""
    edge, _, _ = await _served(serve, authority.server_files())
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(handshake, edge.port, authority.pem, version=old)
    for new, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        agreed = await asyncio.to_thread(handshake, edge.port, authority.pem, version=new)
        assert (agreed.version, agreed.protocol) == (name, "h2")


async def test_a_renewed_certificate_is_served_without_a_restart(serve: Serve, authority: Authority) -> None:
    """The next handshake shows the new certificate, while a connection made before goes on."""
    first, second = authority.server(), authority.server()
    edge, _, _ = await _served(serve, authority.server_files(first))
    channel = authority.channel(edge.port)
    stub = gallery_grpc.GalleryServiceStub(channel)
    await stub.GetPerson(gallery_pb.GetPersonRequest())

    async def shown() -> bytes | None:
        return (
            await asyncio.to_thread(handshake, edge.port, authority.pem, version=ssl.TLSVersion.TLSv1_3)
        ).certificate

    assert await shown() == _der(first.certificate)
    authority.server_files(second)
    assert await shown() == _der(second.certificate)
    await stub.GetPerson(gallery_pb.GetPersonRequest())
    assert channel.get_state() is grpc.ChannelConnectivity.READY
    await channel.close()


async def test_a_bridge_is_known_by_its_certificate(serve: Serve, authority: Authority) -> None:
    """Where client certificates are verified, the peer is the bridge that its certificate names."""
    edge, door, _ = await _served(serve, authority.server_files(client_ca=authority.file))
    issued = authority.bridge("lobby-pi")
    assert await _call(authority.channel(edge.port, issued)) == "people/ana"
    (peer,) = door.peers
    assert peer.certificate is not None
    assert peer.certificate.bridge == "lobby-pi"
    assert peer.certificate.not_after == issued.certificate.not_valid_after_utc


@pytest.mark.parametrize("shown", ["none", "foreign", "expired", "a server's"])
async def test_a_client_without_a_sound_certificate_is_refused(
    serve: Serve, authority: Authority, tmp_path: Path, shown: str
) -> None:
    """No certificate, one of a foreign authority, an expired one and one made for servers end the handshake."""
    edge, door, _ = await _served(serve, authority.server_files(client_ca=authority.file))
    client = {
        "none": None,
        "foreign": Authority(tmp_path / "foreign").bridge("lobby-pi"),
        "expired": authority.bridge("lobby-pi", expired=True),
        "a server's": authority.server("lobby-pi"),
    }[shown]
    assert await _refused(authority.channel(edge.port, client)) is grpc.StatusCode.UNAVAILABLE
    assert door.peers == []


async def test_the_port_for_bridges_alone_requires_certificates(serve: Serve, authority: Authority) -> None:
    """With a port for bridges, the first port asks for no certificate and tells of none, the second requires one."""
    files = authority.server_files(client_ca=authority.file)
    edge, door, _ = await _served(serve, files, bridge_listen="127.0.0.1:0")
    bridges, client = edge.server.bridge_port, authority.bridge("lobby-pi")
    assert await _refused(authority.channel(bridges)) is grpc.StatusCode.UNAVAILABLE
    await _call(authority.channel(edge.port))
    await _call(authority.channel(edge.port, client))
    await _call(authority.channel(bridges, client))
    assert [peer.certificate and peer.certificate.bridge for peer in door.peers] == [None, None, "lobby-pi"]


async def test_changed_client_authorities_hold_from_the_next_connection(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    """An authority that is taken out of the file signs for nobody any more."""
    client = authority.bridge("lobby-pi")
    accepted = tmp_path / "clients.crt"
    accepted.write_bytes(authority.pem)
    edge, _, _ = await _served(serve, authority.server_files(client_ca=accepted))
    await _call(authority.channel(edge.port, client))
    accepted.write_bytes(Authority(tmp_path / "next").pem)
    assert await _refused(authority.channel(edge.port, client)) is grpc.StatusCode.UNAVAILABLE


async def test_a_taken_port_for_bridges_names_its_setting(serve: Serve, authority: Authority) -> None:
    """The start-up line names the port that cannot be had."""
    taken = await serve([])
    with pytest.raises(StartupProblem, match="PORTERO_BRIDGE_LISTEN"):
        await _served(serve, authority.server_files(client_ca=authority.file), bridge_listen=f"127.0.0.1:{taken.port}")


def _half_written(authority: Authority, files: TlsFiles) -> None:
    files.certificate.write_bytes(authority.server().certificate_pem[:300])


def _key_of_another(authority: Authority, files: TlsFiles) -> None:
    files.key.write_bytes(authority.server().key_pem)


def _gone(authority: Authority, files: TlsFiles) -> None:
    files.key.unlink()


def _no_pem(authority: Authority, files: TlsFiles) -> None:
    files.key.write_bytes(bytes(range(256)))


def _no_authority(authority: Authority, files: TlsFiles) -> None:
    authority.file.write_text("nobody\n")


_Spoil = Callable[[Authority, TlsFiles], None]
_SPOILED = pytest.mark.parametrize("spoil", [_half_written, _key_of_another, _gone, _no_pem, _no_authority])


@_SPOILED
def test_the_last_sound_pair_is_kept(authority: Authority, spoil: _Spoil) -> None:
    """Files that cannot be served are refused once, and the pair before them stays until there is a sound one."""
    files = authority.server_files(client_ca=authority.file)
    observer = RecordingTlsObserver()
    certificates = Certificates(files, observer)
    first = certificates.current()
    spoil(authority, files)
    assert certificates.current() is first
    assert certificates.current() is first
    assert (len(observer.loaded), observer.refused) == (1, 1)
    authority.file.write_bytes(authority.pem)
    authority.server_files(authority.server(), client_ca=authority.file)
    assert certificates.current() is not first
    assert len(observer.loaded) == 2


@_SPOILED
def test_a_server_does_not_start_with_what_it_cannot_serve(authority: Authority, spoil: _Spoil) -> None:
    """Unsound files end start-up in one line that names file and setting, and shows nothing of their content."""
    files = authority.server_files(client_ca=authority.file)
    spoil(authority, files)
    with pytest.raises(StartupProblem, match="PORTERO_TLS_") as caught:
        Certificates(files, RecordingTlsObserver())
    assert str(authority.folder) in caught.value.message
    assert "\n" not in caught.value.message


def test_the_expiry_told_is_the_first_of_the_chain(authority: Authority, tmp_path: Path) -> None:
    """Of a certificate with its intermediates the observer hears what expires first, and of the authorities too."""
    observer = RecordingTlsObserver()
    files = authority.server_files(client_ca=authority.file)
    soon = authority.server(expired=True)
    files.certificate.write_bytes(files.certificate.read_bytes() + soon.certificate_pem)
    Certificates(files, observer)
    assert observer.loaded == [soon.certificate.not_valid_after_utc]
    assert observer.authorities == [authority.issued.certificate.not_valid_after_utc]


def test_a_pair_does_not_print_its_key(authority: Authority) -> None:
    """What is loaded shows neither key nor certificate when it is printed."""
    assert "PRIVATE" not in repr(load(authority.server_files()))


def test_renewal_from_many_threads_is_taken_up_once(authority: Authority) -> None:
    """Handshakes at the same time agree on the pair, and the files are read once."""
    observer = RecordingTlsObserver()
    certificates = Certificates(authority.server_files(), observer)
    authority.server_files(authority.server())
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(certificates.current())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(pair) for pair in seen}) == 1
    assert len(observer.loaded) == 2
