"""The S3 bucket of the photo vault: what is deleted there is gone, since it never keeps versions."""

from __future__ import annotations

import pulumi

from portero_infra.bucket import Bucket, never_versioned
from portero_infra.config import Account

PHOTOS = "photos/"
"""Prefix of the photos' object keys."""


class Vault(pulumi.ComponentResource):
    """The bucket of sealed photos, encrypted once more with our key; nothing but the vault lies in it."""

    def __init__(self, name: str, account: Account, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Vault", name, None, opts)
        self.bucket = Bucket(
            f"{name}-photos",
            # No rule expires photos: the server deletes each with its face or consent, and knows which are there.
            rules=[
                {
                    "id": "unfinished",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
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
