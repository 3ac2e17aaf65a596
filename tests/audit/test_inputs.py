"""What is handed in: masks, indexes, roles, amounts, missing groups, declared categories and types, on every engine."""

import itertools
import warnings
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from labkit.audit.arrays import audit
from labkit.audit.calibration import calibration_by_group
from labkit.audit.counts import count
from labkit.audit.files.logs import count_file, count_file_scores, count_folder
from labkit.audit.inputs._groups import propose_edges
from labkit.audit.score_histogram import count_scores
from labkit.course.cli import app
from labkit.errors import DataWarning, UserError
from tests.audit.decisions import NAMES, make_decisions
from tests.engines import ENGINES, FILTERS, on_engine

pytestmark = FILTERS
SLOW = ("dask", "pyspark")
HERE = [pytest.param(engine, marks=pytest.mark.slow) if engine in SLOW else engine for engine in ENGINES]
FOUR = {"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0], "sensitive_features": list("aabb")}
SCORED = {"y_true": [0, 1, 1, 0], "y_score": [0.1, 0.7, 0.3, 0.2], "sensitive_features": list("aabb")}
LEVELS = ["low", "medium", "high"]


def mask_last(values):
    """Hide the last of four values."""
    return np.ma.array(values, mask=[0, 0, 0, 1])


# Masks and indexes


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("form", [mask_last, lambda values: list(mask_last(values))], ids=["array", "list"])
def test_masked_values_are_missing(name, form):
    """What lies under a mask is refused as missing, as a label, a decision or a group."""
    with pytest.raises(UserError, match="missing"):
        audit(**FOUR | {name: form(FOUR[name])})


@pytest.mark.parametrize("name", SCORED)
def test_masked_values_have_no_calibration(name):
    """The hidden values would be counted."""
    with pytest.raises(UserError, match="missing|holds None|holds nan"):
        calibration_by_group(**SCORED | {name: mask_last(SCORED[name])})


def test_a_mask_that_hides_nothing_changes_nothing():
    """Libraries hand out masked arrays also where every value is there."""
    whole = {name: np.ma.array(values, mask=False) for name, values in FOUR.items()}
    assert audit(**whole).counts == audit(**FOUR).counts


@pytest.mark.parametrize(("call", "data"), [(audit, FOUR), (calibration_by_group, SCORED)], ids=["audit", "scores"])
def test_a_shuffled_twin_index_is_warned_about(call, data):
    """Rows are matched by position; the remedy in the warning brings them into one order."""
    y_true = pd.Series(data["y_true"])
    groups = pd.Series(data["sensitive_features"]).sort_index(ascending=False)
    shuffled = data | {"y_true": y_true, "sensitive_features": groups}
    with pytest.warns(
        DataWarning, match="y_true and sensitive_features have the same index in another order"
    ) as caught:
        call(**shuffled)
    remedy = str(caught[0].message).split("first: ")[1]
    names = {"y_true": y_true, "sensitive_features": groups}
    exec(remedy, {}, names)
    found, expected = call(**data | names), call(**data)
    if call is audit:
        found, expected = found.by_group, expected.by_group
    assert found.equals(expected.rename_axis(index=found.index.names))


def test_columns_in_a_dict_are_looked_at():
    """Each is named as it was handed in."""
    groups = {"sex": pd.Series(list("abba"))[::-1]}
    with pytest.warns(DataWarning, match=r"first: sensitive_features\['sex'\] = sensitive_features\['sex'\].loc\["):
        audit(**FOUR | {"y_true": pd.Series(FOUR["y_true"]), "sensitive_features": groups})


@pytest.mark.parametrize("index", [[0, 1, 2, 3], [4, 5, 6, 7], [0, 0, 1, 1], [3, 2, 1, 9]], ids=str)
def test_other_indexes_are_left_alone(index):
    """Equal indexes are right, and different ones are those of data from different places."""
    audit(**FOUR | {"y_true": pd.Series(FOUR["y_true"]), "y_pred": pd.Series(FOUR["y_pred"], index=index)})


# Roles


def test_a_column_is_label_or_prediction(tmp_path):
    """Named as both, it would be right about everybody; two arrays may be the same, to ask for base rates alone."""
    frame = make_decisions()
    frame.to_csv(tmp_path / "log.csv")
    names = {"label": "yhat", "prediction": "yhat", "sensitive": "race"}
    for call in (lambda: count(frame, **names), lambda: count_file(tmp_path / "log.csv", **names)):
        with pytest.raises(UserError, match="'yhat' is named as label and as prediction.*turned out to be true"):
            call()
    found = audit(y_true=frame["yhat"], y_pred=frame["yhat"], sensitive_features=frame["race"])
    assert (found.by_group["accuracy"] == 1).all()


# Amounts


def with_ages(n=300):
    """Add ages from 17 to 90, one of each at least, and a code with 20 values."""
    frame = make_decisions(n)
    return frame.assign(age=17 + np.arange(n) % 74, code=np.arange(n) % 20, exact=np.arange(n) / n)


@pytest.mark.parametrize("engine", HERE)
def test_amounts_are_no_groups(engine):
    """More than 20 numbers are refused, whole or not, and 20 codes are counted."""
    held = on_engine(with_ages(), engine)
    for column, different in (("age", 74), ("exact", 300)):
        with pytest.raises(
            UserError, match=f"'{column}' holds {different} different numbers.*cut it into ranges first"
        ):
            count(held, **NAMES, sensitive=["race", column])
    assert len(count(held, **NAMES, sensitive="code").groups) == 20


@pytest.mark.parametrize("column", ["age", "exact"])
def test_the_line_in_the_error_cuts_amounts_into_ranges(column):
    """Pasted, it gives a few groups of about the same size, in order, and nobody is lost."""
    frame = with_ages()
    with pytest.raises(UserError) as caught:
        count(frame, **NAMES, sensitive=column)
    line, code = str(caught.value).split("first: ")[1].removesuffix(")").split(" (codes that are no amounts: ")
    assert len(count(frame.assign(code=eval(code)), **NAMES, sensitive="code").groups) > 20
    exec(line)
    found = count(frame, **NAMES, sensitive=f"{column}_group")
    assert found.cells.sum() == 300 and len(found.groups) == 4 and found.sizes.min() > 40
    assert [group.left for group in found.groups] == sorted(group.left for group in found.groups)


def test_arrays_of_amounts_are_no_groups():
    """The remedy speaks of the argument."""
    frame = with_ages()
    data = {"y_true": frame["y"], "y_pred": frame["yhat"]}
    with pytest.raises(UserError, match=r"sensitive_features = pd.cut\(amounts, \[15, 35, 55, 70, 90\]\)"):
        audit(**data, sensitive_features=frame["age"].to_numpy())
    with pytest.raises(UserError, match="'y_score' holds 300 different numbers"):
        audit(**data, sensitive_features={"y_score": frame["exact"]})


def test_numbers_that_are_declared_or_text_are_groups():
    """Who makes categories or text of codes means them."""
    frame = with_ages()
    for codes in (frame["age"].astype("category"), frame["age"].astype(str)):
        assert len(count(frame.assign(age=codes), **NAMES, sensitive="age").groups) == 74


@pytest.mark.parametrize("column", ["age", "exact"])
@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "folder"])
def test_files_of_amounts_are_refused_in_words(name, column, tmp_path):
    """Also where no part of a file holds more than 20 of them; codes with zeros in front are no numbers."""
    frame = with_ages().assign(postal=lambda rows: "0" + rows["age"].astype(str)).sort_values("age")
    path = tmp_path / name
    read = count_folder if name == "folder" else count_file
    if name == "folder":
        path.mkdir()
    frame.to_csv(path) if name == "log.csv" else frame.to_parquet(path / "a.parquet" if name == "folder" else path)
    with pytest.raises(UserError, match=f"'{column}' holds .* different numbers.*add a column of ranges to the file"):
        read(path, **NAMES, sensitive=column)
    assert len(read(path, **NAMES, sensitive="postal").groups) == 74


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        (np.arange(17, 91), [15, 35, 55, 70, 90]),
        (np.linspace(0, 1, 500), [-0.05, 0.25, 0.5, 0.75, 1]),
        (np.array([1000, *range(10**6, 10**6 + 30)]), [0, 1_000_000, 1_050_000]),
        (np.array([*range(30), np.inf]), [-2, 8, 14, 22, 30]),
    ],
    ids=["ages", "scores", "outlier", "infinite"],
)
def test_edges_are_round_and_hold_everybody(values, edges):
    """The first edge lies below every value, since a range leaves out its lower edge."""
    found = propose_edges(values, np.ones(len(values)))
    assert found == pytest.approx(edges)
    finite = values[np.isfinite(values)]
    assert found[0] < finite.min() and finite.max() <= found[-1]


