"""The certificates of the task: from a secret to files, and from there to the port of the bridges."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry

from portero_infra.task import TLS_FILES, TLS_FOLDER
from portero_server.composition import transport
from portero_server.composition.access import check_open
from portero_server.settings import PREFIX, Settings
from portero_server.telemetry.process_metrics import TlsMetrics
from tests.support.infra.stack import CAMERAS_SECRET, OPTIONS, Stack, deploy


@pytest.fixture(scope="module")
def secured() -> Stack:
    """Production with the cameras' listener, tokens and anchors."""
    return deploy("prod", OPTIONS)


def test_secret_reaches_the_container_that_writes_files_alone(secured: Stack) -> None:
    """Each part of the secret is a variable of the container that ends before the server starts, and of no other."""
    containers = secured.containers
    writer = containers["certificates"]
    assert {entry["name"]: entry["valueFrom"] for entry in writer["secrets"]} == {
        "CERTIFICATE": f"{CAMERAS_SECRET}:certificate::",
        "KEY": f"{CAMERAS_SECRET}:key::",
        "CLIENT_CA": f"{CAMERAS_SECRET}:client_ca::",
    }
    others = [entry for name in ("server", "migrate") for entry in containers[name]["secrets"]]
    assert not any(CAMERAS_SECRET in entry["valueFrom"] for entry in others)
    assert {"containerName": "certificates", "condition": "SUCCESS"} in containers["server"]["dependsOn"]
    assert writer["mountPoints"] == containers["server"]["mountPoints"]
    assert writer["user"] == containers["server"]["user"]
    assert writer["essential"] is False


def test_every_variable_with_options_is_a_setting(secured: Stack) -> None:
    """The server knows each variable that only the options set."""
    fields = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    given = {entry["name"] for entry in secured.containers["server"]["environment"]}
    assert {name for name in given if name.startswith(PREFIX)} <= fields
    assert set(TLS_FILES.values()) <= given


def test_server_serves_the_files_that_were_written(
    secured: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the container writes only its user can read, and the server in the task's environment takes it as it is."""
    authority = trustme.CA()
    issued = authority.issue_cert("portero.example.com")
    writer = secured.containers["certificates"]
    folder = tmp_path / "tls"
    program, arguments = writer["entryPoint"], writer["command"]
    assert (program[:2], arguments[0]) == (["python", "-c"], TLS_FOLDER)
    variables = {
        "CERTIFICATE": issued.cert_chain_pems[0].bytes().decode(),
        "KEY": issued.private_key_pem.bytes().decode(),
        "CLIENT_CA": authority.cert_pem.bytes().decode(),
    }
    subprocess.run([sys.executable, "-c", program[2], str(folder), *arguments[1:]], env=variables, check=True)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        f"{name}.pem": 0o600 for name in TLS_FILES
    }
    for entry in secured.containers["server"]["environment"]:
        monkeypatch.setenv(entry["name"], entry["value"].replace(TLS_FOLDER, str(folder)))
    settings = Settings()
    check_open(settings)
    options = transport.build(settings, TlsMetrics(CollectorRegistry()))
    assert options.certificates is not None
    assert (options.listen, options.bridge_listen) == ("0.0.0.0:50051", "0.0.0.0:50052")
    assert settings.plaintext_off_loopback is False


def test_settings_understand_who_may_come_in(secured: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bridges, issuer, roles and anchors of the configuration arrive in the server's settings as they were meant."""
    for entry in secured.containers["server"]["environment"]:
        monkeypatch.setenv(entry["name"], entry["value"])
    settings = Settings()
    assert {name: list(places) for name, places in settings.bridges.items()} == {"lobby": ["door", "desk"]}
    assert settings.oidc_issuer == OPTIONS["access"]["issuer"]
    assert list(settings.oidc_audiences) == ["console"]
    assert {role: list(grants) for role, grants in settings.oidc_roles.items()} == OPTIONS["access"]["roles"]
    assert (settings.audit_anchor_bucket, settings.audit_anchor_days) == ("portero-prod-anchors-abc", 400)
    assert (settings.audit_anchor_prefix, settings.audit_anchor_region) == ("audit/", "us-east-1")
