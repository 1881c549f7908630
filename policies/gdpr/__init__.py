"""Controls that keep personal data where, as long and for what it was declared."""

from policies.gdpr import (
    capture,
    copies,
    erasure,
    impact,
    privacy,
    processors,
    register,
    residency,
    telemetry,
)

__all__ = [
    "capture",
    "copies",
    "erasure",
    "impact",
    "privacy",
    "processors",
    "register",
    "residency",
    "telemetry",
]
