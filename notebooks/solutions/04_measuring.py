# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 45
#       mb: 1500
# ---

# %% [markdown]
# # 04 · How do we measure fairness, and how sure are we?
#
# **You will be able to**
# - *count* who was judged how, by group, and get the same rates by hand, with `labkit` and with fairlearn `[04-rates]`
# - *choose* the rate that answers a particular person's question `[04-stakeholders]`
# - *judge* how sure a gap is, and when a largest gap is what chance alone would give `[04-uncertainty]`
# - *reproduce* both sides of the quarrel about COMPAS, and explain why both counted correctly `[04-calibration]`
# - *compare* what an audit says on recorded labels with what is true `[04-labels]`
#
# About 60 minutes. Before this:
# [03 · How do we train, and what can go wrong?](03_training.ipynb)

# %%
from itertools import product

import numpy as np
import pandas as pd
from fairlearn import metrics as fairlearn_metrics
from fairlearn.metrics import MetricFrame
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from statsmodels.stats.contingency_tables import StratifiedTable

from labkit.audit import (
    Counts,
    audit,
    calibration_by_group,
    format_p_value,
    format_rate,
    plot_calibration,
    plot_group_rates,
    wilson_interval,
)
from labkit.chapters.ch04 import bootstrap_largest_gap, plot_confusion
from labkit.comparison import over_seeds, plot_estimates
from labkit.data import load_compas, simulate_clinic
from labkit.exercises import check, compare, hint
from labkit.plots import PALETTE, show
from labkit.prose import reading, verdict

# %% tags=["parameters"]
N_BOOT = 2000  # draws of the counts behind a bootstrap interval
N_BOOT_ROWS = 100  # draws of whole rows, which is slow, where fairlearn does it
N_SHUFFLES = 5000  # shuffles of the outcomes behind a null distribution
N_RUNS = 300  # simulated audits behind a statement about an interval
SAMPLE_SIZE = 1500  # notes of the clinic to learn from, and as many to measure on
WORLDS = 5  # clinics, each with patients and a model of its own
ALPHA = 0.05  # intervals have confidence 1 - ALPHA
SEED = 0

# %% [markdown]
# ## Who stands in which cell?
#
# Notebook 00 ended with a first audit of COMPAS, the risk score that courts in Broward County saw; its data, and what the
# words *decision*, *label* and *African-American* mean there, are explained at that place. Here we take the audit apart.
#
# A yes-or-no decision about somebody, and a yes-or-no label, leave four possibilities:
#
# | | decided no (*low*) | decided yes (*medium or high*) |
# |---|---|---|
# | *labelled no* (not charged again) | true negative, tn: *cleared* | false positive, fp: *alarmed* |
# | *labelled yes* (charged again) | false negative, fn: *missed* | true positive, tp: *found* |
#
# The four counts of a group are its **confusion matrix**. We count them by hand: two questions about each person, four
# combinations, one row a group. **What to look for:** which groups have a cell with fewer than ten people?


# %%
def count_cells(rows):
    """Count true negatives, false positives, false negatives and true positives."""
    again, high = rows["label"] == 1, rows["decision"] == 1
    return [sum(~again & ~high), sum(~again & high), sum(again & ~high), sum(again & high)]


people = load_compas().frame.rename(columns={"two_year_recid": "label"})
people["decision"] = (people["score_text"] != "Low").astype(int)
counted = {race: count_cells(rows) for race, rows in people.groupby("race")}
display(by_hand := pd.DataFrame(counted, index=["tn", "fp", "fn", "tp"]).T)

# %% [markdown]
# The two largest groups as pictures. Each tile holds a number of people, and its share of the *row*. A row holds the
# people with one label, so a share of the row says: of the people with this label, how many were decided so?
#
# **Before you run the next cell, predict:** in which tile do the two groups differ most, as a share of its row?

# %%
SIDES = ["African-American", "Caucasian"]
fig, axes = plt.subplots(1, 2, figsize=(7.6, 2.9), layout="constrained", sharey=True)
for ax, race in zip(axes, SIDES, strict=True):
    plot_confusion(
        counted[race], labels=("not charged\nagain", "charged\nagain"), decisions=("low", "medium or high"), ax=ax
    )
    ax.set(title=f"{race} (n = {sum(counted[race]):,})", xlabel="score", ylabel="label")
    ax.label_outer()
alarmed, missed = (by_hand[a] / (by_hand[a] + by_hand[b]) for a, b in (("fp", "tn"), ("fn", "tp")))
show(fig, alt="Two confusion matrices. " + " ".join(f"{race}: {alarmed[race]:.0%} of the people not charged again were "
     f"scored medium or high, {missed[race]:.0%} of the people charged again were scored low." for race in SIDES))  # fmt: skip
turned = (alarmed[SIDES[0]] - alarmed[SIDES[1]]) * (missed[SIDES[0]] - missed[SIDES[1]]) < 0
Markdown(
    f"**Reading the figure.** Upper right: of the people *not* charged again, {alarmed[SIDES[0]]:.0%} ({SIDES[0]}) and {alarmed[SIDES[1]]:.0%} "
    f"({SIDES[1]}) were scored medium or high. Lower left: of the people charged again, {missed[SIDES[0]]:.0%} and {missed[SIDES[1]]:.0%} were scored "
    f"low. {'The two kinds of error fall on different groups' if turned else 'Both kinds of error fall on the same group'}. Counts alone would "
    "mislead: the groups differ in size, so only shares can be compared, and a share needs a denominator."
)

# %% [markdown]
# ## Three ways to the same rates
#
# A **rate** divides one or two cells by a sum of cells. We do it by hand, with `labkit.audit`, which also gives intervals,
# tests and warnings, and with fairlearn's `MetricFrame`, the tool most people use, which takes *any* function of labels and
# decisions. If three ways written by different people agree, none of them confuses rows with columns. The `assert` lines
# stop the notebook if they do not.

