"""Submissions without bad intent, in which something went wrong: commoner than attacks."""

from tests.classroom.corpus import NOT_ATTEMPTED, NOT_COLLECTED, NOT_YET, RIGHT, Case, spoiled

OWN = "costs its own exercise only, and says what was found"
NOTHING = "costs nothing"

CASES = [
    Case("the cell was deleted", OWN, **spoiled("04.6", None, NOT_COLLECTED), says="name 'doctor' is not defined"),
    Case("the cell is there twice", NOTHING, RIGHT["04.6"], last=True),
    Case(
        "a function twice, the wrong one first",
        "the one before the check counts",
        "def alarm_rates(counts):\n    return {}",
    ),
    Case(
        "the cells are in another order",
        OWN,
        **spoiled("04.6", "doctor = dict(later)\n", NOT_COLLECTED),
        attack="later = {}",
        last=True,
        says="later",
    ),
    Case("the cell is empty", OWN, **spoiled("04.6", "", NOT_COLLECTED)),
    Case("the cell is a comment", OWN, **spoiled("04.6", "# doctor = ...", NOT_COLLECTED)),
    Case(
        "the dots are still there",
        OWN,
        **spoiled("04.6", 'doctor = {"counts": ..., "false_positive_rate": ..., "seems": ...}', NOT_ATTEMPTED),
    ),
    Case(
        "one of the dots is still there",
        OWN,
        **spoiled("04.6", 'doctor = {"counts": [700, 120, 0, 180], "false_positive_rate": ..., "seems": "A"}', NOT_YET),
    ),
    Case(
        "the untouched function",
        OWN,
        **spoiled(
            "04.1",
            """
def alarm_rates(counts):
    found = {}
    for group, cells_of_group in counts.items():
        tn, fp, fn, tp = cells_of_group
        found[group] = fp / (fp + tp) if fp + tp > 0 else 0.0
    return found
""",
            NOT_ATTEMPTED,
        ),
    ),
    Case("the name was changed", OWN, **spoiled("04.6", "the_doctor = {}", NOT_COLLECTED), says="doctor"),
    Case(
        "broken syntax",
        OWN,
        **spoiled("04.6", "doctor = {'counts': [700, 120, 0, 180", NOT_COLLECTED),
        says="SyntaxError",
    ),
    Case(
        "broken indentation",
        OWN,
        **spoiled("04.1", "def alarm_rates(counts):\nreturn 1", NOT_COLLECTED),
        says="IndentationError",
    ),
    Case(
        "marks of a merge",
        OWN,
        **spoiled("04.6", "<<<<<<< HEAD\ndoctor = 1\n=======\ndoctor = 2\n>>>>>>> b", NOT_COLLECTED),
    ),
    Case("text in a code cell", "costs nobody else anything", "This is my answer: the doctor seems unfair."),
    Case("other characters", NOTHING, "größe = '漢字 \N{ZERO WIDTH SPACE}'\nseen = größe[:2]", sees="漢字"),
    Case("a null byte", "costs its own cell", "x = 1\x00"),
    Case(
        "magic commands",
        NOTHING,
        "%matplotlib widget\n%load_ext autoreload\n%config InlineBackend.figure_format = 'svg'\nseen = 1",
        sees=1,
    ),
    Case("a timed cell", NOTHING, "%%time\nseen = 2", sees=2),
    Case("a package that is not installed", "costs its own cell", "import a_package_that_nobody_has"),
    Case("a package is installed first", NOTHING, "%pip install numpy\n!pip install pandas\nseen = 3", sees=3),
    Case(
        "a file of the student's machine",
        "costs its own cell",
        "import pandas\npandas.read_csv('C:/Users/me/data.csv')",
    ),
    Case("prints a lot", NOTHING, "for number in range(20_000):\n    print(number)"),
    Case("warns a lot", NOTHING, "import warnings\nfor number in range(500):\n    warnings.warn(str(number))"),
    Case(
        "draws", NOTHING, "from matplotlib import pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()"
    ),
    Case("waits for something that is ready", NOTHING, "import asyncio\nseen = await asyncio.sleep(0, 4)", sees=4),
    Case(
        "checks within the cell",
        NOTHING,
        cells={
            "04.6": "from labkit.exercises import check, hint\n"
            + RIGHT["04.6"]
            + '\ncheck("04.6", doctor)\nhint("04.6")'
        },
    ),
    Case("an error after the answer", NOTHING, cells={"04.6": RIGHT["04.6"] + "\n1 / 0"}),
    Case(
        "a later cell binds the name again",
        "the answer before the check counts",
        'doctor = "something else"',
        last=True,
    ),
    Case(
        "a helper in another cell",
        NOTHING,
        "def share(part, whole):\n    return part / whole",
        cells={"04.6": RIGHT["04.6"].replace("120 / 820", "share(120, 820)")},
    ),
    Case(
        "the answer was called",
        OWN,
        **spoiled("04.1", RIGHT["04.1"] + "alarm_rates = alarm_rates({'a': (1, 1, 1, 1)})", NOT_YET),
        says="function",
    ),
    Case(
        "prints where it should return",
        OWN,
        **spoiled("04.1", "def alarm_rates(counts):\n    print(counts)", NOT_YET),
        says="return",
    ),
    Case(
        "an answer that changes its argument",
        NOTHING,
        cells={"04.1": RIGHT["04.1"].replace("    return found", "    counts.clear()\n    return found")},
    ),
    Case(
        "numpy numbers, a tuple, a Series",
        NOTHING,
        cells={
            "04.6": """
import numpy, pandas
parts = {"counts": numpy.array([700, 120, 0, 180]), "false_positive_rate": numpy.float32(120 / 820), "seems": "a)"}
doctor = pandas.Series(parts)
"""
        },
    ),
    Case("windows line ends", NOTHING, cells={"04.1": RIGHT["04.1"].replace("\n", "\r\n")}),
    Case("a cell of two megabytes", NOTHING, "big = '" + "x" * 2_000_000 + "'", slow=True),
]
