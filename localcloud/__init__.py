"""An AWS account on this machine."""
