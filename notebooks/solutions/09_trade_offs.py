# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 150
#       mb: 2500
# ---

# %% [markdown]
# # 09 · Which operating point, and who pays?
#
# **You will be able to**
# - *find* the points that no other point beats, and *say* how sure such a front is `[09-front]`
# - *tell* a gap that closes because somebody gained from one that closes because somebody lost `[09-levelling]`
# - *count* how often a refit decides differently about the same person, and about whom `[09-flips]`
# - *choose* an operating point on some people, and *report* it on others `[09-select]`
# - *write* a decision with its reasons, so that others can hold it to its figures `[09-decide]`
#
# About 75 minutes. Before this:
# [08 · Can we decide fairly with an unfair score?](08_mitigating_decisions.ipynb)
#
# Notebooks 06, 07 and 08 gave us many ways to close a gap, and most of them have a *strength* that can be turned: a weight, a
# tolerance, an amount. Each method at each strength is an **operating point**: a recipe that makes a model from a training set. A
# clinic can use only one. This notebook is about that choice: what it costs, who pays, how sure we are, and how to write it down.

# %%
from datetime import date
from time import perf_counter

import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit import mitigation
from labkit.chapters.ch09 import (
    BEGUN,
    CASE,
    RaisedBar,
    changes_by_world,
    check_decision,
    choose_point,
    compare_refits,
    describe_fronts,
    find_front,
    plot_fronts,
    promises_by_world,
    write_decision,
)
from labkit.comparison import (
    Split,
    changes_over_seeds,
    describe_changes,
    judge_gaps,
    judge_levelling,
    measure_trials,
    over_seeds,
    plot_estimates,
    plot_sweep,
    run_trials,
    tabulate_methods,
    write_intervals,
)
from labkit.data import simulate_clinic
from labkit.exercises import check, compare, hint
from labkit.models import load_foundation_model
from labkit.plots import show
from labkit.prose import choose, reading, verdict
from labkit.training import TrainConfig, objectives

# %% tags=["parameters"]
SAMPLE_SIZE = 500  # training notes in each of the clinic's worlds
VALIDATION_SIZE = 800  # notes of other patients, to choose an operating point on
TEST_SIZE = 800  # notes of yet other patients, to judge it on
SEEDS = 5  # worlds, each with its own training, behind every mean
HEAD_EPOCHS = 20  # passes where only a head is trained
BLOCK_SIZE = 500  # training notes where the last block of the BERT is trained
BLOCK_SEEDS = 4  # worlds for the last block, three or more
EPOCHS = 5  # passes over the notes there
WORD_WORLDS = 16  # worlds for the model of word counts, which trains in a second
TOLERANCE = 0.1  # the largest gap that the clinic tolerates, stated before it looks
DRAWS = 100  # divisions of the patients in each world, behind the section on choosing
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# ## The candidates
#
# The clinic is that of notebook 07: fewer patients of group *b* come, and 35% of *b*'s illnesses are recorded as "not ill". In truth both
# groups are ill equally often. There are three kinds of patients, and we keep them apart until the end:
#
# - **training** patients, others in each world;
# - **validation** patients, on whom we compare points and choose one;
# - **test** patients, on whom the chosen point is judged. They stay in the drawer until then.
#
# We also state, before we look, what gap the clinic would tolerate, in either direction: `TOLERANCE` above. A much smaller tolerance
# would sound better, but a few hundred patients could not show that a model keeps it, not even one without any gap.
#
# Trying many points is cheap, if the expensive part is done once. The frozen BERT turns each note into an **embedding**, a
# row of numbers that stays the same whatever is trained on top of it. We compute the embeddings now and keep them.

# %%
KNOBS = {"label_bias": 0.35, "representation": 0.3}
worlds = [simulate_clinic(n=SAMPLE_SIZE, seed=seed, **KNOBS) for seed in range(SEEDS)]
others = [simulate_clinic(n=n, seed=seed, **KNOBS) for n, seed in ((VALIDATION_SIZE, 1000), (TEST_SIZE, 1001))]
people = pd.concat(others, ignore_index=True)  # nobody here is trained on
VALIDATION, TEST = slice(0, VALIDATION_SIZE), slice(VALIDATION_SIZE, None)
truth = people["y_true_disease"].to_numpy()

# %%
foundation = load_foundation_model(MODEL_NAME)
embedder, began = mitigation.Embedder(foundation), perf_counter()
for notes in (*worlds, people):
    embedder.transform(notes["note"])
embedding_seconds = perf_counter() - began

# %% [markdown]
# Most points stand around one model, a logistic regression on the embeddings, which is our *untouched* model. They change the *weights*
# of people, the *labels*, the *features*, the training by *reductions*, or the *decisions*. The number in a name is the
# strength. One of them is a foil, made to teach: *raised bar* closes the gap by raising the threshold of the group that is decided "ill"
# more often, and by nothing else.


# %%
regression = make_pipeline(embedder, StandardScaler(), LogisticRegression(C=0.01, max_iter=500))


def around_a_regression(seed):
    """Return operating points around a logistic regression, by family and name."""
    own, lots = {"estimator": regression}, {"estimator": regression, "seed": seed}
    return {
        "untouched": {"untouched": mitigation.Unmitigated(**own)},
        "weights": {"reweighing": mitigation.Reweighing(**own), "resampling": mitigation.Resampling(**lots)},
        "labels": {
            f"label repair {share}": mitigation.LabelRepair(missed={"b": share}, ranker=regression, **own)
            for share in (0.1, 0.2, 0.35)
        },
        "features": {f"remover {part}": mitigation.CorrelationRemoval(alpha=part, **own) for part in (0.5, 1)},
        "reductions": {
            f"exp. gradient {limit}": mitigation.ExponentiatedGradientReduction(tolerance=limit, **lots)
            for limit in (0.01, 0.05)
        },
        "decisions": {f"thresholds {limit}": mitigation.FairThresholds(tolerance=limit, **lots) for limit in (0.0, 0.1)}
        | {f"quantiles {part}": mitigation.QuantileMatching(amount=part, **lots) for part in (0.5, 1)}
        | {f"raised bar {part}": RaisedBar(amount=part, **own) for part in (0.5, 1)},
    }  # fmt: skip


# %% [markdown]
# The others train a head by gradient descent, with a fair term in its *loss*, as in notebook 07. It starts at random and sees the
# notes in random order, so it is another model than the regression, and has its own baseline: the *plain head*.


# %%
PARITY = objectives.DemographicParity()
TERMS = {"plain": None} | {f"penalty {weight}": objectives.Penalty(PARITY, weight) for weight in (1, 5)}
TERMS |= {f"Lagrangian {limit}": objectives.AugmentedLagrangian(PARITY, limit) for limit in (0.02, 0.1)}


def fine_tuned(terms, seed, **options):
    """Return a method for each term of the loss; the options say what is trained, and how."""
    config = TrainConfig(seed=seed, **options)
    return {
        name: mitigation.FineTuning(model=foundation, config=config, objective=term, warn=False)
        for name, term in terms.items()
    }


