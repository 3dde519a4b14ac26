"""Plaintext and certificates, as settings ask for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from structlog.testing import capture_logs

from portero_server.composition import transport
from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from portero_server.settings.security import is_loopback
from portero_server.telemetry.process_metrics import TlsMetrics
from tests.support.tls.certificates import Authority


def _metrics() -> TlsMetrics:
    return TlsMetrics(CollectorRegistry())


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.8.9.1:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("127.evil.example:1", False),
        ("localhost.example:1", False),
    ],
)
def test_loopback_is_what_no_other_machine_reaches(address: str, loopback: bool) -> None:
    """Addresses are judged by what they are; a name other than localhost might be anywhere."""
    assert is_loopback(address) is loopback


def test_a_laptop_needs_no_certificate() -> None:
    """The defaults serve plaintext, on the loopback address."""
    options = transport.build(Settings(), _metrics())
    assert options.certificates is None
    assert is_loopback(options.listen)


def test_plaintext_stays_on_this_machine() -> None:
    """Off loopback without a certificate, start-up ends in one line that names every way out."""
    with pytest.raises(StartupProblem) as caught:
        transport.build(Settings(listen="0.0.0.0:50051"), _metrics())
    for name in ("PORTERO_LISTEN", "PORTERO_TLS_CERTIFICATE", "PORTERO_TLS_KEY", "PORTERO_PLAINTEXT_OFF_LOOPBACK=true"):
        assert name in caught.value.message
    assert "\n" not in caught.value.message


def test_plaintext_is_served_off_loopback_when_a_setting_says_so() -> None:
    """In so many words, plaintext is served anywhere."""
    options = transport.build(Settings(listen="0.0.0.0:50051", plaintext_off_loopback=True), _metrics())
    assert options.certificates is None


def test_with_a_certificate_any_address_is_served(tmp_path: Path) -> None:
    """With certificate and key TLS is served anywhere, and metrics tell when it ends."""
    files, metrics = Authority(tmp_path).server_files(), _metrics()
    settings = Settings(listen="0.0.0.0:50051", tls_certificate=files.certificate, tls_key=files.key)
    options = transport.build(settings, metrics)
    assert options.certificates is not None
    told = {sample.labels["certificate"]: sample.value for sample in next(iter(metrics.not_after.collect())).samples}
    assert told == {"server": options.certificates.current().not_after.timestamp()}


def test_metrics_tell_renewals_from_refusals(tmp_path: Path) -> None:
    """The first reading is no renewal; later ones are counted as taken or refused."""
    authority, metrics = Authority(tmp_path), _metrics()
    files = authority.server_files()
    options = transport.build(Settings(tls_certificate=files.certificate, tls_key=files.key), metrics)
    assert options.certificates is not None
    authority.server_files(authority.server())
    options.certificates.refresh()
    files.key.write_bytes(b"")
    options.certificates.refresh()
    samples = next(iter(metrics.reloads.collect())).samples
    counted = {sample.labels["outcome"]: sample.value for sample in samples if sample.name.endswith("_total")}
    assert counted == {"taken": 1, "refused": 1}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tls_certificate": "c"}, "must be set together"),
        ({"tls_key": "k"}, "must be set together"),
        ({"tls_client_ca": "a"}, "PORTERO_TLS_CLIENT_CA needs"),
        ({"bridge_listen": "127.0.0.1:1"}, "PORTERO_BRIDGE_LISTEN needs"),
    ],
)
def test_half_a_configuration_is_refused(given: dict[str, str], words: str) -> None:
    """Settings that mean nothing without each other must come together."""
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(given)


@pytest.mark.parametrize(
    ("mode", "allowed"), [(0o604, False), (0o644, False), (0o644, True), (0o640, False), (0o600, False)]
)
def test_a_key_that_everybody_may_read_is_not_served(tmp_path: Path, mode: int, allowed: bool) -> None:
    """Start-up names the file and what to do; its group's reading it is told, its owner's is nobody's business."""
    files = Authority(tmp_path).server_files()
    files.key.chmod(mode)
    settings = Settings(tls_certificate=files.certificate, tls_key=files.key, tls_key_readable_by_others=allowed)
    metrics = TlsMetrics(CollectorRegistry())
    with capture_logs() as lines:
        if mode & 0o004 and not allowed:
            with pytest.raises(StartupProblem, match=r"chmod 600 .*server\.key.*PORTERO_TLS_KEY_READABLE_BY_OTHERS"):
                transport.build(settings, metrics)
        else:
            assert transport.build(settings, metrics).certificates is not None
    told = [line["readers"] for line in lines if line["event"] == "tls_key_readable_by_others"]
    expected = {0o640: ["its group"], 0o600: []}.get(mode, ["everybody on this machine"] if allowed else [])
    assert told == expected
