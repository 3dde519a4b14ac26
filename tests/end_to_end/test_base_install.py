"""What an integrator gets who installs the package into a project of their own, without extras."""

from __future__ import annotations

import pytest

from tests.support.processes.base_install import absent_modules, run_with_base
from tests.support.repository import ROOT

EXAMPLES = sorted(path.name for path in (ROOT / "clients" / "portero_client" / "examples").glob("*.py"))


def test_the_base_is_told_from_the_extras() -> None:
    """What the other tests hide is what only servers, bridges and developers have."""
    assert {"sqlalchemy", "pydantic_settings", "cv2", "numpy", "prometheus_client", "pytest"} <= absent_modules()
    assert not {"grpc", "google", "rich", "typer", "portero_client"} & absent_modules()


def test_the_sdk_and_the_command_line_need_no_extra() -> None:
    """The SDK with its streams is imported, and the command line runs."""
    done = run_with_base("import portero_client; print(portero_client.CameraStream.__name__)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "CameraStream\n", "")
    done = run_with_base("import sys\nfrom portero_cli.__main__ import main\nsys.exit(main())", "--version")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_needs_no_extra(example: str) -> None:
    """An example says how it is used where only the SDK is installed."""
    path = ROOT / "clients" / "portero_client" / "examples" / example
    done = run_with_base(f"import runpy\nrunpy.run_path({str(path)!r}, run_name='__main__')", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage:" in done.stdout


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("portero_bridge", "portero[bridge]"),
        ("portero_server", "portero[server,local]"),
        ("portero_simulator", "portero[server,local,simulator]"),
    ],
)
def test_the_other_programs_say_what_to_install(package: str, extras: str) -> None:
    """Without its libraries a program ends with 1 and one line, not with a traceback."""
    done = run_with_base(f"import sys\nfrom {package}.launch import main\nsys.exit(main())", "--help")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"pip install '{extras}'\n")
