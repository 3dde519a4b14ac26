"""Derives ids from names, and names from folders."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from portero_client import InvalidArgument

_LONGEST_ID = 63


def id_of(display_name: str) -> str:
    """Returns the id for a name in any script: "Ana María Díaz" becomes "ana-maria-diaz", "李小龙" "li-xiao-long".

    Different names may become the same id; whoever adds people refuses the second.

    Raises:
        InvalidArgument: The name has no letter or digit.
    """
    # Composed first, since what is written as letter and mark would be spelled as two letters in some scripts.
    plain = "".join(map(_latin, unicodedata.normalize("NFKC", display_name))).lower()
    identifier = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_ID].rstrip("-")
    if not identifier:
        raise InvalidArgument(
            "no id can be made of this name; give one with --id", field="display_name", reason="NO_ID"
        )
    return identifier


def _latin(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character)[0] not in "LMN":
        # Signs and pictures have names in plain letters too, which nobody is called by.
        return " "
    spelled = "".join(filter(str.isalnum, anyascii(character)))
    # A character that is a word of its own is spelled as one.
    return f" {spelled} " if unicodedata.name(character, "").startswith("CJK") else spelled


def name_of_folder(folder: str) -> str:
    """Returns the name for a folder: "rose-leslie" becomes "Rose Leslie", "Ana Díaz" stays as it is."""
    if folder != folder.lower() or " " in folder:
        return folder
    return " ".join(word.capitalize() for word in re.split(r"[-_]+", folder) if word)