# %%
tn, fp, fn, tp = (by_hand[cell] for cell in by_hand)
rates = pd.DataFrame({"selection_rate": (fp + tp) / (tn + fp + fn + tp), "false_positive_rate": fp / (fp + tn)})
rates["false_negative_rate"], rates["precision"] = fn / (fn + tp), tp / (tp + fp)
who = {"y_true": people["label"], "y_pred": people["decision"], "sensitive_features": people["race"]}
result = audit(**who, confidence=1 - ALPHA, seed=SEED)
options = {"n_boot": N_BOOT, "confidence": 1 - ALPHA, "seed": SEED}  # of a bootstrap, further down
functions = {name: getattr(fairlearn_metrics, name) for name in rates.columns[:3]} | {"precision": precision_score}
frame = MetricFrame(metrics=functions, **who)

np.testing.assert_allclose(result.by_group[rates.columns], rates, atol=1e-12)
np.testing.assert_allclose(frame.by_group[rates.columns], rates, atol=1e-12)
np.testing.assert_allclose(frame.difference(), result.difference(include_small=True)[rates.columns], atol=1e-12)
display(rates.round(3))
Markdown(f"By hand, `labkit` and fairlearn agree on all {rates.size} rates, and on the largest gap in each.")

# %% [markdown]
# They agree on numbers, not on manners: `labkit` counts, so it works on a log of a billion decisions and knows how sure a
# share is; fairlearn computes any metric and leaves it to you to ask how many people are behind it.

# %% [markdown] tags=["exercise"]
# ### Exercise 04.1 · Repair a false positive rate
#
# `counts` is a dict from group to `(tn, fp, fn, tp)`. The function below should return a dict from group to false positive
# rate. It has two mistakes: one in the denominator, one in what it says about a group for which there is no such rate
# (that should be `float("nan")`). Repair both.


# %% tags=["exercise"] exercise="04.1" points=2 objective="04-rates"
def alarm_rates(counts):
    """Return the false positive rate of each group."""
    found = {}
    for group, cells in counts.items():  # cells: tn, fp, fn, tp
        found[group] = cells[1] / (cells[1] + cells[3]) if cells[1] + cells[3] > 0 else 0.0
    return found


# %% tags=["solution"]
def alarm_rates(counts):
    """Return the false positive rate of each group."""
    return {group: fp / (tn + fp) if tn + fp > 0 else float("nan") for group, (tn, fp, fn, tp) in counts.items()}


# %% tags=["check"]
check("04.1", alarm_rates)

# %% [markdown]
# ## Which rate matters to whom?
#
# Every rate is the answer to somebody's question, and the denominator tells whose. Read each as a sentence, "of the people
# *who …*, the share *that …*", and ask who could say "I am one of those".
#
# | who asks | the question | rate |
# |---|---|---|
# | a person who will *not* be charged again | how likely am I to be held for nothing? | false positive rate |
# | somebody harmed by an offence that follows | how many of those were let go? | false negative rate |
# | a judge with a *high* score on the desk | how often is such a score followed by a charge? | precision |
# | a taxpayer, or the keeper of the jail | how many people do we hold? | selection rate |
# | a patient who *is* ill | how likely am I to be sent home? | false negative rate |
# | a patient who is *not* ill | how likely am I to be treated for nothing? | false positive rate |
# | a surgeon with a list of patients | how many of these need me? | precision |
# | society, which sees all of it | who bears which error, and is that a burden we would accept for ourselves? | all of them, by group |
#
# The person judged is the only one who cannot choose the rate, and the institution that buys the system usually can.
# **Predict:** for which rows would the two groups give nearly the same answer?

# %%
ASKED = ["false_positive_rate", "false_negative_rate", "precision", "selection_rate"]
ax = plot_group_rates(result, ASKED, groups=SIDES)
pairs = {metric: result.pairwise(metric).query("a == @SIDES[0] and b == @SIDES[1]").iloc[0] for metric in ASKED}
show(ax.figure, alt="Four rates with intervals for the two largest groups; differences: " + ", ".join(
     f"{metric.replace('_', ' ')} {pair.difference:+.2f}" for metric, pair in pairs.items()) + ".")  # fmt: skip

