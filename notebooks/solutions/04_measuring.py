# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 90
#       mb: 1500
# ---

# %% [markdown]
# # 04 · How do we measure fairness, and how sure are we?
#
# In May 2016 the news organization ProPublica wrote that COMPAS, a risk score that judges in
# Broward County, Florida, are shown for people who have been arrested, is biased against Black
# defendants (Angwin et al., 2016). In July the company that sells the score replied that it is not
# (Dieterich et al., 2016). ProPublica compared *error rates*: how often each group got a wrong
# score. The company compared *precision*: how often a high score was followed by a new charge. Both
# sides had counted the same rows of one table, and both had counted correctly.
#
# This notebook takes their dispute apart. At the end you can say what each side measured, which of
# its numbers to trust, and how sure anyone can be.
#
# **You will be able to**
# - *compute* the same rates by hand, with `labkit` and with fairlearn `[04-rates]`
# - *choose* the rate that answers a particular person's question `[04-stakeholders]`
# - *judge* how sure a difference is, and what chance alone would give `[04-uncertainty]`
# - *explain* how both sides of the COMPAS dispute could count correctly `[04-calibration]`
# - *compare* what an audit finds on recorded labels with what is true `[04-labels]`
#
# About 160 minutes, in two sittings, of which part one is the longer. Half of it is for the
# exercises. Before this: [03 · How do we train, and what can go wrong?](03_training.ipynb)

# %%
import numpy as np
import pandas as pd

from labkit.audit import audit
from labkit.exercises import check, hint
from labkit.plots import show
from labkit.prose import choose, reading, verdict

# %% tags=["parameters"]
SEED = 0
N_SHUFFLES = 5000  # shuffles of the outcomes behind a null distribution
N_AUDITS = 2000  # simulated audits behind a statement about a method
SAMPLE_SIZE = 1500  # notes of the clinic to learn from, and as many to measure on
WORLDS = 16  # clinics, each with its own patients and its own classifier

# %% [markdown]
# # Part one · Rates, and how sure they are
#
# ## A thousand people
#
# **What was scored, and who decided?** After an arrest, COMPAS turns a questionnaire and a criminal
# record into a score from 1 to 10. The county calls 1 to 4 *low* and everything above *medium or
# high*. A judge sees the score and decides, together with everything else that the judge knows. So
# the score decides nothing by itself. We still need a word for "the score said medium or high": we
# call it an **alarm**.
#
# **What is the label?** Whether the person was charged with a new offense within two years. A
# charge is not an offense: some offenses are never charged, and some charges are dropped. Race is
# what the county wrote down. The [datasheet](../datasets/compas/card.md) has the details.
#
# An alarm can be right or wrong, and so can no alarm. That makes four counts for each group, its
# **confusion matrix**:
#
# | | no alarm (*low*) | alarm (*medium or high*) |
# |---|---|---|
# | *not charged again* | true negative, `tn` | false positive, `fp` |
# | *charged again* | false negative, `fn` | true positive, `tp` |
#
# We count them by hand, for every group.

# %%
from labkit.data import load_compas

people = load_compas().frame
people["alarm"] = (people["score_text"] != "Low").astype(int)
people["again"] = people["two_year_recid"]  # charged again within two years

cells = pd.crosstab(people["race"], [people["again"], people["alarm"]])
cells.columns = ["tn", "fp", "fn", "tp"]
cells

# %% [markdown]
# Add up the rows: two of the groups have fewer than forty people. We come back to them. First the
# two largest groups. They differ in size, so we scale both to 1,000 people. A **natural-frequency
# tree** shows what happens to them: people first, percentages later. That is easier to think about
# (Gigerenzer and Hoffrage, 1995).
#
# **Before you run the next cell, predict:** of 1,000 people in each group, how many were *not*
# charged again and still had an alarm? Guess before you calculate, and write down two numbers.

# %%
from labkit.chapters.ch04 import plot_frequency_trees

PAIR = ["African-American", "Caucasian"]
fig = plot_frequency_trees(
    cells.loc[PAIR],
    labels=("not charged\nagain", "charged\nagain"),
    decisions=("no\nalarm", "alarm"),
)
show(fig, alt="Two trees of 1,000 people each, by charge and by alarm. The text below reads them.")
per_thousand = 1000 * cells.loc[PAIR].div(cells.loc[PAIR].sum(axis=1), axis=0)

# %% tags=["reading"]
reading(
    "**Reading the trees.** Follow the left branch down to the orange box: of 1,000 people, "
    "{fp[African-American]:.0f} (African-American) and {fp[Caucasian]:.0f} (Caucasian) were not "
    "charged again and had an alarm. The purple box has the other mistake, charged again without "
    "an alarm: {fn[African-American]:.0f} and {fn[Caucasian]:.0f}. So false alarms are more common "
    "in one group and misses in the other. But the branches above the boxes differ too, and a fair "
    "comparison has to take that into account. That is what rates are for.",
    fp=per_thousand["fp"],
    fn=per_thousand["fn"],
)

# %% [markdown]
# ## One rate, four ways
#
# A **rate** is a share: it counts some people in the tree and divides by a larger set that contains
# them. Four rates will be enough for a while.
#
# - The **selection rate** divides everyone with an alarm by everyone.
# - The **false positive rate** takes only the left branch: *of the people who were not charged
#   again, what share had an alarm?*
# - The **false negative rate** takes only the right branch: *of the people who were charged again,
#   what share had no alarm?*
# - **Precision** collects the alarms of both branches: *of the people with an alarm, what share was
#   charged again?*
#
# $$\text{false positive rate} = \frac{fp}{tn + fp}$$
#
# **On paper.** Take `tn` and `fp` of the first group from the table above, compute its false
# positive rate, and write it down with three decimals. Then compare with Python.

# %% tags=["by-hand"]
rates = pd.DataFrame(
    {
        "selection_rate": (cells["fp"] + cells["tp"]) / cells.sum(axis=1),
        "false_positive_rate": cells["fp"] / (cells["tn"] + cells["fp"]),
        "false_negative_rate": cells["fn"] / (cells["fn"] + cells["tp"]),
        "precision": cells["tp"] / (cells["fp"] + cells["tp"]),
    }
)
rates.round(3)

# %% [markdown]
# Is this the number on your paper? Now two libraries. `labkit` counts the same four cells and adds
# intervals, tests and warnings. (Leave the brackets aside until the section *How sure is one
# rate?*) fairlearn's `MetricFrame` takes *any* function of labels and predictions. The `assert`
# lines stop the notebook if the computed ways disagree.

# %%
result = audit(
    y_true=people["again"], y_pred=people["alarm"], sensitive_features=people["race"], seed=SEED
)
assert (result.counts.table[cells.columns] == cells).all(axis=None)
np.testing.assert_allclose(result.by_group[rates.columns], rates, atol=1e-12)
result

# %%
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
from sklearn.metrics import precision_score

frame = MetricFrame(
    metrics={
        "selection_rate": selection_rate,
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": false_negative_rate,
        "precision": precision_score,
    },
    y_true=people["again"],
    y_pred=people["alarm"],
    sensitive_features=people["race"],
)
np.testing.assert_allclose(frame.by_group[rates.columns], rates, atol=1e-12)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.1 · Repair a false positive rate
#
# `counts` is a dict from group to `(tn, fp, fn, tp)`. The function below should return a dict from
# group to false positive rate. It has two mistakes: one in the denominator, and one in what it says
# about a group that has no such rate (that should be `float("nan")`). Repair both.


# %% tags=["exercise"] exercise="04.1" points=2 objective="04-rates"
def alarm_rates(counts):
    """Return the false positive rate of each group."""
    found = {}
    for group, cells_of_group in counts.items():
        tn, fp, fn, tp = cells_of_group
        found[group] = fp / (fp + tp) if fp + tp > 0 else 0.0
    return found


# %% tags=["solution"]
def alarm_rates(counts):
    """Return the false positive rate of each group."""
    found = {}
    for group, cells_of_group in counts.items():
        tn, fp, fn, tp = cells_of_group
        found[group] = fp / (tn + fp) if tn + fp > 0 else float("nan")
    return found


# %% tags=["check"]
check("04.1", alarm_rates)

