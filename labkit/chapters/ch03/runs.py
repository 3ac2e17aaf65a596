"""Notebook 03's table of training runs: models trained on the notes of many worlds, measured on the same people.

Training that many models takes an hour, so their measurements are kept in ``runs.csv`` beside this file. `train_runs`
is the recipe; a test runs parts of it again.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline

from labkit.data import counterfactual, simulate_clinic
from labkit.errors import UserError
from labkit.models import load_foundation_model
from labkit.training import TrainConfig, finetune

CLINICS = {  # records -> how the clinic is simulated
    "biased": {"label_bias": 0.35, "representation": 0.3},
    "right": {"label_bias": 0.0, "representation": 0.3},  # the same notes, with every illness recorded
}
TRAINING, VALIDATION, PEOPLE = 800, 400, 2000  # numbers of notes
PEOPLE_SEED = 10_000  # in no training or validation sample
PANELS = 4  # the people are also measured in this many parts, to see what their number does
C_VALUES = (0.1, 1.0, 10.0, 100.0)
HEADS = {  # name -> the head on frozen embeddings
    "head": {},
    "head 16, gelu": {"head_hidden": 16, "activation": "gelu"},
    "head 256, gelu": {"head_hidden": 256, "activation": "gelu"},
    "head 256, tanh": {"head_hidden": 256, "activation": "tanh"},
}
TRAINED = {  # name -> what `TrainConfig` needs beside the number of epochs
    **dict.fromkeys(HEADS, {"trainable_layers": 0, "learning_rate": 5e-3}),
    "last block": {"trainable_layers": 1, "learning_rate": 3e-4},
    "all blocks": {"trainable_layers": "all", "learning_rate": 1e-4},
}
EPOCHS = {**dict.fromkeys(HEADS, (2, 4, 8, 16, 32)), "last block": (4,), "all blocks": (2, 4)}


def load_runs() -> pd.DataFrame:
    """Return the table of training runs.

    Returns
    -------
    DataFrame
        A row for each run, as `labkit.chapters.ch03.runs.train_runs` made them. Columns: model; records ("biased", or
        "right" where every illness is recorded); world and seed; setting (``C`` of word counts, else the number of
        epochs); validation_loss (nats); auc; selected_a and selected_b, the shares called ill, their difference gap
        and gap_1 to gap_4, the same for 500 people each; gap_equal, with as many called ill as are recorded ill;
        flips_b, the share of decisions about *b* that the swapped district changes, and selected_b_as_alder;
        found_a and found_b, the shares of the truly ill that are called ill.
    """
    with files("labkit.chapters.ch03").joinpath("runs.csv").open() as file:
        return pd.read_csv(file)


def open_clinic(world: int, records: str = "biased") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the validation patients of one world.

    Parameters
    ----------
    world : int
        From 0. Each world has its own patients, and no patient is in two.
    records : {"biased", "right"}
        A key of ``CLINICS``: are part of *b*'s illnesses recorded as "not ill"?

    Returns
    -------
    tuple of two DataFrames
        800 and 400 rows, as `labkit.data.simulate_clinic` gives them.
    """
    training = simulate_clinic(n=TRAINING, seed=3 * world, **CLINICS[records])
    return training, simulate_clinic(n=VALIDATION, seed=3 * world + 1, **CLINICS[records])


