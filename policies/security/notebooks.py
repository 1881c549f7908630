"""Notebooks and studios: nobody is root, nothing leaves the VPC, volumes are under a key of the right class."""

from collections.abc import Iterator

from policies.customer_keys import ALIAS, KEY, customer_key
from policies.reading import as_list
from policies.routes import ROUTING, SUBNET, may_be_public, public
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    look,
    parts,
    present,
    undetermined,
)
from policies.tags import CLASSES, PERSONAL, tag

NOTEBOOK, DOMAIN = "aws:sagemaker/notebookInstance:NotebookInstance", "aws:sagemaker/domain:Domain"
PROFILE = "aws:sagemaker/userProfile:UserProfile"


@control(
    "ML-01",
    title="Notebook users are not root",
    kind="resource",
    severity="high",
    types=(NOTEBOOK,),
    basis=("32(1)(b)", "25(2)"),
    refs=("securityhub:SageMaker.3", "CKV_AWS_307", "prowler:sagemaker_notebook_instance_root_access_disabled",
          "prowler:AISF-ML-02"),
)  # fmt: skip
def notebook_users_are_not_root(notebook: Resource, _: Stack, __: Parameters) -> Iterator[Problem]:
    """rootAccess is Disabled, which it is not by default (API_CreateNotebookInstance)."""
    found, fix = "who opens the notebook is root on its machine", "set rootAccess to Disabled"
    yield from expect(notebook.props, "rootAccess", lambda value: value == "Disabled", found, fix, default="Enabled")


@control(
    "ML-02",
    title="Notebooks and studios stay inside the VPC",
    kind="stack",
    severity="high",
    types=(NOTEBOOK, DOMAIN, PROFILE, SUBNET, *ROUTING),
    subjects=(NOTEBOOK, DOMAIN, PROFILE),
    basis=("32(1)(b)", "25(2)"),
    refs=("securityhub:SageMaker.1", "securityhub:SageMaker.2", "CKV_AWS_122", "CKV_AWS_306", "CKV_AWS_371",
          "prowler:sagemaker_notebook_instance_without_direct_internet_access_configured",
          "prowler:sagemaker_notebook_instance_vpc_settings_configured", "prowler:sagemaker_domain_sso_configured",
          "prowler:AISF-ML-02"),
)  # fmt: skip
def notebooks_stay_inside(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A notebook has no direct internet access (the default is Enabled), a subnet that is not public, and IMDSv2 alone
    (the default is 1). A studio domain is VpcOnly (the default is PublicInternetOnly) in subnets that are not public,
    signs people in by SSO, and so does each profile; home volumes go with the domain (the default is Retain), or, where
    they hold no personal data, are kept for whom the tag home-volume-owner names.
    """
    if one.type == NOTEBOOK:
        yield from parts(_no_internet(one), _inside(one, "subnetId", stack), _metadata(one))
    elif one.type == DOMAIN:
        yield from parts(_vpc_only(one), _inside(one, "subnetIds", stack), _signed_in(one), _homes(one, stack))
    elif not present(one.props, "singleSignOnUserValue"):
        fix = "set singleSignOnUserIdentifier to UserName and singleSignOnUserValue to the person"
        yield fail("singleSignOnUserValue", "not set, so the profile is nobody's by federation", fix)


def _no_internet(notebook: Resource) -> Iterator[Problem]:
    path, found = "directInternetAccess", "the notebook reaches the internet past the VPC"
    fix = f"set {path} to Disabled"
    yield from expect(notebook.props, path, lambda value: value == "Disabled", found, fix, default="Enabled")


def _inside(one: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    value = look(one.props, path)
    if value is not UNKNOWN and not as_list(value):
        yield fail(path, "not set, so it stands outside the VPC", "name private subnets")
    for subnet in stack.referents(one, path, [SUBNET]):
        if public(subnet, stack):
            fix = "use a subnet whose route table leads to no internet gateway"
            yield fail(path, f"the subnet {subnet.name} is public", fix)
        elif may_be_public(subnet):
            yield undetermined("Subnet.mapPublicIpOnLaunch")


def _metadata(notebook: Resource) -> Iterator[Problem]:
    path = "instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion"
    yield from expect(notebook.props, path, lambda value: value in ("2", 2), "IMDSv1 answers too", "set 2", default="1")


def _vpc_only(domain: Resource) -> Iterator[Problem]:
    path, found = "appNetworkAccessType", "apps reach the internet past the VPC"
    fix = "set VpcOnly"
    yield from expect(domain.props, path, lambda value: value == "VpcOnly", found, fix, default="PublicInternetOnly")


def _signed_in(domain: Resource) -> Iterator[Problem]:
    found, fix = "anybody with the right to make a URL signs in", "set authMode to SSO"
    yield from expect(domain.props, "authMode", lambda value: value == "SSO", found, fix, default="IAM")


def _homes(domain: Resource, stack: Stack) -> Iterator[Problem]:
    """What becomes of home volumes; a domain that says no class is taken for one with personal data."""
    path = "retentionPolicy.homeEfsFileSystem"
    kind = tag(domain, stack, "data-class")
    handed = kind in CLASSES and kind not in PERSONAL and tag(domain, stack, "home-volume-owner") != ""
    allowed = ("Delete", "Retain") if handed else ("Delete",)
    fix = "set Delete, or below class personal name who takes them in the tag home-volume-owner"
    found = "home volumes outlive the domain"
    yield from expect(domain.props, path, lambda value: value in allowed, found, fix, default="Retain")


@control(
    "ML-03",
    title="Notebook and studio volumes are under our key",
    kind="stack",
    severity="medium",
    types=(NOTEBOOK, DOMAIN, KEY, ALIAS),
    subjects=(NOTEBOOK, DOMAIN),
    basis=("32(1)(a)",),
    refs=("CKV_AWS_22", "CKV_AWS_187", "prowler:sagemaker_notebook_instance_encryption_enabled"),
)
def volumes_are_under_our_key(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """kmsKeyId names a key of this stack or of the register {keys}; one of this stack bears a data-class no lower than
    that of the notebook or domain, for which no class at all counts as special.
    """
    yield from parts(customer_key(one, "kmsKeyId", stack, given.get("keys", ()), "ML-03.keys"), _class(one, stack))


def _class(one: Resource, stack: Stack) -> Iterator[Problem]:
    own = tag(one, stack, "data-class")
    wanted = _rank(own) if own in CLASSES else len(CLASSES) - 1
    for key in _keys(one, stack):
        kind = tag(key, stack, "data-class")
        if kind not in CLASSES:
            yield fail("kmsKeyId", f"the key {key.name} has no class", "tag the key with data-class")
        elif _rank(kind) < wanted:
            fix = "use the key of its own class, or say its class in the tag data-class"
            yield fail("kmsKeyId", f"the key {key.name} is for a class below", fix)


def _rank(kind: str) -> int:
    return CLASSES.index(kind)


def _keys(one: Resource, stack: Stack) -> list[Resource]:
    """Keys of this stack behind the input, through an alias where it names one."""
    direct = stack.referents(one, "kmsKeyId", [KEY])
    aliases = stack.referents(one, "kmsKeyId", [ALIAS])
    name = look(one.props, "kmsKeyId")
    text = name if isinstance(name, str) else ""
    called = text[text.find("alias/") :] if "alias/" in text else ""
    aliases = (*aliases, *(found for found in stack.of([ALIAS]) if called and look(found.props, "name") == called))
    behind = [key for alias in aliases for key in stack.referents(alias, "targetKeyId", [KEY])]
    return list({key.urn: key for key in (*direct, *behind)}.values())
