"""The policy pack `gdpr`: `pulumi preview --policy-pack policies/gdpr`."""

from policies.server import serve

serve("gdpr")
