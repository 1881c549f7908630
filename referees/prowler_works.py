"""Samples of what computes and serves: networks, machines, clusters, notebooks, jobs, models, load balancers."""

import base64
from collections.abc import Iterator
from typing import Any

from localcloud import ACCOUNT
from referees.prowler_account import (
    ANYTHING,
    IMAGE,
    NAME,
    PASSWORD,
    REGION,
    Account,
    Sample,
    Witness,
    document,
)


def network(account: Account, good: bool) -> Iterator[Witness]:
    made = account.network if good else account.new_network("10.9")
    ec2, default = account("ec2"), account.default_group(made.vpc)["GroupId"]
    yield Witness(made.vpc, ("vpc_flow_logs_enabled",))
    yield Witness(made.subnets[0], ("vpc_subnet_no_public_ip_by_default",))
    yield Witness(made.group, ("ec2_securitygroup_allow_ingress_from_internet_to_any_port",))
    yield Witness(default, ("ec2_securitygroup_default_restrict_traffic",))
    if not good:
        ec2.modify_subnet_attribute(SubnetId=made.subnets[0], MapPublicIpOnLaunch={"Value": True})
        everyone = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        for group in (made.group, default):
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[everyone])
        ec2.create_network_interface(SubnetId=made.subnets[0], Groups=[made.group])


def launch_template(account: Account, good: bool) -> Iterator[Witness]:
    said = base64.b64encode(("echo hello" if good else PASSWORD).encode()).decode()
    asked = {"HttpTokens": "required" if good else "optional", "HttpEndpoint": "enabled"}
    data = {"ImageId": "ami-12345678", "UserData": said, "MetadataOptions": asked}
    made = account("ec2").create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=data)["LaunchTemplate"]
    yield Witness(made["LaunchTemplateId"], ("ec2_launch_template_imdsv2_required", "ec2_launch_template_no_secrets"))


def cluster(account: Account, good: bool) -> Iterator[Witness]:
    role, made = account.role("eks"), account.network
    managed = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    account("iam").attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=managed)
    kinds = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    place: dict[str, Any] = {"subnetIds": list(made.subnets)}
    place |= {"endpointPublicAccess": not good, "endpointPrivateAccess": good}
    if good:
        place["securityGroupIds"] = [made.group]
    secrets = [{"resources": ["secrets"], "provider": {"keyArn": account.key}}]
    account("eks").create_cluster(
        name=NAME,
        version="1.34",
        roleArn=role,
        resourcesVpcConfig=place,
        logging={"clusterLogging": [{"types": kinds if good else kinds[:1], "enabled": True}]},
        **({"deletionProtection": True, "encryptionConfig": secrets} if good else {}),
    )
    yield Witness(f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{NAME}", (
        "eks_cluster_not_publicly_accessible", "eks_cluster_private_nodes_enabled",
        "eks_cluster_kms_cmk_encryption_in_secrets_enabled", "eks_control_plane_logging_all_types_enabled",
        "eks_cluster_deletion_protection_enabled", "eks_cluster_network_policy_enabled",
    ))  # fmt: skip


def notebook(account: Account, good: bool) -> Iterator[Witness]:
    sagemaker, made, given = account("sagemaker"), account.network, {}
    if good:
        given = {"SubnetId": made.subnets[0], "SecurityGroupIds": [made.group], "KmsKeyId": account.key}
    said = base64.b64encode(("echo hello" if good else PASSWORD).encode()).decode()
    sagemaker.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=NAME, OnStart=[{"Content": said}]
    )
    arn = sagemaker.create_notebook_instance(
        NotebookInstanceName=NAME,
        InstanceType="ml.t3.medium",
        LifecycleConfigName=NAME,
        RoleArn=account.role("sagemaker"),
        RootAccess="Disabled" if good else "Enabled",
        DirectInternetAccess="Disabled" if good else "Enabled",
        **given,
    )["NotebookInstanceArn"]
    yield Witness(arn, (
        "sagemaker_notebook_instance_root_access_disabled", "sagemaker_notebook_instance_encryption_enabled",
        "sagemaker_notebook_instance_vpc_settings_configured", "sagemaker_notebook_instance_no_secrets",
        "sagemaker_notebook_instance_without_direct_internet_access_configured",
    ))  # fmt: skip


