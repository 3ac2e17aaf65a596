"""These tests are about the exercises of the course, which the other tests of the engine keep out."""

import pytest


@pytest.fixture(autouse=True)
def no_exercises():
    """Keep the exercises of the course."""
