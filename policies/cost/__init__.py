"""Controls that tell somebody what an environment costs before it costs too much."""

from policies.cost import budget

__all__ = ["budget"]
