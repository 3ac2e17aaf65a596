"""Fine-tune a pretrained encoder on texts with binary labels, and turn a fitted model into a predictions table."""

import dataclasses
import time

import numpy as np
import pandas as pd
import torch

from labkit.errors import UserError
from labkit.models.batches import LengthBuckets, StratifiedBuckets, pad
from labkit.models.encoder import load_foundation_model
from labkit.models.hidden_states import check_max_length, tokenize
from labkit.models.precision import make_accelerator, pick_device, pick_precision, seed_dropout
from labkit.training._checkpoints import Checkpoints, identify_run
from labkit.training.config import TrainConfig
from labkit.training.fit import Fit, compute_logits, first_trained, frozen_states, prepare_model, set_training
from labkit.training.history import History
from labkit.training.objectives.base import Batch, Plain, Pooled, Run, cross_entropy
from labkit.validation import check_texts_and_labels, encode_groups, sensitive_frame


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
    objective : optional
        One of `labkit.training.objectives`, or a callable ``objective(logits, y, groups) -> scalar loss`` on a batch:
        logits (B,), y (B,) of 0.0 and 1.0, groups (B,) of codes from 0 (or None). Default: binary cross-entropy.
    validation : tuple (texts, y, sensitive_features), optional
        Evaluated after every epoch; ``sensitive_features`` may be None.
    config : TrainConfig, optional

    Returns
    -------
    Fit

    Raises
    ------
    UserError
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
    groups, names = (None, None) if sensitive_features is None else encode_groups(sensitive_features, len(texts))
    if getattr(objective, "needs_sensitive_features", False):
        if groups is None:
            raise UserError(f"{type(objective).__name__} needs sensitive_features=: a group for each text")
        check_same_groups(sensitive_features, names, validation)
    if config.trainable_layers != "all" and config.trainable_layers > model.depth:
        raise UserError(f"trainable_layers is {config.trainable_layers}; {model.name!r} has {model.depth} blocks")
    pick_precision(config.precision, model.to(pick_device()), texts)  # measured on the original: its copies know it
    model = prepare_model(model, config)
    try:
        return run(model, texts, y, (groups, names), objective, validation, config)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise MemoryError(
                f"out of memory with batch_size={config.batch_size} and max_length={config.max_length}; "
                f"try batch_size={max(1, config.batch_size // 2)}, or trainable_layers=1"
            ) from error
        raise


