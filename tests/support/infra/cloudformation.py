"""What the program made, written as a CloudFormation template: AWS's own linter reads only those."""

from __future__ import annotations

import json
from typing import Any

from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped] # cfn-lint ships no types

from tests.support.infra.stack import REGION, Stack


def template(stack: Stack) -> dict[str, Any]:
    """The policies, the keys and the task definition of a stack as a template."""
    resources: dict[str, Any] = {}
    policies = {made.inputs["role"]: made for made in stack.all("iam/rolePolicy:RolePolicy")}
    for role in stack.all("iam/role:Role"):
        policy = policies[role.id]
        resources[f"Role{len(resources)}"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": json.loads(role.inputs["assumeRolePolicy"]),
                "Policies": [{"PolicyName": policy.name, "PolicyDocument": json.loads(policy.inputs["policy"])}],
            },
        }
    for policy in stack.all("s3/bucketPolicy:BucketPolicy") + stack.all("sns/topicPolicy:TopicPolicy"):
        document = json.loads(policy.inputs["policy"])
        of = {"Topics": [policy.inputs["arn"]]} if "arn" in policy.inputs else {"Bucket": policy.name}
        kind = "AWS::SNS::TopicPolicy" if "Topics" in of else "AWS::S3::BucketPolicy"
        resources[f"Policy{len(resources)}"] = {"Type": kind, "Properties": {**of, "PolicyDocument": document}}
    for key in stack.all("kms/key:Key"):
        if "policy" in key.inputs:
            properties = {"KeyPolicy": json.loads(key.inputs["policy"]), "EnableKeyRotation": True}
            resources[f"Key{len(resources)}"] = {"Type": "AWS::KMS::Key", "Properties": properties}
    resources["Task"] = {"Type": "AWS::ECS::TaskDefinition", "Properties": _pascal(register_task(stack))}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def register_task(stack: Stack) -> dict[str, Any]:
    """The task definition as ECS's RegisterTaskDefinition takes it."""
    inputs = stack.one("ecs/taskDefinition:TaskDefinition").inputs
    keys = ("family", "cpu", "memory", "networkMode", "runtimePlatform", "taskRoleArn", "executionRoleArn")
    return {
        **{key: inputs[key] for key in keys},
        "requiresCompatibilities": inputs["requiresCompatibilities"],
        "volumes": inputs["volumes"],
        "containerDefinitions": json.loads(inputs["containerDefinitions"]),
    }


def findings(document: dict[str, Any]) -> list[str]:
    """What the linter has to say about a template, its remarks on policies included."""
    asked = ManualArgs(regions=[REGION], include_checks=["E", "I3510", "W"])
    return [f"{match.rule.id} {match.message}" for match in lint(json.dumps(document), config=asked)]


def _pascal(value: Any) -> Any:
    if isinstance(value, list):
        return [_pascal(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        # Options of a log driver are names of its own.
        key[0].upper() + key[1:]: item if key == "options" else _pascal(item)
        for key, item in value.items()
    }
