"""Implements RecognitionService: the unary methods here, the stream by the given `StreamFrames`."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

from portero.v1 import recognition_service_pb2, recognition_service_pb2_grpc, stream_pb2

from portero_server.clock import Clock
from portero_server.errors import InvalidInput
from portero_server.recognition.images import MAX_CANDIDATES, Images
from portero_server.rpc.convert import faces_to_proto, text_to_proto
from portero_server.rpc.requests import Context, deadline_of

_FACES = recognition_service_pb2.RECOGNITION_FEATURE_FACES
_TEXT = recognition_service_pb2.RECOGNITION_FEATURE_TEXT


class StreamFrames(Protocol):
    """Serves one camera's stream with the call's own `read` and `write`."""

    def __call__(self, requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: Context, /) -> Awaitable[None]:
        """Serves one call. Returns when the stream ended normally; otherwise raises what ended it."""
        ...


class RecognitionServicer(recognition_service_pb2_grpc.RecognitionServiceServicer):
    """Recognizes faces and reads text."""

    def __init__(self, images: Images, stream: StreamFrames, clock: Clock) -> None:
        self._images = images
        self._stream = stream
        self._clock = clock

    # The generated base knows handlers that yield, not those that write by themselves.
    def StreamFrames(self, request_iterator: Any, context: Context) -> Any:
        """Receives the frames of one camera and answers with tracks, texts and acks."""
        return self._stream(request_iterator, context)

    async def RecognizeImage(
        self, request: recognition_service_pb2.RecognizeImageRequest, context: Context
    ) -> recognition_service_pb2.RecognizeImageResponse:
        """Returns every face of one image with its match, and the image's text."""
        features = set(request.features) or {_FACES}
        if not features <= {_FACES, _TEXT}:
            raise InvalidInput("features", "features must be of RECOGNITION_FEATURE_FACES and RECOGNITION_FEATURE_TEXT")
        if request.max_candidates > MAX_CANDIDATES:
            raise InvalidInput("max_candidates", f"max_candidates must be 0 to {MAX_CANDIDATES}")
        answer = await self._images.recognize(
            request.image,
            faces=_FACES in features,
            texts=_TEXT in features,
            max_candidates=request.max_candidates,
            deadline=deadline_of(context, self._clock),
        )
        return recognition_service_pb2.RecognizeImageResponse(
            faces=faces_to_proto(answer), texts=[text_to_proto(text) for text in answer.texts]
        )

    async def ReadText(
        self, request: recognition_service_pb2.ReadTextRequest, context: Context
    ) -> recognition_service_pb2.ReadTextResponse:
        """Returns the text of one image."""
        answer = await self._images.recognize(
            request.image, faces=False, texts=True, max_candidates=0, deadline=deadline_of(context, self._clock)
        )
        return recognition_service_pb2.ReadTextResponse(texts=[text_to_proto(text) for text in answer.texts])
