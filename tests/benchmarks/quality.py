"""Whether speed costs quality: AUC on real sentences with transformers' Trainer and with labkit, over seeds.

Same sentences, epochs, batch size, rates and warm-up. The last block over cached states has its own epochs and rate.
"""

import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from .training import BATCH_SIZE, load, make_trainer, rows, train

N_TRAIN, N_TEST, SEEDS = 800, 1500, (0, 1, 2)
SHARED = {"learning_rate": 1e-4, "weight_decay": 0.01}
EPOCHS = 2
LAST_BLOCK = {"trainable_layers": 1, "epochs": 6, "learning_rate": 5e-4}
METHODS = ("transformers.Trainer", "labkit, all blocks", "labkit, last block")
TITLE = f"AUC on {N_TEST:,} real sentences after training on {N_TRAIN:,}, batch size {BATCH_SIZE}, {len(SEEDS)} seeds"


@cache
def sentences():
    """Return texts and labels to train on, and others to measure on."""
    texts, y = load(N_TRAIN + N_TEST)
    return (texts[:N_TRAIN], y[:N_TRAIN]), (texts[N_TRAIN:], y[N_TRAIN:])


def score(method, seed):
    """Return P(y=1) of the sentences to measure on."""
    learn, (texts, y) = sentences()
    if method == "transformers.Trainer":
        trainer = make_trainer(*learn, num_train_epochs=EPOCHS, warmup_steps=0.1, seed=seed, **SHARED)
        with redirect_stdout(sys.stderr):  # it prints its own figures
            trainer.train()
        logits = trainer.predict(rows(trainer.data_collator.tokenizer, texts, y)).predictions
        return logits[:, 1] - logits[:, 0]
    options = LAST_BLOCK if method == "labkit, last block" else SHARED | {"epochs": EPOCHS}
    return train(*learn, seed=seed, **options).predict(texts)


def measure():
    """Return a frame with the AUC of each method and seed."""
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    y = sentences()[1][1]
    found = []
    for method in METHODS:
        for seed in SEEDS:
            found.append({"method": method, "seed": seed, "auc": roc_auc_score(y, score(method, seed))})
            print(f"{method}, seed {seed}: AUC {found[-1]['auc']:.4f}", file=sys.stderr, flush=True)
    return pd.DataFrame(found)


def full_table():
    """Return the Markdown table, made in its own process."""
    command = [sys.executable, "-m", "tests.benchmarks.quality"]
    return subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, check=True).stdout


def table():
    """Return the Markdown table: mean AUC over seeds, and differences seed by seed, with 95% intervals."""
    from labkit.comparison.seeds import changes_over_seeds, over_seeds

    frame = measure()
    means = over_seeds(frame, "auc", by="method")
    against = {name: changes_over_seeds(frame, "auc", by="method", baseline=name) for name in METHODS[:2]}
    head = ["", "AUC", *(f"less {name}" for name in against)]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---|" * (len(head) - 1)]
    for name in METHODS:
        cells = [f"{means['mean'][name]:.3f} [{means['low'][name]:.3f}, {means['high'][name]:.3f}]"]
        for changes in against.values():
            row = changes.loc[name] if name in changes.index else None
            cells.append("" if row is None else f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([f"## {TITLE}", "", *lines, ""])


if __name__ == "__main__":
    print(table())
