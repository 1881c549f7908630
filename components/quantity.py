"""Quantities as Kubernetes itself writes them, so that nothing that stores an object anew looks like a change of it.

An API server or a webhook that reads "1024Gi" writes "1Ti", and "0" where it read "0Gi" (Kubernetes API reference,
"Quantity": the canonical form has no fraction and the largest suffix that there is).
"""


def cores(cpus: float) -> str:
    """Processors, to a thousandth."""
    milli = round(cpus * 1000)
    return f"{milli}m" if milli % 1000 else count(milli // 1000)


def count(units: int) -> str:
    """Whole things, as GPUs and pods are."""
    return _largest(units, ("", "k", "M", "G"), 1000)


def size(gib: float) -> str:
    """Bytes, of GiB, to a MiB."""
    return _largest(round(gib * 1024), ("Mi", "Gi", "Ti", "Pi"), 1024)


def _largest(number: int, suffixes: tuple[str, ...], step: int) -> str:
    if not number:
        return "0"
    power = 0
    while number % step == 0 and power < len(suffixes) - 1:
        number //= step
        power += 1
    return f"{number}{suffixes[power]}"
