"""Real controllers on the clusters of the local cloud; importing it has them run in every cluster that comes up."""

from localcloud.controllers import controllers

__all__ = ["controllers"]
