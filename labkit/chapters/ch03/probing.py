"""How the functions of notebook 03's repairs are called: with tensors, models and functions, made of plain values.

Each of these adapters (see `labkit.exercises.answers.outputs_of`) takes a student's function and the plain arguments of
one call, makes the objects that the function takes, calls it, and returns plain values. A class calls them in the box,
where nothing may be known about what is right: that is in the modules with exercises, which stay outside.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from labkit.exercises.answers import Fault

REFUSED = "error"  # the device of a run that fails on a device


# ---- What the calls are made of --------------------------------------------------------------------------------------
def tensor(values: Any) -> Any:
    """Return nested lists as a tensor, and a single number as it is."""
    import torch

    return torch.tensor(values) if isinstance(values, list) else values


def patients(n: int, width: int, seed: int) -> tuple:
    """Return inputs (n, width) and labels (n,) as tensors that a seed decides."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, generator=generator), (torch.arange(n) % 3 == 0).float()


def fixed_head(width: int) -> Any:
    """Return a linear head whose weights are always the same."""
    import torch

    head = torch.nn.Linear(width, 1)
    with torch.no_grad():
        head.weight.copy_(torch.linspace(-0.8, 0.5, width)[None])
        head.bias.fill_(0.4)
    return head


def flat_weights(head: Any) -> list[float]:
    """Return the weights and the bias of a head as one list."""
    return [value for each in head.parameters() for value in each.detach().reshape(-1).tolist()]


def is_open(result: Any) -> bool:
    """Say whether a function returned nothing, or dots."""
    return result is None or result is ...


# ---- 03.6 an audit ---------------------------------------------------------------------------------------------------
def report_groups(function: Callable, y_true: list, y_pred: list, group: list) -> Any:
    """Call an audit with arrays; a row may be a Series or an array, also under a name that is no group's."""
    found = function(np.array(y_true), np.array(y_pred), np.array(group))
    if not isinstance(found, dict):
        return found
    return {name: row.tolist() if hasattr(row, "tolist") else row for name, row in found.items()}


# ---- 03.7 and 03.8 losses --------------------------------------------------------------------------------------------
def loss_and_gradient(function: Callable, logits: Any, *others: Any) -> Any:
    """Return a loss and its gradient with respect to the logits, by which training acts; no gradient is an empty list.

    Parameters
    ----------
    function : callable
        Takes logits and other arguments, returns a loss.
    logits : tensor of float
    *others : object

    Returns
    -------
    dict
        "loss" and "gradient".

    Raises
    ------
    Fault
        The function returns something else than a tensor with one number.
    """
    import torch

    logits = logits.clone().requires_grad_()
    loss = function(logits, *others)
    if is_open(loss):
        return loss
    if not isinstance(loss, torch.Tensor):
        raise Fault(f"returns {type(loss).__name__}; a loss is a tensor that can be differentiated.")
    if loss.numel() != 1:
        raise Fault(f"returns {loss.numel()} numbers; a loss is a single one.")
    gradient = torch.autograd.grad(loss.sum(), logits, allow_unused=True)[0] if loss.requires_grad else None
    return {"loss": loss.item(), "gradient": [] if gradient is None else gradient.tolist()}


def penalty_as_shown(logits: Any, labels: Any, is_b: Any, weight: float) -> Any:
    """Cut the penalty off from the logits: the program of the notebook that is to be repaired, call by call."""
    import torch

    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
    with torch.no_grad():
        scores = torch.sigmoid(logits)
        gap = scores[~is_b].mean() - scores[is_b].mean()
    return loss + weight * gap**2


def steps_of(function: Callable, logits: Any, *others: Any) -> tuple[list, Any]:
    """Return the calls of torch that a loss makes, each with whether torch keeps gradients meanwhile, and the rest."""
    import torch
    from torch.overrides import TorchFunctionMode

    steps = []

    class Recorder(TorchFunctionMode):
        """Write down each call."""

        def __torch_function__(self, called, types, args=(), kwargs=None):
            steps.append((getattr(called, "__name__", ""), torch.is_grad_enabled()))
            return called(*args, **(kwargs or {}))

    def recorded(*arguments):
        with Recorder():
            return function(*arguments)

    found = loss_and_gradient(recorded, logits, *others)
    return steps, found


def feel_penalty(function: Callable, logits: list, labels: list, is_b: list, weight: float) -> Any:
    """Return a penalized loss and its gradient, and whether the program is still that of the notebook.

    Other programs, too, may have a penalty without a gradient; only this one is not attempted.
    """
    call = (tensor(logits), tensor(labels), tensor(is_b), weight)
    steps, found = steps_of(function, *call)
    if isinstance(found, dict) and steps == steps_of(penalty_as_shown, *call)[0]:
        found["unchanged"] = True
    return found


