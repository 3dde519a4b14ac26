"""The page of tables: every table, its keys, and what refers to what."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Column, Integer, Table

from portero_server.reference import tables_page
from portero_server.store.schema import metadata


def test_the_committed_page_is_the_generated_one() -> None:
    """The page that is read is the one that the schema gives."""
    assert tables_page.PAGE.read_text(encoding="utf-8") == tables_page.page()


def test_every_table_is_drawn_and_explained_and_no_other() -> None:
    """Each table of the schema is an entity with its primary key, and has a sentence on what it holds."""
    assert set(tables_page.HOLDS) == set(metadata.tables)
    assert [line for line in tables_page.HOLDS.values() if not re.fullmatch(r"[A-Z].+\.", line)] == []
    entities = dict(re.findall(r"^    (\w+) \{\n(.*?)^    \}$", tables_page.page(), re.MULTILINE | re.DOTALL))
    assert set(entities) == set(metadata.tables)
    for name, table in metadata.tables.items():
        keys = re.findall(r"^ {8}\S+ (\w+) PK\b", entities[name], re.MULTILINE)
        assert keys == [column.name for column in table.primary_key.columns]


def test_columns_are_all_on_the_page() -> None:
    """A column is a key in the picture or stands in its table's row."""
    page = tables_page.page()
    for name, table in metadata.tables.items():
        entity = re.search(rf"^    {name} \{{\n(.*?)^    \}}$", page, re.MULTILINE | re.DOTALL)
        row = re.search(rf"^\| `{name}` \|.*$", page, re.MULTILINE)
        assert entity is not None
        assert row is not None
        shown = re.findall(r"^ {8}\S+ (\w+) ", entity[1], re.MULTILINE) + re.findall(r"`(\w+)`", row[0])[1:]
        assert sorted(shown) == sorted(column.name for column in table.columns)


def test_a_reference_is_solid_only_where_the_database_enforces_it() -> None:
    """Faces belong to a person by a foreign key; a sighting names its camera by value, and a block is one a person."""
    lines = tables_page.page().splitlines()

    assert '    people ||--o{ faces : "person_id"' in lines
    assert '    cameras |o..o{ sightings : "camera_id"' in lines
    assert '    people |o..o| people_blocks : "person_id"' in lines
    enforced = {table.name for table in metadata.tables.values() if table.foreign_keys}
    assert {line.split()[2] for line in lines if "--" in line and " : " in line} == enforced


def test_a_new_table_without_a_sentence_stops_the_page() -> None:
    """Whoever adds a table is made to say what it holds."""
    added = Table("parcels", metadata, Column("parcel_id", Integer, primary_key=True))
    try:
        with pytest.raises(KeyError, match="parcels"):
            tables_page.page()
    finally:
        metadata.remove(added)
