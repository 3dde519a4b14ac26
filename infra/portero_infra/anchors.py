"""The bucket for anchors of the audit trail, from which nobody can remove objects before their date."""

from __future__ import annotations

import pulumi

from portero_infra.bucket import Bucket
from portero_infra.config import Account

ANCHORS = "audit/"
"""What keys of anchors begin with."""


class Anchors(pulumi.ComponentResource):
    """The bucket with Object Lock. The server locks each object itself, in compliance mode."""

    def __init__(self, name: str, account: Account, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Anchors", name, None, opts)
        self.bucket = Bucket(
            f"{name}-anchors",
            # Anchors stay as long as the trail, which has no end; empty objects cost next to nothing.
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
