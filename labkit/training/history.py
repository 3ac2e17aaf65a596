"""The course of a training run: progress bar, loss, learning rate, validation; as a frame and a TensorBoard record."""

import os
import time

import numpy as np
import pandas as pd


class History:
    """Collects the course of one training run; a context manager around its loop.

    Parameters
    ----------
    config : TrainConfig
        ``log_dir`` names the folder of the TensorBoard record.
    validation : tuple (texts, y, sensitive_features) or None
        Evaluated by `add_epoch`.
    total : int
        Optimizer steps of the whole run.
    progress : dict or None
        What `progress` gave when a checkpoint was written.
    shown : bool
        Whether this process shows a bar and writes the record.
    """

    def __init__(self, config, validation, *, total, progress=None, shown=True):
        self.config, self.validation, self.total, self.shown = config, validation, total, shown
        progress = progress or {"step": 0, "rows": [], "losses": []}
        self.steps, self.rows, self.losses = progress["step"], progress["rows"], progress["losses"]
        self.samples, self.seconds, self.measuring_seconds, self.rate = 0, 0.0, 0.0, 0.0
        self.writer = self.bar = None

    def __enter__(self):
        from tqdm.auto import tqdm

        if self.shown and self.config.log_dir:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(self.config.log_dir, purge_step=self.steps + 1)
        # tqdm itself hears TQDM_DISABLE everywhere but in notebooks
        quiet = not self.shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
        self.bar = tqdm(total=self.total, initial=self.steps, desc="training", unit="step", leave=False, disable=quiet)
        self.resumed_at = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.bar.close()
        if self.writer:
            self.writer.close()

    def add_step(self, loss, learning_rate, samples):
        """Note one optimizer step."""
        self.steps, self.samples, self.rate = self.steps + 1, self.samples + samples, learning_rate
        self.losses.append(loss)
        self.bar.update()
        self.bar.set_postfix(loss=f"{np.mean(self.losses[-50:]):.3f}", refresh=False)
        self.write({"train/loss": loss, "train/learning_rate": learning_rate})

    def add_epoch(self, fit, measure=dict):
        """Note the end of an epoch: mean training loss, and how the model does on the validation data.

        ``measure()`` gives the objective's columns; what it takes is counted apart from training.
        """
        ended_at = time.perf_counter()
        self.seconds += ended_at - self.resumed_at
        row = {"epoch": len(self.rows) + 1, "loss": float(np.mean(self.losses)), "learning_rate": self.rate}
        measured = measure()
        self.measuring_seconds += time.perf_counter() - ended_at
        self.write({f"objective/{name}": float(value) for name, value in measured.items()})
        row |= measured
        if self.validation is not None:
            measured = evaluate(fit, *self.validation)
            self.write({f"validation/{name}": value for name, value in measured.items()})
            row |= {f"validation_{name.replace('/', '_')}": value for name, value in measured.items()}
        self.rows.append(row)
        self.losses = []
        self.resumed_at = time.perf_counter()  # evaluation is not training time

    def write(self, scalars):
        """Add scalars to the TensorBoard record at the current step."""
        if self.writer:
            for name, value in scalars.items():
                self.writer.add_scalar(name, value, self.steps)

    def progress(self):
        """Return what a resumed run needs, JSON-able."""
        return {"step": self.steps, "rows": self.rows, "losses": self.losses}

    def frame(self):
        """Return a row per epoch."""
        return pd.DataFrame(self.rows)

    @property
    def samples_per_second(self):
        """Texts per second of the training loop alone; NaN when a finished run was loaded from its checkpoint."""
        return self.samples / self.seconds if self.seconds and self.samples else float("nan")


def read_record(log_dir) -> pd.DataFrame:
    """Read a TensorBoard record back.

    Parameters
    ----------
    log_dir : str or Path
        What ``TrainConfig(log_dir=)`` named.

    Returns
    -------
    DataFrame
        A row per scalar: tag (such as "train/loss"), step (optimizer steps so far), value.

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


def evaluate(fit, texts, y, sensitive_features=None) -> dict:
    """Return loss, accuracy, AUC and per-group selection, true and false positive rates, as name -> value.

    AUC is NaN when ``y`` has one class; a rate that is undefined in a group is NaN.
    """
    from sklearn.metrics import log_loss, roc_auc_score

    from labkit.audit.arrays import audit

    y, score = np.asarray(y).astype(int), fit.predict(texts)
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
