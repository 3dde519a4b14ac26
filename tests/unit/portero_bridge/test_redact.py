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
        (
            "rtsp://10.0.0.8:554/user=***_password=***_channel=1_stream=0.sdp?real_stream",
            "rtsp://10.0.0.8:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream",
        ),
        ("rtsp://10.0.0.8/user=***&password=***&channel=1", "rtsp://10.0.0.8/user=admin&password=&channel=1"),
        ("rtsp://10.0.0.8/0/***/main", "rtsp://10.0.0.8/0/admin:12345/main"),
        ("http://cam/login/password/***/stream", "http://cam/login/password/12345/stream"),
        ("http://cam/v.cgi?loginuse=***&loginpas=***&rate=1", "http://cam/v.cgi?loginuse=admin&loginpas=888&rate=1"),
        ("http://cam/v?u=***&p=***&rate=1", "http://cam/v?u=admin&p=888&rate=1"),
        ("10.0.0.8:554/user=***_password=***_channel=1", "10.0.0.8:554/user=admin_password=s3cret_channel=1"),
        ("http://[::1]:81/stream", "http://[::1]:81/stream"),
        ("no route to rtsp://***@cam, again", "no route to rtsp://joe:s3cret@cam, again"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_addresses_keep_their_host_and_lose_their_secrets(shown: str, given_text: str) -> None:
    """What says where the camera is stays; what opens it goes."""
    assert redact_url(given_text) == shown


@given(password=strategies.text(strategies.characters(whitelist_categories=["L", "N"]), min_size=6))
@pytest.mark.parametrize(
    "address",
    [
        "rtsp://cam/user=admin_password={}_channel=1",
        "rtsp://cam/user=admin&password={}&channel=1",
        "http://cam/snap?x=1&passwd={}",
        "rtsp://cam:554/live/admin:{}/main",
        "rtsp://cam/cam1;pwd={};x=1",
    ],
)
def test_no_password_survives_in_a_path(address: str, password: str) -> None:
    """Wherever cameras want their password, it does not come out."""
    assert f"={password}" not in redact_url(address.format(password))
    assert f":{password}" not in redact_url(address.format(password))


@given(password=strategies.text(strategies.characters(blacklist_categories=["Z", "C"]), min_size=1))
def test_no_password_survives(password: str) -> None:
    """Whatever a password is made of, unescaped as it is, it does not come out."""
    marked = f"<{password}>"
    assert marked not in redact_url(f"rtsp://user:{marked}@camera.example/stream")