# the learning rate was chosen by the plain head's accuracy on records, in worlds that are not used here
HEAD = {"trainable_layers": 0, "learning_rate": 2e-2, "epochs": HEAD_EPOCHS, "batch_size": 64}


def operating_points(seed):
    """Return all points on cached embeddings by family and name."""
    heads = fine_tuned(
        {f"{name} head" if name == "plain" else name: term for name, term in TERMS.items()}, seed, **HEAD
    )
    return around_a_regression(seed) | {"loss": heads}


# %%
from labkit.comparison import summarise_constants

FAMILY = {name: family for family, members in operating_points(0).items() for name in members}
BASELINE = {name: "plain head" if family == "loss" else "untouched" for name, family in FAMILY.items()}


def triple(frame):
    """Return what a model reads, the records, and the groups."""
    return frame["note"], frame["y"], frame["group"]


def name_points(seed):
    """Return all points on cached embeddings by name."""
    return {name: method for members in operating_points(seed).values() for name, method in members.items()}


splits = [Split(triple(world), triple(people), truth) for world in worlds]
trials = run_trials(name_points, splits)
runs = measure_trials(trials, rows=VALIDATION)  # the test patients stay in the drawer
start = over_seeds(runs, "gap", by="method").loc["untouched"]
everybody = people[VALIDATION].rename(columns={"y": "y_true"})
constants = summarise_constants(everybody, true_labels=truth[VALIDATION])
n_b, n_points = (everybody["group"] == "b").sum(), len(FAMILY)
display(constants[["accuracy", "accuracy_true", "gap", "selected_a", "selected_b"]].round(2))

# %% tags=["reading"]
reading(
    "**What we have.** {points} operating points in each of {worlds} worlds. On {n} validation "
    "patients ({n_b} of *b*), the untouched model decides \"ill\" more often in *a* than in *b* by "
    "{start[mean]:.2f} (interval over worlds {start.low:.2f} to {start.high:.2f}): its **gap**. "
    "The table holds four constants, which know nothing about anybody. Their gaps are exactly zero, so a gap of "
    "zero is no merit; predicting the majority is right about {constants[accuracy][predict the majority]:.0%} of "
    "the records.",
    points=n_points,
    worlds=SEEDS,
    n=VALIDATION_SIZE,
    n_b=n_b,
    start=start,
    constants=constants,
)

# %% [markdown]
# ## Points that nothing beats
#
# Of two points, which one is better? If one is more accurate *and* has the smaller gap, nobody needs the other: it is **dominated**. What is
# left when all dominated points are gone is the **Pareto front**. Along the front, less of one must be paid for with the other, and
# only there is a real choice to be made.

# %% [markdown] tags=["exercise"]
# ### Exercise 09.1 · Which points are on the front?
#
# Write a function that takes a list of points, each an accuracy and the size of a gap, as in `[(0.8, 0.3), (0.7, 0.1)]`, and returns a list
# of True and False: is the point on the front? A point is beaten by another one with at least its accuracy and at most its gap that is
# better in one of the two. Points that are equal do not beat each other.


# %% tags=["exercise"] exercise="09.1" points=2 objective="09-front"
def on_front(points):
    """Return for each (accuracy, gap) whether no other point beats it."""
    return ...


# %% tags=["solution"]
def on_front(points):
    """Return for each (accuracy, gap) whether no other point beats it."""

    def beats(other, point):
        return other[0] >= point[0] and other[1] <= point[1] and other != point

    return [not any(beats(other, point) for other in points) for point in points]


# %% tags=["check"]
check("09.1", on_front)

# %% [markdown]
# Accuracy needs labels, and we have two kinds: the *records*, which is all that a real clinic has, and the *truth*, which only our simulation
# knows. So there are two fronts. The gap is the same in both: it needs no labels. We average it over worlds *with its
# sign*, and only then take its size: chance alone gives the gap some size in every world, in one direction or the other.

# %% [markdown]
# **Predict:** many people expect that closing a gap costs accuracy. In this clinic the groups are equally often ill, and
# the records hide it. When decisions are compared with the *truth*, will the price of closing the gap be the same, higher
# or lower? Or will accuracy even rise?

# %% [markdown]
# **Look for** the black rings, which mark the front, the cross, which is the constant that predicts the majority, and the
# lines through each point: 95% intervals over worlds, in both directions. Good points lie at the top, near gap zero.
# How many points could change places with their neighbours?

# %%
PANELS = {"accuracy": "on the records", "accuracy_true": "on the truth"}
majority = constants.loc["predict the majority"]
axes = plot_fronts(runs, PANELS, cost="gap", families=FAMILY)
for ax, gain in zip(axes, PANELS):
    ax.plot(0, majority[gain], "x", color="black")
    ax.set_xlabel("gap, a - b (share decided 'ill')")
axes[0].set_ylabel("accuracy (share of patients)")
cross = f" A cross marks the majority: gap 0, accuracy {majority['accuracy']:.2f} on the records."
show(axes[0].figure, alt=describe_fronts(runs, PANELS, cost="gap") + cross)

# %%
fronts = {label: find_front(runs, gain=gain, cost="gap") for gain, label in PANELS.items()}
shares = pd.concat({label: front["share"] for label, front in fronts.items()}, axis=1)
display(shares[(shares > 0.1).any(axis=1)].map("{:.0%}".format))
FOILS = ["raised bar 0.5", "raised bar 1"]
against = {}
for baseline in set(BASELINE.values()):
    against[baseline] = changes_over_seeds(runs, "gap", by="method", baseline=baseline)
others = [name for name in FAMILY if name != BASELINE[name]]
narrower = pd.DataFrame({name: against[BASELINE[name]].loc[name] for name in others}).T
clearly = narrower.drop(index=FOILS).query("high < 0").index
narrowed = clearly if len(clearly) else others[:1]


def change_by_world(value):
    """Return the mean change of the narrowed points from their own baselines, by world."""
    table = runs.pivot(index="seed", columns="method", values=value)
    return sum(table[name] - table[BASELINE[name]] for name in narrowed) / len(narrowed)


price = pd.DataFrame({gain: change_by_world(gain) for gain in PANELS})
price["difference"] = price["accuracy_true"] - price["accuracy"]
price = over_seeds(price.melt(var_name="measured"), "value", by="measured")
between = ((shares > 0.1) & (shares < 0.9)).any(axis=1).sum()
on_both = {label: ", ".join(front.index[front["on_front"]]) for label, front in fronts.items()}
n_clear, any_clear = len(clearly), len(clearly) > 0
same_front = fronts["on the records"]["on_front"].equals(fronts["on the truth"]["on_front"])

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** {same} On the records the front holds {front[on the records]}; on the "
    "truth, {front[on the truth]}. {between} points are on a front in more than one and fewer than nine of ten "
    "redraws of the worlds: these could change places. {found} On average these points change accuracy, against "
    "their own baselines, by {price[mean][accuracy]:+.3f} ({price[low][accuracy]:+.3f} to "
    "{price[high][accuracy]:+.3f}) on the records and by {price[mean][accuracy_true]:+.3f} "
    "({price[low][accuracy_true]:+.3f} to {price[high][accuracy_true]:+.3f}) on the truth; {verdict}. {worlds} "
    "worlds are few for {points} points.",
    same=choose(
        same_front,
        "The two fronts hold the same points.",
        otherwise="The two fronts differ, but see in the table how sure that is.",
    ),
    front=on_both,
    between=between,
    found=choose(
        any_clear,
        "{n} points clearly narrow the gap (the foil is left out).",
        otherwise="{n} points clearly narrow the gap, so we look at the first of all.",
    ),
    n=n_clear,
    price=price,
    verdict=verdict(
        price["low"]["difference"],
        price["high"]["difference"],
        above="the truth is kinder to them than the records",
        below="the records are kinder to them than the truth",
        unclear="whether the two changes differ, these worlds cannot tell",
    ),
    worlds=SEEDS,
    points=n_points,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 09.2 · What do these worlds support?
