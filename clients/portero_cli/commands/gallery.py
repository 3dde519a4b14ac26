"""`portero gallery`: everybody at once, with the encodings of their faces and no photographs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from portero_cli.bucket import bucket_prefix
from portero_cli.encodings_source import ENCODINGS, LABELS, LENGTH, MODEL_VERSION, read_encodings
from portero_cli.exits import ExitCode
from portero_cli.face_labels import write_labels
from portero_cli.gallery_bucket import exporting_to, importing_from
from portero_cli.gallery_folder import (
    MANIFEST,
    GalleryFolderWriter,
    make_private_folder,
    read_manifest,
    read_people,
)
from portero_cli.gallery_import import GalleryImported, import_records
from portero_cli.import_journal import opened_journal
from portero_cli.import_plan import ImportPlan, LeftOut, PersonPhotos, plan_import
from portero_cli.import_report import summary, write_private
from portero_cli.importing import Imported, PeopleImport
from portero_cli.npy_file import write_npy
from portero_cli.photos import ON_DISK, look_into
from portero_cli.screen.output import printable
from portero_cli.session import Session, command
from portero_client import InvalidArgument, PersonRecord, PorteroClient
from portero_client.names import PEOPLE

_WARNING = "this is biometric data of everybody: {}; keep it encrypted, and delete it when it is done with"
_MOST_SHOWN = 20
"""People who are told on the terminal one by one."""


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero gallery` with the application."""
    group = typer.Typer(help="Export and import everybody, without photographs.", no_args_is_help=False)
    group.command("export")(export)
    group.command("import")(import_)
    app.add_typer(group, name="gallery")


@command
async def export(
    session: Session,
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="A new folder, or an empty one; or s3://BUCKET/PREFIX with nothing below it.",
            show_default=False,
        ),
    ],
    encodings: Annotated[
        bool,
        typer.Option(
            "--encodings",
            help="Write encodings.npy and labels.json, as programs with face_recognition use them, and nothing else: "
            "only faces of dlib's model, without labels, consents and blocks.",
        ),
    ] = False,
    as_dict: Annotated[
        bool, typer.Option("--labels-as-dict", help="With --encodings: a dict of name to rows, not a list of names.")
    ] = False,
    kms_key: Annotated[
        str,
        typer.Option(
            "--kms-key",
            metavar="KEY",
            help="With s3://: id, ARN or alias of the KMS key that encrypts. Without it the bucket's own setting does.",
            show_default=False,
        ),
    ] = "",
) -> ExitCode:
    """Write everybody to a folder: names, labels, faces as encodings, consents and blocks. For admins.

    `portero gallery import` restores it, on another machine and database too, where the same face model is used. Photos
    are not in it, since the server stores none: keep yours to move to another model or engine. Faces that Rekognition
    keeps have no encodings, and are counted. The folder is biometric data of everybody: only you can read it. In S3,
    whoever may read the bucket can read it; AWS's usual rules find credentials, region and endpoint.
    """
    async with exporting_to(folder, kms_key) as local, session.client() as client:
        if encodings:
            document, lines = await _export_encodings(client, local, as_dict=as_dict)
        else:
            document, lines = await _export_folder(client, local)
    told = [Text(printable(f"{folder}: {line}" if not place else line)) for place, line in enumerate(lines)]
    session.output.show({"folder": folder, **document}, *told)
    readers = "only you can read it" if bucket_prefix(folder) is None else "whoever may read the bucket can read it"
    session.output.note(_WARNING.format(readers))
    return ExitCode.OK


