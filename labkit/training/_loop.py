"""One training run: what its loop needs, the loop over steps, and one step.

Everything here takes token ids; `labkit.training.finetuning` has checked and tokenized the texts.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader

from labkit.models.batches import LengthBuckets, StratifiedBuckets, pad
from labkit.models.hidden_states import States
from labkit.models.precision import make_accelerator, seed_dropout
from labkit.training._checkpoints import Checkpoints, identify_run
from labkit.training.fit import Fit, compute_logits, frozen_states
from labkit.training.history import History
from labkit.training.objectives.base import (
    Batch,
    FairObjective,
    Plain,
    PlainObjective,
    Pooled,
    Run,
    Term,
    cross_entropy,
)
from labkit.training.schedule import linear_schedule

if TYPE_CHECKING:
    from accelerate import Accelerator

# What the loader gives: a padded input for each part of the batch, then y (B,), groups (B,) or None, and part (B,).
LoadedBatch = tuple[list[tuple[Tensor, Tensor]], Tensor, Tensor | None, Tensor]


@dataclass(frozen=True)
class TrainingData:
    """The n texts of a run, tokenized and checked.

    Attributes
    ----------
    ids : list of n lists of int
        Token ids.
    y : ndarray (n,) of float32
        Labels, 0.0 and 1.0.
    groups : ndarray (n,) of int, or None
        Codes from 0.
    names : list of str, or None
        The group that each code means.
    """

    ids: list[list[int]]
    y: np.ndarray
    groups: np.ndarray | None = None
    names: list[str] | None = None


@dataclass
class Loop:
    """What the loop over steps reads and changes.

    Attributes
    ----------
    fit : Fit
        The model, and the settled configuration.
    data : TrainingData
    states : States or None
        What enters the first block that trains; None: the whole model runs in every step.
    term : Term
        The objective in this run.
    network, loss : Module
        ``fit.model`` and ``term``, as accelerate wraps them for several processes.
    trained : list of Parameter
        Of the model.
    pooled : Pooled or None
        Where the term reads the pooled representation.
    accelerator, optimizer, scheduler, buckets, loader
        ``buckets`` draws the batches and ``loader`` pads them.
    history : History
    checkpoints : Checkpoints or None
    """

    fit: Fit
    data: TrainingData
    states: States | None
    term: Term
    network: nn.Module
    loss: nn.Module
    trained: list[nn.Parameter]
    pooled: Pooled | None
    accelerator: "Accelerator"
    optimizer: Optimizer
    scheduler: LRScheduler
    buckets: LengthBuckets | StratifiedBuckets
    loader: DataLoader
    history: History
    checkpoints: Checkpoints | None


def prepare_loop(
    fit: Fit, data: TrainingData, objective: FairObjective | PlainObjective | None, validation: tuple | None
) -> Loop:
    """Make all that the loop needs, and put the run's latest checkpoint into it where there is one."""
    model = fit.model
    config = fit.config
    objective = cross_entropy if objective is None else objective
    accelerator = make_accelerator()
    term, buckets = start_objective(objective, data, fit)
    term = term.to(accelerator.device)

    began = time.perf_counter()
    states = frozen_states(fit, data.ids)
    if states is not None:
        fit.cache_seconds = time.perf_counter() - began

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    weights = [{"params": trained, "initial_lr": config.learning_rate}]
    if term.learning_rate:
        weights.append({"params": list(term.parameters()), "initial_lr": term.learning_rate})
    optimizer = torch.optim.AdamW(weights, weight_decay=config.weight_decay, fused=True)
    loader = DataLoader(
        range(buckets.parts * len(data.ids)),
        batch_sampler=buckets,
        collate_fn=Collator(data, states, buckets.parts, model.tokenizer.pad_token_id),
    )
    network, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    loss = accelerator.prepare(term) if term.learning_rate else term

    checkpoints = progress = None
    if config.checkpoint_dir:
        identity = identify_run(model, data.ids, data.y, data.groups, objective, config)
        checkpoints = Checkpoints(config.checkpoint_dir, identity)
        progress = checkpoints.load(model, optimizer, term)
    total = config.epochs * len(loader)
    history = History(config, validation, total=total, progress=progress, shown=accelerator.is_local_main_process)
    bare_optimizer = optimizer.optimizer  # without accelerate's wrapper
    scheduler = linear_schedule(bare_optimizer, total, warmup_ratio=config.warmup_ratio, done=history.steps)
    return Loop(
        fit=fit,
        data=data,
        states=states,
        term=term,
        network=network,
        loss=loss,
        trained=trained,
        pooled=Pooled(model) if term.reads_pooled else None,
        accelerator=accelerator,
        optimizer=optimizer,
        scheduler=scheduler,
        buckets=buckets,
        loader=loader,
        history=history,
        checkpoints=checkpoints,
    )


