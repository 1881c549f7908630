"""What there is: engine, local cloud, environments, and one environment at a glance."""

from seedbed.status.environments import status
from seedbed.status.overview import glance
from seedbed.status.section import Line, Row, Section

__all__ = ["Line", "Row", "Section", "glance", "status"]
