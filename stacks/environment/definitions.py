"""Objects whose kind somebody has to define first."""

from collections.abc import Iterable

import pulumi

NAMESPACE = "core/v1:Namespace"
"""A namespace goes with all that is in it. Kueue and KServe have finalizers on jobs' workloads and on endpoints: gone
before the last of these, they would leave a namespace that never ends."""


class Definitions:
    """Makes every object of a defined kind wait for what defines it, wherever in the program it is made.

    A transformation and not an argument of each component: who makes a team's queue need not know that it is Kueue's,
    and the wait is in the graph, where the deletion finds it too.
    """

    def __init__(self) -> None:
        self._by_start: dict[str, list[pulumi.Resource]] = {}

    def define(self, what: Iterable[str], *resources: pulumi.Resource) -> None:
        """From now on objects of `what` wait for `resources`; what these have made themselves does not.

        `what` are API groups, and NAMESPACE where what runs in a namespace has to end while `resources` are there.
        """
        for start in what:
            self._by_start.setdefault(start, []).extend(resources)

    def waiting(self, given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Stack transformation. A type reads `kubernetes:GROUP/VERSION:KIND`; objects of charts leave out `core/`, and
        so wait for nobody's namespaces."""
        package, _, rest = given.type_.partition(":")
        if package != "kubernetes":
            return None
        first = self._by_start.get(rest, self._by_start.get(rest.partition("/")[0], []))
        if not first:
            return None
        after = pulumi.ResourceOptions(depends_on=first)
        return pulumi.ResourceTransformationResult(
            props=given.props, opts=pulumi.ResourceOptions.merge(given.opts, after)
        )
