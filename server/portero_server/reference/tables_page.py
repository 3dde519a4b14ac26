"""Writes server/TABLES.md from store/schema.py; with --check, fails when the committed page differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Column, Table, UniqueConstraint
from sqlalchemy.dialects import mysql

from portero_server.reference.committed_page import keep
from portero_server.store.schema import metadata

PAGE = Path(__file__).resolve().parents[2] / "TABLES.md"

HOLDS: Mapping[str, str] = {
    "cameras": "The registered cameras and their settings.",
    "people": "Whom the server knows.",
    "merged_people": "Ids of people who turned out to be somebody else who is enrolled; a row goes with its person.",
    "faces": "One row for each photograph that was enrolled: its embedding, or its id in a collection.",
    "uncompared_faces": "Faces that wait to be compared with those of others; a row goes with its face.",
    "look_alikes": "Pairs of faces of two people who may be taken for each other; a pair goes with either face.",
    "photos": "Which photographs of enrolled faces the vault keeps, and which of them are to be deleted; no picture.",
    "collections": "How the engine's collection differs from the stored faces, and when it was compared.",
    "gallery_collections": "Which collection of the engine is in use, and which one is filled or kept beside it.",
    "shadow_searches": "How live searches of a collection that stood by agreed with those of the one in use; figures.",
    "leaving_faces": "Faces that were deleted here and that an engine has yet to remove.",
    "gallery_changes": "What changed in the gallery, in order; every server's copy of it follows this log.",
    "requests": "Ids of requests already carried out, so that a repeated one changes nothing.",
    "sequencers": "The last position given out in each log.",
    "audit_entries": "The audit trail: who did what, each entry chained to the one before.",
    "audit_head": "The end of the audit trail; a single row, locked by whoever appends.",
    "streams": "One row for each epoch of a camera: its owner, its watermark, its frames counted by outcome, its open "
    "tracks.",
    "sightings": "A person, or a stranger, before a camera from first seen to last seen.",
    "snapshots": "Which pictures of sightings lie in a folder or bucket; none unless PORTERO_SNAPSHOTS is set.",
    "export_days": "Which days of sightings the scheduled export has written, and which have changed since.",
    "review_pictures": "Sealed pictures of faces that wait to be reviewed; none unless PORTERO_REVIEW_PICTURES is set.",
    "visitors": "Strangers who are known again, without a name; none unless PORTERO_VISITORS is set.",
    "visitor_encodings": "A few encodings of each visitor's face; each goes with the sighting that it comes from.",
    "visitor_visits": "Which sightings of strangers are whose.",
    "sighting_tracks": "Which tracks a sighting was made of.",
    "recognitions": "Each time an engine, or its memory, was asked about a track, and what came of it.",
    "decisions": "What each decision about a face saw: the shot's quality, the policy, what came of it and why.",
    "decision_candidates": "Whom the face of a decision was like, best first; a row goes with its person.",
    "sighting_reviews": "What people said of sightings, what was decided before, and what is demanded since; a "
    "row goes with either person.",
    "stream_exceptions": "Rejected and missing frames, as ranges of sequences.",
    "texts": "Text read in streams, if it is kept at all.",
    "events": "What watchers are told about sightings, in order.",
    "event_relays": "How far events are sent to whom, and which server sends them.",
    "subscriptions": "To whom events are sent, and which; the URL is sealed.",
    "subscription_people": "People to whose events a subscription is limited; a row goes with its person.",
    "subscription_secrets": "Secrets that sign a subscription's messages, sealed.",
    "subscription_deliveries": "What became of the last messages of each subscription; no content.",
    "subscription_told": "Who has a message that others of its subscription did not take yet.",
    "usage_calls": "Engine calls by hour, with what they cost.",
    "usage_avoided": "Calls that were not needed, by hour and reason.",
    "budget_steps": "When a day's budget reached each of its steps.",
    "consents": "Who consented to what, when, and until when.",
    "people_blocks": "People who must not be named.",
    "erasures": "Erasures under way, and the receipts of finished ones.",
    "erasure_faces": "Faces that an engine has yet to delete for an erasure.",
    "check_ins": "Check-ins with documents: what was read of the card, the report, a person's decision; no picture.",
    "guests": "Who is expected on which day, and who of them has come.",
    "erased_records": "Ids of erased check-ins, guests and visitors, and of deleted subscriptions, which a restored "
    "backup must lose again.",
    "attendance_groups": "Who attends together, as a class: their time zone, rules and holidays.",
    "attendance_memberships": "Who belongs to a group from when until when; a row goes with its person.",
    "attendance_placements": "Which camera watches which room, from when until when.",
    "attendance_schedules": "When and where a group meets, with the exceptions.",
    "attendance_sessions": "One time at which a group meets, when its records were decided, and whether they must be "
    "decided anew.",
    "attendance_records": "How a person attended a session, and what shows it; of somebody erased, how and not who.",
    "attendance_changes": "Each change of a published status, with its cause.",
    "attendance_notices": "What is told of attendance, in order, and what was withdrawn; a row goes with its person.",
    "attendance_corrections": "What a person said of somebody's attendance; a row goes with that somebody.",
    "attendance_excuses": "Times for which somebody is excused; a row goes with its person.",
    "attendance_coverage": "When cameras watched, and why they did not, as spans.",
    "attendance_views": "Where each camera should point since it was placed, as a signature of its view, and whether "
    "it does.",
    "api_keys": "Digests of API keys, their roles and their scopes.",
    "api_key_groups": "Whose attendance the key of a teacher is for; a row goes with its group.",
    "api_key_people": "Whose attendance the key of a guardian is for; a row goes with its person.",
}

_INTRODUCTION = """# Tables of the server