widest, nearest = (
    choose(pairs, key=lambda metric: abs(pairs[metric].difference)).replace("_", " ") for choose in (max, min)
)
thousand = 1000 * pairs["false_positive_rate"].difference
Markdown(
    f"**Reading the figure.** The groups are furthest apart in the *{widest}* and nearest in the *{nearest}*. Of 1,000 people not charged again, {abs(thousand):.0f} "
    f"{'more' if thousand > 0 else 'fewer'} were scored medium or high if the county recorded them as {SIDES[0]} than as {SIDES[1]}. A judge who only sees what becomes "
    f"of such scores meets a difference of {abs(pairs['precision'].difference):.2f}: the same decisions, another denominator."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.2 · Three voices
#
# A clinic chooses between two rules that say who is operated on. For each group they give `(tn, fp, fn, tp)`:
#
# | rule | group a | group b |
# |---|---|---|
# | A. strict | 640, 60, 90, 210 | 630, 70, 150, 150 |
# | B. broad | 560, 140, 45, 255 | 455, 245, 54, 246 |
#
# - `patient`: "I am ill. I fear to be sent home, more easily than somebody of the other group."
# - `neighbour`: "I am healthy. I fear an operation that I do not need."
# - `surgeon`: "I operate on whoever is on the list. Is a place on it worth the same in both groups?"
#
# For each voice give the rate that answers it, and the rule under which the two groups are *nearer* to each other in that
# rate. The rates are:
#
# - A. false_negative_rate
# - B. false_positive_rate
# - C. precision
# - D. selection_rate
# - E. accuracy

# %% tags=["exercise"] exercise="04.2" points=3 objective="04-stakeholders"
voices = {
    "patient": (..., ...),  # (rate, rule); two letters, in quotes, are enough
    "neighbour": (..., ...),
    "surgeon": (..., ...),
}
# %% tags=["solution"]
voices = {
    "patient": ("false_negative_rate", "broad"),
    "neighbour": ("false_positive_rate", "strict"),
    "surgeon": ("precision", "strict"),
}
# %% tags=["check"]
check("04.2", voices)

# %% [markdown]
# ## How sure is a difference?
#
# A rate was counted on some people and is said of others. An **interval** is made by a recipe that, over many samples,
# contains the true value in a stated share of them, here 95%. For one rate we use Wilson's, for a difference of two
# rates Newcombe's, which is built from two of Wilson's. Both stay honest when few people were counted.
#
# What does such an interval cover? One thing only: that *other people* could have been drawn. It does not cover
#
# - *the label*: whether a charge is an offence, or a record the truth;
# - *the sample*: how people came to be arrested and scored, and who was left out of the table;
# - *dependence*: two people arrested together count as two;
# - *many looks*: with twenty pairs of groups, expect one interval in error;
# - *our own choices*: where the score is cut, who is kept, what counts as "again".
#
# The last one we can compute. ProPublica cut the score between decile 4 and 5 (*medium or high*), and in a second table
# between 7 and 8 (*high*). Some of their analyses use all rows, others keep only people who were scored within 30 days of
# the arrest. And "charged again" can mean within two years, or at any time observed. **Predict:** will eight reasonable
# analyses lie inside the interval of the first?

# %%
two = people[people["race"].isin(SIDES)]
near = two[two["days_b_screening_arrest"].abs().le(30) & two["is_recid"].ne(-1) & two["c_charge_degree"].ne("O")]
rows, labels = {"all rows": two, "within 30 days": near}, {"two years": "label", "ever": "is_recid"}
cuts, forks = {"medium or high": 5, "high": 8}, {}
for names in product(rows, labels, cuts):
    kept, label, high = rows[names[0]], labels[names[1]], rows[names[0]]["decile_score"] >= cuts[names[2]]
    forks[", ".join(names)] = audit(y_true=kept[label], y_pred=high, sensitive_features=kept["race"])

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.4, 3.4), layout="constrained", sharey=True)
found = {}
for ax, metric in zip(axes, ["false_positive_rate", "precision"], strict=True):
    found[metric] = pd.concat({name: fork.pairwise(metric).iloc[0, 2:] for name, fork in forks.items()}, axis=1).T
    plot_estimates(found[metric].astype(float), ax=ax)
    ax.axvspan(*found[metric].iloc[0, 1:], color=PALETTE[5], alpha=0.25, label="interval of the first analysis")
    ax.set(title=metric.replace("_", " "), xlabel=f"difference (share of people),\n{SIDES[0]} − {SIDES[1]}")
    ax.locator_params(axis="x", nbins=5)
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", frameon=False)
alarm, worth = found.values()
show(fig, alt=f"Eight analyses of the same people: the difference in false positive rates runs from {alarm.difference.min():.2f} "
     f"to {alarm.difference.max():.2f}, that in precision from {worth.difference.min():.2f} to {worth.difference.max():.2f}.")  # fmt: skip
outside, zero = sum(~alarm["difference"].between(*alarm.iloc[0, 1:])), sum((worth["low"] <= 0) & (worth["high"] >= 0))
sign = "has the same sign in all of them" if (alarm["low"] > 0).all() else "does not even keep its sign"
Markdown(
    f"**Reading the figure.** In {outside} of {len(alarm)} analyses the difference in false positive rates lies outside the interval of the first: "
    f"choices can matter more than which people were drawn. The difference {sign}. For precision, {zero} of {len(worth)} intervals contain "
    f"zero and {len(worth) - zero} do not: whoever chooses the analysis chooses the headline. So choose before you look, and report the others too."
)

# %% [markdown]
# ## The largest gap between many groups
#
# With six groups there are fifteen pairs. Audits like to report one number instead: the largest rate less the smallest,
# **max − min**. It is what fairlearn's `.difference()` gives, and what many dashboards show. We give it a **bootstrap**
# interval: draw as many people again from the data, thousands of times, and keep the middle 95% of the values. **What to look
# for:** how many people stand behind the largest and the smallest precision?

# %%
low, high = bootstrap_largest_gap(result.counts, "precision", **options)
selected = by_hand["fp"] + by_hand["tp"]
display(result.by_group[["precision"]].assign(people_selected=selected).sort_values("precision").round(3))
Markdown(
    f"Max − min is {result.difference(include_small=True)['precision']:.2f}, and a bootstrap interval runs from {low:.2f} to {high:.2f}. It does "
    f"{'' if low <= 0 else '*not* '}contain zero. **Have we found that a high score is worth less in some group?** Decide before you go on."
)

# %% [markdown]
# To see what chance alone does, we make a world in which nothing is to be found. Take the people who were scored medium or
# high, keep their groups, and shuffle their outcomes: now precision has nothing to do with race, by construction. Measure
# max − min. Do it thousands of times. What comes out is the **null distribution**: the gaps that nobody made.

# %%
selected = people[people["decision"] == 1]
code, names = pd.factorize(selected["race"], sort=True)
sizes, outcome, rng = np.bincount(code), selected["label"].to_numpy(), np.random.default_rng(SEED)
large = (by_hand.sum(axis=1) >= 100).to_numpy()  # groups, in the same order
shuffled = np.array([np.bincount(code, rng.permutation(outcome)) / sizes for _ in range(N_SHUFFLES)])
null = {"all six groups": np.ptp(shuffled, axis=1), "without the small ones": np.ptp(shuffled[:, large], axis=1)}
measured = [np.ptp(rates["precision"]), np.ptp(rates["precision"][large])]

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.4, 3.2), layout="constrained", sharex=True)
for ax, (name, chance), gap in zip(axes, null.items(), measured, strict=True):
    ax.hist(chance, bins=40, density=True, color=PALETTE[4], label="shuffled: no gap to find")
    ax.axvline(chance.mean(), color=PALETTE[0], linestyle="--", label="mean of the shuffled")
    ax.axvline(gap, color=PALETTE[1], linewidth=2, label="measured")
    ax.set(title=name, xlabel="max − min of the precision (share of people)", ylabel="density of shuffles")
axes[1].legend(frameon=False)
(six, four), (p_six, p_four) = (
    (chance.mean() for chance in null.values()),
    (np.mean(chance >= gap) for chance, gap in zip(null.values(), measured, strict=True)),
)
show(fig, alt=f"Histograms of max - min when outcomes are shuffled. All six groups: mean {six:.2f}, measured {measured[0]:.2f}. "
     f"Without the small groups: mean {four:.2f}, measured {measured[1]:.2f}.")  # fmt: skip
