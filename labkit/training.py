"""Fine-tune a pretrained encoder on texts with binary labels, and turn a fitted model into a predictions table."""

import copy
import dataclasses
import time

import numpy as np
import pandas as pd
import torch

from labkit.batches import LengthBuckets, pad
from labkit.checkpoints import Checkpoints, identify
from labkit.config import TrainConfig
from labkit.device import make_accelerator, pick_device, pick_precision
from labkit.fits import Fit, frozen_states, load_fit
from labkit.history import History
from labkit.inputs import check_max_length, check_texts_and_labels, encode_groups, sensitive_frame
from labkit.models import Foundation, load_foundation_model
from labkit.states import fingerprint, tokenize

__all__ = ["Fit", "TrainConfig", "finetune", "load_fit", "predictions"]


def finetune(model, texts, y, *, sensitive_features=None, objective=None, validation=None, config=None) -> Fit:
    """Fine-tune a copy of a pretrained encoder for binary classification.

    Parameters
    ----------
    model : Foundation or str
        What to start from; a name is loaded. It is left as it was. An untrained head is drawn from ``config.seed``.
    texts : sequence of str, length n
    y : sequence of {0, 1}, length n
    sensitive_features : sequence or DataFrame, length n, optional
        Groups; needed by an ``objective`` whose ``needs_sensitive_features`` is true.
    objective : callable, optional
        ``objective(logits, y, groups) -> scalar loss`` on a batch: logits (B,), y (B,) of 0.0 and 1.0, groups (B,) of
        codes from 0 (or None). Default: binary cross-entropy.
    validation : tuple (texts, y, sensitive_features), optional
        Evaluated after every epoch; ``sensitive_features`` may be None.
    config : TrainConfig, optional

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        Bad input, with what to do about it.
    MemoryError
        Out of memory, with the batch size.
    """
    config = config or TrainConfig()
    if isinstance(model, str):
        model = load_foundation_model(model)
    check_max_length(model, config.max_length)
    texts, y = check_texts_and_labels(texts, y)
    if validation is not None:
        check_texts_and_labels(*validation[:2], name="validation ", classes=1)
    groups = None if sensitive_features is None else encode_groups(sensitive_features, len(texts))
    if groups is None and getattr(objective, "needs_sensitive_features", False):
        raise ValueError(f"{type(objective).__name__} needs sensitive_features=: a group for each text")
    if config.trainable_layers != "all" and config.trainable_layers > model.depth:
        raise ValueError(f"trainable_layers is {config.trainable_layers}; {model.name!r} has {model.depth} blocks")
    pick_precision(config.precision, model.to(pick_device()), texts)  # measured on the original: its copies know it
    model = prepare_model(model, config)
    try:
        return run(model, texts, y, groups, objective, validation, config)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise MemoryError(
                f"out of memory with batch_size={config.batch_size} and max_length={config.max_length}; "
                f"try batch_size={max(1, config.batch_size // 2)}, or trainable_layers=1"
            ) from error
        raise


def prepare_model(model: Foundation, config: TrainConfig) -> Foundation:
    """Return a copy on the device, with frozen blocks marked and an untrained head drawn from the seed."""
    model = copy.deepcopy(model, {id(model.tokenizer): model.tokenizer})  # the tokenizer is shared
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


