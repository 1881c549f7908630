"""The policy pack `reproducibility`: `pulumi preview --policy-pack policies/reproducibility`."""

from policies.server import serve

serve("reproducibility")
