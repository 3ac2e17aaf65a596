"""What browser tests share: one Chromium."""

import pytest

from tests.browser.chromium import open_browser


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once."""
    with open_browser() as started:
        yield started