def run(model, texts, y, groups, objective, validation, config) -> Fit:
    """Train; the arguments have been checked."""
    from torch.utils.data import DataLoader

    dtype = pick_precision(config.precision, model, texts)
    config = dataclasses.replace(config, precision=str(dtype).removeprefix("torch."))
    ids = tokenize(model, texts, config.max_length)
    first, states, began = first_trained(model, config), None, time.perf_counter()
    if first is not None and config.cache_states:
        states = frozen_states(model, texts, config)
    cache_seconds = 0.0 if states is None else time.perf_counter() - began

    def collate(rows):
        inputs = pad(ids, rows, model.tokenizer.pad_token_id) if states is None else states.batch(rows)
        return *inputs, torch.tensor(y[rows]), torch.tensor(rows if groups is None else groups[rows])

    def forward(inputs, mask):
        if states is None:
            return network(input_ids=inputs, attention_mask=mask)
        return network(hidden=inputs.float(), attention_mask=mask, start=first)

    accelerator = make_accelerator()
    buckets = LengthBuckets([len(row) for row in ids], config.batch_size, seed=config.seed)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    loader = DataLoader(range(len(ids)), batch_sampler=buckets, collate_fn=collate)
    network, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    total = config.epochs * len(loader)
    objective = objective or cross_entropy
    checkpoints = config.checkpoint_dir and Checkpoints(
        config.checkpoint_dir, identify_run(model, ids, y, groups, objective, config)
    )
    progress = checkpoints and checkpoints.load(model, optimizer)
    history = History(config, validation, total=total, progress=progress, shown=accelerator.is_local_main_process)
    done = history.steps

    with torch.random.fork_rng(), history:
        for epoch in range(done // len(loader), config.epochs):
            buckets.epoch = epoch
            set_training(model, first)
            for step, (inputs, mask, labels, members) in enumerate(loader, start=epoch * len(loader) + 1):
                if step <= done:  # before the run was interrupted
                    continue
                # Dropout depends on seed and step alone, so that a resumed run draws what an uninterrupted one draws.
                torch.manual_seed((config.seed * 1_000_003 + step) * 64 + accelerator.process_index)
                rate = config.learning_rate * schedule(step - 1, total, config.warmup_ratio)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = rate
                with torch.autocast(inputs.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                    logits = forward(inputs, mask)
                loss = objective(logits.float(), labels, None if groups is None else members)
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(trained, config.max_grad_norm)
                optimizer.step()
                optimizer.zero_grad()
                history.add_step(loss.item(), rate, len(labels) * accelerator.num_processes)
                ended = step == (epoch + 1) * len(loader)
                if ended:
                    history.add_epoch(Fit(model.eval(), config))
                due = ended or (config.checkpoint_steps and step % config.checkpoint_steps == 0)
                if checkpoints and due and accelerator.is_main_process:
                    checkpoints.save(model, optimizer, history.progress())
    return Fit(model.eval(), config, history.frame(), history.samples_per_second, cache_seconds)


def cross_entropy(logits, y, groups=None):
    """Binary cross-entropy of logits (B,) against labels (B,): what is minimised when no objective is given."""
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, y)


def schedule(step, total, warmup_ratio):
    """Return the share of the peak learning rate at step 0..total-1: linear warm-up, then linear decay towards 0."""
    warmup = max(1, round(total * warmup_ratio))
    return (step + 1) / warmup if step < warmup else (total - step) / max(1, total - warmup + 1)


def set_training(model, first):
    """Put the model into training mode, with frozen blocks in eval mode: their dropout would only add noise."""
    model.train()
    if first is not None:
        model.encoder.embeddings.eval()
        model.encoder.encoder.layer[:first].eval()


def identify_run(model, ids, y, groups, objective, config) -> str:
    """Return a digest of all that the result of a run depends on; where its records go is left out."""
    bare = dataclasses.replace(config, log_dir=None, checkpoint_dir=None, checkpoint_steps=None)
    own_repr = type(objective).__repr__ not in (object.__repr__, type(cross_entropy).__repr__)  # those hold an address
    name = repr(objective) if own_repr else getattr(objective, "__qualname__", type(objective).__qualname__)
    head = [(key, tensor.cpu().numpy().tobytes()) for key, tensor in model.head.state_dict().items()]
    members = None if groups is None else groups.tolist()
    return identify(bare, ids, y.tolist(), members, name, fingerprint(model, model.depth), head)


def predictions(fit, texts, y, sensitive_features, *, threshold=0.5) -> pd.DataFrame:
    """Return the predictions table, the one thing that is handed from training to everything after it.

    Parameters
    ----------
    fit : Fit
        Or anything whose ``predict(texts)`` gives P(y=1).
    texts : sequence of str, length n
    y : sequence of {0, 1}, length n
    sensitive_features : Series, array, DataFrame or dict of columns, length n
        A column without a name is called "group".
    threshold : float
        In [0, 1]; scores of at least this much are decided 1.

    Returns
    -------
    DataFrame
        Columns y_true, y_score, y_pred and the sensitive columns; n rows, numbered from 0.

    Raises
    ------
    ValueError
        Lengths differ, labels are not 0/1, a name is taken, or the threshold is outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold!r}; give a number between 0 and 1")
    texts, y = check_texts_and_labels(texts, y, classes=1)
    columns = sensitive_frame(sensitive_features, len(texts))
    if taken := {"y_true", "y_score", "y_pred"} & set(columns):
        raise ValueError(f"sensitive column {sorted(taken)} has a name that the predictions table uses; rename it")
    score = np.asarray(fit.predict(texts))
    table = pd.DataFrame({"y_true": y.astype(int), "y_score": score, "y_pred": (score >= threshold).astype(int)})
    return pd.concat([table, columns], axis=1)
