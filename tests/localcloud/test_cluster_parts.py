"""Add-ons, access entries, pod identities and tags as the Amazon EKS User Guide and API Reference tell of them."""

import pytest

from tests.localcloud.clusters import make_ground, make_role, wish
from tests.localcloud.refusals import refused

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"


@pytest.fixture(scope="module")
def ground(aws):
    return make_ground(aws, "parts")


@pytest.fixture
def eks(aws):
    return aws("eks")


@pytest.fixture
def cluster(eks, ground, name):
    eks.create_cluster(**wish(ground, name))
    return name


def test_an_add_on_comes_changes_and_goes(eks, ground, cluster):
    """API Reference, CreateAddon and its neighbours."""
    wanted = {
        "addonName": "aws-ebs-csi-driver",
        "addonVersion": "v1.57.0-eksbuild.1",
        "configurationValues": '{"controller": {"replicaCount": 1}}',
        "serviceAccountRoleArn": ground.pod_role,
        "tags": {"env": "local"},
    }
    of = {"clusterName": cluster, "addonName": "aws-ebs-csi-driver"}
    made = eks.create_addon(clusterName=cluster, resolveConflicts="OVERWRITE", **wanted)["addon"]
    assert made["status"] == "CREATING"
    found = eks.describe_addon(**of)["addon"]
    assert {key: found[key] for key in wanted} == wanted
    assert (found["status"], found["addonArn"]) == ("ACTIVE", made["addonArn"])
    assert eks.list_addons(clusterName=cluster)["addons"] == ["aws-ebs-csi-driver"]
    with refused("ResourceInUseException", "already exists"):
        eks.create_addon(clusterName=cluster, **wanted)

    update = eks.update_addon(**of, addonVersion="v1.58.0-eksbuild.1", resolveConflicts="PRESERVE")["update"]
    of_update = {"name": cluster, "addonName": "aws-ebs-csi-driver", "updateId": update["id"]}
    assert eks.describe_update(**of_update)["update"]["status"] == "Successful"
    with refused("ResourceNotFoundException"):
        eks.describe_update(name=cluster, updateId=update["id"])
    found = eks.describe_addon(**of)["addon"]
    assert found["addonVersion"] == "v1.58.0-eksbuild.1"
    assert found["configurationValues"] == wanted["configurationValues"]

    assert eks.delete_addon(**of)["addon"]["status"] == "DELETING"
    with refused("ResourceNotFoundException", "aws-ebs-csi-driver"):
        eks.describe_addon(**of)


def test_an_add_on_is_one_that_there_is_in_a_version_that_fits(eks, cluster):
    """User Guide, "AWS add-ons" and "Manage kube-proxy in Amazon EKS clusters"."""
    for name, version, word in (
        ("no-such-thing", "v1.0.0-eksbuild.1", "no-such-thing"),
        ("coredns", "1.13.2", "coredns"),
        ("kube-proxy", "v1.34.0-eksbuild.2", "1.33"),
        ("kube-proxy", "v1.29.0-eksbuild.2", "1.33"),
    ):
        with refused("InvalidParameterException", word):
            eks.create_addon(clusterName=cluster, addonName=name, addonVersion=version)
    with refused("InvalidParameterException", "no-such-thing"):
        eks.create_addon(clusterName=cluster, addonName="no-such-thing")
    with refused("InvalidParameterException", "ConfigurationValue"):
        eks.create_addon(clusterName=cluster, addonName="coredns", configurationValues="{")
    with refused("InvalidParameterException", "resolveConflicts"):
        eks.create_addon(clusterName=cluster, addonName="coredns", resolveConflicts="MAYBE")
    with refused("InvalidParameterException", "role/none"):
        role = "arn:aws:iam::000000000000:role/none"
        eks.create_addon(clusterName=cluster, addonName="coredns", serviceAccountRoleArn=role)
    eks.create_addon(clusterName=cluster, addonName="kube-proxy")
    (offered,) = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.33")["addons"]
    (version,) = offered["addonVersions"]
    assert version["compatibilities"][0]["clusterVersion"] == "1.33"
    found = eks.describe_addon(clusterName=cluster, addonName="kube-proxy")["addon"]
    assert found["addonVersion"] == version["addonVersion"]


