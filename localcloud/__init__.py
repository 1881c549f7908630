"""An AWS account on this machine: moto in a process of its own, extended where it lacks or gets wrong what we need."""

from localcloud.environment import environment, provider_environment
from localcloud.quiet import wait_until_quiet
from localcloud.running import CloudError, Dead, Running, Stopped
from localcloud.supervisor import ACCOUNT, LocalCloud
from localcloud.temporary import temporary

__all__ = [
    "ACCOUNT",
    "CloudError",
    "Dead",
    "LocalCloud",
    "Running",
    "Stopped",
    "environment",
    "provider_environment",
    "temporary",
    "wait_until_quiet",
]
