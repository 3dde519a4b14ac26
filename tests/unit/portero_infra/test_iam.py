"""What the roles may do, and nothing else."""

from __future__ import annotations

import ast
import json
from importlib import resources
from typing import Any

import botocore.session
import pytest
from pydantic import ValidationError

from portero_infra.config import Subscriptions
from portero_infra.policies import (
    COLLECTION_ACTIONS,
    IMAGE_ACTIONS,
    LIVENESS_ACTIONS,
    PHOTO_ACTIONS,
    SECOND_ACTIONS,
    SINK_ACTIONS,
    USER_ACTIONS,
    VAULT_ACTIONS,
)
from tests.support.infra.cloudformation import findings, template
from tests.support.infra.stack import (
    ACCOUNT,
    CAMERAS_SECRET,
    OPTIONS,
    PICTURE_SECRET,
    REGION,
    SUBSCRIPTION_SECRET,
    VAULT_SECRET,
    Stack,
    deploy,
)
from tests.support.repository import ROOT

REKOGNITION = ROOT / "server" / "portero_server" / "engines" / "rekognition"
AWS_PUTS = ROOT / "server" / "portero_server" / "events" / "aws_puts.py"
VAULT_BUCKET = ROOT / "server" / "portero_server" / "vault" / "bucket.py"
COLLECTION = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:collection/portero-prod-faces-1"
SECOND = [f"arn:aws:rekognition:{region}:{ACCOUNT}:collection/portero-prod-next-*" for region in ("eu-west-1", REGION)]
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/portero-prod"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!cluster-1-abcdef"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/portero/portero-prod"


def _allowed(stack: Stack, role: str) -> dict[str, list[str]]:
    """Which resources each action of a role is allowed on."""
    allowed: dict[str, list[str]] = {}
    for name, statement in stack.statements("iam/rolePolicy:RolePolicy"):
        if name == role:
            listed = statement["Resource"]
            for action in statement["Action"]:
                allowed.setdefault(action, []).extend([listed] if isinstance(listed, str) else listed)
    return allowed


def test_task_role_allows_exactly_these_actions(prod: Stack) -> None:
    """The server may use our collection, read images and publish its metrics."""
    assert _allowed(prod, "portero-prod-task") == {
        "rekognition:DeleteFaces": [COLLECTION],
        "rekognition:DeleteUser": [COLLECTION],
        "rekognition:DescribeCollection": [COLLECTION],
        "rekognition:DisassociateFaces": [COLLECTION],
        "rekognition:IndexFaces": [COLLECTION],
        "rekognition:ListFaces": [COLLECTION],
        "rekognition:SearchFaces": [COLLECTION],
        "rekognition:SearchFacesByImage": [COLLECTION],
        "rekognition:CompareFaces": ["*"],
        "rekognition:DetectFaces": ["*"],
        "rekognition:DetectText": ["*"],
        "logs:CreateLogStream": [f"{LOGS}/streams:*"],
        "logs:PutLogEvents": [f"{LOGS}/streams:*"],
        "aps:RemoteWrite": [f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/portero-prod"],
    }


def test_execution_role_allows_exactly_these_actions(prod: Stack) -> None:
    """ECS may fetch our image and the one secret, and write the one log."""
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/portero-prod"
    assert _allowed(prod, "portero-prod-execution") == {
        "ecr:GetAuthorizationToken": ["*"],
        "ecr:BatchCheckLayerAvailability": [repository],
        "ecr:BatchGetImage": [repository],
        "ecr:GetDownloadUrlForLayer": [repository],
        "secretsmanager:GetSecretValue": [SECRET],
        "kms:Decrypt": [KEY],
        "logs:CreateLogStream": [f"{LOGS}/server:*"],
        "logs:PutLogEvents": [f"{LOGS}/server:*"],
    }


def test_options_add_exactly_these_actions(prod: Stack) -> None:
    """Anchors are written only; photos kept and deleted; users searched; liveness begun; a second collection made."""
    made = deploy("prod", OPTIONS)
    before, after = (
        {(action, place) for action, places in _allowed(stack, "portero-prod-task").items() for place in places}
        for stack in (prod, made)
    )
    anchors, photos = "arn:aws:s3:::portero-prod-anchors-", "arn:aws:s3:::portero-prod-photos-"
    snapshots, exports = "arn:aws:s3:::portero-prod-snapshots-", "arn:aws:s3:::portero-prod-exports-"
    assert after - before == {
        ("rekognition:CreateFaceLivenessSession", "*"),
        ("rekognition:GetFaceLivenessSessionResults", "*"),
        ("s3:PutObject", f"{anchors}/audit/*"),
        ("s3:PutObjectRetention", f"{anchors}/audit/*"),
        ("s3:ListBucketVersions", anchors),
        ("s3:DeleteObject", f"{photos}/photos/*"),
        ("s3:GetObject", f"{photos}/photos/*"),
        ("s3:PutObject", f"{photos}/photos/*"),
        ("s3:GetBucketVersioning", photos),
        ("s3:ListBucket", photos),
        *((action, f"{snapshots}/snapshots/*") for action in PHOTO_ACTIONS),
        *((action, snapshots) for action in VAULT_ACTIONS),
        *((action, f"{exports}/exports/*") for action in PHOTO_ACTIONS),
        *((action, exports) for action in VAULT_ACTIONS),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
        ("rekognition:AssociateFaces", COLLECTION),
        ("rekognition:CreateUser", COLLECTION),
        ("rekognition:SearchUsersByImage", COLLECTION),
        *((action, place) for action in (*COLLECTION_ACTIONS, *USER_ACTIONS, *SECOND_ACTIONS) for place in SECOND),
    }
    (listing,) = [
        statement
        for _, statement in made.statements("iam/rolePolicy:RolePolicy")
        if statement["Action"] == ["s3:ListBucketVersions"]
    ]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["audit/*"]}}
    secrets = _allowed(made, "portero-prod-execution")["secretsmanager:GetSecretValue"]
    assert secrets == [SECRET, CAMERAS_SECRET, VAULT_SECRET, SUBSCRIPTION_SECRET, PICTURE_SECRET]


