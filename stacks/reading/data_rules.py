"""Rules between the settings of data, images, teams and keys."""

from collections.abc import Iterator
from typing import Any

from pydantic.alias_generators import to_snake

from stacks import names
from stacks.file.environment import OPEN_MIRRORS, Dataset
from stacks.file.regions import partition
from stacks.reading.problems import Location, Problem, nearest, path, shown
from stacks.reading.shape import fields, words
from stacks.reading.sound import ENVIRONMENT, Unsound, are, entries

PERSONAL = ("personal", "special-category")

KEPT_BY_AWS = ("sthree-", "amzn-s3-demo-", "sg-")
"""Starts of names that AWS refuses (S3 user guide, "bucket naming rules"; EC2 API reference, CreateSecurityGroup)."""

LONGEST_TAG = 256
"""Characters of a tag's value ("Tagging AWS resources", tag naming limits)."""

REGISTER = {
    "purpose": "GDPR Art. 5(1)(b)",
    "legalBasis": "GDPR Art. 6(1)",
    "retentionDays": "GDPR Art. 5(1)(e)",
}
"""What personal data cannot do without, and who says so."""


def register(name: Any, config: Any) -> Iterator[Problem]:
    """From `personal` on a data set says why, on what basis and for how long."""
    for at, data in entries(config, "datasets"):
        if data.classification not in PERSONAL:
            continue
        for key, article in REGISTER.items():
            field = fields(Dataset)[key]
            if getattr(data, field.attribute) is None:
                wrong = f"is missing, while classification is {data.classification} ({article})"
                allowed = words(field.annotation)
                yield Problem((*at, key), wrong, "nothing", allowed, f"add {key}, or classify the data lower")


def special_condition(name: Any, config: Any) -> Iterator[Problem]:
    """Special categories are processed under one of ten conditions, and nothing else is (GDPR Art. 9(2))."""
    field = fields(Dataset)["specialCondition"]
    for at, data in entries(config, "datasets"):
        here = (*at, "specialCondition")
        if data.classification == "special-category" and data.special_condition is None:
            wrong = "is missing, while classification is special-category (GDPR Art. 9(2))"
            yield Problem(here, wrong, "nothing", words(field.annotation), "add specialCondition: the one that applies")
        elif are(str, data.classification, data.special_condition) and data.classification != "special-category":
            wrong = f"stands beside classification {data.classification}"
            fix = "remove it, or classify the data as special-category"
            yield Problem(here, wrong, shown(data.special_condition), "only with special-category", fix)


def shorter_than_retention(name: Any, config: Any) -> Iterator[Problem]:
    """What happens to an object before it is deleted happens earlier than that."""
    for at, data in entries(config, "datasets"):
        if not are(int, data.noncurrent_days, data.retention_days):
            continue
        if data.noncurrent_days >= data.retention_days:
            allowed = f"1 to {data.retention_days - 1}, which is less than retentionDays"
            fix = f"write {data.retention_days - 1} or less, or raise retentionDays"
            wrong = f"is not less than retentionDays {data.retention_days}"
            yield Problem((*at, "noncurrentDays"), wrong, shown(data.noncurrent_days), allowed, fix)
            continue
        expiry, archived = data.retention_days - data.noncurrent_days, data.archive_after_days
        if are(int, archived) and archived >= expiry:
            wrong = f"comes when objects have expired, on day {expiry} (retentionDays less noncurrentDays)"
            allowed = f"1 to {expiry - 1}" if expiry > 1 else "nothing: there is no day left"
            fix = "lower it, remove it, or raise retentionDays"
            yield Problem((*at, "archiveAfterDays"), wrong, shown(archived), allowed, fix)


def _registered(config: Any) -> Iterator[tuple[Location, Any]]:
    """What has an entry in the record of processing activities: data sets, and kept requests."""
    yield from entries(config, "datasets")
    for kind in ("sagemakerEndpoints", "endpoints"):
        for at, endpoint in entries(config, kind):
            if endpoint.capture:
                yield (*at, "capture"), endpoint.capture


