"""moto has no repository creation templates of ECR."""

import json
from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.registry_mirrors import require_prefix
from localcloud.refusal import Refusal

FIELDS = (
    "description", "encryptionConfiguration", "resourceTags", "imageTagMutability",
    "imageTagMutabilityExclusionFilters", "repositoryPolicy", "lifecyclePolicy", "appliedFor", "customRoleArn",
)  # fmt: skip
"""What a template says, beside its prefix."""

PURPOSES = ("REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH")
MUTABILITIES = ("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")


def templates(call: Call) -> dict[str, dict[str, Any]]:
    """The registry's templates by prefix."""
    return vars(call.backend).setdefault("repository_creation_templates", {})


@overlay.answers("ecr", "CreateRepositoryCreationTemplate")
def create(call: Call) -> dict[str, Any]:
    """A template, one a prefix; what it does not say has ECR's defaults."""
    prefix = call.input["prefix"]
    require_prefix(prefix)
    if prefix in templates(call):
        raise Refusal("TemplateAlreadyExistsException", f"A template with the prefix '{prefix}' already exists")
    given = {name: call.input[name] for name in FIELDS if name in call.input}
    _check(given)
    now = datetime.now(UTC)
    defaults = {"encryptionConfiguration": {"encryptionType": "AES256"}, "imageTagMutability": "MUTABLE"}
    templates(call)[prefix] = {"prefix": prefix, **defaults, **given, "createdAt": now, "updatedAt": now}
    return _answer(call, templates(call)[prefix])


@overlay.answers("ecr", "DescribeRepositoryCreationTemplates")
def describe(call: Call) -> dict[str, Any]:
    """All templates, or those of the prefixes that exist."""
    kept = templates(call)
    wanted = call.input.get("prefixes") or sorted(kept)
    return {
        "registryId": call.account,
        "repositoryCreationTemplates": [kept[prefix] for prefix in wanted if prefix in kept],
    }


@overlay.answers("ecr", "UpdateRepositoryCreationTemplate")
def update(call: Call) -> dict[str, Any]:
    """What the request says replaces what the template said; the rest stays."""
    template = _one(call)
    given = {name: call.input[name] for name in FIELDS if name in call.input}
    _check({**template, **given})
    template |= {**given, "updatedAt": datetime.now(UTC)}
    return _answer(call, template)


@overlay.answers("ecr", "DeleteRepositoryCreationTemplate")
def delete(call: Call) -> dict[str, Any]:
    """The template goes; repositories made after it stay."""
    template = _one(call)
    del templates(call)[template["prefix"]]
    return _answer(call, template)


def _one(call: Call) -> dict[str, Any]:
    found = templates(call).get(call.input["prefix"])
    if found is None:
        prefix = call.input["prefix"]
        raise Refusal("TemplateNotFoundException", f"The Repository Creation Template '{prefix}' does not exist")
    return found


def _answer(call: Call, template: dict[str, Any]) -> dict[str, Any]:
    return {"registryId": call.account, "repositoryCreationTemplate": template}


def _check(template: dict[str, Any]) -> None:
    purposes = template.get("appliedFor", [])
    if not purposes or set(purposes) - set(PURPOSES):
        raise _invalid("appliedFor", f"a list of {', '.join(PURPOSES)}")
    mutability = template.get("imageTagMutability", "MUTABLE")
    if mutability not in MUTABILITIES:
        raise _invalid("imageTagMutability", f"one of {', '.join(MUTABILITIES)}")
    if mutability.endswith("_WITH_EXCLUSION") != bool(template.get("imageTagMutabilityExclusionFilters")):
        raise _invalid("imageTagMutabilityExclusionFilters", "given with a mutability WITH_EXCLUSION, and only then")
    encryption = template.get("encryptionConfiguration", {})
    if encryption.get("kmsKey") and encryption.get("encryptionType") not in ("KMS", "KMS_DSSE"):
        raise _invalid("encryptionConfiguration", "without kmsKey where the type is AES256")
    for name in ("repositoryPolicy", "lifecyclePolicy"):
        text = template.get(name)
        try:
            is_object = not text or isinstance(json.loads(text), dict)
        except ValueError:
            is_object = False
        if not is_object:
            raise _invalid(name, "a JSON object")


def _invalid(name: str, wanted: str) -> Refusal:
    return Refusal(
        "InvalidParameterException", f"Invalid parameter at '{name}' failed to satisfy constraint: '{wanted}'"
    )
