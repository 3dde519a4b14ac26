"""The S3 bucket of exported sightings: the server rewrites its files, and removes them with what they hold."""

from __future__ import annotations

import pulumi

from portero_infra.bucket import Bucket, never_versioned
from portero_infra.config import Account

EXPORTS = "exports/"
"""Prefix of the files' object keys."""


class Exports(pulumi.ComponentResource):
    """The bucket of exported sightings, encrypted with our key; nothing but these lies in it."""

    def __init__(self, name: str, account: Account, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Exports", name, None, opts)
        self.bucket = Bucket(
            f"{name}-exports",
            # No rule ends a file: the server counts on those that it wrote.
            rules=[
                {
                    "id": "unfinished",
                    "status": "Enabled",
                    "filter": {"prefix": EXPORTS},
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
