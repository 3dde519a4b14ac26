"""User names and passwords."""

import httpx2
import pytest
from hypothesis import given, strategies

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.credentials import AskedAuth, Credentials, challenges_of, split_credentials

URL = "http://cam/stream"


@pytest.mark.parametrize(
    ("address", "url", "username", "password"),
    [
        ("http://joe:secret@cam:81/a?b=c", "http://cam:81/a?b=c", "joe", "secret"),
        ("http://joe@cam", "http://cam", "joe", ""),
        ("http://joe:p%40ss%20word@cam/", "http://cam/", "joe", "p@ss word"),
        ("http://joe:p@ss@cam/", "http://cam/", "joe", "p@ss"),
        ("http://joe:a/b?c#d@cam/x", "http://cam/x", "joe", "a/b?c#d"),
        ("http://joe:12#34@cam/x", "http://cam/x", "joe", "12#34"),
        ("http://joe:100%@cam/x", "http://cam/x", "joe", "100%"),
        ("https://joe:a:b@[2001:db8::7]:443/x", "https://[2001:db8::7]:443/x", "joe", "a:b"),
        ("http://:@cam/x", "http://cam/x", "", ""),
    ],
)
def test_they_are_found_encoded_or_as_they_are(address: str, url: str, username: str, password: str) -> None:
    """Signs that end an authority may stand in a password."""
    assert split_credentials(address) == (url, Credentials(username, password))


@pytest.mark.parametrize("address", [URL, "http://cam:81/mail?to=a@b", "http://cam/a@b/c"])
def test_an_at_sign_elsewhere_is_no_user(address: str) -> None:
    """Paths and queries may have one."""
    assert split_credentials(address) == (address, None)


@given(strategies.text(max_size=60))
def test_any_text_is_split_into_something(text: str) -> None:
    """Nothing that is typed breaks it."""
    split_credentials(text)
    split_credentials(f"http://{text}")


def test_a_password_is_not_shown() -> None:
    """Credentials can be printed."""
    assert "secret" not in repr(Credentials("joe", "secret"))


def test_challenges_of_one_line_are_told_apart() -> None:
    """Commas separate parameters as well as challenges."""
    digest = 'Digest realm="a, Basic b", nonce="1"'
    assert challenges_of([f'Basic realm="x", {digest}', "Bearer"])[0] == 'Basic realm="x"'
    assert challenges_of(['Basic realm="x"', digest.replace(", Basic b", "")]) == [
        'Basic realm="x"',
        'Digest realm="a", nonce="1"',
    ]


def _answer(status: int, *challenges: str) -> httpx2.Response:
    fields = [("www-authenticate", challenge) for challenge in challenges]
    return httpx2.Response(status, headers=fields, request=httpx2.Request("GET", URL))


def test_nothing_is_sent_before_a_camera_asks() -> None:
    """The first request carries no password, and one that was accepted carries it from then on."""
    auth = AskedAuth(Credentials("joe", "secret"))
    flow = auth.flow(httpx2.Request("GET", URL))
    assert "authorization" not in next(flow).headers
    assert flow.send(_answer(401, 'Basic realm="x"')).headers["authorization"].startswith("Basic ")
    with pytest.raises(StopIteration):
        flow.send(_answer(200))
    assert "authorization" in next(auth.flow(httpx2.Request("GET", URL))).headers


def test_refused_credentials_are_tried_once() -> None:
    """A camera that refuses them is not asked again at once, nor with the same header the next time."""
    for challenge in ('Basic realm="x"', 'Digest realm="x", nonce="n", qop="auth"'):
        auth = AskedAuth(Credentials("joe", "secret"))
        flow = auth.flow(httpx2.Request("GET", URL))
        next(flow)
        flow.send(_answer(401, challenge))
        with pytest.raises(SourceFault, match="refuses") as raised:
            flow.send(_answer(401, challenge))
        assert raised.value.is_refusal
        assert "authorization" not in next(auth.flow(httpx2.Request("GET", URL))).headers


def test_a_camera_that_asks_for_something_else_later_is_answered() -> None:
    """A Digest that grew stale, and one that became Basic, cost one further request."""
    auth = AskedAuth(Credentials("joe", "secret"))
    for challenge in ('Digest realm="x", nonce="1"', 'Digest realm="x", nonce="2"', 'Basic realm="x"'):
        flow = auth.flow(httpx2.Request("GET", URL))
        next(flow)
        assert flow.send(_answer(401, challenge)).headers["authorization"].startswith(challenge.split()[0])
        with pytest.raises(StopIteration):
            flow.send(_answer(200))
        assert auth.asked == challenge.split()[0]


@pytest.mark.parametrize("challenge", ["Digest", "Digest nonce", 'Digest realm="x"', "Digest a=b=c,,"])
def test_a_malformed_challenge_is_a_fault(challenge: str) -> None:
    """What cannot be answered is told, without the library's words."""
    flow = AskedAuth(Credentials("joe", "secret")).flow(httpx2.Request("GET", URL))
    next(flow)
    with pytest.raises(SourceFault, match="the camera asks for a password"):
        flow.send(_answer(401, challenge))
