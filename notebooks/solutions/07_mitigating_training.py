# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 170
#       mb: 2500
# ---

# %% [markdown]
# # 07 · Can we train for fairness?
#
# **You will be able to**
# - *write* a gap as a loss, and *explain* why its square on a small batch is too large `[07-penalty]`
# - *read* the path of a multiplier, and *say* whether a constraint binds `[07-lagrangian]`
# - *choose* a criterion, given what is known about the labels `[07-criterion]`
# - *judge* several ways of training by gap, and by accuracy on records and on the truth `[07-judge]`
#
# About 70 minutes. Before this: [06 · Can we mend the data?](06_mitigating_data.ipynb)
#
# Notebook 06 changed the data and left the training alone. Now we leave the data as they are and change what training
# *aims at*. First on notes of the simulated clinic, with the last block of the BERT; then on real sentences.

# %%
import warnings

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit import mitigation
from labkit.comparison import (
    accuracy_change,
    changes_over_seeds,
    describe_changes,
    describe_gaps,
    describe_methods,
    over_seeds,
    plot_methods,
    summarise,
    tabulate_methods,
)
from labkit.data import load_bug, simulate_clinic
from labkit.exercises import check
from labkit.models import load_foundation_model
from labkit.plots import MARKERS, PALETTE, show
from labkit.prose import choose, reading, verdict
from labkit.training import TrainConfig, finetune, objectives, predictions

# %% tags=["parameters"]
SAMPLE_SIZE = 500  # training notes in each of the clinic's worlds
TEST_SIZE = 800  # notes of other patients to measure on
SENTENCES = 3200  # real sentences, half of them to measure on
EPOCHS = 5  # passes over the training notes
HEAD_EPOCHS = 12  # passes where only a head is trained
SEEDS = 4  # worlds, each with its own training run, behind every comparison
N_BATCHES = 4000  # batches drawn to see what a batch's gap expects
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# ## Plain training, to compare with
#
# The clinic is that of notebook 03: fewer patients of group *b* come, and 35% of *b*'s illnesses are recorded as "not
# ill". Each seed has a world of its own: other training patients, another head, another order. All are measured on the
# same other patients. So an interval over seeds covers the draw of the training patients and the luck of training,
# but not the draw of the patients we measure on.
#
# The **hard gap** is the share decided "ill" in *a* minus the share in *b*, with its sign. Tables show the shares next to it, and methods
# as differences from plain training in the same world.
#
# **Before you run the next cell, predict:** in truth both groups are ill equally often. About how large will the gap of
# a model be that learns from the records?

# %%
KNOBS = {"label_bias": 0.35, "representation": 0.3}
worlds = [simulate_clinic(n=SAMPLE_SIZE, seed=seed, **KNOBS) for seed in range(SEEDS)]
test = simulate_clinic(n=TEST_SIZE, seed=1000, **KNOBS)
foundation = load_foundation_model(MODEL_NAME)
LAST_BLOCK = {"trainable_layers": 1, "learning_rate": 1e-3, "epochs": EPOCHS}
HEAD = {"trainable_layers": 0, "learning_rate": 5e-3, "epochs": HEAD_EPOCHS, "batch_size": 16}
runs, tables, against = [], {}, {"baseline": "plain training"}


