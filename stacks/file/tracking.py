"""The model of the key `tracking`."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.file.vocabulary import Part


class Tracking(Part):
    """The server for experiments and models, in the cluster: records in the database, files in the artifact bucket."""

    backend: Literal["mlflow", "modeldb"] = "mlflow"
    """Which server."""

    replicas: Annotated[int, Field(ge=1, le=5)] = 1
    """Copies of it; from two on they are spread over zones, so that one may fail."""
