"""Builds the audit trail of a server, and records changes of its settings."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portero_server import __version__
from portero_server.audit.anchoring import Anchoring
from portero_server.audit.trail import AuditReport, AuditTrail, check_trail
from portero_server.clock import Clock, SystemClock
from portero_server.domain.audit.chain import SERVER, Anchor, AuditOutcome, Deed
from portero_server.errors import StartupProblem, Unavailable
from portero_server.rpc.call_audit import CallAudit
from portero_server.rpc.services.audit import Anchors, AuditServicer, NoAnchors
from portero_server.settings import Settings
from portero_server.store.audit import AuditStore
from portero_server.store.database import Database
from portero_server.telemetry.privacy_metrics import AuditMetrics

if TYPE_CHECKING:
    from portero_server.audit.anchors import S3Anchors

CONFIGURED = "server.configured"
"""Action of the entry that tells of another configuration than the one before."""
_CREDENTIALS = re.compile(r"//[^@/]*@")


@dataclass(frozen=True, slots=True)
class AuditParts:
    """The parts that keep the audit trail.

    Attributes:
        trail: Takes what is to be recorded.
        calls: Records calls.
        servicer: Reads and checks the trail for admins.
        anchoring: Keeps the end anchored, where that is set up.
    """

    trail: AuditTrail
    calls: CallAudit
    servicer: AuditServicer
    anchoring: Anchoring | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.trail.run(), *([] if self.anchoring is None else [self.anchoring.run()])]


def build(settings: Settings, database: Database, metrics: AuditMetrics, clock: Clock) -> AuditParts:
    """Builds the audit trail from the settings.

    Raises:
        StartupProblem: It cannot be anchored as the settings say.
    """
    store = AuditStore(database)
    trail = AuditTrail(store, clock, metrics)
    anchors = _anchors(settings, clock)
    known: Anchors = NoAnchors() if anchors is None else anchors
    anchoring = None
    if anchors is not None:
        anchoring = Anchoring(store, anchors, clock, metrics, interval=settings.audit_anchor_interval)
    return AuditParts(trail, CallAudit(trail), AuditServicer(trail, known), anchoring)


async def record_configuration(settings: Settings, database: Database, trail: AuditTrail) -> None:
    """Records that the server starts with other settings, or another version, than the last start.

    Raises:
        StartupProblem: It cannot be recorded; a server that cannot keep its trail does not start.
    """
    taken = fingerprint(settings)
    resource = f"configuration/{__version__}/{taken.digest}"
    last = await AuditStore(database).last(CONFIGURED)
    if last is not None and last.deed.resource == resource:
        return
    try:
        await trail.record(Deed(SERVER, CONFIGURED, resource, AuditOutcome.DONE, ",".join(taken.names)))
    except Unavailable as error:
        raise StartupProblem(f"{error.message}; see what `portero-server audit verify` says") from None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An identifier of a configuration that reveals no values.

    Attributes:
        digest: SHA-256 over all settings but secrets, hexadecimal, 16 digits: changes when one of them does.
        names: Settings that differ from their default.
    """

    digest: str
    names: tuple[str, ...]


def fingerprint(settings: Settings) -> Fingerprint:
    """Returns the fingerprint. For a secret it shows only whether it is set, and for a URL no user or password."""
    # Pydantic writes a SecretStr as asterisks.
    told = json.loads(settings.model_dump_json())
    text = _CREDENTIALS.sub("//", json.dumps(told, sort_keys=True))
    fields = type(settings).model_fields
    names = tuple(name for name, field in fields.items() if getattr(settings, name) != field.get_default())
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest()[:16], names)


async def verify_audit(settings: Settings, database: Database) -> bool:
    """Checks the trail directly in the database, prints the result, and returns whether it is intact.

    Raises:
        StartupProblem: The anchors cannot be read.
    """
    anchors = _anchors(settings, SystemClock())
    try:
        known: Iterable[Anchor] = () if anchors is None else await anchors.known()
    except Unavailable as error:
        raise StartupProblem(error.message) from None
    report = await check_trail(AuditStore(database), known)
    sys.stdout.writelines(f"{line}\n" for line in _lines(report))
    return not report.findings


def _lines(report: AuditReport) -> Iterable[str]:
    for finding in report.findings:
        yield f"{finding.kind.value}: entries {finding.first} to {finding.last}"
    verdict = "TAMPERED WITH" if report.findings else "sound"
    entries = report.head.count - report.head.base_count
    yield (
        f"{entries} entries, {report.anchors} anchors compared: {verdict}; "
        f"ends with {report.head.count}:{report.head.digest}"
    )


def _anchors(settings: Settings, clock: Clock) -> S3Anchors | None:
    if settings.audit_anchor_bucket is None:
        return None
    # Imported late: loading AWS's library is a tenth of a server's start, and few servers need it.
    from portero_server.audit.anchors import AnchorOptions, create_anchors

    options = AnchorOptions(
        settings.audit_anchor_bucket,
        settings.audit_anchor_prefix,
        settings.audit_anchor_days,
        settings.audit_anchor_region,
    )
    return create_anchors(options, clock)
