"""Nothing is set, granted or billed for which there is no feature: of every stack, with all that can be switched on."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from portero_client.settings import VARIABLES
from portero_console.settings import PREFIX as CONSOLE
from portero_console.settings import ConsoleSettings
from portero_infra.config import StackConfig
from portero_infra.cost import read_stack
from portero_infra.estimate import Usage, estimate
from portero_infra.policies import (
    COLLECTION_ACTIONS,
    IMAGE_ACTIONS,
    LIVENESS_ACTIONS,
    PHOTO_ACTIONS,
    SECOND_ACTIONS,
    USER_ACTIONS,
    VAULT_ACTIONS,
)
from portero_server.settings import PREFIX, Settings
from tests.support.infra.stack import ACCOUNT, OPTIONS, REGION, Stack, deploy
from tests.support.repository import ROOT

ALL = {**OPTIONS, "web": {"name": "console"}}
USAGE = Usage(cameras=2, texts=5)

# By the beginning of a line of the bill: the resources without which it would not come.
BILLED = {
    "Rekognition, searches": "rekognition/collection:Collection",
    "Rekognition, texts read": "ecs/service:Service",
    "Rekognition, faces kept": "rekognition/collection:Collection",
    "Fargate, ": "ecs/service:Service",
    "Aurora, ": "rds/clusterInstance:ClusterInstance",
    "Balancer": "lb/loadBalancer:LoadBalancer",
    "Frames that cross zones": "lb/loadBalancer:LoadBalancer",
    "Answers to the internet": "lb/loadBalancer:LoadBalancer",
    "NAT, ": "ec2/natGateway:NatGateway",
    "Endpoints, ": "ec2/vpcEndpoint:VpcEndpoint",
    "public addresses": "lb/loadBalancer:LoadBalancer",
    "Keys": "kms/key:Key",
    "Secrets": "secretsmanager/secretRotation:SecretRotation",
    "Hosted zone of the host name": "route53/record:Record",
    "Hosted zone of the tasks": "servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    "Images": "ecr/repository:Repository",
    "Logs": "cloudwatch/logGroup:LogGroup",
    "Alarms": "cloudwatch/metricAlarm:MetricAlarm",
    "Photo vault, ": "s3/bucket:Bucket",
    "Snapshots, ": "s3/bucket:Bucket",
    "Exports, ": "s3/bucket:Bucket",
    "Metric to scale by": "appautoscaling/policy:Policy",
    "Managed Prometheus": "amp/workspace:Workspace",
    "Web balancer": "lb/loadBalancer:LoadBalancer",
    "Web firewall": "wafv2/webAcl:WebAcl",
}

# What AWS bills by the existence of a resource, however little it is used: these must stand in the bill.
COSTLY = {
    "amp/workspace:Workspace",
    "cloudwatch/metricAlarm:MetricAlarm",
    "ec2/natGateway:NatGateway",
    "kms/key:Key",
    "lb/loadBalancer:LoadBalancer",
    "rds/clusterInstance:ClusterInstance",
    "rekognition/collection:Collection",
    "secretsmanager/secretRotation:SecretRotation",
    "servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    "wafv2/webAcl:WebAcl",
}

# Who makes the call that an action allows: the words of ours without which it would not be made.
CALLED: dict[str, tuple[str, str]] = {
    "s3:PutObject": ("server/portero_server/audit/anchors.py", "put_object("),
    "s3:PutObjectRetention": ("server/portero_server/audit/anchors.py", "ObjectLockRetainUntilDate="),
    "s3:ListBucketVersions": ("server/portero_server/audit/anchors.py", "list_object_versions"),
    "s3:DeleteObject": ("server/portero_server/vault/bucket.py", "delete_object("),
    "s3:GetObject": ("server/portero_server/vault/bucket.py", "get_object("),
    "s3:GetBucketVersioning": ("server/portero_server/vault/bucket.py", "get_bucket_versioning("),
    "s3:ListBucket": ("server/portero_server/vault/bucket.py", "list_objects_v2"),
    "kms:GenerateDataKey": ("infra/portero_infra/vault.py", "key_arn=key_arn"),
    "aps:RemoteWrite": ("infra/portero_infra/collector.py", "prometheusremotewrite"),
    "ecs:UpdateService": ("infra/portero_infra/rotation.py", "aws-sdk:ecs:updateService"),
    "states:StartExecution": ("infra/portero_infra/rotation.py", "EventTarget("),
    "secretsmanager:GetSecretValue": ("infra/portero_infra/task.py", ":password::"),
    "kms:Decrypt": ("infra/portero_infra/encryption.py", "kms.Key("),
    "ecr:GetAuthorizationToken": ("infra/portero_infra/registry.py", "ecr.Repository("),
    "ecr:BatchCheckLayerAvailability": ("infra/portero_infra/registry.py", "ecr.Repository("),
    "ecr:BatchGetImage": ("infra/portero_infra/registry.py", "ecr.Repository("),
    "ecr:GetDownloadUrlForLayer": ("infra/portero_infra/registry.py", "ecr.Repository("),
    "logs:CreateLogStream": ("infra/portero_infra/task.py", "awslogs"),
    "logs:PutLogEvents": ("infra/portero_infra/task.py", "awslogs"),
    "logs:DescribeLogStreams": ("infra/portero_infra/logs.py", "FlowLog("),
    "ssmmessages:": ("infra/portero_infra/service.py", "enable_execute_command"),
}


@pytest.fixture(scope="module")
def whole() -> Stack:
    """The production stack with everything that can be switched on."""
    return deploy("prod", ALL)


@pytest.fixture(params=["dev", "prod", "whole"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """Each stack there is, and the one with everything."""
    chosen: Stack = request.getfixturevalue(request.param)
    return chosen


def _declared() -> set[str]:
    console = {f"{CONSOLE}{name.upper()}" for name in ConsoleSettings.model_fields}
    return {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(VARIABLES) | console


def test_every_variable_of_a_container_is_declared(any_stack: Stack) -> None:
    """What is set for a container of a task, whichever, is read by the server or a client."""
    given = {
        entry["name"]
        for container in any_stack.containers.values()
        for entry in [*container.get("environment", []), *container.get("secrets", [])]
    }
    assert {name for name in given if name.startswith(PREFIX)} <= _declared()


def test_every_variable_of_other_deployments_is_declared() -> None:
    """The same for the composition of one machine, the systemd unit and the image."""
    services: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    given = {name for service in services.values() for name in service.get("environment", {})}
    for path in ("infra/systemd/portero-bridge.service", "Dockerfile", "infra/raspberry-pi.md"):
        given |= set(re.findall(r"PORTERO_[A-Z_]+", (ROOT / path).read_text()))
    assert {name for name in given if name.startswith(PREFIX)} <= _declared()


_WITH_BUCKETS_AND_KEYS = ("web", "vault", "subscriptions", "review_pictures", "snapshots", "exports")


def _config(stack: Stack) -> StackConfig:
    config = read_stack("dev" if stack.name == "dev" else "prod")
    if not stack.all("wafv2/webAcl:WebAcl"):
        return config
    edge = config.edge.model_dump() | ALL["edge"]
    return StackConfig.model_validate(
        config.model_dump()
        | {
            "edge": edge,
            **{each: ALL[each] for each in _WITH_BUCKETS_AND_KEYS},
        }
    )


def _unfounded(stack: Stack, config: StackConfig) -> list[str]:
    """Lines of the bill for which the stack has no resource, or of which no resource is known."""
    unfounded = []
    for line in estimate(config, USAGE):
        kinds = {kind for start, kind in BILLED.items() if re.match(rf"(\d+ )?{start}", line.item)}
        if not kinds or not all(stack.all(kind) for kind in kinds):
            unfounded.append(line.item)
    return unfounded


def test_every_line_of_the_bill_has_a_resource(any_stack: Stack) -> None:
    """What the estimate lists is made by the stack, or used by what it makes."""
    assert _unfounded(any_stack, _config(any_stack)) == []


@pytest.mark.parametrize("kind", sorted(set(BILLED.values())))
def test_a_bill_without_its_resource_would_be_noticed(whole: Stack, kind: str) -> None:
    """Were a resource gone, a line of the bill would have none."""
    gone = whole
    for made in whole.all(kind):
        gone = gone.without(made)
    assert gone is not whole
    assert _unfounded(gone, _config(whole)) != []


def test_what_costs_by_being_there_is_in_the_bill(any_stack: Stack) -> None:
    """A resource that AWS bills by the month has a line."""
    items = [line.item for line in estimate(_config(any_stack), USAGE)]
    made = {made.type.removeprefix("aws:") for made in any_stack.resources} & COSTLY
    billed = {kind for start, kind in BILLED.items() if any(re.match(rf"(\d+ )?{start}", item) for item in items)}
    assert made <= billed
    secrets = {
        entry["valueFrom"].partition(":secret:")[2].partition(":")[0]
        for container in any_stack.containers.values()
        for entry in container.get("secrets", [])
    }
    (line,) = [line for line in estimate(_config(any_stack), USAGE) if line.item == "Secrets"]
    assert line.units == len(secrets)


def test_every_action_that_is_granted_is_called(any_stack: Stack) -> None:
    """Each action that a role allows is a call of the server, its collector, ECS or another resource of the stack."""
    actions = {
        action for _, statement in any_stack.statements("iam/rolePolicy:RolePolicy") for action in statement["Action"]
    }
    # Those of Rekognition are compared with the server's calls in test_iam.
    others = actions - {*COLLECTION_ACTIONS, *IMAGE_ACTIONS, *LIVENESS_ACTIONS, *USER_ACTIONS, *SECOND_ACTIONS}
    for action in sorted(others):
        (place,) = {where for name, where in CALLED.items() if action == name or (name[-1] == ":" and name in action)}
        path, words = place
        assert words in (ROOT / path).read_text(), f"{action} is granted, and {path} has no {words}"


def _of_the_vault(stack: Stack, config: StackConfig) -> dict[str, list[str]]:
    """What a stack has of the photo vault: buckets, settings, containers, grants and lines of the bill."""
    server = stack.containers["server"]
    statements = [
        statement
        for name, statement in stack.statements("iam/rolePolicy:RolePolicy")
        if "photos" in str(statement["Resource"]) or f"s3.{REGION}" in str(statement.get("Condition"))
    ]
    return {
        "buckets": [made.name for made in stack.all("s3/bucket:Bucket") if made.name.endswith("-photos")],
        "settings": [entry["name"] for entry in server["environment"] if "PHOTO_VAULT" in entry["name"]],
        "containers": [name for name in stack.containers if "vault" in name],
        "grants": sorted(action for statement in statements for action in statement["Action"]),
        "bill": [line.item for line in estimate(config, USAGE) if "vault" in line.item],
    }


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_vault_is_there_as_a_whole_or_not_at_all(name: str, request: pytest.FixtureRequest) -> None:
    """Without the option no bucket, setting, container, grant or line of the bill is the vault's; with it, each is."""
    plain, config = request.getfixturevalue(name), read_stack(name)
    assert not any(_of_the_vault(plain, config).values())
    vault = {"vault": ALL["vault"]}
    kept = _of_the_vault(deploy(name, vault), StackConfig.model_validate(config.model_dump() | vault))
    assert kept == {
        "buckets": [f"portero-{name}-photos"],
        "settings": ["PORTERO_PHOTO_VAULT", "PORTERO_PHOTO_VAULT_KEY_FILE", "PORTERO_PHOTO_VAULT_REGION"],
        "containers": ["vault-keys"],
        "grants": sorted((*PHOTO_ACTIONS, *VAULT_ACTIONS, "kms:Decrypt", "kms:GenerateDataKey")),
        "bill": ["Photo vault, storage"],
    }


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_snapshots_are_there_as_a_whole_or_not_at_all(name: str, request: pytest.FixtureRequest) -> None:
    """Without the option no bucket, setting, grant or line of the bill is theirs; with it, each is."""
    plain, config = request.getfixturevalue(name), read_stack(name)
    wanted = {"snapshots": ALL["snapshots"]}

    def of(stack: Stack, config: StackConfig) -> dict[str, Any]:
        environment = stack.containers["server"]["environment"]
        statements = [
            statement
            for _, statement in stack.statements("iam/rolePolicy:RolePolicy")
            if "snapshots" in str(statement["Resource"]) or f"s3.{REGION}" in str(statement.get("Condition"))
        ]
        return {
            "buckets": [made.name for made in stack.all("s3/bucket:Bucket") if made.name.endswith("-snapshots")],
            "settings": {entry["name"]: entry["value"] for entry in environment if "SNAPSHOT" in entry["name"]},
            "grants": sorted(action for statement in statements for action in statement["Action"]),
            "bill": [line.item for line in estimate(config, USAGE) if "Snapshots" in line.item],
        }

    assert not any(of(plain, config).values())
    assert of(deploy(name, wanted), StackConfig.model_validate(config.model_dump() | wanted)) == {
        "buckets": [f"portero-{name}-snapshots"],
        "settings": {
            "PORTERO_RETENTION_SNAPSHOTS_HOURS": "36",
            "PORTERO_SNAPSHOTS": f"s3://portero-{name}-snapshots-abc/snapshots",
            "PORTERO_SNAPSHOTS_REGION": REGION,
            "PORTERO_SNAPSHOT_CONTEXT": "true",
            "PORTERO_SNAPSHOT_KMS_KEY": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/portero-{name}",
            "PORTERO_SNAPSHOT_LINKS": "true",
            "PORTERO_SNAPSHOT_PURPOSE": "",
            "PORTERO_SNAPSHOT_SITES": "lobby,bank",
            "PORTERO_SNAPSHOT_SUBJECTS": "people",
        },
        "grants": sorted((*PHOTO_ACTIONS, *VAULT_ACTIONS, "kms:Decrypt", "kms:GenerateDataKey")),
        "bill": ["Snapshots, storage", "Snapshots, written"],
    }


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_exports_are_there_as_a_whole_or_not_at_all(name: str, request: pytest.FixtureRequest) -> None:
    """Without the option no bucket, setting, grant or line of the bill is theirs; with it, each is."""
    plain, config = request.getfixturevalue(name), read_stack(name)
    wanted = {"exports": ALL["exports"]}

    def of(stack: Stack, config: StackConfig) -> dict[str, Any]:
        environment = stack.containers["server"]["environment"]
        statements = [
            statement
            for _, statement in stack.statements("iam/rolePolicy:RolePolicy")
            if "-exports-" in str(statement["Resource"]) or f"s3.{REGION}" in str(statement.get("Condition"))
        ]
        return {
            "buckets": [made.name for made in stack.all("s3/bucket:Bucket") if made.name.endswith("-exports")],
            "settings": {entry["name"]: entry["value"] for entry in environment if "PORTERO_EXPORT" in entry["name"]},
            "grants": sorted(action for statement in statements for action in statement["Action"]),
            "bill": [line.item for line in estimate(config, USAGE) if "Exports" in line.item],
        }

    assert not any(of(plain, config).values())
    assert of(deploy(name, wanted), StackConfig.model_validate(config.model_dump() | wanted)) == {
        "buckets": [f"portero-{name}-exports"],
        "settings": {
            "PORTERO_EXPORT": f"s3://portero-{name}-exports-abc/exports",
            "PORTERO_EXPORT_EXPIRED": "remove",
            "PORTERO_EXPORT_FORMAT": "csv",
            "PORTERO_EXPORT_KMS_KEY": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/portero-{name}",
            "PORTERO_EXPORT_REGION": REGION,
            "PORTERO_EXPORT_SINCE": "2026-05-01",
            "PORTERO_EXPORT_SITES": "lobby,bank",
        },
        "grants": sorted((*PHOTO_ACTIONS, *VAULT_ACTIONS, "kms:Decrypt", "kms:GenerateDataKey")),
        "bill": ["Exports, storage"],
    }


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_subscriptions_have_their_key_or_cannot_be_made(name: str, request: pytest.FixtureRequest) -> None:
    """With the option the task gets a key file of its own, and the start may read its secret; without it, neither."""
    plain, config = request.getfixturevalue(name), read_stack(name)
    wanted = {"subscriptions": ALL["subscriptions"]}
    subscribed = deploy(name, wanted)

    def of(stack: Stack, config: StackConfig) -> tuple[list[str], list[str], bool, Any]:
        environment = stack.containers["server"]["environment"]
        statements = [statement for _, statement in stack.statements("iam/rolePolicy:RolePolicy")]
        return (
            [entry["value"] for entry in environment if "SUBSCRIPTION" in entry["name"]],
            [container for container in stack.containers if "subscription" in container],
            any("portero-subscriptions" in str(statement["Resource"]) for statement in statements),
            next(line.units for line in estimate(config, USAGE) if line.item == "Secrets"),
        )

    (none, no_container, no_grant, secrets) = of(plain, config)
    assert (none, no_container, no_grant) == ([], [], False)
    assert of(subscribed, StackConfig.model_validate(config.model_dump() | wanted)) == (
        ["/tmp/subscriptions/keys"],
        ["subscription-keys"],
        True,
        secrets + 1,
    )


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_pictures_for_reviews_have_their_key_or_are_not_kept(name: str, request: pytest.FixtureRequest) -> None:
    """With the option the task keeps them as it says, and the start may read their secret; without it, neither."""
    plain, config = request.getfixturevalue(name), read_stack(name)
    wanted = {"review_pictures": ALL["review_pictures"]}
    keeping = deploy(name, wanted)

    def of(stack: Stack, config: StackConfig) -> tuple[dict[str, str], list[str], bool, Any]:
        environment = stack.containers["server"]["environment"]
        statements = [statement for _, statement in stack.statements("iam/rolePolicy:RolePolicy")]
        return (
            {entry["name"]: entry["value"] for entry in environment if "REVIEW_PICTURES" in entry["name"]},
            [container for container in stack.containers if "picture" in container],
            any("portero-pictures" in str(statement["Resource"]) for statement in statements),
            next(line.units for line in estimate(config, USAGE) if line.item == "Secrets"),
        )

    (none, no_container, no_grant, secrets) = of(plain, config)
    assert (none, no_container, no_grant) == ({}, [], False)
    assert of(keeping, StackConfig.model_validate(config.model_dump() | wanted)) == (
        {
            "PORTERO_REVIEW_PICTURES": "true",
            "PORTERO_REVIEW_PICTURES_KEY_FILE": "/tmp/pictures/keys",
            "PORTERO_REVIEW_PICTURES_FORBIDDEN_SITES": "bank,clinic",
            "PORTERO_RETENTION_REVIEW_PICTURES_HOURS": "8",
        },
        ["picture-keys"],
        True,
        secrets + 1,
    )
