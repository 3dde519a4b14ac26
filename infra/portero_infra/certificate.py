"""A TLS certificate that AWS validates over DNS and renews by itself."""

from __future__ import annotations

import pulumi
from pulumi_aws import acm, route53


class Certificate(pulumi.ComponentResource):
    """A certificate for one host; `arn` is known only once the certificate is issued."""

    def __init__(self, name: str, host: str, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = acm.Certificate(
            name,
            domain_name=host,
            validation_method="DNS",
            # The load balancer uses the old one until the new one is in place.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        proof = certificate.domain_validation_options[0]
        record = route53.Record(
            f"{name}-proof",
            zone_id=zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            opts=child,
        )
        issued = acm.CertificateValidation(
            name, certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=child
        )
        self.arn = issued.certificate_arn
        self.register_outputs({"arn": self.arn})