def train(notes, objective, **options):
    """Fine-tune on notes with an objective, and print what the library warns of."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", UserWarning)
        fit = finetune(
            foundation,
            notes["note"],
            notes["y"],
            sensitive_features=notes["group"],
            objective=objective,
            config=TrainConfig(**options),
        )
    for warning in warned:
        print(f"Warning, seed {fit.config.seed}: {warning.message}")
    return fit


# %%
def measure(rows, method, seed, table, metric="selection_rate", true_labels=None):
    """Keep a row of figures about a predictions table."""
    row = summarise(table, metric=metric, true_labels=true_labels)
    rows.append({"method": method, "seed": seed, **row})


def try_objective(method, objective=None):
    """Train the last block in every world and measure it; return the fits."""
    fits = []
    for seed, notes in enumerate(worlds):
        fits.append(train(notes, objective, seed=seed, **LAST_BLOCK))
        tables[method, seed] = predictions(fits[-1], test["note"], test["y"], test["group"])
        measure(runs, method, seed, tables[method, seed], true_labels=test["y_true_disease"])
    return fits


TITLES = {"gap": "gap", "accuracy": "accuracy, records"}
TITLES |= {"accuracy_true": "accuracy, truth"}

# %%
plain = try_objective("plain training")
display(tabulate_methods(pd.DataFrame(runs), TITLES, **against))
plain_runs = pd.DataFrame(runs)
plain_gap = over_seeds(plain_runs, "gap", by="method").iloc[0]
half_width = (plain_runs["gap_high"] - plain_runs["gap_low"]).mean() / 2
majority = max(test["y"].mean(), 1 - test["y"].mean())
sizes_measured = test["group"].value_counts()

# %% tags=["reading"]
reading(
    "**Reading the table.** In truth both groups are ill equally often; the mean gap of the models is "
    "{gap[mean]:.2f} ({gap[low]:.2f} to {gap[high]:.2f} over {seeds} seeds), {clear}. We measure on "
    "{n[a]} patients of *a* and {n[b]} of *b*: with other patients, the gap of a single model could "
    "differ by {half_width:.2f}, which the intervals over seeds leave out. Giving everyone the same "
    "answer would be right for {majority:.0%} of the records, with no gap: a small gap alone is no "
    "merit.",
    gap=plain_gap,
    seeds=SEEDS,
    clear=verdict(
        plain_gap["low"],
        plain_gap["high"],
        above="clearly above zero",
        below="clearly below zero",
        unclear="which we cannot distinguish from zero",
    ),
    n=sizes_measured,
    half_width=half_width,
    majority=majority,
)

# %% [markdown]
# ## A decision has no slope
#
# We want training to make the gap small, so the gap must enter the loss, and training follows slopes. A decision is a
# step: 1 where the **logit** (the log-odds that the model gives) is at least 0, else 0. A step is flat everywhere. The
# remedy is a *soft decision*, $\sigma(z / T)$: a smooth step at the same threshold. The temperature $T$ says how wide.
#
# **Look for** what happens far from the threshold when the temperature is low, and what a high temperature no longer
# tells apart.

# %%
temperatures = (2.0, 0.5, 0.1)
z = np.linspace(-4, 4, 400)
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
ax.plot(z, z >= 0, color="black", linewidth=1, label="decision")
for temperature, color, line in zip(temperatures, PALETTE, ("--", "-", ":")):
    ax.plot(z, expit(z / temperature), line, color=color, label=f"soft, temperature {temperature}")
ax.set(xlabel="logit (log-odds of 'ill')", ylabel="decision (share of one person)")
ax.legend(frameon=False)
show(fig, alt="A step at logit 0 and three smooth steps; the lower the temperature, the steeper.")

# %%
people = {"everyone in a at .51": np.full(100, 0.51), "b: 96 at .49, 4 at .99": np.repeat([0.49, 0.99], [96, 4])}
means = {name: scores.mean() for name, scores in people.items()}
soft = {t: [expit(logit(scores) / t).mean() for scores in people.values()] for t in (1.0, *temperatures, 0.01)}
Markdown(
    f"**Reading the figure.** At a low temperature the curve is flat away from the threshold, so only people near it are moved. At a high temperature everyone is moved, and the penalty acts on mean scores rather than on decisions. Take two groups of 100: everyone in the first has the same score, just above the threshold; in the second 96 lie just below and 4 near one. Their mean scores are {means['everyone in a at .51']:.2f} and {means['b: 96 at .49, 4 at .99']:.2f}: no gap. Of the first group {np.mean(people['everyone in a at .51'] >= 0.5):.0%} are decided 1, of the second {np.mean(people['b: 96 at .49, 4 at .99'] >= 0.5):.0%}. Soft gaps by temperature: "
    + ", ".join(f"{t:g}: {a - b:z.2f}" for t, (a, b) in soft.items())
    + ". So we train on soft decisions and always *report* the hard gap."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 07.1 · A gap with a slope
#
# Write a function that takes logits, a list that says who is in group *b* (True or False), and a temperature, and returns
# the soft gap: the mean soft decision in *a* minus that in *b*. The threshold is at logit 0.


# %% tags=["exercise"] exercise="07.1" points=1 objective="07-penalty"
def soft_gap(logits, is_b, temperature):
    """Return the mean soft decision in a minus that in b."""
    return ...


# %% tags=["solution"]
def soft_gap(logits, is_b, temperature):
    """Return the mean soft decision in a minus that in b."""
    decisions, is_b = expit(np.asarray(logits) / temperature), np.asarray(is_b)
    return decisions[~is_b].mean() - decisions[is_b].mean()


# %% tags=["check"]
check("07.1", soft_gap)

# %% [markdown]
# ## Why the square of a small batch's gap is too large
#
# The simplest penalty adds the squared gap to the loss. Training sees a batch of a few dozen notes at a time, and a gap
# measured on so few is noisy. Squaring makes noise positive:
#
# $$E[\hat g^2] = g^2 + \mathrm{Var}(\hat g).$$
#
# The remedy: cut the batch in two halves, each with people of both groups, and *multiply* their gaps. Errors of two
# independent halves have nothing to do with each other, so they average out: $E[\hat g_1 \hat g_2] = g^2$.
#
# We take the scores of the first plain run and draw many batches. Then we do it again with scores whose groups are
# shuffled, so that there is no gap but chance. **Predict:** where will the naive square be most wrong, and for which batches?


# %%
def draw_squares(soft, is_b, batch_size, generator):
    """Return the naive square and the product of halves for many batches, drawn with replacement."""
    n_b = max(1, round(batch_size / 2 * is_b.mean()))  # of group b in each half
    halves = [
        generator.choice(soft[~is_b], (N_BATCHES, batch_size // 2 - n_b)).mean(axis=1)
        - generator.choice(soft[is_b], (N_BATCHES, n_b)).mean(axis=1)
        for _ in range(2)
    ]
    return ((halves[0] + halves[1]) / 2) ** 2, halves[0] * halves[1]


first = worlds[0]
is_b = (first["group"] == "b").to_numpy()
soft_decisions = expit(logit(plain[0].predict(first["note"])) / objectives.DemographicParity().temperature)
generator = np.random.default_rng(0)
cases = {"scores of the plain run": is_b, "groups shuffled": generator.permutation(is_b)}

# %%
sizes, drawn = [8, 16, 32, 64, 128], {}
fig, axes = plt.subplots(1, 2, figsize=(9.2, 3.2), layout="constrained", sharey=True)
for ax, (case, members) in zip(axes, cases.items()):
    true = (soft_decisions[~members].mean() - soft_decisions[members].mean()) ** 2
    squares = [draw_squares(soft_decisions, members, size, generator) for size in sizes]
    for position, name in enumerate(("naive: the batch's gap, squared", "product of two halves")):
        mean = np.array([pair[position].mean() for pair in squares])
        error = [1.96 * pair[position].std() / np.sqrt(N_BATCHES) for pair in squares]
        ax.errorbar(sizes, mean, error, color=PALETTE[position], marker=MARKERS[position], capsize=3, label=name)
        drawn[case, position] = mean
    drawn[case, "true"] = true
    ax.axhline(true, color="black", linestyle="--", linewidth=1, label="squared gap of all training notes")
    ax.set(title=case, xlabel="people in a batch", xscale="log", xticks=sizes, xticklabels=sizes)
axes[0].set_ylabel("mean squared gap\n(probability²)")
axes[0].legend(frameon=False, fontsize="small")
show(fig, alt="Mean estimates of the squared gap over batch sizes. The naive one lies far above the truth for small batches and nears "
     "it for large ones; the product of halves lies on it throughout.")  # fmt: skip

# %%
at = sizes.index(32)
Markdown(
    f"**Reading the figure.** The naive square is most wrong for the smallest batches: in batches of {sizes[0]} it expects {drawn['scores of the plain run', 0][0]:.3f}. In batches of 32 the naive square expects {drawn['scores of the plain run', 0][at]:.3f} where the squared gap is {drawn['scores of the plain run', 'true']:.3f}; with shuffled groups {drawn['groups shuffled', 0][at]:.3f} where it is {drawn['groups shuffled', 'true']:.4f}. The product of halves gives {drawn['scores of the plain run', 1][at]:.3f} and {drawn['groups shuffled', 1][at]:z.4f}. So the naive penalty never lets go: it punishes a model that has no gap, for the *variance* of its decisions, and what it can do about variance is to give everyone nearly the same score.\n\n"
    "One detail matters in practice. Batches are made of texts of similar length, to save padding. Two halves of *one* such batch would share the length of their texts, and so part of their error. `Penalty` therefore takes the halves from different lengths. They are drawn without replacement in each pass, which lowers the expectation a little further, to the value that fits the *population*; its docstring says how much."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 07.2 · Repair the penalty
#
# This penalty is biased. Each half is a dict with the soft decisions of its people in *a* and in *b*. Repair the function, so that over
# many batches it averages to the squared gap.
#
# ```python
# def squared_gap(first, second):
#     a, b = first["a"] + second["a"], first["b"] + second["b"]
#     return (np.mean(a) - np.mean(b)) ** 2
# ```


# %% tags=["exercise"] exercise="07.2" points=2 objective="07-penalty"
def squared_gap(first, second):
    """Return an estimate of the squared gap without bias."""
    return ...


# %% tags=["solution"]
def squared_gap(first, second):
    """Return an estimate of the squared gap without bias."""
    gaps = [np.mean(half["a"]) - np.mean(half["b"]) for half in (first, second)]
    return gaps[0] * gaps[1]


# %% tags=["check"]
check("07.2", squared_gap)

# %% [markdown]
# ## Two penalties in training
#
# What does the bias do to a model? First a test in which a penalty should do *nothing*. We draw the groups by lot, so that they have
# nothing to do with the notes. There is no gap to close, but in every batch of 16 there is one by chance. We train heads on the frozen
# blocks, with `WEIGHT` times an estimate of the squared gap added to the loss, and batches drawn so that
# each holds both groups. Nothing else is changed.
#
# **Predict:** what will each penalty do to the *spread* of the scores (their standard deviation) and to the accuracy?

# %%
WEIGHT = 5
PARITY = objectives.DemographicParity()
penalties = {"naive penalty": objectives.Penalty(PARITY, WEIGHT, estimator="naive")}
penalties["unbiased penalty"] = objectives.Penalty(PARITY, WEIGHT)
SHORT, by_lot = HEAD | {"epochs": max(1, HEAD_EPOCHS // 2)}, []
for seed, notes in enumerate(worlds):
    drawn_groups = notes.assign(group=np.random.default_rng(seed).permutation(notes["group"]))
    for name, objective in {"plain training": None, **penalties}.items():
        scores = train(drawn_groups, objective, seed=seed, **SHORT).predict(notes["note"])
        right = np.mean((scores >= 0.5) == notes["y"])
        found = {"spread": scores.std(), "selected": np.mean(scores >= 0.5), "accuracy": right}
        by_lot.append({"method": name, "seed": seed} | found)
by_lot = pd.DataFrame(by_lot)
SPREAD = {
    "spread": "spread of scores (probability)",
    "selected": "share decided 'ill'",
    "accuracy": "accuracy, records",
}
axes = plot_methods(by_lot, SPREAD, **against)
show(axes[0].figure, alt=describe_methods(by_lot, SPREAD, **against))

# %%
Markdown(
    f"**Reading the figure.** Here groups mean nothing, and a penalty has nothing to repair. Against plain training, the spread of scores: {describe_changes(by_lot, 'spread', **against)}. The share decided 'ill': {describe_changes(by_lot, 'selected', **against)}; it was {by_lot.groupby('method')['selected'].mean()['plain training']:.1%} in plain training and is {by_lot.groupby('method')['selected'].mean()['naive penalty']:.1%} with the naive penalty. Accuracy on the records of the training notes: {describe_changes(by_lot, 'accuracy', **against)}. The naive penalty against the unbiased one, the spread: {describe_changes(by_lot[by_lot['method'] != 'plain training'], 'spread', baseline='unbiased penalty')}. (Down, up or no clear change: whether the 95% interval of the mean change over {SEEDS} seeds, paired by seed, contains zero.)\n\nAn unbiased estimate is right on average, not in every batch: its noise shakes the training, and among so few notes even groups drawn by lot differ a little. So it, too, can change a model where there is nothing to repair; the naive penalty adds to that a pull on all scores in every batch, which is what the comparison of the two measures."
)

# %% [markdown]
# So the naive penalty stays behind as a warning. Now the real groups and the last block, with the unbiased one. **Predict:** a penalty asks for a small gap and
# nothing else. Will the accuracy on the *truth* fall?

# %%
try_objective("unbiased penalty", penalties["unbiased penalty"])
penalty_runs = pd.DataFrame(runs)
display(tabulate_methods(penalty_runs, TITLES, **against))
on_truth = changes_over_seeds(penalty_runs, "accuracy_true", by="method", **against).iloc[0]
answer = verdict(
    on_truth["low"],
    on_truth["high"],
    above="It rose here",
    below="It fell here",
    unclear="We cannot tell whether it fell or rose",
)
Markdown(
    f"**Reading the table.** Against plain training, the gap: {describe_changes(penalty_runs, 'gap', **against)}. Accuracy on the records: {describe_changes(penalty_runs, 'accuracy', **against)}. Did accuracy on the truth fall? {answer}: {on_truth['mean']:+z.3f} (95% interval {on_truth['low']:+z.3f} to {on_truth['high']:+z.3f})."
)

# %% [markdown]
# ## From a penalty to a constraint
#
# How large should `WEIGHT` be? Nobody thinks in weights. People think in gaps: "at most two points". A constraint says that:
#
# $$\min_\theta L(\theta) \quad\text{subject to}\quad |g(\theta)| \le \varepsilon.$$
#
# These are two constraints: $g \le \varepsilon$ and $-g \le \varepsilon$. There is one **multiplier**
# for each direction of the gap, with $g$ for one and $-g$ for the other. We write down the first.
#
# A **Lagrangian** adds the violation $h = g - \varepsilon$ to the loss, times its multiplier
# $m \ge 0$: $L + m\,h$. The **augmented Lagrangian** adds a term that is quadratic in the violation,
# so that the push also grows with the violation of the moment (Hestenes, 1969; Powell, 1969),
# also for inequalities (Rockafellar, 1973). With a *strength* $\rho > 0$ it is
#
# $$L_\rho(\theta, m) = L(\theta) + \frac{1}{2\rho}\left(\max(0,\; m + \rho\,h(\theta))^2 - m^2\right).$$
#
# Its gradient is that of $L$ plus $\max(0,\, m + \rho h)$ times that of $g$. So the loss of a batch is
#
# $$L + \max(0,\; m + \rho\,(g_\text{hard} - \varepsilon))\,g_\text{soft},$$
#
# and the same again for the other direction, with its own multiplier and $-g$ for $g$.
#
# The *hard* gap says how strongly to push: it is a running mean over past batches, and counts as a
# constant. The *soft* gap of the batch has the gradient, and says where to push as a *proxy
# Lagrangian* does (Cotter, Jiang and Sridharan, 2019). After each epoch we measure the hard gap on *all*
# training notes, and change the multipliers and the strength:
#
# - a multiplier rises by the strength times the violation in its direction, and falls where there is
#   none, but never below zero: $m \leftarrow \max(0,\; m + \rho\,(g - \varepsilon))$;
# - the strength $\rho$ is multiplied by 3/2 if the violation is still more than half of what it was
#   one epoch earlier: what was too weak to halve it becomes stronger.

# %% [markdown] tags=["exercise"]
# ### Exercise 07.3 · The rule of the multiplier
#
# Write the rule for the multiplier of one direction, as a function of its old value, the strength $\rho$, the gap $g$
# with its sign (below zero where the gap has the other direction), and the tolerance $\varepsilon$.


# %% tags=["exercise"] exercise="07.3" points=1 objective="07-lagrangian"
def next_multiplier(multiplier, strength, gap, tolerance):
    """Return the multiplier after an epoch."""
    return ...


# %% tags=["solution"]
def next_multiplier(multiplier, strength, gap, tolerance):
    """Return the multiplier after an epoch."""
    return max(0, multiplier + strength * (gap - tolerance))


# %% tags=["check"]
check("07.3", next_multiplier)

# %% [markdown]
# Next we train two heads on frozen blocks, one with a tight tolerance and one with a tolerance far
# above the gap that plain training has anyway. The history of a run keeps the *size* of the gap, not
# its sign, and the larger of the two multipliers; so does the figure. The larger multiplier can fall
# while $|g|$ is above the tolerance, if the gap has changed its sign. **Predict:** what will the
# multiplier of the second run do?

# %%
TOLERANCE, LOOSE = 0.02, 0.6
paths = {
    f"tolerance {tolerance}": train(first, objectives.AugmentedLagrangian(PARITY, tolerance), **HEAD).history
    for tolerance in (TOLERANCE, LOOSE)
}
fig, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
for (name, path), color, marker in zip(paths.items(), PALETTE, MARKERS):
    left.plot(path["epoch"], path["hard_gap"], color=color, marker=marker, label=f"hard gap, {name}")
    left.plot(path["epoch"], path["soft_gap"], color=color, linestyle=":", label=f"soft gap, {name}")
    right.plot(path["epoch"], path["multiplier"], color=color, marker=marker, label=name)
left.axhline(TOLERANCE, color="black", linestyle="--", linewidth=1)
left.set(xlabel="epoch", ylabel="size of the gap, training notes\n(share decided 'ill')")
right.set(xlabel="epoch", ylabel="larger of the two multipliers")
left.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
right.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
tight, loose = paths.values()
show(fig, alt=f"Left: gaps by epoch; the tight run ends at {tight['hard_gap'].iloc[-1]:.2f}, the loose one at {loose['hard_gap'].iloc[-1]:.2f}. Right: "
     f"multipliers; the tight one ends at {tight['multiplier'].iloc[-1]:.2f}, the loose one at {loose['multiplier'].iloc[-1]:.2f}.")  # fmt: skip

# %%
slack_all = (loose["hard_gap"] <= LOOSE).all()
zero_all = (loose["multiplier"] == 0).all()
tight_end = tight.iloc[-1]
tight_lately = tight["multiplier"].tail(5).agg(["min", "max", "count"])
settled = tight_lately["max"] - tight_lately["min"] < 0.005

# %% tags=["reading"]
reading(
    "**Reading the figure.** In the loose run the gap was {slack} the tolerance, and the multiplier was "
    "{zero}. A constraint that is slack does not push. In the tight run the multiplier ends at "
    "{end[multiplier]:.3f}; in the last {lately[count]:.0f} epochs it lay between {lately[min]:.3f} and "
    "{lately[max]:.3f}. The size of the gap of the training notes ends at {end[hard_gap]:.4f}, {held} the "
    "tolerance of {tolerance}. {moving}",
    slack=choose(slack_all, "below", otherwise="not always below"),
    zero=choose(zero_all, "0 in every epoch", otherwise="not 0 throughout"),
    end=tight_end,
    lately=tight_lately,
    held=choose(tight_end["violated"], "above", otherwise="within"),
    tolerance=TOLERANCE,
    moving=choose(
        settled,
        "Whether it would stay there, only more epochs would show.",
        otherwise="It has not settled: the run stopped while it was still changing.",
    ),
)

# %% [markdown]
# What does a multiplier say? At a *solution* of the constrained problem, two things. Multiplier and
# slack are never both positive (*complementary slackness*). And the multiplier is a price: how much
# loss a little more tolerance would save. Before that, during training, it only adds up
# $g - \varepsilon$ of the past epochs, each times its strength, and starts again from zero wherever
# that would fall below. A run that stops above its tolerance is at no
# solution; neither is one with slack and a positive multiplier. And since hard gaps set our
# multiplier while soft gaps are pushed, even a settled one is no exact price of the hard tolerance.

# %% [markdown] tags=["exercise"]
# ### Exercise 07.4 · Read a multiplier
#
# Another run, with tolerance 0.02, stops after ten epochs. The gap has had the same sign throughout.
# In the last epoch the hard gap is 0.05, and the multiplier of this direction has risen from 0.14 to
# 0.46. What does the multiplier say?
#
# - A. the violations so far have added up
# - B. how much loss a larger tolerance would save
# - C. the constraint binds and is met
# - D. the constraint is slack

# %% tags=["exercise"] exercise="07.4" points=1 objective="07-lagrangian"
multiplier_says = ...  # one of the four; its letter, in quotes, is enough

# %% tags=["solution"]
multiplier_says = "the violations so far have added up"

# %% tags=["check"]
check("07.4", multiplier_says)

# %% [markdown]
# Now the last block, in every world. The tolerance is kept, or not, on the *training* notes; the table is about other patients.

# %%
constrained = try_objective("augmented Lagrangian", objectives.AugmentedLagrangian(PARITY, TOLERANCE))
kept = [fit.history.iloc[-1] for fit in constrained]
display(pd.DataFrame(kept)[["hard_gap", "multiplier", "penalty_strength", "violated"]].reset_index(drop=True))
lagrangian_runs = pd.DataFrame(runs)
tabulate_methods(lagrangian_runs, TITLES, **against)

# %%
change = accuracy_change(
    tables["plain training", 0], tables["augmented Lagrangian", 0], true_labels=test["y_true_disease"]
)
met = sum(not row["violated"] for row in kept)
Markdown(
    f"**Reading the tables.** On the training notes the tolerance was met in {met} of {SEEDS} runs; a run that missed it, or that kept a multiplier above zero with a gap below the tolerance, had not reached a solution when it stopped. On other patients, against plain training, the gap: {describe_changes(lagrangian_runs, 'gap', **against)}. Accuracy on the records: {describe_changes(lagrangian_runs, 'accuracy', **against)}; on the truth: {describe_changes(lagrangian_runs, 'accuracy_true', **against)}. Patient by patient, in the first world, {change['gained']} decisions became right about the truth and {change['lost']} became wrong: a change of {change['change']:+.3f} (95% interval {change['low']:+.3f} to {change['high']:+.3f}). Parity on the training notes is not parity on other patients: that is why both are shown."
)

# %% [markdown]
# ## Other aims
#
# Parity of decisions is one aim. Three other goals are often mentioned alongside it:
#
# - **Equalized odds** (Hardt, Price and Srebro, 2016): equal true *and* false positive rates, a
#   penalty with two gaps.
# - **Group DRO** (Sagawa et al., 2020): do as well as possible for the group that does worst. A group
#   is here a group *and* a label.
# - An **adversary** (Edwards and Storkey, 2016): a second network tries to read the group from what
#   the last block hands to the head, and the block learns to hide it. If nothing of the group were
#   left there, no decision made from it could depend on the group: this adversary asks for *more*
#   than parity. Another one reads only the model's output (Zhang, Lemoine and Mitchell, 2018).
#
# The adversary and the block play against each other. If the block moves faster than the adversary
# can follow, the adversary's loss rises above that of guessing, and the group is shown upside down
# instead of being hidden. So our adversary takes six steps on each batch, and the block is pushed with
# a small weight. We chose these settings after trying a few on these very worlds and test patients, so
# the adversary's row below is flattered. In other worlds its loss can still rise above that of
# guessing: in a rerun in four others the fresh probe read the group in 70% to 97% of the cases. The
# gap, 11 to 21 points there in plain training, changed by -8 to -24 points, in one world past zero.
# Whether the group is hidden is for a *fresh probe* to say: a new logistic
# regression, trained on what the blocks make of the test patients' notes (Elazar and Goldberg, 2018).
#
# **Predict:** which of the three will narrow the gap in *decisions*? And what will the fresh probe
# find after an adversary that reads the group badly?

# %%
try_objective("equalized odds", objectives.Penalty(objectives.EqualizedOdds(), WEIGHT))
worst = try_objective("group DRO", objectives.GroupDRO(step_size=0.05))
hidden = try_objective("adversary", objectives.Adversary(0.3, learning_rate=3e-3, own_steps=6))
aims = ["plain training", "equalized odds", "group DRO", "adversary"]
so_far = pd.DataFrame(runs)
so_far = so_far[~so_far["method"].str.startswith("embeddings")]  # should this cell run again later
others = so_far.query("method in @aims")
tabulate_methods(others, TITLES, **against)

# %%
from sklearn.model_selection import cross_val_score

from labkit.models import embed


def probe_group(fit):
    """Return how well a fresh regression reads the group from what the head gets (balanced)."""
    seen = embed(fit.model, test["note"].tolist(), pooling=fit.config.pooling)  # (people, width)
    fresh = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced"))
    return cross_val_score(fresh, seen, test["group"], cv=5, scoring="balanced_accuracy").mean()


last_epochs = pd.DataFrame([fit.history.iloc[-1] for fit in hidden])
reads = pd.DataFrame(
    {
        "adversary's loss (nats)": last_epochs["adversary_loss"].to_numpy(),
        "adversary's accuracy": last_epochs["adversary_accuracy"].to_numpy(),
        "fresh probe's accuracy": [probe_group(fit) for fit in hidden],
        "fresh probe, plain training": [probe_group(fit) for fit in plain],
    }
)
reads.rename_axis("world").round(2)

# %%
weights = worst[0].history.filter(like="weight_").iloc[-1]
odds = over_seeds(others, "selected", by="method").loc["equalized odds"]
adversary_end = reads.mean()
guessing = np.log(2)  # nats
still_read = adversary_end["fresh probe's accuracy"] > 0.6
Markdown(
    f"**Reading the first table.** With five methods tried, some change may look clear by chance; so here p-values count, adjusted for all of them by Holm's method. Change of the gap: {describe_changes(so_far, 'gap', holm=True, **against)}. Accuracy on the truth: {describe_changes(so_far, 'accuracy_true', holm=True, **against)}. In the first world group DRO ended with most weight on *{weights.idxmax().removeprefix('weight_')}*: {weights.max():.2f}, where equal weights are {1 / len(weights):.2f}. It cannot know whether a loss is large because the model is bad or because the record is wrong. Equalized odds was asked of the *recorded* labels, of which those of *b*'s false positive rate are wrong, and a batch holds only a few people of each group and label. It decides {odds['mean']:.0%} of the patients ill ({odds['low']:.0%} to {odds['high']:.0%} over seeds); we cannot say here whether labels, noise or weight are the reason."
)

# %% tags=["reading"]
reading(
    "**Reading the second table.** At the end the adversary read the group correctly in "
    "{end[adversary's accuracy]:.0%} of the cases (guessing gives one half, with both groups counting "
    "equally), with a loss of {end[adversary's loss (nats)]:.2f} (guessing costs {guessing:.2f}). That is "
    "measured on training notes, on batches it had just been trained on. The fresh probe, cross-validated "
    "on the test patients, reads the group in {end[fresh probe's accuracy]:.0%}, and after plain training "
    "in {end[fresh probe, plain training]:.0%}. {finding}",
    end=adversary_end,
    guessing=guessing,
    finding=choose(
        still_read,
        "So the group is still there: what this adversary reads badly, the next classifier reads well. "
        "Whatever happened to the gap, the group was not removed.",
        otherwise="So this probe, too, can hardly read the group.",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 07.5 · Which criterion, with such labels?
#
# In this clinic 35% of *b*'s illnesses are recorded as "not ill". They are missed at random: which ill patients are missed
# does not depend on anything else about them. We measure three criteria on the *recorded* labels: demographic parity, equal
# opportunity and equalized odds. Which of them do not inherit the error of the records, up to chance?
#
# - A. demographic parity alone
# - B. demographic parity and equal opportunity
# - C. equal opportunity and equalized odds
# - D. none of the three

# %% tags=["exercise"] exercise="07.5" points=1 objective="07-criterion"
criterion = ...  # one of the four; its letter, in quotes, is enough

# %% tags=["solution"]
criterion = "demographic parity and equal opportunity"

# %% tags=["check"]
check("07.5", criterion)

# %% [markdown]
# ## Exponentiated gradient: a mixture of classifiers
#
# The methods so far need a model that learns by gradients. The *reductions* of Agarwal et al. (2018) need only a classifier that takes weights:
# they train it again and again, with weights and, where needed, flipped labels that answer the violated constraint, and decide by a *mixture* of what came out. fairlearn has them;
# we use them on embeddings, with a logistic regression, and compare with the same regression without a constraint.


# %%
def regression():
    """Return a logistic regression on the frozen model's embeddings."""
    return make_pipeline(mitigation.Embedder(foundation), StandardScaler(), LogisticRegression(C=0.01, max_iter=500))