# %% [markdown]
# ## Whose question is it?
#
# Every rate answers somebody's question. The denominator tells you whose: read the rate as "of the
# people *who …*, the share *that …*", and ask who needs to know about exactly those people: someone
# who is one of them, or someone who has to deal with them.
#
# | who asks | of the people ... | what share ... | rate |
# |---|---|---|---|
# | a defendant | not charged again | had an alarm? | false positive rate |
# | someone harmed by an offense | charged again | had no alarm? | false negative rate |
# | a judge who sees an alarm | with an alarm | was charged again? | precision |
# | a jail that plans its beds | arrested | has an alarm? | selection rate |
# | a patient who is ill | who are ill | is sent home? | false negative rate |
# | a surgeon with a list | on the list | needs an operation? | precision |
#
# The person who is scored does not choose which rate is published, and neither does the person who
# is harmed. The institution that buys the score usually does.
#
# **Predict:** which of these four rates will be most alike in the two groups, and which least?

# %%
from labkit.audit import plot_group_rates

ASKED = ["false_positive_rate", "false_negative_rate", "precision", "selection_rate"]
ax = plot_group_rates(result, ASKED, groups=PAIR)
show(ax.figure, alt="Four rates with 95% intervals, for the two largest groups.")

differences = pd.DataFrame(
    {rate: result.against(rate, reference="Caucasian").loc[PAIR[0]] for rate in ASKED}
).T
apart = differences["difference"].astype(float).abs().sort_values()
closest, furthest = apart.index[0].replace("_", " "), apart.index[-1].replace("_", " ")
of_thousand = 1000 * rates["false_positive_rate"]
differences[["rate", "reference_rate", "difference", "low", "high"]].astype(float).round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** The groups are furthest apart in the {furthest} and closest in the "
    "{closest}. Of 1,000 people not charged again, {alarms[African-American]:.0f} had an alarm if "
    "the county recorded them as African-American, and {alarms[Caucasian]:.0f} if as Caucasian. "
    "(That compares two groups of people. It does not say what would happen if one person's record "
    "changed.) A judge who only sees what follows an alarm meets a difference of {precision:.2f}. "
    "Same people, same scores, another denominator. (In the table, one interval of precision ends "
    "so close to zero that it is rounded to zero. Never let a verdict hang on such a digit.)",
    furthest=furthest,
    closest=closest,
    alarms=of_thousand,
    precision=differences.loc["precision", "difference"],
)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.2 · Three voices
#
# A clinic chooses between two rules for who is operated on. For each group you get `(tn, fp, fn,
# tp)`:
#
# | rule | group a | group b |
# |---|---|---|
# | A. strict | 640, 60, 90, 210 | 630, 70, 150, 150 |
# | B. broad | 560, 140, 45, 255 | 455, 245, 54, 246 |
#
# - `patient`: "I am ill. I am afraid of being sent home more often than the other group is."
# - `neighbor`: "I am healthy. I am afraid of being operated on more often than the other group is."
# - `surgeon`: "I operate on everyone on the list. Does the list mean the same in both groups?"
#
# For each voice, give the rate that answers it, and the rule under which the two groups are
# *closer* in that rate. The rates are:
#
# - A. false_negative_rate
# - B. false_positive_rate
# - C. precision
# - D. selection_rate
# - E. accuracy

# %% tags=["exercise"] exercise="04.2" points=3 objective="04-stakeholders"
voices = {
    "patient": (..., ...),  # (rate, rule); two letters in quotes are enough
    "neighbor": (..., ...),
    "surgeon": (..., ...),
}
# %% tags=["solution"]
voices = {
    "patient": ("false_negative_rate", "broad"),
    "neighbor": ("false_positive_rate", "strict"),
    "surgeon": ("precision", "strict"),
}
# %% tags=["check"]
check("04.2", voices)

# %% [markdown]
# ## How sure is one rate?
#
# A rate was counted on some people. Would other people, arrested in the same way, have given the
# same rate? A 95% **confidence interval** comes from a recipe whose intervals contain the true rate
# in about 95 of 100 samples.
#
# The recipe for one rate is **Wilson's interval** (Wilson, 1927). Ask of every possible true rate:
# *would a sample of this size then give what I observed, or would that be surprising?* Keep the
# rates that would not make it surprising. The group called Asian has eight alarms, six of them
# followed by a charge. In the next figure, each true rate has a vertical band: the middle 95% of
# the shares that samples of eight people would show.
#
# **Predict:** will the interval be wider toward 0 or toward 1?

# %%
from labkit.chapters.ch04 import plot_wilson

few = cells.loc["Asian"]
ax = plot_wilson(few["tp"], few["tp"] + few["fp"])
show(
    ax.figure, alt="A lens-shaped band of shares in samples over true rates, cut by a dashed line."
)

# %% [markdown]
# Go along the dashed line, which is the observed share, from left to right. The interval starts
# where the line enters the band and ends where it leaves. It reaches further toward 0, that is,
# past one half, because samples vary most when the true rate is near one half. (The band is a
# normal approximation: real shares of eight people are eighths.)
#
# The line meets the edge of the band where the observed share $\hat p$ lies exactly $z$ standard
# errors from the true rate $p$, with $z$ chosen for the middle 95% of a normal distribution:
#
# $$|\hat p - p| = z\sqrt{\frac{p(1-p)}{n}}$$
#
# Square both sides, and you have a quadratic equation in $p$. Its two solutions are the limits:
#
# $$\frac{\hat p + \frac{z^2}{2n} \pm z\sqrt{\frac{\hat p(1-\hat p)}{n} + \frac{z^2}{4n^2}}}
# {1 + \frac{z^2}{n}}$$

# %% tags=["by-hand"]
from scipy import stats

z = stats.norm.ppf(0.975)  # 95% of a normal distribution lies within z standard errors


def wilson(successes, trials):
    """Return both limits of Wilson's interval for one rate."""
    p = successes / trials
    middle = p + z**2 / (2 * trials)
    reach = z * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return (middle - reach) / (1 + z**2 / trials), (middle + reach) / (1 + z**2 / trials)


precision_low, precision_high = wilson(few["tp"], few["tp"] + few["fp"])

# %%
intervals = audit(
    y_true=people["again"], y_pred=people["alarm"], sensitive_features=people["race"]
).intervals
np.testing.assert_allclose(
    intervals.loc["Asian", "precision"], [precision_low, precision_high], atol=1e-12
)
intervals[["precision"]].round(2)

# %% tags=["reading"]
reading(
    "**Reading the table.** With eight alarms the precision could be anything from {low:.2f} to "
    "{high:.2f}. Almost nothing can be said about such a group, and `labkit` warns about it. "
    "Wilson's intervals contain the true rate about as often as they promise, on average over true "
    "rates. For very rare outcomes in small groups they can fall short.",
    low=precision_low,
    high=precision_high,
)

# %% [markdown]
# ## How sure is a difference?
#
# For the difference between two rates, **Newcombe's interval** (Newcombe, 1998) combines two of
# Wilson's. The true difference could be smaller than the measured one in two ways: the first rate
# is really lower, or the second is really higher. Both at once, and both by the full length of
# their intervals, would be too much bad luck. Variances of independent estimates add, as in the
# t-test. So the two distances combine like the legs of a right triangle, and the lower limit lies
# one hypotenuse below the difference.

# %%
from labkit.chapters.ch04 import plot_newcombe

errors = {race: (cells.loc[race, "fp"], cells.loc[race, ["tn", "fp"]].sum()) for race in PAIR}
fig = plot_newcombe(errors["African-American"], errors["Caucasian"], names=tuple(PAIR))
show(fig, alt="Two intervals, and a right triangle made of one side of each; read below.")

# %% tags=["by-hand"]
black_rate = rates.loc["African-American", "false_positive_rate"]
white_rate = rates.loc["Caucasian", "false_positive_rate"]
black_low, black_high = wilson(*errors["African-American"])
white_low, white_high = wilson(*errors["Caucasian"])

difference = black_rate - white_rate
newcombe = [
    difference - np.hypot(black_rate - black_low, white_high - white_rate),
    difference + np.hypot(black_high - black_rate, white_rate - white_low),
]

# %%
from labkit.audit import newcombe_interval

