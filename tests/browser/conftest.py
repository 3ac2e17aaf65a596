"""What browser tests share: Chromium."""

import pytest

from tests.browser.chromium import open_browser


@pytest.fixture(scope="module")
def browser():
    """Chromium, started once for the tests of a file.

    Not once for all: as long as Playwright is at work, an event loop runs, and other tests could not start theirs.
    """
    with open_browser() as started:
        yield started