def test_only_collections_of_the_pattern_may_be_made_and_removed() -> None:
    """Those of the stack may not, whatever the pattern; people are searched as users only where that is set."""
    made = deploy("prod", {"recognition": {"second": {"names": "blue"}, "collections": ["faces-1", "faces-2"]}})
    allowed = _allowed(made, "portero-prod-task")
    blue = COLLECTION.replace("faces-1", "blue")
    stack = [COLLECTION, COLLECTION.replace("faces-1", "faces-2")]
    assert {action: allowed[action] for action in SECOND_ACTIONS} == {action: [blue] for action in SECOND_ACTIONS}
    assert {tuple(allowed[action]) for action in COLLECTION_ACTIONS} == {(*stack, blue)}
    assert not allowed.keys() & set(USER_ACTIONS)


def test_photos_are_encrypted_through_s3_alone() -> None:
    """The task may use our key for the vault's objects, and for nothing that S3 does not ask for."""
    made = deploy("prod", {"vault": OPTIONS["vault"]})
    (using,) = [
        statement
        for name, statement in made.statements("iam/rolePolicy:RolePolicy")
        if name == "portero-prod-task" and "kms:GenerateDataKey" in statement["Action"]
    ]
    assert using["Condition"] == {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}


def test_only_dev_opens_shells(dev: Stack, prod: Stack) -> None:
    """The channels of a remote shell exist where the configuration asks for them, and not in production."""
    assert any(action.startswith("ssmmessages:") for action in _allowed(dev, "portero-dev-task"))
    assert not any(action.startswith("ssmmessages:") for action in _allowed(prod, "portero-prod-task"))


def test_recognition_actions_are_the_calls_the_server_makes() -> None:
    """Each Rekognition call in the server's engines is allowed, and no other."""
    model = botocore.session.get_session().get_service_model("rekognition")
    operations = {botocore.xform_name(name): name for name in model.operation_names}
    called = {
        node.attr
        for path in REKOGNITION.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute)
    }
    made = {f"rekognition:{operations[name]}" for name in called & set(operations)}
    assert made == {*COLLECTION_ACTIONS, *IMAGE_ACTIONS, *LIVENESS_ACTIONS, *USER_ACTIONS, *SECOND_ACTIONS}


