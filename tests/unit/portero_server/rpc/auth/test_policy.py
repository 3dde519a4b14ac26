"""The table of who may call what is whole."""

from __future__ import annotations

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from portero.v1 import access_service_pb2

from portero_server.domain.access.identities import Role
from portero_server.rpc.auth.policy import ACCESS, OPEN, Named
from portero_server.rpc.server import service_names
from portero_server.rpc.services import access

_OTHERS = {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/metrics"}


def _methods() -> dict[str, Descriptor]:
    pool = descriptor_pool.Default()
    return {
        f"{service}/{method.name}": method.input_type
        for service in service_names()
        for method in pool.FindServiceByName(service).methods
    }


def test_every_rpc_has_a_row() -> None:
    """An RPC of the protos without a row, and a row without an RPC, are defects."""
    assert set(ACCESS) - _OTHERS == set(_methods())
    assert not OPEN & set(ACCESS)


def test_every_role_may_do_something_and_admins_everything() -> None:
    """No row is for nobody, each role is in some, and an admin without scope is in all."""
    assert all(Role.ADMIN in row.roles for row in ACCESS.values())
    assert {role for row in ACCESS.values() for role in row.roles} == set(Role)


def test_a_bridge_may_stream_and_look_at_its_camera_alone() -> None:
    """What stands in a public place can neither read people nor sightings."""
    mine = {method.rpartition("/")[2] for method, row in ACCESS.items() if Role.BRIDGE in row.roles}
    assert mine == {"StreamFrames", "GetCamera", "GetCameraStatus", "GetCaller"}
    metrics = {method.rpartition("/")[2] for method, row in ACCESS.items() if Role.METRICS in row.roles}
    assert metrics == {"metrics", "GetCaller"}


def test_fields_that_name_cameras_exist() -> None:
    """Each rule that reads a camera's name from a request reads a string field of that request."""
    for method, request in _methods().items():
        rule = ACCESS[method].cameras
        if isinstance(rule, Named):
            field = request.fields_by_name[rule.path]
            assert field.type == FieldDescriptor.TYPE_STRING, method


def test_a_request_that_names_a_camera_is_held_to_it() -> None:
    """No method whose request has a field `camera` or is named after cameras goes without a rule for it."""
    for method, request in _methods().items():
        about = "camera" in request.fields_by_name or "Camera" in method.rpartition("/")[2]
        assert not about or type(ACCESS[method].cameras).__name__ != "NotOfCameras", method


def test_every_role_has_its_word_on_the_wire() -> None:
    """Each role of the server is a value of the proto, and the other way round."""
    assert {f"ROLE_{role.name}" for role in Role} | {"ROLE_UNSPECIFIED"} == set(access_service_pb2.Role.keys())
    assert set(access.ROLES.values()) | {0} == set(access_service_pb2.Role.values())
