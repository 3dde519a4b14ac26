"""A place that keeps sealed photographs, or snapshots, under random names: it does not learn whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from portero_server.errors import Unavailable

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """What messages call a place.

    Attributes:
        setting: The one that names it.
        title: What it is.
        content: What it keeps.
    """

    setting: str
    title: str
    content: str


VAULT = PlaceWords("PORTERO_PHOTO_VAULT", "photo vault", "photo")
SNAPSHOTS = PlaceWords("PORTERO_SNAPSHOTS", "snapshots", "snapshot")


class PhotoPlace(Protocol):
    """Keeps objects under names of 32 hexadecimal digits.

    The methods block, and are called on threads of the vault. Each raises VaultUnavailable if the place does not
    answer, or refuses.
    """

    def check(self) -> None:
        """Checks what can be checked without writing.

        Raises:
            StartupProblem: The place must not be used: what is deleted there would stay.
        """
        ...

    def put(self, name: str, content: bytes) -> None:
        """Keeps an object durably, whole or not at all."""
        ...

    def get(self, name: str) -> bytes | None:
        """Returns an object; None: there is none."""
        ...

    def delete(self, name: str) -> None:
        """Deletes an object, or does nothing if there is none."""
        ...

    def names(self) -> Iterator[str]:
        """Yields the names of all objects; other files and keys beside them are passed over."""
        ...


class LinkedPlace(PhotoPlace, Protocol):
    """A place that may hand out links to its objects."""

    def link(self, name: str, seconds: int) -> str | None:
        """Returns a URL by which anybody can read an object for some seconds; None: there are no such links."""
        ...


class VaultUnavailable(Unavailable):
    """The photo vault, or the place of snapshots, does not answer, or refuses."""

    reason = "VAULT_UNAVAILABLE"


def is_photo_name(name: str) -> bool:
    """Returns whether this is the name of an object that a vault made."""
    return _NAME.fullmatch(name) is not None
