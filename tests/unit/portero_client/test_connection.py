from __future__ import annotations

import json

import pytest
from grpc_health.v1 import health_pb2
from portero.v1 import (
    access_service_pb2,
    attendance_group_service_pb2,
    attendance_service_pb2,
    camera_service_pb2,
    decision_service_pb2,
    gallery_service_pb2,
    recognition_service_pb2,
    sighting_service_pb2,
    snapshot_service_pb2,
    subscription_service_pb2,
    visitor_service_pb2,
)

from portero_client import ConnectionSettings, InvalidArgument
from portero_client.connection import MAX_SENT_BYTES, SAFE_TO_REPEAT, channel_options, retry_config
from portero_server.settings import Settings


def test_the_server_is_found_by_argument_then_environment_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """An explicit address wins over PORTERO_SERVER, which wins over the default."""
    monkeypatch.delenv("PORTERO_SERVER", raising=False)
    assert ConnectionSettings.from_environment().server == "127.0.0.1:50051"
    monkeypatch.setenv("PORTERO_SERVER", "portero.example:443")
    assert ConnectionSettings.from_environment().server == "portero.example:443"
    assert ConnectionSettings.from_environment("[::1]:9").server == "[::1]:9"


@pytest.mark.parametrize(
    "server", ["portero", "http://portero:1", "portero:", "portero:0", "portero:70000", ":1", "a b:1"]
)
def test_what_is_no_address_is_refused_with_an_example(server: str) -> None:
    """A malformed address is refused at once, and the message shows a sound one."""
    with pytest.raises(InvalidArgument, match=r"HOST:PORT, as 127\.0\.0\.1:50051") as caught:
        ConnectionSettings(server=server)
    assert caught.value.field == "server"


@pytest.mark.parametrize("server", ["https://ana:hunter2@portero.example", "ana:hunter2@portero.example:50051"])
def test_an_address_with_a_password_is_refused_without_showing_it(server: str) -> None:
    """The message says how an address looks, and nothing of one that holds a password."""
    with pytest.raises(InvalidArgument, match="must be HOST:PORT") as caught:
        ConnectionSettings(server=server)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("PORTERO_SERVR", "PORTERO_SERVER"),
        ("PORTERO_TOKEN_FIEL", "PORTERO_TOKEN_FILE"),
        ("PORTERO_CAFILE", "PORTERO_CA_FILE"),
    ],
)
def test_a_mistyped_variable_is_refused_with_the_right_name(
    monkeypatch: pytest.MonkeyPatch, slip: str, meant: str
) -> None:
    """A slip does not silently call the default server, or call without a token."""
    monkeypatch.setenv(slip, "x")
    with pytest.raises(InvalidArgument, match=rf"{slip} is not a setting \(did you mean {meant}\?\)"):
        ConnectionSettings.from_environment()


def test_no_variable_of_the_server_is_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    """One environment may serve both: whatever a server reads, and others set, is no mistake to clients."""
    for name in Settings.model_fields:
        monkeypatch.setenv(f"PORTERO_{name.upper()}", "x")
    monkeypatch.setenv("PORTERO_SERVER_PORT", "tcp://10.0.0.1:50051")
    ConnectionSettings.from_environment()


@pytest.mark.parametrize(
    ("server", "proxy"), [("127.0.0.1:1", 0), ("localhost:1", 0), ("[::1]:1", 0), ("portero.example:1", 1)]
)
def test_a_proxy_of_the_environment_is_not_asked_for_the_loopback(server: str, proxy: int) -> None:
    """Only servers elsewhere may be reached through an HTTP proxy."""
    assert dict(channel_options(ConnectionSettings(server=server)))["grpc.enable_http_proxy"] == proxy


def test_a_connection_of_ones_own_shares_nothing_and_repeats_nothing() -> None:
    """Whoever reconnects by rules of its own gets a connection of its own, on which gRPC repeats no call."""
    own = dict(channel_options(ConnectionSettings(), own_connection=True))
    assert (own["grpc.use_local_subchannel_pool"], own["grpc.enable_retries"]) == (1, 0)
    assert "grpc.service_config" not in own
    shared = dict(channel_options(ConnectionSettings()))
    assert shared["grpc.enable_retries"] == 1
    assert "grpc.use_local_subchannel_pool" not in shared


def test_two_photographs_at_their_limit_fit_into_a_message() -> None:
    """CompareImages carries two photographs of 5 MiB."""
    assert MAX_SENT_BYTES > 2 * 5 * 1024 * 1024
    options = dict(channel_options(ConnectionSettings()))
    assert options["grpc.max_send_message_length"] == MAX_SENT_BYTES
    assert options["grpc.keepalive_time_ms"] == 60_000


def test_every_method_that_is_repeated_exists_in_the_contract() -> None:
    """The list of repeatable methods names methods of the protos, none that changes twice."""
    methods = {
        f"{service.full_name}/{method.name}"
        for file in (
            access_service_pb2,
            attendance_group_service_pb2,
            attendance_service_pb2,
            camera_service_pb2,
            decision_service_pb2,
            gallery_service_pb2,
            recognition_service_pb2,
            sighting_service_pb2,
            snapshot_service_pb2,
            subscription_service_pb2,
            visitor_service_pb2,
            health_pb2,
        )
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    repeatable = {f"{service}/{method}" for service, names in SAFE_TO_REPEAT.items() for method in names}
    assert repeatable <= methods
    assert not any("Delete" in method or "CreateCamera" in method for method in repeatable)


def test_only_an_absent_server_is_asked_again() -> None:
    """The retry policy covers UNAVAILABLE and nothing else."""
    [config] = json.loads(retry_config())["methodConfig"]
    assert config["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