# Missing groups


@pytest.mark.parametrize("engine", HERE)
def test_missing_groups_get_a_name(engine):
    """They are one group more, of rows and of scores; alone and in an intersection."""
    frame = make_decisions().assign(score=0.5)
    frame["race"] = frame["race"].astype(object).where(frame["race"] != "red", None)
    held = on_engine(frame, engine)
    named = frame.assign(race=frame["race"].fillna("not stated"))
    options = {"missing_group": "not stated"}
    for sensitive in ("race", ["race", "sex"]):
        found = count(held, **NAMES, sensitive=sensitive, **options)
        expected = count(named, **NAMES, sensitive=sensitive)
        assert found == expected and found.groups.tolist() == expected.groups.tolist()
    scores = {"label": "y", "score": "score", "sensitive": "race"}
    assert count_scores(held, **scores, **options) == count_scores(named, **scores)


@pytest.mark.parametrize("engine", ["pandas", "polars", "pyarrow", "duckdb"])
@pytest.mark.parametrize(
    "options", [{"weight": "w"}, {"count": "w"}, {"person": "id"}, {"person": "id", "weight": "w"}]
)
def test_missing_groups_get_a_name_whatever_rows_are(options, engine):
    """With weights, counts and persons, too; and amounts are refused there as well."""
    frame = make_decisions().assign(w=lambda rows: 1 + rows.index % 3, id=lambda rows: rows.index % 200)
    frame["race"] = frame["race"].where(frame["race"] != "red", None)
    frame["age"] = np.arange(len(frame)) % 60
    held = on_engine(frame, engine)
    with pytest.raises(UserError, match="'race' is missing for .*missing_group="):
        count(held, **NAMES, sensitive="race", **options)
    with pytest.raises(UserError, match="'age' holds 60 different numbers"):
        count(held, **NAMES, sensitive="age", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of persons in several groups
        found = count(held, **NAMES, sensitive="race", missing_group="not stated", **options)
        assert found == count(frame.fillna({"race": "not stated"}), **NAMES, sensitive="race", **options)


def test_persons_of_a_file_have_declared_and_missing_groups(tmp_path):
    """Their rows are summed part by part; order, names and warnings are those of the whole file."""
    frame = declare(["high", "low", None, "high"] * 3, "pandas").assign(id=[1, 2, 3, 4] * 3)
    frame.to_parquet(tmp_path / "log.parquet")
    with pytest.warns(DataWarning, match="category 'medium' of column 'level' has no rows") as caught:
        found = count_file(tmp_path / "log.parquet", **NAMES, sensitive="level", person="id", missing_group="?")
    assert found.groups.tolist() == ["low", "high", "?"] and found.persons.tolist() == [1, 2, 1] and len(caught) == 1


def test_groups_may_have_the_names_of_arguments():
    """Of those that were not given."""
    for name in ("count", "weight", "person", "y_score"):
        assert audit(**FOUR | {"sensitive_features": {name: list("aabb")}}).counts.groups.name == name


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
def test_every_kind_of_missing_value_gets_the_name(missing):
    """Also in arrays and under a mask."""
    data = FOUR | {"sensitive_features": ["a", "b", "b", missing], "min_group_size": 0}
    assert audit(**data, missing_group="?").by_group["n"].to_dict() == {"?": 1, "a": 1, "b": 2}
    data["sensitive_features"] = mask_last(list("abba"))
    assert audit(**data, missing_group="?").by_group["n"].to_dict() == {"?": 1, "a": 1, "b": 2}


@pytest.mark.parametrize(
    ("name", "message"),
    [("blue", "'blue' is a group of column 'race' already"), ("", "is no name"), (7, "missing_group=7 is no name")],
)
def test_rejects_names_that_cannot_be_that_of_missing_groups(name, message):
    """People whose group is known are not mixed with those whose group is not."""
    with pytest.raises(UserError, match=message):
        count(make_decisions(), **NAMES, sensitive="race", missing_group=name)


@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "parts"])
def test_missing_groups_of_files_get_a_name(name, tmp_path):
    """Numbers in a CSV stay numbers beside it, and the name has its place in the order."""
    frame = make_decisions().assign(score=0.5)
    frame["site"] = frame["site"].astype("Int64").where(frame["site"] != 2)
    path = tmp_path / name
    read = count_folder if name == "parts" else count_file
    if name == "parts":
        frame.to_parquet(path, partition_cols=["site"])
    else:
        frame.to_csv(path) if name == "log.csv" else frame.to_parquet(path)
    with pytest.raises(UserError, match="'site' is missing for .*missing_group="):
        read(path, **NAMES, sensitive="site")
    found = read(path, **NAMES, sensitive="site", missing_group="not stated")
    assert found.groups.tolist() == [1, 3, "not stated"] and found.cells.sum() == 600
    if name != "parts":
        scores = {"label": "y", "score": "score", "sensitive": "site", "missing_group": "not stated"}
        assert count_file_scores(path, **scores).sizes.tolist() == found.sizes.tolist()


