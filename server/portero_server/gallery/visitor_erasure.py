"""Forgets visitors: one by id, or everybody whose face is on a photo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from portero_server.clock import Clock
from portero_server.domain.cameras import Lane
from portero_server.domain.people.visitors import Forgotten, VisitorPolicy
from portero_server.engines.base import CallContext, Engine
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.visitors import VisitorStore
from portero_server.telemetry.visitor_metrics import VisitorMetrics
from portero_server.vision.photo import decode_photo

_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class StrangerEncoder:
    """The engine that encodes strangers' faces, and the limits of its distances."""

    engine: Engine
    policy: VisitorPolicy


@dataclass(frozen=True, slots=True)
class ForgetReceipt:
    """What was forgotten; `remains`: what a search of every table found afterwards, None without a search."""

    forgotten: Forgotten
    remains: Mapping[str, int] | None = field(default=None)


class VisitorEraser:
    """Forgets visitors, whether or not strangers are known again now."""

    def __init__(
        self, store: VisitorStore, encoder: StrangerEncoder | None, clock: Clock, metrics: VisitorMetrics
    ) -> None:
        """Creates it; `encoder` None: no engine of this server encodes faces, so that none can be compared."""
        self._store = store
        self._encoder = encoder
        self._clock = clock
        self._metrics = metrics

    async def forget(self, visitor_id: str, *, verify: bool) -> ForgetReceipt:
        """Erases a visitor.

        Raises:
            NotFound: There is no such visitor.
            StoreUnavailable: The database does not answer; called again, it goes on.
        """
        receipt = await self._forget([visitor_id], verify=verify)
        if not receipt.forgotten.visitor_ids:
            raise NotFound(f"visitors/{visitor_id}")
        return receipt

    async def forget_face(self, photo: bytes, *, verify: bool, dry_run: bool, deadline: float | None) -> ForgetReceipt:
        """Erases every visitor whose encodings match the face of a photo; the photo is not kept.

        Args:
            photo: A whole JPEG or PNG file with one face.
            verify: Whether every table is searched for them afterwards.
            dry_run: Whether they are only named.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.

        Raises:
            InvalidInput: The photo cannot be used; names the field "image".
            PhotoRefused: It has no face, several, or too poor a one.
            FailedPrecondition: Nothing encodes faces here.
            EngineError: The face could not be encoded.
            StoreUnavailable: The database does not answer; called again, it goes on.
        """
        encoder = self._encoder
        if encoder is None:
            raise FailedPrecondition("no engine of this server encodes faces", reason="NO_ENCODER")
        pixels = await asyncio.to_thread(decode_photo, photo, "image")
        context = CallContext(None, Lane.CHECK_IN, deadline)
        learned = await encoder.engine.learn(pixels, _NOBODY, _NOBODY, context)
        face = np.frombuffer(learned.embedding or b"", dtype="<f4")
        known = await self._store.all_encodings(encoder.engine.traits.model_version)
        limit = encoder.policy.forgotten
        matching = await asyncio.to_thread(lambda: [each for each in known if _nearest(face, known[each]) <= limit])
        if dry_run:
            return ForgetReceipt(Forgotten(tuple(sorted(matching)), {}, self._clock.now(), None))
        return await self._forget(matching, verify=verify)

    async def _forget(self, visitor_ids: Sequence[str], *, verify: bool) -> ForgetReceipt:
        forgotten = await self._store.forget(visitor_ids)
        self._metrics.visitors_forgotten(len(forgotten.visitor_ids))
        return ForgetReceipt(forgotten, await self._store.remains(forgotten.visitor_ids) if verify else None)


def _nearest(face: np.ndarray, encodings: Sequence[bytes]) -> float:
    known = np.frombuffer(b"".join(encodings), dtype="<f4").reshape(len(encodings), -1)
    if known.shape[1] != face.size:
        return float("inf")
    return float(np.linalg.norm(known - face, axis=1).min())