@cache
def find_people(records: str = "biased") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the 2,000 people on whom every model is measured, and those of *b* with the other district in their note.

    Parameters
    ----------
    records : {"biased", "right"}
        A key of ``CLINICS``.

    Returns
    -------
    tuple of two DataFrames
        Do not change them: every call gives the same ones.
    """
    people = simulate_clinic(n=PEOPLE, seed=PEOPLE_SEED, **CLINICS[records])
    return people, counterfactual(people[people["group"] == "b"])


def fit_word_counts(texts, labels, C: float) -> Pipeline:
    """Fit a logistic regression on TF-IDF features of single words and pairs of words.

    Parameters
    ----------
    texts : sequence of str, length n
    labels : sequence of {0, 1}, length n
    C : float
        Inverse strength of the penalty on the weights, above 0: the larger, the larger the weights may become.

    Returns
    -------
    Pipeline
        Fitted.
    """
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(words, LogisticRegression(C=C, max_iter=1000)).fit(texts, labels)


def measure_scores(people: pd.DataFrame, score: np.ndarray, score_swapped: np.ndarray) -> dict[str, float]:
    """Measure a model's scores of all people, and of those of *b* with the other district in their note.

    Parameters
    ----------
    people : DataFrame, n rows
        Columns y (recorded), y_true_disease and group.
    score : ndarray of float, shape (n,)
        P(ill) for the notes as written.
    score_swapped : ndarray of float, length the number of people of *b*
        P(ill) for their notes with *Alder* instead of *Birch*.

    Returns
    -------
    dict of str to float
        auc (on the records); selected_a, selected_b (shares with a score of at least one half) and their difference
        gap; gap_1 to gap_4, the same in four parts of the people; gap_equal, the difference of the shares when as many
        people are called ill as are recorded ill; flips_b and selected_b_as_alder, what the swapped district does to
        decisions about *b*; found_a and found_b, the shares of the truly ill that are called ill.
    """
    y, truly_ill = people["y"].to_numpy(), people["y_true_disease"].to_numpy() == 1
    in_b = (people["group"] == "b").to_numpy()
    chosen, swapped = score >= 0.5, score_swapped >= 0.5
    row = {"auc": roc_auc_score(y, score)}
    row |= {"selected_a": chosen[~in_b].mean(), "selected_b": chosen[in_b].mean()}
    row["gap"] = row["selected_a"] - row["selected_b"]
    part = np.arange(len(people)) * PANELS // len(people)  # (n,) 0 to 3
    for number in range(PANELS):
        here = part == number
        row[f"gap_{number + 1}"] = chosen[here & ~in_b].mean() - chosen[here & in_b].mean()
    top = np.zeros(len(people), dtype=bool)
    top[np.argsort(-score, kind="stable")[: y.sum()]] = True
    row["gap_equal"] = top[~in_b].mean() - top[in_b].mean()
    row |= {"flips_b": (chosen[in_b] != swapped).mean(), "selected_b_as_alder": swapped.mean()}
    row |= {"found_a": chosen[~in_b & truly_ill].mean(), "found_b": chosen[in_b & truly_ill].mean()}
    return row


def train_word_counts(world: int, records: str = "biased") -> Iterator[dict]:
    """Train word counts on one world with every ``C`` of ``C_VALUES``; yield a row of the table for each.

    Parameters
    ----------
    world : int
    records : {"biased", "right"}

    Yields
    ------
    dict
        See `train_runs`.
    """
    training, choosing = open_clinic(world, records)
    people, swapped = find_people(records)
    for C in C_VALUES:
        model = fit_word_counts(training["note"], training["y"], C)
        score, score_swapped = (model.predict_proba(table["note"])[:, 1] for table in (people, swapped))
        loss = log_loss(choosing["y"], model.predict_proba(choosing["note"])[:, 1])
        about = {"model": "word counts", "records": records, "world": world, "seed": 0, "setting": C}
        yield about | {"validation_loss": loss} | measure_scores(people, score, score_swapped)


def train_network(name: str, world: int, seed: int = 0, records: str = "biased") -> Iterator[dict]:
    """Train a head or a BERT on one world with every number of epochs of ``EPOCHS``; yield a row for each.

    Parameters
    ----------
    name : str
        A key of ``TRAINED``.
    world, seed : int
        The seed draws the head and the order of the notes.
    records : {"biased", "right"}

    Yields
    ------
    dict
        See `train_runs`.
    """
    if name not in TRAINED:
        raise UserError(f"{name!r} is not one of {', '.join(TRAINED)}")
    training, choosing = open_clinic(world, records)
    people, swapped = find_people(records)
    foundation = load_foundation_model("minilm", **HEADS.get(name, {}))
    for epochs in EPOCHS[name]:
        config = TrainConfig(epochs=epochs, seed=seed, precision="float32", **TRAINED[name])
        fit = finetune(foundation, training["note"], training["y"], config=config)
        score, score_swapped = fit.predict(people["note"]), fit.predict(swapped["note"])
        loss = log_loss(choosing["y"], fit.predict(choosing["note"]))
        about = {"model": name, "records": records, "world": world, "seed": seed, "setting": epochs}
        yield about | {"validation_loss": loss} | measure_scores(people, score, score_swapped)


def train_runs(counts: Mapping[str, tuple[int, int]] | None = None) -> Iterator[dict]:
    """Train all models of the table on all their worlds; about an hour on two cores.

    Parameters
    ----------
    counts : mapping of str to (int, int), optional
        Model -> number of worlds and of seeds in each. Default: those of the table.

    Yields
    ------
    dict
        A row: model, records, world, seed, setting (``C`` of word counts, else the number of epochs), validation_loss
        (log loss on 400 other notes of that world, in nats) and the measurements of `measure_scores`.
    """
    counts = counts or {
        "word counts": (16, 1),
        **dict.fromkeys(HEADS, (16, 1)),
        "last block": (8, 4),
        "all blocks": (5, 1),
    }
    for name, (worlds, seeds) in counts.items():
        for world in range(worlds):
            if name == "word counts":
                yield from train_word_counts(world)
                yield from train_word_counts(world, "right")
                continue
            for seed in range(seeds):
                yield from train_network(name, world, seed)
            if name == "last block":
                yield from train_network(name, world, 0, "right")
