"""The policy pack `cost`: `pulumi preview --policy-pack policies/cost`."""

from policies.server import serve

serve("cost")
