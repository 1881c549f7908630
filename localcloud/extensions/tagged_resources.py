"""moto's tagging API does not see repositories, addresses, endpoints and policies, and sees buckets of all regions."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource, iter_taggable_backends
from moto.resourcegroupstaggingapi import models

from localcloud import overlay
from localcloud.backends import regions_of

HOME = "us-east-1"
"""Region in which the tagging API sees the resources of IAM."""


Source = Callable[[str, str], Iterable[TaggedResource]]
_sources: list[Source] = []


def sees(source: Source) -> Source:
    """Registers what tells the tagging API, by account and region, of resources that moto keeps from it."""
    _sources.append(source)
    return source


class _Unseen:
    """What moto's backends do not tell of themselves, in the shape in which moto asks them."""

    def __init__(self, resources: Iterable[TaggedResource], owner: Any) -> None:
        self._resources, self._owner = resources, owner

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """The resources with their tags."""
        return iter(self._resources)

    def owns_arn(self, arn: str) -> bool:
        """Whether tags of the ARN are set here; moto's own backends see to theirs."""
        return arn in {resource.arn for resource in self._resources} and hasattr(self._owner, "tagger")

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Sets tags."""
        self._owner.tagger.tag_resource(arn, [{"Key": key, "Value": value} for key, value in tags.items()])

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Takes tags away."""
        self._owner.tagger.untag_resource_using_names(arn, tag_keys)


@overlay.replaces(models, "iter_taggable_backends")
def all_taggable(account_id: str, region_name: str) -> Iterator[Any]:
    """Resource Groups Tagging API Reference, "Supported services": what it sees in a region; no roles and no users."""
    for backend in iter_taggable_backends(account_id, region_name):
        yield _BucketsOf(backend, region_name) if type(backend).__name__ == "S3Backend" else backend
    ecr = dict.get(regions_of("ecr", account_id), region_name)
    if ecr is not None:
        arns = [repository.arn for repository in ecr.repositories.values()]
        tags_of = ecr.tagger.get_tag_dict_for_resource
        yield _Unseen([_tagged(arn, "ecr:repository", tags_of(arn)) for arn in arns], ecr)
    ec2 = dict.get(regions_of("ec2", account_id), region_name)
    if ec2 is not None:
        yield _Unseen(list(_of_network(ec2)), ec2)
    iam = dict.get(regions_of("iam", account_id), "aws")
    if iam is not None and region_name == HOME:
        yield _Unseen(list(_of_identity(iam, account_id)), iam)
    for source in _sources:
        yield _Unseen(list(source(account_id, region_name)), None)


class _BucketsOf:
    """The buckets of one region."""

    def __init__(self, backend: Any, region: str) -> None:
        self._backend, self._region = backend, region

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """Tagged buckets that lie in the region."""
        for resource in self._backend.iter_tagged_resources():
            bucket = self._backend.buckets.get(resource.arn.rpartition(":::")[2])
            if bucket is None or bucket.region_name == self._region:
                yield resource


def _of_network(ec2: Any) -> Iterator[TaggedResource]:
    prefix = f"arn:aws:ec2:{ec2.region_name}:{ec2.account_id}"
    rules = [
        rule.id
        for groups in ec2.groups.values()
        for group in groups.values()
        for rule in (*group.ingress_rules, *group.egress_rules)
    ]
    unseen = {
        "elastic-ip": [address.allocation_id for address in ec2.addresses],
        "network-acl": list(ec2.network_acls),
        "security-group-rule": rules,
        "vpc-endpoint": list(ec2.vpc_end_points),
    }
    for kind, names in unseen.items():
        for name in names:
            yield _tagged(f"{prefix}:{kind}/{name}", f"ec2:{kind}", dict(ec2.tags.get(name, {})))


def _of_identity(iam: Any, account: str) -> Iterator[TaggedResource]:
    for policy in iam.managed_policies.values():
        if f":{account}:" in policy.arn:
            yield _tagged(policy.arn, "iam:policy", {tag["Key"]: tag["Value"] for tag in policy.get_tags()})
    for provider in iam.open_id_providers.values():
        yield _tagged(provider.arn, "iam:oidc-provider", {tag["Key"]: tag["Value"] for tag in provider.get_tags()})


def _tagged(arn: str, kind: str, tags: dict[str, str]) -> TaggedResource:
    return TaggedResource(arn=arn, tags=tags, resource_type=kind)
