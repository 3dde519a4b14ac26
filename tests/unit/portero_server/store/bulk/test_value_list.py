"""Rows as SQL text: only our own connections send them, and the driver is left as it is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import aiomysql
import pytest
from pymysql import converters

from portero_server.store.bulk.value_list import BinaryValue, ValueList, connect, value_list
from portero_server.store.faults import StoreRefused
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        yield listening.getsockname()[1]


def test_writes_each_kind_of_value() -> None:
    """A value becomes what its column takes: quoted where it is a text, with an exponent where it is a fraction."""
    assert value_list([(None, True, 7, 0.5, "it's"), (1,)]).text == "(NULL,1,7,0.5e0,'it\\'s'),(1)"
    assert value_list([(BinaryValue(b"\0'"),)]).text == "(x'0027')"
    assert "0027" not in repr(BinaryValue(b"\0'"))


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
    ours = await connect(host="127.0.0.1", port=mariadb.port, user="root", connect_timeout=PATIENCE)
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


async def test_connecting_can_be_canceled_at_every_turn_of_the_loop(silent_port: int) -> None:
    """A cancellation ends a connection in the making wherever it comes, as when its socket has just connected."""
    for turns in range(30):
        connecting = asyncio.create_task(connect(host="127.0.0.1", port=silent_port, connect_timeout=PATIENCE))
        for _ in range(turns):
            await asyncio.sleep(0)
        connecting.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert connecting.cancelled(), f"canceled after {turns} turns"


async def test_a_server_that_says_nothing_cannot_be_reached(silent_port: int) -> None:
    """The time to connect includes the handshake, and its end is told as the driver tells of a server that is gone."""
    with pytest.raises(aiomysql.OperationalError, match=r"2003.*did not answer within 0.05 s"):
        await connect(host="127.0.0.1", port=silent_port, connect_timeout=0.05)
