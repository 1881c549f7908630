"""Controls that keep what runs and what it answers traceable to what it was made of."""

from policies.reproducibility import images, lineage

__all__ = ["images", "lineage"]
