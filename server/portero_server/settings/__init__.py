"""Every setting, its default and what it is for; the only place that reads the environment.

The descriptions feed the generated reference, server/SETTINGS.md.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

from portero_server.errors import StartupProblem
from portero_server.settings.access import AccessSettings
from portero_server.settings.billing import BillingSettings
from portero_server.settings.calls import CallSettings
from portero_server.settings.privacy import PrivacySettings
from portero_server.settings.security import SecuritySettings
from portero_server.settings.steering import SteeringSettings

PREFIX = "PORTERO_"


class Settings(AccessSettings, CallSettings, SecuritySettings, PrivacySettings, SteeringSettings, BillingSettings):
    """Settings of the server, from PORTERO_… variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)


def load_settings() -> Settings:
    """Reads the settings from the environment.

    Raises:
        StartupProblem: A variable is wrong; names each with what it must be.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{PREFIX}{'.'.join(str(part) for part in problem['loc']).upper()} {problem['msg'].lower()}"
            if problem["loc"]
            else problem["msg"].removeprefix("Value error, ")
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise StartupProblem(f"wrong setting: {problems}; see {Path('server/SETTINGS.md')}") from None
    except SettingsError as error:
        # Its text names the field and nothing of the value.
        name = str(error).partition('"')[2].partition('"')[0]
        raise StartupProblem(f"wrong setting: {PREFIX}{name.upper()} must be json; see server/SETTINGS.md") from None