def test_the_command_names_missing_groups_and_shows_warnings(tmp_path, monkeypatch):
    """On the terminal and on the page, and not a second time as warnings of Python, which would be errors here."""
    monkeypatch.chdir(tmp_path)
    frame = make_decisions()
    frame["race"] = frame["race"].where(frame["race"] != "red", None).replace("blue", "Green")
    frame.to_csv("log.csv", index=False)
    options = [*itertools.chain(*(("--" + name, column) for name, column in NAMES.items())), "--sensitive", "race"]
    refused = CliRunner().invoke(app, ["audit", "log.csv", *options])
    assert refused.exit_code == 1 and "--missing-group 'not stated'" in refused.output
    done = CliRunner().invoke(app, ["audit", "log.csv", *options, "--missing-group", "not stated"])
    assert done.exit_code == 0 and "Warning: column 'race' has groups that differ only in capitals" in done.output
    page = (tmp_path / "log-audit-race" / "audit.html").read_text(encoding="utf-8")
    assert '<th scope="row">not stated</th>' in page
    assert "differ only in capitals: &#x27;Green&#x27; and &#x27;green&#x27;" in page


# Declared categories


def declare(values, holder):
    """Make a table with ordered categories, low to high, in one of the ways to hold them."""
    frame = pd.DataFrame({"y": 0, "yhat": 1, "level": pd.Categorical(values, LEVELS, ordered=True)})
    frame.loc[0, "y"] = 1
    table = pa.Table.from_pandas(frame)
    if holder == "pandas":
        return frame
    if holder == "dask":
        return on_engine(frame, "dask")
    if holder == "pyarrow":
        return table
    if holder == "pandas-pyarrow":
        return table.to_pandas(types_mapper=pd.ArrowDtype)
    if holder.startswith("polars"):
        held = pl.from_pandas(frame).with_columns(pl.col("level").cast(pl.String).cast(pl.Enum(LEVELS)))
        return held.lazy() if holder == "polars-lazy" else held
    relation = duckdb.connect().from_arrow(table)
    return relation.project("* REPLACE (level::ENUM('low', 'medium', 'high') AS level)")


