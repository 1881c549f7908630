"""Settings that a Bottlerocket node with NVIDIA GPUs starts with."""

import base64

MIG_MODELS = {
    "a100": "a100.40gb",
    "a100-80gb": "a100.80gb",
    "h100": "h100.80gb",
    "h200": "h200.141gb",
    "b200": "b200.180gb",
}
"""Bottlerocket's name of an accelerator that can be partitioned (bottlerocket-core-kit, nvidia-migmanager)."""


def gpu_settings(accelerator: str, partition: str | None, share: int | None) -> str:
    """User data in TOML; empty for whole GPUs (Bottlerocket, "settings.kubelet-device-plugins.nvidia").

    `share` is how many pods take turns on a GPU. Raises ValueError for a partition of an accelerator that has none, and
    for both at once, which the device plugin does not know (EKS user guide, "MIG", "general considerations").
    """
    if partition and share:
        raise ValueError(
            f"partition and share: found {partition} and {share}; a partition is not shared, leave one out"
        )
    if partition:
        if accelerator not in MIG_MODELS:
            raise ValueError(f"partition: found {partition} with {accelerator}; allowed with {', '.join(MIG_MODELS)}")
        return (
            "[settings.kubelet-device-plugins.nvidia]\n"
            'device-partitioning-strategy = "mig"\n'
            "\n"
            "[settings.kubelet-device-plugins.nvidia.mig.profile]\n"
            f'"{MIG_MODELS[accelerator]}" = "{partition}"\n'
        )
    if share:
        # A pod that asked for two turns would get no more than with one.
        return (
            "[settings.kubelet-device-plugins.nvidia]\n"
            'device-sharing-strategy = "time-slicing"\n'
            "\n"
            "[settings.kubelet-device-plugins.nvidia.time-slicing]\n"
            f"replicas = {share}\n"
            "rename-by-default = false\n"
            "fail-requests-greater-than-one = true\n"
        )
    return ""


def user_data(settings: str) -> str:
    """`settings` as a launch template takes them."""
    return base64.b64encode(settings.encode()).decode()