p_value = result.parity_test("precision", include_small=True)
heard = "it hears a difference" if p_value < ALPHA else "it hears nothing either"
Markdown(
    f"**Reading the figure.** With six groups chance alone gives a gap of {six:.2f} on average. We measured {measured[0]:.2f}, and {p_six:.0%} of the shuffles have as large a gap. That the bootstrap interval "
    f"excluded zero was no evidence. Without the groups of fewer than 100 people chance gives {four:.2f}, and we measured {measured[1]:.2f} ({p_four:.0%}). Max − min tells how *small* "
    "the groups are as much as how unequal. It is a poor listener too: it hears only the two extremes, which are often the two smallest groups. `parity_test` weighs every "
    f"group by its size, and {heard} (p = {format_p_value(p_value)}). Two questions to the same six groups, and the better one needs no largest gap."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.3 · Predict: how often does the interval contain the truth?
#
# Next we simulate audits of four groups whose true rates are *equal*, so the true max − min is 0. From each we compute a 95%
# bootstrap interval of max − min. In how many of 100 audits will the interval contain the true value? Choose, then go on
# and see.
#
# - A. all
# - B. about 95
# - C. about half
# - D. none

# %% tags=["exercise"] exercise="04.3" points=1 objective="04-uncertainty"
contains_truth = ...  # one of the four; its letter, in quotes, is enough
# %% tags=["solution"]
contains_truth = "none"
# %% tags=["check"]
check("04.3", contains_truth)

# %% [markdown]
# ### Why the bootstrap cannot ask whether there is a gap
#
# The bootstrap draws new samples from the sample itself and looks at how a number varies. fairlearn's `MetricFrame` does it
# when you pass `n_boot`, drawing rows; `bootstrap_largest_gap` draws the counts, which is the same thing at a fraction of
# the cost. First one simulated audit: four groups, the same true rate. **Look for** zero in the interval.

# %%
GROUP_SIZE = 500  # people in each of four groups
group = np.repeat(list("abcd"), GROUP_SIZE)
chosen = (np.random.default_rng(SEED).random(len(group)) < 0.3).astype(int)
world = {"y_true": chosen, "y_pred": chosen, "sensitive_features": group}
tails = {"n_boot": N_BOOT_ROWS, "ci_quantiles": [ALPHA / 2, 1 - ALPHA / 2], "random_state": SEED}
rows = MetricFrame(metrics=fairlearn_metrics.selection_rate, **world, **tails)
ours = bootstrap_largest_gap(audit(**world).counts, "selection_rate", **options)
pd.DataFrame({"fairlearn, rows drawn": rows.difference_ci(), "ours, counts drawn": ours}, ["low", "high"]).T

# %% [markdown]
# Is that bad luck? Now many audits, under exact parity and with one group set apart, and four things to ask of each. Does
# the bootstrap interval of max − min contain the true max − min? Does `difference_interval` of `labkit.audit`, which draws
# nothing: it takes the intervals of all pairs of groups, makes them wide enough to hold together, and reads off what they
# say about the largest difference? Does Newcombe's interval of the *signed* difference of the first and the last group
# contain the true difference? And does the parity test say "unequal"?


# %%
def simulate_audit(gap, seed):
    """Draw one audit in which the last group's rate is higher by a gap, and say what it got right."""
    hits = np.random.default_rng(seed).binomial(GROUP_SIZE, [0.3, 0.3, 0.3, 0.3 + gap])
    counted = {group: [GROUP_SIZE - hit, hit, 0, 0] for group, hit in zip("abcd", hits, strict=True)}
    world = Counts.from_mapping(counted).audit(confidence=1 - ALPHA, seed=seed)
    drawn = {"n_boot": 300, "confidence": 1 - ALPHA, "seed": seed}
    low, high = bootstrap_largest_gap(world.counts, "selection_rate", **drawn)
    lowest, highest = world.difference_interval().loc["selection_rate"]
    pair = world.pairwise("selection_rate").iloc[2]  # the rows are a-b, a-c, a-d, ...
    return {
        "max − min: bootstrap interval contains the truth": low <= gap <= high,
        "max − min: interval of all pairs contains the truth": lowest <= gap <= highest,
        "d − a: interval contains the truth": -pair["high"] <= gap <= -pair["low"],
        "parity test says unequal": world.parity_test("selection_rate") < ALPHA,
    }


tried = {gap: pd.DataFrame([simulate_audit(gap, seed) for seed in range(N_RUNS)]).sum() for gap in (0, 0.04, 0.1)}

# %%
shares = {}
for gap, hits in tried.items():
    limits = wilson_interval(hits.to_numpy(), np.full(len(hits), N_RUNS), confidence=1 - ALPHA)
    shares[f"true gap {gap:.2f}"] = [format_rate(*values) for values in zip(hits / N_RUNS, *limits, strict=True)]
display(pd.DataFrame(shares, index=tried[0].index))
none, some, much = (hits / N_RUNS for hits in tried.values())
(covers, careful, signed, rejects), (later, power), strong = none, some.iloc[[0, 3]], much.iloc[3]
Markdown(
    f"**Reading the table** ({N_RUNS} audits a column; in brackets the interval of the simulation itself). Under exact parity the bootstrap interval of max − min "
    f"contains the truth in {covers:.0%} of the audits, not in {1 - ALPHA:.0%}: no draw is ever below zero, so the interval cannot reach down to it. With a gap of "
    f"{list(tried)[1]:.2f} it does in {later:.0%}: the measured gap is too large on average, and the bootstrap adds the same bias once more. The interval of all pairs contains the truth in {careful:.0%}, and pays for it with its width. The signed difference of two groups named "
    f"beforehand contains the truth in {signed:.0%}. The parity test raises a false alarm in {rejects:.0%} of the audits without a gap; it finds the smaller gap in {power:.0%} and the "
    f"larger in {strong:.0%} of them. {GROUP_SIZE} people a group are not many."
)

# %% [markdown]
# The rule for the rest of the course: *is there a gap?* → `parity_test`. *Between whom, and how large?* → `pairwise`,
# signed, with intervals. *One number for a dashboard?* → max − min, with the null distribution's mean beside it, and never
# with "its bootstrap interval excludes zero". fairlearn is not at fault here; its intervals do what a bootstrap does. The
# question is.

# %% [markdown] tags=["exercise"]
# ### Exercise 04.4 · The gap that nobody made
#
# Write a function that takes the sizes of some groups and one true rate that they all share, and returns the max − min that
# an audit measures *on average*: draw 4,000 audits, take max − min in each, return the mean. It need not agree with ours to
# more than about 0.01.


# %% tags=["exercise"] exercise="04.4" points=3 objective="04-uncertainty"
def null_gap(trials, rate):
    """Return the mean of max - min over 4,000 audits in which every group has the same rate."""
    return ...


# %% tags=["solution"]
def null_gap(trials, rate):
    """Return the mean of max - min over 4,000 audits in which every group has the same rate."""
    drawn = np.random.default_rng(1).binomial(trials, rate, size=(4000, len(trials)))
    return np.ptp(drawn / np.array(trials), axis=1).mean()


# %% tags=["check"]
check("04.4", null_gap)

# %% [markdown]
# ## COMPAS: ProPublica's numbers
#
# "Machine Bias" (Angwin et al., 2016) rests on a table of error rates (Larson et al., 2016). They counted once with *medium or
# high* as the alarm, once with *high* alone. We count again and put their printed figures beside ours. **What to look for:**
# do false alarms, or misses, change their order when the cut moves?

# %%
printed = {5: [[44.85, 27.99], [23.45, 47.72]], 8: [[15.82, 61.02], [5.44, 79.81]]}  # percent (Larson et al., 2016)
errors, tables = ["false_positive_rate", "false_negative_rate"], {}
for cut, numbers in printed.items():
    again = audit(**who | {"y_pred": people["decile_score"] >= cut}).by_group.loc[SIDES, errors]
    np.testing.assert_allclose(100 * again, numbers, atol=0.006)  # they print two decimals
    printed_again = pd.DataFrame(numbers, SIDES, errors)
    tables[f"decile {cut} or more"] = pd.concat({"printed, %": printed_again, "counted, %": 100 * again}, axis=1)
pd.concat(tables).rename(columns=lambda name: name.replace("_", " ")).round(2)

# %% [markdown]
# Reproduced, to the last printed digit. At both cuts false alarms fall more on people recorded as African-American and misses more on people
# recorded as Caucasian. From this ProPublica concluded that the score is biased against Black defendants.
#
# ## COMPAS: Northpointe's answer
#
# The company that sells the score answered with two other numbers (Dieterich et al., 2016):
#
# - **accuracy equity**: the *area under the ROC curve* (AUC) is equal, that is, how often a person who is charged again has a higher
#   score than one who is not, ties counting half;
# - **predictive parity**: a high score is followed by a charge equally often, which is our *precision*; and a low score is
#   not, which is the same number with yes and no exchanged (the *negative predictive value*).
#
# The AUC is no share of people, so counts do not give its interval; here fairlearn's bootstrap over rows is the right tool,
# one interval a group. (Its `.difference_ci()` would be max − min again.) From two intervals, one of each group, we make that
# of the signed difference as Newcombe does. **Predict:** which of the three numbers will be equal?

# %%
who = {"y_true": two["label"], "sensitive_features": two["race"]}
ranked = MetricFrame(metrics=roc_auc_score, y_pred=two["decile_score"], **who, **tails)
(a, b), (a_low, b_low), (a_high, b_high) = (values[SIDES] for values in (ranked.by_group, *ranked.by_group_ci))
exchanged = audit(y_true=1 - two["label"], y_pred=1 - two["decision"], sensitive_features=two["race"])
rows = {"AUC": [a, b, a - b, a - b - np.hypot(a - a_low, b_high - b), a - b + np.hypot(a_high - a, b - b_low)]}
for name, answer in {"precision": result, "negative predictive value": exchanged}.items():
    pair = answer.pairwise("precision").query("a == @SIDES[0] and b == @SIDES[1]").iloc[0, 2:]
    rows[name] = [*answer.by_group["precision"][SIDES], *pair]
answers = pd.DataFrame(rows, index=[*SIDES, "difference", "low", "high"]).T.astype(float)
display(answers.round(3))
told = [f"the {name} by {d:z.3f} ({low:z.3f} to {high:z.3f})" for name, (_, _, d, low, high) in answers.iterrows()]
unclear = answers.index[(answers["low"] <= 0) & (answers["high"] >= 0)]
touching = answers.index[answers[["low", "high"]].abs().min(axis=1) < 0.001]
Markdown(
    f"**Reading the table.** {SIDES[0]} less {SIDES[1]}, the groups differ in {'; in '.join(told)}. The interval contains zero for: {', '.join(unclear) or 'none'}"
    f"{'; for ' + ', '.join(touching) + ' it ends so close to zero that a handful of people decide, which is no verdict' if len(touching) else ''}. AUCs of {a:.2f} and {b:.2f} mean that "
    "the score orders people better than a coin (one half), and far from perfectly (1), in both groups. Northpointe's claim holds for some of its own numbers better than for others."
)

# %% [markdown]
# ## Calibration: does a score mean the same?
#
# Cutting the score in two throws most of it away. A score is **calibrated within groups** when, at *every* score, the share of
# people labelled positive is the same in all groups. Then a judge who reads "7" may think the same of everybody, and
# that is the strongest form of Northpointe's answer. (scikit-learn's `calibration_curve` gives the same shares, for one group
# at a time and without intervals.) **Predict:** will the two lines lie on each other?

# %%
deciles = calibration_by_group(**who, y_score=two["decile_score"])
ax = plot_calibration(deciles)
ax.axhline(0.5, color="black", linestyle=":", linewidth=0.8)
ax.grid(axis="y", alpha=0.3)
ax.set(xticks=range(1, 11), yticks=np.arange(0, 1.01, 0.1), xlabel="COMPAS decile score")
ax.set_ylabel("charged again within two years\n(share of people with this score)")
show(ax.figure, alt=f"Share charged again by decile, rising from {deciles['share'].min():.2f} to {deciles['share'].max():.2f}. The two groups' "
     "intervals are wide, most of all at the high deciles.")  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 04.5 · Read the figure
#
# Read off the figure, without computing:
#
# - the share charged again at decile 10, for both groups, as shares (your eye may be off by 0.04)
# - the first decile at which *both* groups lie above one half (the dotted line)
# - at how many of the ten deciles the two intervals overlap

# %% tags=["exercise"] exercise="04.5" points=2 objective="04-calibration"
read = {"african_american": ..., "caucasian": ..., "first_over_half": ..., "overlapping": ...}
# %% tags=["solution"]
read = {"african_american": 0.79, "caucasian": 0.70, "first_over_half": 6, "overlapping": 10}
# %% tags=["check"]
check("04.5", read)

# %% [markdown]
# Ten comparisons, ten chances of error. One test for all of them asks: *given the decile*, does being charged again still
# depend on race? It adds up ten tables of two by two, one a decile (Mantel and Haenszel, 1959). Its **pooled odds ratio** is
# 1 when it does not.

# %%
strata = [pd.crosstab(rows["race"], rows["label"]).loc[SIDES, [1, 0]] for _, rows in two.groupby("decile_score")]
pooled = StratifiedTable([stratum.to_numpy() for stratum in strata])
low, high = pooled.oddsratio_pooled_confint(alpha=ALPHA)
share = {race: deciles.loc[race, "n"].loc[8:].sum() / deciles.loc[race, "n"].loc[5:].sum() for race in SIDES}
fits = (
    "not contradict calibration, and does not prove it" if low <= 1 <= high else "contradict calibration within groups"
)
Markdown(
    f"The pooled odds ratio, {SIDES[0]} against {SIDES[1]}, is {pooled.oddsratio_pooled:.2f} (95% interval {low:.2f} to {high:.2f}, p = {format_p_value(pooled.test_null_odds().pvalue)}). That does {fits}. (Whether "
    f"the deciles differ among themselves, which a pooled number would hide, is a second test: p = {format_p_value(pooled.test_equal_odds().pvalue)}.) Equal *at every score* is not equal *above a cut*: of the people scored medium "
    f"or high, {share[SIDES[0]]:.0%} ({SIDES[0]}) and {share[SIDES[1]]:.0%} ({SIDES[1]}) have a *high* score, so precision can differ where calibration holds."
)

# %% [markdown]
# ## Why both can be right
#
# Precision and the error rates are made of the same four counts, so they cannot move freely. With base rate $\pi$, the share labelled
# positive, the definitions give in each group (Chouldechova, 2017)
#
# $$\mathrm{FPR} = \frac{\pi}{1-\pi}\cdot\frac{1-\mathrm{precision}}{\mathrm{precision}}\cdot(1-\mathrm{FNR}).$$
#
# We check that it is exact, and then ask: if both groups had the *same* precision and the *same* false negative rate (the means of
# the two), but kept their own base rates, which false positive rates would they be forced to have? **Predict:** equal?

# %%
base, ppv, fnr = (result.by_group.loc[SIDES, name] for name in ("base_rate", "precision", "false_negative_rate"))
exact = base / (1 - base) * (1 - ppv) / ppv * (1 - fnr)
np.testing.assert_allclose(exact, result.by_group.loc[SIDES, "false_positive_rate"], atol=1e-12)
forced = base / (1 - base) * (1 - ppv.mean()) / ppv.mean() * (1 - fnr.mean())
Markdown(
    f"The formula gives the counted rates to twelve digits. With equal precision and equal false negative rates, base rates of {base.iloc[0]:.2f} and {base.iloc[1]:.2f} force false positive rates of **{forced.iloc[0]:.2f} and {forced.iloc[1]:.2f}**. "
    "So where base rates differ, a decision that finds anybody and raises any false alarm cannot have all three equal. ProPublica and Northpointe each asked for a different part of it."
)

# %% [markdown]
# Calibration and unequal errors do not contradict each other, then: where one group's scores lie higher, more of its people stand above any cut,
# and with them more people who will not be charged. What the arithmetic does *not* say: that the base rates are a fact of
# nature (they count charges), that nothing can be done (notebook 05 has the conditions, and what they cost), or which of
# the two is fair.
#
# ### One cut for everybody
#
# A score that means nearly the same in both groups, and one cut for everybody: surely that treats them alike. Try it. Tick
# *Move both sliders together*, and go through the ten cuts. **Predict:** is there a cut, other than everybody and nobody,
# at which the false positive rates are equal? And one at which the precision is?

# %%
from labkit.audit import plot_threshold_explorer

explorer = plot_threshold_explorer(
    two["decile_score"],
    y_true=two["label"],
    sensitive_features=two["race"],
    groups=SIDES,
    start=5,
    decisions=("low", "medium or high"),
    labels=("people not charged again", "people charged again"),
    score_name="decile",
)
explorer

# %%
shared_cuts = {}
for cut in explorer.cuts.values[1:-1]:  # without everybody and nobody
    at_cut = explorer.audit(cut, cut)
    alarms_and_precision = {
        "false positive rate": at_cut.pairwise("false_positive_rate").iloc[0],
        "precision": at_cut.pairwise("precision").iloc[0],
    }
    shared_cuts[f"{cut:.0f} or more"] = pd.concat(alarms_and_precision)
shared_cuts = pd.DataFrame(shared_cuts).T.drop(columns=["a", "b"], level=1).astype(float)
alarms_differ = shared_cuts["false positive rate"]
precision_differs = shared_cuts["precision"]
range_of_alarms = alarms_differ.agg(["min", "max"])
range_of_precision = precision_differs.agg(["min", "max"])
number_of_cuts = len(shared_cuts)
clear_alarms = (alarms_differ["low"] > 0).sum()
clear_precision = (precision_differs["low"] > 0).sum() + (precision_differs["high"] < 0).sum()
shared_cuts.round(2) + 0  # without negative zeros

# %% tags=["reading"]
reading(
    "{finding} At {clear} of the {n} cuts the whole interval is above zero; the differences, {sides[0]} minus "
    "{sides[1]}, run from {range[min]:+.2f} to {range[max]:+.2f}. This needs no fault of the score. The scores of one group lie "
    "further to the right, so at any cut more of its people are above it, and with them more who will not be charged. A "
    "perfectly calibrated score does the same: rates depend on how risk is distributed, and not only on how people near "
    "the cut are treated. This is called *infra-marginality* (Simoiu, Corbett-Davies and Goel, 2017).",
    finding=verdict(
        range_of_alarms.loc["min", "low"],
        range_of_alarms.loc["max", "high"],
        above="No common cut makes the false positive rates equal.",
        below="No common cut makes the false positive rates equal.",
        unclear="Not at every cut do the data show that the false positive rates differ.",
    ),
    clear=clear_alarms,
    n=number_of_cuts,
    sides=SIDES,
    range=range_of_alarms["difference"],
)

# %% tags=["reading"]
reading(
    "{finding} Its differences run from {range[min]:+.2f} to {range[max]:+.2f}, and {clear} of {n} intervals exclude "
    "zero. So unequal error rates alone do not show that somebody was judged by another standard, and equal "
    "precision does not show the opposite (Corbett-Davies and Goel, 2018). With two cuts the explorer brings the false "
    "positive rates together, and takes the precision apart. Many intervals are many looks: one in twenty errs by luck.",
    finding=verdict(
        range_of_precision.loc["min", "low"],
        range_of_precision.loc["max", "high"],
        above="Precision differs at every cut, too.",
        below="Precision differs at every cut, too.",
        unclear="Precision is another matter: not at every cut do the data show a difference.",
    ),
    range=range_of_precision["difference"],
    clear=clear_precision,
    n=number_of_cuts,
)

# %% [markdown]
# ## Recorded and true labels
#
# All of this trusted the label. In the simulated clinic of notebook 03 we know both: what is *recorded*, which is all that an
# audit of a real clinic has, and what is *true*. We turn on `label_bias`: of the ill patients in group b, some are recorded as
# not ill, whatever their note says. (And fewer patients of b come, as in notebook 03.) Three deciders are audited:
#
# - *model*: word counts (TF-IDF) and logistic regression, trained on recorded labels
# - *perfect doctor*: always decides what is true
# - *copyist*: decides exactly what will be recorded
#
# Each world has its own patients and its own model, so intervals over worlds cover both kinds of luck. **Before you go on,
# predict:** on *recorded* labels, which of the three looks fairest? Which looks worst?

# %%
KNOBS = {"label_bias": 0.35, "representation": 0.3}


def run_world(world):
    """Train on one set of patients; return other patients with their labels and three deciders' decisions."""
    train, test = (simulate_clinic(n=SAMPLE_SIZE, seed=2 * world + part, **KNOBS) for part in (0, 1))
    words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=10))
    score = words.fit(train["note"], train["y"]).predict_proba(test["note"])[:, 1]
    deciders = {"model": (score >= 0.5).astype(int), "perfect doctor": test["y_true_disease"], "copyist": test["y"]}
    return test[["group", "y", "y_true_disease"]].assign(score=score, world=world, **deciders)


