"""Column types, and boxes as columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from portero_server.domain.detection.geometry import Box


def time_text(moment: datetime) -> str:
    """Writes a time as both databases read it; SQLite stores this form, and such texts sort as the times do.

    Raises:
        ValueError: It has no time zone; stored, it would become something it is not.
    """
    return _naive_utc(moment).isoformat(sep=" ", timespec="microseconds")


def _naive_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without time zone cannot be stored")
    # The zone that nearly all times have needs no converting.
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).replace(tzinfo=None)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC to the microsecond; Python only ever sees it with its time zone set."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Uses DATETIME(6) in MySQL, whose default is whole seconds."""
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Accepts times with any time zone and refuses those without one."""
        return None if value is None else _naive_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Returns the time with the time zone UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class _Unhex(FunctionElement[bytes]):
    inherit_cache = True


@compiles(_Unhex)
def _as_it_is(element: _Unhex, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_Unhex, "mysql")
def _from_hexadecimal(element: _Unhex, compiler: SQLCompiler, **options: Any) -> str:
    return f"UNHEX({compiler.process(element.clauses, **options)})"


class Binary(TypeDecorator[bytes]):
    """Bytes, which travel to MySQL as hexadecimal text.

    aiomysql 0.3.2 cannot send bytes with PyMySQL 1.2.3 and later (aiomysql issue 1080).
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """Returns a value that the driver can send."""
        return value.hex() if value is not None and dialect.name == "mysql" else value

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Skips the driver's own wrapping, which expects bytes."""
        return lambda value: self.process_bind_param(value, dialect)

    def bind_expression(self, bindvalue: BindParameter[bytes]) -> ColumnElement[bytes]:
        """Makes MySQL convert the text back to bytes."""
        return _Unhex(bindvalue)


class Labels(TypeDecorator[Mapping[str, str]]):
    """A flat mapping of strings, stored as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        """Writes the keys in sorted order, so that equal labels are equal texts."""
        return None if value is None else labels_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str] | None:
        """Returns the mapping that a JSON text stores."""
        return None if value is None else json.loads(value)


def labels_text(labels: Mapping[str, str]) -> str:
    """Returns the text that stores labels."""
    return json.dumps(dict(labels), ensure_ascii=False, sort_keys=True)


NAME_LENGTH = 63
"""Longest identifier of a person, camera or site, and longest word of an enumeration."""

KEY_LENGTH = 190
"""Longest name that is made of other names (a track's: camera, epoch and numbers)."""

DISPLAY_LENGTH = 200
"""Longest name for people, characters."""

Name = String(NAME_LENGTH)
Key = String(KEY_LENGTH)
Display = String(DISPLAY_LENGTH)
Digest = String(64)
"""A SHA-256, hexadecimal."""
Folded = String(3 * DISPLAY_LENGTH)
"""A display name without case; folding makes up to three characters of one."""

Identity = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database gives; SQLite does that for INTEGER alone."""


def box_columns(box: Box) -> dict[str, float]:
    """Returns the column values of a box."""
    return {"box_left": box.left, "box_top": box.top, "box_width": box.width, "box_height": box.height}


def box_of(row: Any) -> Box:
    """Returns the box of a row that has the four columns."""
    return Box(row.box_left, row.box_top, row.box_width, row.box_height)
