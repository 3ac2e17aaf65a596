"""What the tests of runs share: one run of a small course, through the command."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from labkit.course.cli import app


@pytest.fixture(scope="session")
def ran(make_course, sources, tmp_path_factory):
    """One smoke run of a notebook that passes and one that fails: the course, its output folder and the command's end.

    Tests may read what it left, and must not change it.
    """
    course = make_course(tmp_path_factory.mktemp("ran"), sources)
    (course.notebooks / "profiles.toml").write_text("[smoke.00_half]\nSIZE = 7\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course.root)
        done = CliRunner().invoke(app, ["run", "--profile", "smoke", "--workers", "2"])
    return SimpleNamespace(course=course, folder=course.root / "build" / "smoke-solution", done=done)
