"""Files with keys that seal: one of 32 bytes a line, as 64 hexadecimal digits; only its owner may read it."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from portero_server.errors import StartupProblem
from portero_server.private_files import Readers, readers_of

_KEY = re.compile(r"[0-9a-fA-F]{64}")
_HEADER = "# Keys of Portero. The first one seals; all of them open. Keep a copy apart from what they seal.\n"
_OF_VAULT = "PORTERO_PHOTO_VAULT_KEY_FILE"


def read_keys(path: Path, setting: str = _OF_VAULT) -> tuple[bytes, ...]:
    """Returns the keys of a file, the one that seals first.

    Args:
        path: The file.
        setting: What names it, for messages.

    Raises:
        StartupProblem: It cannot be read, others may read it, or it holds no key; the message shows nothing of it.
    """
    if readers_of(path) is not Readers.OWNER:
        raise StartupProblem(f"{setting}: others may read {path}: run `chmod 600 {path}`")
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupProblem(
            f"{setting}: {path} cannot be read ({type(error).__name__}); `portero-server vault key {path}` makes one"
        ) from None
    found = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        if not _KEY.fullmatch(line):
            raise StartupProblem(f"{setting}: line {number} of {path} is no key: 64 hexadecimal digits")
        found.append(bytes.fromhex(line))
    if not found:
        raise StartupProblem(f"{setting}: {path} holds no key: 64 hexadecimal digits on a line")
    return tuple(found)


def create_key(path: Path) -> None:
    """Makes a file with one random key, which only its owner may read.

    Raises:
        StartupProblem: The file exists, or cannot be written.
    """
    text = f"{_HEADER}{secrets.token_hex(32)}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StartupProblem(f"{path} is there already: what its keys sealed opens with nothing else") from None
    except OSError as error:
        raise StartupProblem(f"{path} cannot be written ({type(error).__name__})") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
