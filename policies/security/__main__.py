"""The policy pack `security`: `pulumi preview --policy-pack policies/security`."""

from policies.server import serve

serve("security")
