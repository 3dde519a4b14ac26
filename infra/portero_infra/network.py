"""The VPC: public subnets for load balancers and NAT, private subnets for everything else."""

from __future__ import annotations

import pulumi
from pulumi_aws import ec2, get_availability_zones_output

from portero_infra.config import Network as NetworkConfig


class Network(pulumi.ComponentResource):
    """A VPC over several zones; nothing gets a public address by being launched in it."""

    def __init__(self, name: str, config: NetworkConfig, opts: pulumi.ResourceOptions) -> None:
        super().__init__("portero:infra:Network", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        vpc = ec2.Vpc(
            name,
            cidr_block=str(config.cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=self._child,
        )
        # Taking over the default group and emptying it: nobody can join it by forgetting to choose.
        ec2.DefaultSecurityGroup(name, vpc_id=vpc.id, ingress=[], egress=[], opts=self._child)
        gateway = ec2.InternetGateway(name, vpc_id=vpc.id, tags={"Name": name}, opts=self._child)
        zones = get_availability_zones_output(state="available", opts=pulumi.InvokeOutputOptions(parent=self))
        blocks = list(config.cidr.subnets(prefixlen_diff=4))
        self.vpc_id = vpc.id
        self.public = [
            self._subnet("public", zone, zones.names[zone], str(blocks[zone])) for zone in range(config.zones)
        ]
        self.private = [
            self._subnet("private", zone, zones.names[zone], str(blocks[8 + zone])) for zone in range(config.zones)
        ]
        self._route_public(gateway)
        self.private_route_tables = self._route_private(config, gateway)
        self.public_ids = [subnet.id for subnet in self.public]
        self.private_ids = [subnet.id for subnet in self.private]
        self.register_outputs({"vpc_id": vpc.id, "public": self.public_ids, "private": self.private_ids})

    def _subnet(self, kind: str, index: int, zone: pulumi.Input[str], block: str) -> ec2.Subnet:
        name = f"{self._name}-{kind}-{index}"
        return ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=block,
            map_public_ip_on_launch=False,
            tags={"Name": name, "Tier": kind},
            opts=self._child,
        )

    def _route_public(self, gateway: ec2.InternetGateway) -> None:
        table = self._table(f"{self._name}-public", self.public)
        ec2.Route(
            f"{self._name}-public",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child,
        )

    def _route_private(self, config: NetworkConfig, gateway: ec2.InternetGateway) -> list[ec2.RouteTable]:
        count = {"none": 0, "one": 1, "per-zone": config.zones}[config.nat]
        gateways = [self._nat(index, gateway) for index in range(count)]
        tables = []
        for index, subnet in enumerate(self.private):
            name = f"{self._name}-private-{index}"
            table = self._table(name, [subnet])
            if gateways:
                ec2.Route(
                    name,
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=gateways[index % count].id,
                    opts=self._child,
                )
            tables.append(table)
        return tables

    def _nat(self, index: int, gateway: ec2.InternetGateway) -> ec2.NatGateway:
        name = f"{self._name}-nat-{index}"
        address = ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=self._child)
        return ec2.NatGateway(
            name,
            allocation_id=address.id,
            subnet_id=self.public[index].id,
            tags={"Name": name},
            # A NAT made before the gateway has no way out and fails.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway]),
        )

    def _table(self, name: str, subnets: list[ec2.Subnet]) -> ec2.RouteTable:
        table = ec2.RouteTable(name, vpc_id=self.vpc_id, tags={"Name": name}, opts=self._child)
        for index, subnet in enumerate(subnets):
            ec2.RouteTableAssociation(f"{name}-{index}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child)
        return table
