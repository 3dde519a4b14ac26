"""Rows as SQL text: only our own connections send them, and the driver is left as it is."""

from __future__ import annotations

import aiomysql
import pytest
from pymysql import converters

from portero_server.store.bulk.value_list import ValueList, connect, value_list
from portero_server.store.faults import StoreRefused
from tests.support.store.mariadb import MariaDB


def test_writes_each_kind_of_value() -> None:
    """A value becomes what its column takes: quoted where it is a text, with an exponent where it is a fraction."""
    assert value_list([(None, True, 7, 0.5, "it's"), (1,)]).text == "(NULL,1,7,0.5e0,'it\\'s'),(1)"


def test_refuses_a_value_that_no_column_takes() -> None:
    """An object of another type is not guessed at."""
    with pytest.raises(StoreRefused, match="unexpected type, bytes"):
        value_list([(b"bytes",)])


def test_hides_the_rows() -> None:
    """The list can be logged or be part of an error without showing a row."""
    assert "someone" not in repr(value_list([("someone",)]))


def test_the_driver_knows_nothing_of_lists() -> None:
    """No table of the driver is changed: connections of anything else in this process stay as they are."""
    assert ValueList not in converters.encoders
    assert all(encoder.__module__ == converters.__name__ for encoder in converters.encoders.values())


async def test_only_our_connections_send_a_list(mariadb: MariaDB) -> None:
    """A connection of ours sends the list as it is and quotes other parameters; a plain one quotes it, and fails."""
    rows = value_list([("a", 1), ("it's", 2)])
    ours = await connect(host="127.0.0.1", port=mariadb.port, user="root")
    plain = await aiomysql.connect(host="127.0.0.1", port=mariadb.port, user="root")
    try:
        async with ours.cursor() as cursor:
            await cursor.execute("SELECT 'it''s' = %s, ('it''s', 2) IN (%s)", ("it's", rows))
            assert await cursor.fetchall() == ((1, 1),)
        async with plain.cursor() as cursor:
            with pytest.raises(aiomysql.OperationalError):
                await cursor.execute("SELECT ('a', 1) IN (%s)", (rows,))
    finally:
        await ours.ensure_closed()
        await plain.ensure_closed()
