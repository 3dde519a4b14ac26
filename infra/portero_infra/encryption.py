"""The KMS key that encrypts all of Portero's data: database, objects, logs, images and alarms."""

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
            description=f"{name}: database, objects, logs, images and alarms",
            enable_key_rotation=True,
            deletion_window_in_days=30 if account.production else 7,
            policy=document(*_key_policy(account)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        kms.Alias(name, name=f"alias/{name}", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=self))
        self.key_arn = key.arn
        self.register_outputs({"key_arn": key.arn})


def _key_policy(account: Account) -> list[Statement]:
    # In a key's own policy `*` means this key; there is no other way to name it.
    logs = f"arn:aws:logs:{account.region}:{account.id}:*"
    return [
        {
            "Sid": "RolesOfThisAccount",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        },
        {
            "Sid": "AlarmsAndBudgets",
            "Effect": "Allow",
            "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
        },
    ]
