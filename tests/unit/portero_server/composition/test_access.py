"""Who may come in, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portero_server.access.key_service import KeyRequest
from portero_server.composition.access import AccessControl, build, check_open, permit_metrics
from portero_server.domain.access.identities import Role
from portero_server.errors import PermissionDenied, StartupProblem, Unauthenticated
from portero_server.settings import Settings
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from portero_server.telemetry.metrics import Metrics
from tests.support.store.sqlite_database import database
from tests.support.time.virtual_time import ManualClock

__all__ = ["database"]

Make = Callable[..., tuple[AccessControl, Settings]]


@pytest.fixture
def metrics() -> Metrics:
    """The metrics of the server."""
    return Metrics(version="0", engine="scripted")


@pytest.fixture
def make(database: Database, metrics: Metrics) -> Make:
    """Builds the entrance of settings."""

    def made(**given: Any) -> tuple[AccessControl, Settings]:
        settings, clock = Settings(**given), ManualClock()
        return build(settings, database, CameraStore(database, clock), metrics.access, clock), settings

    return made


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"listen": "[::1]:50051"},
        {"listen": "0.0.0.0:50051", "auth": "required"},
        {"listen": "0.0.0.0:50051", "anyone_off_loopback": True},
    ],
)
def test_a_server_is_open_only_at_home_or_on_purpose(given: dict[str, Any]) -> None:
    """On loopback, with credentials, or when somebody said so, the server starts."""
    check_open(Settings(**given))


@pytest.mark.parametrize("given", [{"listen": "0.0.0.0:50051"}, {"bridge_listen": "0.0.0.0:50052", "auth": "none"}])
def test_an_open_server_that_others_reach_does_not_start(given: dict[str, Any]) -> None:
    """Without credentials on an address that other machines reach, start-up is one line that says what to do."""
    # A port for bridges alone needs certificates, which this check does not look at.
    settings = Settings.model_construct(**given)
    with pytest.raises(StartupProblem, match="PORTERO_AUTH=required") as caught:
        check_open(settings)
    assert "\n" not in caught.value.message


async def test_metrics_are_for_this_machine_and_for_who_has_the_role(make: Make, metrics: Metrics) -> None:
    """From elsewhere a scrape takes the role metrics or admin, and each refusal is counted."""
    who, settings = make(auth="required")
    permit = permit_metrics(who.auth, settings)
    texts = {
        role: (await who.key_service.create(KeyRequest("x", [role]), "local"))[1]
        for role in (Role.METRICS, Role.READER)
    }
    await permit("127.0.0.1", None)
    await permit("192.0.2.7", f"Bearer {texts[Role.METRICS]}")
    with pytest.raises(PermissionDenied):
        await permit("192.0.2.7", f"Bearer {texts[Role.READER]}")
    with pytest.raises(Unauthenticated):
        await permit("192.0.2.7", None)
    get = metrics.registry.get_sample_value
    assert get("portero_denials_total", {"reason": "ROLE_MISSING"}) == 1
    assert get("portero_failed_logins_total", {"reason": "CREDENTIALS_MISSING"}) == 1


async def test_without_authentication_whoever_reaches_the_port_may_scrape(make: Make) -> None:
    """Where nobody shows anything, a scrape needs nothing either."""
    who, settings = make(listen="0.0.0.0:50051", anyone_off_loopback=True)
    await permit_metrics(who.auth, settings)("192.0.2.7", None)
