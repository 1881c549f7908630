"""One environment, layer by layer."""

# ruff: noqa: E402
import gc

gc.disable()  # collecting takes nearly half the time of loading the provider's services, and finds nothing

import pulumi
import pulumi_aws as aws

from stacks.environment.cluster import cluster
from stacks.environment.foundation import foundation
from stacks.environment.stores import stores
from stacks.environment.waiting import unheld
from stacks.settings import from_program

pulumi.runtime.register_stack_transformation(unheld)
settings = from_program()
account = pulumi.ResourceOptions(provider=aws.Provider("aws", **settings.provider.arguments()))

base = foundation(settings, account)
made = stores(settings, base, account)
control_plane = cluster(settings, base, made, account)

pulumi.export("region", settings.region)
pulumi.export("network", {"vpcId": base.network.vpc_id, "privateSubnetIds": base.network.private_subnet_ids})
pulumi.export("keys", base.keys.aliases)
pulumi.export("artifacts", made.artifacts.bucket)
pulumi.export("datasets", {name: {"bucket": d.bucket, "dvc": d.dvc_remotes} for name, d in made.datasets.items()})
pulumi.export("images", {"repositories": made.images.repository_urls, "mirrors": made.images.mirror_urls})
if made.database:
    pulumi.export("database", {"endpoint": made.database.endpoint, "secret": made.database.secret_arn})
if control_plane:
    pulumi.export("cluster", {"name": control_plane.cluster_name, "endpoint": control_plane.endpoint})
if base.delivery:
    pulumi.export(
        "delivery", {"previewRole": base.delivery.preview_role_arn, "deployRole": base.delivery.deploy_role_arn}
    )

gc.freeze()
gc.enable()
