"""What the referees have to say when all tests have run."""

from collections.abc import Callable
from typing import Any

import pytest

TOLD = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture(scope="module")
def tell(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Called with a title and lines that shall stand at the end of the run, whether or not tests failed."""

    def tell(title: str, *lines: str) -> None:
        pytestconfig.stash.setdefault(TOLD, {}).setdefault(title, []).extend(lines)

    return tell


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for title, lines in terminalreporter.config.stash.get(TOLD, {}).items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
