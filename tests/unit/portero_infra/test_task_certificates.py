"""What the task reads from files: certificates and the photo vault's keys, from secrets to files to the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry

from portero_infra.task import TLS_FILES, TLS_FOLDER, VAULT_FOLDER
from portero_infra.vault import PHOTOS
from portero_server.composition import transport
from portero_server.composition.access import check_open
from portero_server.settings import PREFIX, Settings
from portero_server.telemetry.process_metrics import TlsMetrics
from portero_server.vault.keys import create_key, read_keys
from portero_server.vault.sealing import PhotoSeal
from tests.support.infra.stack import CAMERAS_SECRET, OPTIONS, VAULT_SECRET, Stack, deploy


@pytest.fixture(scope="module")
def secured() -> Stack:
    """Production with the cameras' listener, tokens, anchors and photo vault."""
    return deploy("prod", OPTIONS)


WRITERS = {
    "certificates": {
        "CERTIFICATE": f"{CAMERAS_SECRET}:certificate::",
        "KEY": f"{CAMERAS_SECRET}:key::",
        "CLIENT_CA": f"{CAMERAS_SECRET}:client_ca::",
    },
    "vault-keys": {"KEYS": VAULT_SECRET},
}


@pytest.mark.parametrize("name", WRITERS)
def test_secret_reaches_the_container_that_writes_files_alone(secured: Stack, name: str) -> None:
    """Each part of a secret is a variable of the container that ends before the server starts, and of no other."""
    containers = secured.containers
    writer = containers[name]
    given = {entry["name"]: entry["valueFrom"] for entry in writer["secrets"]}
    assert given == WRITERS[name]
    others = [entry for other in containers.keys() - {name} for entry in containers[other].get("secrets", [])]
    assert not any(entry["valueFrom"] in given.values() for entry in others)
    assert {"containerName": name, "condition": "SUCCESS"} in containers["server"]["dependsOn"]
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
    _write(program, [str(folder), *arguments[1:]], variables)
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


def test_server_seals_with_the_keys_that_were_written(
    secured: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key file goes through the secret unchanged: what was sealed with its key opens with what the server reads."""
    made, folder = tmp_path / "vault.key", tmp_path / "vault"
    create_key(made)
    writer = secured.containers["vault-keys"]
    assert writer["command"][0] == VAULT_FOLDER
    _write(writer["entryPoint"], [str(folder), *writer["command"][1:]], {"KEYS": made.read_text()})
    for entry in secured.containers["server"]["environment"]:
        monkeypatch.setenv(entry["name"], entry["value"].replace(VAULT_FOLDER, str(folder)))
    settings = Settings()
    assert settings.photo_bucket == ("portero-prod-photos-abc", PHOTOS)
    assert settings.photo_vault_region == "us-east-1"
    assert settings.photo_vault_key_file is not None
    sealed = PhotoSeal(read_keys(made)).seal("people/ana", "0a" * 16, b"photo")
    assert PhotoSeal(read_keys(settings.photo_vault_key_file)).open("people/ana", "0a" * 16, sealed) == b"photo"


def _write(program: list[str], arguments: list[str], variables: dict[str, str]) -> None:
    subprocess.run([sys.executable, *program[1:], *arguments], env=variables, check=True)


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