@command
async def import_(
    session: Session,
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="What `portero gallery export` wrote, or a folder with encodings.npy and labels.json of "
            "face_recognition; either may be s3://BUCKET/PREFIX.",
            show_default=False,
        ),
    ],
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            metavar="PHOTOS",
            help="A folder with one folder per person, named with the person's name or id: their photos are enrolled "
            "anew, as another face model or engine needs it.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Add everybody of an exported gallery, or of the encodings of face_recognition, at once.

    Encodings are only taken by an engine with the same face model: those of face_recognition by the local engine with
    PORTERO_ENCODER=dlib. Rekognition takes none: there, people come without faces, and --photos enrolls theirs. People
    who exist under the same name only get the faces that they lack. May be run again, and after a kill: nothing is
    added twice. Labels may be a list of names, or a dict of name to rows or row to name. Exits with code 4 if anybody
    or any face is left out.
    """
    if photos is not None and not photos.is_dir():
        raise InvalidArgument(f"{photos} is not a folder", field="photos", reason="NO_FOLDER")
    taught: Imported | None = None
    async with importing_from(folder) as local, session.client() as client:
        told = await _told(client, local)
        with session.output.progress() as progress:
            task = progress.add_task("people", total=told.count)
            done = await import_records(client, told.records, told.model, lambda count: progress.advance(task, count))
            if photos is not None:
                plan = _plan_of(photos, told.names)
                task = progress.add_task("photos", total=sum(len(each.photos) for each in plan.people))
                with opened_journal(None, photos, session.connection.server) as journal:
                    taught = await PeopleImport(client, plan, ON_DISK, journal, lambda: progress.advance(task)).run()
    session.output.show(
        {"imported": done, "left_out": told.left_out, **({"photos": taught.outcomes} if taught else {})},
        *(Text(printable(line)) for line in _lines(done, told.left_out, taught)),
    )
    if taught is not None and taught.failure is not None:
        raise taught.failure
    lacking = done.other_model_faces + done.kept_faces if taught is None else not taught.complete
    return ExitCode.INVALID_INPUT if lacking or done.refused or told.left_out else ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Told:
    """The people of a folder: how many, of which face model, what of it is left out, and names by id once read."""

    records: Iterator[PersonRecord]
    count: int
    model: str
    left_out: tuple[LeftOut, ...]
    names: dict[str, str]


async def _told(client: PorteroClient, folder: Path) -> _Told:
    names: dict[str, str] = {}

    def named(records: Iterable[PersonRecord]) -> Iterator[PersonRecord]:
        for record in records:
            names[PEOPLE.identifier(record.person)] = record.display_name
            yield record

    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        # Faces of another model are left out, so that their people come all the same.
        model = (await client.people.check_faces(last_known=True)).model_version
        return _Told(named(read_people(folder)), manifest.people, model, (), names)
    found = read_encodings(folder / ENCODINGS, folder / LABELS)
    return _Told(named(found.records), len(found.records), MODEL_VERSION, found.left_out, names)


async def _export_folder(client: PorteroClient, folder: Path) -> tuple[dict[str, object], list[str]]:
    with closing(GalleryFolderWriter(folder)) as writer:
        async for record in client.people.export_all(page_size=200):
            writer.add(record)
        manifest = writer.finish(datetime.now(UTC))
    faces = ", ".join(f"{count} faces of {model}" for model, count in sorted(manifest.models.items()))
    lines = [f"{manifest.people} people, {faces or 'no faces'}"]
    if manifest.kept_by_engine:
        lines.append(
            f"{manifest.kept_by_engine} faces have no encoding, since the engine has them alone: keep their photos, "
            "and import with --photos"
        )
    return {"manifest": manifest}, lines


async def _export_encodings(
    client: PorteroClient, folder: Path, *, as_dict: bool
) -> tuple[dict[str, object], list[str]]:
    make_private_folder(folder)
    rows: list[bytes] = []
    owners: list[tuple[str, str]] = []
    others = 0
    async for record in client.people.export_all(page_size=200):
        own = [face.encoding for face in record.faces if face.model_version == MODEL_VERSION and face.encoding]
        others += len(record.faces) - len(own)
        rows += own
        owners += [(record.person, record.display_name)] * len(own)
    write_private(folder / ENCODINGS, write_npy(rows, LENGTH))
    write_private(folder / LABELS, write_labels(labels_of(owners), as_dict=as_dict))
    people = len(set(owners))
    lines = [f"{len(rows)} encodings of {people} people"]
    if others:
        lines.append(f"{others} faces are not in it: they are not of {MODEL_VERSION}, or only the engine has them")
    return {"people": people, "faces": len(rows), "left_out_faces": others}, lines


def labels_of(owners: list[tuple[str, str]]) -> list[str]:
    """Returns the label of each row: the person's name, and the id behind it where others have the same name."""
    bearers: dict[str, set[str]] = {}
    for person, name in owners:
        bearers.setdefault(name, set()).add(person)
    return [name if len(bearers[name]) == 1 else f"{name} ({PEOPLE.identifier(person)})" for person, name in owners]


def _plan_of(photos: Path, names: dict[str, str]) -> ImportPlan:
    """Plans the enrollment of the photos of people who were imported; those of others are left out."""
    plan = plan_import(photos, look_into)
    ids = {name: person_id for person_id, name in names.items()}
    people: list[PersonPhotos] = []
    left_out = list(plan.left_out)
    for each in plan.people:
        person_id = each.key if each.key in names else ids.get(each.key) or ids.get(each.display_name)
        if person_id is None:
            words = "left out: it is nobody's who was imported; use `portero people import`"
            left_out.append(LeftOut(each.place, "NO_PERSON", words))
        else:
            people.append(replace(each, person_id=person_id, display_name=names[person_id]))
    return ImportPlan(tuple(people), tuple(left_out))


def _lines(done: GalleryImported, left_out: tuple[LeftOut, ...], taught: Imported | None) -> list[str]:
    told = [
        *(f"{each.person}: {each.message}" for each in done.refused),
        *(f"{each.path}: {each.message}" for each in left_out),
        *(f"{each.photo}: {each.message}" for each in (taught.outcomes if taught else ()) if each.message),
    ]
    lines = told[:_MOST_SHOWN]
    if len(told) > _MOST_SHOWN:
        lines.append(f"and {len(told) - _MOST_SHOWN} more (--json tells all)")
    if done.kept_faces or done.other_model_faces:
        lines.append(
            f"{done.kept_faces + done.other_model_faces} faces were left out: {done.other_model_faces} are of another "
            f"face model than the server's, and {done.kept_faces} were exported without encoding; their photos must be "
            "enrolled anew (--photos)"
        )
    lines.append(
        f"{done.created} people added, {done.known} existed, {len(done.refused)} refused; {done.added_faces} faces "
        f"added, {done.known_faces} were there already"
    )
    if taught is not None:
        lines.append(summary(taught.outcomes))
    return lines