def recipients(name: Any, config: Any) -> Iterator[Problem]:
    """All recipients together are one tag of 256 characters."""
    for at, data in _registered(config):
        together = " ".join(one for one in data.recipients if are(str, one))
        if len(together) > LONGEST_TAG:
            found, allowed = f"{len(together)} characters", f"{LONGEST_TAG} characters with the spaces between them"
            fix = f"shorten the codes by {len(together) - LONGEST_TAG}, or let one code stand for several"
            yield Problem((*at, "recipients"), "is too long for a tag", found, allowed, fix)


def bucket_names(name: Any, config: Any) -> Iterator[Problem]:
    """S3 takes names of up to 63 characters, none that starts as its own do; a security group's never with sg-."""
    system: Any = config.environment.system
    account: Any = next(iter(config.allowed_account_ids), None)
    if are(str, system) and f"{system}-".startswith(KEPT_BY_AWS):
        fix, allowed = "choose another system", f"anything that does not start with {', '.join(KEPT_BY_AWS)}"
        yield Problem((ENVIRONMENT, "system"), "starts names that AWS keeps for itself", shown(system), allowed, fix)
    for at, data in entries(config, "datasets"):
        if not are(str, name, system, account, data.name):
            continue
        bucket = names.dataset_bucket(system, name, account, data.name)
        if (excess := len(bucket) - names.LONGEST_BUCKET_NAME) > 0:
            allowed = f"{len(data.name) - excess} characters, so that {bucket} ({len(bucket)}) fits in 63"
            fix = f"shorten the name, or the system, by {excess}"
            yield Problem((*at, "name"), "makes the bucket's name too long", shown(data.name), allowed, fix)


def mirrors(name: Any, config: Any) -> Iterator[Problem]:
    """A mirror's namespace is short, and its upstream gets credentials where it asks for them."""
    system = config.environment.system
    for at, mirror in entries(config, "images", "mirrors"):
        if are(str, name, system, mirror.name):
            namespace = names.mirror_prefix(system, name, mirror.name)
            if (excess := len(namespace) - names.LONGEST_MIRROR_PREFIX) > 0:
                allowed = f"{max(len(mirror.name) - excess, 0)} characters, so that {namespace} fits in 30 (ECR)"
                fix = f"shorten the name, or the system, by {excess}"
                yield Problem((*at, "name"), "makes the mirror's namespace too long", shown(mirror.name), allowed, fix)
        if not are(str, mirror.upstream):
            continue
        here, is_open = (*at, "credentialArn"), mirror.upstream in OPEN_MIRRORS
        if is_open and are(str, mirror.credential_arn):
            allowed, fix = "no credential: anybody may pull there", "remove credentialArn"
            yield Problem(here, f"stands beside {mirror.upstream}", shown(mirror.credential_arn), allowed, fix)
        elif not is_open and mirror.credential_arn is None:
            wrong, fix = f"is missing, while upstream is {mirror.upstream}", "add credentialArn: the secret's ARN"
            yield Problem(here, wrong, "nothing", "the ARN of a secret in this account and region", fix)


def unique(name: Any, config: Any) -> Iterator[Problem]:
    """Names are unique, and a list does not say a thing twice."""
    for listed in _lists(config):
        first: dict[str, Location] = {}
        for at, value in listed:
            if are(str, value) and first.setdefault(value, at) != at:
                wrong, fix = f"is the same as {path(first[value])}", "choose another, or remove one of the two"
                yield Problem(at, wrong, shown(value), "each only once", fix)