def run(model, texts, y, members, objective, validation, config) -> Fit:
    """Train; the arguments have been checked. ``members`` are group codes (n,) and their names, or None twice."""
    from torch.utils.data import DataLoader

    groups, names = members
    dtype = pick_precision(config.precision, model, texts)
    config = dataclasses.replace(config, precision=str(dtype).removeprefix("torch."), pooling=model.pooling)
    ids = tokenize(model, texts, config.max_length)
    first, states, began = first_trained(model, config), None, time.perf_counter()
    if first is not None and config.cache_states:
        states = frozen_states(model, texts, config)
    cache_seconds = 0.0 if states is None else time.perf_counter() - began

    accelerator = make_accelerator()
    term, buckets = start(model, ids, members, y, objective or cross_entropy, config)
    term = term.to(accelerator.device)

    def collate(codes):
        rows, part = np.asarray(codes) % len(ids), np.asarray(codes) // len(ids)
        inputs = []  # a part of a batch is padded by itself
        for number in range(buckets.parts):
            some = rows[part == number].tolist()
            inputs.append(pad(ids, some, model.tokenizer.pad_token_id) if states is None else states.batch(some))
        codes = rows if groups is None else groups[rows]
        return inputs, *(torch.as_tensor(values) for values in (y[rows], codes, part))

    def forward(inputs, mask):
        if states is None:
            return network(input_ids=inputs, attention_mask=mask)
        return network(hidden=inputs.float(), attention_mask=mask, start=first)

    trained = [p for p in model.parameters() if p.requires_grad]
    own = [{"params": list(term.parameters()), "peak": term.learning_rate}] if term.learning_rate else []
    optimizer = torch.optim.AdamW(
        [{"params": trained, "peak": config.learning_rate}, *own], weight_decay=config.weight_decay, fused=True
    )
    loader = DataLoader(range(buckets.parts * len(ids)), batch_sampler=buckets, collate_fn=collate)
    network, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    loss_of = accelerator.prepare(term) if own else term
    total = config.epochs * len(loader)
    checkpoints = config.checkpoint_dir and Checkpoints(
        config.checkpoint_dir, identify_run(model, ids, y, groups, objective or cross_entropy, config)
    )
    progress = checkpoints and checkpoints.load(model, optimizer, term)
    history = History(config, validation, total=total, progress=progress, shown=accelerator.is_local_main_process)
    done = history.steps
    pooled = Pooled(model) if term.reads_pooled else None

    with torch.random.fork_rng(), history:
        for epoch in range(done // len(loader), config.epochs):
            buckets.epoch = epoch
            set_training(model, first)
            for step, (inputs, labels, codes, part) in enumerate(loader, start=epoch * len(loader) + 1):
                if step <= done:  # before the run was interrupted
                    continue
                # Dropout depends on seed and step alone, so that a resumed run draws what an uninterrupted one draws.
                seed_dropout(labels.device, (config.seed * 1_000_003 + step) * 64 + accelerator.process_index)
                rate = schedule(step - 1, total, config.warmup_ratio)
                for parameters in optimizer.param_groups:
                    parameters["lr"] = parameters["peak"] * rate
                with torch.autocast(labels.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
                    logits = torch.cat([forward(*some) for some in inputs])
                loss = loss_of(Batch(logits.float(), labels, codes, part, pooled and pooled.take()))
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(trained, config.max_grad_norm)
                optimizer.step()
                optimizer.zero_grad()
                rate *= config.learning_rate
                history.add_step(loss.item(), rate, len(labels) * accelerator.num_processes)
                ended = step == (epoch + 1) * len(loader)
                if ended:
                    history.add_epoch(Fit(model.eval(), config), lambda: end_epoch(term, model, config, ids, states))
                due = ended or (config.checkpoint_steps and step % config.checkpoint_steps == 0)
                if checkpoints and due and accelerator.is_main_process:
                    checkpoints.save(model, optimizer, term, history.progress())
    if pooled:
        pooled.remove()
    term.finish()
    speed = history.samples_per_second
    return Fit(model.eval(), config, history.frame(), speed, cache_seconds, history.measuring_seconds)


def start(model, ids, members, y, objective, config):
    """Return the objective's term of this run, and the batches that it asks for; members are codes and names."""
    (groups, names), lengths = members, [len(row) for row in ids]
    options = {"batch_size": config.batch_size, "seed": config.seed}
    if not hasattr(objective, "start"):
        return Plain(objective, grouped=groups is not None), LengthBuckets(lengths, **options)
    steps = config.epochs * -(-len(ids) // config.batch_size)
    term = objective.start(Run(y, groups, names, config, steps, model.encoder.config.hidden_size))
    if term.cells is None:
        return term, LengthBuckets(lengths, **options)
    return term, StratifiedBuckets(lengths, term.cells, parts=term.parts, name=term.name_cell, **options)


def end_epoch(term, model, config, ids, states):
    """Let a term see the whole training set's logits, if it asks for them; return its columns of the history."""
    if not term.measures:
        return term.end_epoch()
    device = next(term.buffers()).device
    return term.end_epoch(torch.as_tensor(compute_logits(model, config, ids, states), device=device))


def schedule(step, total, warmup_ratio):
    """Return the share of the peak learning rate at step 0..total-1: linear warm-up, then linear decay towards 0."""
    warmup = max(1, round(total * warmup_ratio))
    return (step + 1) / warmup if step < warmup else (total - step) / max(1, total - warmup + 1)


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
    UserError
        Lengths differ, labels are not 0/1, a name is taken, or the threshold is outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise UserError(f"threshold is {threshold!r}; give a number between 0 and 1")
    texts, y = check_texts_and_labels(texts, y, classes=1)
    columns = sensitive_frame(sensitive_features, len(texts))
    if taken := {"y_true", "y_score", "y_pred"} & set(columns):
        raise UserError(f"sensitive column {sorted(taken)} has a name that the predictions table uses; rename it")
    score = np.asarray(fit.predict(texts))
    table = pd.DataFrame({"y_true": y.astype(int), "y_score": score, "y_pred": (score >= threshold).astype(int)})
    return pd.concat([table, columns], axis=1)


def check_same_groups(sensitive_features, names, validation) -> None:
    """Raise ValueError where an objective would speak of a group that the training or the validation data lack.

    Parameters
    ----------
    sensitive_features : as in `encode_groups`
        A categorical column may name categories that no row has.
    names : list of str
        The groups of the training data.
    validation : tuple (texts, y, sensitive_features) or None
    """
    columns = (
        sensitive_features if isinstance(sensitive_features, pd.DataFrame | dict) else {"group": sensitive_features}
    )
    for name, column in dict(columns).items():
        if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
            unused = set(column.categories if isinstance(column, pd.Categorical) else column.cat.categories) - set(
                column
            )
            if unused:
                raise UserError(
                    f"group {sorted(map(str, unused))[0]!r} is a category of {getattr(column, 'name', name)!r} that no "
                    "training text has: nothing can be asked for it; add such texts, or remove_unused_categories()"
                )
    if validation is None or validation[2] is None:
        return
    _, found = encode_groups(validation[2], len(validation[0]))
    for missing, there, lacking in (
        (set(names) - set(found), "training", "validation"),
        (set(found) - set(names), "validation", "training"),
    ):
        if missing:
            raise UserError(
                f"group {sorted(missing)[0]!r} is in the {there} data and not in the {lacking} data: its gap cannot be "
                f"seen; add such texts to the {lacking} data, or leave the group out of both"
            )
