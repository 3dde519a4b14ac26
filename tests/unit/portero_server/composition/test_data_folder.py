"""The data folder: made by what may make it, private, and never begun anew beside a forgotten database."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.composition.data_folder import make_folder, refuse_missing, writable_place
from portero_server.errors import StartupProblem
from portero_server.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a server whose folder does not exist yet, started in another one."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return Settings(data_folder=tmp_path / "share" / "portero")


def test_the_folder_is_made_for_its_owner_only(settings: Settings) -> None:
    """A new folder can be entered by nobody else, and an older one is closed to them."""
    make_folder(settings)
    assert settings.data.stat().st_mode & 0o777 == 0o700
    settings.data.chmod(0o755)
    make_folder(settings)
    assert settings.data.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_names_the_setting(settings: Settings) -> None:
    """One line says which folder, why not, and what to set."""
    settings.data.parent.write_text("a file in the way")
    with pytest.raises(StartupProblem, match=r"cannot be used .*; set PORTERO_DATA_FOLDER"):
        make_folder(settings)


def test_the_folder_of_a_named_database_is_left_alone(tmp_path: Path) -> None:
    """Where the operator chose the file, its folder is neither made nor changed."""
    tmp_path.chmod(0o755)
    make_folder(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/no/x.db"))
    make_folder(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/x.db"))
    assert list(tmp_path.iterdir()) == []
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_what_only_looks_refuses_a_missing_database_and_makes_nothing(settings: Settings, tmp_path: Path) -> None:
    """The message says where the database would be, and what makes it."""
    with pytest.raises(StartupProblem, match=r"no database .*/share/portero/portero\.db yet: `portero-server migrate`"):
        refuse_missing(settings)
    assert writable_place(settings) == settings.data / "portero.db"
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
    make_folder(settings)
    (settings.data / "portero.db").touch()
    refuse_missing(settings)
    assert writable_place(settings) is None


def test_a_database_of_an_earlier_version_is_not_forgotten(settings: Settings, tmp_path: Path) -> None:
    """One in the current folder, where it used to be, is named; the server does not begin an empty one instead."""
    (tmp_path / "elsewhere" / "portero.db").touch()
    for look in (make_folder, refuse_missing, writable_place):
        with pytest.raises(StartupProblem, match=r"elsewhere/portero\.db is a database as earlier versions kept it"):
            look(settings)
    make_folder(settings.model_copy(update={"data_folder": tmp_path / "elsewhere"}))


def test_a_place_that_cannot_be_written_is_refused_by_check(tmp_path: Path) -> None:
    """A named folder that is missing is named."""
    with pytest.raises(StartupProblem, match=r"the folder .*/no does not exist"):
        writable_place(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/no/x.db"))
