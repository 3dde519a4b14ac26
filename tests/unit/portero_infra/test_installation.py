"""An installation on one machine, with Docker or on Debian: closed, in step with the settings, no simulator."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from portero_server.composition.access import check_open
from portero_server.settings import PREFIX, Settings, load_settings
from tests.support.processes.prometheus_tools import program
from tests.support.repository import ROOT

FILE = ROOT / "infra" / "compose" / "installation.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
GUIDE = (ROOT / "infra" / "debian.md").read_text()
ONE_MACHINE = ROOT / "infra" / "prometheus" / "one-machine.yaml"


def _environment(**given: str) -> dict[str, str]:
    """Returns the server's variables as compose sets them, with these in the caller's own environment."""
    return {
        name: re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: given.get(found[1], found[2]), str(value))
        for name, value in SERVICES["server"]["environment"].items()
    }


def _settings(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_compose_file_follows_the_specification() -> None:
    """The file passes the schema of the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_callers_come_in_by_tls_with_a_credential_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing set but the file, keys and TLS are required, and no setting opens anything by oversight."""
    settings = _settings(monkeypatch, _environment())
    assert settings.auth == "required"
    assert None not in (settings.tls_certificate, settings.tls_key, settings.tls_client_ca, settings.bridge_listen)
    assert not settings.plaintext_off_loopback
    assert not settings.anyone_off_loopback
    check_open(settings)
    published = SERVICES["server"]["ports"]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == ["50051:50051", "50052:50052"]


def test_data_are_in_the_volume_unless_a_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty variables are unset: the data folder of the image's user, which is the volume, has the database."""
    settings = _settings(monkeypatch, _environment())
    assert settings.database_url is None
    assert settings.engine == "local"
    assert "data:/var/lib/portero" in SERVICES["server"]["volumes"]
    assert str(settings.tls_key).startswith("/var/lib/portero/")


def test_real_rekognition_is_a_matter_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paid engine needs no other file, and nothing stands in for it."""
    url = "mysql+aiomysql://portero@db.example/portero"
    given = {"PORTERO_ENGINE": "rekognition", "PORTERO_REKOGNITION_REGION": "sa-east-1", "PORTERO_BUDGET_DAILY": "5"}
    settings = _settings(monkeypatch, _environment(**given, PORTERO_DATABASE_URL=url, PORTERO_BRIDGES='{"a": ["b"]}'))
    assert (settings.engine, settings.rekognition_options.region) == ("rekognition", "sa-east-1")
    assert settings.bridge_scopes.keys() == {"a"}
    assert "simulator" not in SERVICES
    assert not any("ENDPOINT" in name for name in SERVICES["server"]["environment"])


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_confined(name: str) -> None:
    """Each has a read-only root, no capabilities, and cannot gain any; those of others are pinned."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert name == "server" or re.fullmatch(r"[a-z/]+:v?[0-9.]+", service["image"])


def test_server_is_given_time_to_drain() -> None:
    """Compose and systemd kill the server later than it promises to have ended."""
    promised = Settings.model_fields["stop_grace"].default
    assert float(SERVICES["server"]["stop_grace_period"].removesuffix("s")) > promised
    unit = (ROOT / "infra/systemd/portero-server.service").read_text()
    assert float(re.findall(r"(?m)^TimeoutStopSec=(\d+)$", unit)[0]) > promised


def test_mounted_files_exist() -> None:
    """Every folder that a container mounts from the project is there."""
    mounted = [
        str(volume).split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if "/" in volume
    ]
    assert all((FILE.parent / path).exists() for path in mounted if path.startswith("."))


def test_prometheus_file_scrapes_this_machine_and_is_sound() -> None:
    """Both default ports are scraped, and Prometheus's own tool finds no fault in file and rules."""
    scraped = yaml.safe_load(ONE_MACHINE.read_text())["scrape_configs"]
    targets = {target for job in scraped for entry in job["static_configs"] for target in entry["targets"]}
    assert Settings.model_fields["admin_listen"].default in targets
    command = [program("promtool"), "check", "config", str(ONE_MACHINE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_s_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guide writes into server.env is understood, and lets nobody in without a credential."""
    (block,) = re.findall(r"server\.env <<'END'\n(.*?)\n *END", GUIDE, flags=re.DOTALL)
    given = dict(line.strip().split("=", 1) for line in block.splitlines())
    settings = _settings(monkeypatch, {name: value.strip("'") for name, value in given.items()})
    assert all(name.startswith(PREFIX) for name in given)
    assert settings.auth == "required"
    check_open(settings)


def test_the_guide_s_wrapper_hands_settings_on(tmp_path: Path) -> None:
    """The script reads the settings as a shell does, JSON included, and runs the command as the server's user."""
    (tmp_path / "server.env").write_text('PORTERO_BRIDGES=\'{"a": ["b"]}\'\nPORTERO_VISIT_GAP=5\n')
    runuser = tmp_path / "runuser"
    runuser.write_text('#!/bin/sh\necho "$@"\nenv | grep ^PORTERO_ | sort\n')
    runuser.chmod(0o755)
    script = tmp_path / "script"
    text = (ROOT / "infra/systemd/portero-server.sh").read_text()
    script.write_text(text.replace("/etc/portero/server.env", str(tmp_path / "server.env")))
    done = subprocess.run(
        ["/bin/sh", str(script), "keys", "list"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert done.stdout.splitlines() == [
        "-u portero -- /opt/portero/bin/portero-server keys list",
        'PORTERO_BRIDGES={"a": ["b"]}',
        "PORTERO_VISIT_GAP=5",
    ]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="this machine has no shellcheck")
def test_shellcheck_finds_no_fault() -> None:
    """The wrapper is sound shell."""
    subprocess.run(["shellcheck", "-e", "SC1091", str(ROOT / "infra/systemd/portero-server.sh")], check=True)
