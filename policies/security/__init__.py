"""Controls that keep the environment closed, encrypted and accountable."""

from policies.security import credentials, exceptions, exposure, keys, network, ownership, registry, storage

__all__ = ["credentials", "exceptions", "exposure", "keys", "network", "ownership", "registry", "storage"]
