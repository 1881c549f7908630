"""What watches the account, and who may come in from outside."""

from collections.abc import Iterator
from typing import Any

from seedbed.account import Account
from seedbed.services.kind import Inputs, Kind, Listed, as_mapping, asked, named


def _trails(account: Account) -> Iterator[Listed]:
    # A shadow is the same trail seen from another region.
    for one in account.pages("cloudtrail", "describe_trails", "trailList", includeShadowTrails=False):
        arn = one["TrailARN"]

        def tags(arn: str = arn) -> dict[str, str]:
            listed: Any = account.pages("cloudtrail", "list_tags", "ResourceTagList", ResourceIdList=[arn])
            return {tag["Key"]: tag.get("Value", "") for about in listed for tag in about.get("TagsList") or []}

        yield Listed(arn, one["Name"], arn, tags)


def _detectors(account: Account) -> Iterator[Listed]:
    for id_ in account.pages("guardduty", "list_detectors", "DetectorIds"):
        yield Listed(id_, "detector", tags=asked(account, "guardduty", "get_detector", "DetectorId", id_, "Tags"))


def _analyzers(account: Account) -> Iterator[Listed]:
    for one in account.pages("accessanalyzer", "list_analyzers", "analyzers"):
        yield Listed(one["name"], one["name"], one["arn"], lambda one=one: as_mapping(one.get("tags")))


def _providers(account: Account) -> Iterator[Listed]:
    for one in account.pages("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList"):
        arn = one["Arn"]
        tags = asked(account, "iam", "list_open_id_connect_provider_tags", "OpenIDConnectProviderArn", arn, "Tags")
        yield Listed(arn, arn.partition("oidc-provider/")[2], tags=tags)


def _host(inputs: Inputs) -> str:
    return str(inputs["url"]).removeprefix("https://").rstrip("/")


KINDS = {
    "aws:cloudtrail/trail:Trail": Kind("trail", _trails, named("name"), "cloudtrail:trail/"),
    "aws:guardduty/detector:Detector": Kind(
        "GuardDuty detector", _detectors, lambda _inputs: "detector", "guardduty:detector/", nameless=True
    ),
    "aws:accessanalyzer/analyzer:Analyzer": Kind(
        "access analyzer", _analyzers, named("analyzerName"), "access-analyzer:analyzer/"
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Kind(
        "identity provider", _providers, _host, "iam:oidc-provider/", nameless=True
    ),
}
