"""Exercises of notebook 03, part two: cases 7 and 8, two training runs that are watched."""

from labkit.chapters.ch03.probing import run_patients, train_on_plan, watch_run
from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers, exercise

LAB = {"objective": "03-debug"}


def binary(logits, labels):
    """Return the mean binary cross-entropy."""
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(logits.squeeze(1), labels)


# ---- 03.12 the learning rate -----------------------------------------------------------------------------------------
def train_epochs(head, optimizer, scheduler, batches, epochs):
    """Step the scheduler after each epoch."""
    losses = []
    for _ in range(epochs):
        for inputs, labels in batches:
            loss = binary(head(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    return losses


class Plan:
    """A scheduler that is stepped at other times: after some batches, and some times before the first one."""

    def __init__(self, scheduler, every, *, before=0):
        self.scheduler, self.every, self.left = scheduler, every, every
        for _ in range(before):
            scheduler.optimizer._opt_called = True  # no warning
            scheduler.step()

    def after_batch(self):
        """Count a batch."""
        self.left -= 1
        if self.left == 0:
            self.scheduler.step()
            self.left = self.every


def train_with_plan(every, *, before=0, last=False):
    """Return a training that steps the scheduler every so many batches (0: never)."""

    def training(head, optimizer, scheduler, batches, epochs):
        plan = Plan(scheduler, every, before=before)
        losses = []
        for _ in range(epochs):
            for inputs, labels in batches:
                loss = binary(head(inputs), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                plan.after_batch()
        return losses[-1:] if last else losses

    return training


def train_early(head, optimizer, scheduler, batches, epochs):
    """Step the scheduler before each epoch."""
    losses = []
    for _ in range(epochs):
        optimizer._opt_called = True  # no warning
        scheduler.step()
        losses += train_with_plan(0)(head, optimizer, scheduler, batches, 1)
    return losses


def train_to_last(head, optimizer, scheduler, batches, epochs):
    """Keep the loss of each epoch's last batch."""
    losses = train_epochs(head, optimizer, scheduler, batches, epochs)
    return losses[len(batches) - 1 :: len(batches)]


def draw_plans(rng):
    """Draw numbers of epochs, sizes of batches, learning rates, and plans by which they fall."""

    def factor():
        return round(float(rng.uniform(0.1, 0.6)), 2)

    def rate():
        return round(float(rng.uniform(0.4, 1.0)), 2)

    return [
        (int(rng.integers(3, 6)), int(rng.choice([2, 3])), rate(), 1, factor()),
        (int(rng.integers(4, 7)), int(rng.choice([2, 3, 4])), rate(), 2, factor()),
        (int(rng.integers(2, 5)), 7, rate(), 1, factor()),
    ]


compare_answers(
    "03.12",
    **LAB,
    points=1,
    any_length=True,
    tolerance=1e-5,
    collect=outputs_of((3, 2, 1.0, 1, 0.1), (4, 3, 0.5, 2, 0.5), (2, 7, 0.8, 1, 0.3), through=train_on_plan),
    hidden=draw_plans,
    always_apart=True,
    reference=train_epochs,
    untouched=train_with_plan(1),
    wrong=[
        (train_with_plan(0), "The rate never falls now. The plan divides it after every *epoch*."),
        (train_early, "The rate falls before an epoch: the first one already trains at the smaller rate."),
        (train_with_plan(2), "The rate falls after every second batch. How many batches an epoch has may differ."),
        (train_to_last, "The rates are right. But the loss of *each* batch is asked for."),
    ],
    otherwise="Not this training. Print the learning rate at each step, for 2 epochs of 3 batches: how many steps are "
    "there, and between which of them does the rate change?",
    hints=(
        "Print the learning rate at every step of the first epoch.",
        "A scheduler does not know what an epoch is: its unit is a call of its `step`. Where is that call?",
    ),
    idea="Move `scheduler.step()` out of the loop over batches, to the end of the loop over epochs.",
    praise="The rate falls once per epoch.",
)


# ---- 03.13 a run that can be repeated --------------------------------------------------------------------------------
RATE = 0.5


def train_run(inputs, labels, seed, steps, device):
    """Train a linear head, and return it."""
    import torch

    torch.manual_seed(seed)
    head = torch.nn.Linear(inputs.shape[1], 1).to(device)
    inputs, labels = inputs.to(device), labels.to(device)
    optimizer = torch.optim.SGD(head.parameters(), lr=RATE)
    for _ in range(steps):
        loss = binary(head(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head


def broken_run(*, seed="late", times=2, moves=False, restarts=False):
    """Return a training with mistakes: with the defaults those of the notebook."""

    def run(inputs, labels, given, steps, device):
        import torch

        if seed == "early":
            torch.manual_seed(given)
        if seed == "always the same":
            torch.manual_seed(0)
        head = torch.nn.Linear(inputs.shape[1], 1)
        if seed == "late":
            torch.manual_seed(given)
        head = head.to(device) if moves else head
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer = torch.optim.SGD(head.parameters(), lr=RATE)
        for _ in range(steps):
            loss = times * binary(head(inputs), labels)
            if not restarts:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return head

    return run


def trained_by_hand(start, inputs, labels, steps):
    """Return weights and bias, as one tensor, after gradient descent from others."""
    import torch

    weight, bias = start[:-1].clone(), start[-1].clone()
    for _ in range(steps):
        error = (torch.sigmoid(inputs @ weight + bias) - labels) / len(labels)
        weight, bias = weight - RATE * (error @ inputs), bias - RATE * error.sum()
    return torch.cat([weight, bias[None]])


RUNS = (  # seed, state of torch's own generator, steps, device
    (1, 7, 0, "cpu"),
    (1, 8, 0, "cpu"),
    (2, 7, 0, "cpu"),
    (3, 7, 1, "cpu"),
    (3, 7, 4, "cpu"),
    (1, 7, 2, "meta"),
)
WEIGHTS = 5  # of a linear head on four inputs, with its bias


def draw_runs(rng):
    """Draw other seeds and states for the same comparisons."""
    seed, other, third = rng.choice(1000, 3, replace=False).tolist()
    state, later = rng.choice(1000, 2, replace=False).tolist()
    return [
        (seed, state, 0, "cpu"),
        (seed, later, 0, "cpu"),
        (other, state, 0, "cpu"),
        (third, state, 1, "cpu"),
        (third, later, int(rng.integers(3, 7)), "cpu"),
        (seed, state, 2, "meta"),
    ]


def review_runs(found, probes):
    """Return whether a run repeats, varies with its seed, steps too far or otherwise wrongly, and moves to a device."""
    first, again, other, one_step, four_steps, elsewhere = found
    moved, misses = follow_run(one_step, probes[3])
    return [
        first["weights"] == again["weights"],
        first["weights"] != other["weights"],
        moved > 1.01,
        misses > TINY,
        follow_run(four_steps, probes[4])[1] > TINY,
        elsewhere["devices"] == ["meta"],
    ]


def follow_run(found, probe):
    """Return how far a run moved, in the unit of gradient descent, and how far it ended from there."""
    import torch

    _, _, steps, _ = probe
    for weights in (found["start"], found["weights"]):
        if len(weights) != WEIGHTS:
            raise Fault(f"the head has {len(weights)} weights; a linear one has {WEIGHTS - 1} here, and a bias.")
    missing = float("nan")  # a weight that is no number
    start, end = (
        torch.tensor([missing if each is None else each for each in found[name]]) for name in ("start", "weights")
    )
    right = trained_by_hand(start, *run_patients(steps), steps)
    moved, misses = (end - start).norm() / (right - start).norm(), (end - right).norm()
    return moved.nan_to_num(0.0).item(), misses.nan_to_num(torch.inf).item()


TINY = 1e-4
REPEAT = "Two runs with one seed still begin with different weights. What has been drawn before the seed is set?"
ALIKE = "All seeds give the same head now. Where is the argument `seed` used?"
TWICE = (
    "One step is still larger than the learning rate times the gradient. Which terms make up what is differentiated?"
)
NO_STEP = "One step does not change the weights as gradient descent does. Is there one `step` for each gradient?"
KEPT = "The first step is right, and later ones are not: is the gradient of the step before still there?"
DEVICE = "On another device the run fails, or the head stays behind. Print `.device` of the weights and of the inputs."


@exercise(
    "03.13",
    **LAB,
    points=2,
    collect=outputs_of(*RUNS, through=watch_run, review=review_runs),
    hidden=draw_runs,
    always_apart=True,
    reference=train_run,
    untouched=broken_run(),
    wrong=[
        (broken_run(times=1, moves=True), REPEAT),
        (broken_run(seed="always the same", times=1, moves=True), ALIKE),
        (broken_run(seed="early", moves=True), TWICE),
        (broken_run(seed="early", times=1), DEVICE),
        (broken_run(seed="early"), TWICE),
        (broken_run(seed="early", times=0, moves=True), NO_STEP),
        (broken_run(seed="early", times=1, moves=True, restarts=True), KEPT),
    ],
    hints=(
        "Take the symptoms one by one: which line draws the weights, which one moves what, what is differentiated?",
        "Set the seed before anything random happens. What has `.to(device)` not been called for?",
    ),
    idea="Seed first, then `torch.nn.Linear(...).to(device)`, and one loss: `loss.backward()`.",
    praise="The run can be repeated, on any device, with one loss.",
)
def judge_run(found):
    """Say the first thing that is wrong, in the order of the symptoms."""
    repeats, varies, too_far, first_misses, later_misses, is_moved = found
    if not repeats:
        return REPEAT
    if not varies:
        return ALIKE
    if too_far:
        return TWICE
    if first_misses:
        return NO_STEP
    if later_misses:
        return KEPT
    return None if is_moved else DEVICE
