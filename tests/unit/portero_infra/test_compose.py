"""The composition for one machine: valid, closed to the outside, and in step with the settings."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from portero_bridge.settings import BridgeSettings
from portero_client.settings import ConnectionSettings
from portero_console.settings import load_settings
from portero_server.composition import transport
from portero_server.composition.access import check_open
from portero_server.errors import StartupProblem
from portero_server.settings import PREFIX, Settings
from portero_server.telemetry.process_metrics import TlsMetrics
from tests.support.repository import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if str(service["image"]).startswith("portero-")]
FIELDS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_compose_file_follows_the_specification() -> None:
    """The file passes the schema of the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_is_published_beyond_this_machine() -> None:
    """Every published port is bound to the loopback address, and the database's is not published at all."""
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "ports" not in SERVICES["database"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_confined(name: str) -> None:
    """Each container of ours has a read-only root, no capabilities, and cannot gain any."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service


def test_images_of_others_are_pinned() -> None:
    """What others build is named by version."""
    others = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    assert all(":" in image and not image.endswith(":latest") for image in others)


@pytest.mark.parametrize("name", ["server", "migrate"])
def test_every_variable_is_a_setting(name: str) -> None:
    """The server knows each PORTERO_ variable of its containers."""
    given = {variable for variable in SERVICES[name]["environment"] if variable.startswith(PREFIX)}
    assert given <= FIELDS


@pytest.mark.parametrize("left_out", [None, "PORTERO_PLAINTEXT_OFF_LOOPBACK", "PORTERO_ANYONE_OFF_LOOPBACK"])
def test_server_serves_the_other_containers(left_out: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes other containers in plain text and without keys, for which it needs both settings."""
    for variable, value in SERVICES["server"]["environment"].items():
        if variable != left_out:
            monkeypatch.setenv(variable, str(value))
    settings = Settings()
    with nullcontext() if left_out is None else pytest.raises(StartupProblem, match=left_out):
        check_open(settings)
        options = transport.build(settings, TlsMetrics(CollectorRegistry()))
        assert options.listen == "0.0.0.0:50051"
        assert options.certificates is None


def test_clients_speak_what_the_server_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two containers that call the server do so in plain text, and the server has no certificate."""
    camera = BridgeSettings.model_validate(yaml.safe_load((ROOT / "infra/compose/bridge.yaml").read_text()))
    assert not camera.connection().is_encrypted
    for variable, value in SERVICES["people"]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    people = ConnectionSettings.from_environment()
    assert (people.server, people.is_encrypted) == (camera.server, False)
    assert "PORTERO_TLS_CERTIFICATE" not in SERVICES["server"]["environment"]


def test_console_calls_the_server_and_serves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings are whole, it speaks what the server speaks, and its port is the one that is published."""
    service = SERVICES["console"]
    for variable, value in service["environment"].items():
        monkeypatch.setenv(variable, str(value))
    settings = load_settings(listen="0.0.0.0:8080")
    assert settings.admits_anyone
    assert not ConnectionSettings.from_environment().is_encrypted
    assert service["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]


def test_server_is_given_time_to_drain() -> None:
    """Compose kills the server later than the server promises to have ended."""
    patience = float(SERVICES["server"]["stop_grace_period"].removesuffix("s"))
    assert patience > Settings.model_fields["stop_grace"].default


def test_mounted_files_exist() -> None:
    """Every file and folder that a container mounts from the project is there."""
    mounted = {
        str(volume).split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if str(volume).startswith("./")
    }
    assert mounted
    assert all((ROOT / path).exists() for path in mounted)


def test_camera_has_settings_that_the_bridge_takes() -> None:
    """The sample camera's file passes the bridge's own checks and names a service of the composition."""
    settings = BridgeSettings.model_validate(yaml.safe_load((ROOT / "infra/compose/bridge.yaml").read_text()))
    assert settings.server == "server:50051"
    assert [camera.name for camera in settings.cameras] == ["lobby"]


def test_prometheus_scrapes_what_serves_metrics() -> None:
    """Each target is a service of the composition, at the port where it serves metrics."""
    scraped = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yaml").read_text())["scrape_configs"]
    targets = {target for job in scraped for entry in job["static_configs"] for target in entry["targets"]}
    admin = SERVICES["server"]["environment"]["PORTERO_ADMIN_LISTEN"].rpartition(":")[2]
    camera = yaml.safe_load((ROOT / "infra/compose/bridge.yaml").read_text())["metrics_listen"].rpartition(":")[2]
    assert targets == {f"server:{admin}", f"camera:{camera}"}


def test_grafana_reads_the_prometheus_beside_it() -> None:
    """The provisioned data source is the composition's Prometheus, under the identifier that dashboards name."""
    folder = ROOT / "infra/grafana/provisioning"
    (source,) = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]
    assert (source["uid"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (provider,) = yaml.safe_load((folder / "dashboards/portero.yaml").read_text())["providers"]
    mounts = [str(volume) for volume in SERVICES["grafana"]["volumes"]]
    assert any(provider["options"]["path"] in mount for mount in mounts)
