"""Checkpoints of a training run: written whole or not at all, and only resumed by the run that wrote them."""

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from labkit.errors import UserError
from labkit.models.hidden_states import fingerprint


class Checkpoints:
    """The latest state of a run in a folder.

    Parameters
    ----------
    folder : str or Path
        Where; made when missing.
    identity : str
        What the run is (configuration, data, starting weights): a resumed run must have the same.
    """

    def __init__(self, folder, identity):
        self.folder, self.identity = Path(folder), identity
        self.folder.mkdir(parents=True, exist_ok=True)

    def save(self, model, optimizer, term, progress) -> None:
        """Replace the checkpoint: trained weights, the state of optimizer and objective, a JSON-able ``progress``."""
        fresh = self.folder / f"writing-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        trained = {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}
        save_file(trained, fresh / "model.safetensors")
        save_file(
            {name: value.contiguous() for name, value in term.state_dict().items()}, fresh / "objective.safetensors"
        )
        torch.save(optimizer.state_dict(), fresh / "optimizer.pt")
        (fresh / "progress.json").write_text(json.dumps({"identity": self.identity, **progress}))
        target = self.folder / f"step-{progress['step']:08d}"
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)  # one step of the file system: a killed run leaves the previous checkpoint
        for old in self._steps()[:-1]:
            shutil.rmtree(old)

    def load(self, model, optimizer, term) -> dict | None:
        """Put the latest checkpoint into model, optimizer and term; return its progress, or None where there is none.

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

    def _steps(self):
        return sorted(self.folder.glob("step-*"))


def identify(*parts) -> str:
    """Return a digest of strings, arrays and nested lists of them, for `Checkpoints`."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def identify_run(model, ids, y, groups, objective, config) -> str:
    """Return a digest of all that the result of a run depends on; where its records go is left out."""
    bare = dataclasses.replace(config, log_dir=None, checkpoint_dir=None, checkpoint_steps=None)
    own_repr = type(objective).__repr__ not in (object.__repr__, type(identify).__repr__)  # those hold an address
    name = repr(objective) if own_repr else getattr(objective, "__qualname__", type(objective).__qualname__)
    head = [(key, tensor.cpu().numpy().tobytes()) for key, tensor in model.head.state_dict().items()]
    members = None if groups is None else groups.tolist()
    return identify(bare, ids, y.tolist(), members, name, fingerprint(model, model.depth), head)