mixtures = {
    "embeddings, logistic": mitigation.Unmitigated(estimator=regression()),
    "embeddings, exp. gradient": mitigation.ExponentiatedGradientReduction(estimator=regression(), tolerance=0.01),
}
by_draw = []  # for each world, the share of patients whose decision depends on the draw
for seed, notes in enumerate(worlds):
    for name, method in mixtures.items():
        fitted = method.fit(notes["note"].tolist(), notes["y"], sensitive_features=notes["group"])
        decided = fitted.predict(test["note"].tolist(), test["y"], sensitive_features=test["group"])
        measure(runs, name, seed, decided, true_labels=test["y_true_disease"])
    chance = decided["y_score"]  # of being decided 1, by this world's mixture
    by_draw.append(chance.between(0.01, 0.99).mean())
on_embeddings = pd.DataFrame(runs).query("method in @mixtures")
display(tabulate_methods(on_embeddings, TITLES, baseline="embeddings, logistic"))
drawn_for_some = sum(share > 0 for share in by_draw)
Markdown(
    f"**Reading the table.** Against the logistic regression, the gap: {describe_changes(on_embeddings, 'gap', baseline='embeddings, logistic')}; accuracy on the truth: {describe_changes(on_embeddings, 'accuracy_true', baseline='embeddings, logistic')}. A mixture draws lots. In {drawn_for_some} of {SEEDS} worlds the decision of some patients depends on the draw, and there of at most {max(by_draw):.0%} of them; to those it may be hard to explain."
)

