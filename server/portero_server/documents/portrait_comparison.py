"""Compares the portrait on a card with the live face: one paid call at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portero_server.documents.desk import ComparedPortrait, LiveFace
from portero_server.domain.documents.judgment import FaceEvidence
from portero_server.engines.base import CallContext, Engine, PhotoRefused, Pixels


@dataclass(frozen=True, slots=True)
class PortraitPolicy:
    """When a live face counts as the one on the card.

    Attributes:
        threshold: Lowest similarity of one person, on the engine's scale.
        review_margin: How far below it a person still looks.
        min_quality: Lowest quality of a live face that is compared, the one that a capture waits for too. Of 50 blurred
            and reduced pictures, at least 60 pixels wide, of the person on a portrait, the local engine put below its
            threshold 1 of the 24 with 0.35 and more, and 7 of the 17 with 0.2 to 0.35, 3 of them so far below that the
            guest would have been rejected. A person decides about such pictures instead.
        min_size: Smallest width of a live face that is compared, pixels. Amazon asks for 50 in pictures of up to
            1920 x 1080; the detectors' boxes differ by up to a fifth. The local engine found every face from 40 on.
    """

    threshold: float
    review_margin: float
    min_quality: float = 0.35
    min_size: int = 60


class EnginePortraits:
    """Asks the engine; the `PortraitComparison` of the check-in service."""

    def __init__(self, engine: Engine, policy: PortraitPolicy) -> None:
        self._engine = engine
        self._policy = policy

    async def compare(
        self, portraits: Sequence[Pixels], live_face: LiveFace | None, context: CallContext
    ) -> ComparedPortrait:
        """Returns the evidence; see `PortraitComparison.compare`.

        Only the first portrait is compared. A card shows a ghost portrait too, small and faint: that it is like the
        live face proves nothing that the large one would not, and that it is not proves nothing at all.
        """
        policy = self._policy
        evidence = FaceEvidence(
            similarity=None,
            live_faces=0,
            portrait_found=bool(portraits),
            threshold=policy.threshold,
            review_margin=policy.review_margin,
            min_quality=policy.min_quality,
            min_size=policy.min_size,
        )
        if live_face is None:
            return ComparedPortrait(evidence)
        evidence = replace(
            evidence,
            live_faces=1 if live_face.faces is None else live_face.faces,
            live_quality=live_face.quality,
            live_size=live_face.size,
        )
        if not portraits:
            return ComparedPortrait(evidence)
        paid = int(self._engine.traits.paid)
        try:
            # The largest face of the source is compared with all faces of the target.
            comparison = await self._engine.compare(portraits[0], live_face.pixels, context)
        except PhotoRefused:
            # Where the call did not say which picture has no face, the engine has asked once more.
            return ComparedPortrait(replace(evidence, portrait_found=False), 2 * paid)
        faces = comparison.faces
        if not faces:
            return ComparedPortrait(replace(evidence, live_faces=0), paid)
        nearest = max(faces, key=lambda face: face.box.area)
        seen = len(faces) if live_face.faces is None else live_face.faces
        return ComparedPortrait(replace(evidence, similarity=nearest.similarity, live_faces=seen), paid)