Generated from `store/schema.py` by `make reference`; not edited. The picture shows keys only, with MySQL's types: PK is
the primary key, UK a unique one, FK a column that names a row of another table. A solid line is a foreign key that the
database enforces. A dotted line is a reference by value alone, so the row it names may be gone: sightings outlive their
cameras, and an erasure takes the person out of them."""


def page() -> str:
    """Returns the reference page, Markdown.

    Raises:
        KeyError: A table has no line in `HOLDS`.
    """
    tables = tuple(metadata.tables.values())
    diagram = "\n".join(["```mermaid", "erDiagram", *_relations(tables), *_entities(tables), "```"])
    rows = [f"| `{table.name}` | {HOLDS[table.name]} | {_others(table)} |" for table in tables]
    listed = "\n".join(["| table | what it holds | columns beside the keys |", "|---|---|---|", *rows])
    return "\n\n".join([_INTRODUCTION, diagram, listed]) + "\n"


def _owners(tables: tuple[Table, ...]) -> dict[str, Table]:
    """Returns, for each `..._id` that is a table's whole primary key, the first table that has it."""
    owners: dict[str, Table] = {}
    for table in tables:
        key = tuple(table.primary_key.columns)
        if len(key) == 1 and key[0].name.endswith("_id"):
            owners.setdefault(key[0].name, table)
    return owners


def _references(table: Table, owners: Mapping[str, Table]) -> Iterator[tuple[Column[object], Table]]:
    """Yields the columns that name a row of another table, with that table."""
    for column in table.columns:
        enforced = [key.column.table for key in column.foreign_keys]
        # Of several rows of one table, each column says which, as `first_face_id`.
        named = [owner for key, owner in owners.items() if f"_{column.name}".endswith(f"_{key}")]
        for owner in (enforced or named)[:1]:
            if owner is not table:
                yield column, owner


def _relations(tables: tuple[Table, ...]) -> Iterator[str]:
    owners = _owners(tables)
    for table in tables:
        for column, owner in _references(table, owners):
            only = tuple(table.primary_key.columns) == (column,)
            many = "o|" if only else "o{"
            link = f"||--{many}" if column.foreign_keys else f"|o..{many}"
            yield f'    {owner.name} {link} {table.name} : "{column.name}"'


def _entities(tables: tuple[Table, ...]) -> Iterator[str]:
    owners = _owners(tables)
    for table in tables:
        keys = _keys(table, owners)
        yield f"    {table.name} {{"
        for name, kinds in keys.items():
            kind = table.columns[name].type.compile(dialect=mysql.dialect()).lower()
            yield f"        {kind} {name} {', '.join(kinds)}"
        yield "    }"


def _keys(table: Table, owners: Mapping[str, Table]) -> dict[str, list[str]]:
    """Returns the columns that identify a row, here or elsewhere, in the table's order, with what they are."""
    references = {column.name for column, _ in _references(table, owners)}
    unique = {
        column.name
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
        for column in constraint.columns
    }
    found: dict[str, list[str]] = {}
    for column in table.columns:
        kinds = (("PK", column.primary_key), ("FK", column.name in references), ("UK", column.name in unique))
        if names := [name for name, holds in kinds if holds]:
            found[column.name] = names
    return found


def _others(table: Table) -> str:
    keys = _keys(table, _owners(tuple(metadata.tables.values())))
    return ", ".join(f"`{column.name}`" for column in table.columns if column.name not in keys)


if __name__ == "__main__":
    raise SystemExit(keep(PAGE, page(), str(__doc__)))
