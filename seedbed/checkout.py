"""The checkout that a command works in, and the environments it ships."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from policies.rule import PACKS
from seedbed.failures import MissingError, WrongInputError
from stacks.settings import Settings, SettingsError, load


@dataclass(frozen=True)
class Checkout:
    """A clone of the project: its program, its policies and its environment files."""

    root: Path
    """Absolute folder of Pulumi.yaml."""

    @property
    def state(self) -> Path:
        """Folder of everything that a run leaves behind; ignored by git."""
        return self.root / ".seedbed"

    @property
    def program(self) -> Path:
        return self.root / "stacks" / "environment"

    @property
    def policy_packs(self) -> list[Path]:
        """Folders of the packs that judge every preview and every up."""
        return [self.root / "policies" / pack for pack in PACKS]

    def environments(self) -> list[str]:
        """Names of the shipped environments, in alphabetical order."""
        return sorted(
            path.name.removeprefix("Pulumi.").removesuffix(".yaml")
            for path in self.root.glob("Pulumi.*.yaml")
            if path.is_file()
        )

    def file(self, environment: str) -> Path:
        """The settings file of an environment; WrongInputError where none is shipped under that name."""
        shipped = self.environments()
        if environment not in shipped:
            near = difflib.get_close_matches(environment, shipped, n=1, cutoff=0.4)
            raise WrongInputError(
                f"{self.root}: no environment {environment!r}. Shipped: {', '.join(shipped) or 'none'}."
                + (f" Nearest: {near[0]}." if near else ""),
                do=f"Use one of them, or write {self.root / f'Pulumi.{environment}.yaml'} after an existing one.",
            )
        return self.root / f"Pulumi.{environment}.yaml"

    def settings(self, environment: str) -> Settings:
        """The settings of an environment; WrongInputError with every problem of its file."""
        path = self.file(environment)
        try:
            return load(path)
        except SettingsError as error:
            raise WrongInputError(f"{error}", do=f"Mend {path}; nothing was started or changed.") from error


def find_checkout(start: Path | None = None) -> Checkout:
    """The checkout that holds `start` (default: the working directory), else the one this package came from.

    `SEEDBED_ROOT` names one outright.
    """
    if named := os.environ.get("SEEDBED_ROOT"):
        root = Path(named).resolve()
        if not _is_checkout(root):
            raise MissingError(
                f"SEEDBED_ROOT={named}: no Seedbed checkout there (Pulumi.yaml and stacks/environment are missing).",
                do="Point SEEDBED_ROOT at a clone, or unset it and run inside one.",
            )
        return Checkout(root)
    here = (start or Path.cwd()).resolve()
    package = Path(__file__).resolve().parents[1]
    for folder in (here, *here.parents, package):
        if _is_checkout(folder):
            return Checkout(folder)
    raise MissingError(
        f"{here}: no Seedbed checkout here or above (Pulumi.yaml with stacks/environment beside it).",
        do="Change into a clone of the project and run the command again.",
    )


def _is_checkout(folder: Path) -> bool:
    return (folder / "Pulumi.yaml").is_file() and (folder / "stacks" / "environment").is_dir()
