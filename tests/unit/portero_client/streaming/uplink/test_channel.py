"""When certificates count as renewed."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_client.errors import InvalidArgument
from portero_client.settings import ConnectionSettings
from portero_client.streaming.uplink.channel import Channels
from portero_client.tls import TlsFiles
from tests.support.tls.certificates import Authority


def _channels(authority: Authority) -> Channels:
    certificate, key = authority.write("bridge", authority.bridge("lobby-pi"))
    return Channels(ConnectionSettings(tls_files=TlsFiles(authority.file, certificate, key)))


async def test_a_new_pair_counts_once_it_is_whole(tmp_path: Path) -> None:
    """With only the certificate or only the key replaced nothing was renewed; with both it was, until it is used."""
    authority = Authority(tmp_path)
    channels = _channels(authority)
    async with channels.open():
        assert not channels.renewed()
        issued = authority.bridge("lobby-pi")
        (tmp_path / "bridge.crt").write_bytes(issued.certificate_pem)
        assert not channels.renewed()
        (tmp_path / "bridge.key").write_bytes(issued.key_pem)
        assert channels.renewed()
    async with channels.open():
        assert not channels.renewed()


async def test_the_same_content_is_no_renewal(tmp_path: Path) -> None:
    """Files written anew with what they held change nothing."""
    authority = Authority(tmp_path)
    channels = _channels(authority)
    async with channels.open():
        for name in ("bridge.crt", "bridge.key", "ca.crt"):
            (tmp_path / name).write_bytes((tmp_path / name).read_bytes())
        assert not channels.renewed()


async def test_half_a_renewal_does_not_keep_a_bridge_out(tmp_path: Path) -> None:
    """A channel opened while files are being replaced uses the last sound pair."""
    authority = Authority(tmp_path)
    channels = _channels(authority)
    async with channels.open():
        pass
    (tmp_path / "bridge.key").unlink()
    async with channels.open():
        assert not channels.renewed()


async def test_a_bridge_that_never_had_certificates_says_why(tmp_path: Path) -> None:
    """Without a sound pair from the start there is no channel, and the reason names the file."""
    with pytest.raises(InvalidArgument, match=r"gone\.pem cannot be read"):
        Channels(ConnectionSettings(tls_files=TlsFiles(tmp_path / "gone.pem"))).open()


async def test_a_bridge_without_files_has_nothing_to_renew() -> None:
    """Plaintext on loopback watches no files."""
    channels = Channels(ConnectionSettings())
    assert not channels.may_be_renewed
    async with channels.open():
        assert not channels.renewed()
