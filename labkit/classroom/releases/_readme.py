"""What a student machine needs, and what the teacher's folder is, as text."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib import metadata
from typing import Any

from labkit.data.fetching import read_carriers
from labkit.data.tables import read_registry
from labkit.language.causal_lm.files import CARRIER
from labkit.layout.markdown import escape_markdown
from labkit.version import __version__

STUDENT = """\
# {title}

{person}
{deadline}

| notebook | points | takes about | memory |
|---|---|---|---|
{notebooks}

Work in these files and hand in these files, under their names, as saved by JupyterLab. Answers go into the cells below
the exercises. `check(...)` tells you at once whether an answer holds for the calls and numbers that you can see; marks
are given by others, outside of your notebook. Do not delete the cells of exercises: an answer is found by its cell.

## What your machine needs

Python {python}, {memory} MB of free memory, and version {version} of the course (ask your teacher where to get it). In
the folder of the course, once; `constraints.txt`, next to this file, has the versions that were tested:

```sh
python3 -m venv .venv
. .venv/bin/activate
pip install torch -c constraints.txt
pip install -e ".[course]" -c constraints.txt
labkit fetch
labkit doctor
```

On Windows, in PowerShell, the first two lines are `py -m venv .venv` and `.venv\\Scripts\\Activate.ps1`. `labkit fetch`
downloads the texts and the model that do not come with the course ({download} MB), and `labkit doctor` names the
command that repairs what it finds. After that nothing needs a network. Then put the notebooks into the folder `work/`
of the course, and open them:

```sh
jupyter lab
```

`labkit progress` counts what is correct so far. Do not call `labkit start --update` for these notebooks: the course's
own copies have other numbers than yours.
"""

TEACHER = """\
# The teacher's part of a release

Keep this folder to yourself. `manifest.json` holds the seed: whoever knows it can compute the hidden probes. Without it
nothing that was handed out can be graded. Everything next to this folder is for students.

The hidden probes are the same for the whole class, and known to it as soon as feedback pages are out: pages name the
call that an answer fails. A table of results then passes without a function. For a second attempt, write another
release, with another seed, into another folder; or call `labkit class grade` with `--general-hints` from the first time
on, so that pages name no call.

To write the same files again, also with more students on the roster or with more notebooks:
`labkit class release` with the same folder; without `--seed` it takes the seed from here.

| exercise | points | marked by |
|---|---|---|
{exercises}
"""


def describe_deadline(deadline: str) -> str:
    """Return a deadline in words.

    Examples
    --------
    >>> describe_deadline("2026-12-18T23:59+01:00")
    'Friday, 18 December 2026, 23:59 (UTC+01:00)'
    """
    moment = datetime.fromisoformat(deadline)
    return f"{moment:%A}, {moment.day} {moment:%B %Y, %H:%M} ({moment.tzname()})"


def write_student_readme(
    notebooks: Mapping[str, dict[str, Any]], points: Mapping[str, int], *, person: str, number: int, deadline: str
) -> str:
    """Return the README that a student gets.

    Parameters
    ----------
    notebooks : mapping of str to dict
        JSON, by name.
    points : mapping of str to int
        By name.
    person : str
        Whom the folder is for; empty for everybody.
    number : int
        Of the student, or of the class.
    deadline : str
        For `datetime.datetime.fromisoformat`; empty for none.
    """
    budgets = {name: each["metadata"].get("labkit", {}).get("budget", {}) for name, each in notebooks.items()}
    lines = [
        f"| `{name}.ipynb` | {points[name]} | {budget.get('seconds', '?')} s | {budget.get('mb', '?')} MB |"
        for name, budget in budgets.items()
    ]
    whose = f"For {escape_markdown(person)}. Your number is" if person else "Everybody's number is"
    return STUDENT.format(
        title=" and ".join(notebooks),
        person=f"{whose} {number}. Some exercises show it: with another number they ask for other values.",
        deadline=f"Hand in by {describe_deadline(deadline)}." if deadline else "",
        notebooks="\n".join(lines),
        python=metadata.metadata("fairness-lab")["Requires-Python"],
        memory=max([budget.get("mb", 0) for budget in budgets.values()]),
        version=__version__,
        download=round(count_download() / 1e6),
    )


def count_download() -> int:
    """Return the bytes that `labkit fetch` downloads on a new machine."""
    carriers = read_carriers()
    fetched = {each["origin"]["carrier"] for each in read_registry().values() if each.get("fetched")}
    return sum(carriers[name].size for name in fetched | {CARRIER})


def write_teacher_readme(rows: Iterable[Sequence[object]]) -> str:
    """Return the README of the teacher's folder, from rows of exercise, points and how it is marked."""
    return TEACHER.format(exercises="\n".join(f"| {' | '.join(map(str, row))} |" for row in rows))
