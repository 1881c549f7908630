"""A program under a fake engine that refuses what the engine would refuse, as plain records."""

from collections.abc import Callable

from seedbed.rehearsal import Declared, rehearse


def deploy(program: Callable[[], object]) -> list[Declared]:
    """Every resource that a provider would make, as after an `up` in which each gets an id and an ARN."""
    return [r for r in rehearse(program, made=_made).resources if r.custom]


def by_name(program: Callable[[], object]) -> dict[str, dict]:
    """Inputs of every resource by its name."""
    return {r.name: dict(r.inputs) for r in deploy(program)}


def _made(declared: Declared) -> tuple[str, dict]:
    outputs = {"arn": f"arn:aws:::{declared.name}", "keyId": f"{declared.name}-key"}
    return f"{declared.name}-id", {**outputs, **ANSWERS.get(declared.type, {})}


ANSWERS = {
    "aws:eks/cluster:Cluster": {
        "endpoint": "https://cluster.example.com",
        "certificateAuthority": {"data": "Q0E="},
        "vpcConfig": {"clusterSecurityGroupId": "sg-cluster", "subnetIds": []},
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1},
    "aws:rds/instance:Instance": {
        "endpoint": "database.example.com:5432",
        "masterUserSecrets": [{"secretArn": "arn:aws:secretsmanager:::secret"}],
    },
}
"""What AWS says beside an id and an ARN, by type."""
