"""Objectives in training: they bring a gap down, keep their state with the run, and say what they cannot do."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from labkit.training.config import TrainConfig
from labkit.training.finetuning import finetune
from labkit.training.fit import load_fit
from labkit.training.objectives.adversary import Adversary
from labkit.training.objectives.base import Batch, Pooled, Run
from labkit.training.objectives.criteria import DemographicParity, EqualizedOdds, EqualOpportunity
from labkit.training.objectives.group_dro import GroupDRO
from labkit.training.objectives.lagrangian import AugmentedLagrangian
from labkit.training.objectives.penalty import Penalty
from tests.tiny import WORDS

pytestmark = pytest.mark.usefixtures("module_cache")
FAST = {"epochs": 4, "batch_size": 32, "learning_rate": 1e-2, "precision": "float32", "trainable_layers": 1}
PARITY = DemographicParity()
EVERY = [
    Penalty(PARITY, 5.0),
    Penalty(EqualizedOdds(), 5.0),
    AugmentedLagrangian(PARITY, 0.9),
    AugmentedLagrangian(EqualOpportunity(), 0.9),
    GroupDRO(),
    Adversary(1.0),
]


def make_notes(n=240, *, seed=0, groups=("Alder", "Birch")):
    """Return notes that name a group, labels (1: "fever"; three of four of the last group's go unrecorded), groups."""
    generator = np.random.default_rng(seed)
    place = np.array(groups)[generator.integers(0, len(groups), n)]
    ill = generator.random(n) < 0.6
    words = [" ".join(generator.choice(WORDS[1:], generator.integers(3, 9))) for _ in range(n)]
    notes = [f"{p} {'fever' if i else 'rash'} {w}" for p, i, w in zip(place, ill, words, strict=True)]
    recorded = ill & ((place != groups[-1]) | (generator.random(n) < 0.25))
    return notes, recorded.astype(int), place


def hard_gap(fit, notes, place):
    """Return max - min over groups of the share decided 1."""
    decided = pd.Series(fit.predict(notes) >= 0.5).groupby(place).mean()
    return decided.max() - decided.min()


def weights(fit):
    """All weights of a fit in one vector."""
    return torch.cat([p.detach().flatten() for p in fit.model.parameters()])


@pytest.fixture(scope="module")
def notes():
    """Notes whose labels carry a gap."""
    return make_notes()


@pytest.fixture(scope="module")
def other_notes():
    """Other notes from the same source."""
    return make_notes(300, seed=1)


@pytest.fixture(scope="module")
def train(model, notes, module_cache):
    """Return a function that trains on the notes; the same settings train once in this module."""
    fits = {}

    def train(objective=None, **options):
        key = (repr(objective), tuple(options.items()))
        if key not in fits:
            config = TrainConfig(**FAST | options)
            fits[key] = finetune(model, *notes[:2], sensitive_features=notes[2], objective=objective, config=config)
        return fits[key]

    return train


@pytest.mark.filterwarnings("ignore:the constraint does not hold")  # by a little; the promise is about other notes
@pytest.mark.parametrize("objective", [Penalty(PARITY, 5.0), AugmentedLagrangian(PARITY, 0.05)])
def test_gap_comes_down(train, other_notes, objective):
    """On other notes from the same source the gap falls by at least half, and the model still decides."""
    texts, _, place = other_notes
    plain, fair = train(epochs=16), train(objective, epochs=16)
    before, after = (hard_gap(fit, texts, place) for fit in (plain, fair))
    assert before > 0.4 and after < before / 2
    assert 0.1 < (fair.predict(texts) >= 0.5).mean() < 0.9


@pytest.mark.parametrize("trainable_layers", ["all", 1, 0])
@pytest.mark.parametrize("objective", EVERY, ids=repr)
def test_every_objective_trains_any_layers(train, objective, trainable_layers):
    """Each trains whatever is frozen; its columns of the history are numbers."""
    fit = train(objective, epochs=1, trainable_layers=trainable_layers)
    assert not torch.equal(weights(fit), weights(train(epochs=1, trainable_layers=trainable_layers)))
    assert np.isfinite(fit.history.select_dtypes("number")).all(axis=None)


@pytest.mark.parametrize("objective", EVERY, ids=repr)
def test_same_object_gives_the_same_run_twice(model, notes, train, objective):
    """What a run learns stays with the run: nothing passes from one to the next, and the settings stay as they were."""
    first, before = train(objective, epochs=1, trainable_layers=1), repr(objective)
    config = TrainConfig(**FAST | {"epochs": 1})
    second = finetune(model, *notes[:2], sensitive_features=notes[2], objective=objective, config=config)
    assert torch.equal(weights(first), weights(second))
    pd.testing.assert_frame_equal(first.history, second.history)
    assert repr(objective) == before


@pytest.mark.filterwarnings("ignore:the constraint does not hold")
@pytest.mark.parametrize(
    "objective",
    [AugmentedLagrangian(PARITY, 0.1), Penalty(PARITY, 3.0), GroupDRO(0.1), Adversary(0.5, own_steps=3)],
    ids=repr,
)
def test_resumed_run_equals_an_uninterrupted_one(train, objective, tmp_path, monkeypatch):
    """Multipliers, running rates, group weights and the adversary are in the checkpoint: same weights, same history."""
    from labkit.training.history import History

    options, add_step = {"epochs": 2, "checkpoint_steps": 3}, History.add_step  # 8 steps in an epoch

    def stop(self, *arguments):
        add_step(self, *arguments)
        if self.steps == 14:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(History, "add_step", stop)
        train(objective, **options, checkpoint_dir=str(tmp_path))
    assert [folder.name for folder in tmp_path.iterdir()] == ["step-00000012"]
    resumed, whole = train(objective, **options, checkpoint_dir=str(tmp_path)), train(objective, **options)
    assert torch.equal(weights(resumed), weights(whole))
    pd.testing.assert_frame_equal(resumed.history, whole.history)


@pytest.mark.parametrize("objective", EVERY, ids=repr)
def test_checkpoint_of_other_settings_is_refused(model, notes, objective, tmp_path):
    """A run's identity depends on every setting of its objective, the criterion's included."""
    config = TrainConfig(**FAST | {"epochs": 1, "trainable_layers": 0}, checkpoint_dir=str(tmp_path))
    finetune(model, *notes[:2], sensitive_features=notes[2], objective=objective, config=config)
    changes = {"weight": 0.5, "tolerance": 0.4, "step_size": 0.5}
    name = next(name for name in changes if hasattr(objective, name))
    others = [dataclasses.replace(objective, **{name: changes[name]})]
    if hasattr(objective, "criterion"):
        warmer = dataclasses.replace(objective.criterion, temperature=0.9)
        others.append(dataclasses.replace(objective, criterion=warmer))
    for other in others:
        with pytest.raises(ValueError, match="choose an empty folder"):
            finetune(model, *notes[:2], sensitive_features=notes[2], objective=other, config=config)


def test_slack_constraint_changes_nothing(train):
    """Complementary slackness: gap below the tolerance in every epoch, multiplier 0, weights as without a push."""
    slack = train(AugmentedLagrangian(PARITY, 0.95), epochs=3)
    plain = train(Penalty(PARITY, 0, estimator="naive"), epochs=3)
    assert (slack.history["multiplier"] == 0).all() and not slack.history["violated"].any()
    assert (slack.history["penalty_strength"] == AugmentedLagrangian(PARITY).strength).all()  # no violation, no growth
    assert slack.history["hard_gap"].between(0, 0.95).all()
    assert torch.equal(weights(slack), weights(plain))  # the same stratified batches, with a penalty of weight 0


def test_active_constraint_shows_its_multiplier_and_is_kept_with_the_fit(train, notes, tmp_path):
    """Where the gap is above the tolerance the multiplier rises; history says so, and is saved with the fit."""
    message = r"constraint does not hold: .*hard gap is 0\.\d+ and the tolerance 0\.0;"
    with pytest.warns(UserWarning, match=message):
        fit = train(AugmentedLagrangian(PARITY, 0.0, strength=0.01, growth=1.0))
    history = fit.history
    assert history["violated"].iloc[-1] and history["multiplier"].iloc[-1] > 0
    assert history["hard_gap"].iloc[-1] == pytest.approx(hard_gap(fit, notes[0], notes[2]), abs=1e-6)
    assert fit.measuring_seconds > 0
    loaded = load_fit(fit.save(tmp_path / "fit"))
    pd.testing.assert_frame_equal(loaded.history, history)
    assert loaded.measuring_seconds == fit.measuring_seconds


def lagrangian(tolerance=0.1, k=2, **options):
    """Return a term on 8 rows per group, all labeled 0."""
    y, groups = np.zeros(8 * k), np.repeat(np.arange(k), 8)
    run = Run(y, groups, list("abcd"[:k]), TrainConfig(), 1, 1)
    return AugmentedLagrangian(PARITY, tolerance, **options).start(run)


def decided(*shares):
    """Return logits of 8 rows per group, of which these shares are decided 1."""
    return torch.cat([torch.where(torch.arange(8) < share * 8, 1.0, -1.0) for share in shares])


def test_multiplier_follows_the_rule():
    """m <- max(0, m + strength * (gap - tolerance)), pair by pair; strength doubles where the violation stays."""
    term = lagrangian(strength=2.0, growth=2.0)
    rows = [term.end_epoch(decided(a, b)) for a, b in [(0.75, 0.25), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75)]]
    seen = pd.DataFrame(rows)
    # 2 * 0.4; + 2 * 0.4, and the strength doubles; 1.6 - 4 * 0.1; 1.2 - 4 * 0.6 < 0, and b - a rises to 4 * 0.4
    np.testing.assert_allclose(seen["multiplier"], [0.8, 1.6, 1.2, 1.6], atol=1e-6)
    assert seen["penalty_strength"].tolist() == [2.0, 4.0, 4.0, 8.0]
    assert seen["hard_gap"].tolist() == [0.5, 0.5, 0.0, 0.5] and seen["violated"].tolist() == [True, True, False, True]
    assert term.multipliers[0, 0, 1] == 0 and term.multipliers[0, 1, 0] == pytest.approx(1.6)


