"""Page sizes and page tokens of lists. Tokens are opaque to clients and valid for one list and one filter only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from portero_server.errors import InvalidInput

_DEFAULT_SIZE = 100
_MAX_SIZE = 1000
_MAX_TOKEN = 1024

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a page token is bound to: the list's name and every condition of the request that shapes it."""

    collection: str
    conditions: tuple[str, ...] = ()

    def token(self, cursor: Sequence[str]) -> str:
        """Returns the token of the page that starts after `cursor`."""
        document = json.dumps({"after": list(cursor), "of": self._digest()}, separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    def cursor(self, token: str, parts: int, field: str = "page_token") -> tuple[str, ...] | None:
        """Decodes a page token.

        Args:
            token: Page token of the request; empty for the first page.
            parts: How many strings this list's cursor has.
            field: The request's field that holds the token.

        Returns:
            The cursor, or None for the first page.

        Raises:
            InvalidInput: The token is malformed, or was given by another list or under other conditions.
        """
        if not token:
            return None
        document = _decoded(token, field)
        after, digest = document.get("after"), document.get("of")
        if digest != self._digest():
            raise InvalidInput(
                field,
                f"{field} belongs to another list or other conditions; repeat the first page's conditions unchanged",
                reason="PAGE_TOKEN_MISMATCH",
            )
        if not isinstance(after, list) or len(after) != parts or not all(_is_text(part) for part in after):
            raise malformed_token(field)
        return tuple(after)

    def _digest(self) -> str:
        text = json.dumps([self.collection, *self.conditions])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def checked_page_size(requested: int, default: int = _DEFAULT_SIZE) -> int:
    """Returns the page size to use; raises InvalidInput outside 0..1000."""
    if not 0 <= requested <= _MAX_SIZE:
        raise InvalidInput("page_size", f"page_size must be 0 to {_MAX_SIZE}; 0 means {default}")
    return requested or default


def cut(rows: Sequence[_Row], size: int) -> tuple[Sequence[_Row], _Row | None]:
    """Splits a read of `size` + 1 rows into the page and its last row, which is None if this is the last page."""
    page = rows[:size]
    return page, page[-1] if len(rows) > size else None


def malformed_token(field: str = "page_token") -> InvalidInput:
    """Returns the error for a token that this server did not issue."""
    return InvalidInput(field, f"{field} is not a next_{field} of this list", reason="BAD_PAGE_TOKEN")


def _is_text(part: object) -> bool:
    """Returns whether a part is a valid string for a query; JSON can encode half a surrogate pair."""
    return isinstance(part, str) and not any("\ud800" <= character <= "\udfff" for character in part)


def _decoded(token: str, field: str) -> dict[str, object]:
    if len(token) > _MAX_TOKEN or not token.isascii():
        raise malformed_token(field)
    try:
        document = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise malformed_token(field) from None
    if not isinstance(document, dict):
        raise malformed_token(field)
    return document
