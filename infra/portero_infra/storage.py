"""Objects: snapshots and exports in one private bucket, each prefix with its own end of life."""

from __future__ import annotations

import pulumi
from pulumi_aws import s3

from portero_infra.bucket import Bucket
from portero_infra.config import Account
from portero_infra.config import Storage as StorageConfig

SNAPSHOTS = "snapshots/"
EXPORTS = "exports/"


class Storage(pulumi.ComponentResource):
    """The bucket of snapshots (moved to Glacier, then gone) and exports (soon gone)."""

    def __init__(
        self,
        name: str,
        account: Account,
        config: StorageConfig,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Storage", name, None, opts)
        bucket = Bucket(
            name,
            key_arn=key_arn,
            rules=lifecycle(config),
            protect=account.production,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket = bucket
        self.register_outputs({"bucket": bucket.name})


def lifecycle(config: StorageConfig) -> list[s3.BucketLifecycleConfigurationRuleArgsDict]:
    """When objects move and end; a deleted one is truly gone after `erased` days."""
    ending: s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgsDict = {"noncurrent_days": config.erased}
    return [
        {
            "id": "snapshots",
            "status": "Enabled",
            "filter": {"prefix": SNAPSHOTS},
            "transitions": [{"days": config.glacier_after, "storage_class": "GLACIER"}],
            "expiration": {"days": config.snapshots},
            "noncurrent_version_expiration": ending,
        },
        {
            "id": "exports",
            "status": "Enabled",
            "filter": {"prefix": EXPORTS},
            "expiration": {"days": config.exports},
            "noncurrent_version_expiration": ending,
        },
        {
            "id": "unfinished",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 3},
        },
    ]
