"""What the account's services list: one record a kind of thing, by the type token of the program."""

from seedbed.services import alarms, audit, clusters, databases, models, spend
from seedbed.services.kind import Kind, Listed

KINDS: dict[str, Kind] = {
    **databases.KINDS,
    **clusters.KINDS,
    **audit.KINDS,
    **alarms.KINDS,
    **spend.KINDS,
    **models.KINDS,
}
"""Kinds by type token. Buckets, keys, roles, logs and images have finders of their own in `seedbed.pending`."""

__all__ = ["KINDS", "Kind", "Listed"]
