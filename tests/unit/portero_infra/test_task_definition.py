"""The task definition against what ECS accepts and what the server understands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from portero_infra.config import QUOTAS, STOP_MARGIN, Recognition, Server
from portero_infra.task import PASSWORD_VARIABLE
from portero_server.engines.scheduling.config import REKOGNITION_QUOTAS
from portero_server.settings import PREFIX, Settings
from tests.support.infra.cloudformation import register_task
from tests.support.infra.stack import OPTIONS, Stack, deploy

FIELDS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def _input_shape() -> StructureShape:
    model = botocore.session.get_session().get_service_model("ecs")
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    assert shape is not None
    return shape


def _foreign(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Words that are not among those a field allows; botocore itself does not look."""
    if isinstance(shape, StructureShape):
        for key, member in value.items():
            yield from _foreign(member, shape.members[key], f"{path}.{key}")
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _foreign(item, shape.member, path)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{path}: {value}"


def test_ecs_accepts_the_task_definition(stack: Stack) -> None:
    """Every field has the name, type and words of ECS's own model."""
    request = register_task(stack)
    report = ParamValidator().validate(request, _input_shape())
    assert report.generate_report() == ""
    assert list(_foreign(request, _input_shape())) == []


def test_ecs_accepts_every_option() -> None:
    """The containers that write secrets to files have the names, types and words of ECS's own model."""
    request = register_task(deploy("prod", OPTIONS))
    assert ParamValidator().validate(request, _input_shape()).generate_report() == ""
    assert list(_foreign(request, _input_shape())) == []
    assert {"certificates", "vault-keys"} <= {container["name"] for container in request["containerDefinitions"]}


def test_ecs_would_refuse_a_misspelt_field(prod: Stack) -> None:
    """The validation notices a field that ECS does not know and a word it does not allow."""
    request = register_task(prod)
    request["containerDefinitions"][0]["stopTimeOut"] = 3
    request["networkMode"] = "vpc"
    assert "stopTimeOut" in ParamValidator().validate(request, _input_shape()).generate_report()
    del request["containerDefinitions"][0]["stopTimeOut"]
    assert list(_foreign(request, _input_shape())) == [".networkMode: vpc"]


@pytest.mark.parametrize("container", ["server", "migrate"])
def test_every_variable_is_a_setting(stack: Stack, container: str) -> None:
    """The server knows each variable that the task definition sets; a renamed setting fails here."""
    defined = stack.containers[container]
    given = {entry["name"] for entry in defined["environment"] + defined["secrets"]}
    assert given <= FIELDS


def test_settings_accept_the_environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server reads the environment without complaint, and understands by it what the stack meant."""
    for entry in stack.containers["server"]["environment"]:
        monkeypatch.setenv(entry["name"], entry["value"])
    monkeypatch.setenv(PASSWORD_VARIABLE, "not a real one")
    settings = Settings()
    server = Server()
    assert settings.listen == f"0.0.0.0:{server.grpc_port}"
    assert settings.admin_listen == f"0.0.0.0:{server.admin_port}"
    assert settings.stop_grace + STOP_MARGIN <= stack.containers["server"]["stopTimeout"]
    assert settings.engine == "rekognition"
    assert settings.max_streams == server.max_streams
    assert settings.log_format == "json"
    assert settings.rekognition_create_collection is False


def test_tasks_share_the_accounts_quotas(stack: Stack) -> None:
    """As many tasks as scaling allows, each at its full rate, ask no faster than the account may."""
    environment = {entry["name"]: entry["value"] for entry in stack.containers["server"]["environment"]}
    shares = json.loads(environment["PORTERO_REKOGNITION_QUOTAS"])
    most = {"dev": 1, "prod": 12}[stack.name]
    assert shares.keys() == QUOTAS.keys()
    assert all(share * most == pytest.approx(QUOTAS[operation], rel=0.01) for operation, share in shares.items())
    assert float(environment["PORTERO_REKOGNITION_OTHER_QUOTA"]) * most == pytest.approx(5, rel=0.01)


def test_stack_defaults_are_the_servers_own() -> None:
    """Where a stack says nothing, deadlines, limits and ports are those of the server's settings."""
    own, server = Settings.model_fields, Server()
    assert server.stop_grace == own["stop_grace"].default
    assert server.max_streams == own["max_streams"].default
    assert server.log_level == own["log_level"].default
    assert {operation: REKOGNITION_QUOTAS[operation] for operation in QUOTAS} == QUOTAS
    assert Recognition().other_quota == own["rekognition_other_quota"].default
    assert str(server.grpc_port) == own["listen"].default.rpartition(":")[2]
    assert str(server.admin_port) == own["admin_listen"].default.rpartition(":")[2]


def test_one_number_moves_everything() -> None:
    """A longer grace or another port in the configuration reaches container, balancer and firewall alike."""
    made = deploy("prod", {"server": {"stop_grace": 45, "grpc_port": 6000, "admin_port": 6001}})
    server = made.containers["server"]
    environment = {entry["name"]: entry["value"] for entry in server["environment"]}
    assert (environment["PORTERO_STOP_GRACE"], server["stopTimeout"]) == ("45", 55)
    assert environment["PORTERO_LISTEN"] == "0.0.0.0:6000"
    assert ":6001/livez" in server["healthCheck"]["command"][-1]
    assert made.one("lb/targetGroup:TargetGroup").inputs["healthCheck"]["port"] == "6001"
    opened = {rule.inputs["fromPort"] for rule in made.all("vpc/securityGroupIngressRule:SecurityGroupIngressRule")}
    assert opened == {443, 3306, 6000, 6001}


def test_migration_runs_before_the_server(stack: Stack) -> None:
    """The server's container waits until the migration has ended well."""
    containers = stack.containers
    assert containers["migrate"]["command"] == ["migrate"]
    assert containers["migrate"]["essential"] is False
    assert containers["server"]["dependsOn"] == [{"containerName": "migrate", "condition": "SUCCESS"}]


def test_collector_publishes_a_metric_that_the_server_has(prod: Stack) -> None:
    """The gauge on which the service scales is declared by the server, without labels."""
    from portero_infra.collector import STREAMS_METRIC
    from portero_server.telemetry.metrics import Metrics

    gauges = {
        family.name: [sample.labels for sample in family.samples]
        for family in Metrics(version="0", engine="scripted").registry.collect()
        if family.type == "gauge"
    }
    assert gauges[STREAMS_METRIC] == [{}]
    collecting = json.loads(prod.containers["collector"]["environment"][0]["value"])
    declared = collecting["exporters"]["awsemf"]["metric_declarations"][0]
    assert declared["metric_name_selectors"] == [f"^{STREAMS_METRIC}$"]
    scaled = prod.one("appautoscaling/policy:Policy", "portero-prod-streams").inputs
    assert STREAMS_METRIC in json.dumps(scaled)


def test_dev_runs_no_collector(dev: Stack) -> None:
    """Where nothing scales and no workspace is wanted, there is no second container to pay for."""
    assert set(dev.containers) == {"migrate", "server"}


def test_samples_of_several_tasks_do_not_collide(prod: Stack) -> None:
    """What goes to Managed Prometheus carries the task it is of, since every collector scrapes the same address."""
    collecting = json.loads(prod.containers["collector"]["environment"][0]["value"])
    pipeline = collecting["service"]["pipelines"]["metrics/all"]
    assert "resourcedetection" in pipeline["processors"]
    assert collecting["processors"]["resourcedetection"]["detectors"] == ["ecs"]
    assert collecting["exporters"]["prometheusremotewrite"]["resource_to_telemetry_conversion"]["enabled"] is True
