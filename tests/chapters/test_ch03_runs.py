"""Notebook 03's table of training runs: whole, measured as described, and what its recipe gives."""

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch03 import runs
from labkit.errors import UserError

TABLE = runs.load_runs()


def test_the_table_is_whole():
    """Every model has all its worlds, seeds and settings, once."""
    keys = ["model", "records", "world", "seed", "setting"]
    assert not TABLE.duplicated(keys).any() and not TABLE.isna().any(axis=None)
    found = TABLE[TABLE["records"] == "biased"].groupby("model")[["world", "seed", "setting"]].nunique()
    assert {name: tuple(row) for name, row in found.iterrows()} == {
        "word counts": (16, 1, 4),
        **{head: (16, 1, 5) for head in runs.HEADS},
        "last block": (8, 4, 1),
        "all blocks": (5, 1, 2),
    }


def test_people_are_in_no_training_sample():
    """Seeds of worlds and of the people measured differ."""
    worlds = TABLE["world"].max() + 1
    assert runs.PEOPLE_SEED not in range(3 * worlds)


def test_measures_by_hand():
    """Twelve people, three in each quarter, four of them of group b."""
    ill, truly_ill = [0, 2, 4], [0, 2, 4, 8]
    people = pd.DataFrame(
        {
            "y": np.isin(np.arange(12), ill).astype(int),
            "y_true_disease": np.isin(np.arange(12), truly_ill).astype(int),
            "group": list("aab" * 4),
        }
    )
    score = np.array([0.9, 0.2, 0.6, 0.3, 0.7, 0.45, 0.8, 0.1, 0.4, 0.52, 0.05, 0.35])
    row = runs.measure_scores(people, score, np.array([0.6, 0.55, 0.4, 0.2]))
    assert (row["selected_a"], row["selected_b"], row["gap"]) == (4 / 8, 1 / 4, 1 / 4)
    assert row["gap_1"] == 1 / 2 - 1
    assert row["gap_equal"] == 3 / 8  # the three highest scores are of a, as many as are recorded ill
    assert (row["flips_b"], row["selected_b_as_alder"]) == (1 / 4, 2 / 4)
    assert (row["found_a"], row["found_b"]) == (1, 1 / 2)
    assert row["auc"] == pytest.approx(25 / 27)


def test_an_unknown_model_is_refused():
    """The message names what there is."""
    with pytest.raises(UserError, match="last block"):
        next(runs.train_network("two blocks", 0))


def find_row(row):
    """Return the table's row of a run."""
    keys = ["model", "records", "world", "seed", "setting"]
    return TABLE[(TABLE[keys] == pd.Series({key: row[key] for key in keys})).all(axis=1)].iloc[0]


@pytest.mark.slow
@pytest.mark.parametrize("records", ["biased", "right"])
def test_word_counts_can_be_measured_again(records):
    """Nothing in them is random."""
    for row in runs.train_word_counts(3, records):
        kept = find_row(row)
        assert {name: kept[name] for name in row if name not in {"model", "records"}} == pytest.approx(
            {name: value for name, value in row.items() if name not in {"model", "records"}}, abs=2e-3
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["head", "last block"])
def test_a_network_can_be_trained_again(name):
    """Processors differ in the last digits of a training, and a person close to one half can change sides."""
    row = list(runs.train_network(name, 1))[-1]
    kept = find_row(row)
    for measure in ("auc", "gap", "gap_equal", "flips_b", "validation_loss"):
        assert row[measure] == pytest.approx(kept[measure], abs=0.03), measure