worlds = [run_world(world) for world in range(WORLDS)]
patients = pd.concat(worlds, ignore_index=True)
shares = patients.groupby("group")[["y", "y_true_disease", "model"]].mean().round(3)
shares.set_axis(["recorded ill", "truly ill", "called ill by the model"], axis=1).assign(
    patients=patients.value_counts("group")
)

# %%
LABELS, SHOWN = {"recorded": "y", "true": "y_true_disease"}, ["true_positive_rate", "false_positive_rate", "precision"]
runs = []
for world, who, kind in product(worlds, ["model", "perfect doctor", "copyist"], LABELS):
    table = audit(y_true=world[LABELS[kind]], y_pred=world[who], sensitive_features=world["group"]).by_group
    runs.append({"decider": who, "labels": f"{kind} labels"} | (table.loc["a"] - table.loc["b"]).to_dict())
gap = {metric: over_seeds(pd.DataFrame(runs), metric, by=["decider", "labels"]) for metric in SHOWN}

fig, axes = plt.subplots(1, 3, figsize=(9.8, 2.9), layout="constrained", sharey=True)
for ax, metric in zip(axes, SHOWN, strict=True):
    plot_estimates(gap[metric], "mean", ax=ax)
    ax.set(title=metric.replace("_", " "), xlabel="gap, a − b (share of people)", xlim=(-0.45, 0.45))
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
told = [
    f"{metric}, {who}, {kind} {value:.2f}" for metric in SHOWN for (who, kind), value in gap[metric]["mean"].items()
]
show(fig, alt=f"Gaps between the groups with intervals over worlds. {'; '.join(told).replace('_', ' ')}.")