# %% [markdown]
# ## Real sentences
#
# Now the sentences of notebook 03 (Levy, Lazar and Stanovsky, 2021): is the masked word *nurse*? Group is the gender of the pronoun, found by
# a program; nobody was asked. Nurses are mostly written about as *she*, so parity of decisions would be a strange wish here. What we ask is
# **equal opportunity**: of the sentences about nurses, as large a share should be found with *he* as with *she*. The gap below is that of the true positive rate, female less
# male. Only heads are trained, on frozen blocks. The figure also shows the two rates that the gap is made of: a gap between two rates can close by
# raising the lower one, or by letting go of the higher one.
#
# **Predict:** there are few men among the nurses. Will the constraint hold on the training sentences, and on others? And which way will the gap
# close: are more nurses found with *he*, or fewer with *she*?

# %%
bug = load_bug("clinicians")
sample = bug.frame.sample(min(SENTENCES, len(bug.frame)), random_state=0).rename(
    columns={bug.text: "note", bug.label: "y", "gender": "group"}
)
splits = [
    train_test_split(sample, test_size=0.5, random_state=seed, stratify=sample[["y", "group"]]) for seed in range(SEEDS)
]
SENTENCE_HEAD = {**HEAD, "learning_rate": 5e-2, "batch_size": 128}  # many more *no* than *yes*: it needs larger steps
goals = {
    "plain training": None,
    "unbiased penalty": objectives.Penalty(objectives.EqualOpportunity(), WEIGHT),
    "augmented Lagrangian": objectives.AugmentedLagrangian(objectives.EqualOpportunity(), TOLERANCE),
    "equalized odds": objectives.Penalty(objectives.EqualizedOdds(), WEIGHT),
    "group DRO": objectives.GroupDRO(step_size=0.05),
}
splits[0][0].groupby(["y", "group"]).size().rename("sentences to train on").to_frame()

