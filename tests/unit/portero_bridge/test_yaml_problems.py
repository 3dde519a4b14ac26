"""All mistakes of a YAML file are named at once, with line and camera."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_bridge.errors import SettingsError
from portero_bridge.settings import BridgeSettings, repeated_names
from portero_bridge.yaml_file import read_yaml

_FILE = """\
server: portero.example:50052
regsiter_cameras: true
cameras:
  - name: front-door
    source: http://192.0.2.31:81/stream
    rate: 500
    quality: 0
  - name: counter
    source: rtsp://viewer:s3cret@192.0.2.40/stream1
    sourse: "0"
    spool: {max_byte: 5, max_age: -1}
  - source: ftp://joe:s3cret@192.0.2.41/x
  - &base
    name: front-door
    source: "0"
    max_side: 5
  - <<: *base
    name: yard
    rate: 1
    rate: 2
"""


def _message(tmp_path: Path, text: str) -> str:
    path = tmp_path / "bridge.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_yaml(path, BridgeSettings, repeated_names)
    return raised.value.message


def test_every_mistake_is_named_with_line_and_camera(tmp_path: Path) -> None:
    """Whoever wrote a file with a dozen mistakes corrects them all before the next try."""
    first, *lines = _message(tmp_path, _FILE).splitlines()
    assert first == f"{tmp_path / 'bridge.yaml'}: {len(lines)} mistakes"
    assert [line.strip().partition(": Input")[0].partition(": source 'ftp")[0] for line in lines] == [
        "line 2, regsiter_cameras: there is no such setting (did you mean register_cameras?)",
        "line 6, camera front-door: rate",
        "line 7, camera front-door: quality",
        "line 10, camera counter: sourse: there is no such setting (did you mean source?)",
        "line 11, camera counter: spool: max_age",
        "line 11, camera counter: spool: max_byte: there is no such setting (did you mean max_bytes?)",
        "line 12, camera 3: name: Field required",
        "line 12, camera 3: source",
        "line 14, camera front-door: name: two cameras are named 'front-door': each name may be given once",
        "line 16, camera front-door: max_side",
        "line 16, camera yard: max_side",
        "line 20, camera yard: rate: is written twice",
    ]


def test_no_mistake_shows_a_password(tmp_path: Path) -> None:
    """Neither a wrong value nor an address in the wrong place is shown with what opens the camera."""
    assert "s3cret" not in _message(tmp_path, _FILE)
    assert "s3cret" not in _message(tmp_path, "cameras: [{name: a, 'rtsp://joe:s3cret@cam/x': '0'}]")
    assert "s3cret" not in _message(tmp_path, "cameras: ['rtsp://joe:s3cret@cam/x']")


@pytest.mark.parametrize(
    "text", ["cameras: 5", "cameras: [5, x]", "cameras: {a: 1}", '"a\\nb": 1', "[]", "cameras:", ""]
)
def test_a_file_of_another_shape_is_described_too(tmp_path: Path, text: str) -> None:
    """Whatever stands in the place of cameras is refused line by line, and never with a fault of ours."""
    first, *lines = _message(tmp_path, text).splitlines()
    assert all(line.startswith("  line 1, ") for line in lines)
    assert lines or ": line 1, " in first