# %%
def say(metric, who, kind):
    """Write a mean gap with its interval over worlds."""
    mean, low, high, _ = gap[metric].loc[(who, f"{kind} labels")]
    return f"{mean:z.2f} ({low:z.2f} to {high:z.2f})"


(_, low, high, _), (_, truly, _, _) = gap["false_positive_rate"].loc["model"].to_numpy()
first, second = gap["true_positive_rate"].loc["model"]["mean"]
Markdown(
    f"**Reading the figure.** *Fair on record, unfair in truth:* the copyist makes no error at all on recorded labels; on true ones its gap in true positive rates is {say('true_positive_rate', 'copyist', 'true')}. "
    f"The model's gap in false positive rates is {say('false_positive_rate', 'model', 'recorded')} on recorded and {say('false_positive_rate', 'model', 'true')} on true labels"
    f"{': on records, an audit of that rate finds nothing' if low <= 0 <= high and truly > 0 else ''}. *Fair in truth, unfair on record:* the perfect doctor has no gap, and on recorded labels one of "
    f"{say('false_positive_rate', 'perfect doctor', 'recorded')} in false positive rates: every ill patient whom the records deny counts as her false alarm. The model's gap in true positive rates "
    f"{'hardly moves' if abs(first - second) < 0.05 else 'moves'}: {say('true_positive_rate', 'model', 'recorded')} and {say('true_positive_rate', 'model', 'true')}. Here records go wrong by chance among the ill, so "
    "the recorded ill are a fair sample of all ill. Real records rarely go wrong by chance."
)

