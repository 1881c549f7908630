"""How strict an environment is: levels and parameters of every control, read from `policies/config/`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast, get_args

from policies.control import controls

Level = Literal["advisory", "mandatory", "disabled"]

FOLDER = Path(__file__).parent / "config"
SHARED = "defaults"
"""Parameters that hold everywhere unless an environment's file says otherwise; no environment of that name."""

STRICTEST = "prod"

PLACES = {"GOV-02": ("accounts", "contexts")}
"""Parameters that say where an environment is: those of prod are not handed on with its levels."""

SAME = "sameAs"
"""Key of a parameter that is another control's too, so that one list is kept in one place."""


class ConfigError(ValueError):
    """A file in `policies/config/` that cannot be used; says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Levels and parameters of one environment."""

    environment: str
    levels: Mapping[str, Level]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a reader of the verdict has to know about where the levels come from."""

    environments: tuple[str, ...] = ()
    """Names of the environments that have a file beside this one's."""

    def level(self, control: str) -> Level:
        """The level of a control; one that the file does not name is mandatory."""
        return self.levels.get(control, "mandatory")

    def of(self, control: str) -> Mapping[str, Any]:
        """The parameters of a control: those of its family (`RES`) under its own (`RES-02`)."""
        family = control.partition("-")[0]
        own = {**self.parameters.get(family, {}), **self.parameters.get(control, {})}
        return {name: self._meant(value) for name, value in own.items()}

    def _meant(self, value: Any) -> Any:
        """A value, or that of another control's parameter which it names: `{"sameAs": "RES.regions"}`."""
        if not (isinstance(value, Mapping) and set(value) == {SAME}):
            return value
        id, _, name = str(value[SAME]).partition(".")
        try:
            return self.parameters[id][name]
        except KeyError:
            raise ConfigError(f"{self.environment}: {SAME} names {id}.{name}, which no file sets; set it") from None


def config(environment: str, folder: Path = FOLDER) -> Config:
    """The levels of `environment`; one without a file of its own gets those of prod, and says so.

    Raises ConfigError where a file is missing, is no JSON, or names a level that does not exist.
    """
    own = environment if environment and environment != SHARED and (folder / f"{environment}.json").is_file() else ""
    notes = ()
    if not own:
        expected = folder / f"{environment or 'ENVIRONMENT'}.json"
        notes = (
            f"{expected} does not exist, so the levels of {STRICTEST} apply to environment "
            f"'{environment}'; copy {STRICTEST}.json to that name to set its own",
        )
    shared, file = _read(folder / f"{SHARED}.json"), _read(folder / f"{own or STRICTEST}.json")
    parameters = {
        id: {**shared.get("parameters", {}).get(id, {}), **file.get("parameters", {}).get(id, {})}
        for id in {*shared.get("parameters", {}), *file.get("parameters", {})}
    }
    for id, names in PLACES.items() if not own else ():
        parameters[id] = {name: value for name, value in parameters.get(id, {}).items() if name not in names}
    return Config(
        environment=environment,
        levels=file["levels"],
        parameters=parameters,
        notes=notes,
        environments=environments(folder),
    )


def environments(folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of the environments that have a file."""
    return tuple(sorted(path.stem for path in folder.glob("*.json") if path.stem != SHARED))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); restore it from git") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is no JSON ({error}); mend it or restore it from git") from error
    allowed = {"levels", "parameters"} if path.stem != SHARED else {"parameters"}
    sound = isinstance(content, dict) and not set(content) - allowed and ("levels" in content or path.stem == SHARED)
    if not sound or not all(isinstance(part, dict) for part in content.values()):
        raise ConfigError(f"{path}: must be an object of objects with the keys {', '.join(sorted(allowed))}")
    for id, level in content.get("levels", {}).items():
        if level not in get_args(Level):
            found, choice = json.dumps(level), ", ".join(get_args(Level))
            raise ConfigError(f"{path}: levels.{id} is {found}; allowed are {choice}")
    known = [one.id for one in controls()]
    for part, names in content.items():
        for id in set(names) - {*known, *(one.partition("-")[0] for one in known if part == "parameters")}:
            near = ", ".join(get_close_matches(id, known, 1)) or "one that `python -m policies` lists"
            raise ConfigError(f"{path}: {part}.{id} names no control; write {near}")
    return cast(dict[str, Any], content)
