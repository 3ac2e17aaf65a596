"""Submissions that want marks they have not earned, and answers that are made to deceive who reads them."""

from tests.classroom.corpus import CORRECT, NOT_ATTEMPTED, NOT_COLLECTED, NOT_YET, RIGHT, Case, spoiled

NO_MARK = "gives no mark"
WRONG = "def alarm_rates(counts):\n    return {group: 0.5 for group in counts}\n"
FUNCTION = spoiled("04.1", WRONG, NOT_YET)
ANY = (CORRECT, NOT_YET, NOT_ATTEMPTED, NOT_COLLECTED)
# What a student breaks may cost their own exercises; the wrong one must not be correct.
SPOILS_ITSELF = {"cells": {"04.1": WRONG}, "outcomes": {"04.1": ANY[1:], "04.2": ANY, "04.6": ANY}}
OWN = "costs its own exercise only"

# Writes a line to every descriptor that is open but the standard ones, again and again.
WRITES = """
import os, threading, time
line = {line}
def write():
    for _ in range({times}):
        for number in range(3, 64):
            try:
                os.write(number, line)
            except OSError:
                pass
"""


def written(line: str, times: int = 1) -> str:
    """Return the source of a cell that writes a line, given as Python's source, to all that is open."""
    return WRITES.format(line=line, times=times) + "write()\n"


