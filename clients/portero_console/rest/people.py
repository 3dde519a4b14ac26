"""People and their faces."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from portero_client import EnrolledFace, FaceEnrollment, Person, PhotoCheck
from portero_console.parts import TheCaller, ThePhoto
from portero_console.rest.shapes import (
    DEFAULT_PAGE_SIZE,
    PHOTO_BODY,
    IdempotencyKey,
    Listed,
    PageSize,
    PageToken,
    PersonId,
    listed,
)

router = APIRouter(tags=["people"])

_Labels = Annotated[dict[str, str], Field(max_length=32, description="Free key-value pairs.")]
_DisplayName = Annotated[str, Field(min_length=1, max_length=200, description="Name to show to people.")]
_FaceId = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$", description="The face's id.")]


class NewPerson(BaseModel):
    """A person to add."""

    display_name: _DisplayName
    id: Annotated[
        str, Field(max_length=63, pattern="^([a-z0-9][a-z0-9-]*)?$", description="Empty: the server makes one.")
    ] = ""
    labels: _Labels = {}


class PersonChange(BaseModel):
    """What to change of a person; what is left out stays as it is."""

    display_name: _DisplayName | None = None
    labels: _Labels | None = None


@router.get("/people", response_model=Listed[Person], summary="Lists people")
async def list_people(
    caller: TheCaller,
    display_name_contains: Annotated[str, Query(max_length=200, description="Part of the name.")] = "",
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> object:
    """Lists people by id."""
    people = caller.client.people.list(display_name_contains=display_name_contains, page_token=page_token)
    return await listed(people, page_size)


@router.post("/people", response_model=Person, status_code=201, summary="Adds a person")
async def create_person(caller: TheCaller, person: NewPerson, idempotency_key: IdempotencyKey = None) -> object:
    """Adds a person without faces."""
    return await caller.client.people.create(
        person.display_name,
        person_id=person.id,
        labels=person.labels,
        request_id=str(idempotency_key) if idempotency_key else "",
    )


@router.get("/people/{person}", response_model=Person, summary="Returns a person")
async def get_person(caller: TheCaller, person: PersonId) -> object:
    """Returns a person."""
    return await caller.client.people.get(person)


@router.patch("/people/{person}", response_model=Person, summary="Changes a person")
async def update_person(caller: TheCaller, person: PersonId, change: PersonChange) -> object:
    """Changes name or labels; labels are replaced as a whole."""
    known = await caller.client.people.get(person)
    given = {name: value for name in change.model_fields_set if (value := getattr(change, name)) is not None}
    if not given:
        return known
    changed = Person(**{**{name: getattr(known, name) for name in Person.__dataclass_fields__}, **given})
    return await caller.client.people.update(changed, *given)


@router.get("/people/{person}/faces", response_model=Listed[FaceEnrollment], summary="Lists a person's faces")
async def list_faces(
    caller: TheCaller, person: PersonId, page_size: PageSize = DEFAULT_PAGE_SIZE, page_token: PageToken = ""
) -> object:
    """Lists the enrolled faces of a person, oldest first."""
    return await listed(caller.client.people.faces(person, page_token=page_token), page_size)


@router.post(
    "/people/{person}/faces",
    response_model=EnrolledFace,
    status_code=201,
    summary="Enrolls a face",
    openapi_extra=PHOTO_BODY,
)
async def enroll_face(caller: TheCaller, person: PersonId, photo: ThePhoto) -> object:
    """Enrolls the one face of a photo; the same photo again returns the face that there is."""
    return await caller.client.people.enroll(person, photo)


@router.delete("/people/{person}/faces/{face}", status_code=204, summary="Removes a face")
async def delete_face(caller: TheCaller, person: PersonId, face: _FaceId) -> None:
    """Removes one face, and the photo of it if the server keeps it."""
    await caller.client.people.delete_face(f"people/{person}/faces/{face}")


@router.post("/photos/check", response_model=PhotoCheck, summary="Checks a photo", openapi_extra=PHOTO_BODY)
async def check_photo(caller: TheCaller, photo: ThePhoto) -> object:
    """Returns what an enrollment would say of a photo; nothing is stored or paid for."""
    return await caller.client.people.check_photo(photo)