def test_lagrangian_pushes_only_pairs_that_violate():
    """Of three groups, the gradient moves the two that are too far apart; its size is the raised multiplier's."""
    term = lagrangian(tolerance=0.3, k=3, strength=2.0)
    term.end_epoch(decided(0.75, 0.5, 0.25))
    term.seen.fill_(5)
    logits = torch.zeros(24, requires_grad=True)
    batch = Batch(logits, torch.full((24,), 0.5), torch.repeat_interleave(torch.arange(3), 8), torch.zeros(24))
    term(batch).backward()  # at logit 0 and label 0.5 cross-entropy has no gradient
    # multiplier 2 * 0.2, raised by 2 * 0.2 again; the slope of softness is 1 / (4 * 0.5), the mean one of 8
    np.testing.assert_allclose(logits.grad.view(3, 8), np.outer([0.8, 0, -0.8], np.full(8, 0.5 / 8)), atol=1e-6)


def test_group_dro_gives_weight_to_the_group_that_loses():
    """Weights are multiplied by exp(step_size * loss) and scaled to 1 (Sagawa et al. 2020, algorithm 1)."""
    y, groups = torch.tensor([0.0, 0, 0, 0]), torch.tensor([0, 0, 1, 1])
    run = Run(y.numpy(), groups.numpy(), ["a", "b"], TrainConfig(), 1, 1)
    term = GroupDRO(0.5, by_label=False).start(run)
    logits = torch.tensor([-1.0, -1, 2, 2], requires_grad=True)
    loss = term(Batch(logits, y, groups, torch.zeros(4)))
    losses = np.log1p(np.exp([-1.0, 2.0]))
    expected = np.exp(0.5 * losses) / np.exp(0.5 * losses).sum()
    np.testing.assert_allclose(term.weights, expected, rtol=1e-5)
    assert loss.item() == pytest.approx(expected @ losses, rel=1e-5)
    assert term.end_epoch() == {
        f"weight_{name}": pytest.approx(w, rel=1e-5) for name, w in zip("ab", expected, strict=True)
    }


