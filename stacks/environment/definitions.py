"""Objects whose kind somebody has to define first."""

from collections.abc import Iterable

import pulumi


class Definitions:
    """Makes every object of a defined kind wait for what defines it, wherever in the program it is made.

    A transformation and not an argument of each component: who makes a team's queue need not know that it is Kueue's,
    and the wait is in the graph, where the deletion finds it too.
    """

    def __init__(self) -> None:
        self._by_group: dict[str, list[pulumi.Resource]] = {}

    def define(self, groups: Iterable[str], *resources: pulumi.Resource) -> None:
        """From now on objects of these API groups wait for `resources`; what these have made themselves does not."""
        for group in groups:
            self._by_group.setdefault(group, []).extend(resources)

    def waiting(self, given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Stack transformation. A type reads `kubernetes:GROUP/VERSION:KIND`."""
        package, _, rest = given.type_.partition(":")
        first = self._by_group.get(rest.partition("/")[0], []) if package == "kubernetes" else []
        if not first:
            return None
        after = pulumi.ResourceOptions(depends_on=first)
        return pulumi.ResourceTransformationResult(
            props=given.props, opts=pulumi.ResourceOptions.merge(given.opts, after)
        )
