"""Which tests share a worker when files run side by side (`pytest -n`)."""

import pytest

AT_HOME = {"test_environment", "test_data_versions"}
"""Files that look at one environment, brought up once."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file is one piece of work, and so are files of one environment: what they bring up is brought up once."""
    for item in items:
        group = "home" if item.path.stem in AT_HOME else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
