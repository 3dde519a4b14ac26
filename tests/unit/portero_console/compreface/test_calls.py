"""Who is let in, and what bodies may be."""

from __future__ import annotations

import base64
from collections.abc import Callable

import grpc
import pytest
from portero.v1 import access_service_pb2 as access

from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.console.browser import Browser
from tests.support.console.program import Program

Open = Callable[..., Browser]
_RECOGNIZE = "/recognition/recognize"
_OTHERS = "192.0.2.7"


async def test_a_call_needs_its_header(program: Program) -> None:
    """Without x-api-key the answer is CompreFace's, whatever else the request shows."""
    answer = await program.browser.http.get("/api/v1/recognition/subjects", headers={"authorization": "Bearer x"})
    assert (answer.status_code, answer.json()) == (400, {"message": "Missing header: x-api-key", "code": 20})
    assert "set-cookie" not in answer.headers


async def test_a_login_is_not_looked_at(program: Program, server: FakeServer) -> None:
    """A browser's cookie neither lets a call in nor asks it for the word of a page."""
    subject = access.GetCallerResponse(subject="keys/k1", grants=[access.Grant(role=access.ROLE_OPERATOR)])
    server.keys.caller = subject
    await program.browser.log_in()
    assert (await program.browser.http.post("/api/v1/recognition/subjects", json={"subject": "Ana"})).status_code == 400
    assert (await program.ask("POST", "/recognition/subjects", json={"subject": "Ana"}))[0] == 201


async def test_an_unknown_key_is_refused_and_not_repeated(program: Program, server: FakeServer) -> None:
    """The answer is 401 with CompreFace's code, and has no part of the key."""
    server.refuse("SearchByImage", Refusal(grpc.StatusCode.UNAUTHENTICATED, "who?"))
    answer = await program.ask("POST", _RECOGNIZE, files={"file": photo("a")})
    assert answer == (401, {"message": "Service with this API key not found", "code": 10})
    malformed = await program.ask("GET", "/recognition/subjects", headers={"x-api-key": "two words"})
    assert malformed[0] == 401


async def test_a_page_of_another_site_is_refused(program: Program) -> None:
    """What a browser says comes from elsewhere is turned away before anything looks at its key."""
    status, _ = await program.ask("DELETE", "/recognition/subjects", headers={"sec-fetch-site": "cross-site"})
    assert status == 403


async def test_a_server_without_keys_is_not_open_to_other_machines(open_browser: Open) -> None:
    """A key that nobody checks lets nobody in from elsewhere."""
    browser = open_browser(compreface=True, listen="0.0.0.0:8080", plaintext_off_loopback=True, address=_OTHERS)
    status, document = await Program(browser).ask("GET", "/recognition/subjects")
    assert (status, document["code"]) == (403, 0)


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"files": {"image": b"x"}}, 400, 34),
        ({"files": {"file": b"GIF89a"}}, 400, 21),
        ({"json": {"file": "no base64!"}}, 400, 21),
        ({"json": {"file": 7}}, 400, 21),
        ({"json": {}}, 400, 34),
        ({"json": []}, 400, 0),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, 0),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, 0),
        ({"content": photo("a"), "headers": {"content-type": "image/jpeg"}}, 415, 0),
    ],
)
async def test_a_body_without_a_photo_is_refused(
    given: dict[str, object], status: int, code: int, program: Program, server: FakeServer
) -> None:
    """Each kind of mistake has its code, and the server is asked nothing."""
    answer = await program.ask("POST", _RECOGNIZE, **given)
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert server.calls["SearchByImage"] == 0


async def test_bodies_are_bounded(open_browser: Open) -> None:
    """A photo is bounded by the setting, and so are the body around it and documents without photos."""
    program = Program(open_browser(compreface=True, max_upload=1000))
    status, document = await program.ask("POST", _RECOGNIZE, files={"file": photo("a" * 1000)})
    assert (status, document) == (413, {"message": "file is larger than 0.000954 MiB", "code": 0})
    assert (await program.ask("POST", _RECOGNIZE, files={"file": b"x" * 70_000}))[0] == 413
    encoded = {"file": base64.b64encode(photo("a" * 900)).decode()}
    assert (await program.ask("POST", _RECOGNIZE, json=encoded))[0] == 200
    assert (await program.ask("POST", "/recognition/subjects", json={"subject": "x" * 70_000}))[0] == 413


async def test_photos_are_counted_each(open_browser: Open) -> None:
    """A call with two photos counts twice for the rate, and the answer says when to try again."""
    program = Program(open_browser(compreface=True, upload_rate=3.0))
    both = {"source_image": photo("a"), "target_image": photo("a")}
    statuses = [(await program.ask("POST", "/verification/verify", files=both))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
