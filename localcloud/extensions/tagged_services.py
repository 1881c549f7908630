"""moto's tagging API does not see trails, detectors, analyzers, composite alarms, rules of events and cost watches."""

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource

from localcloud.backends import regions_of
from localcloud.extensions.tagged_resources import HOME, sees


def _backend(package: str, account: str, region: str) -> Any:
    """The backend, where something was asked of it; looking makes none."""
    return dict.get(regions_of(package, account), region)


def _kept(package: str, account: str, region: str, name: str) -> dict[str, Any]:
    backend = _backend(package, account, region)
    return vars(backend).get(name, {}) if backend is not None else {}


@sees
def tagged_services(account: str, region: str) -> Iterator[TaggedResource]:
    """Resource Groups Tagging API Reference, "Supported services": what lies in the region."""
    cloudtrail = _backend("cloudtrail", account, region)
    for trail in cloudtrail.trails.values() if cloudtrail else ():
        (listed,) = cloudtrail.list_tags([trail.arn])
        tags = {tag["Key"]: tag["Value"] for tag in listed["TagsList"]}
        yield TaggedResource(trail.arn, tags, "cloudtrail:trail")
    for name, detector in _kept("guardduty", account, region, "kept_detectors").items():
        arn = f"arn:aws:guardduty:{region}:{account}:detector/{name}"
        yield TaggedResource(arn, dict(detector["Tags"]), "guardduty:detector")
    for analyzer in _kept("accessanalyzer", account, region, "analyzers").values():
        yield TaggedResource(analyzer["arn"], dict(analyzer["tags"]), "access-analyzer:analyzer")
    cloudwatch = _backend("cloudwatch", account, region)
    for alarm in _kept("cloudwatch", account, region, "composites").values():
        tags = cloudwatch.tagger.get_tag_dict_for_resource(alarm["AlarmArn"])
        yield TaggedResource(alarm["AlarmArn"], tags, "cloudwatch:alarm")
    events = _backend("events", account, region)
    for bus in events.event_buses.values() if events else ():
        for rule in bus.rules.values():
            yield TaggedResource(rule.arn, events.tagger.get_tag_dict_for_resource(rule.arn), "events:rule")


@sees
def tagged_of_the_account(account: str, region: str) -> Iterator[TaggedResource]:
    """What belongs to no region is seen in one."""
    if region != HOME:
        return
    for name, budget in _kept("budgets", account, "aws", "kept_budgets").items():
        yield TaggedResource(f"arn:aws:budgets::{account}:budget/{name}", dict(budget["tags"]), "budgets:budget")
    for kind in ("monitor", "subscription"):
        for arn, kept in _kept("ce", account, "aws", f"anomaly_{kind}s").items():
            yield TaggedResource(arn, dict(kept["tags"]), f"ce:anomaly{kind}")
    iam = _backend("iam", account, "aws")
    for provider in iam.open_id_providers.values() if iam else ():
        tags = {tag["Key"]: tag["Value"] for tag in provider.tag_list_type}
        yield TaggedResource(provider.arn, tags, "iam:oidc-provider")
