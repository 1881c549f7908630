"""moto's clusters are only told of: with the programs of a control plane they run, and follow what EKS is asked."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.clusters import fleet
from localcloud.clusters.machines import instance_type
from localcloud.extensions import cluster_node_rules as rules
from localcloud.extensions.cluster_records import cluster, clusters_of, invalid
from localcloud.refusal import Answer, Refusal


@overlay.checks("eks", "CreateCluster", "UpdateClusterVersion")
def the_version_is_the_one_that_runs(call: Call) -> None:
    """A cluster that runs has the version of the programs."""
    wanted = call.input.get("version", fleet.VERSION)
    if fleet.current() and wanted != fleet.VERSION:
        raise invalid(
            f"version: found {wanted}; the local cloud runs clusters of Kubernetes {fleet.VERSION}, the version that "
            f"it was built with. Set {fleet.VERSION} for the local environment, other versions for others."
        )


@overlay.checks("eks", "CreateNodegroup")
def the_cluster_is_active_and_knows_its_machines(call: Call) -> None:
    """Amazon EKS API Reference, CreateNodegroup; a node's capacity is that of its type in the table of instances."""
    known = cluster(call)
    if known.said["status"] != "ACTIVE":
        raise Refusal(
            "InvalidRequestException",
            f"Cluster '{known.name}' is not in ACTIVE status; it is {known.said['status']}",
        )
    running = fleet.current()
    if running and running.find(call.region, known.name):
        said = rules.template(call, call.input)
        kind = instance_type(call.input, rules.data(call, said) if said else {})
        if kind not in running.site.instances:
            raise invalid(
                f"instanceTypes: found {kind}, which {running.site.instances.source} does not have; a node needs its "
                "vCPUs, memory and GPUs. Add it there, or use one of "
                f"{', '.join(sorted(running.site.instances))}"
            )


@overlay.follows("eks", "CreateCluster")
def a_cluster_comes_up(call: Call, answer: Answer) -> dict[str, Any] | None:
    """It is CREATING until its API server is ready; endpoint and certificate authority are the true ones."""
    running = fleet.current()
    if running is None:
        return None
    known = clusters_of(call.backend)[call.input["name"]]
    known.said["status"] = "CREATING"
    running.start(call.region, known)
    return {"cluster": dict(known.said)}


@overlay.follows("eks", "DeleteCluster")
def a_cluster_goes(call: Call, _: Answer) -> None:
    """With its processes and their state."""
    if running := fleet.current():
        running.remove(call.region, call.input["name"])


@overlay.follows(
    "eks",
    *("CreateAccessEntry", "UpdateAccessEntry", "DeleteAccessEntry"),
    *("AssociateAccessPolicy", "DisassociateAccessPolicy"),
    *("CreateNodegroup", "UpdateNodegroupConfig"),
    *("CreateAddon", "DeleteAddon", "UpdateClusterConfig"),
)
def a_cluster_follows(call: Call, _: Answer) -> None:
    """Bindings and nodes are what the account says."""
    if running := fleet.current():
        running.follow(call.region, call.input.get("clusterName") or call.input["name"])


@overlay.follows("eks", "DeleteNodegroup", "UpdateNodegroupVersion")
def nodes_are_drained(call: Call, _: Answer) -> None:
    """Behind the answer, since disruption budgets may take their time."""
    if running := fleet.current():
        running.follow(call.region, call.input["clusterName"], 0)
