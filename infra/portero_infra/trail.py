"""The account's CloudTrail, for accounts whose organization does not keep one."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudtrail

from portero_infra.bucket import Bucket
from portero_infra.config import Account
from portero_infra.policies import Statement

KEPT_DAYS = 365


class Trail(pulumi.ComponentResource):
    """Management events of all regions, validated, kept for a year; EventBridge receives events through it."""

    def __init__(self, name: str, account: Account, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Trail", name, None, opts)
        trail_name = f"{name}-trail"
        trail_arn = f"arn:aws:cloudtrail:{account.region}:{account.id}:trail/{trail_name}"
        bucket = Bucket(
            trail_name,
            rules=[{"id": "ended", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": KEPT_DAYS}}],
            protect=account.production,
            statements=lambda arn: _delivery(arn, trail_arn, account),
            opts=pulumi.ResourceOptions(parent=self),
        )
        cloudtrail.Trail(
            trail_name,
            name=trail_name,
            s3_bucket_name=bucket.id,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            # A trail whose bucket does not accept it yet is refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[bucket.policy]),
        )
        self.register_outputs({})


def _delivery(bucket: pulumi.Output[str], trail: str, account: Account) -> list[Statement]:
    writer = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    ours = {"aws:SourceArn": trail}
    owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
    return [
        {**writer, "Action": "s3:GetBucketAcl", "Resource": bucket, "Condition": {"StringEquals": ours}},
        {
            **writer,
            "Action": "s3:PutObject",
            "Resource": bucket.apply(lambda arn: f"{arn}/AWSLogs/{account.id}/*"),
            "Condition": {"StringEquals": {**ours, **owned}},
        },
    ]