ours = newcombe_interval(errors["African-American"], errors["Caucasian"], confidence=0.95)
np.testing.assert_allclose(np.ravel(ours), newcombe, atol=1e-12)
pd.DataFrame(
    {"difference": [difference], "low": [newcombe[0]], "high": [newcombe[1]]},
    index=["false positive rate"],
).round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** False positive rates differ by {difference:.2f}, and "
    "the interval runs from {limits[0]:.2f} to {limits[1]:.2f}. The figure shows the lower limit, "
    "from the two thick halves; the upper limit uses the two thin ones. The hypotenuse is longer "
    "than either leg and shorter than both together. Zero is far outside, so other people arrested "
    "and scored in the same way would very probably have shown a difference too.",
    difference=difference,
    limits=newcombe,
)

# %% [markdown]
# What does this interval cover? Only that *other people* could have been in the table. It does not
# cover
#
# - *the label*: a charge is not an offense;
# - *the sample*: how people came to be arrested and scored, and who is missing;
# - *dependence*: two people arrested together count as two;
# - *many looks*: among twenty comparisons, expect one interval to miss the truth;
# - *our own choices*: where the score is cut, who is kept, what "again" means.
#
# The next exercise is yours. The two sections after it show what a mistake in the rows can do, and
# what our own choices can do.

# %% [markdown] tags=["exercise"]
# ### Exercise 04.3 · Your own audit
#
# Audit the same alarms by age (`people["age_cat"]`), with `audit` as above.
#
# 1. Give the false positive rate of `"Less than 25"` minus that of `"Greater than 45"`, with the
#    limits of its interval (`.against`, as above; mind which group is the reference).
# 2. Draw `plot_group_rates(your_audit, ASKED)`. In which of the four rates do the three age groups
#    lie *closest* together? The letter is enough.
#
# - A. false positive rate
# - B. false negative rate
# - C. precision
# - D. selection rate

# %% tags=["exercise"] exercise="04.3" points=3 objective="04-uncertainty"
# for `closest`, the letter in quotes is enough
by_age = {"difference": ..., "low": ..., "high": ..., "closest": ...}
# %% tags=["solution"]
age_audit = audit(
    y_true=people["again"], y_pred=people["alarm"], sensitive_features=people["age_cat"]
)
compared = age_audit.against("false_positive_rate", reference="Greater than 45")
young_old = compared.loc["Less than 25"]  # young minus old
ax_age = plot_group_rates(age_audit, ASKED)
show(ax_age.figure, alt="Four rates with intervals, for three age groups.")
by_age = {
    "difference": young_old["difference"],
    "low": young_old["low"],
    "high": young_old["high"],
    "closest": "C",
}
# %% tags=["check"]
check("04.3", by_age)

# %% [markdown]
# ## A mistake in the rows
#
# Two years had to pass before anyone could say "not charged again". For people scored after April
# 1, 2014, two years had not passed when ProPublica collected the records. Nobody could say yet
# whether those without a charge would stay without one, so ProPublica dropped them. But it kept the
# others, who had been charged already, and so filled the late rows with a single label (Barenstein,
# 2019). All late rows have to go. The column `two_years_observed` marks the rows to keep.
#
# **Predict:** these extra rows all have the label *charged again*. Which of these five numbers will
# they change: base rate (the share charged again among all), precision, false negative rate, false
# positive rate, and the difference in precision?

# %%
observed = people[people["two_years_observed"] == 1]
late = people[people["two_years_observed"] == 0]
versions = {"as published": people, "two years observed": observed}
corrected = {}
for version, rows in versions.items():
    version_audit = audit(
        y_true=rows["again"], y_pred=rows["alarm"], sensitive_features=rows["race"]
    )
    corrected[version] = version_audit.by_group.loc[PAIR]
MOVED = ["n", "base_rate", "precision", "false_negative_rate", "false_positive_rate"]
pd.concat(corrected).swaplevel().sort_index()[MOVED].round(3)

# %%
corrected_audit = audit(
    y_true=observed["again"], y_pred=observed["alarm"], sensitive_features=observed["race"]
)
before = result.against("precision", reference="Caucasian").loc[PAIR[0]]
after = corrected_audit.against("precision", reference="Caucasian").loc[PAIR[0]]
precision_change = pd.DataFrame({"as published": before, "two years observed": after}).T
precision_change[["difference", "low", "high"]].astype(float).round(3)

# %% [markdown]
# Two intervals that overlap say nothing about the *change*, because both rest on the same people. A
# **bootstrap** does: draw as many people again from the data, with replacement, compute the change,
# repeat, and keep the middle 95% of the results.

# %%
redraw = np.random.default_rng(SEED)
gap_published, gap_corrected = 0, 0
for sign, race in zip([1, -1], PAIR, strict=True):
    alarmed = people[(people["race"] == race) & (people["alarm"] == 1)]
    true = (alarmed["again"] == 1).to_numpy()
    on_time = (alarmed["two_years_observed"] == 1).to_numpy()
    kinds = np.array([(true & ~on_time).sum(), (true & on_time).sum(), (~true).sum()])
    late_again, again, wrong = redraw.multinomial(kinds.sum(), kinds / kinds.sum(), 2000).T
    gap_published = gap_published + sign * (late_again + again) / kinds.sum()
    gap_corrected = gap_corrected + sign * again / (again + wrong)
change_low, change_high = np.quantile(gap_corrected - gap_published, [0.025, 0.975])

# %%
changes = precision_change["difference"]
assert change_low < changes["two years observed"] - changes["as published"] < change_high
precision_shift = changes["two years observed"] - changes["as published"]
late_people = len(late)
base_rates = people["again"].mean(), observed["again"].mean()

# %% tags=["reading"]
reading(
    "**Reading the tables.** The {n:,} late rows raise the base rate of all groups from "
    "{rates[1]:.1%} to {rates[0]:.1%}. False positive rates do not change at all: they only look "
    "at people *not* charged again, and none of these rows is one. False negative rates hardly "
    "change. Without the late rows, the difference of precision is {after.difference:.3f} "
    "({after.low:.3f} to {after.high:.3f}) instead of {before.difference:.3f}: it rises by "
    "{shift:.3f} ({low:.3f} to {high:.3f}). So the mistake hardly touches error rates, "
    "ProPublica's evidence. It makes precision, the company's evidence, look more equal than it "
    "is.",
    n=late_people,
    rates=base_rates,
    before=precision_change.loc["as published"],
    after=precision_change.loc["two years observed"],
    shift=precision_shift,
    low=change_low,
    high=change_high,
)

# %% [markdown]
# ## Sixteen analyses of one question
#
# Someone has to choose which rows to keep, what counts as *again*, and where to cut the score.
# ProPublica published one analysis with *medium or high* as the alarm and one with *high* alone.
# Some of its figures use all rows, others only people scored within 30 days of the arrest. "Again"
# can mean within two years, or ever. Together with Barenstein's correction that makes sixteen
# analyses. A **specification curve** (Simonsohn, Simmons and Nelson, 2020) shows all of them, not
# only the favorite.
#
# The cut is a different kind of choice from the others: it changes what an alarm *is*, so it asks
# another question. It gets its own color. We show the *difference* of two rates, and also their
# *ratio*, the first divided by the second.
#
# **Predict:** when the alarm becomes rarer (*high* alone), will the difference in false positive
# rates shrink or grow? And the ratio?

# %%
in_time = people["days_b_screening_arrest"].abs() <= 30
everyone = pd.Series(True, index=people.index)
ROWS = {"as published": everyone, "two years observed": people["two_years_observed"] == 1}
SCORED = {"any time": everyone, "within 30 days": in_time}
AGAIN = {"two years": "two_year_recid", "ever": "is_recid"}
CUTS = {"medium or high": 5, "high": 8}


# %%
def analyze(kept, label, cut):
    """Compare the two groups in one analysis; return three estimates with their intervals."""
    rows = people[kept & people["race"].isin(PAIR)]
    alarm = (rows["decile_score"] >= cut).astype(int)
    one = audit(y_true=rows[label], y_pred=alarm, sensitive_features=rows["race"])
    alarms = one.against("false_positive_rate", reference="Caucasian").loc[PAIR[0]]
    worth = one.against("precision", reference="Caucasian").loc[PAIR[0]]
    return {
        "alarms": alarms[["difference", "low", "high"]],
        "ratio": alarms[["ratio", "ratio_low", "ratio_high"]],
        "precision": worth[["difference", "low", "high"]],
    }


