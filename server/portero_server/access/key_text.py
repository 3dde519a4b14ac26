"""The text of an API key, "ptk_<id>_<secret>": created, parsed, hashed.

The secret is 192 random bits of the operating system. It cannot be guessed, so its hash need not be slow: slow hashes
(bcrypt, argon2) make guessing a *password* expensive, and here would only make every call expensive.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

PREFIX = "ptk"
"""Begins every key, so that scanners of code and logs find one that was left lying about."""

_ID_BYTES = 8
_SECRET_BYTES = 24
_FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_[0-9a-f]{{{2 * _SECRET_BYTES}}}")


def mint() -> tuple[str, str]:
    """Creates a new key: its id and its text."""
    key_id = secrets.token_hex(_ID_BYTES)
    return key_id, f"{PREFIX}_{key_id}_{secrets.token_hex(_SECRET_BYTES)}"


def key_id_of(text: str) -> str | None:
    """Returns the id in a text that has the form of a key, or None."""
    match = _FORM.fullmatch(text)
    return None if match is None else match[1]


def digest_of(text: str) -> bytes:
    """Returns the stored digest of a key: SHA-256 of its whole text, 32 bytes."""
    return hashlib.sha256(text.encode()).digest()


def matches(text: str, digest: bytes) -> bool:
    """Whether a text has this digest, compared in constant time."""
    return hmac.compare_digest(digest_of(text), digest)
