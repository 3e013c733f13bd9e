"""Settings that every test shares."""

import pytest
from hypothesis import settings

# A busy machine is not a wrong result: speed is measured by `make bench`, hanging is ended by pytest-timeout.
settings.register_profile("default", deadline=None, print_blob=True)
settings.load_profile("default")

BROKER_GROUP = "broker"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep everything that needs the broker on one worker: a second broker costs 320 MB and half the speed."""
    for item in items:
        if item.get_closest_marker("integration") is not None:
            item.add_marker(pytest.mark.xdist_group(BROKER_GROUP))
