"""The model of the key `delivery`."""

from typing import Literal

from stacks.file.vocabulary import GitHubRepository, Part


class Delivery(Part):
    """The repository whose workflows may preview and deploy this environment."""

    repository: GitHubRepository
    """The repository on GitHub; its environments are called `{env}-preview` and `{env}`."""

    identity_provider: Literal["create", "existing"] = "existing"
    """GitHub's identity provider exists once an account: `existing` is the one that `seedbed bootstrap` made, `create`
    makes it a part of this environment."""