def test_vault_actions_are_the_calls_the_server_makes() -> None:
    """Each S3 call of the photo vault is allowed, and no other."""
    model = botocore.session.get_session().get_service_model("s3")
    operations = {botocore.xform_name(name): name for name in model.operation_names}
    tree = list(ast.walk(ast.parse(VAULT_BUCKET.read_text())))
    calls = {node.func.attr for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    pages = {
        node.args[0].value
        for node in tree
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator"
        if isinstance(node.args[0], ast.Constant)
    }
    made = {operations[str(name)] for name in (calls | pages) & set(operations)}
    # The permission to list has the name of the first version of that call.
    named = {"ListObjectsV2": "ListBucket"}
    assert {f"s3:{named.get(name, name)}" for name in made} == {*PHOTO_ACTIONS, *VAULT_ACTIONS}


def test_actions_of_sinks_are_the_calls_the_server_makes() -> None:
    """Each service takes a message by one call, which is allowed, and no other."""
    tree = list(ast.walk(ast.parse(AWS_PUTS.read_text())))
    calls = {node.func.attr for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    made: set[str] = set()
    for service in SINK_ACTIONS:
        model = botocore.session.get_session().get_service_model(service)
        made |= {f"{service}:{name}" for name in model.operation_names if botocore.xform_name(name) in calls}
    assert made == set(SINK_ACTIONS.values())


def test_events_are_sent_to_the_destinations_of_the_configuration_alone() -> None:
    """To each by the action of its service; without a destination there is no such action."""
    queues = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("sightings.fifo", "all")]
    bus, stream = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/b", f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/s"
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
    section = {"key_secret": SUBSCRIPTION_SECRET, "destinations": [*queues, bus, stream, topic]}
    made = deploy("prod", {"subscriptions": section})
    allowed = _allowed(made, "portero-prod-task")
    assert {action: allowed.get(action) for action in SINK_ACTIONS.values()} == {
        "sqs:SendMessage": queues,
        "sns:Publish": [topic],
        "events:PutEvents": [bus],
        "kinesis:PutRecord": [stream],
    }
    assert findings(template(made)) == []
    without = deploy("prod", {"subscriptions": {"key_secret": SUBSCRIPTION_SECRET}})
    assert not _allowed(without, "portero-prod-task").keys() & set(SINK_ACTIONS.values())


@pytest.mark.parametrize(
    "destination", ["*", "arn:aws:sqs:us-east-1:1:q", "arn:aws:s3:::b", "arn:aws:sqs:us-east-1:*:q"]
)
def test_a_destination_that_is_no_arn_of_the_four_services_is_refused(destination: str) -> None:
    """A pattern, too: what may be sent to is named."""
    with pytest.raises(ValidationError, match="destinations"):
        Subscriptions(key_secret=SUBSCRIPTION_SECRET, destinations=(destination,))


def _namable() -> dict[str, set[str]]:
    """The actions of each service, lower case, for which AWS lets a policy name a resource."""
    text = (resources.files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text()
    services: dict[str, dict[str, Any]] = json.loads(text)
    return {
        service: {action for action, facts in known["Actions"].items() if facts.get("Resources")}
        for service, known in services.items()
    }


def test_no_star_where_a_resource_can_be_named(stack: Stack) -> None:
    """A role's `*` stands only for actions that offer no resource, and no action is a pattern."""
    namable = _namable()
    loose = [
        (name, action)
        for name, statement in stack.statements("iam/rolePolicy:RolePolicy")
        for action in statement["Action"]
        if "*" in action
        or (statement["Resource"] == "*" and action.partition(":")[2].lower() in namable[action.partition(":")[0]])
    ]
    assert loose == []


def test_star_for_a_namable_resource_would_be_noticed() -> None:
    """The list of what can be named knows the actions that this stack depends on."""
    assert "searchfacesbyimage" in _namable()["rekognition"]
    assert "getobject" in _namable()["s3"]
    assert "detectfaces" not in _namable()["rekognition"]


def test_roles_are_taken_only_by_services_of_this_account(stack: Stack) -> None:
    """Each role trusts one AWS service, on behalf of this account alone."""
    for _, statement in stack.statements("iam/role:Role", "assumeRolePolicy"):
        assert statement["Principal"]["Service"].endswith(".amazonaws.com")
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_linter_has_nothing_to_say() -> None:
    """AWS's linter finds no unknown action, no resource of the wrong kind, no fault in the task definition."""
    assert findings(template(deploy("prod", OPTIONS))) == []


def test_linter_finds_what_is_wrong(prod: Stack) -> None:
    """A misspelt action and a resource of another service are reported."""
    policy = prod.one("iam/rolePolicy:RolePolicy", "portero-prod-task")
    wrong = [
        {"Effect": "Allow", "Action": ["rekognition:SearchFaceByImage"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["rekognition:IndexFaces"], "Resource": "arn:aws:s3:::faces"},
    ]
    broken = prod.changed(policy, policy=json.dumps({"Version": "2012-10-17", "Statement": wrong}))
    assert sorted(finding[:5] for finding in findings(template(broken))) == ["I3510", "W3037"]
