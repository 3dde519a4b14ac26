"""VPC endpoints of AWS services, so that frames and secrets do not cross the internet."""

from __future__ import annotations

import pulumi
from pulumi_aws import ec2

from portero_infra.config import Account
from portero_infra.network import Network
from portero_infra.policies import Statement, document


class Endpoints(pulumi.ComponentResource):
    """The free gateway endpoint of S3, and an interface endpoint for each service in the configuration."""

    def __init__(
        self,
        name: str,
        account: Account,
        services: tuple[str, ...],
        network: Network,
        group: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("portero:infra:Endpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        objects = ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=network.vpc_id,
            service_name=f"com.amazonaws.{account.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in network.private_route_tables],
            policy=document(_own_objects(account), _image_layers(account)),
            tags={"Name": f"{name}-s3"},
            opts=child,
        )
        for service in services:
            ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=network.vpc_id,
                service_name=f"com.amazonaws.{account.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=network.private_ids,
                security_group_ids=[group],
                policy=document(_own_principals(account)),
                tags={"Name": f"{name}-{service}"},
                opts=child,
            )
        self.objects_prefix_list = objects.prefix_list_id
        self.register_outputs({"objects_prefix_list": objects.prefix_list_id})


def _own_principals(account: Account) -> Statement:
    """Returns a policy that admits only this account's credentials.

    Stolen credentials of other accounts cannot carry data out through the endpoint.
    """
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account.id}},
    }


def _own_objects(account: Account) -> Statement:
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceAccount": account.id, "aws:PrincipalAccount": account.id}},
    }


def _image_layers(account: Account) -> Statement:
    """Returns the ARN of the bucket, owned by AWS, from which ECR serves image layers."""
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::prod-{account.region}-starport-layer-bucket/*",
    }
