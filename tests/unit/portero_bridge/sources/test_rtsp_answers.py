"""Answers of RTSP cameras."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_bridge.sources.rtsp_address import read_rtsp_address
from portero_bridge.sources.rtsp_answers import authorization, is_final, is_whole, read_answer, why

ADDRESS = read_rtsp_address("rtsp://admin:s3cret@cam/live")
STRANGER = read_rtsp_address("rtsp://cam/live")
SDP = "v=0\r\nm=audio 0 RTP/AVP 0\r\n{}"


def answer(status: str, body: str = "", *headers: str) -> bytes:
    """Returns the bytes of an answer."""
    head = [f"RTSP/1.0 {status}", "CSeq: 1", *headers, f"Content-Length: {len(body)}"]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (answer("401 Unauthorized"), "the camera refuses the user name or the password (401)"),
        (answer("403 Forbidden"), "the camera forbids this user to see the stream (403)"),
        (answer("404 Not Found"), "the camera has no stream at this path (404)"),
        (answer("503 Service Unavailable"), "the camera is too busy: too many viewers (503)"),
        (answer("551 Option not\x1b supported"), "the camera answered with RTSP status 551 Option not supported"),
        (answer("200 OK", SDP.format("")), "the stream at this path has no video"),
        (
            answer("200 OK", SDP.format("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n")),
            "the camera offers H265 video, but no picture came over TCP; try rtsp_transport: udp",
        ),
        (
            answer("200 OK", SDP.format("m=video 0 RTP/AVP 26\r\n")),
            "the camera offers JPEG video, but no picture came over TCP; try rtsp_transport: udp",
        ),
    ],
)
def test_an_answer_is_told_in_one_line(data: bytes, says: str) -> None:
    """Each reason has its words, without address and password."""
    read = read_answer(data)
    assert read is not None
    assert why(read, ADDRESS, "tcp") == says


def test_a_camera_without_a_password_given_wants_one() -> None:
    """Nothing was refused where nothing was given."""
    read = read_answer(answer("401 Unauthorized"))
    assert read is not None
    assert why(read, STRANGER, "tcp") == "the camera wants a user name and a password (401)"


def test_digest_is_answered_as_its_standard_says() -> None:
    """With and without qop, and with SHA-256."""

    def expected(name: str, *, qop: bool) -> str:
        def hashed(text: str) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        middle = "n:00000001:portero:auth" if qop else "n"
        return hashed(f"{hashed('admin:cam:s3cret')}:{middle}:{hashed('DESCRIBE:rtsp://cam/live')}")

    for challenge, name, qop in (
        ('Digest realm="cam", nonce="n"', "md5", False),
        ('Digest realm="cam", nonce="n", qop="auth,auth-int", opaque="o"', "md5", True),
        ('Digest realm="cam", nonce="n", algorithm=SHA-256, qop="auth"', "sha256", True),
    ):
        read = read_answer(answer("401 Unauthorized", "", f"WWW-Authenticate: {challenge}"))
        assert read is not None
        permit = authorization(read, ADDRESS, "DESCRIBE")
        assert permit is not None
        assert f'response="{expected(name, qop=qop)}"' in permit


def test_basic_is_answered_and_other_schemes_are_not() -> None:
    """The first scheme that is spoken here is taken."""
    read = read_answer(answer("401 No", "", "WWW-Authenticate: Bearer x", 'WWW-Authenticate: Basic realm="cam"'))
    assert read is not None
    assert authorization(read, ADDRESS, "DESCRIBE") == "Basic YWRtaW46czNjcmV0"
    read = read_answer(answer("401 No", "", "WWW-Authenticate: Negotiate"))
    assert read is not None
    assert authorization(read, ADDRESS, "DESCRIBE") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    """Whatever a camera sends, reading it raises nothing."""
    for sent in (data, b"RTSP/1.0 401 " + data, answer("200 OK") + data):
        is_whole(sent)
        read = read_answer(sent)
        if read is not None:
            authorization(read, ADDRESS, "DESCRIBE")
            assert is_final(read, STRANGER, is_tried=False) in (True, False)
            assert "\n" not in why(read, ADDRESS, "udp")


def test_an_answer_is_whole_with_its_body() -> None:
    """Fewer bytes than it announces are not its end."""
    whole = answer("200 OK", "v=0")
    assert is_whole(whole)
    assert not is_whole(whole[:-1])
    assert not is_whole(whole[:20])
