"""What a person does when the engine says no."""

import re

from seedbed.engine_run import EngineRun
from seedbed.workspace import UNREACHABLE, Workspace

SILENT_CLUSTER = "cluster is unreachable"
"""In the Kubernetes provider's words on one that it cannot reach."""

SILENT_WEBHOOK = re.compile("failed calling webhook|conversion webhook for .* failed")
"""The API server's words on a program that judges objects, or converts them, and does not answer."""


def mend_settings(workspace: Workspace) -> str:
    """After a violation."""
    return (
        f"Mend what each violation names (settings: {workspace.checkout.file(workspace.name)}), "
        f"then see: seedbed check {workspace.name}"
    )


def way_on(workspace: Workspace, words: str, run: EngineRun) -> str:
    """After the engine's own refusal, by its `words` and what the run heard from the providers."""
    everything = "\n".join((words, *(d.message for d in run.diagnostics)))
    if SILENT_WEBHOOK.search(everything):
        return (
            "A controller of the cluster does not answer, so the API server takes nothing that it looks after: "
            f"seedbed status {workspace.name} says what its pods lack. Mend that and run the same command again. Where "
            "the program has the mend, bring up the controllers alone first: "
            f'eval "$(seedbed env {workspace.name} --engine)"; pulumi up --refresh --stack {workspace.name} '
            "--target '**seedbed:chart:Chart$kubernetes:apps/v1:Deployment::**'"
        )
    if SILENT_CLUSTER in everything:
        return (
            f"The cluster does not answer from here: seedbed status {workspace.name} says why. Once it does, run the "
            "same command again: it goes on. What was deleted with the cluster: "
            f"{UNREACHABLE}=true and the same command strikes it off."
        )
    if workspace.on_this_machine:
        return "Mend the cause and run the same command again: it goes on. The account's log: seedbed cloud logs"
    if "passphrase" in words:
        return "Set PULUMI_CONFIG_PASSPHRASE, or change the stack's secrets provider."
    if "pulumi login" in words or "access token" in words.lower():
        return "Log in to the backend that keeps this environment's state: pulumi login"
    return "Mend the cause and run the same command again: it goes on where this one stopped."
