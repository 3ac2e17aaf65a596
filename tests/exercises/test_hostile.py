"""Objects that fail, lie, hang, recurse or print when they are looked at: always an outcome with a message."""

import time

import pytest

from labkit.exercises._running import _containment
from labkit.exercises.answers import outputs_of
from labkit.exercises.judging import same

METHODS = """__eq__ __ne__ __hash__ __repr__ __str__ __array__ __len__ __iter__ __getattr__ __getattribute__ __bool__
__call__ __float__ __index__ __int__ __getitem__ __format__ __name__ __class__ tolist shape detach index items
keys dtype to_dicts __next__ __lt__ __reduce_ex__ __signature__ __wrapped__ __code__""".split()
BASES = {"object": object, "list": list, "str": str}


def fail(*arguments):
    """Raise an error."""
    raise RuntimeError("hostile")


def leave(*arguments):
    """End the program."""
    raise SystemExit(3)


def lie(*arguments):
    """Return nonsense."""
    return "nonsense"


def recur(*arguments):
    """Recurse for ever."""
    return recur(*arguments)


def talk(*arguments):
    """Print more than fits, and return nonsense."""
    print("x" * 20_000)
    return -1


def hang(*arguments):
    """Never return."""
    while True:
        pass


def endless(*arguments):
    """Return something that has no end and no value."""
    while True:
        yield endless


DEEDS = [fail, leave, lie, recur, talk, endless]


@pytest.fixture(autouse=True)
def low_limits(monkeypatch):
    """Stop soon."""
    monkeypatch.setattr(_containment, "SECONDS", 0.1)
    monkeypatch.setattr(_containment, "TICK", 0.01)


def hostile_class(base, deed, methods=METHODS):
    """Return a class some of whose methods, and properties of the same names, are hostile."""
    names = {}
    for name in methods:
        is_property = name in (
            "__class__",
            "shape",
            "dtype",
            "index",
            "__name__",
            "__wrapped__",
            "__code__",
            "__signature__",
        )
        names[name] = property(deed) if is_property else deed
    return type("Hostile", (base,), names)


@pytest.fixture
def exercises(declare):
    """Exercises that ask for a value, a list, a dict, a text and a function."""
    references = [0.5, [0.5, 0.25], {"a": 0.5, "b": "x"}, "fair"]
    found = [
        declare(each, identifier=f"99.{n}", judge=lambda c, each=each: None if same(c, each) else "no")
        for n, each in enumerate(references, start=1)
    ]
    called = declare(lambda n: n / 2, identifier="99.9", collect=outputs_of((2,)), judge=lambda c: "no")
    return [*found, called]


def assert_told(exercise, answer):
    """Check that an answer gets an outcome with a message, soon, and that the exercise is not blamed."""
    began = time.monotonic()
    outcome = exercise.outcome(answer)
    assert outcome.state in ("not yet", "correct") and not outcome.crashed, outcome
    assert outcome.message or outcome.state == "correct"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
@pytest.mark.parametrize("base", BASES)
def test_a_class_of_hostile_methods_breaks_no_check(exercises, base, deed):
    """One hostile method at a time; the object is given alone, in a dict, and returned by a function."""
    for method in METHODS:
        made = make(hostile_class(BASES[base], deed, [method]))
        for exercise, answer in [
            (exercises[1], made),
            (exercises[2], {"a": made, "b": "x"}),
            (exercises[4], lambda n, made=made: made),
        ]:
            assert_told(exercise, answer)


def make(kind):
    """Return an object of a hostile class, without its help."""
    base = kind.__mro__[1]
    return base.__new__(kind, "fair") if base is str else base.__new__(kind)


@pytest.mark.parametrize("method", ["__iter__", "__getattr__", "__class__", "tolist", "shape"])
def test_a_method_that_hangs_is_stopped(exercises, method):
    """Wherever it is called."""
    made = make(hostile_class(object, hang, [method]))
    assert_told(exercises[1], made)
    assert_told(exercises[4], lambda n: made)


@pytest.mark.parametrize("deed", [*DEEDS, hang], ids=lambda deed: deed.__name__)
@pytest.mark.parametrize(
    "method", ["__str__", "__repr__", "__getattribute__", "__traceback__", "__cause__", "__class__"]
)
def test_hostile_errors_break_no_check(exercises, method, deed):
    """Raised by a function, given as a warning, and raised while an answer is read."""
    is_property = method in ("__traceback__", "__cause__", "__class__")
    kind = type("Odd", (Exception,), {method: property(deed) if is_property else deed})

    def raise_it(n):
        raise kind("odd")

    assert_told(exercises[4], raise_it)
    assert_told(exercises[1], (raise_it(n) for n in (1, 2)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("deed", [fail, lie, hang], ids=lambda deed: deed.__name__)
def test_hostile_warnings_break_no_check(exercises, deed):
    """Their text is asked for when the message is written."""
    import warnings

    kind = type("Odd", (UserWarning,), {"__str__": deed})

    def warn(n):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.warn(kind("odd"), stacklevel=1)
        return n

    assert_told(exercises[4], warn)


def test_a_hostile_metaclass_breaks_no_check(exercises):
    """Names and comparisons of classes are asked for, too."""
    meta = type(
        "Meta", (type,), {"__name__": property(fail), "__eq__": fail, "__hash__": None, "__instancecheck__": fail}
    )
    kind = meta("Odd", (), {})
    for exercise in exercises:
        assert_told(exercise, kind())
        assert_told(exercise, [kind(), kind])


EXTREME = [10**400, -(10**5000), 1e308, 5e-324, float("nan"), 10**301, True, b"x", 1j, ..., "\ud800"]


@pytest.mark.parametrize("position", range(len(EXTREME)))
def test_extreme_values_break_no_check(exercises, position):
    """Whole numbers that no float holds, bytes, complex numbers and half characters."""
    value = EXTREME[position]
    for exercise in exercises[:4]:
        assert_told(exercise, [value, 0.5])
    assert_told(exercises[4], lambda n: [value, 1])