def start_objective(
    objective: FairObjective | PlainObjective, data: TrainingData, fit: Fit
) -> tuple[Term, LengthBuckets | StratifiedBuckets]:
    """Return the objective's term of this run, and the batches that it asks for."""
    config = fit.config
    lengths = [len(row) for row in data.ids]
    if not hasattr(objective, "start"):
        return Plain(objective), LengthBuckets(lengths, config.batch_size, seed=config.seed)
    steps = config.epochs * -(-len(data.ids) // config.batch_size)
    width = fit.model.encoder.config.hidden_size
    term = objective.start(Run(data.y, data.groups, data.names, config, steps, width))
    if term.cells is None:
        return term, LengthBuckets(lengths, config.batch_size, seed=config.seed)
    buckets = StratifiedBuckets(
        lengths, term.cells, config.batch_size, parts=term.parts, seed=config.seed, name=term.name_cell
    )
    return term, buckets


@dataclass(frozen=True)
class Collator:
    """Turns what a sampler of batches yields, ``row + n * part``, into the tensors of a batch."""

    data: TrainingData
    states: States | None
    parts: int
    pad_token_id: int

    def __call__(self, drawn: list[int]) -> LoadedBatch:
        """Return padded inputs, labels, groups and parts."""
        part, rows = np.divmod(drawn, len(self.data.ids))  # (B,), (B,)
        inputs = []
        for number in range(self.parts):  # each part is padded separately
            members = rows[part == number].tolist()
            if self.states is None:
                inputs.append(pad(self.data.ids, members, self.pad_token_id))  # (b, T), (b, T)
            else:
                inputs.append(self.states.batch(members))  # (b, T, H), (b, T)
        y = torch.as_tensor(self.data.y[rows])
        groups = None if self.data.groups is None else torch.as_tensor(self.data.groups[rows])
        return inputs, y, groups, torch.as_tensor(part)


def run_loop(loop: Loop) -> None:
    """Take every step that is left, note it in the history, and write checkpoints."""
    config = loop.fit.config
    steps_per_epoch = len(loop.loader)
    done = loop.history.steps  # by the run that this one resumes
    with torch.random.fork_rng(), loop.history:
        for epoch in range(done // steps_per_epoch, config.epochs):
            loop.buckets.epoch = epoch
            set_training(loop.fit)
            for step, batch in enumerate(loop.loader, start=epoch * steps_per_epoch + 1):
                if step <= done:
                    continue
                learning_rate = loop.scheduler.get_last_lr()[0]
                loss = take_step(loop, step, batch)
                _, y, _, _ = batch
                loop.history.add_step(loss, learning_rate, len(y) * loop.accelerator.num_processes)
                epoch_ended = step % steps_per_epoch == 0
                if epoch_ended:
                    loop.history.add_epoch(loop.fit, lambda: end_epoch(loop))
                due = epoch_ended or (config.checkpoint_steps and step % config.checkpoint_steps == 0)
                if loop.checkpoints and due and loop.accelerator.is_main_process:
                    loop.checkpoints.save(loop.fit.model, loop.optimizer, loop.term, loop.history.progress())
    if loop.pooled:
        loop.pooled.remove()
    loop.term.finish()


def take_step(loop: Loop, step: int, batch: LoadedBatch) -> float:
    """Take one optimizer step on a batch; return its loss."""
    inputs, y, groups, part = batch
    config = loop.fit.config
    # Dropout depends on seed and step alone, so that a resumed run draws what an uninterrupted one draws.
    seed_dropout(y.device, (config.seed * 1_000_003 + step) * 64 + loop.accelerator.process_index)
    with torch.autocast(y.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
        logits = torch.cat([compute_part(loop, given, mask) for given, mask in inputs]).float()  # (B,)
    pooled = loop.pooled.take() if loop.pooled else None  # (B, H)
    loss = loop.loss(Batch(logits, y, groups, part, pooled))  # scalar
    loop.accelerator.backward(loss)
    loop.accelerator.clip_grad_norm_(loop.trained, config.max_grad_norm)
    loop.optimizer.step()
    loop.scheduler.step()
    loop.optimizer.zero_grad()
    return loss.item()


def compute_part(loop: Loop, given: Tensor, mask: Tensor) -> Tensor:
    """Return logits (b,) of one part of a batch, from token ids (b, T) or from kept states (b, T, H)."""
    if loop.states is None:
        return loop.network(input_ids=given, attention_mask=mask)
    return loop.network(hidden=given.float(), attention_mask=mask, start=loop.fit.first_trained)


def set_training(fit: Fit) -> None:
    """Put the model into training mode, but frozen blocks into eval mode: their dropout would only add noise."""
    fit.model.train()
    if fit.first_trained is not None:
        fit.model.encoder.embeddings.eval()
        fit.model.encoder.encoder.layer[: fit.first_trained].eval()


def end_epoch(loop: Loop) -> dict[str, float]:
    """Give the term the logits of the whole training set, where it asks for them; return its columns of the history."""
    if not loop.term.measures:
        return loop.term.end_epoch()
    logits = compute_logits(loop.fit, loop.data.ids, loop.states)  # (n,)
    return loop.term.end_epoch(torch.as_tensor(logits, device=loop.accelerator.device))
