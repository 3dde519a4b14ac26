"""Which pages there are for whom."""

from __future__ import annotations

import grpc
import pytest
from portero.v1 import access_service_pb2 as access

from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.console.browser import Browser, browser_of

_PAGES = {
    *("/now", "/wall", "/people", "/enroll", "/people/ana", "/search", "/sightings", "/review"),
    *("/attendance", "/attendance/groups/1b", "/attendance/people/ana", "/usage", "/audit"),
}
_CLASSES = {"/attendance", "/attendance/groups/1b", "/attendance/people/ana"}
_LINKED = _PAGES - {"/wall", "/people/ana", "/attendance/groups/1b", "/attendance/people/ana"}


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (access.ROLE_ADMIN, _PAGES),
        (access.ROLE_OPERATOR, _PAGES - {"/audit"}),
        (access.ROLE_READER, {"/now", "/wall", "/people", "/people/ana", "/sightings"} | _CLASSES),
        (access.ROLE_CHECK_IN_DESK, {"/now", "/wall", "/enroll", "/people/ana", "/search", "/sightings"}),
        (access.ROLE_TEACHER, _CLASSES),
        (access.ROLE_GUARDIAN, {"/attendance", "/attendance/people/ana"}),
        (access.ROLE_METRICS, set()),
    ],
)
async def test_each_role_sees_the_pages_that_work_for_it(
    role: access.Role.ValueType, shown: set[str], browser: Browser, server: FakeServer
) -> None:
    """Other pages say that the key is not for them, and the navigation leaves them out."""
    server.keys.caller = access.GetCallerResponse(subject="local", grants=[access.Grant(role=role)])
    answers = {path: await browser.http.get(path) for path in _PAGES}
    assert {path for path, answer in answers.items() if answer.status_code == 200} == shown
    assert {answer.status_code for answer in answers.values()} <= {200, 403}
    for path in _LINKED:
        assert all((f'<a href="{path}"' in answer.text) == (path in shown) for answer in answers.values())


async def test_what_a_key_may_not_do_has_no_button(browser: Browser, server: FakeServer) -> None:
    """A reader's page of a person neither renames, blocks nor erases."""
    server.keys.caller = access.GetCallerResponse(subject="local", grants=[access.Grant(role=access.ROLE_READER)])
    text = (await browser.http.get("/people/ana")).text
    assert not any(f'id="{button}"' in text for button in ("rename", "block", "erase", "drop", "consents"))


@pytest.mark.parametrize(
    ("role", "front"),
    [(access.ROLE_READER, "/now"), (access.ROLE_TEACHER, "/attendance"), (access.ROLE_METRICS, "/now")],
)
async def test_the_front_leads_to_the_first_page_that_works(
    role: access.Role.ValueType, front: str, browser: Browser, server: FakeServer
) -> None:
    """Whoever types the address sees who is there, or what else the key is for; a wrong key leads to the login."""
    server.keys.caller = access.GetCallerResponse(subject="local", grants=[access.Grant(role=role)])
    assert (await browser.http.get("/")).headers["location"] == front
    server.keys.refusal = Refusal(grpc.StatusCode.UNAUTHENTICATED, "revoked", reason="REVOKED")
    assert (await browser.http.get("/")).headers["location"] == "/login?next=%2F"


async def test_a_guardian_finds_the_own_people_and_corrects_nobody(browser: Browser, server: FakeServer) -> None:
    """The page links the people of the key, and no group; a teacher's page of a group has the form of corrections."""
    guardian = access.Grant(role=access.ROLE_GUARDIAN, people=["people/ana"])
    server.keys.caller = access.GetCallerResponse(subject="local", grants=[guardian])
    text = (await browser.http.get("/attendance")).text
    assert 'href="/attendance/people/ana"' in text
    assert 'id="groups"' not in text
    for role, corrects in ((access.ROLE_TEACHER, True), (access.ROLE_READER, False)):
        server.keys.caller = access.GetCallerResponse(subject="local", grants=[access.Grant(role=role)])
        assert ('id="correct-dialog"' in (await browser.http.get("/attendance/groups/1b")).text) == corrects


async def test_a_server_that_is_away_is_a_page_that_says_what_to_do(server: FakeServer) -> None:
    """The page names the server's address and has a way to try again."""
    away = browser_of("127.0.0.1:1")
    answer = await away.http.get("/people?x=1", headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert "The console calls the server at 127.0.0.1:1." in answer.text
    assert '<a class="button" href="/people?x=1">Try again</a>' in answer.text
    await away.parts.aclose()


async def test_a_page_is_not_shown_to_a_key_that_was_revoked(browser: Browser, server: FakeServer) -> None:
    """Each page asks the server whose key it is."""
    server.keys.refusal = Refusal(grpc.StatusCode.UNAUTHENTICATED, "revoked", reason="REVOKED")
    assert (await browser.http.get("/now")).status_code == 303
