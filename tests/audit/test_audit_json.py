"""The result for programs: it follows the schema that ships, says what the audit says, and knows its file."""

import hashlib
import importlib.resources
import inspect
import io
import json
import math
import shlex

import jsonschema
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from labkit.audit.command.for_programs import VERSION, make_plain
from labkit.audit.command.provenance import Fingerprint, join_hashes
from labkit.audit.command.run import audit_file
from labkit.audit.metrics import METRICS
from labkit.course.cli import app
from labkit.errors import UserError
from tests.figures import draw_nothing

SCHEMA = json.loads(importlib.resources.files("labkit.audit.command").joinpath("audit.schema.json").read_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA)
NAMES = {"label": "y", "prediction": "yhat"}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Write a log with groups of several types, one of them small and one never selected."""
    rng, n = np.random.default_rng(4), 900
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "sex": rng.choice(["f", "m"], n), "site": rng.integers(1, 3, n)})
    frame["yhat"] = (rng.random(n) < np.where(frame["sex"] == "m", 0.6, 0.4)).astype(int)
    frame.loc[frame["site"].eq(2) & frame["sex"].eq("f"), "yhat"] = 0
    frame.loc[:6, ["sex", "y"]] = ["中文\x1b", 0]
    frame["score"], frame["w"], frame["id"] = rng.random(n), rng.lognormal(size=n), np.arange(n) // 2
    path = tmp_path_factory.mktemp("data") / "log.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def run(log, tmp_path, monkeypatch):
    """Return a function that audits the log, draws nothing and reads what was written for programs."""
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", draw_nothing)

    def call(path=log, **options):
        options = {**NAMES, "sensitive": ["sex", "site"], **options}
        audit = audit_file(path, **options, output=tmp_path / "out", console=Console(file=io.StringIO()))
        written = (tmp_path / "out" / "audit.json").read_bytes()
        return audit, json.loads(written.decode("ascii"), parse_constant=pytest.fail)

    return call


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "favorable": 1,
            "score": "score",
            "fail_if": ["difference(selection_rate) > 0.9"],
            "explain_gap": ("f, 1", "m, 1"),
        },
        {"label": None, "sensitive": "sex"},
        {"weight": "w", "person": "id", "reference": "rest", "min_group_size": 0, "confidence": 0.9},
        {"prediction": None, "score": "score", "threshold": 0.4, "reference": ["m", "1"], "n_tables": 99},
    ],
    ids=["plain", "all", "unlabeled", "weights", "threshold"],
)
def test_it_follows_the_schema(options, run):
    """Whatever was asked for; what is undefined or infinite is null."""
    _, found = run(**options)
    assert [f"{error.json_path}: {error.message}" for error in CHECK.iter_errors(found)] == []
    assert found["version"] == VERSION == SCHEMA["properties"]["version"]["const"]


def test_the_schema_is_strict_and_explains_everything():
    """It is a schema; it refuses what it does not know; every property has a description."""
    CHECK.check_schema(SCHEMA)

    def walk(part, path):
        for name, each in part.get("properties", {}).items():
            assert each.get("description") or "$ref" in each, f"{path}.{name}"
            walk(each, f"{path}.{name}")
        if "properties" in part:
            assert part["additionalProperties"] is False, path
        for key in ("items", "additionalProperties"):
            if isinstance(part.get(key), dict):
                walk(part[key], path)

    walk(SCHEMA, "")
    for name, part in SCHEMA["$defs"].items():
        walk(part, name)


def test_it_says_what_the_audit_says(run):
    """Every rate, interval, comparison, test and warning."""
    audit, found = run(favorable=1, explain_gap=("f, 1", "m, 1"))
    groups = {tuple(group["values"]): group for group in found["groups"]}
    assert list(groups) == audit.counts.groups.tolist() and found["columns"] == ["sex", "site"]
    picked = audit.pick_highest(favorable=1)
    for metric in METRICS:
        for group, said in groups.items():
            rate, limits = said["rates"][metric], audit.intervals.loc[group, metric]
            expected = [audit.by_group.loc[group, metric], limits["low"], limits["high"]]
            assert [rate["value"], rate["low"], rate["high"]] == make_plain(expected)
        whole = found["metrics"][metric]
        assert whole["difference"]["value"] == pytest.approx(audit.difference()[metric])
        assert whole["ratio"]["high"] == pytest.approx(audit.ratio_interval().loc[metric, "high"])
        assert whole["test"]["p_value"] == audit.parity_test(metric)
        everyone = found["overall"]["rates"][metric]
        assert everyone["value"] == audit.overall[metric] and everyone["low"] < everyone["value"] < everyone["high"]
        by_name = {group["name"]: group["rates"][metric]["value"] for group in found["groups"] if not group["small"]}
        known = [value for value in by_name.values() if value is not None]
        ends = whole["lowest"], whole["highest"]
        assert [each["value"] for each in ends] == [min(known), max(known)]
        assert [by_name[each["group"]] for each in ends] == [min(known), max(known)]
        rows = [row for row in found["comparisons"] if row["metric"] == metric]
        for (_, expected), row in zip(audit.against(metric, picked).iterrows(), rows, strict=True):
            both = [row["difference"]["low_adjusted"], row["ratio"]["high_adjusted"], row["p_adjusted"]]
            assert both == make_plain(list(expected[["low_adjusted", "ratio_high_adjusted", "p_adjusted"]]))
            assert row["small"] == expected["small"] and row["reference"] in {g["name"] for g in found["groups"]}
    assert [each["text"] for each in found["warnings"]] == [notice.said for notice in audit.notices]
    assert found["overall"]["n"] == sum(group["n"] for group in found["groups"]) == 900
    for (_, expected), row in zip(audit.four_fifths(favorable=1).iterrows(), found["four_fifths"], strict=True):
        said = [row["ratio"]["high_adjusted"], row["p_value"], row["p_adjusted"], row["finding"]]
        assert said == make_plain(list(expected[["high_adjusted", "p_value", "p_adjusted", "finding"]]))
    gap = found["explained_gap"]
    assert sum(part["value"] for part in gap["parts"].values()) == pytest.approx(gap["gap"])
    assert (gap["a"], gap["b"]) == ("f, 1", "m, 1")
    assert any(row["ratio"]["value"] is None for row in found["comparisons"])


@pytest.mark.parametrize("reference", [None, "rest", ["f", "1"]], ids=str)
def test_every_column_alone_is_there_as_if_it_had_been_audited_alone(run, reference):
    """Groups, extremes and comparisons; a reference in both columns is one in each."""
    _, found = run(reference=reference)
    assert [each["column"] for each in found["attributes"]] == ["sex", "site"]
    for place, each in enumerate(found["attributes"]):
        own = [reference[place]] if isinstance(reference, list) else reference
        _, alone = run(sensitive=[each["column"]], reference=own)
        assert alone["attributes"] == []
        assert {name: alone[name] for name in ("groups", "metrics", "comparisons")} == {
            name: value for name, value in each.items() if name != "column"
        }


def test_columns_that_cannot_be_audited_alone_are_left_out(run, log, tmp_path):
    """Persons may be in several groups, and of one value nothing can be compared; everyone then has no interval."""
    _, found = run(person="id")
    assert found["attributes"] == [] and found["overall"]["rates"]["selection_rate"]["low"] is None
    path = tmp_path / "one.csv"
    pd.read_csv(log).assign(land="x").to_csv(path, index=False)
    _, found = run(path, sensitive=["sex", "land"])
    assert [each["column"] for each in found["attributes"]] == ["sex"]


def test_it_lists_the_files_of_the_audit(run, tmp_path):
    """The next audit replaces and removes these."""
    for score in ("score", None):
        _, found = run(score=score)
        written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
        assert sorted(found["files"]) == sorted(written)
        content = {name: hashlib.sha256(each).hexdigest() for name, each in written.items() if name != "audit.json"}
        assert found["checksums"] == content


def test_it_knows_its_file_and_how_to_repeat_the_audit(run, log, tmp_path, monkeypatch):
    """The checksum is that of other tools, and the command gives the same numbers."""
    options = {"score": "score", "reference": ["m", "1"], "fail_if": ["difference(precision) < -.9"], "raw_csv": True}
    _, found = run(**options, explain_gap=("f, 1", "m, 1"), confidence=0.9)
    said = found["provenance"]
    assert said["sha256"] == hashlib.sha256(log.read_bytes()).hexdigest()
    assert (said["source"], said["files"], said["size"], said["rows"]) == ("log.csv", 1, log.stat().st_size, 900)
    assert said["parts"] == [{"name": "log.csv", "size": said["size"], "sha256": said["sha256"]}]
    assert pd.Timestamp(said["date"]).tz is not None and {"python", "fairness-lab", "numpy"} <= set(said["versions"])
    monkeypatch.chdir(log.parent)
    words = shlex.split(said["command"])
    assert words[0] == "labkit" and str(log.parent) not in said["command"]
    assert CliRunner().invoke(app, [*words[1:], "--output", str(tmp_path / "again")]).exit_code == 0
    again = json.loads((tmp_path / "again" / "audit.json").read_text())
    again["provenance"]["date"] = said["date"]
    again["checksums"]["audit.html"] = found["checksums"]["audit.html"]  # it holds the date
    assert again == found


def test_settings_are_all_there(run):
    """Also those that nobody set; where results go and what they are printed on is none."""
    _, found = run()
    parameters = set(inspect.signature(audit_file).parameters) - {"path", "output", "console"}
    assert set(found["settings"]) == parameters | {"seed"}
    assert found["settings"]["sensitive"] == ["sex", "site"] and found["settings"]["threshold"] is None


def test_a_folder_has_the_checksum_of_its_files(run, log, tmp_path):
    """Names and contents both matter; what is not counted does not."""
    folder = tmp_path / "parts"
    (folder / "b").mkdir(parents=True)
    frame = pd.read_csv(log)
    frame[:500].to_parquet(folder / "a.parquet")
    frame[500:].to_parquet(folder / "b" / "part.parquet")
    (folder / "_SUCCESS").write_text("")
    said = run(folder)[1]["provenance"]
    lines = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in ("a.parquet", "b/part.parquet")]
    assert said["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert [f"{part['sha256']}  {part['name']}\n" for part in said["parts"]] == lines
    assert [part["size"] for part in said["parts"]] == [
        (folder / part["name"]).stat().st_size for part in said["parts"]
    ]
    assert (said["source"], said["files"], said["rows"]) == ("parts", 2, 900)
    assert join_hashes({"a": "0", "b": "1"}) == join_hashes({"b": "1", "a": "0"}) != join_hashes({"a": "1", "b": "0"})


def test_a_file_that_changes_meanwhile_is_not_audited(log, tmp_path):
    """Its checksum would be that of other numbers."""
    path = tmp_path / "log.csv"
    path.write_bytes(log.read_bytes())
    with Fingerprint(path) as fingerprint, pytest.raises(UserError, match="'log.csv' changed while it was counted"):
        with path.open("a") as file:
            file.write("1,f,1,1,.5,1,1\n")
        fingerprint.finish()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (math.nan, None),
        (-math.inf, None),
        (np.float64("inf"), None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        ((np.float32(0.5), {"a": [math.nan]}), [0.5, {"a": [None]}]),
        (pd.Interval(0, 1), "(0, 1]"),
        (pd.Timestamp("2020-01-01"), "2020-01-01 00:00:00"),
        ("\ud800", "\ud800"),
    ],
)
def test_values_become_those_of_json(value, plain):
    """Nothing that a strict reader refuses."""
    assert make_plain(value) == plain
    json.loads(json.dumps(make_plain(value), allow_nan=False))
