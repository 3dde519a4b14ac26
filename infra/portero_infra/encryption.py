"""The KMS key that encrypts database, password, logs, metrics, container images, alarms, photos, snapshots and exports.

Other buckets than these three are encrypted with S3's own key instead; `bucket.py` says why.
"""

from __future__ import annotations

import pulumi
from pulumi_aws import kms

from portero_infra.config import Account
from portero_infra.policies import Statement, document


class Encryption(pulumi.ComponentResource):
    """A customer-managed key that rotates yearly."""

    def __init__(self, name: str, account: Account, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Encryption", name, None, opts)
        key = kms.Key(
            name,
            description=f"{name}: database, logs, metrics, container images, alarms, photos, snapshots and exports",
            enable_key_rotation=True,
            deletion_window_in_days=30 if account.production else 7,
            policy=document(*_key_policy(account)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        kms.Alias(name, name=f"alias/{name}", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=self))
        self.key_arn = key.arn
        self.register_outputs({"key_arn": key.arn})


def _key_policy(account: Account) -> list[Statement]:
    """Returns who may use the key. In a key's own policy, the resource `*` is that key and no other."""
    logs = f"arn:aws:logs:{account.region}:{account.id}:*"
    return [
        {
            # Lets the account's IAM policies grant use of the key. Without it nobody could ever change this policy.
            "Sid": "RolesOfThisAccount",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            # CloudWatch Logs encrypts for log groups of this account only.
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        },
        {
            # These publish to the alarms' topic, which is encrypted with the key.
            "Sid": "AlarmsAndBudgets",
            "Effect": "Allow",
            "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
        },
    ]
