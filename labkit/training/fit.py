"""A fitted classifier: predict, save to a folder, load again."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_model

from labkit.errors import UserError
from labkit.models.batches import pad
from labkit.models.encoder import Foundation, load_trained_model
from labkit.models.hidden_states import States, hidden_states, pooled_states, tokenize
from labkit.models.weights import read_json
from labkit.training.config import TrainConfig
from labkit.validation import check_texts

PREDICTED = 64  # texts in a batch of predictions
WEIGHTS = "fit.safetensors"
SETTINGS = "fit.json"
TIMES = ("samples_per_second", "cache_seconds", "measuring_seconds")
ABOUT = ("name", "head_hidden", "activation", "config", "history", *TIMES)  # what fit.json holds


@dataclass
class Fit:
    """A fine-tuned classifier: what `labkit.training.finetune` returns.

    Attributes
    ----------
    model : Foundation
        The fine-tuned encoder with its head, in eval mode.
    config : TrainConfig
        How it was trained; ``precision`` and ``pooling`` are the ones that were used.
    history : DataFrame
        One row per epoch: epoch, loss (mean over the epoch), learning_rate, the objective's columns, and
        validation_* columns.
    samples_per_second : float
        Texts per second of the training loop alone.
    cache_seconds : float
        Spent on filling or reading the cache of hidden states.
    measuring_seconds : float
        Spent on measuring the training set after each epoch, where the objective asks for it.
    """

    model: Foundation
    config: TrainConfig
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    samples_per_second: float = float("nan")
    cache_seconds: float = 0.0
    measuring_seconds: float = 0.0

    @property
    def first_trained(self) -> int | None:
        """The first block that trains; ``model.depth`` where the head alone does, None where everything does."""
        if self.config.trainable_layers == "all":
            return None
        return self.model.depth - self.config.trainable_layers

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return P(y=1) for each text.

        What the frozen blocks compute is read from the cache of hidden states where it is there.

        Parameters
        ----------
        texts : sequence of str, length n

        Returns
        -------
        ndarray of float64, shape (n,)
            In [0, 1].

        Raises
        ------
        UserError
            A text is missing or empty, or ``texts`` is a single string.
        """
        ids = tokenize(self.model, check_texts(texts), self.config.max_length)
        logits = compute_logits(self, ids, frozen_states(self, ids))  # (n,)
        return torch.sigmoid(torch.from_numpy(logits)).numpy()

    def save(self, folder: str | Path) -> Path:
        """Write weights (safetensors), configuration, tokenizer and history to a folder, for `load_fit`.

        Parameters
        ----------
        folder : str or Path
            Created where it is missing.

        Returns
        -------
        Path
            The folder.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.model.encoder.config.save_pretrained(folder)
        self.model.tokenizer.save_pretrained(folder)
        save_model(self.model, str(folder / WEIGHTS))
        about = {
            "name": str(self.model.name),
            "head_hidden": self.model.head_hidden,
            "activation": self.model.activation,
            "config": dataclasses.asdict(self.config),
            "history": self.history.to_dict("list"),
            **{name: getattr(self, name) for name in TIMES},
        }
        (folder / SETTINGS).write_text(json.dumps(about, indent=1))
        return folder


def frozen_states(fit: Fit, ids: Sequence[Sequence[int]]) -> States | None:
    """Return what the frozen blocks hand to the trained ones, or None where nothing is frozen or kept.

    Parameters
    ----------
    fit : Fit
    ids : list of n lists of int
        Token ids.

    Returns
    -------
    States or None
        Of n texts. Where the head alone trains, each has one state: its embedding.
    """
    config = fit.config
    if fit.first_trained is None or not config.cache_states:
        return None
    dtype = getattr(torch, config.precision)  # settled: "float32" or "bfloat16"
    if config.trainable_layers == 0:
        return pooled_states(fit.model, ids, pooling=config.pooling, dtype=dtype)
    return hidden_states(fit.model, ids, layer=fit.first_trained, dtype=dtype)


@torch.inference_mode()
def compute_logits(fit: Fit, ids: Sequence[Sequence[int]], states: States | None = None) -> np.ndarray:
    """Return the logit of P(y=1) of each text, in eval mode.

    Parameters
    ----------
    fit : Fit
    ids : list of n lists of int
        Token ids.
    states : States, optional
        What `frozen_states` gives for these texts; without it the whole model runs.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    model = fit.model.eval()
    device = next(model.parameters()).device
    order = np.argsort([len(row) for row in ids], kind="stable")  # (n,), texts of similar length together
    logits = np.empty(len(ids))
    for start in range(0, len(order), PREDICTED):
        rows = order[start : start + PREDICTED].tolist()
        with torch.autocast(device.type, torch.bfloat16, enabled=fit.config.precision == "bfloat16"):
            if states is None:
                tokens, mask = pad(ids, rows, model.tokenizer.pad_token_id)  # (B, T), (B, T)
                some = model(tokens.to(device), mask.to(device))  # (B,)
            else:
                hidden, mask = states.batch(rows)  # (B, T, H), (B, T)
                some = model(hidden=hidden.float().to(device), attention_mask=mask.to(device), start=fit.first_trained)
        logits[rows] = some.double().cpu()
    return logits


