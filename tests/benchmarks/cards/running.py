"""Reads cases with an engine, one after the other, and keeps each score in a file, so that a run can be resumed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from portero_server.documents.desk import LiveFace
from portero_server.documents.portrait_comparison import EnginePortraits, PortraitPolicy
from portero_server.documents.reading import CardReader
from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.judgment import FaceEvidence, Liveness
from portero_server.engines.base import CallContext, Engine, EngineTraits, OpenGate, Pixels
from portero_server.engines.local.engine import LocalEngine
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.opencv import cv2
from portero_simulator.options import Options
from tests.benchmarks.cards.cases import Case, CaseKey
from tests.benchmarks.cards.scoring import Scored, from_json, score
from tests.support.cards.forgeries import Forgery
from tests.support.cards.portraits import live
from tests.support.cards.specimen import TODAY
from tests.support.server.simulated_rekognition import client_of, simulated

_CONTEXT = CallContext(camera_id=None, lane=Lane.CHECK_IN)
_FRAMED = Liveness(0.8, ("framed",))
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What reads documents and compares faces.

    Attributes:
        engine: Compares faces.
        reader: Reads documents with the text that is kept.
        texts: What keeps the text.
    """

    engine: Engine
    reader: CardReader
    texts: KeptTexts


@asynccontextmanager
async def desk(engine_name: str, texts: Path) -> AsyncIterator[Desk]:
    """Opens a desk with the local engine, or with Rekognition's DetectText as the simulator answers it.

    Args:
        engine_name: "local" or "simulator".
        texts: A folder for what was read of each picture.
    """
    detector = FaceDetector(choose_finder(DetectorOptions()).finder)
    async with AsyncExitStack() as stack:
        engine: Engine = LocalEngine(LocalOptions())
        before: Callable[[], object] = _at_once
        if engine_name == "simulator":
            # The simulator closes the engine behind it.
            simulation = await stack.enter_async_context(simulated(Options(), engine))
            # Its clock moves only when told to: without that, one quota of calls would be all.
            before = partial(simulation.clock.advance, 1)
            client = client_of(simulation.url, read_timeout=_PATIENCE)
            stack.callback(client.close)
            engine = RekognitionEngine(client, "cards", OpenGate(), threads=2, options=RekognitionOptions())
        stack.push_async_callback(engine.aclose)
        keeping = KeptTexts(engine, texts, before)
        yield Desk(engine, CardReader(cast("Engine", keeping), detector), keeping)


def _at_once() -> None:
    """Lets an engine read without anything before it."""


class KeptTexts:
    """An engine that keeps what it read of each picture, so that other decisions are measured without reading anew.

    Attributes:
        saved_seconds: How long the engine took for what was not read anew.
    """

    def __init__(self, engine: Engine, folder: Path, before: Callable[[], object]) -> None:
        """Keeps what an engine reads in a folder; `before` is called before each reading."""
        self._engine = engine
        self._folder = folder
        self._before = before
        self.saved_seconds = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def traits(self) -> EngineTraits:
        """Of the engine."""
        return self._engine.traits

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Returns the text of a picture, which the engine reads only once."""
        path = self._folder / f"{hashlib.sha256(image.tobytes() + repr(image.shape).encode()).hexdigest()}.json"
        if path.exists():
            document = json.loads(path.read_text(encoding="utf-8"))
            self.saved_seconds += document["seconds"]
            return [
                Text(content, TextKind(kind), Box(*box), confidence)
                for content, kind, box, confidence in document["texts"]
            ]
        self._before()
        began = time.monotonic()
        texts = await self._engine.read_text(image, context)
        rows = [(text.content, text.kind.value, astuple(text.box), text.confidence) for text in texts]
        # A run may be killed while it writes.
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps({"seconds": time.monotonic() - began, "texts": rows}), encoding="utf-8")
        unfinished.replace(path)
        return texts


async def run(cases: Iterable[CaseKey], seed: int, name: str, path: Path, tell: Callable[[Scored], None]) -> None:
    """Reads cases that have no score in the file yet, and appends their scores to it."""
    done = {scored.key for scored in kept(path)}
    path.parent.mkdir(parents=True, exist_ok=True)
    async with desk(name, path.parent / "texts" / name) as opened:
        with path.open("a", encoding="utf-8") as file:
            for key in cases:
                if key in done:
                    continue
                scored = await read_and_score(opened, key.drawn(seed))
                file.write(json.dumps(scored.to_json()) + "\n")
                file.flush()
                tell(scored)


def kept(path: Path) -> list[Scored]:
    """Returns the scores in a file; a line that was cut off by the end of a run is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(from_json(json.loads(line)))
        except ValueError:
            continue
    return found


async def read_and_score(opened: Desk, case: Case) -> Scored:
    """Reads one case, in the order of its sides or against it, and judges it."""
    images = [_decoded(shot.jpeg) for shot in case.shots]
    if case.number % 3 == 0:
        images.reverse()
    saved, began = opened.texts.saved_seconds, time.monotonic()
    read = await opened.reader.read(images, _CONTEXT, TODAY)
    face = await _face(opened.engine, case, read.portraits)
    seconds = time.monotonic() - began + opened.texts.saved_seconds - saved
    return score(case, read, face, _FRAMED if read.framed else Liveness(0.0), seconds)


async def _face(engine: Engine, case: Case, portraits: tuple[Pixels, ...]) -> FaceEvidence:
    """Returns the evidence of a face: compared where somebody else holds the card, else as good as can be."""
    threshold = engine.traits.policy.threshold
    if case.forged is None or case.forged.forgery is not Forgery.FACE:
        return FaceEvidence(1.0 if portraits else None, 1, bool(portraits), threshold)
    comparison = EnginePortraits(engine, PortraitPolicy(threshold, engine.traits.policy.margin))
    compared = await comparison.compare(portraits, LiveFace(live(case.forged.live), 1), _CONTEXT)
    return compared.evidence


def _decoded(jpeg: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)
