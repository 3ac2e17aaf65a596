"""Every mitigation of the course on one clinic, at full size: how large a gap is left, how accurate, at what cost.

The last block of the shipped BERT learns from 2,000 notes and decides about 10,000 other patients, over three seeds,
each with a world of its own. It takes hours on two cores, so only `make bench FULL=1` runs it. What was
measured is kept line by line in build/clinic.jsonl, and a second run goes on where the first one stopped.

usage: python -m tests.benchmarks.clinic [METHOD ...]
"""

import json
import sys
import time
import warnings
from functools import cache
from pathlib import Path

KNOBS = {"label_bias": 0.35, "representation": 0.3}
N_TRAIN, N_TEST, SEEDS, TEST_SEED, HELD_OUT_SEED = 2000, 10_000, (0, 1, 2), 1000, 500
CONFIG = {"epochs": 4, "learning_rate": 1e-3, "trainable_layers": 1}
RECORD = Path(__file__).parents[2] / "build" / "clinic.jsonl"
TITLE = f"Mitigation in the clinic: {N_TRAIN:,} notes to learn from, {N_TEST:,} other patients, {len(SEEDS)} seeds"


@cache
def world(n, seed):
    """Return patients of one world."""
    from labkit.data.clinic.simulator import simulate_clinic

    return simulate_clinic(n=n, seed=seed, **KNOBS)


@cache
def foundation():
    """Return the shipped BERT."""
    from labkit.models.encoder import load_foundation_model

    return load_foundation_model("minilm")


@cache
def fine_tuned(name, seed):
    """Train the last block with an objective; return the fit and the seconds that training took."""
    from labkit.training.config import TrainConfig
    from labkit.training.finetuning import finetune

    notes, config = world(N_TRAIN, seed), TrainConfig(seed=seed, **CONFIG)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the constraint does not hold")  # the table shows it
        fit = finetune(
            foundation(),
            notes["note"],
            notes["y"],
            sensitive_features=notes["group"],
            objective=objectives().get(name),
            config=config,
        )
    return fit, time.perf_counter() - began - fit.cache_seconds


@cache
def objectives():
    """Return the terms of the loss by name."""
    from labkit.training.objectives.adversary import Adversary
    from labkit.training.objectives.criteria import DemographicParity, EqualizedOdds
    from labkit.training.objectives.group_dro import GroupDRO
    from labkit.training.objectives.lagrangian import AugmentedLagrangian
    from labkit.training.objectives.penalty import Penalty

    return {
        "augmented Lagrangian": AugmentedLagrangian(DemographicParity(), 0.02),
        "unbiased penalty": Penalty(DemographicParity(), 5),
        "naive penalty": Penalty(DemographicParity(), 5, estimator="naive"),
        "equalized odds": Penalty(EqualizedOdds(), 5),
        "group DRO": GroupDRO(step_size=0.05),
        "adversary": Adversary(1.0),
    }


def wrapped(seed):
    """Return the methods that are put around a model, by name: on the last block, and on embeddings."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from labkit import mitigation as m
    from labkit.language import DISTRICT_WORDS
    from labkit.training.config import TrainConfig

    block = m.FineTuning(model=foundation(), config=TrainConfig(seed=seed, **CONFIG))
    head = make_pipeline(m.Embedder(foundation()), StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    return {
        "embeddings, logistic": m.Unmitigated(estimator=head),
        "embeddings, reweighing": m.Reweighing(estimator=head),
        "embeddings, correlation remover": m.CorrelationRemoval(estimator=head),
        "embeddings, exponentiated gradient": m.ExponentiatedGradientReduction(estimator=head, tolerance=0.01),
        "label repair, 35% missed": m.LabelRepair(estimator=block, missed={"b": 0.35}),
        "reweighing, by drawing": m.Resampling(estimator=block, scheme="reweighing", seed=seed),
        "under-sampling": m.Resampling(estimator=block, strategy="under", seed=seed),
        "massaging": m.Massaging(estimator=block),
        "balanced": m.Resampling(estimator=block, seed=seed),
        "over-sampling": m.Resampling(estimator=block, strategy="over", seed=seed),
        "district left out": m.Unawareness(estimator=block, words=DISTRICT_WORDS),
        "twins": m.CounterfactualAugmentation(estimator=block, swaps=DISTRICT_WORDS),
    }


def thresholds(seed):
    """Return the methods that decide with the plain fit's score, by name."""
    from labkit import mitigation as m

    given = {"estimator": m.GivenScore(), "prefit": True, "seed": seed}
    return {
        "thresholds, parity": m.FairThresholds(**given),
        "thresholds, equalized odds": m.FairThresholds(constraints="equalized_odds", **given),
        "quantile matching": m.QuantileMatching(**given),
    }


