"""What the simulator refuses, and how: requests, images, quotas and faults, through boto3 and raw HTTP."""

from __future__ import annotations

import base64
import json

import httpx2
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineUnavailable
from portero_simulator.faults import Fault, FaultKind
from portero_simulator.options import Options
from tests.support.server.simulated_rekognition import (
    RED,
    Simulation,
    ask,
    client_of,
    picture,
    png,
    portrait,
    simulated,
)
from tests.support.time.timeouts import PATIENCE

_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260302/us-east-1/rekognition/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64
)


def _headers(target: str = "RekognitionService.DetectFaces", signature: str = _SIGNED) -> dict[str, str]:
    return {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target, "Authorization": signature}


async def _post(simulation: Simulation, body: object, headers: dict[str, str]) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=PATIENCE) as http:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await http.post(simulation.url, content=content, headers=headers)


async def _code_of(simulation: Simulation, **parameters: object) -> str:
    with pytest.raises(ClientError) as caught:
        await ask(simulation.client.detect_faces, **parameters)
    return str(caught.value.response["Error"]["Code"])


async def test_raw_request_is_answered_as_on_the_wire(simulation: Simulation) -> None:
    """A request as the AWS CLI sends it gets JSON 1.1, a request id, and numbers under Amazon's names."""
    body = {"Image": {"Bytes": base64.b64encode(portrait(RED)).decode()}}

    response = await _post(simulation, body, _headers())

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert len(response.headers["x-amzn-RequestId"]) == 36
    assert response.json()["FaceDetails"][0]["BoundingBox"]["Width"] == pytest.approx(100 / 320, abs=0.01)


@pytest.mark.parametrize(
    ("target", "signature", "code"),
    [
        ("RekognitionService.Nothing", _SIGNED, "UnknownOperationException"),
        ("DetectFaces", _SIGNED, "UnknownOperationException"),
        ("", _SIGNED, "UnknownOperationException"),
        ("RekognitionService.DetectLabels", _SIGNED, "UnknownOperationException"),
        ("RekognitionService.DetectFaces", "", "MissingAuthenticationTokenException"),
        ("RekognitionService.DetectFaces", "Bearer abc", "IncompleteSignatureException"),
        ("RekognitionService.DetectFaces", _SIGNED.replace("rekognition", "s3"), "InvalidSignatureException"),
    ],
)
async def test_headers_that_say_nothing_useful_are_refused(
    simulation: Simulation, target: str, signature: str, code: str
) -> None:
    """An unknown or unsimulated operation, or a signature of another form, is refused with Amazon's code."""
    image = {"Image": {"Bytes": base64.b64encode(portrait(RED)).decode()}}

    response = await _post(simulation, image, _headers(target, signature))

    assert response.status_code == 400
    assert response.json()["__type"] == code


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Image": {"Bytes": "%%"}}', b"\xff"])
async def test_body_that_cannot_be_read_is_a_serialization_fault(simulation: Simulation, body: bytes) -> None:
    """What is not JSON, not an object, or not base64 is refused as Amazon refuses it."""
    response = await _post(simulation, body, _headers())

    assert response.status_code == 400
    assert response.json()["__type"] == "SerializationException"


async def test_images_that_amazon_would_not_take_are_refused(simulation: Simulation) -> None:
    """Format, size on both ends and S3 each have their own error code."""
    noise = b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024)
    codes = {
        "format": await _code_of(simulation, Image={"Bytes": b"GIF89a" + bytes(100)}),
        "broken": await _code_of(simulation, Image={"Bytes": b"\xff\xd8\xff" + bytes(100)}),
        "bytes": await _code_of(simulation, Image={"Bytes": noise}),
        "small": await _code_of(simulation, Image={"Bytes": png(picture(width=79, height=300))}),
        "large": await _code_of(simulation, Image={"Bytes": png(picture(width=10_001, height=80))}),
        "s3": await _code_of(simulation, Image={"S3Object": {"Bucket": "bucket", "Name": "key"}}),
        "none": await _code_of(simulation, Image={}),
    }

    assert codes == {
        "format": "InvalidImageFormatException",
        "broken": "InvalidImageFormatException",
        "bytes": "ValidationException",
        "small": "InvalidParameterException",
        "large": "ImageTooLargeException",
        "s3": "InvalidS3ObjectException",
        "none": "InvalidParameterException",
    }


