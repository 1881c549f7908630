"""One environment, layer by layer."""

# ruff: noqa: E402
import gc

gc.disable()  # collecting takes nearly half the time of loading the provider's services, and finds nothing

import pulumi
import pulumi_aws as aws

from stacks.environment.cluster import cluster
from stacks.environment.definitions import Definitions
from stacks.environment.foundation import foundation
from stacks.environment.outputs import outputs
from stacks.environment.ownership import owned
from stacks.environment.services import platform
from stacks.environment.stores import stores
from stacks.environment.teams import teams
from stacks.environment.waiting import unheld
from stacks.environment.watching import watching
from stacks.settings import from_program

settings, definitions = from_program(), Definitions()
for transformation in (unheld, definitions.waiting, owned(settings.tags)):
    pulumi.runtime.register_stack_transformation(transformation)
provider = aws.Provider("aws", **settings.provider.arguments())
account = pulumi.ResourceOptions(provider=provider)

base = foundation(settings, account)
made = stores(settings, base, account)
compute = cluster(settings, base, made, provider, definitions)
serving = platform(settings, base, made, compute, account)
people = teams(settings, base, made, compute, serving, account)
watch = watching(settings, base, made, compute, serving, people, account)

for name, value in outputs(settings, base, made, compute, serving, people, watch).items():
    pulumi.export(name, value)

gc.freeze()
gc.enable()
