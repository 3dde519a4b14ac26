"""Amazon's Face Liveness: begins sessions and asks how they went. The video goes from the device to Amazon."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from portero_server.engines.base import CallContext
from portero_server.engines.face_liveness import LivenessAnswer, LivenessState
from portero_server.engines.rekognition.calls import RekognitionCalls

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient
    from types_boto3_rekognition.type_defs import GetFaceLivenessSessionResultsResponseTypeDef

_STATES = {
    "CREATED": LivenessState.OPEN,
    "IN_PROGRESS": LivenessState.OPEN,
    "SUCCEEDED": LivenessState.DONE,
    "FAILED": LivenessState.FAILED,
    "EXPIRED": LivenessState.EXPIRED,
}


class RekognitionLiveness:
    """Implements `FaceLiveness`."""

    def __init__(self, client: RekognitionClient, caller: RekognitionCalls) -> None:
        self._client = client
        self._caller = caller

    @property
    def region(self) -> str:
        """The AWS region of the client."""
        return self._client.meta.region_name

    async def begin(self, token: str, context: CallContext) -> str:
        """Begins a session with one CreateFaceLivenessSession call; see `FaceLiveness.begin`.

        No bucket is named and no audit image is asked for: Amazon keeps no picture beyond the session's three minutes.
        """
        ask = partial(
            self._client.create_face_liveness_session, ClientRequestToken=token, Settings={"AuditImagesLimit": 0}
        )
        return await self._caller.call("CreateFaceLivenessSession", context, ask, lambda answer: answer["SessionId"])

    async def ask(self, session_id: str, context: CallContext) -> LivenessAnswer:
        """Asks with one GetFaceLivenessSessionResults call; see `FaceLiveness.ask`."""
        ask = partial(self._client.get_face_liveness_session_results, SessionId=session_id)
        answer = await self._caller.call_unless("GetFaceLivenessSessionResults", context, ask, _answer, _is_unknown)
        # Amazon forgets a session three minutes after it was begun.
        return LivenessAnswer(LivenessState.EXPIRED) if answer is None else answer


def _answer(answer: GetFaceLivenessSessionResultsResponseTypeDef) -> LivenessAnswer:
    state = _STATES[answer["Status"]]
    if state is not LivenessState.DONE:
        return LivenessAnswer(state)
    return LivenessAnswer(state, answer["Confidence"] / 100, answer.get("ReferenceImage", {}).get("Bytes"))


def _is_unknown(fault: ClientError) -> bool:
    return fault.response.get("Error", {}).get("Code") == "SessionNotFoundException"
