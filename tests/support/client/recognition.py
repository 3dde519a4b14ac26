"""An in-memory RecognitionService, without its stream."""

from __future__ import annotations

from portero.v1 import detections_pb2
from portero.v1 import recognition_service_pb2 as pb2

from tests.support.client.gallery import FakeGallery
from tests.support.client.photos import box_of, shown_in
from tests.support.client.wire import UnaryMethod


class FakeRecognition:
    """Looks at photographs with the gallery of the same server."""

    def __init__(self, gallery: FakeGallery) -> None:
        self._gallery = gallery

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the service."""
        return {
            "RecognizeImage": (pb2.RecognizeImageRequest, self.recognize),
            "ReadText": (pb2.ReadTextRequest, self.read_text),
        }

    async def recognize(self, request: pb2.RecognizeImageRequest) -> pb2.RecognizeImageResponse:
        """Finds what the features ask for."""
        features = set(request.features) or {pb2.RECOGNITION_FEATURE_FACES}
        answer = pb2.RecognizeImageResponse()
        if pb2.RECOGNITION_FEATURE_FACES in features:
            answer.faces.extend(self._gallery.faces_in(request.image, request.max_candidates))
        if pb2.RECOGNITION_FEATURE_TEXT in features:
            answer.texts.extend(_texts(request.image))
        return answer

    async def read_text(self, request: pb2.ReadTextRequest) -> pb2.ReadTextResponse:
        """Reads the lines of a photograph and their words."""
        return pb2.ReadTextResponse(texts=_texts(request.image))


def _texts(image: bytes) -> list[detections_pb2.Text]:
    texts = []
    for index, line in enumerate(shown_in(image).lines):
        pieces = [(line, detections_pb2.TEXT_KIND_LINE)]
        pieces += [(word, detections_pb2.TEXT_KIND_WORD) for word in line.split()]
        texts += [
            detections_pb2.Text(content=content, kind=kind, box=box_of(index), confidence=0.98)
            for content, kind in pieces
        ]
    return texts
