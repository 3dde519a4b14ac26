"""The S3 bucket for anchors of the audit trail: nobody can remove or change an anchor before its retention date."""

from __future__ import annotations

import pulumi

from portero_infra.bucket import Bucket
from portero_infra.config import Account

ANCHORS = "audit/"
"""Prefix of the anchors' object keys."""


class Anchors(pulumi.ComponentResource):
    """The bucket, with Object Lock but no default retention: the server sets each object's date, in compliance mode."""

    def __init__(self, name: str, account: Account, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Anchors", name, None, opts)
        self.bucket = Bucket(
            f"{name}-anchors",
            # No rule expires anchors: the trail is kept for good, and empty objects cost next to nothing.
            rules=[
                {
                    "id": "unfinished",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 3},
                }
            ],
            protect=account.production,
            object_lock=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.name})
