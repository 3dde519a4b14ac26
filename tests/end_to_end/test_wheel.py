"""The wheel: built as a release is, and used as whoever installs it does."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.repository import ROOT

pytestmark = pytest.mark.slow

_PACKAGES = (
    "protos/gen/portero",
    "server/portero_server",
    "server/portero_simulator",
    "clients/portero_client",
    "clients/portero_bridge",
    "clients/portero_reports",
    "clients/portero_console",
    "clients/portero_cli",
)
_LEFT_OUT = ("__pycache__", "node")
"""What is not installed: compiled code, and the example for Node with its packages."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder, as an installer lays it down."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("portero-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "content")
    return folder / "content"


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not set(_LEFT_OUT) & set(path.parts)
    }


def test_the_wheel_holds_what_the_sources_do(unpacked: Path) -> None:
    """Code, migrations, examples and the example of the bridge's file are in it, the contract too, and nothing else."""
    expected = {name for package in _PACKAGES for name in _files(ROOT / package)}
    expected |= {f"portero/v1/{path.name}" for path in (ROOT / "protos" / "portero" / "v1").glob("*.proto")}
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in held if ".dist-info/" not in name} == expected
    assert any("/migrations/versions/" in name for name in held)
    assert {"portero/v1/stream.proto", "portero_client/examples/stream.py", "portero_client/py.typed"} <= held
    assert "portero_bridge/bridge.example.yaml" in held


def test_a_server_from_the_wheel_makes_its_database(unpacked: Path, tmp_path: Path) -> None:
    """Outside of the checkout, with the wheel's files alone, the migrations are found and run."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}
    environment = {**clean, "PYTHONPATH": str(unpacked), "PORTERO_DATA_FOLDER": str(tmp_path / "data")}

    def printed(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert printed("-c", "import portero_server; print(portero_server.__file__)").startswith(str(unpacked))
    assert "is up to date" in printed("-m", "portero_server", "migrate")
    assert (tmp_path / "data" / "portero.db").stat().st_size > 0
