"""What the controls take as told: entries that people keep in `policies/config/`, which no resource proves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies import rule


@dataclass(frozen=True, kw_only=True)
class Told:
    """One entry of a register."""

    register: str
    """Where it stands: `LOG.baseline`."""

    entry: Mapping[str, object]


def told(levels: rule.Config) -> tuple[Told, ...]:
    """Every entry of every register, a list of mappings among the parameters, by register."""
    return tuple(_entries(levels))


def _entries(levels: rule.Config) -> Iterator[Told]:
    for id, parameters in sorted(levels.parameters.items()):
        for name, value in sorted(parameters.items()):
            for entry in value if isinstance(value, list) else ():
                if isinstance(entry, Mapping):
                    yield Told(register=f"{id}.{name}", entry=entry)
