"""What the program would make, in both stacks, judged by what it asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.infra.rules import RULES, Rule
from tests.support.infra.stack import INFRA, OPTIONS, Stack, deploy

EVERYTHING: dict[str, dict[str, Any]] = {
    **OPTIONS,
    "web": {"port": 8080},
    "network": {"zones": 3},
    "service": {"spot_share": 0.5},
    "recognition": {"collections": ["faces-1", "faces-2"], "active": "faces-2"},
}


@pytest.fixture(scope="module")
def everything() -> Stack:
    """Production with every option turned on."""
    return deploy("prod", EVERYTHING)


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds_in_both_stacks(rule: Rule, stack: Stack) -> None:
    """Every rule holds for what each stack makes."""
    assert rule(stack) == []


def test_rules_hold_with_every_option(everything: Stack) -> None:
    """Turning every option on breaks no rule."""
    assert {rule.__name__: faults for rule in RULES if (faults := rule(everything))} == {}


def test_internal_balancer_stands_in_private_subnets() -> None:
    """A stack for clients inside the VPC alone breaks no rule, and its load balancer has no public side."""
    made = deploy("prod", {"edge": {"internal": True}})
    assert {rule.__name__: faults for rule in RULES if (faults := rule(made))} == {}
    balancer = made.one("lb/loadBalancer:LoadBalancer").inputs
    assert balancer["internal"] is True
    assert all("private" in subnet for subnet in balancer["subnets"])


def test_no_nat_at_all_needs_every_endpoint() -> None:
    """A stack without a NAT still reaches everything that its tasks call."""
    endpoints = ["ecr.api", "ecr.dkr", "logs", "rekognition", "secretsmanager"]
    made = deploy("dev", {"network": {"nat": "none", "endpoints": endpoints}})
    assert not made.all("ec2/natGateway:NatGateway")
    assert {rule.__name__: faults for rule in RULES if (faults := rule(made))} == {}


def test_tls_listener_negotiates_http2(stack: Stack) -> None:
    """Clients get TLS 1.3 and h2 on port 443, or no connection."""
    listener = stack.one("lb/listener:Listener").inputs
    assert (listener["port"], listener["protocol"], listener["alpnPolicy"]) == (443, "TLS", "HTTP2Only")
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"


def test_camera_listener_passes_tls_through(everything: Stack) -> None:
    """The cameras' listener carries no certificate, keeps idle connections, and has its own health-checked group."""
    listener = everything.one("lb/listener:Listener", "portero-prod-cameras").inputs
    assert (listener["protocol"], listener["port"], listener["tcpIdleTimeoutSeconds"]) == ("TCP", 8443, 3600)
    assert "certificateArn" not in listener
    group = everything.one("lb/targetGroup:TargetGroup", "portero-prod-cameras")
    assert listener["defaultActions"][0]["targetGroupArn"] == group.arn
    balanced = {entry["containerPort"] for entry in everything.one("ecs/service:Service").inputs["loadBalancers"]}
    assert balanced == {50_051, 50_052}
    plain = everything.one("lb/targetGroup:TargetGroup", "portero-prod-grpc").inputs
    assert (plain["protocol"], group.inputs["protocol"]) == ("TLS", "TCP")


