"""What is stored of people whom a request names, on both databases."""

from __future__ import annotations

from dataclasses import replace

from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.known_people import known_people
from portero_server.store.people import PeopleStore
from tests.support.server.photo_vault import keeping
from tests.support.time.virtual_time import ManualClock


async def test_only_what_is_named_is_told(database: Database, people: PeopleStore, clock: ManualClock) -> None:
    """Names, labels, valid consents and erasures of the people asked for, and of nobody else."""
    for person_id in ("ana", "bob", "cy"):
        await people.create(person_id, person_id.title(), {"room": person_id})
    consent = replace(keeping("ana", clock), purpose="entry")
    await ConsentStore(database, clock).record(consent)
    await ErasureStore(database, clock).begin("cy")

    found = await database.run(
        lambda connection: known_people(
            connection, ["zoe", "ana", "cy"], ["f1"], [consent.consent_id, "none"], clock.now()
        )
    )

    assert (found.names, found.labels) == ({"ana": "Ana"}, {"ana": {"room": "ana"}})
    assert (found.erased, found.consented, found.consents) == ({"cy"}, {"ana"}, {consent.consent_id})
    assert (found.faces, found.merged) == ({}, {})