# %%
from itertools import product

analyses = []
for kept, scored, again, cut in product(ROWS, SCORED, AGAIN, CUTS):
    estimates = analyze(ROWS[kept] & SCORED[scored], AGAIN[again], CUTS[cut])
    taken = {"cut": cut, "rows": kept, "scored": scored, "again": again}
    for name, limits in estimates.items():
        estimate, low, high = limits  # three values each
        taken[name] = estimate
        taken[f"{name}_low"] = low
        taken[f"{name}_high"] = high
    analyses.append(taken)
analyses = pd.DataFrame(analyses).sort_values(["cut", "rows", "precision"], ignore_index=True)

# %%
from labkit.chapters.ch04 import plot_specifications

panels = {
    "alarms": "difference of\nfalse positive rates",
    "ratio": "ratio of\nfalse positive rates",
    "precision": "difference\nof precision",
}
fig = plot_specifications(analyses, panels, ["rows", "scored", "again"], color_by="cut")
show(fig, alt="Sixteen analyses: three panels of estimates with intervals, and the choices below.")

# %% [markdown]
# Each column is one analysis. The black dots at the bottom show which options it used.
#
# What does each choice do on average, with the other three held fixed? The next table has the mean
# of its second option minus that of its first.

# %%
options = {"cut": CUTS, "rows": ROWS, "scored": SCORED, "again": AGAIN}
effects = {}
for choice, names in options.items():
    first, second = names
    means = analyses.groupby(choice)[list(panels)].mean()
    effects[f"{choice}: {first} → {second}"] = means.loc[second] - means.loc[first]
by_cut = analyses.groupby("cut")[list(panels)].mean()
rarer = analyses[analyses["cut"] == "high"]
commoner = analyses[analyses["cut"] == "medium or high"]
clear_rarer = (rarer["precision_low"] > 0).sum()
lowest, highest = commoner["precision_low"].min(), commoner["precision_low"].max()
pd.DataFrame(effects).T.round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** With the rarer alarm the *difference* of false positive "
    "rates shrinks from about {medium.alarms:.2f} to {high.alarms:.2f}, and their *ratio* grows "
    "from about {medium.ratio:.1f} to {high.ratio:.1f}. Both are right, so if you report only one "
    "of them, you choose an impression. The other three choices hardly move the top two panels.",
    medium=by_cut.loc["medium or high"],
    high=by_cut.loc["high"],
)

# %% tags=["reading"]
reading(
    "In the bottom panel, do not rank the choices: the averages in the table have no intervals. "
    "(The last section's interval is for the correction in one analysis, not for this average.) "
    "With the rarer alarm, all but {clear} of eight intervals of precision contain zero: there are "
    "fewer alarms, so the intervals are wider. With *medium or high* the lower limits run from "
    "{lowest:.3f} to {highest:.3f}. And sixteen analyses of the same people are not sixteen pieces "
    "of evidence.",
    clear=clear_rarer,
    lowest=lowest,
    highest=highest,
)

# %% [markdown]
# ## Differences, ratios, and a rule from the law
#
# A ratio has a place in the law. US guidelines of 1978 compare how often each group gets the
# *favorable* outcome, a job for example, with the group that gets it most often. A ratio below four
# fifths calls for a closer look (Equal Employment Opportunity Commission et al., 1978). It is a
# screen, not a definition of fairness, and it says nothing about why. It was written for hiring;
# here we only borrow its arithmetic.
#
# For COMPAS the favorable outcome is *no alarm*. The ratio of *alarms* would be a different number,
# and the rule says nothing about that one. **Predict:** the alarm can mean *medium or high*, or
# *high* alone. Is the ratio of "no alarm" below four fifths with both?

# %%
LEVELS = {"medium or high": people["alarm"], "high": (people["score_text"] == "High").astype(int)}
screens = {}
for level, alarm in LEVELS.items():
    screened = audit(y_true=None, y_pred=alarm, sensitive_features=people["race"])
    screens[level] = screened.four_fifths(favorable=0).loc["African-American"]
screens = pd.DataFrame(screens).T.rename_axis("alarm means").infer_objects()
screens[["favorable_rate", "ratio", "low", "high", "verdict"]].round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** Each ratio divides the rate of people recorded as African-American by "
    "the highest rate among groups of at least twenty people, which is that of *Other*. With "
    "*medium or high* as the alarm the ratio is {medium.ratio:.2f}, clearly below four fifths. "
    "With *high* alone it is {high.ratio:.2f}, and its interval runs from {high.low:.2f} to "
    "{high.high:.2f}: *{high.verdict}*. The score is the same; only the meaning of *alarm* has "
    "changed.",
    medium=screens.loc["medium or high"],
    high=screens.loc["high"],
)

# %% [markdown]
# ## The largest gap among many groups
#
# There are six groups, so fifteen pairs. Many dashboards show a single number instead: the largest
# rate minus the smallest, **max − min**. fairlearn's `.difference()` is that number. Here it is for
# precision, with a bootstrap interval. From here on we keep only the rows with two years observed.

# %%
from labkit.chapters.ch04 import bootstrap_largest_gap

largest = corrected_audit.difference(include_small=True)["precision"]
largest_low, largest_high = bootstrap_largest_gap(corrected_audit.counts, "precision", seed=SEED)
kept_cells = corrected_audit.counts.table
alarms_in_group = (kept_cells["fp"] + kept_cells["tp"]).rename("alarms")
precision_of = corrected_audit.by_group["precision"]
pd.concat([alarms_in_group, precision_of.round(3)], axis=1).sort_values("precision")

# %% tags=["reading"]
reading(
    "Max − min is {gap:.2f}, and its bootstrap interval runs from {low:.2f} to {high:.2f}. It does "
    "not contain zero. **Have we found that an alarm is worth less in some groups? Decide before "
    "you read on.**",
    gap=largest,
    low=largest_low,
    high=largest_high,
)

# %% [markdown]
# To see what chance alone does, we make a world without any difference. Take the people with an
# alarm, keep their groups, and shuffle what happened to them. Now precision has nothing to do with
# race, because we made it so. Measure max − min, shuffle again, thousands of times. The result is
# the **null distribution**: the gaps that you get when there is none.

# %%
with_alarm = observed[observed["alarm"] == 1]
group_code, group_names = pd.factorize(with_alarm["race"], sort=True)
sizes = np.bincount(group_code)
outcome = with_alarm["again"].to_numpy()
rng = np.random.default_rng(SEED)

shuffled = []  # precision by group, one row per shuffle
for _ in range(N_SHUFFLES):
    charged = np.bincount(group_code, weights=rng.permutation(outcome))
    shuffled.append(charged / sizes)
shuffled = np.array(shuffled)

# %%
from labkit.chapters.ch04 import plot_null

large = sizes >= 50  # people with an alarm
measured = precision_of.loc[group_names].to_numpy()
null = {
    "all six groups": shuffled.max(axis=1) - shuffled.min(axis=1),
    "four large groups": shuffled[:, large].max(axis=1) - shuffled[:, large].min(axis=1),
}
gaps = {
    "all six groups": measured.max() - measured.min(),
    "four large groups": measured[large].max() - measured[large].min(),
}
show(plot_null(null, gaps), alt="Two histograms of max - min after shuffling; read below.")

# %%
summary = pd.DataFrame(
    {
        "mean of the shuffled": {name: drawn.mean() for name, drawn in null.items()},
        "measured": gaps,
        "p": {name: (1 + (null[name] >= gaps[name]).sum()) / (1 + N_SHUFFLES) for name in null},
    }
)
p_value = corrected_audit.parity_test("precision", include_small=True)
summary.round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** This number cannot tell. With six groups, chance alone gives a max − "
    "min of {six[mean of the shuffled]:.2f} on average; we measured {six[measured]:.2f}, and "
    "{six[p]:.0%} of the shuffles reach it. (The spikes come from two groups with so few alarms "
    "that only a few shares are possible.) With the four large groups it is {four[p]:.0%}. A "
    "bootstrap interval that excludes zero was no evidence: no resample can have a gap below zero.",
    six=summary.loc["all six groups"],
    four=summary.loc["four large groups"],
)

