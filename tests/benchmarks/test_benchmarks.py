"""What `make bench` makes of figures; the figures themselves are no tests."""

from types import SimpleNamespace

import pytest

from tests.benchmarks import run


@pytest.fixture
def measured(monkeypatch):
    """Return a function that benchmarks a module whose lines give the figures named, round by round."""

    def measure(rounds, **attributes):
        names = list(rounds[0])
        queue = [(each[name], 100.0 + number) for number, each in enumerate(rounds) for name in names]
        monkeypatch.setattr(run, "measure", lambda module, line, environment: queue.pop(0))
        module = SimpleNamespace(TITLE="speed", UNIT="s", LINES=dict.fromkeys(names), **attributes)
        return run.benchmark(module, len(rounds))

    return measure


@pytest.mark.parametrize(
    ("better", "figures", "ratios"), [("higher", [2, 8], [1, 4]), ("lower", [1, 6], [1, 1 / 6])], ids=str
)
def test_the_best_round_counts_and_is_compared(measured, better, figures, ratios):
    """Higher or lower is better; the ratio says how many times as good as the baseline a line is."""
    rounds = [{"theirs": 1, "ours": 8}, {"theirs": 2, "ours": 6}]
    lines = measured(rounds, BASELINE="theirs", BETTER=better)["lines"]
    assert [line["figure"] for line in lines] == figures
    assert [line["ratio"] for line in lines] == pytest.approx(ratios)
    assert [line["peak_mb"] for line in lines] == [101, 101] and lines[1]["figures"] == [8, 6]


def test_a_line_is_compared_with_the_nearest_baseline_above(measured):
    """Several baselines part a table into comparisons."""
    rounds = [{"theirs, a": 10, "ours, a": 20, "theirs, b": 5, "ours, b": 20}]
    found = measured(rounds, BASELINE=["theirs, a", "theirs, b"])
    assert [line["ratio"] for line in found["lines"]] == [1, 2, 1, 4]
    assert "| ours, b | 20.0 | 4.00 | 100 |" in run.table(found)


def test_line_that_cannot_be_measured_here_is_left_out(measured):
    """None instead of a figure: the others stand, and nothing is made up."""
    found = measured([{"theirs": 2, "in bfloat16": None, "ours": 8}], BASELINE="theirs")
    assert [(line["line"], line["ratio"]) for line in found["lines"]] == [("theirs", 1), ("ours", 4)]


def test_repeats_are_limited_and_prepared_for(measured):
    """A module says how often it is worth to repeat."""
    assert len(measured([{"x": 1}, {"x": 2}, {"x": 3}], BASELINE="x", REPEATS=2)["lines"][0]["figures"]) == 2


def test_every_benchmark_declares_what_the_runner_needs():
    """Each module has lines, a unit and baselines that are lines, the first of them on top; or a table of quality."""
    import importlib
    import pkgutil

    for info in pkgutil.iter_modules([str(run.FOLDER)]):
        if info.name in ("run", "test_benchmarks", "language_bias", "test_language_bias", "classes"):
            continue
        module = importlib.import_module(f"tests.benchmarks.{info.name}")
        assert hasattr(module, "LINES") != hasattr(module, "full_table")
        if hasattr(module, "LINES"):
            baselines = [module.BASELINE] if isinstance(module.BASELINE, str) else module.BASELINE
            assert module.TITLE and module.UNIT and next(iter(module.LINES)) == baselines[0]
            assert set(baselines) <= set(module.LINES)


def test_full_compares_quality_and_nothing_else(monkeypatch, tmp_path, capsys):
    """FULL=1 writes the tables of quality to QUALITY.md, and measures no speed."""
    from tests.benchmarks import clinic

    monkeypatch.setattr(run, "FOLDER", tmp_path)
    monkeypatch.setattr(run, "benchmark", lambda *_: pytest.fail("speed was measured"))
    monkeypatch.setattr(clinic, "full_table", lambda: "## gaps")
    run.compare_quality([clinic])
    assert "## gaps" in (tmp_path / "QUALITY.md").read_text() and "## gaps" in capsys.readouterr().out
