"""Notifications of alarms and budget warnings: one topic with e-mail subscribers."""

from __future__ import annotations

import pulumi
from pulumi_aws import budgets, sns

from portero_infra.config import Account, Observability
from portero_infra.policies import document

PUBLISHERS = ("budgets.amazonaws.com", "cloudwatch.amazonaws.com")


class Notifications(pulumi.ComponentResource):
    """An encrypted topic, its subscriptions, and the monthly budget that reports to it."""

    def __init__(
        self,
        name: str,
        account: Account,
        config: Observability,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Notifications", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(name, kms_master_key_id=key_arn, opts=child)
        policy = sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": list(PUBLISHERS)},
                    "Action": "sns:Publish",
                    "Resource": topic.arn,
                    "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
                }
            ),
            opts=child,
        )
        for index, address in enumerate(config.alarm_emails):
            sns.TopicSubscription(f"{name}-{index}", topic=topic.arn, protocol="email", endpoint=address, opts=child)
        budgets.Budget(
            name,
            name=name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(config.monthly_budget),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:Stack${name}"]}],
            notifications=[
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": kind,
                    "threshold": threshold,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [topic.arn],
                }
                for kind, threshold in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
            ],
            # A budget whose topic does not accept it yet is refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": topic.arn})