class FitSettings(NamedTuple):
    """What `Fit.save` writes besides weights and tokenizer."""

    name: str  # of the encoder that was fine-tuned
    config: TrainConfig
    history: pd.DataFrame
    times: dict[str, float]
    head_hidden: int | None
    activation: str


def read_fit_settings(folder: str | Path) -> FitSettings:
    """Read how a saved fit was trained, without its weights.

    Parameters
    ----------
    folder : str or Path
        What `Fit.save` wrote.

    Returns
    -------
    FitSettings

    Raises
    ------
    FileNotFoundError
        There is no fit in the folder.
    UserError
        ``fit.json`` is not what `Fit.save` writes. The message names what is wrong.
    """
    folder = Path(folder)
    file = folder / SETTINGS
    if not file.is_file():
        raise FileNotFoundError(f"{folder} holds no {SETTINGS}; give a folder that Fit.save() wrote")
    about = read_json(file)
    if about.keys() != set(ABOUT):
        wrong = sorted(about.keys() ^ set(ABOUT))
        raise UserError(f"{file} lacks or should not have {', '.join(wrong)}; copy the folder again")
    try:
        config, history = TrainConfig(**about["config"]), pd.DataFrame(about["history"])
        times = {name: float(about[name]) for name in TIMES}
    except (TypeError, ValueError) as error:
        raise UserError(f"{file} does not describe a fit ({error}); copy the folder again") from error
    for setting in ("pooling", "precision"):
        if getattr(config, setting) == "auto":
            raise UserError(f"{file} leaves {setting} open, which a fit has settled; copy the folder again")
    return FitSettings(str(about["name"]), config, history, times, about["head_hidden"], about["activation"])


def load_fit(folder: str | Path) -> Fit:
    """Load what `Fit.save` wrote.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Fit
        Its model is on the CPU, in eval mode.

    Raises
    ------
    FileNotFoundError
        There is no fit in the folder.
    UserError
        A file is damaged; weights are missing, too many, or of another shape than the configuration says; the
        tokenizer does not fit; or ``fit.json`` is not what `Fit.save` writes. The message names what is wrong.
    """
    folder = Path(folder)
    about = read_fit_settings(folder)
    model = load_trained_model(folder / WEIGHTS, about.name, head_hidden=about.head_hidden, activation=about.activation)
    config = about.config
    if config.trainable_layers != "all" and config.trainable_layers > model.depth:
        raise UserError(
            f"{folder / SETTINGS} says that {config.trainable_layers} blocks were trained, but config.json has "
            f"{model.depth}; copy the folder again"
        )
    model.pooling = config.pooling
    return Fit(model=model, config=config, history=about.history, **about.times)