# %% [markdown]
# And calibration, the strongest defence of a score? The model learned from recorded labels, so at best it is calibrated to *them*.
# We bin its scores and look at both labels; on the diagonal a score is what it claims to be. **Predict:** on true labels, on
# which side of the diagonal will group b lie?

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.8, 3.5), layout="constrained", sharey=True)
group, bend, top = "group " + patients["group"], {}, {}
for ax, (kind, label) in zip(axes, LABELS.items(), strict=True):
    bins = calibration_by_group(y_true=patients[label], y_score=patients["score"], sensitive_features=group, bins=6)
    plot_calibration(bins, ax=ax).plot([0, 1], [0, 1], color="black", linestyle=":", linewidth=0.8)
    ax.set(title=f"{kind} labels", xlabel="score of the model (probability)", ylabel="ill (share of patients)")
    excess = (patients[label] - patients["score"]).groupby([patients["world"], patients["group"]]).mean()
    top[kind] = bins.loc["group b"].iloc[-1]
    bend[kind] = over_seeds(excess.rename("excess").reset_index(), "excess", by="group").loc["b"]
show(fig, alt="Calibration of the model by group; in b the share of ill patients exceeds the mean score by "
     f"{bend['recorded']['mean']:.2f} on recorded and by {bend['true']['mean']:.2f} on true labels.")  # fmt: skip
