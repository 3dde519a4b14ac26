"""The rules catch what they are for: each deliberately broken stack is found out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.infra import rules
from tests.support.infra.breaks import (
    Break,
    added,
    changed,
    environment,
    nested,
    opened,
    parameter,
    server,
    without,
    without_endpoint,
)
from tests.support.infra.rules import Rule
from tests.support.infra.stack import OPTIONS, Made, Stack, deploy

SERVICE = "ecs/service:Service"
DATABASE = "rds/cluster:Cluster"
INSTANCE = "rds/clusterInstance:ClusterInstance"
TARGETS = "lb/targetGroup:TargetGroup"
NETWORK = "networkConfiguration"
PHOTOS = "portero-prod-photos"
PUBLIC = ["Subnet/portero-prod-public-0", "Subnet/portero-prod-public-1"]

BROKEN: dict[Rule, dict[str, Break]] = {
    rules.only_load_balancers_face_the_internet: {
        "database open to the world": opened("database", 3306),
        "metrics open to the world": opened("service", 9464),
        "metrics through the edge": opened("edge", 9464),
        "tasks with addresses": nested(SERVICE, NETWORK, assignPublicIp=True),
        "tasks in public subnets": nested(SERVICE, NETWORK, subnets=PUBLIC),
        "database in public subnets": changed("rds/subnetGroup:SubnetGroup", subnetIds=PUBLIC),
        "a public instance": changed(INSTANCE, "portero-prod-0", publiclyAccessible=True),
        "a bucket that may be public": changed(
            "s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "portero-prod-trail", blockPublicPolicy=False
        ),
    },
    rules.everything_spans_two_zones: {
        "no first public subnet": without("ec2/subnet:Subnet", "portero-prod-public-0"),
        "no second public subnet": without("ec2/subnet:Subnet", "portero-prod-public-1"),
        "no first private subnet": without("ec2/subnet:Subnet", "portero-prod-private-0"),
        "no second private subnet": without("ec2/subnet:Subnet", "portero-prod-private-1"),
        "an unrouted subnet": without("ec2/routeTableAssociation:RouteTableAssociation", "portero-prod-private-1-0"),
    },
    rules.tasks_reach_what_they_call: {"no endpoint for s3": without_endpoint("s3")},
    rules.faces_and_secrets_stay_off_the_internet: {
        f"no endpoint for {service}": without_endpoint(service)
        for service in ("aps-workspaces", "ecr.api", "ecr.dkr", "logs", "rekognition", "secretsmanager")
    },
    rules.database_keeps_its_promise: {
        "an unencrypted database": changed(DATABASE, storageEncrypted=False),
        "a deletable database": changed(DATABASE, deletionProtection=False),
        "no last snapshot": changed(DATABASE, skipFinalSnapshot=True),
        "a password in the program": changed(DATABASE, masterPassword="x"),
        "plain connections": parameter("require_secure_transport", "OFF"),
        "lazy commits": parameter("innodb_flush_log_at_trx_commit", "2"),
        "one instance": without(INSTANCE, "portero-prod-1"),
    },
    rules.everything_kept_is_encrypted: {
        "plain connections to a bucket": without("s3/bucketPolicy:BucketPolicy", "portero-prod-trail"),
        "logs for ever": changed("cloudwatch/logGroup:LogGroup", "portero-prod-server", retentionInDays=None),
        "a plain topic": changed("sns/topic:Topic", kmsMasterKeyId=None),
        "images that change": changed("ecr/repository:Repository", imageTagMutability="MUTABLE"),
    },
    rules.deleted_photos_are_gone: {
        "versions": added("s3/bucketVersioning:BucketVersioning", bucket=f"Bucket/{PHOTOS}"),
        "locked photos": changed("s3/bucket:Bucket", PHOTOS, objectLockEnabled=True),
        "versions that may come": changed(
            "s3/bucketPolicy:BucketPolicy", PHOTOS, policy='{"Version": "2012-10-17", "Statement": []}'
        ),
        "another's key": changed(
            "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            PHOTOS,
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        ),
    },
    rules.streams_end_gracefully: {
        "killed in the drain": server(stopTimeout=15),
        "a longer grace than the stop": environment("PORTERO_STOP_GRACE", "60"),
        "health at the wrong path": nested(TARGETS, "healthCheck", path="/livez"),
        "health at a moved port": environment("PORTERO_ADMIN_LISTEN", "0.0.0.0:9999"),
        "slow deregistration": changed(TARGETS, deregistrationDelay=300),
        "cut streams": changed(TARGETS, connectionTermination=True),
        "an impatient health check": nested(TARGETS, "healthCheck", unhealthyThreshold=2),
    },
    rules.balancer_and_server_agree: {
        "one address for all callers": changed(TARGETS, preserveClientIp="false"),
        "no word on addresses": changed(TARGETS, preserveClientIp=None),
        "encrypted to a server without a certificate": changed(TARGETS, protocol="TLS"),
        "plain to a server with a certificate": environment("PORTERO_TLS_CERTIFICATE", "/tmp/tls/certificate.pem"),
        "a port that nobody serves": environment("PORTERO_LISTEN", "0.0.0.0:9998"),
        "a port that nobody reaches": environment("PORTERO_BRIDGE_LISTEN", "0.0.0.0:50052"),
        "no keys": environment("PORTERO_AUTH", "none"),
        "anyone": environment("PORTERO_ANYONE_OFF_LOOPBACK", "true"),
    },
    rules.deployments_undo_themselves: {
        "no circuit breaker": nested(SERVICE, "deploymentCircuitBreaker", rollback=False),
        "an alarm that is not there": nested(SERVICE, "alarms", alarmNames=["gone"]),
        "less than all while deploying": changed(SERVICE, deploymentMinimumHealthyPercent=50),
    },
    rules.secrets_are_references: {
        "a password in the environment": environment("PORTERO_DATABASE_PASSWORD", "x"),
        "a password in the address": environment("PORTERO_DATABASE_URL", "mysql+aiomysql://portero:x@host/portero"),
        "no password": server(secrets=[]),
    },
    rules.everything_is_tagged: {"untagged tasks": changed(SERVICE, propagateTags="NONE")},
    rules.containers_are_confined: {
        "a writable root": server(readonlyRootFilesystem=False),
        "root": server(user="0:0"),
        "an image that moves": server(image="registry/portero:latest"),
    },
}


@pytest.fixture(scope="module")
def keeping() -> Stack:
    """Production with a photo vault, which a rule of its own is about."""
    return deploy("prod", {"vault": OPTIONS["vault"]})


@pytest.mark.parametrize(("rule", "what"), [(rule, what) for rule, ways in BROKEN.items() for what in ways])
def test_broken_stack_is_found_out(rule: Rule, what: str, keeping: Stack) -> None:
    """A rule that passes on production reports it once it is broken."""
    assert rule(keeping) == []
    assert rule(BROKEN[rule][what](keeping)) != []


def test_every_rule_has_been_seen_to_fail() -> None:
    """No rule is listed that nothing ever broke."""
    assert set(BROKEN) == set(rules.RULES)


def test_endpoint_dropped_from_the_configuration_is_found_out() -> None:
    """The program itself, told to make one endpoint less, breaks the rule."""
    made = deploy(
        "prod", {"network": {"endpoints": ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "aps-workspaces"]}}
    )
    assert rules.faces_and_secrets_stay_off_the_internet(made) == ["no endpoint for rekognition"]


def test_subnet_dropped_from_the_program_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program itself, made to use one private subnet only, breaks the rule for tasks, database and endpoints."""
    from portero_infra.network import Network

    complete = Network.__init__

    def one_zone(self: Network, *args: Any, **kwargs: Any) -> None:
        complete(self, *args, **kwargs)
        del self.private_ids[1]

    monkeypatch.setattr(Network, "__init__", one_zone)
    faults = rules.everything_spans_two_zones(deploy("prod"))
    assert {"tasks: in one zone", "database portero-prod: in one zone", "portero-prod-rekognition: in one zone"} <= set(
        faults
    )


def test_untagged_provider_is_found_out(prod: Stack) -> None:
    """A resource of another provider, and a provider without an owner's tag, are both reported."""
    stray = prod.one(SERVICE)
    other = Made(stray.type, stray.name, stray.inputs, "urn::default::id", stray.protected)
    assert rules.everything_is_tagged(Stack("prod", (*prod.without(stray).resources, other)))
    (provider,) = [made for made in prod.resources if made.type == "pulumi:providers:aws"]
    assert rules.everything_is_tagged(prod.changed(provider, defaultTags='{"tags": {"Project": "portero"}}'))
