"""Seals what must lie encrypted with AES-256-GCM, each content bound to what it belongs to.

What is sealed is three bytes that say what it is, 8 bytes that name the key, a random nonce of 12 bytes, and ciphertext
with tag. What it belongs to is associated data: content under another name, or in another owner's row, does not open.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_NAME = 8
_NONCE = 12


class SealBroken(Exception):
    """What was sealed does not open.

    Attributes:
        reason: PHOTO_DAMAGED or PHOTO_OF_OTHER_KEY; of a subscription's secret, with SECRET for PHOTO; of a
            picture for a review, with PICTURE.
        message: The same in words for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class _Seal:
    """Seals with the first of its keys, and opens with any of them."""

    def __init__(self, keys: Sequence[bytes], magic: bytes, what: str) -> None:
        self._ciphers = {_name_of(key): AESGCM(key) for key in keys}
        self._sealing = _name_of(keys[0])
        self._magic = magic
        self._what = what

    def seal(self, owner: str, name: str, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._sealing].encrypt(nonce, content, self._bound_to(owner, name))
        return self._magic + self._sealing + nonce + sealed

    def open(self, owner: str, name: str, sealed: bytes) -> bytes:
        what, begin = self._what, len(self._magic) + _KEY_NAME + _NONCE
        if len(sealed) < begin or not sealed.startswith(self._magic):
            raise SealBroken(f"{what.upper()}_DAMAGED", f"the object is no sealed {what}")
        cipher = self._ciphers.get(sealed[len(self._magic) : len(self._magic) + _KEY_NAME])
        if cipher is None:
            raise SealBroken(
                f"{what.upper()}_OF_OTHER_KEY", f"the {what} is sealed with a key that the key file does not hold"
            )
        try:
            return cipher.decrypt(sealed[begin - _NONCE : begin], sealed[begin:], self._bound_to(owner, name))
        except InvalidTag:
            raise SealBroken(
                f"{what.upper()}_DAMAGED", f"the object was changed, or exchanged for that of another {what}"
            ) from None

    def _bound_to(self, owner: str, name: str) -> bytes:
        # Neither holds a null byte, so no other pair gives the same bytes.
        return f"portero {self._what}\0{owner}\0{name}".encode()


class PhotoSeal:
    """Seals photographs, each for its person and its name."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Creates the seal.

        Args:
            keys: Of 32 bytes each, at least one; the first one seals, all of them open.
        """
        self._seal = _Seal(keys, b"PV1", "photo")

    def seal(self, person_id: str, photo_id: str, photo: bytes) -> bytes:
        """Returns a photograph, sealed for its person and its name."""
        return self._seal.seal(person_id, photo_id, photo)

    def open(self, person_id: str, photo_id: str, sealed: bytes) -> bytes:
        """Returns the photograph.

        Raises:
            SealBroken: It was changed, belongs to another person or name, or none of the keys sealed it.
        """
        return self._seal.open(person_id, photo_id, sealed)


class SecretSeal:
    """Seals the secrets of subscriptions: the URLs, and the keys that sign."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Creates the seal.

        Args:
            keys: Of 32 bytes each, at least one; the first one seals, all of them open.
        """
        self._seal = _Seal(keys, b"PS1", "secret")

    def seal(self, subscription_id: str, name: str, secret: bytes) -> bytes:
        """Returns a secret, sealed for its subscription and its name there."""
        return self._seal.seal(subscription_id, name, secret)

    def open(self, subscription_id: str, name: str, sealed: bytes) -> bytes:
        """Returns the secret.

        Raises:
            SealBroken: It was changed, belongs to another subscription or name, or none of the keys sealed it.
        """
        return self._seal.open(subscription_id, name, sealed)


class PictureSeal:
    """Seals pictures that wait to be reviewed, each for its track."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Creates the seal.

        Args:
            keys: Of 32 bytes each, at least one; the first one seals, all of them open.
        """
        self._seal = _Seal(keys, b"PR1", "picture")

    def seal(self, track_id: str, picture: bytes) -> bytes:
        """Returns a picture, sealed for its track."""
        return self._seal.seal(track_id, "review", picture)

    def open(self, track_id: str, sealed: bytes) -> bytes:
        """Returns the picture.

        Raises:
            SealBroken: It was changed, belongs to another track, or none of the keys sealed it.
        """
        return self._seal.open(track_id, "review", sealed)


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(b"portero vault key\0" + key).digest()[:_KEY_NAME]
