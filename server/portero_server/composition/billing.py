"""Builds the gate in front of the engine's calls, and the recorder that counts them."""

from __future__ import annotations

from portero_server.billing.wiring import Billing, free, paid
from portero_server.composition.context import BuildContext
from portero_server.store.database import Database
from portero_server.store.usage import UsageStore


def build(context: BuildContext, database: Database) -> Billing:
    """Builds the billing of the configured engine: with quotas and a budget if its calls cost money."""
    settings, clock, metrics = context.settings, context.clock, context.metrics
    usage = UsageStore(database)
    if settings.engine != "rekognition":
        return free(usage, clock, metrics)
    return paid(settings.engine, settings.scheduler, settings.budget, settings.price_table, usage, clock, metrics)