async def test_calls_beyond_the_quota_are_throttled_until_the_bucket_fills() -> None:
    """Five a second pass; the sixth gets Amazon's throttling error, and a second later there is room again."""
    async with simulated(Options(quotas={"DetectFaces": 5.0})) as simulation:
        for _ in range(5):
            await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})
        refused = await _code_of(simulation, Image={"Bytes": portrait(RED)})
        simulation.clock.advance(1.0)
        await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})

    assert refused == "ProvisionedThroughputExceededException"
    assert simulation.outcomes("DetectFaces") == {"ok": 6, "ProvisionedThroughputExceededException": 1}


async def test_throttle_storm_brings_all_three_throttling_errors(simulation: Simulation) -> None:
    """The storm throttles with both codes, and ThrottlingException with status 400 as well as 500."""
    simulation.endpoint.faults.turn(FaultKind.THROTTLE, Fault(1.0, 10.0), simulation.clock.monotonic())
    seen = set()
    for _ in range(30):
        with pytest.raises(ClientError) as caught:
            await ask(simulation.client.list_faces, CollectionId="staff")
        answer = caught.value.response
        seen.add((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))

    assert seen == {
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("ThrottlingException", 500),
    }


async def test_fault_ends_after_its_duration(simulation: Simulation) -> None:
    """InternalServerError with status 500 for ten seconds, then all is well."""
    simulation.endpoint.faults.turn(FaultKind.ERROR, Fault(1.0, 10.0), simulation.clock.monotonic())

    with pytest.raises(simulation.client.exceptions.InternalServerError) as caught:
        await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})
    simulation.clock.advance(10.0)
    await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


async def test_reset_cuts_the_connection(simulation: Simulation) -> None:
    """A reset call gets no answer at all, and the journal says so."""
    simulation.endpoint.faults.turn(FaultKind.RESET, Fault(1.0), simulation.clock.monotonic())

    with pytest.raises(ConnectionClosedError):
        await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})

    assert simulation.outcomes("DetectFaces") == {"reset": 1}


async def test_garbage_is_half_an_answer(simulation: Simulation) -> None:
    """A garbled answer has status 200 and JSON that ends in the middle, which boto3 takes for an empty answer."""
    simulation.endpoint.faults.turn(FaultKind.GARBAGE, Fault(1.0), simulation.clock.monotonic())
    image = {"Image": {"Bytes": base64.b64encode(portrait(RED)).decode()}}

    response = await _post(simulation, image, _headers())
    parsed = await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})

    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert "FaceDetails" not in parsed


async def test_slow_calls_take_their_delay_and_succeed(simulation: Simulation) -> None:
    """A slow call is answered as ever, so many seconds later."""
    simulation.endpoint.faults.turn(FaultKind.SLOW, Fault(1.0, delay=7.0), simulation.clock.monotonic())

    answer = await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})

    assert len(answer["FaceDetails"]) == 1
    assert simulation.endpoint.journal.calls(1)[0].seconds == pytest.approx(7.0)


async def test_answers_take_the_asked_for_time() -> None:
    """With a latency and no spread, each call takes exactly that time."""
    async with simulated(Options(latency=0.15, latency_p95=0.15)) as simulation:
        await ask(simulation.client.detect_faces, Image={"Bytes": portrait(RED)})

        assert simulation.endpoint.journal.calls(1)[0].seconds == pytest.approx(0.15)


async def test_failing_engine_is_an_internal_error() -> None:
    """When the engine behind the simulator fails, callers see Amazon's InternalServerError."""
    engine = ScriptedEngine()
    engine.fail(EngineUnavailable("gone"))
    async with simulated(engine=engine) as simulation:
        assert await _code_of(simulation, Image={"Bytes": portrait(RED)}) == "InternalServerError"


async def test_sdk_retries_hide_a_single_hiccup() -> None:
    """The SDK's own second attempt gets through when one call in a row fails."""
    engine = ScriptedEngine()
    engine.fail(EngineUnavailable("gone"), times=1)
    async with simulated(engine=engine) as simulation:
        client = client_of(simulation.url, attempts=2)
        answer = await ask(client.detect_faces, Image={"Bytes": portrait(RED)})
        client.close()

    assert len(answer["FaceDetails"]) == 1
    assert simulation.outcomes("DetectFaces") == {"InternalServerError": 1, "ok": 1}