written = {kind: f"{row['mean']:z.2f} ({row['low']:z.2f} to {row['high']:z.2f})" for kind, row in bend.items()}
right = (
    "on average the score agrees with the records"
    if bend["recorded"]["low"] <= 0 <= bend["recorded"]["high"]
    else "even on average the score departs from the records"
)
Markdown(
    f"**Reading the figure.** In group b the recorded share of ill patients exceeds the mean score by {written['recorded']} (mean over worlds): {right}. The *true* share exceeds it by {written['true']}: the score "
    f"{'understates' if bend['true']['low'] > 0 else 'cannot be shown to understate'} how ill b is, and no average over records can show it. Averages hide more: in b's highest bin the mean score is {top['recorded']['score']:.2f}, {top['recorded']['share']:.2f} "
    f"are recorded ill and {top['true']['share']:.2f} truly are. Calibrated means *calibrated to a label*. COMPAS was checked against charges."
)

# %% [markdown]
# What helps? Not another metric: each of them inherits the label. A selection rate needs no label, but it cannot tell need from
# prejudice either. The truth has to be bought: examine a random sample again, by somebody who does not see the record. **Look
# for** how many patients that takes before the interval of the false positive gap says anything.

# %%
examined = {}
for size in (min(size, SAMPLE_SIZE) for size in (100, 400, 1500)):
    sample = worlds[0].sample(size, random_state=SEED)
    second = audit(y_true=sample["y_true_disease"], y_pred=sample["model"], sensitive_features=sample["group"])
    examined[f"{size} patients"] = second.pairwise("false_positive_rate").iloc[0, 2:].astype(float)
pd.DataFrame(examined).T.rename_axis("examined again").round(3)

# %% [markdown]
# To halve an interval takes four times as many patients. That is the price of a claim that does not rest on the record.

# %% [markdown] tags=["exercise"]
# ### Exercise 04.6 · Audit a perfect doctor
#
# Of 1,000 patients of group b, 300 are ill. The records call 40% of these 300 not ill; everybody else is recorded rightly. A
# doctor decides "ill" exactly when a patient *is* ill. Fill in what an audit on *recorded* labels finds for her in group
# b: the counts `[tn, fp, fn, tp]`, the false positive rate (three decimals), and how she seems to treat b, compared with
# group a, where the records are right:
#
# - A. too many alarms
# - B. too few alarms
# - C. fair

# %% tags=["exercise"] exercise="04.6" points=3 objective="04-labels"
doctor = {
    "counts": ...,  # [tn, fp, fn, tp]
    "false_positive_rate": ...,
    "seems": ...,  # one of the three; its letter, in quotes, is enough
}
# %% tags=["solution"]
doctor = {"counts": [700, 120, 0, 180], "false_positive_rate": 120 / 820, "seems": "too many alarms"}
# %% tags=["check"]
check("04.6", doctor)

# %% [markdown] tags=["exercise"]
# ### Question 04.7 · Which rate would you publish? (open)
#
# Broward County asks you which *one* rate by group it should publish every year about a risk score. Name the rate, who bears
# the error that it counts, what the number leaves out, and what would change your mind. Write three to six sentences.
# Nothing is checked; a model answer appears for comparison.

# %% tags=["check", "open"]
compare("04.7", ...)  # replace the dots by your answer, as a text in quotes
# %% tags=["solution"]
compare("04.7", "False positive rates: who bears this error loses their freedom. But a charge is not an offence.")

# %% [markdown]
# ## What you learned
#
# - `[04-rates]` Four counts a group give every rate; by hand, `labkit` and fairlearn agree, and a rate without a denominator
#   is unknown, not zero.
# - `[04-stakeholders]` The denominator says whose question a rate answers; to choose a rate is to choose whose error counts.
# - `[04-uncertainty]` Intervals cover the draw of people and nothing else. Max − min is positive without any gap, most of all in small
#   groups, and its bootstrap interval cannot test parity: use a test, or signed pairs.
# - `[04-calibration]` ProPublica and Northpointe both counted correctly; with unequal base rates equal precision and equal
#   error rates exclude each other, unless there are no false alarms at all.
# - `[04-labels]` On biased records a copyist looks fair and a perfect doctor unfair; a score can be calibrated to wrong labels.
#
# **What this does not show.** Which rate *ought* to be equal. Why the rates differ: nothing here is a cause. What charges in Broward
# County have to do with offences; our clinic's records go wrong in one simple way, and real ones in many. Anything about the
# smallest groups: too few people were counted. And whether a court should use such a score at all.
#
# **Next.** We take one criterion apart, with pencil and paper:
# [05 · What does demographic parity say, and what does it cost?](05_demographic_parity.ipynb)
