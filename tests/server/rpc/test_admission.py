"""How many calls are served at once."""

from __future__ import annotations

import pytest

from portero_server.errors import LimitReached
from portero_server.rpc.admission import IMAGE_METHODS, Admission, CallLimits

_IMAGE = "portero.v1.GalleryService/EnrollFace"
_PLAIN = "portero.v1.GalleryService/GetPerson"


def test_one_image_call_too_many_is_refused_with_a_time_to_try_again() -> None:
    """Over the limit of image calls, the next one hears when to come back; other calls go on."""
    admission = Admission(CallLimits(calls=10, image_calls=1))
    with admission.admit(_IMAGE):
        with pytest.raises(LimitReached, match="1 image calls") as caught, admission.admit(_IMAGE):
            pytest.fail("admitted")
        with admission.admit(_PLAIN):
            pass
    assert caught.value.reason == "TOO_MANY_IMAGE_CALLS"
    assert caught.value.retry_after is not None


def test_place_is_given_back_when_a_call_fails() -> None:
    """A call that ends in an error gives its place back."""
    admission = Admission(CallLimits(calls=1, image_calls=1))
    with pytest.raises(ValueError), admission.admit(_IMAGE):
        raise ValueError
    with admission.admit(_IMAGE):
        pass


def test_refused_call_takes_no_place() -> None:
    """A refusal costs nothing that a later call would miss."""
    admission = Admission(CallLimits(calls=2, image_calls=1))
    with admission.admit(_IMAGE):
        for _ in range(3):
            with pytest.raises(LimitReached), admission.admit(_IMAGE):
                pytest.fail("admitted")
        with admission.admit(_PLAIN):
            pass


def test_full_server_still_answers_health_checks() -> None:
    """Over the limit of all calls only the health check is served."""
    admission = Admission(CallLimits(calls=1, image_calls=1))
    with admission.admit(_PLAIN):
        with pytest.raises(LimitReached) as caught, admission.admit(_PLAIN):
            pytest.fail("admitted")
        with admission.admit("grpc.health.v1.Health/Check"):
            pass
    assert caught.value.reason == "TOO_MANY_CALLS"


def test_image_methods_are_those_of_the_contract_that_carry_images() -> None:
    """Every unary method whose request has a bytes field counts as an image call, and no other."""
    from portero.v1 import camera_service_pb2, gallery_service_pb2, recognition_service_pb2, sighting_service_pb2

    carrying = {
        f"{service.full_name}/{method.name}"
        for module in (camera_service_pb2, gallery_service_pb2, recognition_service_pb2, sighting_service_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if any(field.type == field.TYPE_BYTES for field in method.input_type.fields)
    }
    assert carrying == IMAGE_METHODS
