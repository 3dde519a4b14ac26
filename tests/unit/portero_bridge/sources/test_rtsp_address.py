"""Addresses of RTSP cameras."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_bridge.sources.rtsp_address import RtspAddress, read_rtsp_address

PASSWORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1).filter(lambda text: "%" not in text)


@pytest.mark.parametrize(
    ("given_address", "url"),
    [
        ("rtsp://admin:p#ss@cam/live", "rtsp://admin:p%23ss@cam/live"),
        ("rtsp://admin:p@ss@cam:8554/live?x=1", "rtsp://admin:p%40ss@cam:8554/live?x=1"),
        ("rtsp://admin:p/s?s@10.0.0.8/live", "rtsp://admin:p%2Fs%3Fs@10.0.0.8/live"),
        ("rtsp://admin:100%@cam/live", "rtsp://admin:100%25@cam/live"),
        ("rtsp://admin:p%23ss@cam/live", "rtsp://admin:p%23ss@cam/live"),
        ("rtsp://admin:@cam/live", "rtsp://admin:@cam/live"),
        ("rtsp://token@cam/live", "rtsp://token@cam/live"),
        ("rtsp://cam/live", "rtsp://cam/live"),
        ("rtsp://cam:554/live@home", "rtsp://cam:554/live@home"),
        ("rtsp://cam/user=admin_password=x_channel=1", "rtsp://cam/user=admin_password=x_channel=1"),
    ],
)
def test_a_password_is_escaped_as_ffmpeg_needs_it(given_address: str, url: str) -> None:
    """What is escaped stays as it is, what is not is escaped, and nothing else changes."""
    assert read_rtsp_address(given_address).url == url


def test_an_address_has_its_parts() -> None:
    """Host and port are those of the camera, the password is the one that it wants."""
    assert read_rtsp_address("rtsps://ad%20min:p#s:s@[fe80::1]:8322/a/b?c") == RtspAddress(
        url="rtsps://ad%20min:p%23s%3As@[fe80::1]:8322/a/b?c",
        plain="rtsps://[fe80::1]:8322/a/b?c",
        host="fe80::1",
        port=8322,
        is_secure=True,
        user="ad min",
        password="p#s:s",
    )
    assert read_rtsp_address("rtsps://cam/").port == 322


@given(password=PASSWORD, path=st.sampled_from(["", "/", "/live/1?x=2#3"]))
def test_any_password_is_found(password: str, path: str) -> None:
    """Raw or escaped, every password comes out as it is."""
    for written in (password, quote(password, safe="")):
        address = read_rtsp_address(f"rtsp://admin:{written}@cam:554{path}")
        assert (address.user, address.password, address.host, address.port) == ("admin", password, "cam", 554)
        assert address.plain == f"rtsp://cam:554{path}"


@given(st.text(max_size=60))
def test_any_address_has_parts(address: str) -> None:
    """Nothing raises, whatever stands behind the scheme."""
    assert 0 <= read_rtsp_address(f"rtsp://{address}").port <= 65_535