# %% tags=["reading"]
reading(
    "That does not show that the rates are equal. Max − min mostly reflects how small the smallest "
    "groups are, and it can hardly see a difference between two large ones. A better question is "
    "whether *any* rates differ. A chi-square test of equal rates, here with a p-value from random "
    "tables because some groups are small, uses all groups by their size: p = {p:.3f}. After so "
    "many looks at one table, that is weak to moderate evidence of some difference, which max − "
    "min missed.",
    p=p_value,
)

# %% [markdown]
# Is the bootstrap really to blame, or were we unlucky? We can find out, because in a simulation we
# know the truth. Four groups of 500 people share one rate, so the true max − min is zero. How often
# does each method say otherwise?


# %%
def simulate_parity(seed):
    """Draw one audit of four groups with the same rate; return what each method says."""
    rng = np.random.default_rng(seed)
    hits = rng.binomial(500, 1 / 3, size=4)  # people selected in each group
    resampled = rng.binomial(500, hits / 500, size=(300, 4)) / 500
    low = np.quantile(resampled.max(axis=1) - resampled.min(axis=1), 0.025)
    a_low, a_high = newcombe_interval((hits[0], 500), (hits[1], 500), confidence=0.95)
    return {
        "bootstrap interval of max − min excludes 0": low > 0,
        "chi-square test has p < .05": stats.chi2_contingency([hits, 500 - hits]).pvalue < 0.05,
        "interval of a − b excludes 0": not a_low <= 0 <= a_high,
    }


# %%
false_alarms = pd.DataFrame([simulate_parity(seed) for seed in range(N_AUDITS)]).sum()
wrong_shares = (false_alarms / N_AUDITS).to_list()
low_share, high_share = wilson(false_alarms, N_AUDITS)  # a simulation is a sample too
pd.DataFrame({"share": wrong_shares, "low": low_share, "high": high_share}).round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** There is nothing to find, and the bootstrap interval of max − min "
    "finds it in {share[0]:.0%} of the audits. The chi-square test and the interval of one signed "
    "difference, chosen beforehand, are wrong in {share[1]:.1%} and {share[2]:.1%}; their recipe "
    "allows one in twenty. So ask *is there a difference?* with a test, *between whom, and how "
    "large?* with signed differences, and show max − min only next to its null distribution.",
    share=wrong_shares,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.4 · The gap that chance makes
#
# Write a function that takes the sizes of some groups and one true rate that they all share. It
# returns the max − min that an audit measures *on average*: draw 4,000 audits, take max − min in
# each, return the mean. Your answer may differ from ours by about 0.01.


# %% tags=["exercise"] exercise="04.4" points=3 objective="04-uncertainty"
def null_gap(trials, rate):
    """Return the mean of max - min over 4,000 audits in which every group has the same rate."""
    return ...


# %% tags=["solution"]
def null_gap(trials, rate):
    """Return the mean of max - min over 4,000 audits in which every group has the same rate."""
    rng = np.random.default_rng(1)
    drawn = rng.binomial(trials, rate, size=(4000, len(trials))) / np.array(trials)
    return (drawn.max(axis=1) - drawn.min(axis=1)).mean()


# %% tags=["check"]
check("04.4", null_gap)

# %% [markdown]
# # Part two · What a score means, and what a label hides
#
# ## Both sides, in their own numbers
#
# ProPublica published error rates: of the people not charged again, how many had been labeled
# higher risk (Larson et al., 2016)? Northpointe, the company, turned the question around: of the
# people labeled higher risk, how many were not charged again (Dieterich et al., 2016)? It called
# equality in that number **predictive parity**. Here are the percentages that each side printed,
# next to our count.
#
# **Predict:** there are four rows: false alarms, misses, alarms that were wrong, and "no alarm"
# that was wrong. In which of them will the percentage be larger for African-American people?

# %%
npv = cells["tn"] / (cells["tn"] + cells["fn"])  # negative predictive value
counted_percent = pd.DataFrame(
    {
        "ProPublica: not charged again, but alarm": 100 * rates["false_positive_rate"],
        "ProPublica: charged again, but no alarm": 100 * rates["false_negative_rate"],
        "Northpointe: alarm, but not charged again": 100 * (1 - rates["precision"]),
        "Northpointe: no alarm, but charged again": 100 * (1 - npv),
    }
).T[PAIR]
as_printed = [[44.85, 23.45], [27.99, 47.72], [37, 41], [35, 29]]  # percent
printed = pd.DataFrame(as_printed, counted_percent.index, PAIR)
np.testing.assert_allclose(counted_percent[:2], printed[:2], atol=0.006)  # two decimals
np.testing.assert_allclose(counted_percent[2:], printed[2:], atol=0.5)  # whole percent
pd.concat({"printed": printed, "counted": counted_percent.round(2)}, axis=1)

# %% [markdown]
# Both sides' figures reproduce. The percentage is larger for people recorded as African-American in
# the first and the last row, and smaller in the two between. Each side chose the denominator of the
# person whose question it asked: the defendant's, or the judge's.
#
# Northpointe's second argument was **accuracy equity**: the score ranks people equally well in both
# groups. The measure is the area under the ROC curve, the AUC: the chance that someone who is
# charged again has a higher score than someone who is not, with ties counted as half. Its interval
# does not come from counts; DeLong, DeLong and Clarke-Pearson (1988) derived it. **Predict:** can
# these data tell whose AUC is larger?

# %%
from sklearn.metrics import roc_auc_score

from labkit.audit import auc_difference

aucs = {}
for version, rows in versions.items():
    auc = auc_difference(
        "African-American",
        "Caucasian",
        y_true=rows["again"],
        y_score=rows["decile_score"],
        sensitive_features=rows["race"],
    )
    aucs[version] = {"AUC difference": auc.difference, "low": auc.low, "high": auc.high}
auc_table = pd.DataFrame(aucs).T
unclear_aucs = ((auc_table["low"] <= 0) & (auc_table["high"] >= 0)).all()
auc_by_race = {
    race: roc_auc_score(rows["again"], rows["decile_score"])
    for race, rows in observed.groupby("race")
}
largest_auc_difference = auc_table[["low", "high"]].abs().to_numpy().max()
auc_table.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** The AUCs differ by {first[AUC difference]:.3f} as published and by "
    "{second[AUC difference]:.3f} with two years observed, {finding}. (The second pair is "
    "{auc[African-American]:.2f} and {auc[Caucasian]:.2f}.) The intervals exclude differences "
    "larger than about {largest:.2f}. Whether that counts as *equally well* needs a margin that is "
    "stated beforehand; we know of none.",
    auc=auc_by_race,
    first=auc_table.loc["as published"],
    second=auc_table.loc["two years observed"],
    largest=largest_auc_difference,
    finding=choose(
        unclear_aucs,
        "and both intervals contain zero",
        otherwise="and not both intervals contain zero",
    ),
)

# %% [markdown]
# ## Does a score mean the same for everyone?
#
# Cutting the score in two throws most of it away. A judge may read "7" and ask: does a 7 mean the
# same for everyone? Two properties are easily confused:
#
# - **Sufficiency**: among people with the *same score*, the share charged again is the same in
#   every group.
# - **Calibration within groups**: in every group, the share charged again *equals the score*
#   (Kleinberg, Mullainathan and Raghavan, 2017).
#
# The second implies the first, but it only makes sense for a score that is a probability. COMPAS
# deciles are ranks: a 7 does not promise that 70 in 100 are charged. So only sufficiency can be
# checked. We use the rows with two years observed, because the others inflate every share.
#
# **Predict:** will the two lines lie on each other?

# %%
from labkit.audit import calibration_by_group, plot_calibration

two_observed = observed[observed["race"].isin(PAIR)]
deciles = calibration_by_group(
    y_true=two_observed["again"],
    y_score=two_observed["decile_score"],
    sensitive_features=two_observed["race"],
)
ax = plot_calibration(deciles)
ax.set(xlabel="COMPAS decile", ylabel="charged again within two years\n(share of people)")
show(ax.figure, alt="Share charged again by decile with intervals, one rising line per group.")