#
# Another clinic's worlds give these changes of accuracy where the gap was closed, each with its interval over worlds: on
# the records -0.011 (-0.016 to -0.005), on the truth -0.002 (-0.006 to 0.002). The paired difference, truth minus records,
# is 0.009 (0.005 to 0.013). No margin was stated beforehand. Which statement do they support?
#
# - A. by the truth, closing the gap costs nothing
# - B. by the truth, closing the gap costs less than by the records
# - C. the labels make no difference to the price
# - D. by the truth, closing the gap makes decisions more accurate

# %% tags=["exercise"] exercise="09.2" points=1 objective="09-front"
supported = ...  # one of the four; its letter, in quotes, is enough

# %% tags=["solution"]
supported = "by the truth, closing the gap costs less than by the records"

# %% tags=["check"]
check("09.2", supported)

# %% [markdown]
# More worlds can tell. A model of word counts needs no BERT and trains in a second, so here we can afford many, for one
# question: what does closing the gap cost on the records, and what on the truth? We take two methods of notebook 06
# that change labels, and subtract one change from the other in each world.

# %%
from sklearn.feature_extraction.text import TfidfVectorizer

counted = make_pipeline(
    TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True), LogisticRegression(C=10)
)
word_methods = {
    "untouched": mitigation.Unmitigated(estimator=counted),
    "massaging": mitigation.Massaging(ranker=counted, estimator=counted),
    "label repair": mitigation.LabelRepair(missed={"b": 0.35}, ranker=counted, estimator=counted),
}
word_splits = []
for seed in range(WORD_WORLDS):
    word_world = simulate_clinic(n=SAMPLE_SIZE, seed=seed, **KNOBS)
    word_splits.append(Split(triple(word_world), triple(people[VALIDATION]), truth[VALIDATION]))
word_runs = measure_trials(run_trials(word_methods, word_splits), constants=True)
word_runs["difference"] = word_runs["accuracy_true"] - word_runs["accuracy"]
WORD_COLUMNS = {
    "gap": "gap, a - b",
    "accuracy": "accuracy, records",
    "accuracy_true": "accuracy, truth",
    "difference": "truth minus records",
}
display(tabulate_methods(word_runs, WORD_COLUMNS))
massaged = {}
for column in WORD_COLUMNS:
    massaged[column] = changes_over_seeds(word_runs, column, by="method", baseline="untouched").loc["massaging"]

# %% tags=["reading"]
reading(
    "**The prediction.** {answer} Against the untouched word counts, massaging changes the gap by "
    "{massaged[gap][mean]:+.2f}, accuracy on the records by {massaged[accuracy][mean]:+.3f} "
    "({massaged[accuracy].low:+.3f} to {massaged[accuracy].high:+.3f}), and accuracy on the truth by "
    "{massaged[accuracy_true][mean]:+.3f} ({massaged[accuracy_true].low:+.3f} to "
    "{massaged[accuracy_true].high:+.3f}). The last column tests the difference of the two, world by world: "
    "{difference}. Where labels are biased and the groups are truly alike, accuracy and a small gap need not be at "
    "odds (Wick, Panda and Tristan, 2019). It was so made in this clinic; elsewhere it has to be shown.",
    answer=verdict(
        massaged["accuracy_true"]["low"],
        massaged["accuracy_true"]["high"],
        above="On the truth, massaging closes the gap and gains accuracy here. (How much of the gain comes from closing it is "
        "another question: in a rerun of ours, changing as many labels within each group gained most of it, and left the gap.)",
        below="Here massaging closes the gap and costs accuracy even on the truth.",
        unclear="These worlds show neither a gain nor a loss of accuracy on the truth.",
    ),
    massaged=massaged,
    difference=verdict(
        massaged["difference"]["low"],
        massaged["difference"]["high"],
        above="the truth is clearly kinder to the closed gap than the records are",
        below="the records are clearly kinder to the closed gap than the truth is",
        unclear="these worlds cannot tell the two apart",
    ),
)

# %% [markdown]
# ## The same question for the last block
#
# Embeddings are fixed. If the last block of the BERT is trained too, it can fit the task better, and costs more time. We try a smaller set, with
# points of every family that can be put around it: fair terms in the loss (and group DRO, which looks after the group that is served worst), a drawing
# of people, a repair of labels, and decisions that are changed after plain training. What changes *features* needs embeddings.
#
# **Predict:** will the last block be more accurate than the heads, with so few notes? Will its gap be larger or smaller?

# %%
BLOCK = {"trainable_layers": 1, "learning_rate": 1e-3, "epochs": EPOCHS}
BLOCK_TERMS = {name: term for name, term in TERMS.items() if name != "Lagrangian 0.1"}
BLOCK_TERMS["group DRO"] = objectives.GroupDRO(step_size=0.05)


def around_the_block(seed):
    """Return the methods that train the last block."""
    block = mitigation.FineTuning(model=foundation, config=TrainConfig(seed=seed, **BLOCK))
    return fine_tuned(BLOCK_TERMS, seed, **BLOCK) | {
        "drawing": mitigation.Resampling(estimator=block, scheme="reweighing", seed=seed),
        "label repair 0.35": mitigation.LabelRepair(estimator=block, ranker=regression, missed={"b": 0.35}),
    }


measured = triple(people[VALIDATION]), truth[VALIDATION]  # no more than we need: the last block takes time
block_splits = [Split(triple(world[:BLOCK_SIZE]), *measured) for world in worlds[:BLOCK_SEEDS]]
block_trials = run_trials(around_the_block, block_splits)

# %% [markdown]
# Thresholds and quantiles need people to be chosen on. The validation patients serve for that here, as in notebook 08.

# %%
given = {"estimator": mitigation.GivenScore(), "prefit": True}
rules = {"thresholds": mitigation.FairThresholds(**given), "quantiles": mitigation.QuantileMatching(**given)}
for trial in [trial for trial in block_trials if trial.method == "plain"]:
    score, y, group = (trial.table[name] for name in ("y_score", "y_true", "group"))
    for name, rule in rules.items():
        fitted = rule.fit(score, y, sensitive_features=group)
        table = fitted.predict(score, y, sensitive_features=group)
        block_trials.append(trial._replace(method=name, table=table, seconds=trial.seconds + fitted.seconds))
