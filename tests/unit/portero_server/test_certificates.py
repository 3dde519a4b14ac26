"""The development authority, as a command and as files."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from portero_server.__main__ import main
from portero_server.certificates import Order, make_certificates
from portero_server.errors import StartupProblem
from tests.support.time.virtual_time import ManualClock

_NOW = ManualClock().now()


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_one_order_makes_everything(tmp_path: Path) -> None:
    """Authority, server and bridges are written; keys are for their owner only, and every name is in its place."""
    folder = tmp_path / "certificates"
    written = make_certificates(folder, Order(["localhost", "127.0.0.1", "::1"], ["lobby-pi"]), _NOW)
    assert {path.name for path in written} == {path.name for path in folder.iterdir()}
    assert {stat.S_IMODE(path.stat().st_mode) for path in written if path.suffix == ".key"} == {0o600}
    server, bridge, ca = (_certificate(folder / f"{stem}.crt") for stem in ("server", "bridge-lobby-pi", "ca"))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    uris = bridge.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert uris.get_values_for_type(x509.UniformResourceIdentifier) == ["portero://bridges/lobby-pi"]
    for leaf in (server, bridge):
        leaf.verify_directly_issued_by(ca)
        assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
        assert leaf.not_valid_after_utc == _NOW + timedelta(days=30)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A certificate that exists is named and left alone, and nothing else is written either."""
    make_certificates(tmp_path, Order(["localhost"], ["a"]), _NOW)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StartupProblem, match=r"bridge-a\.crt, bridge-a\.key already; add --renew"):
        make_certificates(tmp_path, Order(bridges=["b", "a"]), _NOW)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_bridge_is_added_under_the_same_authority(tmp_path: Path) -> None:
    """A later order signs with the authority that is there."""
    make_certificates(tmp_path, Order(["localhost"]), _NOW)
    authority = (tmp_path / "ca.crt").read_bytes()
    make_certificates(tmp_path, Order(bridges=["late"]), _NOW)
    assert (tmp_path / "ca.crt").read_bytes() == authority
    _certificate(tmp_path / "bridge-late.crt").verify_directly_issued_by(_certificate(tmp_path / "ca.crt"))


def test_renewal_replaces_and_never_outlives_the_authority(tmp_path: Path) -> None:
    """With renew the pair is new, and ends with its authority at the latest."""
    make_certificates(tmp_path, Order(bridges=["a"]), _NOW)
    before = (tmp_path / "bridge-a.key").read_bytes()
    make_certificates(tmp_path, Order(bridges=["a"], renew=True), _NOW + timedelta(days=350))
    assert (tmp_path / "bridge-a.key").read_bytes() != before
    assert _certificate(tmp_path / "bridge-a.crt").not_valid_after_utc == _NOW + timedelta(days=365)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order(["no name"]), "host name or an IP address"),
        (Order(bridges=["../a"]), "bridge's name"),
        (Order(bridges=["A"]), "bridge's name"),
        (Order(["localhost"], days=0), "days"),
        (Order(["localhost"], days=9999), "days"),
    ],
)
def test_a_wrong_order_writes_nothing(tmp_path: Path, order: Order, words: str) -> None:
    """A name or a time that cannot be is refused before the first file."""
    with pytest.raises(StartupProblem, match=words):
        make_certificates(tmp_path, order, _NOW)
    assert list(tmp_path.iterdir()) == []


def test_an_authority_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    """Half an authority, a foreign key beside it, or an expired one sign for nobody."""
    make_certificates(tmp_path / "a", Order(["localhost"]), _NOW)
    make_certificates(tmp_path / "b", Order(["localhost"]), _NOW)
    with pytest.raises(StartupProblem, match="has expired"):
        make_certificates(tmp_path / "a", Order(bridges=["x"]), _NOW + timedelta(days=366))
    (tmp_path / "a/ca.key").write_bytes((tmp_path / "b/ca.key").read_bytes())
    with pytest.raises(StartupProblem, match="is not the key of"):
        make_certificates(tmp_path / "a", Order(bridges=["x"]), _NOW)
    (tmp_path / "b/ca.key").unlink()
    with pytest.raises(StartupProblem, match="no whole authority"):
        make_certificates(tmp_path / "b", Order(bridges=["x"]), _NOW)


def test_the_command_needs_no_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command writes files and lists them, though the settings are wrong; a second run is one line and exit 1."""
    monkeypatch.setenv("PORTERO_LISTEN", "nowhere")
    arguments = [
        "certificates",
        str(tmp_path / "c"),
        "--server",
        "localhost,127.0.0.1",
        "--bridge",
        "a",
        "--bridge",
        "b",
    ]
    monkeypatch.setattr("sys.argv", ["portero-server", *arguments])
    assert main() == 0
    assert len(capsys.readouterr().out.splitlines()) == 8
    assert main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_authority_whose_key_everybody_may_read_signs_nothing(tmp_path: Path) -> None:
    """Whoever copied the key can make certificates of every bridge: it is not used again before that is mended."""
    make_certificates(tmp_path, Order(server=["localhost"]), _NOW)
    (tmp_path / "ca.key").chmod(0o644)
    with pytest.raises(StartupProblem, match=r"chmod 600 .*ca\.key"):
        make_certificates(tmp_path, Order(bridges=["lobby"]), _NOW)
