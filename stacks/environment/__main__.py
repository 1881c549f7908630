"""One environment, layer by layer."""

# ruff: noqa: E402
import gc

gc.disable()  # collecting takes nearly half the time of loading the provider's services, and finds nothing

import pulumi
import pulumi_aws as aws

from stacks.environment.cluster import cluster
from stacks.environment.foundation import foundation
from stacks.environment.outputs import outputs
from stacks.environment.serving import platform
from stacks.environment.stores import stores
from stacks.environment.teams import teams
from stacks.environment.waiting import unheld
from stacks.settings import from_program

pulumi.runtime.register_stack_transformation(unheld)
settings = from_program()
account = pulumi.ResourceOptions(provider=aws.Provider("aws", **settings.provider.arguments()))

base = foundation(settings, account)
made = stores(settings, base, account)
control_plane = cluster(settings, base, made, account)
serving = platform(settings, base, made, control_plane, account)
teams(settings, base, account)

for name, value in outputs(settings, base, made, control_plane, serving).items():
    pulumi.export(name, value)

gc.freeze()
gc.enable()
