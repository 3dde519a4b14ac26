"""The bridge's unit for a machine of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from portero_bridge.arguments import read_arguments
from portero_bridge.settings import Tuning
from portero_client.settings import ConnectionSettings
from tests.support.repository import ROOT

UNIT = ROOT / "infra" / "systemd" / "portero-bridge.service"
GUIDE = UNIT.parents[1] / "raspberry-pi.md"
SERVICE = [
    (key, value)
    for line in UNIT.read_text().splitlines()
    if "=" in line and not line.startswith("#")
    for key, _, value in [line.partition("=")]
]


def _value(key: str) -> str:
    return next(value for name, value in SERVICE if name == key)


def test_bridge_takes_the_command_line(tmp_path: Path) -> None:
    """The bridge accepts the arguments that the unit starts it with."""
    config = tmp_path / "bridge.yaml"
    config.write_text(yaml.safe_dump({"cameras": [{"name": "door", "source": "http://127.0.0.1:81/stream"}]}))
    program, *arguments = _value("ExecStart").replace("%d", str(tmp_path)).split()
    assert program.endswith("/portero-bridge")
    assert [camera.name for camera in read_arguments(arguments).cameras] == ["door"]


def test_bridge_is_given_time_to_hand_over() -> None:
    """The bridge is killed later than it takes to stop by itself."""
    assert float(_value("TimeoutStopSec")) > Tuning().stop_timeout


def test_bridge_may_do_no_more_than_it_must() -> None:
    """The unit runs as nobody in particular, with no capabilities and nothing to write but its spool."""
    confined = {
        "DynamicUser": "yes",
        "CapabilityBoundingSet": "",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
    }
    assert {key: _value(key) for key in confined} == confined


def test_guide_names_variables_that_the_bridge_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each drop-in of the guide tells the bridge of every credential that it loads, by variables the bridge knows."""
    blocks = re.findall(r"\[Service\]\n(.*?)END", GUIDE.read_text(), flags=re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.setenv("PORTERO_SERVER", "portero.example.com:443")
    read: list[set[str]] = []
    for block in blocks:
        loaded = set(re.findall(r"LoadCredential=([\w.]+):/etc/portero/", block))
        with monkeypatch.context() as patch:
            for variable, value in re.findall(r"(PORTERO_\w+)=(\S+)", block):
                patch.setenv(variable, value.replace("%d", str(tmp_path)))
            settings = ConnectionSettings.from_environment()
        named = {path.name for path in (*settings.tls_files.paths, settings.token_file) if path is not None}
        assert named == loaded
        assert settings.is_encrypted
        read.append(named)
    assert read == [{"bridge.key"}, {"bridge.crt", "bridge.key", "ca.crt"}]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    """Every line of the unit is understood by systemd itself."""
    unit = tmp_path / UNIT.name
    # The program is not installed where the tests run.
    unit.write_text(UNIT.read_text().replace("ExecStart=/opt/portero/bin/portero-bridge", "ExecStart=/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
