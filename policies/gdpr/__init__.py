"""Controls that keep personal data where, as long and for what it was declared."""

from policies.gdpr import capture, copies, privacy, residency

__all__ = ["capture", "copies", "privacy", "residency"]