def feel_pair_loss(function: Callable, two_logits: list, labels: list) -> Any:
    """Return a loss of two logits per person, and its gradient."""
    return loss_and_gradient(function, tensor(two_logits), tensor(labels))


# ---- 03.9 a batch ----------------------------------------------------------------------------------------------------
def batch_items(function: Callable, items: list) -> Any:
    """Return ids and mask of tensors (1, length), truth values as 1 and 0, as nested lists.

    A batch whose last axis has one place, and which has not two, would pass for (notes, tokens).
    """
    result = function([tensor(item) for item in items])
    for name, part in zip(("ids", "mask"), result if isinstance(result, tuple | list) else (), strict=False):
        sizes = getattr(part, "shape", (0, 0))
        if len(sizes) != 2 and sizes[-1:] == (1,):
            raise Fault(f"returns {name} of the shape {tuple(sizes)}; (notes, tokens) is asked for.")
    return numbers(result)


def numbers(value: Any) -> Any:
    """Return tensors, arrays and Series as nested lists, and truth values as 1 and 0.

    A list with one Series would pass for that Series.
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple):
        return [numbers(each) for each in value]
    return int(value) if isinstance(value, bool) else value


# ---- 03.10 an evaluation ---------------------------------------------------------------------------------------------
def evaluate_above(function: Callable, inputs: list, labels: list, size: int, threshold: float) -> Any:
    """Call an evaluation with a model that answers 1 above a threshold, batches of a size, and all labels."""

    def predict(values):
        return [int(value > threshold) for value in values]

    places = range(0, len(inputs), size)
    return function(predict, [(inputs[at : at + size], labels[at : at + size]) for at in places], labels)


# ---- 03.12 the learning rate -----------------------------------------------------------------------------------------
def train_on_plan(function: Callable, epochs: int, size: int, rate: float, step_size: int, gamma: float) -> Any:
    """Return the learning rate of each step of a real optimizer, the losses, and the weights at the end.

    Parameters
    ----------
    function : callable
        Takes head, optimizer, scheduler, batches and epochs; returns losses.
    epochs : int
    size : int
        Of a batch; there are seven patients, others for each number of epochs.
    rate : float
        Learning rate at the beginning.
    step_size, gamma : int, float
        After so many steps of the scheduler, the rate is multiplied by gamma.
    """
    import torch

    class Recorder(torch.optim.SGD):
        """Write down the rate of each step."""

        rates: tuple[float, ...] = ()

        def step(self, *arguments):
            self.rates = (*self.rates, self.param_groups[0]["lr"])
            return super().step(*arguments)

    inputs, labels = patients(7, 3, seed=epochs)
    head = fixed_head(3)
    optimizer = Recorder(head.parameters(), lr=rate)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=step_size, gamma=gamma)
    batches = list(zip(inputs.split(size), labels.split(size), strict=True))
    losses = function(head, optimizer, scheduler, batches, epochs)
    if is_open(losses):
        return losses
    return {"rates": list(optimizer.rates), "losses": losses, "weights": head.weight.detach()[0].tolist()}


# ---- 03.13 a run that can be repeated --------------------------------------------------------------------------------
def run_patients(steps: int) -> tuple:
    """Return inputs (12, 4) and labels (12,): other patients for each number of steps."""
    return patients(12, 4, seed=steps)


def watch_run(function: Callable, seed: int, state: int, steps: int, device: str) -> Any:
    """Return the weights of a head before and after some steps; on the device `meta`, which devices it is on.

    Torch's own generator is in a known state before each call, so that what does not repeat fails in the same way each
    time. The device `meta` has no values: what is on it is on it on every machine.
    """
    import torch

    def run(number):
        torch.manual_seed(state)
        inputs, labels = run_patients(steps)
        head = function(inputs, labels, seed, number, device)
        if not isinstance(head, torch.nn.Module) and not (is_open(head) and number == steps):
            raise Fault("should return the trained head itself.")
        return head

    if device == "meta":
        try:
            return {"devices": sorted({each.device.type for each in run(steps).parameters()})}
        except Exception:  # of the function, or of what it returned
            return {"devices": [REFUSED]}
    head = run(steps)
    if is_open(head):
        return head
    return {"weights": flat_weights(head), "start": flat_weights(run(0))}


# ---- 03.14 a history -------------------------------------------------------------------------------------------------
def train_and_look(function: Callable, epochs: int, n: int, width: int) -> Any:
    """Return the history of a training, and the weights of the head afterwards."""
    inputs, labels = patients(n, width, seed=epochs)
    head = fixed_head(width)
    history = function(head, inputs, labels, epochs)
    if is_open(history):
        return history
    return {"history": history, "weights": head.weight.detach()[0].tolist()}
