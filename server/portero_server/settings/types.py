"""The types of setting values, with their checks."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field


def _checked_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be HOST:PORT, as 127.0.0.1:50051")
    return value


def _checked_url(value: str) -> str:
    if not re.match(r"(sqlite\+aiosqlite|mysql\+aiomysql)://", value):
        raise ValueError("must begin with sqlite+aiosqlite:// or mysql+aiomysql://")
    return value


Address = Annotated[str, AfterValidator(_checked_address)]
DatabaseUrl = Annotated[str, AfterValidator(_checked_url)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Pause = Annotated[float, Field(ge=0, le=86_400)]
Dollars = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
