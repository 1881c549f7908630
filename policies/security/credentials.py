"""Credentials: none in plain inputs."""

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from policies.pods import core
from policies.reading import ABSENT, is_list, leaves
from policies.rule import UNKNOWN, Parameters, Problem, Resource, Stack, control, fail, undetermined

CONTAINERS = (
    *core("ConfigMap"),
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
    *core("Pod"),
    "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    "kubernetes:kubeflow.org/v1:PyTorchJob",
)

PATTERNS = re.compile(
    r"""(?x)
    \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                                    # access key id of AWS
    | -----BEGIN\ (?:[A-Z0-9]+\ )*PRIVATE\ KEY-----                  # PEM
    | \bgh[pousr]_[A-Za-z0-9]{36,}\b | \bgithub_pat_\w{40,}          # GitHub
    | \bglpat-[\w-]{20,}                                             # GitLab
    | \bxox[abeoprs]-[\w-]{10,}                                      # Slack
    | \bAIza[\w-]{35}\b                                              # Google
    | \b[rs]k_live_[A-Za-z0-9]{16,}                                  # Stripe
    | \bhf_[A-Za-z]{30,}\b                                           # Hugging Face
    | \bsk-(?:ant-|proj-)?[\w-]{32,}                                 # model providers
    | \beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}                        # JSON web token
    | \b[a-z][a-z0-9+.-]*://[^\s:/@]+:[^\s:/@$]{4,}@                 # address with a password
    | (?i:(?<![a-z])(?:password|passwd|secret_?(?:access_?)?key|api_?key|auth_?token|access_?token)\s*[=:]\s*["']?
      (?!arn:|/|https?://|vault:|ssm:)[^\s"'$*{<]{8,})
    """
)

SECRET_NAME = re.compile(
    r"""(?x)
    (?i:password|passwd|secret|token|api_?key|private_?key|credentials?)$
    | (?:^|[^A-Za-z]|(?<=[a-z])(?=[A-Z]))(?i:pass|pwd|(?:access|signing|encryption|secret)_?key(?:_?base)?)$
    """
)
"""Names of environment entries whose value is a credential, unless it points elsewhere; short ones as whole words."""

REFERENCE = re.compile(r"(?:arn:|alias/|/|\$\{|\$\(|\{\{|https?://|vault:|ssm:)")

ENTRY = re.compile(r"(?i)(?:^|\.)(?:environments?|env|variables|data|stringData|environmentVariables)(?:\[\d+\]|\.|$)")
"""Places of environment entries and configuration: here an unknown value may be a credential too."""

OPEN_TEXT = re.compile(r"(?i)(?:^|\.)(?:userData|userDataBase64|containerDefinitions)(?:\[\d+\]|\.|$)")

ONE_DIGIT = 0.2
"""Bits a character that a word with a single digit needs beyond the others: long names of things often have one."""

TOKEN = re.compile(r"[A-Za-z0-9+/_=]+")


@control(
    "GOV-06",
    title="No credential material in plain inputs",
    kind="resource",
    severity="critical",
    types=("aws:*", *CONTAINERS),
    basis=("32(1)(a)", "32(1)(b)"),
    refs=("CKV_AWS_46", "trivy:AWS-0029", "trivy:KSV-0109", "trivy:KSV-01010", "kube-linter:env-var-secret",
          "prowler:ec2_launch_template_no_secrets", "prowler:sagemaker_notebook_instance_no_secrets",
          "design:pulumi/pulumi-policy#241"),
)  # fmt: skip
def inputs_hold_no_credentials(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """No text among the inputs matches a credential pattern or has more entropy than {entropy} bits a character over
    {length} characters (0.2 more where it has one digit), outside the inputs {reserved} for secrets and those {public}
    that are long by nature; entries of an environment or configuration that are named like a credential point
    elsewhere. An unknown value is undecided where credentials are put: user data, environment entries, configuration.
    """
    apart = {*given.get("reserved", ()), *given.get("public", ())}
    for path, value, key, entry in _entries(one.props):
        if key in apart:
            continue
        if value is UNKNOWN:
            if ENTRY.search(path) or OPEN_TEXT.search(path):
                yield undetermined(path)
        elif isinstance(value, str) and _secret(path, entry, value, given):
            yield fail(
                path,
                "looks like a credential (the value is not shown)",
                "keep it in Secrets Manager and refer to its ARN; if it was real, revoke it",
            )


def _entries(props: object) -> list[tuple[str, Any, str, str]]:
    """Every value with its path, its own key, and what it is called: `value` by the `name` beside it."""
    found: list[tuple[str, Any, str, str]] = []
    queue: list[tuple[str, Any, str, str]] = [("", props, "", "")]
    while queue:
        where, one, key, entry = queue.pop()
        if isinstance(one, Mapping):
            for name, value in one.items():
                called = str(one.get("name", "")) if name == "value" else str(name)
                queue.append((f"{where}.{name}".removeprefix("."), value, str(name), called))
        elif is_list(one):
            queue += [(f"{where}[{index}]", value, key, entry) for index, value in enumerate(one)]
        elif one is not ABSENT:
            found.append((where, one, key, entry))
    return sorted(found, key=lambda leaf: leaf[0])


def _secret(path: str, entry: str, value: str, given: Parameters) -> bool:
    if OPEN_TEXT.search(path):
        value = _decoded(value)
    if PATTERNS.search(value):
        return True
    if any(_random(word, given) for text in _texts(value) for word in _words(text)):
        return True
    if not ENTRY.search(path):
        return False
    document = _document(value)
    entries = [(entry, value)] if document is None else [(key.rpartition(".")[2], text) for key, text in document]
    return any(SECRET_NAME.search(key) and len(text) >= 4 and not REFERENCE.match(text) for key, text in entries)


def _decoded(value: str) -> str:
    """User data as the machine reads it: EC2 takes it in base64, which looks like a secret itself and may hide one."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def _texts(value: str) -> list[str]:
    """The texts in a value: those of a JSON document one by one, or the value itself."""
    document = _document(value)
    return [value] if document is None else [text for _, text in document]


def _document(value: str) -> list[tuple[str, str]] | None:
    """Texts of a JSON document by their path, whose last name says what each is; None for another value."""
    if value[:1] not in ("{", "[") and not value[:1].isspace():
        return None
    try:
        return [(path, text) for path, text in leaves(json.loads(value)) if isinstance(text, str)]
    except (ValueError, RecursionError):
        return None


def _words(text: str) -> Iterator[str]:
    """Words as a generated secret may be one: base64 has a slash now and then, a path has many."""
    for word in TOKEN.findall(text):
        yield from word.split("/") if word.count("/") > 3 else [word]


def _random(word: str, given: Parameters) -> bool:
    """Whether a word is long, of mixed kinds and as irregular as a generated secret."""
    if len(word) < given.get("length", 32):
        return False
    digits = sum(map(str.isdigit, word))
    kinds = (any(map(str.islower, word)), any(map(str.isupper, word)), digits)
    return all(kinds) and entropy(word) > given.get("entropy", 4.3) + (ONE_DIGIT if digits == 1 else 0)


def entropy(word: str) -> float:
    """Shannon entropy in bits a character."""
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
