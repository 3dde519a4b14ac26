"""Seals photographs with AES-256-GCM, each bound to its person and its name.

A sealed photograph is b"PV1", 8 bytes that name the key, a random nonce of 12 bytes, and ciphertext with tag. Person
and name are associated data: an object under another name, or in another person's row, does not open.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"PV1"
_KEY_NAME = 8
_NONCE = 12
_BEGIN = len(_MAGIC) + _KEY_NAME + _NONCE


class SealBroken(Exception):
    """A sealed photograph does not open.

    Attributes:
        reason: PHOTO_DAMAGED or PHOTO_OF_OTHER_KEY.
        message: The same in words for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class PhotoSeal:
    """Seals with the first of its keys, and opens with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Creates the seal.

        Args:
            keys: Of 32 bytes each, at least one.
        """
        self._ciphers = {_name_of(key): AESGCM(key) for key in keys}
        self._sealing = _name_of(keys[0])

    def seal(self, person_id: str, photo_id: str, photo: bytes) -> bytes:
        """Returns a photograph, sealed for its person and its name."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._sealing].encrypt(nonce, photo, _bound_to(person_id, photo_id))
        return _MAGIC + self._sealing + nonce + sealed

    def open(self, person_id: str, photo_id: str, sealed: bytes) -> bytes:
        """Returns the photograph.

        Raises:
            SealBroken: It was changed, belongs to another person or name, or none of the keys sealed it.
        """
        if len(sealed) < _BEGIN or not sealed.startswith(_MAGIC):
            raise SealBroken("PHOTO_DAMAGED", "the object is no sealed photo")
        name = sealed[len(_MAGIC) : len(_MAGIC) + _KEY_NAME]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealBroken("PHOTO_OF_OTHER_KEY", "the photo is sealed with a key that the key file does not hold")
        nonce = sealed[_BEGIN - _NONCE : _BEGIN]
        try:
            return cipher.decrypt(nonce, sealed[_BEGIN:], _bound_to(person_id, photo_id))
        except InvalidTag:
            raise SealBroken(
                "PHOTO_DAMAGED", "the object was changed, or exchanged for that of another photo"
            ) from None


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(b"portero vault key\0" + key).digest()[:_KEY_NAME]


def _bound_to(person_id: str, photo_id: str) -> bytes:
    # Neither holds a null byte, so no other pair gives the same bytes.
    return b"portero photo\0" + person_id.encode() + b"\0" + photo_id.encode()
