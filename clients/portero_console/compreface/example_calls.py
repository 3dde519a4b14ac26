"""Calls for examples: the enrolled faces of people."""

from __future__ import annotations

import math

from portero_client import FailedPrecondition, InvalidArgument, NotFound, Person
from portero_console.compreface.answers import Document
from portero_console.compreface.calls import Call, Photo
from portero_console.compreface.errors import Code, CompreFaceError, image_not_found
from portero_console.compreface.parameters import analysis_of, page_of, subject_of
from portero_console.compreface.subjects import (
    everybody,
    face_of,
    find,
    image_id_of,
    is_image_id,
    require,
    subject_shown,
)


async def add_example(call: Call) -> Document:
    """Enrolls the one face of a photo for a subject, who is added if there is none."""
    query = call.request.query_params
    if "subject" not in query:
        raise CompreFaceError(Code.MISSING_REQUEST_PARAMETER, "Required parameter subject is missing")
    subject = subject_of(query["subject"])
    analysis_of(query)
    async with call.photos("file") as (photo,):
        person = await find(call.client, subject) or await _added(call, subject, photo)
        face = await call.client.people.enroll(person.name, photo.content)
    return {"image_id": image_id_of(face.name), "subject": subject}


async def list_examples(call: Call) -> Document:
    """Returns one page of all examples, by person and time; with a subject, of theirs."""
    page, size = page_of(call.request.query_params)
    known = await everybody(call.client)
    wanted = call.request.query_params.get("subject", "").strip()
    if wanted:
        known = [each for each in known if wanted in (each[0], each[1].name)]
    total = sum(person.face_count for _, person in known)
    return {
        "faces": await _examples(call, known, page * size, size),
        "page_number": page,
        "page_size": size,
        "total_pages": math.ceil(total / size),
        "total_elements": total,
    }


async def delete_examples(call: Call) -> Document:
    """Removes all faces of a subject; without a subject, of everybody."""
    wanted = call.request.query_params.get("subject")
    if wanted is None:
        people = [person for _, person in await everybody(call.client) if person.face_count]
    else:
        people = [await require(call.client, subject_of(wanted))]
    return {"deleted": sum([await _forget(call, person) for person in people])}


async def delete_example(call: Call) -> Document:
    """Removes one face."""
    image_id: str = call.request.path_params["image_id"]
    deleted = await _delete(call, image_id)
    if deleted is None:
        raise image_not_found(image_id)
    return deleted


async def delete_listed_examples(call: Call) -> list[Document]:
    """Removes the faces of a list of ids; those that there are not are left out of the answer."""
    ids = await call.document()
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise CompreFaceError(Code.INCORRECT_ARGUMENT, "the body must be a list of image ids")
    known = [each for each in dict.fromkeys(ids) if is_image_id(each)]
    return [deleted for image_id in known if (deleted := await _delete(call, image_id)) is not None]


async def _added(call: Call, subject: str, photo: Photo) -> Person:
    """Adds a person for a photo that serves, unless another call has just done so."""
    try:
        check = await call.client.people.check_photo(photo.content)
    except FailedPrecondition:
        # This server leaves photos to its engine.
        check = None
    if check is not None and check.reason:
        words = check.advice[0].text if check.advice else "the photo does not serve"
        raise InvalidArgument(words, field="file", reason=check.reason)
    async with call.adding:
        return await find(call.client, subject) or await call.client.people.create(subject)


async def _examples(call: Call, known: list[tuple[str, Person]], skipped: int, size: int) -> list[Document]:
    """Returns the examples of a page; only the faces of people who have some on it are asked for."""
    found: list[Document] = []
    for subject, person in known:
        if len(found) >= size:
            break
        if skipped >= person.face_count:
            skipped -= person.face_count
            continue
        faces = await call.client.people.faces(person.name).first(skipped + size - len(found))
        found += [{"image_id": image_id_of(face.name), "subject": subject} for face in faces.items[skipped:]]
        skipped = 0
    return found


async def _forget(call: Call, person: Person) -> int:
    """Removes a person's faces; returns how many, without those that are gone already."""
    deleted = 0
    for face in [face.name async for face in call.client.people.faces(person.name)]:
        try:
            await call.client.people.delete_face(face)
        except NotFound:
            continue
        deleted += 1
    return deleted


async def _delete(call: Call, image_id: str) -> Document | None:
    try:
        name, face = face_of(image_id)
        person = await call.client.people.get(name)
        await call.client.people.delete_face(face)
    except NotFound:
        return None
    return {"image_id": image_id, "subject": subject_shown(person.display_name, person.name)}
