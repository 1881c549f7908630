"""Controls that tell somebody what an environment costs before it costs too much."""

from policies.cost import budget, endings, gpu_pools, gpu_quotas

__all__ = ["budget", "endings", "gpu_pools", "gpu_quotas"]