HOLDERS = ["pandas", "pandas-pyarrow", "pyarrow", "polars", "polars-lazy", "duckdb"]
HOLDERS += [pytest.param("dask", marks=pytest.mark.slow)]


@pytest.mark.parametrize("holder", HOLDERS)
def test_declared_categories_keep_their_order(holder):
    """Not that of the alphabet, and the same on every engine that can say it; scores and intersections too."""
    held = declare(["high", "low", "medium", "low"], holder)
    assert count(held, **NAMES, sensitive="level").groups.tolist() == LEVELS
    assert count_scores(held, label="y", score="yhat", sensitive="level").groups.tolist() == LEVELS


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_declared_category_without_rows_is_named(holder):
    """Whether a filter took a group out, only a person can say: it is a warning, and the audit has it."""
    held = declare(["high", "low", "high", "low"], holder)
    with pytest.warns(DataWarning, match="category 'medium' of column 'level' has no rows"):
        counts = count(held, **NAMES, sensitive="level")
    assert "category 'medium'" in counts.audit().warnings[0]
    with pytest.warns(DataWarning, match="category 'medium'"):
        count_scores(held, label="y", score="yhat", sensitive="level")


def test_parts_of_a_log_complete_each_other():
    """A category that one part lacks is no finding; the sum has all, in order, and knows what is still missing."""
    parts = [declare(values, "pandas") for values in (["high", "low"], ["medium", "low"], ["high", "high"])]
    counted = [count(part, **NAMES, sensitive="level", min_groups=1) for part in parts]
    assert sum(counted).groups.tolist() == LEVELS and sum(counted).remarks == []
    assert counted[0].groups.tolist() == ["low", "high"]
    assert "'medium'" in (counted[0] + counted[2]).remarks[0]


