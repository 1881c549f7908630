"""Which tests share a worker when files run side by side (`pytest -n`), and what is said when all have run."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.coverage_matrix import outcome

AT_HOME = ("test_environment.py", "test_data_versions.py", "test_cli_on_engine.py")
"""Files that look at one environment, brought up once."""

AT_WHOLE = ("test_pools.py", "test_queues.py", "test_types_kept.py", "test_whole_environment.py")
"""The same for the environment with its cluster."""


class _FilesAndHomes(LoadScopeScheduling):
    """A file is one piece of work, and so are files of one environment: what they bring up is brought up once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        name = file.rpartition("/")[2]
        return "home" if name in AT_HOME else "whole" if name in AT_WHOLE and "/integration/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _FilesAndHomes(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """After a run of all controls: which article, control and test belong together, and how the tests went."""
    if told := outcome(one for some in terminalreporter.stats.values() for one in some):
        terminalreporter.section("articles of the GDPR, controls and tests")
        terminalreporter.write(told)
