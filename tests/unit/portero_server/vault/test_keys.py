"""The key file is its owner's alone, and what is wrong with it is said without showing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vault.keys import create_key, read_keys


def test_a_key_is_made_for_its_owner_once(tmp_path: Path) -> None:
    """The file has mode 600 and one key of 32 bytes; a second time nothing is overwritten."""
    path = tmp_path / "vault.key"
    create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    [key] = read_keys(path)
    assert len(key) == 32
    with pytest.raises(StartupProblem, match="is there already"):
        create_key(path)
    assert read_keys(path) == (key,)
    with pytest.raises(StartupProblem, match="cannot be written"):
        create_key(tmp_path / "nowhere" / "vault.key")


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The group may not read it, nor anybody else; the message says what to run."""
    path = tmp_path / "vault.key"
    create_key(path)
    path.chmod(mode)
    with pytest.raises(StartupProblem, match="chmod 600"):
        read_keys(path)


def test_a_file_that_holds_no_key_is_named_with_its_line(tmp_path: Path) -> None:
    """A missing, empty or malformed file is a problem of the start, and its content is not shown."""
    path = tmp_path / "vault.key"
    with pytest.raises(StartupProblem, match="vault key"):
        read_keys(path)
    path.touch(0o600)
    with pytest.raises(StartupProblem, match="holds no key"):
        read_keys(path)
    path.write_text(f"# comment\n{'ab' * 32}\n{'cd' * 31}\n")
    with pytest.raises(StartupProblem, match="line 3") as caught:
        read_keys(path)
    assert "cdcd" not in caught.value.message
    path.write_text(f"{'ab' * 32}\n\n{'CD' * 32}\n")
    assert read_keys(path) == (b"\xab" * 32, b"\xcd" * 32)
