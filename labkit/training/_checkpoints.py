"""Checkpoints of a training run: written completely or not at all, and resumed only by the run that wrote them."""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import FunctionType

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.optim import Optimizer

from labkit.errors import UserError
from labkit.models.encoder import Foundation
from labkit.models.hidden_states import fingerprint
from labkit.training.config import TrainConfig
from labkit.training.objectives.base import FairObjective, PlainObjective, Term


class Checkpoints:
    """The latest state of a run in a folder.

    Parameters
    ----------
    folder : str or Path
        Created where it is missing.
    identity : str
        What the run is (configuration, data, starting weights); a run resumes only from a checkpoint of the same.
    """

    def __init__(self, folder: str | Path, identity: str):
        self.folder = Path(folder)
        self.identity = identity
        self.folder.mkdir(parents=True, exist_ok=True)

    def save(self, model: Foundation, optimizer: Optimizer, term: Term, progress: dict) -> None:
        """Replace the checkpoint: trained weights, the state of optimizer and objective, a JSON-able ``progress``."""
        fresh = self.folder / f"writing-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        trained = {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}
        save_file(trained, fresh / "model.safetensors")
        state = {name: value.contiguous() for name, value in term.state_dict().items()}
        save_file(state, fresh / "objective.safetensors")
        torch.save(optimizer.state_dict(), fresh / "optimizer.pt")
        (fresh / "progress.json").write_text(json.dumps({"identity": self.identity, **progress}))
        target = self.folder / f"step-{progress['step']:08d}"
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)  # all or nothing: a run that is killed before leaves the previous checkpoint
        for old in self._steps()[:-1]:
            shutil.rmtree(old)

    def load(self, model: Foundation, optimizer: Optimizer, term: Term) -> dict | None:
        """Put the latest checkpoint into model, optimizer and term; return its progress, or None without a checkpoint.

        Raises
        ------
        UserError
            The checkpoint belongs to another run.
        """
        steps = self._steps()
        if not steps:
            return None
        progress = json.loads((steps[-1] / "progress.json").read_text())
        if progress.pop("identity") != self.identity:
            raise UserError(
                f"checkpoint_dir {self.folder} holds a run with another configuration, other data or another model; "
                "choose an empty folder, or delete this one"
            )
        model.load_state_dict(load_file(steps[-1] / "model.safetensors"), strict=False)
        term.load_state_dict(load_file(steps[-1] / "objective.safetensors"))
        optimizer.load_state_dict(torch.load(steps[-1] / "optimizer.pt", weights_only=True))
        return progress

    def _steps(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"))


def identify_run(
    model: Foundation,
    ids: Sequence[Sequence[int]],
    y: np.ndarray,
    groups: np.ndarray | None,
    objective: FairObjective | PlainObjective,
    config: TrainConfig,
) -> str:
    """Return a digest of all that the result of a run depends on; where its records go is left out."""
    settings = dataclasses.replace(config, log_dir=None, checkpoint_dir=None, checkpoint_steps=None)
    head = [(name, tensor.cpu().numpy().tobytes()) for name, tensor in model.head.state_dict().items()]
    members = None if groups is None else groups.tolist()
    digest = hashlib.blake2b(digest_size=20)
    for part in (
        settings,
        ids,
        y.tolist(),
        members,
        describe_objective(objective),
        fingerprint(model, model.depth),
        head,
    ):
        digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def describe_objective(objective: FairObjective | PlainObjective) -> str:
    """Return an objective's settings as text, or its name where Python would give its address in memory."""
    if type(objective).__repr__ in (object.__repr__, FunctionType.__repr__):
        return getattr(objective, "__qualname__", type(objective).__qualname__)
    return repr(objective)