def _lists(config: Any) -> Iterator[list[tuple[Location, Any]]]:
    named = ("datasets", "teams", "pools", "pipelines", "endpoints", "sagemakerEndpoints")
    for keys in (*((key,) for key in named), ("images", "mirrors")):
        yield [((*at, "name"), entry.name) for at, entry in entries(config, *keys)]
    for keys in (
        ("images", "repositories"),
        ("keys", "administrators"),
        ("network", "endpoints"),
        ("cluster", "publicCidrs"),
        ("cluster", "administrators"),
        ("cluster", "viewers"),
        ("audit", "breakGlassRoles"),
    ):
        yield list(entries(config, *keys))
    there = getattr(config.environment.network, "existing", None)
    yield _numbered((ENVIRONMENT, "network", "existing", "subnetIds"), there.subnet_ids if there else ())
    yield _numbered((ENVIRONMENT, "network", "existing", "s3Cidrs"), there.s3_cidrs if there else ())
    for at, team in entries(config, "teams"):
        yield _numbered((*at, "datasets"), team.datasets)
        yield _numbered((*at, "roles"), team.roles)
        yield _numbered((*at, "members"), team.members)
    for at, pool in entries(config, "pools"):
        for key in ("capacity", "reservations", "capacityBlocks", "instanceTypes"):
            yield _numbered((*at, key), getattr(pool, to_snake(key)))
    for at, pipeline in entries(config, "pipelines"):
        yield _numbered((*at, "stages"), pipeline.stages)
    for at, endpoint in entries(config, "endpoints"):
        yield _numbered((*at, "callers"), endpoint.callers)
    for at, holder in _registered(config):
        yield _numbered((*at, "recipients"), holder.recipients)


def _numbered(at: Location, values: Any) -> list[tuple[Location, Any]]:
    return [((*at, number), value) for number, value in enumerate(values)]


def team_data(name: Any, config: Any) -> Iterator[Problem]:
    """A team opens data sets that exist."""
    known = list(dict.fromkeys(data.name for _, data in entries(config, "datasets")))
    if isinstance(config.environment.datasets, Unsound) or not are(str, *known):
        return
    for at, team in entries(config, "teams"):
        for number, wanted in enumerate(team.datasets):
            if are(str, wanted) and wanted not in known:
                near = nearest(wanted, known)
                fix = f"write {near}" if near else "declare it under datasets, or remove it"
                allowed = ", ".join(known) if known else "nothing: no data set is declared"
                here = (*at, "datasets", number)
                yield Problem(here, "is no data set of this environment", shown(wanted), allowed, fix)


def owned(name: Any, config: Any) -> Iterator[Problem]:
    """What an ARN names belongs to the environment's account, in the partition of its region."""
    account: Any = next(iter(config.allowed_account_ids), None)
    arns: list[tuple[Location, Any]] = [
        *entries(config, "keys", "administrators"),
        (("aws:assumeRole", "roleArn"), getattr(config.assume_role, "role_arn", None)),
    ]
    arns += [((*at, "credentialArn"), mirror.credential_arn) for at, mirror in entries(config, "images", "mirrors")]
    for keys in (("cluster", "administrators"), ("cluster", "viewers"), ("audit", "breakGlassRoles")):
        arns += entries(config, *keys)
    for at, team in entries(config, "teams"):
        arns += _numbered((*at, "roles"), team.roles)
    for at, arn in arns:
        if not are(str, arn, account, config.region):
            continue
        _, part, service, region, owner, _ = arn.split(":", 5)
        for what, found, needed in (
            ("partition", part, partition(config.region)),
            ("account", owner, account),
            ("region", region, config.region if service == "secretsmanager" else ""),
        ):
            if found != needed:
                fix = f"name one of this {what}, or correct it"
                yield Problem(
                    at, f"is of another {what} than the environment", shown(arn), f"{what} {needed or 'none'}", fix
                )
                break


RULES = (
    register,
    special_condition,
    shorter_than_retention,
    recipients,
    bucket_names,
    mirrors,
    unique,
    team_data,
    owned,
)
