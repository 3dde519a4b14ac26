"""The command `portero-server webhook`: tries the webhook, and says and changes how far events are sent to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from portero_server.clock import SystemClock
from portero_server.composition.events import relay_store, sender
from portero_server.composition.store import opened_database
from portero_server.domain.events.message import trial_message
from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from portero_server.store.migrations import check_revision
from portero_server.store.sightings import SightingStore
from portero_server.telemetry.logs import configure_logs


@dataclass(frozen=True, slots=True)
class WebhookCommand:
    """One command, as typed on the command line.

    Attributes:
        action: "test", "status", "resume" or "replay".
        since: Of a replay: events that happened from this time on are sent again.
    """

    action: str
    since: datetime | None = None

    async def __call__(self, settings: Settings) -> None:
        """Executes the command and prints the result.

        Raises:
            StartupProblem: There is no webhook, the database cannot be used, or the message was not taken.
        """
        configure_logs(settings.log_format, "warning", settings.log_lines)
        if self.action == "test":
            await _test(settings)
            return
        if settings.webhook_url is None:
            raise StartupProblem("there is no webhook: set PORTERO_WEBHOOK_URL")
        async with opened_database(settings, None, create=False) as database:
            await check_revision(database)
            store, events = relay_store(settings, database, uuid4().hex), SightingStore(database)
            last = await events.last_position()
            if self.action == "status":
                state = await store.state(last)
                words = ", stopped: it answered 410 Gone" if state.stopped else ""
                _tell(f"sent up to event {state.position} of {last}{words}")
            elif self.action == "resume":
                await store.state(last)
                await store.resume()
                _tell("events are sent again")
            elif self.since is not None:
                position = await events.position_before(self.since)
                await store.state(position)
                await store.rewind(position)
                _tell(f"events after {position} of {last} are sent again")


async def _test(settings: Settings) -> None:
    clock = SystemClock()
    async with sender(settings, clock) as webhook:
        sent = await webhook.send(trial_message(clock.now().astimezone(UTC)))
    if sent.problem:
        raise StartupProblem(f"the webhook did not take the message: {sent.problem}")
    _tell(f"the webhook took the message and answered {sent.status}")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
