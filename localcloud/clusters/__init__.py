"""Kubernetes clusters of the account that really run: a control plane each, on loopback, with nodes on paper."""