# %%
sentence_runs, sentence_histories = [], []


def measure_nurses(method, seed, table):
    """Keep a row of figures, with the share of nurses that was found in each group."""
    measure(sentence_runs, method, seed, table, "true_positive_rate")
    for group, rate in table[table["y_true"] == 1].groupby("group")["y_pred"].mean().items():
        sentence_runs[-1][f"tpr_{group}"] = rate


equal_opportunity = mitigation.ExponentiatedGradientReduction(
    estimator=regression(), constraints="true_positive_rate_parity", tolerance=0.01
)
nurse_mixtures = {
    "embeddings, logistic": mixtures["embeddings, logistic"],
    "embeddings, exp. gradient": equal_opportunity,
}
for seed, (fit_on, measure_on) in enumerate(splits):
    others_are = measure_on["note"].tolist(), measure_on["y"], measure_on["group"]
    for name, objective in goals.items():
        fit = train(fit_on, objective, seed=seed, **SENTENCE_HEAD)
        measure_nurses(name, seed, predictions(fit, *others_are))
        if name == "augmented Lagrangian":
            sentence_histories.append(fit.history.iloc[-1])
    for name, method in nurse_mixtures.items():
        fitted = method.fit(fit_on["note"].tolist(), fit_on["y"], sensitive_features=fit_on["group"])
        decided = fitted.predict(*others_are[:2], sensitive_features=others_are[2])
        measure_nurses(name, seed, decided)

