"""The common configuration of buckets: private, TLS only, encrypted, and versioned unless versions must not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi
from pulumi_aws import s3

from portero_infra.policies import Statement, document


class Bucket(pulumi.ComponentResource):
    """One bucket with all of its security settings.

    Args:
        name: The beginning of its name; AWS makes it unique.
        rules: When objects move and end.
        protect: Whether it must not be deleted with the stack.
        statements: What its policy allows besides, given the bucket's ARN.
        object_lock: Whether objects can be locked until a date; decided when the bucket is made.
        versioned: Whether what is overwritten or deleted stays as a version.
        key_arn: The KMS key that encrypts the objects; None: S3's own.
    """

    def __init__(
        self,
        name: str,
        *,
        rules: Sequence[s3.BucketLifecycleConfigurationRuleArgsDict],
        protect: bool,
        opts: pulumi.ResourceOptions,
        statements: Callable[[pulumi.Output[str]], Sequence[Statement]] = lambda _: (),
        object_lock: bool = False,
        versioned: bool = True,
        key_arn: pulumi.Input[str] | None = None,
    ) -> None:
        super().__init__("portero:infra:Bucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = s3.Bucket(
            name,
            bucket_prefix=f"{name}-",
            force_destroy=not protect,
            object_lock_enabled=object_lock,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        private = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        s3.BucketOwnershipControls(name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child)
        # Versions that were ever on can only be suspended, so a bucket without them has no such resource at all.
        versioning = (
            [s3.BucketVersioning(name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child)]
            if versioned
            else []
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[_encryption(key_arn)],
            opts=child,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=list(rules),
            # Rules on old versions are refused before versioning is on.
            opts=pulumi.ResourceOptions(parent=self, depends_on=versioning),
        )
        self.policy = s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=document(_tls_only(bucket.arn), *statements(bucket.arn)),
            # Two changes of access at once are refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private]),
        )
        self.id, self.arn, self.name = bucket.id, bucket.arn, bucket.bucket
        self.register_outputs({"name": self.name, "arn": self.arn})


def _encryption(key_arn: pulumi.Input[str] | None) -> s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if key_arn is None:
        # CloudTrail signs its digests and anchors are digests: a key of ours would protect neither, and anybody who
        # verifies them would need it.
        return {
            "bucket_key_enabled": False,
            "apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
        }
    return {
        # One key of the bucket's own, under ours, spares a call of KMS an object.
        "bucket_key_enabled": True,
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
    }


def _tls_only(arn: pulumi.Output[str]) -> Statement:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, arn.apply(lambda bucket: f"{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def never_versioned(bucket: pulumi.Output[str]) -> Statement:
    """Returns a statement that forbids versions to everybody; Object Lock and replication need them, too.

    An erased photo would live on as a version, and the server does not start on a bucket that ever had them.
    """
    return {
        "Sid": "NeverVersioned",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutBucketVersioning",
        "Resource": bucket,
    }
