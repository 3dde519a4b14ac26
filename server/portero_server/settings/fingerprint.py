"""What the audit trail records of a configuration: that it changed and which settings are set, never their values."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from pydantic import BaseModel

_CREDENTIALS = re.compile(r"//[^@/]*@")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An identifier of a configuration that reveals no values.

    Attributes:
        digest: SHA-256 over all settings but secrets, hexadecimal, 16 digits: changes when one of them does.
        names: Settings that differ from their default.
    """

    digest: str
    names: tuple[str, ...]


def fingerprint(settings: BaseModel) -> Fingerprint:
    """Returns the fingerprint. For a secret it shows only whether it is set, and for a URL no user or password."""
    # Pydantic writes a SecretStr as asterisks.
    told = json.loads(settings.model_dump_json())
    text = _CREDENTIALS.sub("//", json.dumps(told, sort_keys=True))
    fields = type(settings).model_fields
    names = tuple(name for name, field in fields.items() if getattr(settings, name) != field.get_default())
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest()[:16], names)