# %%
sentences = pd.DataFrame(sentence_runs).query("method not in @mixtures")
nurses_on_embeddings = pd.DataFrame(sentence_runs).query("method in @mixtures")
FIGURES = {
    "tpr_female": "nurses found, 'she'\n(true positive rate)",
    "tpr_male": "nurses found, 'he'\n(true positive rate)",
    "gap": "gap in TPR, 'she' - 'he'",
    "accuracy": "accuracy\n(share of sentences)",
}
HALVES = {**against, "overlap": 1.0}  # people to measure on per person to train on
axes = plot_methods(sentences, FIGURES, **HALVES)
show(axes[0].figure, alt=describe_methods(sentences, FIGURES, **HALVES))
males = int((splits[0][1].query("y == 1")["group"] == "male").sum())
EMBEDDED = {**HALVES, "baseline": "embeddings, logistic"}
Markdown(
    f"**Reading the figure.** Against plain training, the gap: {describe_changes(sentences, 'gap', **HALVES)}. Nurses found with *she*: {describe_changes(sentences, 'tpr_female', **HALVES)}; with *he*: {describe_changes(sentences, 'tpr_male', **HALVES)}. Accuracy: {describe_changes(sentences, 'accuracy', **HALVES)}. Exponentiated gradient, against the regression on the same embeddings, the gap: {describe_changes(nurses_on_embeddings, 'gap', **EMBEDDED)}; found with *she*: {describe_changes(nurses_on_embeddings, 'tpr_female', **EMBEDDED)}; with *he*: {describe_changes(nurses_on_embeddings, 'tpr_male', **EMBEDDED)}. The splits overlap; the intervals allow for that, and are wide. Only {males} of the sentences to measure on are about a nurse with a male pronoun: a rate measured on so few moves by {1 / max(males, 1):.2f} with a single sentence."
)

