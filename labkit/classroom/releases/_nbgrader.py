"""A course folder for nbgrader, whose tests have the hidden probes."""

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.classroom.box.values import pack_argument
from labkit.classroom.questions import find_expression
from labkit.classroom.releases._notebooks import notebook_bytes, released_cells, set_source, vary_notebook

if TYPE_CHECKING:
    from labkit.classroom.releases.released import Release

TESTED = "0.9.6"  # the version of nbgrader that the tests run
SLOWER = 10  # times as slow as the machine of the budgets may a grader's be, for one cell
SHORTEST = 300  # seconds

CONFIG = '''\
"""Settings of nbgrader for this release of Fairness Lab; written by `labkit class release --nbgrader`."""

from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

c = get_config()  # noqa: F821, nbgrader defines it
c.CourseDirectory.course_id = "fairness-lab"

# nbgrader gives a cell 30 seconds; some cells of the notebooks take minutes.
c.Execute.timeout = {timeout}
c.ExecutePreprocessor.timeout = {timeout}

# The stubs are what students get. `ClearSolutions` would put "YOUR CODE HERE" in their place.
steps = GenerateAssignment.class_traits()["preprocessors"].default()
c.GenerateAssignment.preprocessors = [step for step in steps if step is not ClearSolutions]

# A test that a student deleted comes back before grading.
c.OverwriteCells.add_missing_cells = True

# Feedback would show the hidden tests to students (nbgrader #917).
steps = GenerateFeedback.class_traits()["preprocessors"].default()
c.GenerateFeedback.preprocessors = [*steps, ClearHiddenTests]
'''

NOTE = """\
# A course folder for nbgrader

Written for nbgrader {tested}, which the tests run on folders like this one. In this folder:

```sh
{commands}
```

Hand out what is then in `release/`, and nothing else from here: `source/` holds the hidden probes, as hidden tests.
Everybody gets the same notebook, with the variants of number {number}. Add the settings of `nbgrader_config.py` to your
own if you have a course folder already: without them nbgrader replaces the stubs, stops after 30 seconds in a cell, and
shows the hidden tests in its feedback.

## What nbgrader does not protect against

- It runs students' code as you: `autograde` can read and change your files, the gradebook and other submissions
  (nbgrader #483). Call it in a container or on a machine for nothing else.
- Judging happens in the kernel of the student's code. Code in an answer can silence tracebacks, after which tests that
  fail look as if they passed (nbgrader PR #1324), and can read the hidden probes and print them into the outputs, which
  feedback shows.
- Every answer is in the package that students have installed, and so is the way from a seed to the probes; only the
  seed is yours.
- A duplicated or retyped cell can cost a whole notebook (nbgrader #1941).

`labkit class grade` has none of these problems: student code runs in a box without network, files and probes, and its
answers are judged outside.
"""


def write_course(folder: Path, made: "Release", originals: dict[str, dict[str, Any]]) -> None:
    """Write a course folder for nbgrader: an assignment for each notebook, settings, and a note.

    Parameters
    ----------
    folder : pathlib.Path
        To be made.
    made : Release
        Without a roster.
    originals : dict of str to dict
        The notebooks, by name, as `labkit build` wrote them.
    """
    for name, notebook in originals.items():
        place = folder / "source" / name
        place.mkdir(parents=True)
        varied = vary_notebook(notebook, made.number())
        (place / f"{name}.ipynb").write_bytes(notebook_bytes(add_hidden_tests(varied, made.probes(name))))
    budgets = [each["metadata"].get("labkit", {}).get("budget", {}).get("seconds", 0) for each in originals.values()]
    timeout = max(SHORTEST, SLOWER * round(max(budgets)))
    (folder / "nbgrader_config.py").write_bytes(CONFIG.format(timeout=timeout).encode())
    steps = ("generate_assignment", "autograde", "generate_feedback")
    commands = "\n".join(f"nbgrader {step} {name}" for name in originals for step in steps)
    note = NOTE.format(tested=TESTED, number=made.number(), commands=commands)
    (folder / "README.md").write_bytes(note.encode())


def add_hidden_tests(notebook: dict[str, Any], probes: dict[str, list[tuple]]) -> dict[str, Any]:
    """Return a notebook whose check cells end with the hidden probes, in what nbgrader cuts out for students."""
    tested = deepcopy(notebook)
    for cell, each in zip(tested["cells"], released_cells(notebook), strict=True):
        if each.role != "check" or each.exercise not in probes:
            continue
        packed = json.dumps([pack_argument(list(call)) for call in probes[each.exercise]])
        answer = find_expression(each.exercise, each.source)
        lines = [
            each.source,
            "### BEGIN HIDDEN TESTS",
            "from labkit.classroom.releases import check_hidden",
            f"check_hidden({each.exercise!r}, {answer}, {packed!r})",
            "### END HIDDEN TESTS",
        ]
        set_source(cell, "\n".join(lines))
    return tested
