"""Registries as the Amazon ECR User Guide and API Reference tell of them."""

import json

import pytest

from tests.localcloud.refusals import refused


@pytest.fixture
def ecr(aws):
    return aws("ecr")


def manifest(name):
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "size": 1,
                "digest": f"sha256:{name:0>64}",
            },
            "layers": [],
        }
    )


def test_a_mirror_rule_comes_changes_and_goes(ecr, name):
    """API Reference, CreatePullThroughCacheRule and its neighbours."""
    made = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=name, upstreamRegistryUrl="quay.io")
    assert made["upstreamRegistry"] == "quay"
    with refused("PullThroughCacheRuleAlreadyExistsException"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=name, upstreamRegistryUrl="public.ecr.aws")

    role = "arn:aws:iam::000000000000:role/mirror"
    ecr.update_pull_through_cache_rule(ecrRepositoryPrefix=name, customRoleArn=role)
    (found,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[name])["pullThroughCacheRules"]
    assert (found["upstreamRegistryUrl"], found["customRoleArn"]) == ("quay.io", role)
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix=name)["isValid"] is True

    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix=name)
    with refused("PullThroughCacheRuleNotFoundException"):
        ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[name])


def test_a_mirror_is_of_a_registry_that_ecr_knows(ecr, name):
    """API Reference, CreatePullThroughCacheRule: supported upstreams, and those that want credentials."""
    with refused("UnsupportedUpstreamRegistryException"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=name, upstreamRegistryUrl="registry.example.com")
    with refused("InvalidParameterException", "ecr-pullthroughcache/"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=name, upstreamRegistryUrl="registry-1.docker.io")
    with refused("InvalidParameterException", "ecrRepositoryPrefix"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="Bad_Prefix", upstreamRegistryUrl="quay.io")
    secret = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:ecr-pullthroughcache/docker-AbCdEf"
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix=name, upstreamRegistryUrl="registry-1.docker.io", credentialArn=secret
    )


def test_a_template_comes_changes_and_goes(ecr, name):
    """API Reference, CreateRepositoryCreationTemplate and its neighbours."""
    wanted = {
        "description": "mirrors",
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/key"},
        "resourceTags": [{"Key": "env", "Value": "local"}],
        "imageTagMutability": "IMMUTABLE",
        "lifecyclePolicy": '{"rules": []}',
        "appliedFor": ["PULL_THROUGH_CACHE"],
        "customRoleArn": "arn:aws:iam::000000000000:role/mirror",
    }
    ecr.create_repository_creation_template(prefix=name, **wanted)
    with refused("TemplateAlreadyExistsException"):
        ecr.create_repository_creation_template(prefix=name, appliedFor=["REPLICATION"])

    ecr.update_repository_creation_template(prefix=name, imageTagMutability="MUTABLE")
    (found,) = ecr.describe_repository_creation_templates(prefixes=[name])["repositoryCreationTemplates"]
    assert {key: found[key] for key in wanted} == wanted | {"imageTagMutability": "MUTABLE"}
    assert found["updatedAt"] >= found["createdAt"]

    ecr.delete_repository_creation_template(prefix=name)
    assert ecr.describe_repository_creation_templates(prefixes=[name])["repositoryCreationTemplates"] == []
    with refused("TemplateNotFoundException"):
        ecr.delete_repository_creation_template(prefix=name)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"appliedFor": ["PULLING"]}, "appliedFor"),
        ({"imageTagMutability": "FROZEN"}, "imageTagMutability"),
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, "imageTagMutabilityExclusionFilters"),
        ({"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "a"}}, "encryptionConfiguration"),
        ({"repositoryPolicy": "{"}, "repositoryPolicy"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(ecr, name, wrong, said):
    with refused("InvalidParameterException", said):
        ecr.create_repository_creation_template(prefix=name, **{"appliedFor": ["PULL_THROUGH_CACHE"], **wrong})


def test_an_account_setting_has_a_default_and_keeps_a_change(ecr):
    """API Reference, GetAccountSetting and PutAccountSetting."""
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "ENABLED"
    with refused("InvalidParameterException", "AWS_NATIVE"):
        ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="NONE")


def test_the_scanning_of_the_registry_is_kept(ecr):
    """API Reference, PutRegistryScanningConfiguration."""
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=rules)
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": rules}


def test_an_immutable_tag_stays(ecr, name):
    """User Guide, "Preventing image tags from being overwritten in Amazon ECR"."""
    ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev*"}],
    )
    first = ecr.put_image(repositoryName=name, imageManifest=manifest("1"), imageTag="v1")["image"]["imageId"]
    with refused("ImageTagAlreadyExistsException", "immutable"):
        ecr.put_image(repositoryName=name, imageManifest=manifest("2"), imageTag="v1")
    for number in ("3", "4"):
        ecr.put_image(repositoryName=name, imageManifest=manifest(number), imageTag="dev")
    with refused("ImageDigestDoesNotMatchException"):
        ecr.put_image(repositoryName=name, imageManifest=manifest("5"), imageDigest=first["imageDigest"])


def test_a_repository_with_images_stays_unless_forced(ecr, name):
    """API Reference, DeleteRepository: RepositoryNotEmptyException."""
    ecr.create_repository(repositoryName=name)
    ecr.put_image(repositoryName=name, imageManifest=manifest("1"), imageTag="v1")
    with refused("RepositoryNotEmptyException"):
        ecr.delete_repository(repositoryName=name)
    ecr.delete_repository(repositoryName=name, force=True)