@pytest.mark.parametrize("name", ["log.parquet", "folder"])
def test_categories_in_parquet_are_declared(name, tmp_path):
    """A Parquet file keeps ordered categories; the warning comes once, for the whole file."""
    for values, empty in ((["high", "low", "medium", "low"], False), (["high", "low", "high", "low"], True)):
        file = tmp_path / name / "a.parquet" if name == "folder" else tmp_path / name
        file.parent.mkdir(exist_ok=True)
        declare(values, "pandas").to_parquet(file)
        read = count_folder if name == "folder" else count_file
        if not empty:
            assert read(tmp_path / name, **NAMES, sensitive="level").groups.tolist() == LEVELS
            continue
        with pytest.warns(DataWarning) as caught:
            found = read(tmp_path / name, **NAMES, sensitive="level")
        assert [str(each.message)[:17] for each in caught] == ["category 'medium'"]
        assert found.groups.tolist() == ["low", "high"]


def test_categories_that_nobody_ordered_are_sorted():
    """Made of text by ``astype``, they are in the order of the alphabet, which is no order for ranges."""
    ranges = ["(0, 9]", "(9, 25]", "(25, 45]", "(45, 100]"]
    frame = pd.DataFrame({"y": 0, "yhat": [0, 1] * 4, "age": ranges * 2})
    for column in (frame["age"], frame["age"].astype("category")):
        assert count(frame.assign(age=column), **NAMES, sensitive="age").groups.tolist() == ranges
    chosen = pd.Categorical(frame["age"], categories=ranges[::-1])
    assert count(frame.assign(age=chosen), **NAMES, sensitive="age").groups.tolist() == ranges[::-1]
    table = calibration_by_group(y_true=frame["y"], y_score=frame["yhat"], sensitive_features=chosen)
    assert table.index.get_level_values("group").unique().tolist() == ranges[::-1]


# Types


TYPES = {
    "lists": pa.array([[1, 2], [2], [1, 2], [2]]),
    "structs": pa.array([{"a": 1}, {"a": 2}] * 2),
    "bytes": pa.array([b"f", b"m"] * 2),
    "maps": pa.array([[("k", 1)], [("k", 2)]] * 2, pa.map_(pa.string(), pa.int64())),
}


def test_text_is_no_score():
    """Also where pandas says object of it, or some values are numbers."""
    for values in (["a", "b"], [b"a", b"b"], [0.5, "b"]):
        frame = pd.DataFrame({"y": [0, 1], "race": ["a", "b"], "score": pd.Series(values, dtype=object)})
        with pytest.raises(UserError, match="score column 'score' holds (Object|String), not numbers"):
            count_scores(frame, label="y", score="score", sensitive="race")


TYPED = ["pandas", "pandas-pyarrow", "polars", "polars-lazy", "pyarrow", "duckdb"]