# %%
at_end = pd.DataFrame(sentence_histories).reset_index(drop=True)
elsewhere = sentences.query("method == 'augmented Lagrangian'").reset_index(drop=True)
constraint_gaps = {"training": at_end["hard_gap"].mean(), "other": elsewhere["gap"].abs().mean()}
nearest = at_end["hard_gap"].idxmin()  # the split with the smallest gap in training
nearest_gap, nearest_there = at_end["hard_gap"][nearest], elsewhere.loc[nearest]
constraint_met = int((~at_end["violated"].astype(bool)).sum())
always_met = constraint_met == SEEDS

# %%
plain_rates = sentences.query("method == 'plain training'").mean(numeric_only=True)


def change_of(value):
    """Return each method's change of a value, from its own baseline."""
    heads = changes_over_seeds(sentences, value, by="method", **HALVES)
    embedded = changes_over_seeds(nurses_on_embeddings, value, by="method", **EMBEDDED)
    return pd.concat([heads, embedded])


narrowed = change_of("gap")["high"] < 0
levelled = narrowed & (change_of("tpr_female")["high"] < 0) & ~(change_of("tpr_male")["low"] > 0)
n_methods, n_narrowed, n_levelled = len(narrowed), narrowed.sum(), levelled.sum()
levelled_names = ", ".join(f"*{name}*" for name in levelled.index[levelled]) or "none"
right_for_nobody = 1 - sample["y"].mean()

# %% tags=["reading"]
reading(
    "**Did the constraint hold?** On the training sentences it was met in {met} of {seeds} splits: the "
    "mean size of the gap there is {gaps[training]:.2f}, where {tolerance} was allowed; on other "
    "sentences it is {gaps[other]:.2f}. The model with the smallest gap in training ({least:.3f}) decides "
    "{there[selected]:.0%} of the other sentences to be about nurses, with a gap of {there[gap]:+.2f}, and "
    "{there[accuracy]:.0%} of its decisions are right; to find nobody would be right for {nobody:.0%}. {finding}",
    met=constraint_met,
    seeds=SEEDS,
    gaps=constraint_gaps,
    tolerance=TOLERANCE,
    least=nearest_gap,
    there=nearest_there,
    nobody=right_for_nobody,
    finding=choose(
        always_met,
        "It was kept in training; compare what became of it elsewhere.",
        otherwise="In the other splits it did not hold in training, so that nobody can ask whether it carries "
        "over; these runs do not show what the constraint would do.",
    ),
)