# %% [markdown]
# Ten pairs of intervals are hard to judge by eye, and overlapping intervals prove nothing. One test
# for all ten asks: *given the decile*, are the odds of being charged again the same? (The **odds**
# of an event are $p/(1-p)$.) It adds up ten tables (Mantel and Haenszel, 1959), and is a fair
# summary if the odds ratio is about the same in all of them, which has a test of its own. Its
# **pooled odds ratio** is 1 if they are the same.

# %%
from statsmodels.stats.contingency_tables import StratifiedTable


def compare_given_score(rows, column, groups):
    """Compare the odds of a charge between two groups, decile by decile, with a 95% interval."""
    tables = []
    for _, same_decile in rows.groupby("decile_score"):
        counts = pd.crosstab(same_decile[column], same_decile["again"])
        tables.append(counts.loc[groups, [1, 0]].to_numpy())  # charged again first
    pooled = StratifiedTable(tables)
    low, high = pooled.oddsratio_pooled_confint()
    alike = pooled.test_equal_odds(adjust=True).pvalue  # Breslow and Day
    return {"odds ratio": pooled.oddsratio_pooled, "low": low, "high": high, "p (all alike)": alike}


# %%
odds = {}
for version, rows in versions.items():
    odds[version] = compare_given_score(rows, "race", PAIR)
odds = pd.DataFrame(odds).T
more_often = odds.loc["two years observed", "low"] > 1
highest_decile = int(deciles.loc["Caucasian", "n"].iloc[-1])
odds.round(2)

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** The lines rise together. As published, the pooled odds "
    "ratio is {first[odds ratio]:.2f} ({first[low]:.2f} to {first[high]:.2f}); with two years "
    "observed it is {second[odds ratio]:.2f} ({second[low]:.2f} to {second[high]:.2f}). {finding} "
    "An interval that contains 1 is no proof of sufficiency: the one as published still allows an "
    "odds ratio of {first[high]:.2f}.",
    first=odds.loc["as published"],
    second=odds.loc["two years observed"],
    finding=choose(
        more_often,
        "At the same score, people recorded as African-American were charged again somewhat more "
        "often. The interval ends close to 1: weak evidence against sufficiency.",
        otherwise="These data do not contradict sufficiency.",
    ),
)

# %% tags=["reading"]
reading(
    "Where do the lines part? They seem to, at deciles 3 and 10; but in one group only {few} "
    "people have the highest score. The test that all ten odds ratios are alike gives p = "
    "{alike:.2f}: no evidence that these deciles differ from the others, and no reason against one "
    "pooled number. It does not show that they are alike.",
    few=highest_decile,
    alike=odds.loc["two years observed", "p (all alike)"],
)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.5 · Does a score mean the same for women?
#
# Use `observed`, the people with two years observed. Group them by `observed["sex"]`.
#
# 1. With `calibration_by_group` and `plot_calibration`, draw the share charged again by decile for
#    women and men. At how many of the ten deciles does the *share* of women lie below that of men?
# 2. With `compare_given_score`, compute the pooled odds ratio of being charged again, women
#    compared with men, and its 95% interval.
# 3. What follows? The letter is enough.
#
# - A. at the same decile, women are charged again less often
# - B. at the same decile, women are charged again more often
# - C. these data cannot tell

# %% tags=["exercise"] exercise="04.5" points=3 objective="04-calibration"
# for `verdict`, the letter in quotes is enough
women = {"deciles_below": ..., "odds_ratio": ..., "low": ..., "high": ..., "verdict": ...}
# %% tags=["solution"]
by_sex = calibration_by_group(
    y_true=observed["again"],
    y_score=observed["decile_score"],
    sensitive_features=observed["sex"],
)
ax_sex = plot_calibration(by_sex)
shares = by_sex["share"].unstack(level=0)
sex_odds = compare_given_score(observed, "sex", ["Female", "Male"])
women = {
    "deciles_below": (shares["Female"] < shares["Male"]).sum(),
    "odds_ratio": sex_odds["odds ratio"],
    "low": sex_odds["low"],
    "high": sex_odds["high"],
    "verdict": "A",
}
show(ax_sex.figure, alt="Share charged again by decile, for women and men.")
# %% tags=["check"]
check("04.5", women)

# %% [markdown]
# ## Why error rates differ under one score
#
# Suppose a score *did* mean the same for everyone. Would error rates then be equal? Look at how the
# scores are distributed in the two groups.

# %%
from labkit.chapters.ch04 import plot_score_distributions

scores = pd.DataFrame(
    {
        "group": two_observed["race"],
        "score": two_observed["decile_score"],
        "positive": two_observed["again"],
    }
)
fig = plot_score_distributions(scores, cut=5)
show(fig, alt="Bars of decile scores for the two groups, with the cut between 4 and 5.")

# %% [markdown]
# In the group on the left, scores are spread evenly. In the group on the right, most are low.
# Whatever the cut, a larger share of the left group lies above it. Here that also holds among the
# people who are not charged, so its false positive rate is higher. (It need not: where most people
# above the cut are charged, there are few false alarms.)
#
# To see that different distributions are enough, we invent two groups with an *ideal* score: the
# score *is* each person's true risk. It is calibrated in both groups by construction, and one
# threshold is used for everyone. Only the distributions of risk differ: in group a risks spread
# around one half, in group b around one third.
#
# **Predict:** which will be equal in the two groups: the false positive rate, the false negative
# rate, the precision?

# %%
THRESHOLD = 1 / 2
draw = np.random.default_rng(SEED)
risks = {"a": draw.beta(3, 3, size=100_000), "b": draw.beta(2, 4, size=100_000)}

ideal = {}
for group, risk in risks.items():
    alarm = risk >= THRESHOLD
    ideal[group] = {  # expected numbers: a person with risk r is charged with probability r
        "false positive rate": (1 - risk)[alarm].sum() / (1 - risk).sum(),
        "false negative rate": risk[~alarm].sum() / risk.sum(),
        "precision": risk[alarm].sum() / alarm.sum(),
    }
ideal = pd.DataFrame(ideal)
ideal.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** None of them. The false positive rate is {fpr[a]:.2f} in group a and "
    "{fpr[b]:.2f} in group b, although the score is the true risk and everyone faces the same "
    "threshold. Rates average over people far from the threshold, and the groups differ in how "
    "many such people they have. Different error rates alone do not show that anyone was treated "
    "by another rule. And equal treatment alone does not make the result acceptable: those who are "
    "wrongly flagged pay the price either way.",
    fpr=ideal.loc["false positive rate"],
)

# %% [markdown]
# This is the problem of **infra-marginality** (Simoiu, Corbett-Davies and Goel, 2017;
# Corbett-Davies and Goel, 2018): what matters for a rule is the people at its margin, but error
# rates average over everyone beyond it.
#
# Could separate thresholds help? (The **true positive rate** in what follows is one minus the false
# negative rate.) In the next figure, each group has its own. The sliders work with the mouse and
# with the arrow keys. **Make the false positive rates as equal as you can. What happens to
# precision, and to the people who are charged again?**

# %%
from labkit.audit import plot_threshold_explorer

explorer = plot_threshold_explorer(
    two_observed["decile_score"],
    y_true=two_observed["again"],
    sensitive_features=two_observed["race"],
    start=5,
    decisions=("no alarm", "alarm"),
    labels=("not charged again", "charged again"),
)
explorer

# %%
settings = explorer.settings
SHOWN = ["selection_rate", "true_positive_rate", "false_positive_rate", "precision"]
setting_gaps = {}
for setting, thresholds in settings.iterrows():
    by_race = explorer.audit(*thresholds).by_group
    setting_gaps[setting] = (by_race.iloc[0] - by_race.iloc[1])[SHOWN]
setting_gaps = pd.DataFrame(setting_gaps).T
same_cut, equal_fpr = (
    setting_gaps.loc["one cut for both"],
    setting_gaps.loc["equal false positive rates"],
)
fair = explorer.audit(*settings.loc["equal false positive rates"])
fair_precision = fair.pairwise("precision").iloc[0]
setting_gaps.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** With one cut for both groups, false positive rates differ by "
    "{one[false_positive_rate]:.2f} and precision by {one[precision]:.2f}. The other rows select "
    "about as many people as before, and move the cuts until one rate is as equal as ten deciles "
    "allow. Where rows are the same, one pair of cuts did several jobs. With nearly equal false "
    "positive rates ({fair[false_positive_rate]:.2f}), true positive rates differ by "
    "{fair[true_positive_rate]:.2f}, and precision by {worth.difference:.2f} ({worth.low:.2f} to "
    "{worth.high:.2f}): the same alarm now means more in one group than in the other.",
    one=same_cut,
    fair=equal_fpr,
    worth=fair_precision,
)