def test_anchors_lie_where_they_can_be_locked(everything: Stack, prod: Stack) -> None:
    """The anchors' bucket alone is made with Object Lock, is protected, and lets no rule end what is in it."""
    locked = {made.name for made in everything.all("s3/bucket:Bucket") if made.inputs.get("objectLockEnabled")}
    assert locked == {"portero-prod-anchors"}
    assert everything.one("s3/bucket:Bucket", "portero-prod-anchors").protected
    lifecycle = everything.one("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "portero-prod-anchors")
    assert not any("expiration" in rule for rule in lifecycle.inputs["rules"])
    assert not [made for made in prod.all("s3/bucket:Bucket") if made.inputs.get("objectLockEnabled")]


def test_photo_vault_has_a_bucket_of_its_own(everything: Stack) -> None:
    """The vault's bucket is protected, lets no rule end a photo that the server still counts, and has one prefix."""
    bucket = everything.one("s3/bucket:Bucket", "portero-prod-photos")
    assert bucket.protected
    assert bucket.inputs["forceDestroy"] is False
    lifecycle = everything.one("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "portero-prod-photos")
    assert [set(rule) - {"id", "status", "filter"} for rule in lifecycle.inputs["rules"]] == [
        {"abortIncompleteMultipartUpload"}
    ]
    environment = {entry["name"]: entry["value"] for entry in everything.containers["server"]["environment"]}
    assert environment["PORTERO_PHOTO_VAULT"] == "s3://portero-prod-photos-abc/photos"


def test_exported_files_end_by_the_server_alone(everything: Stack) -> None:
    """Their bucket is protected and has our key and no versions; no rule ends a file."""
    name = "portero-prod-exports"
    assert everything.one("s3/bucket:Bucket", name).protected
    (rule,) = everything.one("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", name).inputs["rules"]
    assert set(rule) - {"id", "status", "filter"} == {"abortIncompleteMultipartUpload"}
    assert not [made for made in everything.all("s3/bucketVersioning:BucketVersioning") if made.name == name]


def test_snapshots_end_by_a_rule_a_day_after_their_retention(everything: Stack) -> None:
    """Their bucket has our key and no versions, refuses plain HTTP, and moves nothing to Glacier."""
    name = "portero-prod-snapshots"
    assert everything.one("s3/bucket:Bucket", name).protected
    (rule,) = everything.one("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", name).inputs["rules"]
    assert rule["filter"] == {"prefix": "snapshots/"}
    # 36 hours are two days begun.
    assert rule["expiration"] == {"days": 3}
    assert "transitions" not in rule
    assert not [made for made in everything.all("s3/bucketVersioning:BucketVersioning") if made.name == name]
    kind = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (encryption,) = everything.one(kind, name).inputs["rules"]
    assert encryption["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    statements = [
        statement for owner, statement in everything.statements("s3/bucketPolicy:BucketPolicy") if owner == name
    ]
    assert {statement["Sid"] for statement in statements} == {"TlsOnly", "NeverVersioned"}


def test_web_console_stands_behind_its_firewall(everything: Stack) -> None:
    """The web load balancer is covered by a firewall that limits rates and knows common attacks."""
    balancer = everything.one("lb/loadBalancer:LoadBalancer", "portero-prod-web")
    acl = everything.one("wafv2/webAcl:WebAcl")
    link = everything.one("wafv2/webAclAssociation:WebAclAssociation").inputs
    assert (link["resourceArn"], link["webAclArn"]) == (balancer.arn, acl.arn)
    assert len(acl.inputs["rules"]) == 4


def test_web_edge_is_off_by_default(stack: Stack) -> None:
    """Neither stack has an application load balancer unless it is asked for."""
    kinds = [made.inputs["loadBalancerType"] for made in stack.all("lb/loadBalancer:LoadBalancer")]
    assert kinds == ["network"]


def test_scaling_is_slow_to_give_up(prod: Stack) -> None:
    """Tasks follow streams and processor use, and go away only after a quarter of an hour."""
    policies = [
        made.inputs["targetTrackingScalingPolicyConfiguration"] for made in prod.all("appautoscaling/policy:Policy")
    ]
    assert {policy["scaleInCooldown"] for policy in policies} == {900}
    streams = next(policy for policy in policies if "customizedMetricSpecification" in policy)
    assert streams["targetValue"] == 60
    assert streams["customizedMetricSpecification"]["dimensions"] == [{"name": "Service", "value": "portero-prod"}]


def test_first_deployment_runs_no_task_before_an_image_exists() -> None:
    """Without an image tag everything is made, no task is wanted, nothing scales and no alarm calls."""
    made = deploy("prod", {"service": {"image_tag": None}})
    assert made.one("ecs/service:Service").inputs["desiredCount"] == 0
    assert not made.all("appautoscaling/target:Target")
    assert {alarm.inputs["actionsEnabled"] for alarm in made.all("cloudwatch/metricAlarm:MetricAlarm")} == {False}


def test_spot_never_carries_the_least_tasks(everything: Stack) -> None:
    """With a Spot share, the configured number of tasks still runs on regular capacity."""
    strategies = everything.one("ecs/service:Service").inputs["capacityProviderStrategies"]
    assert strategies == [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 50},
        {"capacityProvider": "FARGATE_SPOT", "weight": 50},
    ]


def test_password_rotation_replaces_the_tasks(stack: Stack) -> None:
    """The event of this secret's rotation starts a new deployment of this service."""
    pattern = stack.one("cloudwatch/eventRule:EventRule").inputs["eventPattern"]
    secret = stack.containers["server"]["secrets"][0]["valueFrom"].removesuffix(":password::")
    assert secret in pattern
    definition = stack.one("sfn/stateMachine:StateMachine").inputs["definition"]
    assert "ecs:updateService" in definition
    assert f'"Service": "portero-{stack.name}"' in definition
    assert stack.one("secretsmanager/secretRotation:SecretRotation").inputs["secretId"] == secret


def test_two_collections_stand_side_by_side_while_faces_move(everything: Stack) -> None:
    """The server searches the active collection and may write to both."""
    environment = {entry["name"]: entry["value"] for entry in everything.containers["server"]["environment"]}
    assert environment["PORTERO_REKOGNITION_COLLECTION"] == "portero-prod-faces-2"
    assert len(everything.all("rekognition/collection:Collection")) == 2


def test_wrong_account_is_refused(stack: Stack) -> None:
    """The provider accepts only the configured account, whatever credentials are about."""
    (provider,) = [made for made in stack.resources if made.type == "pulumi:providers:aws"]
    assert provider.inputs["allowedAccountIds"] == '["000000000000"]'


def test_program_reads_as_a_table_of_contents() -> None:
    """The program itself stays under eighty lines."""
    program = INFRA / "__main__.py"
    assert len(program.read_text().splitlines()) < 80
