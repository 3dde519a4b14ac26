"""Derives ids from names, and names from folders."""

from __future__ import annotations

import re
import unicodedata

from portero_client import InvalidArgument

_LONGEST_ID = 63


def id_of(display_name: str) -> str:
    """Returns the id for a name: "Ana María Díaz" becomes "ana-maria-diaz".

    Raises:
        InvalidArgument: The name has no letter or digit that an id may have.
    """
    plain = unicodedata.normalize("NFKD", display_name).encode("ascii", "ignore").decode("ascii").lower()
    identifier = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_ID].rstrip("-")
    if not identifier:
        raise InvalidArgument(
            "no id can be made of this name; give one with --id", field="display_name", reason="NO_ID"
        )
    return identifier


def name_of_folder(folder: str) -> str:
    """Returns the name for a folder: "rose-leslie" becomes "Rose Leslie", "Ana Díaz" stays as it is."""
    if folder != folder.lower() or " " in folder:
        return folder
    return " ".join(word.capitalize() for word in re.split(r"[-_]+", folder) if word)
