"""What objects of the cluster wait for."""

from collections.abc import Iterable, Mapping

import pulumi

from components.chart import Chart
from components.kubernetes_object import asked_later

NAMESPACE = "core/v1:Namespace"
"""A namespace goes with all that is in it. Kueue and KServe have finalizers on jobs' workloads and on endpoints: gone
before the last of these, they would leave a namespace that never ends."""


class Definitions:
    """Makes every object wait for what defines its kind and for what makes up its namespace, wherever in the program it
    is made.

    A transformation and not an argument of each component: who makes a team's queue need not know that it is Kueue's,
    the wait is in the graph, where the deletion finds it too, and names stay literal, which policies can judge.
    """

    def __init__(self) -> None:
        self._by_start: dict[str, list[pulumi.Resource]] = {}
        self._by_namespace: dict[str, list[pulumi.Resource]] = {}

    def define(self, what: Iterable[str], *resources: pulumi.Resource) -> None:
        """From now on objects of `what` wait for `resources`; what these have made themselves does not.

        `what` are API groups, and NAMESPACE where what runs in a namespace has to end while `resources` are there.
        """
        for start in what:
            self._by_start.setdefault(start, []).extend(resources)

    def settle(self, namespace: str, *resources: pulumi.Resource) -> None:
        """From now on objects in `namespace` wait for `resources`: its account, its walls, its queue."""
        self._by_namespace.setdefault(namespace, []).extend(resources)

    def waiting(self, given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Stack transformation. A type reads `kubernetes:GROUP/VERSION:KIND`."""
        package, _, rest = given.type_.partition(":")
        if package != "kubernetes" or (rest == NAMESPACE and isinstance(_parent(given), Chart)):
            return None  # a chart's program ends its own work
        metadata = given.props.get("metadata")
        inside = metadata.get("namespace") if isinstance(metadata, Mapping) else None
        programs = self._by_start.get(rest.partition("/")[0], [])
        first = [
            *(programs or self._by_start.get(rest, [])),
            *(self._by_namespace.get(inside, []) if isinstance(inside, str) else []),
        ]
        if not first:
            return None
        props = given.props
        if programs and isinstance(metadata, Mapping):
            props = {**props, "metadata": asked_later(metadata, programs)}
        after = pulumi.ResourceOptions(depends_on=first)
        return pulumi.ResourceTransformationResult(props=props, opts=pulumi.ResourceOptions.merge(given.opts, after))


def _parent(given: pulumi.ResourceTransformationArgs) -> pulumi.Resource | None:
    return given.opts.parent if given.opts else None
