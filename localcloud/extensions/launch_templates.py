"""moto's launch templates inherit nothing, keep every version and old tags, and are not missed when they are gone."""

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource

from localcloud import overlay
from localcloud.backends import regions_of
from localcloud.call import Call
from localcloud.extensions.tagged_resources import sees
from localcloud.refusal import Answer, Refusal

NOT_FOUND = "InvalidLaunchTemplateId.NotFound"


@overlay.checks(
    "ec2",
    "CreateLaunchTemplateVersion",
    "DeleteLaunchTemplate",
    "DeleteLaunchTemplateVersions",
    "DescribeLaunchTemplates",
    "DescribeLaunchTemplateVersions",
    "ModifyLaunchTemplate",
)
def the_template_is_there(call: Call) -> None:
    """Amazon EC2 API Reference, "Error codes for the Amazon EC2 API"."""
    for name in (*call.input.get("LaunchTemplateIds", []), *filter(None, [call.input.get("LaunchTemplateId")])):
        if name not in call.backend.launch_templates:
            raise Refusal(NOT_FOUND, f"The specified launch template, with template ID {name}, does not exist.")
    for name in (*call.input.get("LaunchTemplateNames", []), *filter(None, [call.input.get("LaunchTemplateName")])):
        if name not in call.backend.launch_template_name_to_ids:
            raise Refusal(
                "InvalidLaunchTemplateName.NotFoundException",
                f"The specified launch template, with template name {name}, does not exist.",
            )


@overlay.checks("ec2", "DescribeLaunchTemplates")
def tags_are_those_of_now(call: Call) -> None:
    """moto tells the tags that a template was made with."""
    for template in call.backend.launch_templates.values():
        template.tags = template.get_tags()


@overlay.follows("ec2", "CreateLaunchTemplate")
def a_templates_own_tags_are_not_its_instances(call: Call, answer: Answer) -> None:
    """Amazon EC2 API Reference, LaunchTemplateTagSpecificationRequest: the template's own tags are given apart."""
    template = call.backend.launch_templates[call.read(answer)["LaunchTemplate"]["LaunchTemplateId"]]
    data = template.versions[0].data
    kept = [one for one in data.pop("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
    if kept:
        data["TagSpecifications"] = kept


@overlay.follows("ec2", "CreateLaunchTemplateVersion")
def a_version_inherits_from_its_source(call: Call, answer: Answer) -> dict[str, Any]:
    """Amazon EC2 API Reference, CreateLaunchTemplateVersion, SourceVersion."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    said = output["LaunchTemplateVersion"]
    template = call.backend.launch_templates[said["LaunchTemplateId"]]
    made = template.versions[-1]
    if "SourceVersion" in call.input:
        made.data = {**template.get_version(call.input["SourceVersion"]).data, **made.data}
    return {"LaunchTemplateVersion": _said(call, template, made)}


@overlay.answers("ec2", "DescribeLaunchTemplateVersions")
def describe_versions(call: Call) -> dict[str, Any]:
    """All versions, those of numbers, $Latest or $Default, or the default one by filter; newest first."""
    given = call.input
    if not (given.get("LaunchTemplateId") or given.get("LaunchTemplateName")):
        return {
            "LaunchTemplateVersions": [
                _said(call, template, template.get_version(number))
                for template in call.backend.launch_templates.values()
                for number in given.get("Versions", [])
            ]
        }
    template = _template(call)
    found = _living(template)
    if given.get("Versions"):
        found = [_version(template, number) for number in given["Versions"]]
    for wanted in given.get("Filters", []):
        if wanted["Name"] == "is-default-version":
            found = [one for one in found if str(template.is_default(one)).lower() in wanted["Values"]]
    least, most = int(given.get("MinVersion") or 1), int(given.get("MaxVersion") or 10**9)
    return {
        "LaunchTemplateVersions": [_said(call, template, one) for one in reversed(found) if least <= one.number <= most]
    }


@overlay.answers("ec2", "DeleteLaunchTemplateVersions")
def delete_versions(call: Call) -> dict[str, Any]:
    """The default version stays; numbers are not given again."""
    template = _template(call)
    gone: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for number in call.input["Versions"]:
        said = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(number)}
        if int(number) == template.default_version_number:
            error = {"Code": "unexpectedError", "Message": "The default version cannot be deleted"}
            kept.append({**said, "ResponseError": error})
        else:
            _version(template, number).is_gone = True
            gone.append(said)
    return {"SuccessfullyDeletedLaunchTemplateVersions": gone, "UnsuccessfullyDeletedLaunchTemplateVersions": kept}


@overlay.follows("ec2", "DeleteLaunchTemplate")
def tags_go_with_a_template(call: Call, answer: Answer) -> None:
    """A sweep by tag finds nothing that is gone."""
    call.backend.tags.pop(call.read(answer)["LaunchTemplate"]["LaunchTemplateId"], None)


@sees
def tagged_templates(account: str, region: str) -> Iterator[TaggedResource]:
    """The region's launch templates, as the tagging API sees them."""
    ec2 = dict.get(regions_of("ec2", account), region)
    if ec2 is None:
        return
    for name in ec2.launch_templates:
        arn = f"arn:aws:ec2:{region}:{account}:launch-template/{name}"
        yield TaggedResource(arn=arn, tags=dict(ec2.tags.get(name, {})), resource_type="ec2:launch-template")


def _template(call: Call) -> Any:
    backend = call.backend
    name = call.input.get("LaunchTemplateId") or backend.launch_template_name_to_ids[call.input["LaunchTemplateName"]]
    return backend.launch_templates[name]


def _living(template: Any) -> list[Any]:
    return [one for one in template.versions if not getattr(one, "is_gone", False)]


def _version(template: Any, number: str) -> Any:
    numbers = {"$latest": template.latest_version_number, "$default": template.default_version_number}
    wanted = str(numbers.get(str(number).lower(), number))
    found = next((one for one in _living(template) if str(one.number) == wanted), None)
    if found is None:
        raise Refusal(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {number} for the launch template with ID {template.id}.",
        )
    return found


def _said(call: Call, template: Any, version: Any) -> dict[str, Any]:
    return {
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:aws:iam::{call.account}:root",
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": {key: value for key, value in version.data.items() if value is not None},
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        **({"VersionDescription": version.description} if version.description else {}),
        "VersionNumber": version.number,
    }
