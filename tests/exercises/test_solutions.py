"""The code of solutions is found in the text of notebook sources."""

from labkit.exercises import _solutions as solutions
from labkit.exercises._solutions import cells_in, find_sources, read_solution, solutions_in

SOURCE = """\
# ---
# jupyter:
# ---

# %%
import math

# %% [markdown] tags=["exercise"]
# Exercise 05.1, then 05.2
# %% tags=["exercise"] exercise="05.1" points=2
def half(n):
    return ...


# %% tags=["solution"]
def half(n):

    return n / 2  # %% of n


# %% tags=["check"]
check("05.1", half)
# %% tags=["solution"]
print("no exercise asks for this")
# %% exercise="05.2" points=1 tags=["exercise"]
third = ...
# %% tags=["solution", "long"] reason="for once"
third = 1 / 3
"""


def test_the_solution_follows_its_exercise():
    """One for each exercise, without the blank lines around it; the order of a cell's metadata does not matter."""
    assert solutions_in(SOURCE) == {"05.1": "def half(n):\n\n    return n / 2  # %% of n", "05.2": "third = 1 / 3"}


def test_a_source_is_split_into_cells():
    """What is above the first cell is none; a text without cells has none."""
    assert cells_in(SOURCE)[0] == ("", "import math") and len(cells_in(SOURCE)) == 8
    assert cells_in("import math") == []


def test_sources_are_found_above_a_folder(tmp_path, monkeypatch):
    """From a student's folder in the course; else next to the package; else nowhere."""
    folder = tmp_path / "course" / "notebooks" / "solutions"
    folder.mkdir(parents=True)
    work = tmp_path / "course" / "work"
    work.mkdir()
    assert find_sources(work) == folder
    monkeypatch.setattr(solutions, "__file__", str(tmp_path / "course" / "labkit" / "exercises" / "solutions.py"))
    assert find_sources(tmp_path) == folder
    monkeypatch.setattr(solutions, "__file__", str(tmp_path / "labkit" / "exercises" / "solutions.py"))
    assert find_sources(tmp_path) is None


def test_only_the_source_of_the_notebook_is_read(tmp_path):
    """An exercise is looked for by its number; None where it is not."""
    (tmp_path / "05_parity.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "06_data.py").write_text("not read \x00", encoding="utf-8")
    assert read_solution(tmp_path, "05.2") == "third = 1 / 3"
    assert read_solution(tmp_path, "05.3") is None and read_solution(tmp_path, "07.1") is None
