"""Controls that keep what runs and what it answers traceable to what it was made of."""

from policies.reproducibility import images

__all__ = ["images"]
