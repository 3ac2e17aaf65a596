"""Fine-tune a pretrained encoder on texts with binary labels, and turn a fitted model into a predictions table."""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from labkit.errors import UserError
from labkit.models.encoder import Foundation, load_foundation_model
from labkit.models.hidden_states import check_max_length, tokenize
from labkit.models.precision import pick_device, pick_precision
from labkit.training._loop import TrainingData, prepare_loop, run_loop
from labkit.training.config import TrainConfig
from labkit.training.fit import Fit
from labkit.training.objectives.base import FairObjective, PlainObjective
from labkit.validation import check_texts_and_labels, encode_groups, sensitive_frame


def finetune(
    model: Foundation | str,
    texts: Sequence[str],
    y: Sequence[int],
    *,
    sensitive_features: Any = None,
    objective: FairObjective | PlainObjective | None = None,
    validation: tuple | None = None,
    config: TrainConfig | None = None,
) -> Fit:
    """Fine-tune a copy of a pretrained encoder for binary classification.

    Parameters
    ----------
    model : Foundation or str
        What to start from; a name is loaded. Only a copy is trained and moved to a GPU: the weights of ``model``, its
        head and its device stay as they are. An untrained head is drawn from ``config.seed``.
    texts : sequence of str, length n
    y : sequence of {0, 1}, length n
    sensitive_features : Series, array, DataFrame or dict of columns, length n, optional
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
        Bad input; the message says what to do about it.
    MemoryError
        Out of memory; the message names a smaller batch size.
    """
    config = config or TrainConfig()
    if isinstance(model, str):
        model = load_foundation_model(model)
    check_max_length(model, config.max_length)
    texts, y = check_texts_and_labels(texts, y)
    if validation is not None:
        check_texts_and_labels(*validation[:2], name="validation ", classes=1)
    groups = names = None
    if sensitive_features is not None:
        groups, names = encode_groups(sensitive_features, len(texts))  # (n,) codes, and their names
    if getattr(objective, "needs_sensitive_features", False):
        if groups is None:
            raise UserError(f"{type(objective).__name__} needs sensitive_features=: a group for each text")
        check_same_groups(sensitive_features, names, validation)
    if config.trainable_layers != "all" and config.trainable_layers > model.depth:
        raise UserError(f"trainable_layers is {config.trainable_layers}; {model.name!r} has {model.depth} blocks")
    try:
        fit = start_fit(model, texts, config)
        data = TrainingData(tokenize(model, texts, config.max_length), y, groups, names)
        loop = prepare_loop(fit, data, objective, validation)
        run_loop(loop)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise MemoryError(
                f"out of memory with batch_size={config.batch_size} and max_length={config.max_length}; "
                f"try batch_size={max(1, config.batch_size // 2)}, or trainable_layers=1"
            ) from error
        raise
    fit.model.eval()
    fit.history = loop.history.frame()
    fit.samples_per_second = loop.history.samples_per_second
    fit.measuring_seconds = loop.history.measuring_seconds
    return fit


def start_fit(model: Foundation, texts: Sequence[str], config: TrainConfig) -> Fit:
    """Return a fit that is not trained yet: a copy of the model on this process's device, and what "auto" means here.

    Pooling, precision and the first block that trains are settled here, for training and for every later prediction.
    """
    trained = copy.deepcopy(model, {id(model.tokenizer): model.tokenizer})  # the tokenizer is shared
    if config.pooling != "auto":
        trained.pooling = config.pooling
    elif not model.head_trained:
        trained.pooling = "mean" if config.trainable_layers == 0 else "cls"
    if not model.head_trained:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            trained.head = trained.make_head()
        trained.head_trained = True
    trained.to(pick_device())
    dtype = pick_precision(config.precision, trained, texts, stacklevel=4)
    model.bfloat16_error = trained.bfloat16_error  # measured once for all copies of a model
    precision = str(dtype).removeprefix("torch.")
    fit = Fit(trained, dataclasses.replace(config, precision=precision, pooling=trained.pooling))
    trained.requires_grad_(True)  # the model may come from a run that froze other blocks
    if fit.first_trained is not None:
        trained.encoder.embeddings.requires_grad_(False)
        trained.encoder.encoder.layer[: fit.first_trained].requires_grad_(False)
    return fit


def check_same_groups(sensitive_features: Any, names: Sequence[str], validation: tuple | None) -> None:
    """Raise a UserError where an objective would speak of a group that the training or the validation data lack.

    Parameters
    ----------
    sensitive_features : Series, array, DataFrame or dict of columns
        A categorical column may name categories that no row has.
    names : list of str
        The groups of the training data.
    validation : tuple (texts, y, sensitive_features) or None
    """
    columns = sensitive_features
    if not isinstance(columns, pd.DataFrame | Mapping):
        columns = {"group": columns}
    for name, column in dict(columns).items():
        if not isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
            continue
        unused = set(column.dtype.categories) - set(column)
        if unused:
            raise UserError(
                f"group {sorted(map(str, unused))[0]!r} is a category of {getattr(column, 'name', name)!r} that no "
                "training text has: nothing can be asked for it; add such texts, or remove_unused_categories()"
            )
    if validation is None or validation[2] is None:
        return
    _, validation_names = encode_groups(validation[2], len(validation[0]))
    for missing, there, lacking in (
        (set(names) - set(validation_names), "training", "validation"),
        (set(validation_names) - set(names), "validation", "training"),
    ):
        if missing:
            raise UserError(
                f"group {sorted(missing)[0]!r} is in the {there} data and not in the {lacking} data: its gap cannot be "
                f"seen; add such texts to the {lacking} data, or leave the group out of both"
            )


def predictions(
    fit: Fit, texts: Sequence[str], y: Sequence[int], sensitive_features: Any, *, threshold: float = 0.5
) -> pd.DataFrame:
    """Return the predictions table, the only thing that is handed from training to everything after it.

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
