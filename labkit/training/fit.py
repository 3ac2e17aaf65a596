"""A fitted classifier: predict, save to a folder, load again."""

import copy
import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_model, save_model

from labkit.models.batches import pad
from labkit.models.encoder import Foundation
from labkit.models.hidden_states import States, hidden_states, pooled_states, tokenize
from labkit.models.last_block import register_attention
from labkit.training.config import TrainConfig
from labkit.validation import check_texts


@dataclass
class Fit:
    """What `labkit.training.finetune` returns.

    Attributes
    ----------
    model : Foundation
        The fine-tuned encoder with its head, in eval mode.
    config : TrainConfig
        How it was trained; ``precision`` and ``pooling`` are those that were used.
    history : DataFrame
        A row per epoch: epoch, loss (mean over the epoch), learning_rate, and validation_* columns.
    samples_per_second : float
        Of the training loop alone.
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

    def predict(self, texts) -> np.ndarray:
        """Return P(y=1) for each text, shape (n,), float64 in [0, 1].

        The frozen part of the model is read from the cache of hidden states where there is one.
        """
        texts = check_texts(texts)
        model, config, states = self.model, self.config, None
        ids = tokenize(model, texts, config.max_length)
        if config.trainable_layers != "all" and config.cache_states:
            states = frozen_states(model, texts, config)
        return torch.sigmoid(torch.from_numpy(compute_logits(model, config, ids, states))).numpy()

    def save(self, folder) -> Path:
        """Write weights (safetensors), configuration, tokenizer and history to a folder; return it."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.model.encoder.config.save_pretrained(folder)
        self.model.tokenizer.save_pretrained(folder)
        save_model(self.model, str(folder / "fit.safetensors"))
        about = {
            "name": str(self.model.name),
            "head_hidden": self.model.head_hidden,
            "activation": self.model.activation,
            "config": dataclasses.asdict(self.config),
            "history": self.history.to_dict("list"),
            "samples_per_second": self.samples_per_second,
            "cache_seconds": self.cache_seconds,
            "measuring_seconds": self.measuring_seconds,
        }
        (folder / "fit.json").write_text(json.dumps(about, indent=1))
        return folder


@torch.inference_mode()
def compute_logits(model, config, ids, states=None) -> np.ndarray:
    """Return the logit of P(y=1) of each text, float64 (n,), in eval mode.

    Parameters
    ----------
    model : Foundation
    config : TrainConfig
        Whose precision is settled.
    ids : list of n lists of int
        Token ids.
    states : States, optional
        What the frozen blocks hand to the trained ones; without it the whole model runs.
    """
    model = model.eval()
    device = next(model.parameters()).device
    order = np.argsort([len(row) for row in ids], kind="stable")
    logits, start_at = np.empty(len(ids)), first_trained(model, config)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64].tolist()
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            if states is None:
                some = model(*(part.to(device) for part in pad(ids, rows, model.tokenizer.pad_token_id)))
            else:
                hidden, mask = states.batch(rows)
                some = model(hidden=hidden.float().to(device), attention_mask=mask.to(device), start=start_at)
        logits[rows] = some.double().cpu()
    return logits


def frozen_states(model, texts, config) -> States:
    """Return, from the cache where it is there, what the frozen blocks hand to the trained ones for each text."""
    options = {"max_length": config.max_length, "precision": config.precision}
    if config.trainable_layers == 0:
        return pooled_states(model, texts, pooling=config.pooling, **options)
    return hidden_states(model, texts, layer=first_trained(model, config), **options)


def load_fit(folder) -> Fit:
    """Load what `Fit.save` wrote.

    Raises
    ------
    FileNotFoundError
        There is no fit in the folder.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    folder = Path(folder)
    if not (folder / "fit.json").is_file():
        raise FileNotFoundError(f"{folder} holds no fit.json; give a folder that Fit.save() wrote")
    about = json.loads((folder / "fit.json").read_text())
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    options = {} if config.model_type == "electra" else {"add_pooling_layer": False}
    model = Foundation(
        AutoModel.from_config(config, attn_implementation=register_attention(), **options),
        AutoTokenizer.from_pretrained(folder, local_files_only=True),
        about["name"],
        head_hidden=about["head_hidden"],
        activation=about["activation"],
    )
    load_model(model, str(folder / "fit.safetensors"))
    settings = TrainConfig(**{"pooling": "mean"} | about["config"])  # fits of older versions do not name their pooling
    model.head_trained, model.pooling = True, settings.pooling
    return Fit(
        model.eval(),
        settings,
        pd.DataFrame(about["history"]),
        about["samples_per_second"],
        about["cache_seconds"],
        about["measuring_seconds"],
    )


def prepare_model(model: Foundation, config: TrainConfig) -> Foundation:
    """Return a copy on the device, with frozen blocks marked and an untrained head drawn from the seed."""
    model = copy.deepcopy(model, {id(model.tokenizer): model.tokenizer})  # the tokenizer is shared
    if config.pooling != "auto":
        model.pooling = config.pooling
    elif not model.head_trained:
        model.pooling = "mean" if config.trainable_layers == 0 else "cls"
    if not model.head_trained:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            model.head = model.make_head()
        model.head_trained = True
    model.requires_grad_(True)  # the model may come from a run that froze other blocks
    first = first_trained(model, config)
    for module in (model.encoder.embeddings, *model.encoder.encoder.layer[:first]) if first is not None else ():
        module.requires_grad_(False)
    return model


def first_trained(model, config):
    """Return the first block that trains, or None when everything does."""
    return None if config.trainable_layers == "all" else model.depth - config.trainable_layers


def set_training(model, first):
    """Put the model into training mode, with frozen blocks in eval mode: their dropout would only add noise."""
    model.train()
    if first is not None:
        model.encoder.embeddings.eval()
        model.encoder.encoder.layer[:first].eval()
