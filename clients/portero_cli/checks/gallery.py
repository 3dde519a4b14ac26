"""Checks whether everybody of the gallery can be recognized, and nobody is in it under two names."""

from __future__ import annotations

import asyncio
from collections import Counter

from portero_cli.checks.finding import Finding
from portero_client import (
    CollectionState,
    ConnectionSettings,
    FacesReport,
    FailedPrecondition,
    GalleryFindingKind,
    PermissionDenied,
    PorteroClient,
    PorteroError,
    Unauthenticated,
    Unimplemented,
)

_REMEDY = "`portero people check` looks at all, and lists them"
# A gallery of a hundred thousand takes minutes, which nobody who asks for a doctor has; seconds.
_PATIENCE = 10.0


async def check_gallery(connection: ConnectionSettings) -> Finding:
    """Asks the server what is wrong with the gallery; not needed, since the server works all the same."""
    check = "gallery"
    kinds: Counter[GalleryFindingKind] = Counter()
    found = []
    try:
        async with PorteroClient(connection) as client, asyncio.timeout(_PATIENCE):
            async for finding in client.people.findings():
                kinds[finding.kind] += 1
    except TimeoutError:
        found.append(f"not all of it looked at in {_PATIENCE:.0f} s")
    except (PermissionDenied, Unauthenticated):
        return Finding(check, True, False, "not checked: only operators and admins may")
    except Unimplemented:
        return Finding(check, True, False, "not checked: the server is of an older version")
    except PorteroError as error:
        return Finding(check, False, False, error.message)
    outdated, alike = kinds[GalleryFindingKind.OUTDATED_FACES], kinds[GalleryFindingKind.LOOK_ALIKE]
    if outdated:
        people = "1 person" if outdated == 1 else f"{outdated} people"
        found.append(f"{people} without a face of the model in use, not recognized")
    if alike:
        found.append(f"{alike} pair{'' if alike == 1 else 's'} of people with the same face")
    return Finding(check, not kinds, False, "; ".join(found) or "sound", _REMEDY if found else "")


async def check_faces(connection: ConnectionSettings) -> Finding:
    """Asks the server whether the engine has the stored faces; not needed, since those it has are recognized."""
    check = "faces"
    try:
        async with PorteroClient(connection) as client:
            return _of_report(check, await client.people.check_faces(last_known=True))
    except (PermissionDenied, Unauthenticated):
        return Finding(check, True, False, "not checked: only operators and admins may")
    except Unimplemented:
        return Finding(check, True, False, "not checked: the server is of an older version")
    except PorteroError as error:
        return Finding(check, False, False, error.message)


async def check_collections(connection: ConnectionSettings) -> Finding | None:
    """Asks the server which collection stands by; None: none does, or the engine keeps none."""
    check = "collections"
    try:
        async with PorteroClient(connection) as client:
            found = await client.collections.get()
    except (PermissionDenied, Unauthenticated, Unimplemented, FailedPrecondition):
        # Told by the checks before, or nothing to tell.
        return None
    except PorteroError as error:
        return Finding(check, False, False, error.message)
    standby = found.standby
    if standby is None:
        return None
    told = f"{found.in_use.collection} in use, {standby.collection} {standby.role.value}"
    if found.missing_people:
        told += f", which would not know {found.missing_people} people"
    return Finding(check, True, False, told, "`portero faces collections` says more")


def _of_report(check: str, report: FacesReport) -> Finding:
    if report.state is CollectionState.SOUND:
        return Finding(check, True, False, f"sound: {report.advice}")
    return Finding(check, False, False, f"{report.state.name}: {report.advice}", "`portero faces check` says more")
