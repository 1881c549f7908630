"""`seedbed kubectl-config`: a kubeconfig of an environment's cluster."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from seedbed.account import Account
from seedbed.cluster import ClusterError, address_of
from seedbed.cluster.kubeconfig import as_text, for_people
from seedbed.command import running
from seedbed.failures import RefusedError, WrongInputError
from seedbed.reaching import reaching
from seedbed.workspace import is_local


def command(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="Name of an environment.")] = "local",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there instead of printing it.")
    ] = None,
) -> None:
    """Print a kubeconfig of a cluster: seedbed kubectl-config ENV --output FILE; export KUBECONFIG=FILE"""
    with running(for_machines=True) as said:
        settings = said.checkout.settings(environment)
        cloud = said.cloud() if is_local(settings) else None
        if settings.environment.cluster is None:
            raise WrongInputError(
                f"{environment}: no cluster in {said.checkout.file(environment)} (seedbed:environment.cluster).",
                do="Ask for an environment that has one, or add a cluster to this one.",
            )
        with reaching(settings):
            try:
                address = address_of(Account(settings, cloud))
            except ClusterError as error:
                raise RefusedError(f"{environment}: {error}.", do=f"seedbed up {environment}") from error
        document = for_people(address, settings.provider, cloud, said.checkout.root)
        if output is None:
            said.out.file.write(as_text(document))
            return
        write(output, document)
        said.err.print(f"{output}: context {address.name}. Use it: export KUBECONFIG={output}")


def write(file: Path, document: dict[str, Any]) -> None:
    """Writes a kubeconfig for its owner alone; WrongInputError where `file` holds others or cannot be written."""
    name = document["current-context"]
    others = sorted(_clusters(file) - {name})
    if others:
        raise WrongInputError(
            f"{file}: it holds other clusters ({', '.join(others)}), which would be lost; nothing was written.",
            do=f"Name a file of its own and use both: export KUBECONFIG={file}:OTHER",
        )
    try:
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(as_text(document))
    except OSError as error:
        raise WrongInputError(
            f"{file}: cannot be written: {error.strerror}.", do="Name a file in a folder that is there and yours."
        ) from error


def _clusters(file: Path) -> set[str]:
    """Names of the clusters in a file; what is no kubeconfig counts as one."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInputError(f"{file}: cannot be read: {error}.", do="Name another file.") from error
    try:
        found = yaml.safe_load(text)
        return {str(one["name"]) for one in (found or {}).get("clusters") or []}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {"something that is no kubeconfig"}
