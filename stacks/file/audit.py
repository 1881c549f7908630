"""The model of the key `audit`."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.file.vocabulary import Part, RoleArn


class Audit(Part):
    """Who did what: the trail of calls, the detector of threats, the analyzer of access."""

    retention_days: Annotated[int, Field(ge=90, le=3650)] = 365
    """Days that a record of the trail is kept."""

    detector: Literal["create", "existing"] = "create"
    """GuardDuty knows one detector an account and region: `create` makes it, `existing` leaves the one that is
    there to whoever made it."""

    break_glass_roles: Annotated[tuple[RoleArn, ...], Field(strict=False, max_length=10)] = ()
    """IAM roles of this account for emergencies; each use of one is told to the privacy contact."""
