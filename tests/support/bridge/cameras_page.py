"""Writes CAMERAS.md from the odd cameras that the tests play; with --check, fails when the committed page differs."""

import argparse
import sys

from tests.support.bridge.odd_camera import OddCamera
from tests.support.bridge.odd_cameras import ODD_CAMERAS, ROOMS
from tests.support.repository import ROOT

PAGE = ROOT / "clients/portero_bridge/CAMERAS.md"
_INTRODUCTION = f"""# HTTP cameras that are odd, and what the bridge does

{len(ODD_CAMERAS)} cameras, each played by `tests/unit/portero_bridge/sources/test_odd_cameras.py`. Generated from the
tests' list of them by `make reference`; not edited. One that is missing: add it to `tests/support/bridge/odd_*.py`.

What a camera sends counts, not what it says about it. Settings that are named are those of
[`bridge.example.yaml`](bridge.example.yaml). Where the bridge fails, it says why in its log (`source_down`), once a
state, and tries again.
"""


def page() -> str:
    """Returns the page, Markdown."""
    return _INTRODUCTION + "".join(_room(name, cameras) for name, cameras in ROOMS.items())


def _room(name: str, cameras: tuple[OddCamera, ...]) -> str:
    rows = "".join(f"| {camera.name} | {camera.does} | {camera.we} |\n" for camera in cameras)
    return f"\n## {name}\n\n| camera | what it does | what the bridge does |\n|---|---|---|\n{rows}"


def main() -> int:
    """Writes the page, or checks it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write("clients/portero_bridge/CAMERAS.md drifted: run `make reference` and commit the result\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
