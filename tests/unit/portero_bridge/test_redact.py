"""Passwords never reach what people see."""

import pytest
from hypothesis import given, strategies

from portero_bridge.redact import redact_url


@pytest.mark.parametrize(
    ("shown", "given_text"),
    [
        ("rtsp://***@10.0.0.8:554/h264", "rtsp://admin:s3cret@10.0.0.8:554/h264"),
        ("http://***@cam/stream", "http://admin:p@ss@cam/stream"),
        ("http://***@cam/stream", "http://admin:pa/ss?w#rd@cam/stream"),
        ("http://***@cam/", "http://token@cam/"),
        ("http://cam:81/stream", "http://cam:81/stream"),
        ("http://cam/snap?user=***&pwd=***&size=2", "http://cam/snap?user=joe&pwd=s3cret&size=2"),
        ("http://cam/snap?auth_token=***", "http://cam/snap?auth_token=abc"),
        ("no route to rtsp://***@cam, again", "no route to rtsp://joe:s3cret@cam, again"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_addresses_keep_their_host_and_lose_their_secrets(shown: str, given_text: str) -> None:
    """What says where the camera is stays; what opens it goes."""
    assert redact_url(given_text) == shown


@given(password=strategies.text(strategies.characters(blacklist_categories=["Z", "C"]), min_size=1))
def test_no_password_survives(password: str) -> None:
    """Whatever a password is made of, unescaped as it is, it does not come out."""
    marked = f"<{password}>"
    assert marked not in redact_url(f"rtsp://user:{marked}@camera.example/stream")
