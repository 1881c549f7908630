"""Workspaces and tracking servers: smallest good instances, and another good value for each setting."""

from components.closed_namespace import ClosedNamespace, ClosedNamespaceArgs
from components.modeldb import ModelDb, ModelDbArgs
from components.network_policies import NetworkPolicies, NetworkPoliciesArgs
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.tracking import Mlflow, MlflowArgs
from components.tracking_place import TrackingPlace, TrackingPlaceArgs
from components.workspace import Workspace, WorkspaceArgs
from tests.unit.components.instance import instance

VERSION = ("1.34", "1.33")
CLUSTER = {"cluster_name": ("seedbed-test", "seedbed-other"), "cluster": ("seedbed-test", "seedbed-other")}
AWS = {"cidr": ("10.40.0.0/16", "10.50.0.0/16"), "s3_cidrs": (["3.5.134.0/23"], [])}
POLICY = "arn:aws:iam::000000000000:policy"
PLACE = {
    "teams": (["scoring"], ["scoring", "fraud"]),
    "bucket_name": ("seedbed-test-artifacts", "seedbed-other-artifacts"),
    "kms_aliases": (["alias/one"], ["alias/one", "alias/two"]),
    "database_identifier": ("seedbed-test-tracking", "seedbed-other-tracking"),
    "kubernetes_version": VERSION,
    **CLUSTER,
    **AWS,
}

SECRET = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:rds!db"
SERVER = {
    **PLACE,
    "database_endpoint": ("one.example.com:5432", "other.example.com:5432"),
    "database_name": ("tracking", "runs"),
    "database_secret_arn": (f"{SECRET}-one", f"{SECRET}-two"),
    "replicas": (2, 1),
}
DIGEST = ("sha256:" + 64 * "0", "sha256:" + 64 * "1")


def images(repository: str) -> tuple[str, str]:
    """One image of a repository, and another."""
    return (f"{repository}@{DIGEST[0]}", f"{repository}@{DIGEST[1]}")


WORKSPACES = [
    instance(NetworkPolicies, NetworkPoliciesArgs),
    instance(
        ClosedNamespace,
        ClosedNamespaceArgs,
        namespace=("scoring", "fraud"),
        kubernetes_version=VERSION,
        labels=({}, {"seedbed.dev/workspace": "scoring"}),
        annotations=({}, {"seedbed.dev/owner": "ml@example.com"}),
    ),
    instance(
        PodIdentity,
        PodIdentityArgs,
        role_name=("seedbed-test-team-scoring", "seedbed-test-team-fraud"),
        namespace=("scoring", "fraud"),
        service_account=("team", "serving"),
        policy=(None, {"Version": "2012-10-17", "Statement": []}),
        policy_arns=({"applications": f"{POLICY}/one"}, {"applications": f"{POLICY}/two"}),
        **CLUSTER,
    ),
    instance(
        Workspace,
        WorkspaceArgs,
        team=("scoring", "fraud"),
        members=([], ["scoring-interns"]),
        policy_arns=({"applications": f"{POLICY}/one"}, {}),
        gpus=({"nvidia.com/gpu": 10}, {"nvidia.com/gpu": 10, "nvidia.com/mig-3g.20gb": 0}),
        cpus=(32, 64),
        memory_gib=(128, 256),
        pods=(200, 100),
        cluster_queue=("scoring", "fraud"),
        tracking=("tracking", None),
        calls=({}, {"prices": "fraud"}),
        kubernetes_version=VERSION,
        **CLUSTER,
        **AWS,
    ),
    instance(TrackingPlace, TrackingPlaceArgs, **PLACE),
    instance(
        Mlflow, MlflowArgs, image=images("mlflow"), database_authorities=(None, "-----BEGIN CERTIFICATE-----"), **SERVER
    ),
    instance(
        ModelDb,
        ModelDbArgs,
        back_end_image=images("modeldb-backend"),
        proxy_image=images("modeldb-proxy"),
        gate_image=images("nginx"),
        program_image=images("python"),
        **SERVER,
    ),
]
