"""How many calls are served at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from google.protobuf.descriptor import Descriptor

from portero_server.domain.access.fair_places import PlaceShares
from portero_server.errors import LimitReached
from portero_server.rpc.admission import IMAGE_METHODS, CallAdmission, CallLimits, Place
from tests.support.server.rpc_edge import RecordingObserver

_IMAGE = "portero.v1.GalleryService/EnrollFace"
_PLAIN = "portero.v1.GalleryService/GetPerson"
_CHECK = "grpc.health.v1.Health/Check"
_WATCH = "grpc.health.v1.Health/Watch"


@contextmanager
def _served(admission: CallAdmission, method: str, subject: str = "keys/ana", connection: str = "1") -> Iterator[Place]:
    """Takes a call as far as a caller does who sends its message at once."""
    with admission.admit(method, connection, "192.0.2.7") as place:
        place.owned(subject, counted=True)
        place.begin()
        yield place


def _refused(admission: CallAdmission, method: str, subject: str = "keys/ana") -> LimitReached:
    with pytest.raises(LimitReached) as caught, _served(admission, method, subject):
        pytest.fail("admitted")
    assert caught.value.retry_after is not None
    return caught.value


def test_one_image_call_too_many_is_refused_with_a_time_to_try_again() -> None:
    """Over the limit of image calls, the next one hears when to come back; other calls go on."""
    admission = CallAdmission(CallLimits(calls=10, image_calls=1))
    with _served(admission, _IMAGE):
        refusal = _refused(admission, _IMAGE)
        with _served(admission, _PLAIN):
            pass
    assert (refusal.reason, "1 image calls" in refusal.message) == ("TOO_MANY_IMAGE_CALLS", True)


def test_an_image_call_takes_its_place_when_its_message_is_there() -> None:
    """Image calls whose message has not come keep nobody from being served, and are few themselves."""
    observer = RecordingObserver()
    admission = CallAdmission(CallLimits(image_calls=1), observer)
    assert admission.limits.image_reads.total == 4
    with ExitStack() as stack:
        for number in range(3):
            place = stack.enter_context(admission.admit(_IMAGE, f"{number}", "192.0.2.7"))
            if number == 2:
                with pytest.raises(LimitReached):
                    place.owned("keys/mallory", counted=True)
            else:
                place.owned("keys/mallory", counted=True)
        with _served(admission, _IMAGE):
            assert admission.load()["images"] == (1, 1)
    assert observer.refusals == ["TOO_MANY_IMAGE_CALLS"]
    assert {count for count, _ in admission.load().values()} == {0}


def test_place_is_given_back_when_a_call_fails() -> None:
    """A call that ends in an error gives its place back."""
    admission = CallAdmission(CallLimits(calls=1, image_calls=1))
    with pytest.raises(ValueError), _served(admission, _IMAGE):
        raise ValueError
    with _served(admission, _IMAGE):
        pass


def test_refused_call_takes_no_place() -> None:
    """A refusal costs nothing that a later call would miss."""
    admission = CallAdmission(CallLimits(calls=2, image_calls=1))
    with _served(admission, _IMAGE):
        for _ in range(3):
            _refused(admission, _IMAGE)
        with _served(admission, _PLAIN):
            pass


def test_full_server_still_answers_health_checks() -> None:
    """Over the limit of all calls only the health check is served, and the server says that it is full."""
    admission = CallAdmission(CallLimits(calls=1, image_calls=1))
    admission.check()
    with _served(admission, _PLAIN):
        assert _refused(admission, _PLAIN).reason == "TOO_MANY_CALLS"
        with _served(admission, _CHECK):
            pass
        with pytest.raises(LimitReached):
            admission.check()
    admission.check()


def test_one_identity_has_only_its_share_of_calls() -> None:
    """An identity at its most is refused, and others are served."""
    admission = CallAdmission(CallLimits(identity_calls=2))
    with _served(admission, _PLAIN), _served(admission, _PLAIN):
        assert _refused(admission, _PLAIN).reason == "TOO_MANY_CALLS_OF_IDENTITY"
        with _served(admission, _PLAIN, "keys/bea"):
            pass
    with _served(admission, _PLAIN):
        pass


@pytest.mark.parametrize("method", [_PLAIN, _CHECK])
def test_a_silent_call_gives_way_to_a_newcomer(method: str) -> None:
    """Beyond the waiting calls of a connection the one that has waited the longest is canceled; none is refused."""
    observer = RecordingObserver()
    cancelled: list[int] = []
    admission = CallAdmission(CallLimits(waiting=PlaceShares(2, 3, 4)), observer)
    with ExitStack() as stack:
        for number in range(5):
            stack.enter_context(admission.admit(method, "1", "192.0.2.7", partial(cancelled.append, number)))
        assert cancelled == [0, 1, 2]
        with _served(admission, _PLAIN, connection="1"):
            pass
    assert observer.refusals == ["TOO_MANY_WAITING_CALLS"] * 4
    assert admission.load()["waiting"] == (0, 4)


def test_a_connection_has_only_its_share_of_health_watches() -> None:
    """Watches beyond a connection's share are refused, and take none of the places of other calls."""
    admission = CallAdmission(CallLimits(calls=1, long=PlaceShares(2, 3, 4)))
    with _served(admission, _WATCH), _served(admission, _WATCH):
        assert _refused(admission, _WATCH).reason == "TOO_MANY_LONG_CALLS"
        with _served(admission, _PLAIN), _served(admission, _WATCH, connection="2"):
            assert admission.load()["long"] == (3, 4)


def _carries_bytes(message: Descriptor) -> bool:
    """Whether a message, or a message in it, has a field of bytes."""
    return any(
        field.type == field.TYPE_BYTES or (field.message_type is not None and _carries_bytes(field.message_type))
        for field in message.fields
    )


def test_image_methods_are_those_of_the_contract_that_carry_images() -> None:
    """Every unary method whose request carries bytes counts as an image call, and no other."""
    from portero.v1 import (
        camera_service_pb2,
        document_service_pb2,
        gallery_service_pb2,
        recognition_service_pb2,
        sighting_service_pb2,
    )

    modules = (
        camera_service_pb2,
        document_service_pb2,
        gallery_service_pb2,
        recognition_service_pb2,
        sighting_service_pb2,
    )

    carrying = {
        f"{service.full_name}/{method.name}"
        for module in modules
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if not method.client_streaming and _carries_bytes(method.input_type)
    }
    assert carrying == IMAGE_METHODS