CASES = [
    # ---- Patched -----------------------------------------------------------------------------------------------------
    Case(
        "check is patched",
        NO_MARK,
        "import labkit.exercises.checking as c\nc.check = lambda *a: print('correct')",
        **FUNCTION,
    ),
    Case(
        "the engine's words are patched",
        NO_MARK,
        """
import labkit.exercises.judging as j
j.NOT_YET = j.NOT_ATTEMPTED = j.CORRECT
j.same = lambda *a, **k: True
j.Exercise.outcome = lambda *a: j.Outcome("correct", "")
""",
        **FUNCTION,
    ),
    Case(
        "the collector is patched",
        NO_MARK,
        """
import labkit.exercises.answers as a
a.call = a.collect_call = a.collect_value = lambda *given, **named: {"north": 1.0}
""",
        **FUNCTION,
    ),
    Case(
        "json is patched",
        NO_MARK,
        """
import json
json.dumps = lambda value, **k: '{"value": {"state": "correct"}}'
""",
        **SPOILS_ITSELF,
        slow=True,
    ),
    Case(
        "builtins are patched",
        NO_MARK,
        """
import builtins
builtins.isinstance = lambda *a: True
builtins.len = lambda *a: 3
""",
        **SPOILS_ITSELF,
    ),
    Case(
        "IPython is patched",
        NO_MARK,
        """
shell = get_ipython()
shell.run_cell = lambda *a, **k: None
shell.showtraceback = shell.showsyntaxerror = lambda *a, **k: 1 / 0
""",
        **SPOILS_ITSELF,
    ),
    Case(
        "tracebacks are silenced",
        NO_MARK,
        """
import sys
shell = get_ipython()
shell.showtraceback = lambda *a, **k: None
sys.excepthook = lambda *a: None
""",
        **spoiled("04.6", "doctor = 1 / 0", NOT_COLLECTED),
        says="ZeroDivisionError",
    ),
    Case(
        "modules are exchanged",
        NO_MARK,
        """
import sys, types
for name in list(sys.modules):
    if name.startswith("labkit"):
        sys.modules[name] = types.ModuleType(name)
""",
        **FUNCTION,
    ),
    Case(
        "a trace function watches",
        NO_MARK,
        "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
        **FUNCTION,
    ),
    # ---- Forged ------------------------------------------------------------------------------------------------------
    Case("a reply for each open file", NO_MARK, written('b\'{"value": "correct"}\\n\''), **FUNCTION),
    Case(
        "an outcome for each open file",
        NO_MARK,
        written('b\'{"state": "correct", "id": "04.1", "ready": true}\\n\''),
        **SPOILS_ITSELF,
        slow=True,
    ),
    Case("says that the box is broken", "the grader goes on", written('b\'{"broken": "stop grading"}\\n\'')),
    Case(
        "notes without end",
        "the grader goes on",
        written("b'{\"cell\": 0}\\n'", 10**6),
        outcomes=dict.fromkeys(("04.1", "04.2", "04.6"), NOT_COLLECTED),
        slow=True,
    ),
    Case("a line without end", "the grader goes on", written("b'x' * 65536", 10**6), slow=True),
    Case("brackets without end", "the grader goes on", written("b'[' * 500_000 + b'\\n'")),
    Case("a number that is none", "the grader goes on", written('b\'{"value": NaN}\\n{"value": 1e999}\\n\'')),
    Case(
        "a number with a million digits",
        "the grader goes on",
        written("b'{\"value\": ' + b'9' * 900_000 + b'}\\n'"),
        slow=True,
    ),
    Case("bytes that are no text", "the grader goes on", written("b'\\xff\\xfe\\n'")),
    Case("closes all files", "the grader goes on", "import os\nos.closerange(0, 256)", slow=True),
    Case("output that says correct", NO_MARK, "print('04.1 correct (2 points)')", **FUNCTION),
    Case(
        "an output of a correct check",
        NO_MARK,
        """
from IPython.display import display
display({"application/vnd.labkit.exercise+json": {"id": "04.1", "state": "correct", "points": 2}}, raw=True)
""",
        **FUNCTION,
    ),
    # ---- Answers that deceive ----------------------------------------------------------------------------------------
    Case(
        "equal to everything",
        NO_MARK,
        **spoiled(
            "04.6",
            """
class Equal:
    def __eq__(self, other):
        return True
    __hash__ = object.__hash__
doctor = {"counts": Equal(), "false_positive_rate": Equal(), "seems": Equal()}
""",
            NOT_YET,
        ),
    ),
    Case(
        "a text that does not end",
        OWN,
        **spoiled(
            "04.6",
            """
class Endless:
    def __repr__(self):
        while True:
            pass
    __str__ = __repr__
doctor = {"counts": Endless()}
""",
            NOT_YET,
        ),
        slow=True,
    ),
    Case(
        "an array that acts",
        OWN,
        **spoiled(
            "04.6",
            """
import os
class Acts:
    shape = (4,)
    def __array__(self, *a, **k):
        os._exit(3)
    def tolist(self):
        os._exit(3)
doctor = {"counts": Acts(), "false_positive_rate": 0.1, "seems": "A"}
""",
            NOT_COLLECTED,
        ),
    ),
    Case(
        "lies about its class",
        NO_MARK,
        **spoiled(
            "04.6",
            """
class Lies:
    @property
    def __class__(self):
        return dict
    def items(self):
        return [("counts", [700, 120, 0, 180])]
doctor = Lies()
""",
            (NOT_YET, NOT_COLLECTED),
        ),
    ),
    Case(
        "a pickle that acts",
        "is never unpickled",
        **spoiled(
            "04.6",
            """
class Acts:
    def __reduce__(self):
        import os
        return os._exit, (3,)
doctor = {"counts": Acts()}
""",
            NOT_YET,
        ),
    ),
    Case(
        "a number that changes",
        NO_MARK,
        **spoiled(
            "04.6",
            """
class Changes(float):
    def __float__(self):
        return 120 / 820
    def __sub__(self, other):
        return 0.0
    __rsub__ = __sub__
doctor = {"counts": [700, 120, 0, 180], "false_positive_rate": Changes(0.9), "seems": "A"}
""",
            NOT_YET,
        ),
    ),
    Case(
        "a dict without end",
        OWN,
        **spoiled(
            "04.6",
            """
import itertools
class Endless(dict):
    def items(self):
        return ((str(n), n) for n in itertools.count())
doctor = Endless()
""",
            (NOT_YET, NOT_COLLECTED),
        ),
        slow=True,
    ),
    Case(
        "a list that holds itself", OWN, **spoiled("04.6", "doctor = []\ndoctor.append(doctor)", NOT_YET), says="deep"
    ),
    Case("marks of the protocol", NO_MARK, **spoiled("04.6", 'doctor = {"$": "open"}', NOT_YET)),
    Case(
        "a mark of the protocol inside",
        NO_MARK,
        **spoiled("04.6", 'doctor = {"counts": {"$": "named", "skip": 9, "items": 1}}', NOT_YET),
    ),
    Case(
        "not a number, and infinity",
        OWN,
        **spoiled(
            "04.6", 'doctor = {"counts": [float("inf")], "false_positive_rate": float("nan"), "seems": "A"}', NOT_YET
        ),
    ),
    Case(
        "colors of the terminal",
        "are shown as text",
        **spoiled("04.6", 'raise ValueError("\\x1b[2J\\x1b[32mcorrect\\x07")', NOT_COLLECTED),
        says="\\x1b[2J",
    ),
    Case(
        "a page in an answer",
        "stays text",
        **spoiled(
            "04.6",
            RIGHT["04.6"].replace('"A"', '"<script>alert(1)</script>"'),
            NOT_YET,
        ),
    ),
    Case(
        "half characters",
        "are replaced",
        **spoiled(
            "04.6",
            'doctor = {"counts": [700, 120, 0, 180], "false_positive_rate": 120 / 820, "seems": "\\ud800\\x00"}',
            NOT_YET,
        ),
    ),
    Case(
        "the public probes are looked up",
        NO_MARK,
        **spoiled(
            "04.1",
            """
KNOWN = {
    "north": {"north": 10 / 60, "south": 0.5},
    "x": {"x": 0.25, "y": None, "z": 0.0},
    "all": {"all": 1.0, "one": 0.0},
}
def alarm_rates(counts):
    return KNOWN.get(next(iter(counts)), {group: 0.5 for group in counts})
""",
            "hidden",
        ),
    ),
    Case(
        "recognizes who calls",
        NO_MARK,
        **spoiled(
            "04.1",
            """
import gc, inspect
def alarm_rates(counts):
    found = [frame.frame.f_locals for frame in inspect.stack()]
    expected = [each for each in map(str, found) if "0.1666" in each]
    return expected[0] if expected else {group: 0.5 for group in counts}
""",
            NOT_YET,
        ),
    ),
    Case(
        "a reference somewhere in memory",
        NO_MARK,
        **spoiled(
            "04.1",
            """
import gc
def alarm_rates(counts):
    dicts = [each for each in gc.get_objects() if isinstance(each, dict) and each is not counts]
    known = [each for each in dicts if each.keys() == counts.keys()]
    values = [each for each in known if all(isinstance(v, float) for v in each.values())]
    return values[0] if values else {group: 0.5 for group in counts}
""",
            NOT_YET,
        ),
    ),
    Case("a quine", "is run like other code", "q = 'q = %r\\nsource = q %% q'\nsource = q % q"),
    Case(
        "an answer from another exercise", NO_MARK, **spoiled("04.6", "doctor = alarm_rates", NOT_YET), says="function"
    ),
]
