"""What moto lacks or gets wrong: one file a fault, each with one line on why."""

import importlib
import pkgutil


def load() -> None:
    """Imports every extension, which registers it."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
