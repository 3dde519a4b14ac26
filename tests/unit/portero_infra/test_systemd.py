"""The units for a bridge on a machine of its own, and for a server on one Debian machine, and all that is shell."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from portero_bridge.arguments import read_arguments
from portero_bridge.settings import Tuning
from portero_client.settings import ConnectionSettings
from portero_server.__main__ import command_line
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


UNITS = sorted(path.name for path in UNIT.parent.glob("*.service"))


@pytest.mark.parametrize("name", [name for name in UNITS if name != UNIT.name])
def test_server_takes_the_command_lines(name: str) -> None:
    """The server's own parser accepts the arguments that each unit starts it with, and nothing runs as root."""
    unit = (UNIT.parent / name).read_text()
    (line,) = re.findall(r"(?m)^ExecStart=(.*)$", unit)
    program, *arguments = line.split()
    assert program.endswith("/portero-server")
    assert command_line().parse_args(arguments).command in ("serve", "backup")
    assert "\nUser=portero\n" in unit
    assert "\nStateDirectoryMode=0700\n" in unit
    assert "\nNoNewPrivileges=yes\n" in unit


def test_every_backup_is_started_by_a_timer_and_expires() -> None:
    """Each service that makes backups has a timer of its name, and removes old ones of the name it gives."""
    for name in ("portero-backup", "portero-decisions"):
        unit, timer = ((UNIT.parent / f"{name}.{kind}").read_text() for kind in ("service", "timer"))
        assert "\nOnCalendar=" in timer
        (pattern,) = re.findall(r"-name (\S+) -mtime", unit)
        made = (
            "portero-decisions-20260302T080000Z.backup" if "--decisions" in unit else "portero-20260302T080000Z.backup"
        )
        other = (
            "portero-20260302T080000Z.backup" if "--decisions" in unit else "portero-decisions-20260302T080000Z.backup"
        )
        assert fnmatch(made, pattern)
        assert not fnmatch(other, pattern)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
@pytest.mark.parametrize("name", [*UNITS, "portero-backup.timer", "portero-decisions.timer"])
def test_systemd_finds_no_fault(tmp_path: Path, name: str) -> None:
    """Every line of a unit is understood by systemd itself."""
    for path in UNIT.parent.glob("*.[st]*"):
        # The programs are not installed where the tests run.
        text = re.sub(r"(?m)^ExecStart=/opt/portero/bin/\S+", "ExecStart=/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    command = ["systemd-analyze", "verify", str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is missing: .ci/system shellcheck")
def test_shellcheck_finds_no_fault() -> None:
    """Each shell script of the repository passes shellcheck, down to its advice."""
    scripts = [UNIT.parent / "portero-server.sh", ROOT / ".ci" / "run", ROOT / ".ci" / "system"]
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