def test_adversary_learns_forwards_and_the_model_backwards():
    """The adversary's own gradient is that of its loss; under it the same gradient arrives times -weight * ramp."""
    run = Run(np.zeros(6), np.array([0, 0, 0, 0, 1, 1]), ["a", "b"], TrainConfig(), 100, 3)
    term = Adversary(2.0).start(run)
    term.step.fill_(30)
    pooled = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    groups, logits = torch.as_tensor(run.groups), torch.zeros(6)
    loss = torch.nn.functional.cross_entropy(term.network(pooled), groups, weight=torch.tensor([0.75, 1.5]))
    below, *own = torch.autograd.grad(loss, [pooled, *term.parameters()])
    term(Batch(logits, torch.zeros(6), groups, torch.zeros(6), pooled)).backward()
    ramp = 2 / (1 + np.exp(-10 * 0.3)) - 1  # Ganin and Lempitsky 2015
    torch.testing.assert_close(pooled.grad, -2.0 * ramp * below)
    for parameter, gradient in zip(term.parameters(), own, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_adversary_that_watches_reads_the_group(train):
    """Notes name the group, and a representation that hides nothing lets the adversary read it."""
    fit = train(Adversary(0.0, learning_rate=1e-2), epochs=8)
    assert fit.history["adversary_accuracy"].iloc[-1] > 0.8 > 0.7 > fit.history["adversary_accuracy"].iloc[0]


def test_adversary_that_only_watches_leaves_the_model_alone(train):
    """With weight 0 no gradient comes down: weights are those of plain training."""
    assert torch.equal(weights(train(Adversary(0.0), epochs=2)), weights(train(epochs=2)))


def test_adversary_takes_steps_of_its_own():
    """All but the last are steps of Adam on what it sees, which no gradient leaves."""
    run = Run(np.zeros(6), np.array([0, 0, 0, 1, 1, 1]), ["a", "b"], TrainConfig(), 100, 3)
    term, twin = Adversary(1.0, own_steps=4).start(run), Adversary(1.0).start(run)
    pooled = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    groups, zeros = torch.as_tensor(run.groups), torch.zeros(6)
    optimizer = torch.optim.Adam(twin.network.parameters(), lr=twin.learning_rate)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(twin.network(pooled), groups).backward()
        optimizer.step()
    term(Batch(zeros, zeros, groups, zeros, pooled))
    for one, other in zip(term.network.parameters(), twin.network.parameters(), strict=True):
        torch.testing.assert_close(one, other)
        assert one.grad is None


def test_adversary_reports_each_epoch_alone():
    """Loss and accuracy start again with every epoch; the accuracy is balanced over groups."""
    run = Run(np.zeros(6), np.array([0, 0, 0, 0, 1, 1]), ["a", "b"], TrainConfig(), 100, 3)
    term = Adversary(1.0).start(run)
    groups, zeros = torch.as_tensor(run.groups), torch.zeros(6)
    rows = []
    for favored in (0, 1):  # the adversary answers with one group for everybody
        torch.nn.init.zeros_(term.network[2].weight)
        term.network[2].bias.data = torch.nn.functional.one_hot(torch.tensor(favored), 2).float()
        term(Batch(zeros, zeros, groups, zeros, torch.ones(6, 3)))
        rows.append(term.end_epoch())
    assert [row["adversary_accuracy"] for row in rows] == [0.5, 0.5]
    guess = np.log1p(np.exp([-1.0, 1.0]))  # cross-entropy of the favored group, and of the other
    assert [row["adversary_loss"] for row in rows] == pytest.approx([guess.mean(), guess.mean()])


def test_intersections_of_several_columns_are_groups(model):
    """Two sensitive columns make four groups, for a penalty and for a constraint."""
    texts, y, place = make_notes(240, groups=("Alder", "Birch"))
    columns = pd.DataFrame({"place": place, "sex": np.where(np.arange(240) % 2, "f", "m")})
    fit = finetune(
        model,
        texts,
        y,
        sensitive_features=columns,
        objective=AugmentedLagrangian(PARITY, 0.9),
        config=TrainConfig(**FAST | {"epochs": 1}),
    )
    shares = pd.Series(fit.predict(texts) >= 0.5).groupby([columns["place"], columns["sex"]]).mean()
    assert fit.history["hard_gap"].iloc[-1] == pytest.approx(shares.max() - shares.min(), abs=1e-6)


RARE = np.array(["a"] * 235 + ["b"] * 5)


@pytest.mark.parametrize(
    ("groups", "objective", "message"),
    [
        (None, Penalty(PARITY), "Penalty needs sensitive_features=: a group for each text"),
        (["a"] * 240, AugmentedLagrangian(PARITY), r"one group only \(\['a'\]\); a gap needs two"),
        (
            RARE,
            Penalty(PARITY),
            "group 'b' has 5 of 240 texts, .* batch_size=32 with 2 .* use batch_size=120, or merge",
        ),
        (RARE, GroupDRO(by_label=False), "group 'b' has 5 of 240 texts, .* use batch_size=48, or merge"),
        (
            pd.Categorical(RARE, categories=["a", "b", "c"]),
            Penalty(PARITY),
            "group 'c' is a category of .* that no training text has: .*remove_unused_categories",
        ),
        (np.where(RARE == "b", "b", "a"), Penalty(EqualOpportunity()), "group 'b' has no training text with label 1"),
        (None, Adversary(), "Adversary needs sensitive_features="),
    ],
)
def test_groups_that_cannot_be_constrained_are_refused(model, notes, groups, objective, message):
    """Each message names the group and the remedy."""
    texts, y, _ = notes
    y = np.where(np.arange(240) >= 235, 0, y)  # nobody of the rare group is positive
    with pytest.raises(ValueError, match=message):
        finetune(model, texts, y, sensitive_features=groups, objective=objective, config=TrainConfig(**FAST))


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (["Alder"] * 239 + ["Cedar"], "group 'Birch' is in the training data and not in the validation data"),
        (["Alder"] * 120 + ["Birch"] * 119 + ["Cedar"], "'Cedar' is in the validation data and not in the training"),
    ],
)
def test_validation_data_hold_the_same_groups(model, notes, seen, message):
    """A gap cannot be seen where a group is missing, and a constraint says nothing of a group it never met."""
    texts, y, place = notes
    with pytest.raises(ValueError, match=message):
        finetune(
            model, texts, y, sensitive_features=place, objective=Penalty(PARITY), validation=(texts, y, seen),
            config=TrainConfig(**FAST),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AugmentedLagrangian(PARITY, -0.1), r"tolerance is -0.1: .* give a number in \[0, 1\)"),
        (lambda: AugmentedLagrangian(PARITY, 1), "tolerance is 1: .* from 1 on everything is"),
        (lambda: AugmentedLagrangian(PARITY, strength=0), "strength is 0; give a positive"),
        (lambda: AugmentedLagrangian(PARITY, growth=0.5), "growth is 0.5; give a number of at least 1"),
        (lambda: AugmentedLagrangian(PARITY, progress=1), "progress is 1; give a number between 0 and 1"),
        (lambda: AugmentedLagrangian(DemographicParity), "with its parentheses"),
        (lambda: GroupDRO(0), "step_size is 0; give a positive"),
        (lambda: Adversary(-1), "weight is -1; give a number of at least 0"),
        (lambda: Adversary(reads="name"), "reads 'name' is not one of auto, representation, logit"),
        (lambda: Adversary(hidden=0), "hidden is 0; give a positive"),
        (lambda: Adversary(own_steps=0), "own_steps is 0; give a positive"),
        (lambda: Adversary(learning_rate=2), "learning_rate is 2; give a number between 0 and 1"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    """Each message names the value and the remedy."""
    with pytest.raises(ValueError, match=message):
        make()


def test_adversary_of_a_frozen_representation_is_refused(model, notes):
    """With trainable_layers=0 nothing under the representation could hide the group."""
    with pytest.raises(ValueError, match='nothing under the representation trains.*use reads="logit"'):
        finetune(
            model, *notes[:2], sensitive_features=notes[2], objective=Adversary(reads="representation"),
            config=TrainConfig(**FAST | {"trainable_layers": 0}),
        )  # fmt: skip


@pytest.mark.slow
def test_launched_run_ends_with_one_model(model, tmp_path):
    """On two processes every objective, the two halves of a penalty's batch included, ends with the same weights."""
    script = tmp_path / "train.py"
    script.write_text(
        "import sys, warnings; warnings.filterwarnings('ignore'); import accelerate\n"
        "from labkit.training.finetuning import *; from tests.training.test_objectives import EVERY, FAST, make_notes\n"
        "texts, y, groups = make_notes()\n"
        "for objective in EVERY:\n"
        "    config = TrainConfig(**FAST | {'epochs': 1})\n"
        "    fit = finetune(sys.argv[1], texts, y, sensitive_features=groups, objective=objective, config=config)\n"
        "    total = sum(p.double().sum().item() for p in fit.model.parameters())\n"
        "    print(f'RESULT {total:.9f}\\n', end='', flush=True)\n"
        "accelerate.PartialState().destroy_process_group()\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "ACCELERATE_USE_CPU": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run([*launch, str(model.name)], env=environment, capture_output=True, text=True, timeout=400)
    totals = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert done.returncode == 0 and len(totals) == 2 * len(EVERY), done.stderr[-2000:]
    assert all(totals.count(total) % 2 == 0 for total in totals)


def test_representations_are_kept_while_a_model_trains(model):
    """An adversary reads those of the batch; what the same model computes for the validation data is not among them."""
    pooled = Pooled(model)
    try:
        tokens, mask = torch.tensor([[101, 7592, 102]]), torch.ones(1, 3, dtype=torch.long)
        model.train()(tokens, mask)
        model.eval()(tokens, mask)
        model.train()(tokens.repeat(2, 1), mask.repeat(2, 1))
        assert pooled.take().shape == (3, model.encoder.config.hidden_size)
        assert pooled.kept == []
    finally:
        model.eval()
        pooled.remove()
    model(tokens, mask)
    assert pooled.kept == []
