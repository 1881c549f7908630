"""The models of the key `sagemakerEndpoints`, and of what any endpoint keeps."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.file.vocabulary import (
    Code,
    EndpointInstanceType,
    ImageDigest,
    LegalBasis,
    ModelArtifact,
    Name,
    Part,
    TagText,
    repository_and_digest,
)


class Instances(Part):
    """How far an endpoint scales."""

    min: Annotated[int, Field(ge=1, le=100)] = 1
    """Instances at least, which is also how many there are at first."""

    max: Annotated[int, Field(ge=1, le=100)] = 2
    """Instances at most; not less than `min`."""


class Model(Part):
    """What an endpoint serves."""

    image: ImageDigest
    """Serving image, by digest, in a repository of this environment's registry."""

    artifact: ModelArtifact
    """Key of the model in the artifact bucket."""

    @property
    def repository(self) -> str:
        """The image's repository as `images.repositories` has it."""
        return repository_and_digest(self.image)[0]

    @property
    def digest(self) -> str:
        """The image's digest, `sha256:` and 64 hexadecimal digits."""
        return repository_and_digest(self.image)[1]


class Capture(Part):
    """What is kept of the traffic: it is personal data, in a bucket of its own with the key of that class."""

    percent: Annotated[int, Field(ge=1, le=100)]
    """Percent of the requests that are kept."""

    retention_days: Annotated[int, Field(ge=2, le=90)]
    """Days after which a kept request is gone with its old version (GDPR Art. 5(1)(e))."""

    purpose: TagText
    """Why requests are kept (GDPR Art. 5(1)(b))."""

    legal_basis: LegalBasis
    """Why that is lawful (GDPR Art. 6(1))."""

    origin: Literal["real", "pseudonymised", "synthetic"] = "real"
    """Whose requests these are; outside production the policies refuse real personal data."""

    register_id: TagText | None = None
    """Entry in the record of processing activities (GDPR Art. 30)."""

    recipients: Annotated[tuple[Code, ...], Field(strict=False, max_length=10)] = ()
    """Codes of those who receive the data (GDPR Art. 30(1)(d))."""

    erasure_path: Code = "lifecycle-expiry"
    """Code of the way in which a person's data is erased on request (GDPR Art. 17)."""


class SageMakerEndpoint(Part):
    """A model behind an endpoint of SageMaker, for teams without a cluster."""

    name: Name
    """Unique in the environment; part of the endpoint's name."""

    instance_type: EndpointInstanceType = "ml.m7i.large"
    """Size of an instance; the families ml.t2 do not scale and are refused."""

    instances: Instances = Instances()
    """How far the endpoint scales."""

    model: Model | None = None
    """What is served. Without it nothing is created, and the outputs say so: the first deployment works before the
    first model exists."""

    capture: Capture | None = None
    """What is kept of the traffic; without it nothing. Needs a `controller`."""