# %% [markdown]
# In all these settings some row stays unequal. (And with two cuts the same score is treated
# differently by race, which is a question of its own: notebook 08.) That is no accident of these
# data. Alarms are right or wrong, so $fp = tp\cdot(1-\text{precision})/\text{precision}$. With base
# rate $\pi$ and $n$ people, $tp = n\pi(1-\text{FNR})$. Divide by the $n(1-\pi)$ people not charged
# (Chouldechova, 2017):
#
# $$\mathrm{FPR} = \frac{\pi}{1-\pi}\cdot\frac{1-\mathrm{precision}}{\mathrm{precision}}
# \cdot(1-\mathrm{FNR})$$
#
# Check it with counts of your own: change the four numbers, and run the cell again.

# %%
my = {"tn": 50, "fp": 10, "fn": 15, "tp": 25}  # change these

my_base = (my["fn"] + my["tp"]) / sum(my.values())
my_precision = my["tp"] / (my["tp"] + my["fp"])
my_fnr = my["fn"] / (my["fn"] + my["tp"])
from_formula = my_base / (1 - my_base) * (1 - my_precision) / my_precision * (1 - my_fnr)
from_counts = my["fp"] / (my["tn"] + my["fp"])
assert np.isclose(from_formula, from_counts)
from_formula, from_counts

# %% [markdown]
# Now ask the formula a question. Suppose two groups had the *same* precision and the *same* false
# negative rate, but kept their own base rates. Which false positive rates would they be forced to
# have? We use precision and false negative rate of all people in both groups together.

# %%
both = audit(
    y_true=two_observed["again"],
    y_pred=two_observed["alarm"],
    sensitive_features=two_observed["race"],
)
precision, fnr = both.overall["precision"], both.overall["false_negative_rate"]
base = both.by_group["base_rate"]
forced = base / (1 - base) * (1 - precision) / precision * (1 - fnr)
counted_fpr = both.by_group["false_positive_rate"]
pd.DataFrame({"base rate": base, "forced FPR": forced, "counted FPR": counted_fpr}).round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** With equal precision and equal false negative rates, base rates of "
    "{base[African-American]:.2f} and {base[Caucasian]:.2f} force false positive rates of "
    "{forced[African-American]:.3f} and {forced[Caucasian]:.3f}. Where base rates differ, all "
    "three can only be equal if no alarm is wrong, or if no alarm is right. The counted rates are "
    "not far away, but only because two departures partly cancel: neither precision nor false "
    "negative rates are equal here. So this does not explain the counted difference; it shows what "
    "equality would cost.",
    base=base,
    forced=forced,
)

# %% [markdown]
# Kleinberg, Mullainathan and Raghavan (2017) prove a related result for scores without any cut.
# Calibration within groups, equal average scores among people *charged* and equal average scores
# among people *not charged* hold together only if the base rates are equal or the score is always
# right.
#
# So ProPublica and Northpointe could both count correctly: they asked for properties that cannot
# hold together here. What the arithmetic does *not* say: that base rates are facts of nature (they
# count charges), that nothing can be done (notebooks 05 to 08), or which property should win.

# %% [markdown]
# ## Recorded and true labels
#
# All of this trusted the label. In the simulated clinic of notebook 03 we know two labels: what was
# *recorded*, which is all that an audit of a real clinic has, and what is *true*. We switch on
# `label_bias`: some ill patients of group b are recorded as not ill, at random, whatever their note
# says. And fewer patients of group b come (`representation`). Four deciders are audited:
#
# - the *classifier*: word counts and logistic regression, trained on recorded labels;
# - the *perfect doctor*: decides what is true;
# - the *copyist*: decides what is recorded;
# - a *coin*: decides by chance. It shows what "no gap" is worth.
#
# Each of the worlds has its own patients and its own classifier, so an interval over worlds covers
# both kinds of luck (Student's t over the worlds). **Predict:** audited on *recorded* labels, who
# looks fairest? Who looks worst?

# %%
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def fit_classifier(notes, labels):
    """Fit word counts and logistic regression."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return make_pipeline(words, LogisticRegression(C=10)).fit(notes, labels)


# %%
from labkit.data import simulate_clinic


def run_world(world):
    """Train on some patients of a clinic; return others, with four deciders' decisions."""
    settings = {"n": SAMPLE_SIZE, "label_bias": 0.35, "representation": 0.3}
    train = simulate_clinic(seed=2 * world, **settings)
    test = simulate_clinic(seed=2 * world + 1, **settings)
    decided = test[["group", "y", "y_true_disease"]].copy()
    classifier = fit_classifier(train["note"], train["y"])
    decided["score"] = classifier.predict_proba(test["note"])[:, 1]
    decided["classifier"] = (decided["score"] >= 1 / 2).astype(int)
    decided["perfect doctor"] = decided["y_true_disease"]
    decided["copyist"] = decided["y"]
    decided["coin"] = np.random.default_rng(world).integers(0, 2, len(decided))
    return decided


worlds = [run_world(world) for world in range(WORLDS)]

# %%
LABELS = {"recorded": "y", "true": "y_true_disease"}
DECIDERS = ["classifier", "perfect doctor", "copyist", "coin"]
AUDITED = ["true_positive_rate", "false_positive_rate", "precision"]

runs = []
for world, decided in enumerate(worlds):
    for decider, kind in product(DECIDERS, LABELS):
        by_group = audit(
            y_true=decided[LABELS[kind]],
            y_pred=decided[decider],
            sensitive_features=decided["group"],
        ).by_group
        gap = by_group.loc["a"] - by_group.loc["b"]
        runs.append({"world": world, "decider": decider, "labels": kind, **gap[AUDITED]})
runs = pd.DataFrame(runs)

# %%
from matplotlib import pyplot as plt

from labkit.comparison import over_seeds, plot_estimates

fig, axes = plt.subplots(1, 3, figsize=(9.8, 2.9), layout="constrained", sharey=True)
label_gaps = {}
for ax, rate in zip(axes, AUDITED, strict=True):
    label_gaps[rate] = over_seeds(runs, rate, by=["decider", "labels"])
    plot_estimates(label_gaps[rate], "mean", ax=ax)
    ax.set(title=rate.replace("_", " "), xlabel="a − b (share of people)", xlim=(-0.45, 0.45))
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
show(fig, alt="Gaps between groups on recorded and on true labels, for four deciders; read below.")

# %%
doctor_seen = label_gaps["false_positive_rate"].loc[("perfect doctor", "recorded")]
doctor_precision = label_gaps["precision"].loc[("perfect doctor", "recorded")]
copyist_true = label_gaps["true_positive_rate"].loc[("copyist", "true")]

# %% tags=["reading"]
reading(
    "**Reading the figure.** On recorded labels the copyist looks perfect: no gap at all. In truth "
    "its true positive rates differ by {copyist[mean]:.2f}. The perfect doctor has no gap in "
    "truth, and on recorded labels a gap of {doctor[mean]:.2f} ({doctor[low]:.2f} to "
    "{doctor[high]:.2f}) in false positive rates (negative: more in b) and of {worth[mean]:.2f} in "
    "precision: every ill patient whom the record denies counts as her false alarm. So the audit "
    "praises the copyist and blames the doctor. It also praises the coin, whose true positive and "
    "false positive rates have no gap beyond chance, by construction: *no gap* by itself is no "
    "merit.",
    copyist=copyist_true,
    doctor=doctor_seen,
    worth=doctor_precision,
)

# %% [markdown]
# Now the classifier. Its gaps are in the next table. One number per rate tells what the records do
# to the audit: the gap on recorded labels minus the gap on true ones, in the same world. We decide
# beforehand that a shift of less than five percentage points would not matter.

# %%
paired = runs.pivot(index=["decider", "world"], columns="labels", values=AUDITED)
moved = pd.concat(
    {rate: paired[rate]["recorded"] - paired[rate]["true"] for rate in AUDITED}, axis=1
)
by_decider = moved.groupby("decider").mean()
shifts = []
for rate in AUDITED:
    shifts.append(pd.DataFrame({"rate": rate, "shift": moved.loc["classifier", rate]}))
