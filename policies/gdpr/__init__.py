"""Controls that keep personal data where, as long and for what it was declared."""

from policies.gdpr import copies, privacy, residency

__all__ = ["copies", "privacy", "residency"]