def test_an_add_ons_roles_are_associations_that_go_with_it(eks, ground, cluster):
    """User Guide, "Attach an IAM role to an Amazon EKS add-on using Pod Identity"."""
    wanted = [{"serviceAccount": "cloudwatch-agent", "roleArn": ground.pod_role}]
    of = {"clusterName": cluster, "addonName": "amazon-cloudwatch-observability"}
    with refused("InvalidParameterException", "does not exist"):
        eks.create_addon(**of, podIdentityAssociations=[{**wanted[0], "roleArn": ground.pod_role + "-none"}])
    eks.create_addon(**of, podIdentityAssociations=wanted)
    (arn,) = eks.describe_addon(**of)["addon"]["podIdentityAssociations"]
    (known,) = eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert known["associationArn"] == arn
    assert (known["namespace"], known["serviceAccount"]) == ("amazon-cloudwatch", "cloudwatch-agent")
    found = eks.describe_pod_identity_association(clusterName=cluster, associationId=arn.rpartition("/")[2])
    assert found["association"]["roleArn"] == ground.pod_role

    eks.update_addon(**of, configurationValues="{}")
    assert eks.describe_addon(**of)["addon"]["podIdentityAssociations"] == [arn]
    eks.update_addon(**of, podIdentityAssociations=[])
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []
    eks.update_addon(**of, podIdentityAssociations=wanted)
    eks.delete_addon(**of)
    assert eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


def test_a_pods_role_comes_changes_and_goes(eks, aws, ground, cluster):
    """API Reference, CreatePodIdentityAssociation and its neighbours."""
    of = {"namespace": "scoring", "serviceAccount": "train"}
    made = eks.create_pod_identity_association(clusterName=cluster, **of, roleArn=ground.pod_role, tags={"a": "b"})
    name = {"clusterName": cluster, "associationId": made["association"]["associationId"]}
    with refused("ResourceInUseException", name["associationId"]):
        eks.create_pod_identity_association(clusterName=cluster, **of, roleArn=ground.pod_role)
    with refused("InvalidParameterException", "Role provided in the request does not exist"):
        eks.create_pod_identity_association(
            clusterName=cluster, namespace="x", serviceAccount="y", roleArn=ground.pod_role + "-none"
        )
    other = make_role(aws("iam"), f"{cluster}-other", "pods.eks.amazonaws.com")
    eks.update_pod_identity_association(**name, targetRoleArn=other, disableSessionTags=True)
    found = eks.describe_pod_identity_association(**name)["association"]
    assert (found["roleArn"], found["targetRoleArn"], found["disableSessionTags"]) == (ground.pod_role, other, True)
    assert (found["tags"], bool(found["externalId"])) == ({"a": "b"}, True)
    assert eks.list_pod_identity_associations(clusterName=cluster, namespace="none")["associations"] == []
    eks.delete_pod_identity_association(**name)
    with refused("ResourceNotFoundException"):
        eks.describe_pod_identity_association(**name)


def test_an_access_entry_comes_changes_and_goes(eks, ground, cluster):
    """API Reference, CreateAccessEntry and its neighbours."""
    of = {"clusterName": cluster, "principalArn": ground.pod_role}
    eks.create_access_entry(**of, kubernetesGroups=["scoring"], tags={"team": "scoring"})
    found = eks.describe_access_entry(**of)["accessEntry"]
    assert (found["type"], found["kubernetesGroups"], found["tags"]) == ("STANDARD", ["scoring"], {"team": "scoring"})
    role = ground.pod_role.rpartition("/")[2]
    assert found["username"] == f"arn:aws:sts::000000000000:assumed-role/{role}/{{{{SessionName}}}}"
    with refused("ResourceInUseException"):
        eks.create_access_entry(**of)
    eks.update_access_entry(**of, kubernetesGroups=["readers"], username="")
    changed = eks.describe_access_entry(**of)["accessEntry"]
    assert (changed["kubernetesGroups"], changed["username"]) == (["readers"], found["username"])
    eks.delete_access_entry(**of)
    with refused("ResourceNotFoundException", role):
        eks.describe_access_entry(**of)
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == []


def test_an_access_entry_is_of_somebody_with_names_that_are_free(eks, ground, cluster):
    """User Guide, "Create access entries"."""
    for more, word in (
        ({"principalArn": "arn:aws:iam::000000000000:role/none"}, "invalid principal"),
        ({"kubernetesGroups": ["system:masters"]}, "system:"),
        ({"username": "eks:me"}, "eks:me"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["x"]}, "STANDARD"),
        ({"type": "ROBOT"}, "STANDARD"),
    ):
        with refused("InvalidParameterException", word):
            eks.create_access_entry(**{"clusterName": cluster, "principalArn": ground.pod_role, **more})


