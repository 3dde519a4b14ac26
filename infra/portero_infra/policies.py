"""The IAM permissions of each role, statement by statement.

An action is listed only if the server, its collector or ECS calls it, and `*` is used only where AWS offers no resource
to name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_aws import iam

Statement = dict[str, Any]

COLLECTION_ACTIONS = (
    "rekognition:DeleteFaces",
    "rekognition:DeleteUser",
    "rekognition:DescribeCollection",
    "rekognition:DisassociateFaces",
    "rekognition:IndexFaces",
    "rekognition:ListFaces",
    "rekognition:SearchFaces",
    "rekognition:SearchFacesByImage",
)
"""CreateCollection is missing on purpose: the deployment makes these collections. DeleteUser is not: people who were
searched as users are erased after that was switched off, too.
"""

SECOND_ACTIONS = ("rekognition:CreateCollection", "rekognition:DeleteCollection")
"""On collections that the server makes and removes itself, beside those of the stack."""

USER_ACTIONS = ("rekognition:AssociateFaces", "rekognition:CreateUser", "rekognition:SearchUsersByImage")
"""Where people are searched as users of the collection."""

IMAGE_ACTIONS = ("rekognition:CompareFaces", "rekognition:DetectFaces", "rekognition:DetectText")
"""These take an image and no collection, so AWS offers no resource to name."""

LIVENESS_ACTIONS = ("rekognition:CreateFaceLivenessSession", "rekognition:GetFaceLivenessSessionResults")
"""StartFaceLivenessSession is missing on purpose: the guest's device calls it, with credentials of its own."""

ANCHOR_ACTIONS = ("s3:PutObject", "s3:PutObjectRetention")
"""Retention because the same call sets it. Nothing here reads, lifts a lock or removes."""

PHOTO_ACTIONS = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
"""On each object of the photo vault."""

VAULT_ACTIONS = ("s3:GetBucketVersioning", "s3:ListBucket")
"""On the vault's bucket: the server refuses one that keeps versions, and looks for photos without a row."""
# Snapshots and exported sightings are kept by the same calls. A link to a snapshot is signed by the task, and works as
# far as the task may read.

SINK_ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "kinesis": "kinesis:PutRecord",
}
"""On each destination that subscriptions may send to, by the service in its ARN."""

SHELL_ACTIONS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


def document(*statements: Statement) -> pulumi.Output[str]:
    """Returns the policy document (JSON) with these statements."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Sequence[str], resources: pulumi.Input[Any], condition: dict[str, Any] | None = None) -> Statement:
    """Returns a statement that allows actions on resources."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    return statement if condition is None else {**statement, "Condition": condition}


def role(
    name: str, service: str, account: str, statements: Sequence[Statement], parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Creates a role that one AWS service may assume, for this account only, and returns its ARN.

    The ARN is available only after the policy is attached: a task started earlier would be denied.
    """
    child = pulumi.ResourceOptions(parent=parent)
    trust: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    made = iam.Role(name, assume_role_policy=document(trust), opts=child)
    policy = iam.RolePolicy(name, role=made.id, policy=document(*statements), opts=child)
    return pulumi.Output.all(made.arn, policy.id).apply(lambda parts: str(parts[0]))


def recognizing(
    collections: Sequence[pulumi.Input[str]], second: Sequence[str], *, users: bool, liveness: bool
) -> list[Statement]:
    """Returns statements for searching and storing faces in our collections, and analyzing single images.

    Args:
        collections: ARNs of those that the stack makes.
        second: Patterns of ARNs of those that the server makes and removes itself.
        users: Whether people are searched as users of a collection.
        liveness: Whether sessions of Face Liveness are begun, and asked about.
    """
    actions = (*COLLECTION_ACTIONS, *USER_ACTIONS) if users else COLLECTION_ACTIONS
    images = (*IMAGE_ACTIONS, *LIVENESS_ACTIONS) if liveness else IMAGE_ACTIONS
    statements = [allow(actions, list(collections)), allow(images, "*")]
    if second:
        statements.append(allow((*actions, *SECOND_ACTIONS), list(second)))
    return statements


def anchoring(bucket: pulumi.Output[str], prefix: str) -> list[Statement]:
    """Returns statements for writing locked objects under a prefix of the bucket (an ARN), and listing versions."""
    return [
        allow(ANCHOR_ACTIONS, pulumi.Output.concat(bucket, "/", prefix, "*")),
        allow(("s3:ListBucketVersions",), bucket, {"StringLike": {"s3:prefix": [f"{prefix}*"]}}),
    ]


def keeping_objects(bucket: pulumi.Output[str], prefix: str, key: pulumi.Input[str], region: str) -> list[Statement]:
    """Returns statements for objects of the photo vault, snapshots or exports, under a prefix of their bucket (an ARN).

    They are encrypted with the key.

    Listing is not limited to the prefix: S3 says that an object is missing only to whoever may list its bucket, and a
    condition on the prefix never holds for that question. To anybody else a missing object is a refused one.
    """
    return [
        allow(PHOTO_ACTIONS, pulumi.Output.concat(bucket, "/", prefix, "*")),
        allow(VAULT_ACTIONS, bucket),
        using_key(("kms:Decrypt", "kms:GenerateDataKey"), key, f"s3.{region}.amazonaws.com"),
    ]


def sending_events(destinations: Sequence[str]) -> list[Statement]:
    """Returns a statement for each service that subscriptions send to, on those destinations (ARNs) alone."""
    by_service = {service: [arn for arn in destinations if arn.split(":")[2] == service] for service in SINK_ACTIONS}
    return [allow((SINK_ACTIONS[service],), arns) for service, arns in by_service.items() if arns]


def using_key(actions: Sequence[str], key: pulumi.Input[str], service: str) -> Statement:
    """Returns a statement for using the key, but only through one AWS service."""
    return allow(actions, key, {"StringEquals": {"kms:ViaService": service}})


def starting(
    repository: pulumi.Input[str],
    secrets: Sequence[pulumi.Input[str]],
    logs: Sequence[pulumi.Output[str]],
    key: pulumi.Input[str],
    region: str,
) -> list[Statement]:
    """Returns the statements that ECS needs to start a task: image, secrets and log."""
    return [
        allow(("ecr:GetAuthorizationToken",), "*"),
        allow(("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"), repository),
        allow(("secretsmanager:GetSecretValue",), list(secrets)),
        using_key(("kms:Decrypt",), key, f"secretsmanager.{region}.amazonaws.com"),
        writing_logs(logs),
    ]


def writing_logs(groups: Sequence[pulumi.Output[str]]) -> Statement:
    """Returns a statement for writing to the log groups (ARNs)."""
    streams = [group.apply(lambda arn: f"{arn}:*") for group in groups]
    return allow(("logs:CreateLogStream", "logs:PutLogEvents"), streams)


def remote_writing(workspace: pulumi.Input[str]) -> Statement:
    """Returns a statement for writing samples to one Managed Prometheus workspace."""
    return allow(("aps:RemoteWrite",), workspace)


def opening_shells() -> Statement:
    """Returns a statement for the channels of `aws ecs execute-command`."""
    return allow(SHELL_ACTIONS, "*")