METHODS = ("plain training", "augmented Lagrangian", "thresholds, parity", "thresholds, equalized odds",
           "quantile matching", "unbiased penalty", "naive penalty", "equalized odds", "group DRO", "adversary",
           "embeddings, logistic", "embeddings, reweighing", "embeddings, correlation remover",
           "embeddings, exponentiated gradient", "label repair, 35% missed", "reweighing, by drawing",
           "under-sampling", "massaging", "balanced", "district left out", "over-sampling", "twins")  # fmt: skip


def decide(name, seed):
    """Return the predictions table of one method and seed on the other patients, and the seconds of fitting."""
    from labkit.training.finetuning import predictions

    test = world(N_TEST, TEST_SEED)
    people = test["note"].tolist(), test["y"], test["group"]
    if name in objectives() or name == "plain training":
        fit, seconds = fine_tuned(name, seed)
        return predictions(fit, *people), seconds
    if name in thresholds(seed):
        fit, _ = fine_tuned("plain training", seed)
        held_out = world(
            N_TRAIN, HELD_OUT_SEED + seed
        )  # thresholds must not be fitted to scores that know their labels
        fitted = thresholds(seed)[name].fit(
            fit.predict(held_out["note"]), held_out["y"], sensitive_features=held_out["group"]
        )
        return fitted.predict(fit.predict(people[0]), people[1], sensitive_features=people[2]), fitted.seconds
    notes = world(N_TRAIN, seed)
    fitted = wrapped(seed)[name].fit(notes["note"].tolist(), notes["y"], sensitive_features=notes["group"])
    return fitted.predict(*people[:2], sensitive_features=people[2]), fitted.seconds


def measure(name, seed):
    """Return a row of figures of one method and seed."""
    from labkit.comparison.seeds import accuracy_change, summarise

    table, seconds = decide(name, seed)
    truth = world(N_TEST, TEST_SEED)["y_true_disease"]
    row = {"method": name, "seed": seed, "seconds": seconds} | summarise(table, true_labels=truth)
    plain = predictions_of_plain(seed) if name != "plain training" else table
    paired = accuracy_change(plain, table, true_labels=truth)
    return row | {f"paired_{key}": paired[key] for key in ("change", "low", "high")}


@cache
def predictions_of_plain(seed):
    """Return the plain fit's predictions table."""
    return decide("plain training", seed)[0]


def runs(names=METHODS):
    """Measure what was not measured before; return a frame with a row for each method and seed."""
    import pandas as pd

    RECORD.parent.mkdir(exist_ok=True)
    rows = [json.loads(line) for line in RECORD.read_text().splitlines()] if RECORD.is_file() else []
    known = {(row["method"], row["seed"]) for row in rows}
    for name in names:
        for seed in SEEDS:
            if (name, seed) not in known:
                rows.append(json.loads(json.dumps(measure(name, seed), default=float)))
                with RECORD.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
                print(f"{name}, seed {seed}: gap {rows[-1]['gap']:+.3f}", file=sys.stderr, flush=True)
    frame = pd.DataFrame(rows)
    return frame[frame["method"].isin(names)].sort_values("method", key=lambda column: column.map(names.index))


def full_table(names=METHODS):
    """Return the Markdown table: means over seeds with their 95% intervals, and the paired change on the truth."""
    from labkit.comparison.seeds import changes_over_seeds
    from labkit.comparison.tables import tabulate_means

    frame = runs(names)
    columns = {"gap": "gap, a - b", "accuracy": "accuracy, recorded", "accuracy_true": "accuracy, true"}
    means = tabulate_means(frame, columns)
    means["seconds"] = frame.groupby("method", sort=False)["seconds"].mean().map("{:.0f}".format)
    change = changes_over_seeds(frame, "accuracy_true", by="method", baseline="plain training")
    means["change, true"] = change.apply(
        lambda row: f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]", axis=1
    )
    means["by patient, each seed"] = frame.groupby("method", sort=False)[["paired_low", "paired_high"]].apply(
        lambda part: ", ".join(f"[{low:+.3f}, {high:+.3f}]" for low, high in part.to_numpy())
    )
    lines = [" | ".join(["", "method", *means.columns, ""]), "|---|" + "---|" * len(means.columns)]
    lines += [" | ".join(["", name, *row.fillna(""), ""]) for name, row in means.iterrows()]
    return "\n".join([f"## {TITLE}", "", *(line.strip() for line in lines), ""])


if __name__ == "__main__":
    print(full_table(tuple(sys.argv[1:]) or METHODS))
