"""Calls for subjects: the people of the gallery by their names."""

from __future__ import annotations

from dataclasses import replace

from portero_client import NotFound
from portero_console.compreface.answers import Document
from portero_console.compreface.calls import Call
from portero_console.compreface.errors import Code, CompreFaceError
from portero_console.compreface.parameters import subject_of
from portero_console.compreface.subjects import everybody, find, require, subject_shown


async def list_subjects(call: Call) -> Document:
    """Returns all subjects, by the resource names of their people."""
    return {"subjects": [subject for subject, _ in await everybody(call.client)]}


async def add_subject(call: Call) -> Document:
    """Adds a person without faces; a name that somebody has is refused."""
    subject = await _named(call)
    async with call.adding:
        if await _is_taken(call, subject):
            raise _taken()
        person = await call.client.people.create(subject)
    return {"subject": subject_shown(person.display_name, person.name)}


async def rename_subject(call: Call) -> Document:
    """Changes a person's name; a name that somebody else has is refused, and nobody is merged."""
    new = await _named(call)
    async with call.adding:
        person = await require(call.client, subject_of(call.request.path_params["subject"]))
        if person.display_name != new:
            if await _is_taken(call, new):
                raise _taken()
            await call.client.people.update(replace(person, display_name=new), "display_name")
    return {"updated": True}


async def delete_subject(call: Call) -> Document:
    """Removes a person and all their faces."""
    subject = subject_of(call.request.path_params["subject"])
    person = await require(call.client, subject)
    await call.client.people.delete(person.name)
    return {"subject": subject}


async def delete_subjects(call: Call) -> Document:
    """Removes everybody, one by one; people who are gone already do not count."""
    deleted = 0
    for _, person in await everybody(call.client):
        try:
            await call.client.people.delete(person.name)
        except NotFound:
            continue
        deleted += 1
    return {"deleted": deleted}


async def _named(call: Call) -> str:
    document = await call.document()
    return subject_of(document.get("subject") if isinstance(document, dict) else None)


async def _is_taken(call: Call, subject: str) -> bool:
    try:
        return await find(call.client, subject) is not None
    except CompreFaceError as error:
        if error.code == Code.INCORRECT_ARGUMENT:
            # Several people have it already.
            return True
        raise


def _taken() -> CompreFaceError:
    return CompreFaceError(Code.SUBJECT_ALREADY_EXISTS, "Subject already exists")
