"""The pages, one route each: who may not see one is told so in words."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from portero_client import PorteroError
from portero_console.pages.abilities import Ability, abilities_of
from portero_console.pages.navigation import front_of
from portero_console.pages.rendering import render
from portero_console.parts import parts_of
from portero_console.problems import Problem, problem_from
from portero_console.rest.shapes import GroupId, PersonId

router = APIRouter(include_in_schema=False)

_Values = dict[str, Any]


async def _page(request: Request, template: str, needs: frozenset[Ability], **values: Any) -> Response:
    """Returns a page to a caller who may do one of what it needs; sends others to the login."""
    parts = parts_of(request)
    try:
        async with parts.admission.admit(request, request.method) as admitted:
            # Asked of the server for each page, so that a key that was revoked opens none.
            caller = await admitted.client.keys.caller()
            csrf = admitted.session.csrf if admitted.session is not None else ""
    except PorteroError as error:
        return trouble(request, problem_from(error))
    except Problem as problem:
        return trouble(request, problem)
    abilities = abilities_of(caller.grants)
    shown: _Values = {"caller": caller, "abilities": abilities, "csrf": csrf}
    if not needs & abilities:
        return render(request, "refused.html", status=HTTPStatus.FORBIDDEN, **shown)
    return render(request, template, **shown, **values)


def trouble(request: Request, problem: Problem) -> Response:
    """Returns what a page is instead, when it cannot be shown: the login, or what happened and what to do."""
    if problem.document.status == HTTPStatus.UNAUTHORIZED:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': here})}", HTTPStatus.SEE_OTHER)
    return render(
        request,
        "trouble.html",
        status=HTTPStatus(problem.document.status),
        problem=problem.document,
        server=parts_of(request).clients.server,
    )


@router.get("/")
async def front(request: Request) -> Response:
    """Leads to the first page that the caller may see."""
    parts = parts_of(request)
    try:
        async with parts.admission.admit(request, request.method) as admitted:
            caller = await admitted.client.keys.caller()
    except PorteroError as error:
        return trouble(request, problem_from(error))
    except Problem as problem:
        return trouble(request, problem)
    return RedirectResponse(front_of(abilities_of(caller.grants)), HTTPStatus.SEE_OTHER)


@router.get("/now")
async def now(request: Request) -> Response:
    """Shows cameras, who is here, and the latest sightings."""
    return await _page(request, "now.html", frozenset({Ability.SEE}), wall=False)


@router.get("/wall")
async def wall(request: Request) -> Response:
    """Shows the same for a large screen that nobody operates."""
    return await _page(request, "now.html", frozenset({Ability.SEE}), wall=True)


@router.get("/people")
async def people(request: Request) -> Response:
    """Lists people."""
    return await _page(request, "people.html", frozenset({Ability.LIST_PEOPLE}))


@router.get("/enroll")
async def enroll(request: Request) -> Response:
    """Enrolls somebody."""
    return await _page(request, "enroll.html", frozenset({Ability.ENROLL}))


@router.get("/people/{person}")
async def person(request: Request, person: PersonId) -> Response:
    """Shows one person."""
    return await _page(request, "person.html", frozenset({Ability.LIST_PEOPLE, Ability.ENROLL}), person=person)


@router.get("/search")
async def search(request: Request) -> Response:
    """Finds people in a photo."""
    return await _page(request, "search.html", frozenset({Ability.SEARCH}))


@router.get("/sightings")
async def sightings(request: Request) -> Response:
    """Lists sightings."""
    return await _page(request, "sightings.html", frozenset({Ability.SEE}))


@router.get("/review")
async def review(request: Request) -> Response:
    """Asks what a person says of doubtful sightings."""
    return await _page(request, "review.html", frozenset({Ability.REVIEW}))


@router.get("/attendance")
async def attendance(request: Request) -> Response:
    """Shows how today goes, by group; to guardians, their people."""
    return await _page(request, "attendance.html", frozenset({Ability.SEE_ATTENDANCE}))


@router.get("/attendance/groups/{group}")
async def attendance_group(request: Request, group: GroupId) -> Response:
    """Shows a day of a group, and takes corrections."""
    return await _page(request, "attendance_group.html", frozenset({Ability.SEE_CLASSES}), group=group)


@router.get("/attendance/people/{person}")
async def attendance_person(request: Request, person: PersonId) -> Response:
    """Shows a person's month."""
    return await _page(request, "attendance_person.html", frozenset({Ability.SEE_ATTENDANCE}), person=person)


@router.get("/usage")
async def usage(request: Request) -> Response:
    """Shows calls made and avoided, and what they cost."""
    return await _page(request, "usage.html", frozenset({Ability.SEE_USAGE}))


@router.get("/audit")
async def audit(request: Request) -> Response:
    """Shows who did what."""
    return await _page(request, "audit.html", frozenset({Ability.SEE_AUDIT}))
