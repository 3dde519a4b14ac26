"""Writes CAMERAS.md from the odd cameras that the tests play; with --check, fails when the committed page differs."""

import argparse
import sys

from tests.support.bridge.odd_camera import OddCamera
from tests.support.bridge.odd_cameras import ODD_CAMERAS, ROOMS
from tests.support.repository import ROOT

PAGE = ROOT / "clients/portero_bridge/CAMERAS.md"
_INTRODUCTION = f"""# Cameras, and what the bridge does

[MQTT cameras](#mqtt-cameras) are below. First the HTTP cameras that are odd:
{len(ODD_CAMERAS)} cameras, each played by `tests/unit/portero_bridge/sources/test_odd_cameras.py`. Generated from the
tests' list of them by `make reference`; not edited. One that is missing: add it to `tests/support/bridge/odd_*.py`.

What a camera sends counts, not what it says about it. Settings that are named are those of
[`bridge.example.yaml`](bridge.example.yaml). Where the bridge fails, it says why in its log (`source_down`), once a
state, and tries again.
"""
_MQTT = """
## MQTT cameras

Whose pictures come by a broker ([how](../README.md#mqtt)). `portero-bridge probe mqtt://BROKER/TOPIC` says what is
published.

| who publishes | topic | what the bridge needs |
|---|---|---|
| ESP32-CAM, with a sketch as below | yours | nothing more |
| Frigate | `frigate/CAMERA/person/snapshot` | `read_timeout` of hours, and whole pictures; see below |
| CameraEvents (Dahua) | `CameraEvents/CAMERA/Image` | `?field=imagebase64` |
| mqttshot | yours | nothing more: its JSON has the picture in `image` |
| Home Assistant's `image_encoding: b64` | yours | nothing more |

Frigate publishes when somebody comes, and draws into its pictures, cuts and shrinks them unless it is told otherwise:
under `cameras: CAMERA: mqtt:` set `bounding_box`, `timestamp` and `crop` to false, and `height` to that of the camera.

An ESP32-CAM, with the libraries `esp_camera` and PubSubClient. `publish` drops what is larger than its buffer without a
word, hence `beginPublish`, which streams:

```cpp
WiFiClientSecure wifi;            // wifi.setCACert(...): the broker's authority
PubSubClient mqtt(wifi);          // mqtt.setServer("broker.example", 8883)

void loop() {
  if (!mqtt.connected() && !mqtt.connect("door-cam", USER, PASSWORD)) { delay(1000); return; }
  camera_fb_t *frame = esp_camera_fb_get();           // PIXFORMAT_JPEG, FRAMESIZE_VGA
  if (frame != nullptr) {
    mqtt.beginPublish("cameras/door/jpeg", frame->len, false);   // false: not retained
    for (size_t at = 0; at < frame->len; at += 1024) mqtt.write(frame->buf + at, min<size_t>(1024, frame->len - at));
    mqtt.endPublish();
    esp_camera_fb_return(frame);
  }
  mqtt.loop();
  delay(200);                                         // five pictures a second
}
```

```yaml
cameras:
  - name: door
    source: mqtts://bridge@broker.example/cameras/door/jpeg
    password_file: mqtt.password
    ca_file: broker-ca.pem
```

In mosquitto's access list the camera may only write (`user door-cam`, `topic write cameras/door/jpeg`) and the bridge
only read (`user bridge`, `topic read cameras/#`). A broker may say nothing at all to whom the list keeps from a topic:
then the bridge hears silence.
"""


def page() -> str:
    """Returns the page, Markdown."""
    return _INTRODUCTION + "".join(_room(name, cameras) for name, cameras in ROOMS.items()) + _MQTT


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
