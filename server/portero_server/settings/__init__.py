"""Every setting, its default and what it is for; the only place that reads the environment.

The descriptions feed the generated reference, server/SETTINGS.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

from portero_server.errors import StartupProblem
from portero_server.settings.access import AccessSettings
from portero_server.settings.attendance import AttendanceSettings
from portero_server.settings.billing import BillingSettings
from portero_server.settings.calls import CallSettings
from portero_server.settings.documents import DocumentSettings
from portero_server.settings.events import EventSettings
from portero_server.settings.exports import ExportSettings
from portero_server.settings.mqtt import MqttSettings
from portero_server.settings.names import PREFIX, unknown_variables
from portero_server.settings.pictures import PictureSettings
from portero_server.settings.privacy import PrivacySettings
from portero_server.settings.security import SecuritySettings
from portero_server.settings.snapshots import SnapshotSettings
from portero_server.settings.steering import SteeringSettings
from portero_server.settings.vault import VaultSettings
from portero_server.settings.visitors import VisitorSettings

__all__ = ["PREFIX", "Settings", "load_settings"]

_REFERENCE = "server/SETTINGS.md"


class Settings(
    AccessSettings,
    CallSettings,
    SecuritySettings,
    PrivacySettings,
    VaultSettings,
    VisitorSettings,
    PictureSettings,
    SnapshotSettings,
    ExportSettings,
    AttendanceSettings,
    DocumentSettings,
    EventSettings,
    MqttSettings,
    SteeringSettings,
    BillingSettings,
):
    """Settings of the server, from PORTERO_… variables. An empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )


def load_settings() -> Settings:
    """Reads the settings from the environment.

    Raises:
        StartupProblem: Variables are wrong or unknown; names each with what it must be, and no value.
    """
    problems = list(unknown_variables(os.environ, Settings.model_fields))
    try:
        settings = Settings()
    except ValidationError as error:
        problems += _wrong_values(error)
    except SettingsError as error:
        # Its text names the field and nothing of the value.
        name = str(error).partition('"')[2].partition('"')[0]
        problems.append(f"{PREFIX}{name.upper()} must be json")
    if problems:
        raise StartupProblem(f"wrong setting: {'; '.join(problems)}; see {_REFERENCE}")
    return settings


def _wrong_values(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False):
        words = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            yield words
            continue
        # Of a value of our own check the words stand as written; the library's begin like a sentence.
        said = words if problem["type"] == "value_error" else words.lower()
        yield f"{PREFIX}{'.'.join(str(part) for part in problem['loc']).upper()} {said}"