shift_table = over_seeds(pd.concat(shifts), "shift", by="rate").loc[AUDITED]
coin_precision = by_decider.loc["coin", "precision"]
doctor_precision_shift = by_decider.loc["perfect doctor", "precision"]
classifier_tpr = label_gaps["true_positive_rate"].loc["classifier", "mean"]
classifier_fpr = label_gaps["false_positive_rate"].loc["classifier", "mean"]
classifier_ppv = label_gaps["precision"].loc["classifier", "mean"]
own_gaps = pd.concat({rate: label_gaps[rate].loc["classifier"] for rate in AUDITED})
own_gaps.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** On records, the classifier's gap in false positive rates is "
    "{fpr[recorded]:.2f}; in truth it is {fpr[true]:.2f}. Its gap in precision is "
    "{ppv[recorded]:.2f} on records and {ppv[true]:.2f} in truth. The records shift the first by "
    "{fpr_shift[mean]:.2f} ({fpr_shift[low]:.2f} to {fpr_shift[high]:.2f}), and the second by "
    "{ppv_shift[mean]:.2f} ({ppv_shift[low]:.2f} to {ppv_shift[high]:.2f}).",
    fpr=classifier_fpr,
    ppv=classifier_ppv,
    fpr_shift=shift_table.loc["false_positive_rate"],
    ppv_shift=shift_table.loc["precision"],
)

# %% tags=["reading"]
reading(
    "In precision, the shift is {coin:.2f} for a coin and {doctor:.2f} for the perfect doctor. The "
    "records deny a share of b's right alarms; so unless a decider copies the records, the more of "
    "its alarms are right, the more its precision seems to lose.",
    coin=coin_precision,
    doctor=doctor_precision_shift,
)

# %% tags=["reading"]
reading(
    "The gap in true positive rates is {gap[true]:.2f} in truth, and the records shift it by "
    "{tpr[mean]:.3f} ({tpr[low]:.3f} to {tpr[high]:.3f}): {tpr_finding}. In theory, this kind of "
    "mistake spares one rate. Why this one? Think about *which* ill patients are in the records. "
    "Notebook 07 asks again, for every kind of criterion, and has the answer.",
    gap=classifier_tpr,
    tpr=shift_table.loc["true_positive_rate"],
    tpr_finding=verdict(
        shift_table.loc["true_positive_rate", "low"],
        shift_table.loc["true_positive_rate", "high"],
        above="an audit overstates it",
        below="an audit understates it",
        unclear="these worlds cannot tell whether that matters",
        within="too little to matter, so an audit of the records sees it correctly",
        margin=0.05,
    ),
)

# %% [markdown]
# And calibration, the strongest defense of a score? The classifier outputs probabilities, so here a
# consequence of calibration can be checked: in each group, the mean score should equal the share of
# patients who are ill. **Predict:** does it, for groups a and b, on recorded labels? And on true
# ones?

# %%
patients = pd.concat(worlds, keys=range(WORLDS), names=["world", "patient"]).reset_index()
bias = []
for (world, group), rows in patients.groupby(["world", "group"]):
    for kind, label in LABELS.items():
        excess = rows[label].mean() - rows["score"].mean()
        bias.append({"world": world, "group": group, "labels": kind, "excess": excess})
excess = over_seeds(pd.DataFrame(bias), "excess", by=["group", "labels"])
excess.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** The excess is the share of ill patients minus the mean score. On "
    "recorded labels it is {a[mean]:.3f} ({a[low]:.3f} to {a[high]:.3f}) in group a and "
    "{b[mean]:.3f} ({b[low]:.3f} to {b[high]:.3f}) in group b. (It shrinks when the classifier "
    "learns from more notes: try another `SAMPLE_SIZE`.) On *true* labels it is {true[mean]:.3f} "
    "({true[low]:.3f} to {true[high]:.3f}) in group b: {finding}. Calibrated always means "
    "*calibrated to a label*. COMPAS was checked against charges.",
    a=excess.loc[("a", "recorded")],
    b=excess.loc[("b", "recorded")],
    true=excess.loc[("b", "true")],
    finding=verdict(
        excess.loc[("b", "true"), "low"],
        excess.loc[("b", "true"), "high"],
        above="the score understates how many of group b are ill, and no record shows it",
        below="the score overstates how many of group b are ill",
        unclear="these worlds cannot say in which direction it is off",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 04.6 · Audit a perfect doctor
#
# Of 1,000 patients of group b, 300 are ill. The records call 40% of these 300 not ill; everyone
# else is recorded correctly. A doctor decides "ill" exactly when a patient *is* ill. Fill in what
# an audit on *recorded* labels finds for her in group b: the counts `[tn, fp, fn, tp]`, the false
# positive rate (three decimals), and how she seems to treat b compared with group a, whose records
# are right (the letter is enough).
#
# - A. too many alarms
# - B. too few alarms
# - C. fair

# %% tags=["exercise"] exercise="04.6" points=3 objective="04-labels"
# for `seems`, the letter in quotes is enough
doctor = {"counts": ..., "false_positive_rate": ..., "seems": ...}
# %% tags=["solution"]
doctor = {"counts": [700, 120, 0, 180], "false_positive_rate": 120 / 820, "seems": "A"}
# %% tags=["check"]
check("04.6", doctor)

# %% [markdown] tags=["exercise"]
# ### Question 04.7 · Which rate would you publish? (open)
#
# Broward County asks you which *one* rate by group it should publish every year about a risk score.
# Name the rate, who is harmed by the error that it counts, what the number leaves out, and what
# would change your mind. Write three to six sentences. Nothing is checked; a model answer appears
# for comparison.

# %% tags=["check", "open"]
from labkit.exercises import compare

compare("04.7", ...)  # replace the dots by your answer, as a text in quotes
# %% tags=["solution"]
compare(
    "04.7",
    "False positive rates, because an alarm can cost freedom. But a charge is not an offense.",
)

# %% [markdown]
# ## So how do we measure fairness, and how sure are we?
#
# With several rates, because each answers another person's question. Where base rates differ,
# precision and both error rates cannot all be equal, unless no alarm is wrong or none is right. And
# we are less sure than the tables look: an interval covers other people, but neither a mistake in
# the rows nor a wrong label.

# %% tags=["reading"]
reading(
    "**Back to the dispute.** ProPublica measured error rates. Its difference in false positive "
    "rates, {fpr.difference:.2f} ({fpr.low:.2f} to {fpr.high:.2f}), survives Barenstein's "
    "correction; its size depends on the cut. Northpointe measured precision: a difference of "
    "{before.difference:.2f} as published, {after.difference:.2f} when corrected. Both counted "
    "correctly. With these base rates, the two kinds of equality cannot hold together, and neither "
    "side could check what a charge means.",
    fpr=differences.loc["false_positive_rate"],
    before=precision_change.loc["as published"],
    after=precision_change.loc["two years observed"],
)

# %% [markdown]
# ## What you learned
#
# - `[04-rates]` Four counts per group give every rate; by hand, `labkit` and fairlearn agree. A
#   rate without a denominator is unknown, not zero.
# - `[04-stakeholders]` The denominator says whose question a rate answers. Choosing a rate means
#   choosing whose error counts.
# - `[04-uncertainty]` Wilson's interval fits one rate and Newcombe's fits a difference. Max − min
#   is above zero by chance alone, most of all in small groups: use a test, or a signed difference.
# - `[04-calibration]` With different base rates, equal precision and equal error rates exclude each
#   other, unless no alarm is wrong or none is right. Different error rates can come from one score
#   that means the same for everyone.
# - `[04-labels]` On biased records, a copyist looks fair and a perfect doctor looks unfair; a score
#   can nearly fit the records and be far off in truth.
#
# **What this does not show.** Which rate *should* be equal. Why the rates differ: nothing here
# identifies a cause. What charges in Broward County have to do with offenses. What judges did with
# the scores. Anything about the smallest groups: too few people were counted. Our clinic's records
# go wrong in one simple way, and real ones in many.
#
# **Next.** We take one criterion apart, with pencil and paper: [05 · What does demographic parity
# say, and what does it cost?](05_demographic_parity.ipynb)
