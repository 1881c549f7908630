"""Serving: models cannot call out, and only the VPC can call in."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.pod_egress import NETWORK_POLICY, bounded
from policies.pods import INFERENCE_LABEL
from policies.reading import as_list
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_on,
    literal,
    look,
    parts,
    present,
    skip,
    text,
    undetermined,
)

MODEL = "aws:sagemaker/model:Model"
INFERENCE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
SERVICE = "kubernetes:core/v1:Service"
INGRESS = (
    "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:networking.k8s.io/v1beta1:Ingress",
    "kubernetes:extensions/v1beta1:Ingress",
)
ROUTE, METHOD = "aws:apigatewayv2/route:Route", "aws:apigateway/method:Method"
HTTP_API = "aws:apigatewayv2/api:Api"
API, FUNCTION_URL = "aws:apigateway/restApi:RestApi", "aws:lambda/functionUrl:FunctionUrl"

VISIBILITY = ("networking.kserve.io/visibility", "networking.knative.dev/visibility")
SCHEMES = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
}
INGRESS_SCHEME = "alb.ingress.kubernetes.io/scheme"
AUTHORIZED = {ROUTE: ("AWS_IAM", "JWT"), METHOD: ("AWS_IAM", "COGNITO_USER_POOLS"), FUNCTION_URL: ("AWS_IAM",)}


@control(
    "ML-06",
    title="Served models cannot call out",
    kind="stack",
    severity="high",
    types=(MODEL, INFERENCE, NETWORK_POLICY),
    subjects=(MODEL, INFERENCE),
    basis=("32(1)(b)", "5(1)(f)"),
    refs=("securityhub:SageMaker.5", "CKV_AWS_370", "prowler:sagemaker_models_network_isolation_enabled",
          "prowler:sagemaker_models_vpc_settings_configured", "prowler:AISF-ML-01"),
)  # fmt: skip
def models_cannot_call_out(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A model has network isolation on, which it has not by default, and a VPC configuration with subnets and security
    groups; the pods of an inference service are selected by network policies for egress, and none opens the internet:
    ranges that a VPC endpoint tells are those of its service.
    """
    if one.type == INFERENCE:
        yield from _egress(one, stack)
        return
    found, fix = "the container may call anybody", "set enableNetworkIsolation to true"
    isolated = expect(one.props, "enableNetworkIsolation", is_on, found, fix, default=False)
    yield from parts(isolated, *(_placed(one, f"vpcConfig.{path}") for path in ("subnets", "securityGroupIds")))


def _placed(model: Resource, path: str) -> Iterator[Problem]:
    value = look(model.props, path)
    if value is not UNKNOWN and not as_list(value):
        yield fail(path, "not set, so the model runs outside the VPC", "set private subnets and a security group")


def _egress(service: Resource, stack: Stack) -> Iterator[Problem]:
    own = literal(service.props, "metadata.labels", {})
    labels = {**(own if isinstance(own, Mapping) else {}), INFERENCE_LABEL: look(service.props, "metadata.name")}
    yield from bounded(service, labels, stack, f"add a NetworkPolicy of type Egress for the label {INFERENCE_LABEL}")


@control(
    "ML-09",
    title="No public serving endpoint",
    kind="resource",
    severity="critical",
    types=(INFERENCE, ROUTE, METHOD, API, HTTP_API, FUNCTION_URL, SERVICE, *INGRESS),
    basis=("25(2)", "32(1)(b)"),
    refs=("securityhub:APIGateway.8", "CKV_AWS_59", "CKV_AWS_309", "CKV2_AWS_70", "trivy:AWS-0004",
          "prowler:apigateway_restapi_public_with_authorizer", "prowler:apigatewayv2_api_authorizers_enabled"),
)  # fmt: skip
def serving_is_private(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Inference services are cluster-local; load balancers of services and ingresses say that they are internal, which
    not every controller takes for granted; REST APIs are private; routes and methods (OPTIONS aside) ask for IAM or a
    JWT, function URLs for IAM; an HTTP API makes no routes by a target, a route key or a document of its own. What is
    public is approved under {approved} with owner, authentication and rate limit.
    """
    if any(_approval(entry, one) for entry in given.get("approved", ())):
        return
    if one.type == INFERENCE:
        yield from _local(one)
    elif one.type == SERVICE:
        yield from _balanced(one)
    elif one.type in INGRESS:
        yield from _ingress(one, given)
    elif one.type == API:
        yield from _endpoints(one)
    elif one.type == HTTP_API:
        yield from _shortcuts(one)
    elif one.type != METHOD or text(one.props, "httpMethod") != "OPTIONS":
        path = "authorizationType" if one.type != METHOD else "authorization"
        allowed = AUTHORIZED[one.type]
        fix = f"set {' or '.join(allowed)}"
        yield from expect(one.props, path, lambda value: value in allowed, "anybody may call it", fix, default="NONE")


def _approval(entry: Mapping[str, str], one: Resource) -> bool:
    complete = all(entry.get(key) for key in ("owner", "authentication", "rateLimit"))
    return complete and entry.get("urn") == one.urn


def _metadata(one: Resource, kind: str) -> Mapping[str, Any]:
    value = literal(one.props, f"metadata.{kind}", {})
    return value if isinstance(value, Mapping) else {}


def _said(one: Resource, kind: str, wanted: Mapping[str, str], found: str, fix: str) -> Iterator[Problem]:
    """One of the labels or annotations `wanted` has its value."""
    given = _metadata(one, kind)
    if any(given.get(key) == value for key, value in wanted.items()):
        return
    unknown = [key for key in wanted if given.get(key) is UNKNOWN]
    path = f"metadata.{kind}.{(unknown or list(wanted))[0]}"
    yield undetermined(path) if unknown else fail(path, found, fix)


def _local(one: Resource) -> Iterator[Problem]:
    wanted = dict.fromkeys(VISIBILITY, "cluster-local")
    yield from _said(one, "labels", wanted, "reachable from outside the cluster", "set cluster-local")


def _balanced(one: Resource) -> Iterator[Problem]:
    if text(one.props, "spec.type", "ClusterIP") != "LoadBalancer":
        yield skip("has no load balancer")
        return
    yield from _said(one, "annotations", SCHEMES, "the load balancer may be public", "set internal")


def _ingress(one: Resource, given: Parameters) -> Iterator[Problem]:
    if text(one.props, "spec.ingressClassName") in given.get("internalIngressClasses", ()):
        return
    wanted = {INGRESS_SCHEME: "internal"}
    fix = "set internal, or use a class of ML-09.internalIngressClasses"
    yield from _said(one, "annotations", wanted, "the load balancer may be public", fix)


def _shortcuts(api: Resource) -> Iterator[Problem]:
    """Routes that are made beside the program: that of a target asks nobody (API Gateway guide, "quick create")."""
    made = [path for path in ("target", "routeKey", "body") if present(api.props, path)]
    for path in made:
        yield fail(path, "makes routes that anybody may call", "remove it; declare each Route with its authorization")
    if not made:
        yield skip("its routes say who may call it")


def _endpoints(api: Resource) -> Iterator[Problem]:
    path, fix = "endpointConfiguration.types", "set PRIVATE, with a VPC endpoint"
    kinds = literal(api.props, path) if present(api.props, "endpointConfiguration") else None
    found = as_list(kinds)
    if UNKNOWN in found:
        yield undetermined(path)
    elif found != ["PRIVATE"]:
        yield fail(path, "not private" if found else "not set, so the API answers the internet", fix)
