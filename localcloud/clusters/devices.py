"""What a node's device plugin tells of its GPUs, from what Bottlerocket was told at the node's start."""

import base64
import binascii
import re
import tomllib
from typing import Any

from localcloud.clusters.instances import GPU, Instance

SHARED = "nvidia.com/gpu.shared"
"""How the device plugin of NVIDIA names shared GPUs, unless it is told not to."""


def advertised(instance: Instance, user_data: str | None) -> tuple[str, int]:
    """Resource and number of the node's GPUs: whole, cut by MIG, or shared by time slicing.

    Bottlerocket, "kubelet-device-plugins": `device-partitioning-strategy`, `mig.profile`, `device-sharing-strategy`,
    `time-slicing`. Its device plugin tells parts of the same size by the name of whole GPUs (MIG strategy `single`).
    """
    said = settings(user_data)
    name, units = GPU, instance.gpus
    if said.get("device-partitioning-strategy") == "mig":
        units *= _parts(instance, said.get("mig", {}).get("profile", {}))
    if said.get("device-sharing-strategy") == "time-slicing":
        slicing = said.get("time-slicing", {})
        units *= int(slicing.get("replicas", 2))
        name = SHARED if slicing.get("rename-by-default", True) else GPU
    return name, units


def settings(user_data: str | None) -> dict[str, Any]:
    """`settings.kubelet-device-plugins.nvidia` of user data; empty where there is none, or where it is not TOML."""
    try:
        told = tomllib.loads(base64.b64decode(user_data or "", validate=True).decode())
    except (binascii.Error, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    found = told.get("settings", {}).get("kubelet-device-plugins", {})
    return found.get("nvidia", {}) if isinstance(found, dict) else {}


def _parts(instance: Instance, profiles: dict[str, str]) -> int:
    """Parts of one GPU; the profile's key names model and memory, such as a100.40gb. A GPU that is not named stays."""
    model = (instance.accelerator or "").split("-")[0]
    wanted = profiles.get(f"{model}.{instance.gpu_memory_gib:.0f}gb")
    if wanted is None:
        return 1
    if wanted.isdigit():
        return int(wanted)
    return parts_of(wanted, instance.gpu_memory_gib) if not instance.mig or wanted in instance.mig else 0


def parts_of(profile: str, gpu_memory_gib: float) -> int:
    """How many parts of a profile such as 3g.20gb one GPU has.

    NVIDIA Multi-Instance GPU User Guide, "Partitioning": seven slices of compute and eight of memory.
    """
    found = re.fullmatch(r"(\d)g\.(\d+)gb", profile)
    if not found or not gpu_memory_gib:
        return 0
    compute, memory = (int(part) for part in found.groups())
    return min(7 // compute, 8 // max(1, round(memory / (gpu_memory_gib / 8))))
