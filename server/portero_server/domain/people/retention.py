"""How long what is kept."""

from __future__ import annotations

from enum import Enum


class Purpose(Enum):
    """What rows are kept for; each purpose has its own time."""

    STRANGERS = "strangers"
    """Sightings and recognitions of nobody we know, the erased among them."""
    SIGHTINGS = "sightings"
    """Sightings and recognitions of people with a name."""
    TEXTS = "texts"
    """Text read in streams."""
    EVENTS = "events"
    """What watchers can ask for again."""
    EXCEPTIONS = "exceptions"
    """Rejected and missing frames."""
    USAGE = "usage"
    """Calls made and avoided, and the steps of budgets."""
    CONSENTS = "consents"
    """Consents, from their end on."""
    AUDIT = "audit"
    """Entries of the audit trail; that they were removed is an entry as well."""