def training_job(account: Account, good: bool) -> Iterator[Witness]:
    made = account.network
    place = {"SecurityGroupIds": [made.group], "Subnets": list(made.subnets)}
    by_key, of_volume = ({name: account.key} if good else {} for name in ("KmsKeyId", "VolumeKmsKeyId"))
    arn = account("sagemaker").create_training_job(
        TrainingJobName=NAME,
        RoleArn=account.role("sagemaker"),
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://elsewhere/", **by_key},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1, **of_volume},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        EnableNetworkIsolation=good,
        EnableInterContainerTrafficEncryption=good,
        **({"VpcConfig": place} if good else {}),
    )["TrainingJobArn"]
    yield Witness(arn, (
        "sagemaker_training_jobs_intercontainer_encryption_enabled",
        "sagemaker_training_jobs_network_isolation_enabled", "sagemaker_training_jobs_vpc_settings_configured",
        "sagemaker_training_jobs_volume_and_output_encryption_enabled",
    ))  # fmt: skip


def model(account: Account, good: bool) -> Iterator[Witness]:
    sagemaker, made = account("sagemaker"), account.network
    place = {"SecurityGroupIds": [made.group], "Subnets": list(made.subnets)}
    arn = sagemaker.create_model(
        ModelName=NAME,
        ExecutionRoleArn=account.role("sagemaker"),
        PrimaryContainer={"Image": IMAGE},
        EnableNetworkIsolation=good,
        **({"VpcConfig": place} if good else {}),
    )["ModelArn"]
    variant = {"VariantName": "a", "ModelName": NAME, "InstanceType": "ml.m5.large"}
    served = sagemaker.create_endpoint_config(
        EndpointConfigName=NAME,
        ProductionVariants=[{**variant, "InitialInstanceCount": 2 if good else 1}],
        **({"KmsKeyId": account.key} if good else {}),
    )["EndpointConfigArn"]
    yield Witness(arn, ("sagemaker_models_network_isolation_enabled", "sagemaker_models_vpc_settings_configured"))
    yield Witness(served, (
        "sagemaker_endpoint_config_kms_encryption_enabled", "sagemaker_endpoint_config_prod_variant_instances",
    ))  # fmt: skip


def registry(account: Account, good: bool) -> Iterator[Witness]:
    if good:
        sagemaker = account("sagemaker")
        sagemaker.create_model_package_group(ModelPackageGroupName=NAME)
        sagemaker.create_model_package(ModelPackageGroupName=NAME, ModelApprovalStatus="Approved")
    yield Witness(ANYTHING, ("sagemaker_models_registry_in_use",))


def load_balancer(account: Account, good: bool) -> Iterator[Witness]:
    made, balancing = account.network, account("elbv2")
    balancer = balancing.create_load_balancer(
        Name=NAME,
        Subnets=list(made.subnets),
        SecurityGroups=[made.group],
        Scheme="internal" if good else "internet-facing",
    )["LoadBalancers"][0]["LoadBalancerArn"]
    target = balancing.create_target_group(Name=NAME, Protocol="HTTP", Port=80, VpcId=made.vpc)["TargetGroups"][0]
    where: dict[str, Any] = {"Protocol": "HTTP", "Port": 80}
    if good:
        certificate = account("acm").request_certificate(DomainName="example.com")["CertificateArn"]
        where = {"Protocol": "HTTPS", "Port": 443, "Certificates": [{"CertificateArn": certificate}]}
        where["SslPolicy"] = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    action = [{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}]
    balancing.create_listener(LoadBalancerArn=balancer, DefaultActions=action, **where)
    yield Witness(balancer, ("elbv2_internet_facing", "elbv2_ssl_listeners", "elbv2_waf_acl_attached"))


def endpoint(account: Account, good: bool) -> Iterator[Witness]:
    who = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} if good else "*"
    made = account("ec2").create_vpc_endpoint(
        VpcId=account.network.vpc,
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{REGION}.s3",
        PolicyDocument=document({"Effect": "Allow", "Principal": who, "Action": "s3:*", "Resource": "*"}),
    )["VpcEndpoint"]["VpcEndpointId"]
    yield Witness(made, ("vpc_endpoint_connections_trust_boundaries",))


SAMPLES: tuple[Sample, ...] = (
    network,
    launch_template,
    cluster,
    notebook,
    training_job,
    model,
    registry,
    load_balancer,
    endpoint,
)
