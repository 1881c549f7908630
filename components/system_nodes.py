"""Nodes of the cluster's own programs."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class SystemNodesArgs:
    cluster_name: pulumi.Input[str]

    group_name: str
    """Unique in the cluster; also the name of the launch template."""

    subnet_ids: Sequence[pulumi.Input[str]]

    role_arn: pulumi.Input[str]
    """Role of the nodes, known once it has its rights and the network add-ons are there: a node waits for both."""

    instance_type: str

    count_min: int
    count_max: int
    """Nodes to which the group may grow, 1 or more."""

    disk_gib: int
    """Size of each node's disk, in GiB."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the disks."""

    tags: Mapping[str, str]


class SystemNodes(pulumi.ComponentResource):
    """A fixed group of nodes for what the cluster itself needs, where EKS does not run the nodes."""

    id: pulumi.Output[str]
    """Known once the nodes are ready."""

    def __init__(self, name: str, args: SystemNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:system_nodes:SystemNodes", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        tags = {**args.tags, "Name": args.group_name}
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            name=args.group_name,
            update_default_version=True,
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "kms_key_id": args.kms_key_arn,
                        "volume_size": args.disk_gib,
                        "volume_type": "gp3",
                        "delete_on_termination": "true",
                    },
                }
            ],
            # A pod one hop further gets no answer: its own identity is the only one that it has.
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            network_interfaces=[{"associate_public_ip_address": "false", "delete_on_termination": "true"}],
            tag_specifications=[{"resource_type": kind, "tags": tags} for kind in ("instance", "volume")],
            tags=tags,
            opts=child,
        )
        group = aws.eks.NodeGroup(
            f"{name}-group",
            cluster_name=args.cluster_name,
            node_group_name=args.group_name,
            node_role_arn=args.role_arn,
            subnet_ids=args.subnet_ids,
            ami_type=image_type(args.instance_type),
            capacity_type="ON_DEMAND",
            instance_types=[args.instance_type],
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            scaling_config={"min_size": args.count_min, "desired_size": args.count_min, "max_size": args.count_max},
            update_config={"max_unavailable_percentage": 33},
            node_repair_config={"enabled": True},
            labels={"seedbed.dev/pool": "system"},
            tags=args.tags,
            # The number of nodes is the autoscaler's from then on.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"]),
        )

        self.id = group.id
        self.register_outputs({"id": self.id})


def image_type(instance_type: str) -> str:
    """Amazon Linux for the processor of an instance type: a `g` behind the generation means Graviton (EC2 user guide,
    "instance type naming conventions")."""
    graviton = re.match(r"[a-z]+[0-9]+g", instance_type)
    return "AL2023_ARM_64_STANDARD" if graviton else "AL2023_x86_64_STANDARD"
