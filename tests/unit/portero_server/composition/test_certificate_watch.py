"""Certificates that do not hold are refused by `check`, and told again and again while the server runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from portero_server.clock import SystemClock
from portero_server.composition.certificate_watch import CertificateWatch
from portero_server.errors import StartupProblem
from portero_server.rpc.tls import Certificates
from tests.support.time.virtual_time import in_virtual_time
from tests.support.tls.certificates import DAY, Authority, RecordingTlsObserver


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of this test."""
    return Authority(tmp_path)


def _watch(authority: Authority, *, expired: bool) -> CertificateWatch:
    files = authority.server_files(authority.server(expired=expired))
    return CertificateWatch(Certificates(files, RecordingTlsObserver()), SystemClock())


def test_an_expired_certificate_is_refused_by_check(authority: Authority) -> None:
    """The message names the file, and since when nobody is let in."""
    with pytest.raises(StartupProblem, match=r"server\.crt expired at 20.* UTC: nobody who checks it will connect"):
        _watch(authority, expired=True).check()


def test_certificates_that_hold_and_no_certificates_pass(authority: Authority) -> None:
    """Nothing is said where there is nothing to say."""
    _watch(authority, expired=False).check()
    CertificateWatch(None, SystemClock()).check()


def test_one_that_does_not_hold_yet_and_an_expired_authority_are_named(authority: Authority) -> None:
    """Each file is judged by itself, at any time."""
    certificates = Certificates(authority.server_files(client_ca=authority.file), RecordingTlsObserver())
    now = datetime.now(UTC)
    assert certificates.faults(now) == []
    (early,) = certificates.faults(now - 20 * DAY)
    assert "server.crt holds only from" in early
    server, ca = certificates.faults(now + 4000 * DAY)
    assert "server.crt expired at" in server
    assert "ca.crt expired at" in ca


@in_virtual_time
async def test_the_log_repeats_it_until_it_is_renewed(authority: Authority) -> None:
    """An error line at once and every hour; none any more after the file was replaced."""
    watch = _watch(authority, expired=True)
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(watch.run())
        await asyncio.sleep(2.5 * 3600)
        told = [line for line in lines if line["event"] == "certificate_does_not_hold"]
        assert len(told) == 3
        assert {line["log_level"] for line in told} == {"error"}
        authority.server_files()
        await asyncio.sleep(5 * 3600)
        running.cancel()
    assert len([line for line in lines if line["event"] == "certificate_does_not_hold"]) == 3