# %% tags=["reading"]
reading(
    "**Which way did the gap close?** Where a gap narrows because the better-off group loses while "
    "nobody gains, the field calls it **levelling down** (Mittelstadt, Wachter and Russell, 2023). Each "
    "method is compared with its own baseline here, uncorrected for the number of methods. The gap is "
    "clearly narrower for {narrowed} of the {n} methods. For {levelled} ({names}) the better-off group also "
    "clearly loses, and no clear gain for the other is seen; that nobody gained, the intervals do not show. "
    "Plain training finds few nurses, {plain[tpr_female]:.0%} of those with *she* and "
    "{plain[tpr_male]:.0%} with *he*; to find nobody would be right for {nobody:.0%} of the sentences, "
    "with no gap. Accuracy hardly shows what is at stake here.",
    levelled=n_levelled,
    names=levelled_names,
    n=n_methods,
    narrowed=n_narrowed,
    plain=plain_rates,
    nobody=right_for_nobody,
)

# %% [markdown]
# ## Everything side by side
#
# Differences from plain training with their 95% intervals over worlds, in the clinic. The methods on
# embeddings are not here: their baseline is another one. **Look for** a method that is good in one
# column only, and for one that gives nearly everyone the same answer.

# %%
everything = pd.DataFrame(runs).query("method not in @mixtures")
COLUMNS = {
    "gap": "decision gap, a - b\n(share decided 'ill')",
    "accuracy": "accuracy, records\n(share of patients)",
    "accuracy_true": "accuracy, truth\n(share of patients)",
}
axes = plot_methods(everything, COLUMNS, **against)
show(axes[0].figure, alt=describe_methods(everything, COLUMNS, **against))
tabulate_methods(everything, TITLES, **against)

# %%
MARGIN = 0.05  # a gap smaller than this would not matter to us; the margin of notebook 06
LEVEL = 0.05  # for p-values that are adjusted for the number of methods
judged = describe_gaps(everything, margin=MARGIN)
gap_changes = changes_over_seeds(everything, "gap", by="method", **against)
truth_changes = changes_over_seeds(everything, "accuracy_true", by="method", **against)
clearly_narrower = (gap_changes["p_holm"] < LEVEL) & (gap_changes["mean"] < 0)
clearly_truer = (truth_changes["p_holm"] < LEVEL) & (truth_changes["mean"] > 0)
one_column = gap_changes.index[clearly_narrower & ~clearly_truer]
one_column = ", ".join(f"*{name}*" for name in one_column) or "none"
shares = everything.groupby("method")["selected"].mean()
n_compared = len(gap_changes)
alike = np.maximum(shares, 1 - shares)
most_alike = alike.idxmax()

# %% tags=["reading"]
reading(
    "**Reading the figure.** Of the gaps themselves, with a margin of {margin}: {judged}. Clearly "
    "narrower than in plain training, but with no clear gain in accuracy on the truth (with p-values "
    "adjusted by Holm's method for the {n} methods): {one_column}. The method that comes "
    "nearest to giving everyone the same answer is *{name}*: {share:.0%} of the patients get the same "
    "decision. With {seeds} worlds *cannot tell* is the honest verdict for many cells; it does not say "
    "that nothing changed.",
    margin=MARGIN,
    judged=judged,
    n=n_compared,
    one_column=one_column,
    name=most_alike,
    share=alike[most_alike],
    seeds=SEEDS,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 07.6 · What do the intervals support?
#
# In another clinic with the same kind of wrong records, somebody reports changes against plain training, whose gap is 0.26 (three seeds). **Method A:** gap -0.16
# (interval -0.21 to -0.11), accuracy on the records -0.02 (-0.03 to -0.01), on the truth +0.01 (-0.01 to 0.03). **Method B:** gap -0.07 (-0.15 to 0.01),
# accuracy on the records 0.00 (-0.01 to 0.01), on the truth 0.00 (-0.01 to 0.01). Which statement do they support?
#
# - A. A and B narrow the gap
# - B. A narrows the gap, and harms accuracy on the truth
# - C. A narrows the gap; B may or may not
# - D. B is better: it loses nothing on the records

# %% tags=["exercise"] exercise="07.6" points=2 objective="07-judge"
verdict = ...  # one of the four; its letter, in quotes, is enough

# %% tags=["solution"]
verdict = "A narrows the gap; B may or may not"

# %% tags=["check"]
check("07.6", verdict)

# %% [markdown]
# ## What you learned
#
# - A gap becomes a loss through decisions softened at the threshold; its square on a small batch is too large by its variance, and the product
#   of two halves is not `[07-penalty]`.
# - A constraint is stated in gaps. It has a multiplier for each direction of the gap, which adds up
#   violations and is a price only at a solution; whether the constraint holds has to be checked, in training and elsewhere
#   `[07-lagrangian]`.
# - Where illnesses are missed at random, false positive rates, precision and accuracy inherit the error of the records.
#   The true positive rate does not, and demographic parity needs no labels `[07-criterion]`.
# - Methods that are mentioned together aim at different things. Judge each by the gap you care about,
#   by both accuracies, by its own baseline, and by its intervals `[07-judge]`.
#
# ## What this does not show
#
# - That parity is the right aim. The clinic has equal true rates because we made it so.
# - Who gains and who loses when a gap closes. A gap can close because one group is treated better, or because the other is treated worse.
# - That these figures hold for other models and weights. A penalty's weight, a tolerance, a temperature were set once; the
#   adversary's settings were chosen on the worlds and patients that we show, which flatters it. And a handful of worlds says little.
# - That a group which an adversary cannot read is hidden. A fresh probe may still read it.
#
# **Next.** We leave data and training alone, and change the decisions:
# [08 · Can we decide fairly with an unfair score?](08_mitigating_decisions.ipynb)
