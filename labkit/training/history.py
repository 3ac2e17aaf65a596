"""The course of a training run: progress bar, loss, learning rate, validation; as a frame and a TensorBoard record."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from labkit.training.fit import Fit


class History:
    """Collects the course of one training run; a context manager around its loop.

    Parameters
    ----------
    config : TrainConfig, or another configuration with a ``log_dir``
        ``log_dir`` names the folder of the TensorBoard record.
    validation : tuple (texts, y, sensitive_features) or None
        Evaluated by `add_epoch`.
    total : int
        Optimizer steps of the whole run.
    progress : dict or None
        What `progress` returned when a checkpoint was written.
    shown : bool
        Whether this process shows a bar and writes the record.
    """

    def __init__(
        self, config: Any, validation: tuple | None, *, total: int, progress: dict | None = None, shown: bool = True
    ):
        self.config = config
        self.validation = validation
        self.total = total
        self.shown = shown
        progress = progress or {"step": 0, "rows": [], "losses": []}
        self.steps = progress["step"]
        self.rows = progress["rows"]  # one for each epoch
        self.losses = progress["losses"]  # of the steps of this epoch
        self.learning_rate = 0.0  # of the last step
        self.samples = 0
        self.seconds = 0.0
        self.measuring_seconds = 0.0
        self.writer = self.bar = None

    def __enter__(self) -> "History":
        from tqdm.auto import tqdm

        if self.shown and self.config.log_dir:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(self.config.log_dir, purge_step=self.steps + 1)
        # In notebooks tqdm does not read TQDM_DISABLE itself.
        quiet = not self.shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
        self.bar = tqdm(total=self.total, initial=self.steps, desc="training", unit="step", leave=False, disable=quiet)
        self.resumed_at = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.bar.close()
        if self.writer:
            self.writer.close()

    def add_step(self, loss: float, learning_rate: float, samples: int) -> None:
        """Note one optimizer step: its loss, its learning rate and how many texts it read."""
        self.steps += 1
        self.samples += samples
        self.learning_rate = learning_rate
        self.losses.append(loss)
        self.bar.update()
        self.bar.set_postfix(loss=f"{np.mean(self.losses[-50:]):.3f}", refresh=False)
        self.write({"train/loss": loss, "train/learning_rate": learning_rate})

    def add_epoch(self, fit: Fit | None, measure: Callable[[], Mapping[str, float]] | None = None) -> None:
        """Note the end of an epoch: mean training loss, and how the model does on the validation data.

        ``measure()`` returns the objective's columns; its time is counted separately from training.
        """
        ended_at = time.perf_counter()
        self.seconds += ended_at - self.resumed_at
        row = {"epoch": len(self.rows) + 1, "loss": float(np.mean(self.losses)), "learning_rate": self.learning_rate}
        if measure is not None:
            measured = measure()
            self.measuring_seconds += time.perf_counter() - ended_at
            self.write({f"objective/{name}": float(value) for name, value in measured.items()})
            row |= measured
        if self.validation is not None:
            evaluated = evaluate(fit, *self.validation)
            self.write({f"validation/{name}": value for name, value in evaluated.items()})
            row |= {f"validation_{name.replace('/', '_')}": value for name, value in evaluated.items()}
        self.rows.append(row)
        self.losses = []
        self.resumed_at = time.perf_counter()  # evaluation is not training time

    def write(self, scalars: Mapping[str, float]) -> None:
        """Add scalars to the TensorBoard record at the current step."""
        if self.writer:
            for name, value in scalars.items():
                self.writer.add_scalar(name, value, self.steps)

    def progress(self) -> dict:
        """Return what a resumed run needs, JSON-able."""
        return {"step": self.steps, "rows": self.rows, "losses": self.losses}

    def frame(self) -> pd.DataFrame:
        """Return one row per epoch."""
        return pd.DataFrame(self.rows)

    @property
    def samples_per_second(self) -> float:
        """Texts per second of the training loop alone; NaN when a finished run was loaded from its checkpoint."""
        if not self.samples or not self.seconds:
            return float("nan")
        return self.samples / self.seconds


def read_record(log_dir: str | Path) -> pd.DataFrame:
    """Read the TensorBoard record of a run, to plot its course step by step.

    Parameters
    ----------
    log_dir : str or Path
        The folder that ``TrainConfig(log_dir=)`` named.

    Returns
    -------
    DataFrame
        One row per scalar: tag (such as "train/loss"), step (optimizer steps so far), value.

    Raises
    ------
    FileNotFoundError
        The folder holds no record.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    record = EventAccumulator(str(log_dir), size_guidance={"scalars": 0}).Reload()  # 0: keep every point
    tags = record.Tags()["scalars"]
    if not tags:
        raise FileNotFoundError(f"{log_dir} holds no TensorBoard record; train with TrainConfig(log_dir=...) first")
    rows = [(tag, point.step, point.value) for tag in tags for point in record.Scalars(tag)]
    return pd.DataFrame(rows, columns=["tag", "step", "value"])


def evaluate(fit: Fit, texts: Sequence[str], y: Sequence[int], sensitive_features: Any = None) -> dict[str, float]:
    """Return loss, accuracy, AUC and each group's selection, true positive and false positive rates, by name.

    AUC is NaN when ``y`` has one class; a rate that is undefined in a group is NaN.
    """
    from sklearn.metrics import log_loss, roc_auc_score

    from labkit.audit.arrays import audit

    y = np.asarray(y).astype(int)  # (n,)
    score = fit.predict(texts)  # (n,)
    y_pred = (score >= 0.5).astype(int)
    measured = {
        "loss": log_loss(y, score, labels=[0, 1]),
        "accuracy": float((y_pred == y).mean()),
        "auc": roc_auc_score(y, score) if len(set(y)) == 2 else float("nan"),
    }
    if sensitive_features is not None:
        by_group = audit(y_true=y, y_pred=y_pred, sensitive_features=sensitive_features).by_group
        for metric in ("selection_rate", "true_positive_rate", "false_positive_rate"):
            for group, value in by_group[metric].items():
                name = " & ".join(map(str, group)) if isinstance(group, tuple) else str(group)
                measured[f"{metric}/{name}"] = float(value)
    return measured
