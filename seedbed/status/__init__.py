"""What there is: engine, local cloud, environments, and one environment at a glance."""

from seedbed.status.environments import status
from seedbed.status.overview import glance
from seedbed.status.section import Line, Section

__all__ = ["Line", "Section", "glance", "status"]
