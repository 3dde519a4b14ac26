"""The types of setting values, with their checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field


def _checked_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be HOST:PORT, as 127.0.0.1:50051")
    return value


_MYSQL = re.compile(
    # The password ends at the first "@", as the driver reads it; a further one means that it was not quoted, and that
    # a part of it would be taken for the host and shown in messages.
    r"mysql\+aiomysql://[^:/@?#\s]+(:[^@\s]*)?@([A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?/[^/@?#:\s]+(\?[^@#\s]*)?"
)
# A path that holds a whole URL, or a user and password, is that of another database whose scheme was mistaken.
_SQLITE = re.compile(r"sqlite\+aiosqlite:////(?!.*(://|:.*@)).+", re.DOTALL)


def _checked_url(value: str) -> str:
    if value.startswith("sqlite+aiosqlite://"):
        if not _SQLITE.fullmatch(value):
            # A relative path would be another file in each folder that a command is started in.
            raise ValueError("must be sqlite+aiosqlite:////FOLDER/FILE, the whole path after four slashes")
    elif not value.startswith("mysql+aiomysql://"):
        raise ValueError("must begin with sqlite+aiosqlite:// or mysql+aiomysql://")
    elif not _MYSQL.fullmatch(value):
        raise ValueError(
            "must be mysql+aiomysql://USER:PASSWORD@HOST:PORT/NAME; write an @ of the password as %40, or set the "
            "password as PORTERO_DATABASE_PASSWORD"
        )
    return value


def _checked_folder(value: Path) -> Path:
    # In a database URL a question mark would end the path.
    if not value.is_absolute() or "?" in str(value):
        raise ValueError("must be a whole path without a question mark, as /srv/portero")
    return value


Address = Annotated[str, AfterValidator(_checked_address)]
DataFolder = Annotated[Path, AfterValidator(_checked_folder)]
DatabaseUrl = Annotated[str, AfterValidator(_checked_url)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Pause = Annotated[float, Field(ge=0, le=86_400)]
Dollars = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