def test_a_cluster_of_the_config_map_has_no_entries(eks, ground, name):
    """User Guide, "Change authentication mode to use access entries"."""
    eks.create_cluster(**{**wish(ground, name), "accessConfig": {"authenticationMode": "CONFIG_MAP"}})
    with refused("InvalidRequestException", "authentication mode"):
        eks.create_access_entry(clusterName=name, principalArn=ground.pod_role)
    for mode in ("API_AND_CONFIG_MAP", "API"):
        eks.update_cluster_config(name=name, accessConfig={"authenticationMode": mode})
    eks.create_access_entry(clusterName=name, principalArn=ground.pod_role)


def test_a_policy_is_associated_with_an_entry_and_goes_with_it(eks, ground, cluster):
    """API Reference, AssociateAccessPolicy and its neighbours."""
    of = {"clusterName": cluster, "principalArn": ground.pod_role}
    whole, part = {"type": "cluster", "namespaces": []}, {"type": "namespace", "namespaces": ["scoring"]}
    with refused("ResourceNotFoundException", "The specified principalArn could not be found"):
        eks.associate_access_policy(**of, policyArn=VIEW, accessScope=whole)
    eks.create_access_entry(**of)
    for policy, scope, word in (
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", whole, "policyArn"),
        (VIEW, {"type": "namespace"}, "namespaces"),
        (VIEW, {"type": "world"}, "world"),
    ):
        with refused("InvalidParameterException", word):
            eks.associate_access_policy(**of, policyArn=policy, accessScope=scope)
    eks.associate_access_policy(**of, policyArn=VIEW, accessScope=whole)
    eks.associate_access_policy(**of, policyArn=EDIT, accessScope=whole)
    eks.associate_access_policy(**of, policyArn=EDIT, accessScope=part)
    found = eks.list_associated_access_policies(**of)["associatedAccessPolicies"]
    assert {one["policyArn"]: one["accessScope"] for one in found} == {VIEW: whole, EDIT: part}
    assert eks.list_access_entries(clusterName=cluster, associatedPolicyArn=EDIT)["accessEntries"] == [ground.pod_role]
    assert {EDIT, VIEW} <= {one["arn"] for one in eks.list_access_policies()["accessPolicies"]}

    eks.disassociate_access_policy(**of, policyArn=VIEW)
    with refused("ResourceNotFoundException", "AmazonEKSViewPolicy"):
        eks.disassociate_access_policy(**of, policyArn=VIEW)
    eks.delete_access_entry(**of)
    eks.create_access_entry(**of)
    assert eks.list_associated_access_policies(**of)["associatedAccessPolicies"] == []


def test_whatever_bears_tags_keeps_them(eks, aws, ground, cluster):
    """API Reference, TagResource: clusters, node groups, add-ons, access entries, associations."""
    eks.create_addon(clusterName=cluster, addonName="metrics-server")
    eks.create_access_entry(clusterName=cluster, principalArn=ground.pod_role)
    eks.create_nodegroup(clusterName=cluster, nodegroupName="system", nodeRole=ground.node_role, subnets=ground.subnets)
    association = eks.create_pod_identity_association(
        clusterName=cluster, namespace="x", serviceAccount="y", roleArn=ground.pod_role
    )["association"]
    arns = [
        eks.describe_cluster(name=cluster)["cluster"]["arn"],
        eks.describe_addon(clusterName=cluster, addonName="metrics-server")["addon"]["addonArn"],
        eks.describe_access_entry(clusterName=cluster, principalArn=ground.pod_role)["accessEntry"]["accessEntryArn"],
        eks.describe_nodegroup(clusterName=cluster, nodegroupName="system")["nodegroup"]["nodegroupArn"],
        association["associationArn"],
    ]
    for arn in arns:
        eks.tag_resource(resourceArn=arn, tags={"owner": cluster, "other": "x"})
        eks.untag_resource(resourceArn=arn, tagKeys=["other"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": cluster}
    seen = aws("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "owner", "Values": [cluster]}])
    assert sorted(one["ResourceARN"] for one in seen["ResourceTagMappingList"]) == sorted(arns)
    with refused("NotFoundException", "nothing"):
        eks.list_tags_for_resource(resourceArn="arn:aws:eks:eu-central-1:000000000000:cluster/nothing")
