"""A place that keeps sealed photographs; it learns neither whose they are nor what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from portero_server.errors import Unavailable

_NAME = re.compile(r"[0-9a-f]{32}")


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


class VaultUnavailable(Unavailable):
    """The photo vault does not answer, or refuses."""

    reason = "VAULT_UNAVAILABLE"


def is_photo_name(name: str) -> bool:
    """Returns whether this is the name of an object that a vault made."""
    return _NAME.fullmatch(name) is not None
