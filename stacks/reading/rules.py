"""Every rule between settings, in the order in which they are asked."""

from stacks.reading import (
    capacity_rules,
    cluster_rules,
    data_rules,
    drift_rules,
    network_rules,
    platform_rules,
    pool_rules,
    workload_rules,
)

RULES = (
    *network_rules.RULES,
    *data_rules.RULES,
    *platform_rules.RULES,
    *pool_rules.RULES,
    *capacity_rules.RULES,
    *cluster_rules.RULES,
    *workload_rules.RULES,
    *drift_rules.RULES,
)
