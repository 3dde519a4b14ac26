"""Replaces the tasks by a rolling deployment when the database password is rotated.

A task receives the password when it starts. Open connections survive a rotation but new ones fail, so the rotation's
event starts a rolling replacement.
"""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import cloudwatch, secretsmanager, sfn

from portero_infra.config import Account
from portero_infra.policies import allow, role
from portero_infra.service import Service


class Rotation(pulumi.ComponentResource):
    """The rotation's schedule, the rule that receives its event, and the state machine that replaces the tasks."""

    def __init__(
        self,
        name: str,
        account: Account,
        days: int,
        secret_arn: pulumi.Output[str],
        service: Service,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Rotation", name, None, opts)
        self._name, self._account = name, account
        child = pulumi.ResourceOptions(parent=self)
        secretsmanager.SecretRotation(
            name,
            secret_id=secret_arn,
            rotate_immediately=False,
            rotation_rules={"automatically_after_days": days},
            opts=child,
        )
        update = pulumi.Output.json_dumps(
            {
                "StartAt": "ReplaceTasks",
                "States": {
                    "ReplaceTasks": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::aws-sdk:ecs:updateService",
                        "Parameters": {
                            "Cluster": service.cluster_name,
                            "Service": service.service_name,
                            "ForceNewDeployment": True,
                        },
                        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 5, "IntervalSeconds": 10}],
                        "End": True,
                    }
                },
            }
        )
        machine = sfn.StateMachine(
            name,
            definition=update,
            role_arn=self._role("states", "ecs:UpdateService", service.service.arn),
            opts=child,
        )
        rule = cloudwatch.EventRule(
            name,
            description="The password of the database was rotated",
            event_pattern=secret_arn.apply(_rotated),
            opts=child,
        )
        cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=machine.arn,
            role_arn=self._role("events", "states:StartExecution", machine.arn),
            opts=child,
        )
        self.register_outputs({})

    def _role(self, service: str, action: str, resource: pulumi.Input[str]) -> pulumi.Output[str]:
        name = f"{self._name}-{service}"
        return role(name, f"{service}.amazonaws.com", self._account.id, [allow((action,), resource)], self)


def _rotated(secret_arn: str) -> str:
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {
                "eventName": ["RotationSucceeded"],
                "additionalEventData": {"SecretId": [secret_arn]},
            },
        }
    )