KINDS = {"plain": "plain", "group DRO": "group DRO", "drawing": "weights", "label repair 0.35": "labels", "thresholds": "decisions", "quantiles": "decisions"}  # fmt: skip
KINDS |= {name: "loss" for name in BLOCK_TERMS if name not in KINDS}
block_runs = measure_trials(block_trials)
axes = plot_fronts(block_runs, PANELS, cost="gap", families=KINDS)
for ax, gain in zip(axes, PANELS):
    ax.plot(0, majority[gain], "x", color="black")
    ax.set_xlabel("gap, a - b (share decided 'ill')")
axes[0].set_ylabel("accuracy (share of patients)")
show(axes[0].figure, alt=describe_fronts(block_runs, PANELS, cost="gap") + cross)

# %%
TITLES = {"accuracy": "accuracy, records", "accuracy_true": "accuracy, truth"}
display(tabulate_methods(block_runs, {"gap": "gap, a - b", **TITLES}, baseline="plain"))
on_embeddings = runs[runs["method"].isin(["untouched", "plain head"]) & (runs["seed"] < BLOCK_SEEDS)]
both = pd.concat([block_runs, on_embeddings])
ahead = changes_over_seeds(both, "accuracy_true", by="method", baseline="plain")
wider = changes_over_seeds(both, "gap", by="method", baseline="plain")
block_changes = {
    value: describe_changes(block_runs, value, baseline="plain") for value in ("gap", "accuracy_true")
}

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** {worlds} worlds with {n} notes each, so intervals are wide. {answer} The "
    "accuracy on the truth of the plain head, minus that of the plain last block, is {ahead[mean][plain head]:+.3f} "
    "({ahead[low][plain head]:+.3f} to {ahead[high][plain head]:+.3f}); its gap minus that of the block is "
    "{wider[mean][plain head]:+.3f} ({wider[low][plain head]:+.3f} to {wider[high][plain head]:+.3f}). Against plain "
    "training of the last block, the gap: {changes[gap]}; accuracy on the truth: {changes[accuracy_true]}. Thresholds "
    "and quantiles were chosen on the very patients we look at here, which flatters them.",
    worlds=BLOCK_SEEDS,
    n=BLOCK_SIZE,
    answer=verdict(
        ahead["low"]["plain head"],
        ahead["high"]["plain head"],
        above="With so few notes the last block is less accurate than the head.",
        below="The last block is more accurate than the head.",
        unclear="Whether the last block or the head is more accurate, they cannot tell.",
    ),
    ahead=ahead,
    wider=wider,
    changes=block_changes,
)

# %% [markdown]
# ## Who pays?
#
# A gap is a difference, and a difference can shrink from either side. In a clinic, to be found when you are ill is what
# the decision is *for*. So we count it: the share of the truly ill who are decided "ill", the **true positive rate**. A gap that closes because
# the better-off group loses, while nobody gains, is called **levelled down** (Mittelstadt, Wachter and Russell, 2023). By the gap alone it looks like a success.
#
# **Predict:** which family of points takes from *a*, and which one gives to *b*?


# %%
changed = over_seeds(changes_by_world(trials, BASELINE, rows=VALIDATION), "change", by=["method", "metric", "group"])
NEAR = ["reweighing", "resampling", "label repair 0.35", "remover 1", "exp. gradient 0.01", "thresholds 0.0", "quantiles 1", "raised bar 1", "penalty 5", "Lagrangian 0.02"]  # fmt: skip
fig, axes = plt.subplots(1, 3, figsize=(9.8, 4.6), layout="constrained", sharey=True)
PAID = {"true_positive_rate": "ill people found\n(share of the ill)", "false_positive_rate": "false alarms\n(share of the others)", "accuracy": "right decisions\n(share of the group)"}  # fmt: skip
for ax, (metric, label) in zip(axes, PAID.items()):
    rows = changed.xs(metric, level="metric").loc[NEAR].rename(columns={"mean": "difference"})
    plot_estimates(rows, ax=ax).set_xlabel(f"change in {label}")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", frameon=False, ncols=2, title="group")
means = changed["mean"].xs("true_positive_rate", level="metric").unstack("group").loc[NEAR]
show(fig, alt="Change against the baseline by group, on the truth. Ill people found: " + "; ".join(f"{name} a {row['a']:z.2f}, b {row['b']:z.2f}" for name, row in means.iterrows()) + ".")  # fmt: skip
found = changed.xs("true_positive_rate", level="metric")
alarms = changed.xs("false_positive_rate", level="metric")


def name_clear(rows, group, sign):
    """Name the points of the figure whose change in a group is clear, in one direction."""
    own = rows.xs(group, level="group").loc[NEAR]
    clear = own.index[own["low"] > 0] if sign > 0 else own.index[own["high"] < 0]
    return ", ".join(clear) or "no point"


strictest = "Lagrangian 0.02"
takes, gives = name_clear(found, "a", -1), name_clear(found, "b", 1)
more_alarms = name_clear(alarms, "b", 1)
strict_a, strict_b = found.loc[("Lagrangian 0.02", "a")], found.loc[("Lagrangian 0.02", "b")]
strict = over_seeds(runs, "gap", by="method").loc["Lagrangian 0.02"]

