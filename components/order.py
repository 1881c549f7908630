"""What has to be there first."""

from typing import Any

import pulumi


def once(value: pulumi.Input[str], *there: pulumi.Output[Any]) -> pulumi.Output[str]:
    """`value`, as soon as everything of `there` is: what takes it waits for exactly that, across components."""
    return pulumi.Output.all(value, *there).apply(lambda values: values[0])
