"""Speed claims: ratios against a peer, measured in one run."""