# %% tags=["reading"]
reading(
    "**Reading the figure.** Fewer ill people of *a* are clearly found with: {takes}; more of *b* with: {gives}. The "
    "middle panel is the other side: false alarms in *b* clearly rise with: {alarms}. *{strictest}* was asked for "
    "the gap in its name, on its training patients. On the validation patients its gap is {strict[mean]:.2f} ({strict.low:.2f} "
    "to {strict.high:.2f}). Against the plain head it finds {a[mean]:+.2f} of the ill of *a* ({a.low:+.2f} to "
    "{a.high:+.2f}) and {b[mean]:+.2f} of the ill of *b* ({b.low:+.2f} to {b.high:+.2f}). {judged} Intervals are over "
    "{worlds} worlds, and leave out that all were measured on the same {n} patients.",
    takes=takes,
    gives=gives,
    strictest=strictest,
    alarms=more_alarms,
    strict=strict,
    a=strict_a,
    b=strict_b,
    judged=verdict(
        strict_a["low"],
        strict_a["high"],
        above="So *a* gains.",
        below="So *a* loses, and unless *b* clearly gains that is levelling down.",
        unclear="The mean looks like levelling down, but whether *a* loses, so few worlds cannot tell.",
    ),
    worlds=SEEDS,
    n=VALIDATION_SIZE,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 09.3 · Write the detector
#
# Write a function that takes the rates before and after a change, as in `{"a": 0.7, "b": 0.4}` (larger is better for people), and returns
# True when the gap was levelled down: it is narrower, somebody lost, and nobody gained. (Where nobody gains, the gap
# between these very rates can only narrow because the better-off group loses.)


# %% tags=["exercise"] exercise="09.3" points=2 objective="09-levelling"
def levelled_down(before, after):
    """Say whether the gap narrowed because somebody lost, while nobody gained."""
    return ...


# %% tags=["solution"]
def levelled_down(before, after):
    """Say whether the gap narrowed because somebody lost, while nobody gained."""

    def size(rates):
        return max(rates.values()) - min(rates.values())

    lost = any(after[group] < before[group] for group in before)
    gained = any(after[group] > before[group] for group in before)
    return size(after) < size(before) and lost and not gained


# %% tags=["check"]
check("09.3", levelled_down)

# %% [markdown]
# With data, "narrower", "lost" and "gained" mean that an interval lies clear of zero, and the gap is that of all decisions. `judge_levelling` asks that of
# every point, by the ill who are found. That is one side only: a group that *gained* by it may pay with false alarms, so their changes are in the table as well. Before you
# run it: the foil ought to be caught. Which others?

# %%
better_off = "a"  # of its ill people the untouched model finds more
verdicts = {}
for name in others:
    verdicts[name] = judge_levelling(narrower.loc[name], found.loc[name], better_off=better_off)
verdicts = pd.Series(verdicts)
inside = judge_gaps(runs, margin=TOLERANCE)["verdict"]
false_alarms = alarms["mean"].unstack("group").loc[others]
judged_points = pd.DataFrame(
    {
        "change of the gap": write_intervals(narrower),
        f"inside ±{TOLERANCE}?": inside.loc[others],
        "ill found, a": write_intervals(found.xs("a", level="group")).loc[others],
        "ill found, b": write_intervals(found.xs("b", level="group")).loc[others],
        "false alarms, a": false_alarms["a"].map("{:+.2f}".format),
        "false alarms, b": false_alarms["b"].map("{:+.2f}".format),
        "verdict": verdicts,
    }
).loc[others]
display(judged_points)
caught = verdicts.index[verdicts == "levelled down"]
caught_foils = ", ".join(caught.intersection(FOILS)) or "at neither strength"
caught_others = ", ".join(caught.difference(FOILS)) or "none"
gained = verdicts.index[verdicts == "a group gained"]
gained_alarms = false_alarms.loc[gained, "b"].mean()
n_gained, n_closed, n_tests = len(gained), (inside.loc[others] == "closed").sum(), len(others)

# %% tags=["reading"]
reading(
    "**Reading the table.** The detector caught the foil: {foils}. Of the others it caught: {others}. *A group gained* "
    "is its verdict on {n_gained} points, by the ill who are found; on average these also raise the false alarms in "
    "*b* by {gained_alarms:+.2f}, so whether *b* is better off is not said. {closed} points have a gap that is shown to "
    "be inside ±{tolerance}. *Moved* means that one group gained and the other lost. *Levelled down* says that a loss "
    "is shown and no gain is; a gain may hide in a wide interval. And these are {tests} comparisons of each kind: "
    "about one in twenty would look clear by luck.",
    foils=caught_foils,
    others=caught_others,
    n_gained=n_gained,
    gained_alarms=gained_alarms,
    closed=n_closed,
    tolerance=TOLERANCE,
    tests=n_tests,
)

# %% [markdown]
# ## Would you be decided the same tomorrow?
#
# Train the same method on the same patients with another **seed**: another random start, another order of the notes, another lottery. Accuracy
# may hardly change. But are the same *people* decided alike? A person whose decision depends on the seed is decided by chance, and cannot be given a reason.
# Many models that are equally accurate can differ about single people. This is called *predictive multiplicity* (Marx, Calmon and Ustun, 2020; Black, Raghavan and Barocas, 2022), and accuracy
# on a test set does not show it (D'Amour et al., 2020).
#
# Something else is another *draw of training patients*: the clinic would have met others last year. We count both, apart. In each
# world we train again with another seed, and compare; and we compare the models of different worlds, which have other patients and
# another seed.
#
# **Predict:** which changes more decisions, the seed or the draw of patients? Has the logistic regression a seed at all? Is one group flipped more often?

# %%
AGAIN, REFITTED = 100, ["untouched", "thresholds 0.0", "exp. gradient 0.01", "plain head"]
refits = run_trials(lambda seed: {name: name_points(seed + AGAIN)[name] for name in REFITTED}, splits)
block_refits = run_trials(lambda seed: fine_tuned({"plain": None}, seed + AGAIN, **BLOCK), block_splits)
block_flips = compare_refits([trial for trial in block_trials if trial.method == "plain"], block_refits)
# the test patients stay in the drawer here too
validated = [trial._replace(table=trial.table[VALIDATION]) for trial in trials]
again = [trial._replace(table=trial.table[VALIDATION]) for trial in refits]
block_flips = block_flips.replace({"plain": "plain last block"})
flips = pd.concat([compare_refits(validated, again), block_flips])

# %%
flipped = over_seeds(flips, "flipped", by=["by", "method", "group"])
fig, axes = plt.subplots(1, 2, figsize=(9.8, 3.6), layout="constrained", sharey=True)
for ax, (by, title) in zip(axes, {"seed": "another seed, same training patients", "people": "other training patients (and another seed)"}.items()):  # fmt: skip
    plot_estimates(flipped.loc[by], "mean", ax=ax)
    ax.set(title=title, xlabel="decided differently\n(share of the group's patients)")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", frameon=False, ncols=2, title="group")
show(fig, alt="Share of patients decided differently by two fits: " + "; ".join(f"{name}, group {group}, by {dict(seed='another seed', people='other training patients and another seed')[by]}: {value:z.2f}" for (by, name, group), value in flipped["mean"].items()) + ".")  # fmt: skip

# %%
by_seed, by_people = (flips[flips["by"] == by] for by in ("seed", "people"))
most, drawn = (over_seeds(part, "flipped", by="method")["mean"] for part in (by_seed, by_people))
refit_runs = pd.concat([measure_trials(refits, rows=VALIDATION), measure_trials(block_refits).replace({"plain": "plain last block"})])
first_runs = pd.concat([runs, block_runs[block_runs["method"] == "plain"].replace({"plain": "plain last block"})])
refit_accuracy = {}
for name in refit_runs["method"].unique():
    fits = [table[table["method"] == name] for table in (first_runs, refit_runs)]
    fits = pd.concat([fits[0].assign(fit="first"), fits[1].assign(fit="second")])
    refit_accuracy[name] = changes_over_seeds(fits, "accuracy_true", by="fit", baseline="first").loc["second"]
refit_accuracy = pd.DataFrame(refit_accuracy).T
shifted = ", ".join(refit_accuracy.query("low > 0 or high < 0").index)
luck = " Where one leaves out zero, only luck can explain it, as no seed is the better one:"
luck = f"{luck} {shifted}." if shifted else ""
display(write_intervals(refit_accuracy).rename("accuracy on the truth, second seed minus first").to_frame())
by_lot = by_seed[(by_seed["method"] == "thresholds 0.0") & (by_seed["flipped"] > 0)]
one_group = (by_lot.groupby("seed")["group"].nunique() == 1).sum()
apart = {name: changes_over_seeds(part, "flipped", by="group", baseline="a").loc["b"] for name, part in by_seed.groupby("method", sort=False)}  # fmt: skip
unequal = [f"*{name}* ({row['mean']:+z.3f}, {row.low:+z.3f} to {row.high:+z.3f})" for name, row in apart.items() if row.low > 0 or row.high < 0]  # fmt: skip
Markdown(
    f"**Reading the table and the figure.** The table shows how much accuracy on the truth another seed changed: on average by at most {refit_accuracy['mean'].abs().max():.3f}, and no interval reaches beyond ±{refit_accuracy[['low', 'high']].abs().max(axis=None):.3f}; on average over worlds these refits differ by no more than that.{luck} Mean of both groups, share of patients decided differently by another seed, and by other training patients (and another seed): {'; '.join(f'*{name}* {most[name]:z.1%} and {drawn[name]:z.1%}' for name in most.index)}. (Where an interval reaches below zero, which a share cannot, it says that there were few worlds.) The regression has one solution, whatever the seed; whoever needs a decision that does not hang on a seed can have it. *Thresholds* and *exp. gradient* draw lots openly, where training by gradient descent draws them silently. The lottery of *thresholds* may fall on one group alone: in {one_group} of {SEEDS} worlds, all decisions that it flipped were of one group. Other training patients and another seed together flip {'more than the seed alone everywhere' if (drawn > most).all() else 'more than the seed alone in most places' if (drawn > most).mean() > 0.5 else 'no more than the seed alone in most places'}: {SAMPLE_SIZE} notes are few.\n\n"
    f"By group: the share flipped by a seed in *b*, less that in *a*, is clearly different from zero with {', '.join(unequal) or 'no point'}{'; the intervals of the others contain' if unequal else '; all intervals contain'} zero, or nobody is flipped at all. An interval that contains zero does not show that the groups are flipped equally often."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 09.4 · Flips between many refits
#
# Write a function that takes the decisions of several refits about the same people, a list of lists of 0 and 1, and returns how often two
# refits disagree about a person: the share of people, averaged over all pairs of refits.


# %% tags=["exercise"] exercise="09.4" points=1 objective="09-flips"
def flip_rate(refits):
    """Return the share of people decided differently, averaged over pairs of refits."""
    return ...


# %% tags=["solution"]
def flip_rate(refits):
    """Return the share of people decided differently, averaged over pairs of refits."""
    pairs = [(one, other) for place, one in enumerate(refits) for other in refits[place + 1 :]]
    differ = [sum(x != y for x, y in zip(one, other)) / len(one) for one, other in pairs]
    return sum(differ) / len(differ)


# %% tags=["check"]
check("09.4", flip_rate)

# %% [markdown]
# ## Choose here, report there
#
# Now somebody must choose. State the rule *before* you look, or you will find reasons for the point you like. (We
# have seen the validation patients already; our rule is stated before we look at the test patients.)
#
# > Of all points whose gap is at most `TOLERANCE` on the validation patients, take the one that is most accurate *on the records*. (If none is, the one with the smallest gap.)
#
# The rule uses the records because a clinic has nothing else. It sees many points, and the best of many on the same people is partly the luckiest of many. How much of
# what it promises is luck? We divide the validation patients at random,
# let the rule choose on some of them (*promised*), and measure the chosen point on *equally many* others (*delivered*), many times in each world. Were the
# others more, their gaps would be measured more exactly, and the comparison would be one of sizes.
#
# **Predict:** which promise is broken more, that of accuracy or that of the gap? With how many people to choose on?

# %%
SIZES = [VALIDATION_SIZE // 8, VALIDATION_SIZE // 4, VALIDATION_SIZE // 2]
eligible = [trial for trial in validated if trial.method not in FOILS]  # as the rule does
promises = promises_by_world(eligible, tolerance=TOLERANCE, sizes=SIZES, draws=DRAWS)
means = promises.groupby(["seed", "people", "measured"], sort=False)[["accuracy", "gap_size"]].mean().reset_index()
kept = means.groupby(["people", "measured"])[["gap_size", "accuracy"]].mean()
fig, axes = plt.subplots(1, 2, figsize=(9.8, 3.4), layout="constrained")
UNITS = {
    "gap_size": "size of the gap\n(share decided 'ill')",
    "accuracy": "accuracy on the records\n(share of patients)",
}
for ax, (value, label) in zip(axes, UNITS.items()):
    plot_sweep(means, value, over="people", by="measured", ax=ax)
    ax.set(xlabel="people the point is chosen on", ylabel=label)
axes[0].axhline(TOLERANCE, color="black", linestyle="--", linewidth=1)
show(fig, alt="Promised and delivered, with intervals over worlds; a dashed line at the tolerance. " + "; ".join(f"{size} people, {part}: gap {row['gap_size']:.2f}, accuracy {row['accuracy']:.2f}" for (size, part), row in kept.iterrows()) + ".")  # fmt: skip

# %%
from scipy.stats import norm

few, many = SIZES[0], SIZES[-1]
broken = {(size, name): changes_over_seeds(means[means["people"] == size], value, by="measured", baseline="promised").iloc[0] for size in SIZES for value, name in {"gap_size": "size of the gap", "accuracy": "accuracy"}.items()}  # fmt: skip
delivered = promises[promises["measured"] == "delivered"]
above = (delivered["gap_size"] > TOLERANCE).groupby(delivered["people"]).mean()
different = delivered[delivered["people"] == many].groupby("seed")["point"].nunique()
display(write_intervals(pd.DataFrame(broken).T).unstack().rename_axis("people chosen on"))
least, most_points = different.min(), different.max()
base = runs.loc[runs["method"] == "untouched", "selected"].mean()
share_b = n_b / VALIDATION_SIZE
by_chance = {}
for size in SIZES:  # of a gap of exactly zero, measured on this many people
    error = (base * (1 - base) * (1 / (size * share_b) + 1 / (size * (1 - share_b)))) ** 0.5
    by_chance[size] = 2 * norm.sf(TOLERANCE / error)
beyond = {"few": above[few], "many": above[many], "few_chance": by_chance[few], "many_chance": by_chance[many]}
gap_few, accuracy_few = broken[few, "size of the gap"], broken[few, "accuracy"]
gap_many, accuracy_many = broken[many, "size of the gap"], broken[many, "accuracy"]
wide_sizes = [str(size) for size in SIZES if broken[size, "size of the gap"]["low"] > 0]
lower_sizes = [str(size) for size in SIZES if broken[size, "accuracy"]["high"] < 0]
gap_sizes = " and ".join(wide_sizes) or "none of these numbers of"
accuracy_sizes = " and ".join(lower_sizes) or "none of them"
worse = means[means["people"] == few]
worse = worse.assign(broken=worse["gap_size"] + worse["accuracy"])
worse = changes_over_seeds(worse, "broken", by="measured", baseline="promised").loc["delivered"]

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** {answer} Chosen on {few} people, the gap that is "
    "delivered is larger than the promised one by {gap_few[mean]:+.3f} ({gap_few.low:+.3f} to "
    "{gap_few.high:+.3f}), and accuracy changes by {accuracy_few[mean]:+.3f} "
    "({accuracy_few.low:+.3f} to {accuracy_few.high:+.3f}); chosen on {many}, by "
    "{gap_many[mean]:+.3f} ({gap_many.low:+.3f} to {gap_many.high:+.3f}) and "
    "{accuracy_many[mean]:+.3f} ({accuracy_many.low:+.3f} to {accuracy_many.high:+.3f}). With how "
    "many people? The promise of the gap is clearly broken with {gap_sizes} people, that of "
    "accuracy with {accuracy_sizes}.\n\n"
    "On the other people the gap is above the tolerance in {beyond[few]:.0%} of the divisions "
    "with {few} people, and in {beyond[many]:.0%} with {many}. Not all of that is a broken "
    "promise: of a model without any gap, about {beyond[few_chance]:.0%} and "
    "{beyond[many_chance]:.0%} would be above it by chance. In one world, the rule took between "
    "{least} and {most_points} different points, depending only on who was among the {many} "
    "people.",
    answer=verdict(
        worse["low"],
        worse["high"],
        above="With few people the promise of the gap is broken more than that of accuracy.",
        below="With few people the promise of accuracy is broken more than that of the gap.",
        unclear="Which of the two promises is broken more, these worlds cannot tell.",
    ),
    few=few,
    many=many,
    gap_few=gap_few,
    accuracy_few=accuracy_few,
    gap_many=gap_many,
    accuracy_many=accuracy_many,
    gap_sizes=gap_sizes,
    accuracy_sizes=accuracy_sizes,
    beyond=beyond,
    least=least,
    most_points=most_points,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 09.5 · Fix the report
#
# This function is to choose by the rule above on validation, and to report on test (here some point is
# always within the tolerance). It holds two mistakes. A point is a dict such as
# `{"name": "penalty", "validation": {"accuracy": 0.76, "gap": 0.04}, "test": {"accuracy": 0.74, "gap": 0.07}}`; gaps have a sign.


# %% tags=["exercise"] exercise="09.5" points=2 objective="09-select"
def report(points, tolerance):
    """Return name, accuracy and gap of the chosen point."""
    allowed = [point for point in points if point["test"]["gap"] <= tolerance]
    best = max(allowed, key=lambda point: point["test"]["accuracy"])
    return {"name": best["name"], **best["test"]}


# %% tags=["solution"]
def report(points, tolerance):
    """Return name, accuracy and gap of the chosen point."""
    allowed = [point for point in points if abs(point["validation"]["gap"]) <= tolerance]
    best = max(allowed, key=lambda point: point["validation"]["accuracy"])
    return {"name": best["name"], **best["test"]}


# %% tags=["check"]
check("09.5", report)

# %% [markdown]
# Now for real, once. The rule sees the mean gap and the mean accuracy over worlds on the validation patients, so it chooses a *recipe*, and not yet a model: a clinic has one training
# set, and gets one model from it. The foil is left out: we know what it does. Then we open the drawer with the test patients.

# %%
from labkit.comparison import judge_interval

on_validation = runs.groupby("method", sort=False)[["accuracy", "gap"]].mean()
on_validation["gap_size"] = on_validation["gap"].abs()
candidates = on_validation.drop(index=FOILS)
chosen = choose_point(candidates, tolerance=TOLERANCE)
n_allowed = (candidates["gap_size"] <= TOLERANCE).sum()
tested = measure_trials(trials, rows=TEST)
on_test = {}
for value, label in ({"gap": "gap, a - b"} | TITLES).items():
    on_test[label] = over_seeds(tested, value, by="method").loc[chosen]
for value, label in {"accuracy": "change in accuracy, records", "accuracy_true": "change in accuracy, truth"}.items():
    found_change = changes_over_seeds(tested, value, by="method", baseline=BASELINE[chosen])
    on_test[label] = found_change.loc[chosen] if chosen in found_change.index else 0 * found_change.iloc[0]
by_group = over_seeds(changes_by_world(trials, BASELINE, rows=TEST), "change", by=["method", "metric", "group"])
found_by_group = by_group.loc[chosen].loc["true_positive_rate"]
alarms_by_group = by_group.loc[chosen].loc["false_positive_rate"]
on_test |= {f"change in ill people found, {group}": row for group, row in found_by_group.iterrows()}
on_test |= {f"change in false alarms, {group}": row for group, row in alarms_by_group.iterrows()}
display(write_intervals(pd.DataFrame(on_test).T).rename(f"{chosen}, on test patients").to_frame())
models = tested[tested["method"] == chosen]
half_width = (models["gap_high"] - models["gap_low"]).mean() / 2
smallest, largest = models["gap"].min(), models["gap"].max()
kept_by = sum(
    judge_interval(low, high, TOLERANCE) == "closed" for low, high in zip(models["gap_low"], models["gap_high"])
)
test_b = (people["group"][TEST] == "b").sum()
test_gap, test_accuracy = on_test["gap, a - b"], on_test["accuracy, records"]["mean"]
ill = people[TEST].assign(ill=truth[TEST]).groupby("group")["ill"].mean()
promised = on_validation.loc[chosen]
was_within = promised["gap_size"] <= TOLERANCE
decides_by_lot = chosen.startswith(("exp. gradient", "thresholds"))
is_lower, b_more_ill = test_accuracy < promised["accuracy"], ill["b"] > ill["a"]

# %% tags=["reading"]
reading(
    "**Reading the table.** {n_allowed} points were within the tolerance, {chose} {lots}On "
    "validation its mean gap is {promised[gap]:+.3f} and its accuracy on the records "
    "{promised[accuracy]:.3f}. On {n} test patients ({n_b} of *b*) its accuracy is "
    "{accuracy:.3f}, {kept_accuracy} than promised; but these are other people, and one choice "
    "does not say what choices keep on average. Among them *b* is truly ill {more_ill} than *a* "
    "({ill[b]:.1%} and {ill[a]:.1%}), by the luck of who came.\n\n"
    "Here the mean gap is {gap[mean]:+.3f} ({gap.low:+.3f} to {gap.high:+.3f} over {worlds} "
    "worlds): {closed}. But a clinic gets one model. Those of the {worlds} worlds have gaps from "
    "{smallest:+.2f} to {largest:+.2f}, and for one model the interval over test patients extends "
    "{half:.2f} on either side. So for {kept} of {worlds} models these patients show that the "
    "tolerance is kept.",
    n_allowed=n_allowed,
    chose=choose(
        was_within,
        "and of these the rule chose the most accurate, *{chosen}*.",
        otherwise="so the rule chose the smallest gap, *{chosen}*.",
    ),
    lots=choose(
        decides_by_lot,
        "It decides by lot: decided again, the same patient can be decided otherwise. ",
        otherwise="",
    ),
    chosen=chosen,
    promised=promised,
    n=TEST_SIZE,
    n_b=test_b,
    accuracy=test_accuracy,
    kept_accuracy=choose(is_lower, "lower", otherwise="no lower"),
    ill=ill,
    more_ill=choose(b_more_ill, "more often", otherwise="no more often"),
    gap=test_gap,
    worlds=SEEDS,
    closed=verdict(
        test_gap["low"],
        test_gap["high"],
        margin=TOLERANCE,
        above="above the tolerance",
        below="beyond the tolerance, with *b* ahead",
        within="inside the tolerance",
        unclear="whether it is inside the tolerance, these worlds cannot tell",
    ),
    smallest=smallest,
    largest=largest,
    half=half_width,
    kept=kept_by,
)

# %% [markdown]
# ## What does it cost in seconds?
#
# **Predict:** by how much does the slowest way of training differ from the fastest?

# %%
from labkit.comparison import tabulate_means

times = pd.concat([runs.assign(family=runs["method"].map(FAMILY)), block_runs.assign(family="last block")])
per_fit = times.groupby(["family", "seed"], sort=False)["seconds"].mean().reset_index()
seconds = over_seeds(per_fit, "seconds", by="family").sort_values("mean")
display(tabulate_means(per_fit, {"seconds": "seconds for one fit"}, by="family", digits=2).loc[seconds.index])
Markdown(
    f"**Reading the table.** Means over the points of a family, with intervals over worlds; filling the caches is not counted. The slowest way takes about {seconds['mean'].max() / seconds['mean'].min():.0f} times as long as the fastest: a fit takes from {seconds['mean'].min():.2f} s ({seconds.index[0]}) to {seconds['mean'].max():.1f} s ({seconds.index[-1]}). Reading or computing all embeddings took {embedding_seconds:.1f} s, once, for all of them. Reductions fit the regression again and again; decisions are changed after one fit. On another machine these figures differ, and their order may. What the table leaves out is the time of people: to look at labels again, to explain a lottery, to review."
)

# %% [markdown]
# ## Write it down
#
# A choice that nobody wrote down cannot be questioned. A decision says what it is for, what it rests on, whom it costs what, and when somebody looks at it again. `write_decision` makes the
# draft, with the figures filled in; the rest is for people. `check_decision` reads what you wrote: it names what is missing, and where the text *contradicts the figures*. Whether reasons are good it cannot know.
#
# Here is the decision of another clinic. Its point was chosen by the rule above, and somebody has begun to write.

# %%
print(write_decision(CASE, title="Early appointments", answers=BEGUN))

# %% [markdown] tags=["exercise"]
# ### Exercise 09.6 · What do the figures show?
#
# Three sections of that decision are still `TODO`. Before anybody writes them, read the figures (mean, low and
# high of a 95% interval). *Clearly* means that an interval does not contain zero. Of which groups are
# *clearly* more ill people found (`gains`), and of which *clearly* fewer (`loses`)?
#
# - A. only a
# - B. only b
# - C. both
# - D. nobody
#
# The tolerance was 0.05. What do the figures show about the gap (`gap`)?
#
# - A. inside the tolerance
# - B. outside the tolerance
# - C. cannot tell

# %% tags=["exercise"] exercise="09.6" points=3 objective="09-decide"
gains = ...  # one of the four; its letter, in quotes, is enough
loses = ...  # one of the four; its letter, in quotes, is enough
gap = ...  # one of the three; its letter, in quotes, is enough
# %% tags=["solution"]
gains = "nobody"
loses = "only a"
gap = "cannot tell"
# %% tags=["check"]
check("09.6", {"gains": gains, "loses": loses, "gap": gap})

# %% [markdown]
# The reasons of a decision are for people: no program can grade them. Here is one way to write the three
# sections, to compare with your own:
#
# - **Who gains:** nobody clearly: in `b` the interval of the change in ill people found contains zero.
# - **Who loses:** ill people of `a`: between three and nine in a hundred of them are no longer found.
# - **Review:** the clinic's ethics board, with patients of both districts, on a date that is named.

# %% [markdown]
# And now our own clinic. The figures, the chosen point, and who clearly gains or loses are computed above, on the test patients.

# %%
figures = {name: tuple(row[["mean", "low", "high"]]) for name, row in on_test.items()}
gaining = [group for group in "ab" if found_by_group.loc[group, "low"] > 0]
losing = [group for group in "ab" if found_by_group.loc[group, "high"] < 0]


def open_points(answers):
    """Print what a decision about our clinic still lacks, and what contradicts its figures."""
    draft = write_decision(figures, title="Which model decides about early appointments?", answers=answers)
    found = check_decision(draft, figures=figures, point=chosen, gains=gaining, loses=losing)
    print("\n".join(f"- {complaint}" for complaint in found) or "Nothing is open, and nothing contradicts the figures.")


# %% [markdown] tags=["exercise"]
# ### Question 09.7 · Your decision (open)
#
# Fill in the decision for our clinic: a dict from each section named above to your text. `open_points(answers)` says what is missing. Then answer in three to six sentences: *would you
# sign it?* Say who pays, which of its figures rests on labels that cannot be trusted, and what would change your mind. Nothing of this is graded; a model answer appears for comparison.

# %% tags=["check", "open"]
answers = {}  # from each section to your text
open_points(answers)
compare("09.7", ...)  # replace the dots by your answer, as a text in quotes
# %% tags=["solution"]
answers = {
    "Aim": "Which patients get an early appointment, by a score that a model gives to the note of their visit.",
    "Criterion and why": "Equal shares decided 'ill' in both groups, since we believe that both are ill equally often.",
    "Labels and how far they are trusted": "Diagnoses in the records; of b's illnesses about a third are missing there.",
    "Chosen operating point": f"`{chosen}`, chosen on {VALIDATION_SIZE} validation patients by the rule stated before looking at the test patients.",
    "Who gains": f"Of ill people more are found in {', '.join(f'`{g}`' for g in gaining) or 'nobody'}, as far as intervals tell.",
    "Who loses": f"Of ill people fewer are found in {', '.join(f'`{g}`' for g in losing) or 'nobody'}, as far as intervals tell.",
    "What would change the decision": "A second look at 200 records that finds fewer than 15% of b's illnesses missing.",
    "Review": f"The head of the clinic and a patients' council of both districts, on {date.today().year + 1}-12-01.",
}  # fmt: skip
open_points(answers)
compare(
    "09.7",
    "I would sign it for a year if no group clearly loses. If one does, I would not sign before "
    "looking at a nearby point at which nobody clearly loses. Either way it rests on a belief about "
    "b that a second look at records can test.",
)

# %% [markdown]
# ## What you learned
#
# - The front drops every dominated point. Which points are on it depends on the worlds that were drawn, and what closing a gap seems to cost depends on the labels that accuracy is counted by `[09-front]`.
# - A gap can close because the better-off group lost, and nobody gained. Count who gained and who lost, by group, on labels that can be trusted `[09-levelling]`.
# - Two equally accurate fits decide differently about some people; count them by group, and tell the seed from the draw of patients `[09-flips]`.
# - State the rule first, choose on some people, report on others. On average the best of many keeps less accuracy than it promises, and where it is chosen on few people, a wider gap `[09-select]`.
# - A decision names its aim, its labels, its figures, who pays, and what would change it; a program can hold it to its figures, and only people can judge its reasons `[09-decide]`.
#
# ## What this does not show
#
# - That one of these points is right for another clinic. The truth is equal here because we made it so; where groups truly differ, the second front looks different.
# - All that a decision does. A false alarm costs something too, and we judged gain and loss by the ill who are found.
# - The uncertainty of *who was measured*. Intervals over worlds cover the training patients and the luck of training; all points were measured on the same few hundred people.
# - That nobody else should be asked. The people who pay were counted here, not heard.
#
# **Next.** All these models scored people. Another kind answers in words: [12 · What does a generative model say about
# people?](12_generation.ipynb)
