"""The folder of a server's data is its user's, and never the one in which it was started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.settings import Settings, data_folder, load_settings


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for /var/lib/portero, which does not exist yet."""
    folder = tmp_path / "var-lib-portero"
    monkeypatch.setattr(data_folder, "SYSTEM_FOLDER", folder)
    return folder


def test_root_and_the_owner_of_the_system_folder_use_it(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service and the administrator who looks after it have the same database."""
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert data_folder.default_folder() == system
    system.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: me)
    assert data_folder.default_folder() == system


def test_everybody_else_has_a_folder_at_home(system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_DATA_HOME is respected where it is a whole path, as its specification says."""
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    monkeypatch.setenv("HOME", "/home/ana")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert data_folder.default_folder() == Path("/home/ana/.local/share/portero")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert data_folder.default_folder() == Path("/home/ana/.local/share/portero")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder.default_folder() == tmp_path / "portero"


def test_the_database_is_in_the_folder_unless_one_is_named() -> None:
    """Without PORTERO_DATABASE_URL the data folder decides; with it, nothing else does."""
    assert Settings(data_folder=Path("/srv/p")).database_file == Path("/srv/p/portero.db")
    assert Settings(database_url="sqlite+aiosqlite:////srv/x.db").database_file == Path("/srv/x.db")
    assert Settings(database_url="mysql+aiomysql://p@db/portero").database_file is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORTERO_DATABASE_URL", "sqlite+aiosqlite:///portero.db"),
        ("PORTERO_DATABASE_URL", "sqlite+aiosqlite:///./data/portero.db"),
        ("PORTERO_DATA_FOLDER", "data"),
        ("PORTERO_DATA_FOLDER", "/srv/what?"),
    ],
)
def test_a_path_that_depends_on_the_current_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A relative path would be another database in each folder."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartupProblem, match=f"{variable} must be .* whole path"):
        load_settings()
