"""The S3 bucket of snapshots: what is deleted there is gone, and what the server forgot to delete ends by a rule."""

from __future__ import annotations

from math import ceil

import pulumi

from portero_infra.bucket import Bucket, never_versioned
from portero_infra.config import Account
from portero_infra.config import Snapshots as SnapshotConfig

SNAPSHOTS = "snapshots/"
"""Prefix of the snapshots' object keys."""


class Snapshots(pulumi.ComponentResource):
    """The bucket of snapshots, encrypted with our key; nothing but snapshots lies in it."""

    def __init__(
        self,
        name: str,
        account: Account,
        config: SnapshotConfig,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Snapshots", name, None, opts)
        self.bucket = Bucket(
            f"{name}-snapshots",
            # The server deletes each in time; the rule ends what no server is there to delete, a day later. None moves
            # to cheaper storage: to move an object of 60 KB costs more than to keep it.
            rules=[
                {
                    "id": "retention",
                    "status": "Enabled",
                    "filter": {"prefix": SNAPSHOTS},
                    "expiration": {"days": days_kept(config)},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            protect=account.production,
            versioned=False,
            key_arn=key_arn,
            statements=lambda arn: [never_versioned(arn)],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.name})


def days_kept(config: SnapshotConfig) -> int:
    """Returns after how many days S3 deletes a snapshot that the server has not."""
    return ceil(config.hours / 24) + 1
