"""Implements RecognitionService: converts the unary methods, and hands StreamFrames to the given `StreamMethod`."""
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


class StreamMethod(Protocol):
    """Serves the RPC StreamFrames: iterates over the requests and sends each response by `context.write`."""

    def __call__(self, requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: Context, /) -> Awaitable[None]:
        """Serves one call, which is one camera's stream, and returns when it ended normally.

        Raises:
            PorteroError: Why the stream was ended early.
        """
        ...


class RecognitionServicer(recognition_service_pb2_grpc.RecognitionServiceServicer):
    """Recognizes faces and reads text, in streams and in single images."""

    def __init__(self, images: Images, stream: StreamMethod, clock: Clock) -> None:
        """Creates the service.

        Args:
            images: Answers the unary methods.
            stream: Answers StreamFrames.
            clock: The monotonic clock on which the deadlines of calls are placed.
        """
        self._images = images
        self._stream = stream
        self._clock = clock

    # The generated base class declares an async generator of responses; grpc.aio also accepts a coroutine that sends
    # them by `context.write`. The types of the two do not agree, hence Any.
    def StreamFrames(self, request_iterator: Any, context: Context) -> Any:
        """Receives the frames of one camera and answers with tracks, texts and acks."""
        return self._stream(request_iterator, context)

    async def RecognizeImage(
        self, request: recognition_service_pb2.RecognizeImageRequest, context: Context
    ) -> recognition_service_pb2.RecognizeImageResponse:
        """Returns the faces of one image with their matches, its text, or both, as the features say; none: faces only.

        Raises:
            InvalidInput: A feature is unknown, too many candidates are asked for, or the image cannot be used.
            EngineError: The engine could not answer.
        """
        features = set(request.features) or {_FACES}
        if not features <= {_FACES, _TEXT}:
            raise InvalidInput("features", "features may be RECOGNITION_FEATURE_FACES and RECOGNITION_FEATURE_TEXT")
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
        """Returns the text of one image.

        Raises:
            InvalidInput: The image cannot be used.
            EngineError: The engine could not answer.
        """
        answer = await self._images.recognize(
            request.image, faces=False, texts=True, max_candidates=0, deadline=deadline_of(context, self._clock)
        )
        return recognition_service_pb2.ReadTextResponse(texts=[text_to_proto(text) for text in answer.texts])
