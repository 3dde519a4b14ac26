"""A second copy of the objects in another region, for those who need one."""

from __future__ import annotations

import pulumi
from pulumi_aws import kms, s3

from portero_infra.bucket import Bucket
from portero_infra.config import Account
from portero_infra.config import Storage as StorageConfig
from portero_infra.policies import allow, role, using_key
from portero_infra.storage import Storage, lifecycle


class Replication(pulumi.ComponentResource):
    """The bucket of copies, its key, and the rule that fills it.

    S3 does not copy the deletion of a version, only the marker that hides it; so the copies end
    by their own lifecycle: an erased picture is gone there `erased` days after the marker.
    """

    def __init__(
        self,
        name: str,
        account: Account,
        config: StorageConfig,
        region: str,
        source: Storage,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Replication", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        copy_name = f"{name}-copy"
        key = kms.Key(copy_name, description=copy_name, enable_key_rotation=True, region=region, opts=child)
        copy = Bucket(
            copy_name,
            key_arn=key.arn,
            rules=lifecycle(config),
            protect=account.production,
            region=region,
            opts=child,
        )
        objects = source.bucket.arn.apply(lambda arn: f"{arn}/*")
        copies = copy.arn.apply(lambda arn: f"{arn}/*")
        role_arn = role(
            copy_name,
            "s3.amazonaws.com",
            account.id,
            [
                allow(("s3:GetReplicationConfiguration", "s3:ListBucket"), source.bucket.arn),
                allow(("s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"), objects),
                allow(("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"), copies),
                using_key(("kms:Decrypt",), key_arn, f"s3.{account.region}.amazonaws.com"),
                using_key(("kms:GenerateDataKey",), key.arn, f"s3.{region}.amazonaws.com"),
            ],
            self,
        )
        s3.BucketReplicationConfig(
            name,
            bucket=source.bucket.id,
            role=role_arn,
            rules=[
                {
                    "id": "everything",
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled"},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": copy.arn,
                        "encryption_configuration": {"replica_kms_key_id": key.arn},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[source.bucket.versioning, copy.versioning]),
        )
        self.register_outputs({"bucket": copy.name})