@pytest.mark.parametrize(("engine", "kind"), [("pandas", "tuples"), *itertools.product(TYPED, TYPES)])
def test_values_that_cannot_be_groups_get_a_sentence(engine, kind):
    """As a group and as a label, on every engine, and never a traceback."""
    table = pa.table({"y": [0, 1, 1, 0], "yhat": [1, 0, 1, 0], "odd": TYPES.get(kind, TYPES["lists"])})
    if engine.startswith("pandas"):
        held = table.to_pandas(types_mapper=pd.ArrowDtype if engine == "pandas-pyarrow" else None)
        if kind == "tuples":
            held["odd"] = held["odd"].map(tuple)
    elif engine.startswith("polars"):
        held = pl.from_arrow(table)
        held = held.lazy() if engine == "polars-lazy" else held
    else:
        held = table if engine == "pyarrow" else duckdb.connect().from_arrow(table)
    said = "lists|structs" if kind == "maps" else kind  # pandas, DuckDB: lists of pairs
    with pytest.raises(UserError, match=f"sensitive column 'odd' holds ({said}).*; [a-z ]{{10}}"):
        count(held, **NAMES, sensitive="odd")
    with pytest.raises(UserError, match="column 'odd' must hold (0 and 1|numbers)"):
        count(held, label="odd", prediction="yhat", sensitive="y")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (pd.Series([("a", 1), ("b", 1)] * 2), "holds tuples, such as .*put each part into its own column"),
        ([{"a": 1}, {"a": 2}] * 2, "holds structs, such as {'a': 1}"),
        (pd.Series([["a"], ["b"]] * 2), "holds lists"),
        ([b"a", b"b"] * 2, "holds bytes.*decode"),
        (
            pd.DataFrame([[1, 2], [1, 3]] * 2, columns=[["a", "a"], ["b", "c"]]),
            "have several levels; give each one name",
        ),
    ],
    ids=["tuples", "dicts", "lists", "bytes", "levels"],
)
def test_features_that_cannot_be_groups_get_a_sentence(features, message):
    """Whatever Python objects are handed in."""
    with pytest.raises(UserError, match=message):
        audit(**FOUR | {"sensitive_features": features})


def test_a_frame_with_levels_of_columns_gets_a_sentence():
    """No column has a single name there."""
    frame = pd.DataFrame([[1, 0, "a"]], columns=[["y", "yhat", "race"], ["", "", ""]])
    with pytest.raises(UserError, match="have several levels; give each one name first: frame.columns ="):
        count(frame, **NAMES, sensitive="race")


@pytest.mark.parametrize("make", [Decimal, lambda v: Decimal(v) if v else 0], ids=["decimals", "decimals and numbers"])
def test_decimals_are_counted(make):
    """SQL drivers give such columns, as labels, decisions and counts."""
    frame = make_decisions(60).assign(people=1)
    expected = count(frame, **NAMES, sensitive="race")
    for column in ("y", "yhat", "people"):
        frame[column] = pd.Series([make(int(value)) for value in frame[column]], dtype=object)
    assert count(frame, **NAMES, sensitive="race") == expected
    assert count(frame, **NAMES, sensitive="race", count="people") == expected
    frame.loc[3, "y"] = Decimal("0.4")
    with pytest.raises(UserError, match="column 'y' must hold 0 and 1.*0.4"):
        count(frame, **NAMES, sensitive="race")


def test_half_floats_are_counted(tmp_path):
    """Model outputs in 16 bits: in memory, in a file, in a folder."""
    frame = make_decisions(60)
    expected = count(frame, **NAMES, sensitive="race")
    half = frame.astype({"y": "float16", "yhat": "float16"})
    table = pa.Table.from_pandas(half)
    assert count(half, **NAMES, sensitive="race") == count(table, **NAMES, sensitive="race") == expected
    (tmp_path / "log").mkdir()
    half.to_parquet(tmp_path / "log" / "a.parquet")
    assert count_file(tmp_path / "log" / "a.parquet", **NAMES, sensitive="race") == expected
    assert count_folder(tmp_path / "log", **NAMES, sensitive="race") == expected
    scores = {"label": "y", "score": "yhat", "sensitive": "race"}
    assert count_scores(table, **scores) == count_scores(frame.astype({"yhat": float}), **scores)
