# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 60
#       mb: 1500
# ---

# %% [markdown]
# # 08 · Can we decide fairly with an unfair score?
#
# **You will be able to**
# - *draw* which errors a group can get from thresholds, which from lotteries, and which all groups can share `[08-roc]`
# - *solve* for the best decision that keeps a criterion, by hand and with a library, and read the rule it found `[08-optimise]`
# - *compare* criteria by what they cost a lender, and whom they give loans `[08-profit]`
# - *match* the scores of two groups, and say what that does to what a score means `[08-match]`
# - *judge* a fair-looking rule: who lost by it, who was decided by lot, and on whose data it was measured `[08-judge]`
#
# About 60 minutes. Before this: 07 · Can we train for fairness?; rates, calibration and intervals come from
# [04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb)
#
# A score exists, it treats groups differently, and nobody will train it again: it was bought, or it is a model that
# belongs to somebody else. All that is left is *what we do with the score*. This is called **post-processing**: the
# score stays, the decision changes.

# %%
import numpy as np
import pandas as pd
from fairlearn.postprocessing import ThresholdOptimizer as FairlearnOptimizer
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from scipy.optimize import linprog
from sklearn.model_selection import cross_val_predict, train_test_split

from labkit.audit import audit
from labkit.calibration import calibration_by_group, plot_calibration
from labkit.checks import check, hint
from labkit.clinic import simulate_clinic
from labkit.comparisons import accuracy_change, changes_over_seeds, over_seeds, summarise
from labkit.curves import plot_runs
from labkit.data import load_fico, load_german, load_hmda
from labkit.folds import predict_out_of_fold
from labkit.mitigation import (
    FineTuned,
    GivenScore,
    QuantileMatching,
    ThresholdOptimizer,
    Unmitigated,
    default_estimator,
)
from labkit.models import load_foundation_model
from labkit.plots import MARKERS, PALETTE, show
from labkit.profits import best_rules, count_borrowers, profit_shares, redraw_shares
from labkit.roc import plot_roc_regions, roc_by_group
from labkit.rules import decision_chance, read_rules
from labkit.tables import group_rates
from labkit.training import TrainConfig

# %% tags=["parameters"]
SAMPLE_SIZE = 1400  # notes of the clinic: half to train on, half to choose rules on
TEST_SIZE = 1200  # notes of other patients, to judge rules on
EPOCHS = 2  # passes over the training notes
SEEDS = 3  # trainings, each with its own division of the notes
N_BOOT = 200  # redraws behind the intervals of the profits
PEOPLE = (100, 300, 900)  # how many people a rule is chosen on, in the last section
DRAWS = 15  # how often people are drawn there
MODEL_NAME = "minilm"  # the shipped BERT

# %% [markdown]
# ## An unfair score
#
# We take the clinic of notebook 03 again, a simulation in which we know who is truly ill. Group *b* is smaller
# (`representation`), and part of its illnesses are recorded as "not ill" (`label_bias`). We train the last block of the
# BERT on half of the notes. The other half was not trained on: there we will *choose* rules. Then we *judge* them on
# other patients. We do this several times, each time with another division of the notes and another seed.
#
# **Before you run the next two cells, predict:** both groups are truly ill equally often. The rule is the usual one, "ill"
# from a score of one half on. Of the truly ill, in which group are more found, and how large is the difference?

# %%
KNOBS = {"label_bias": 0.35, "representation": 0.3}
pool, test = (simulate_clinic(n=n, seed=seed, **KNOBS) for n, seed in ((SAMPLE_SIZE, 0), (TEST_SIZE, 1)))
foundation = load_foundation_model(MODEL_NAME)


def score_patients(seed):
    """Train on half of the pool; return the other half and the test patients with their scores."""
    cells = pool["group"] + pool["y"].astype(str)
    half, rest = train_test_split(pool, test_size=0.5, random_state=seed, stratify=cells)
    config = TrainConfig(epochs=EPOCHS, learning_rate=1e-3, trainable_layers=1, seed=seed)
    model = FineTuned(foundation, config).fit(half["note"], half["y"])
    return [people.assign(y_score=model.predict_proba(people["note"])[:, 1]) for people in (rest, test)]


scored = [score_patients(seed) for seed in range(SEEDS)]
choose, judge = scored[0]  # the first run serves all figures; comparisons of methods use every run

# %%
plain = (judge["y_score"] >= 0.5).astype(int)
on_records, on_truth = (audit(y_true=judge[label], y_pred=plain, sensitive_features=judge["group"])
                        for label in ("y", "y_true_disease"))  # fmt: skip
rates = ["n", "selection rate", "true positive rate", "false positive rate"]
display(pd.concat({"recorded": group_rates(on_records)[rates], "true": group_rates(on_truth)[rates]}, names=["labels"]))
missed = on_truth.pairwise("true_positive_rate").iloc[0]
Markdown(
    f"**Reading the table.** By the true labels, the score finds {on_truth.by_group.loc['a', 'true_positive_rate']:.0%} of the ill "
    f"in *a* and {on_truth.by_group.loc['b', 'true_positive_rate']:.0%} in *b*: a difference of {missed['difference']:.2f} "
    f"(95% interval {missed['low']:.2f} to {missed['high']:.2f}). The brackets hold Wilson intervals over patients."
)

# %% [markdown]
# ## What can a group reach?
#
# A threshold gives a group one pair of rates: the share of its ill patients that are found (true positive rate, TPR), and
# the share of the others that are alarmed (false positive rate, FPR). As the threshold falls, the pair moves from "nobody"
# at $(0, 0)$ to "everybody" at $(1, 1)$. That path is the **ROC curve**. No threshold leads off it.
#
# A **lottery** does. Draw for each patient whether the first or the second of two thresholds applies: the rates are then
# means of both pairs, a point on the straight line between them. All lotteries together fill the *convex hull* of the
# curve, the smallest region without dents that holds it (Provost and Fawcett, 2001).
#
# *Equalized odds* wants the same pair for both groups. So the pair must lie in both hulls: in their **intersection**.
#
# **Predict:** the mark of each group shows the threshold of one half. Do the two marks lie on different curves, or at
# different places of nearly the same curve?

# %%
curves = roc_by_group(y_true=choose["y"], y_score=choose["y_score"], sensitive_features=choose["group"])
at_half = {group: curve.loc[curve["threshold"] >= 0.5, ["fpr", "tpr"]].iloc[-1] for group, curve in curves.items()}
ax = plot_roc_regions(curves, marks={"threshold one half": at_half})
places = ", ".join(f"{group} at FPR {point.fpr:.2f} and TPR {point.tpr:.2f}" for group, point in at_half.items())
show(ax.figure, alt=f"ROC curves of both groups on recorded labels, their hulls, and the region both reach, which ends "
     f"at the lower of the two hulls. With the threshold one half, {places}.")  # fmt: skip

# %%
areas = {group: np.trapezoid(curve["tpr"], curve["fpr"]) for group, curve in curves.items()}
ill = choose.groupby("group")["y"].sum()
lower = min(areas, key=areas.get)
Markdown(
    f"**Reading the figure.** The marks are far apart ({places}); that is the work of *one threshold for all*. The areas under "
    f"the curves are {areas['a']:.2f} in *a* and {areas['b']:.2f} in *b*. In the grey region both groups can have the same "
    f"errors. Its upper edge follows whichever hull is lower, here mostly that of *{lower}*: whoever wants equal errors gives up what "
    f"the score can do for the other group. Mind the numbers: only {ill['b']} patients of *b* in this half are recorded as ill, so its curve is rough."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 08.1 · A lottery between two thresholds
#
# In a group, a high threshold gives FPR 0.10 and TPR 0.40, a low one FPR 0.30 and TPR 0.70. You need a TPR of 0.625. For
# which share of the people must the *low* threshold apply, and what FPR do you then get?

# %% tags=["exercise"] exercise="08.1" points=2 objective="08-roc"
share = ...  # of the people, between 0 and 1
fpr = ...
# %% tags=["solution"]
share = (0.625 - 0.40) / (0.70 - 0.40)
fpr = (1 - share) * 0.10 + share * 0.30
# %% tags=["check"]
check("08.1", {"share": share, "fpr": fpr})

# %% [markdown]
# ## The best fair rule, by hand
#
# Which rule is right most often, among all lotteries with equal rates? Write $w_{g,t}$ for the chance that threshold
# $t$ applies to a person of group $g$. Everything we want is *linear* in these chances:
#
# - maximise the number of right decisions, $\sum_{g,t} w_{g,t}\,(P_g\,\mathrm{TPR}_g(t) - N_g\,\mathrm{FPR}_g(t))$, for $P_g$ ill and
#   $N_g$ other patients (plus the constant $\sum_g N_g$);
# - the chances are at least $0$, and sum to $1$ in each group;
# - the criterion: $\sum_t w_{a,t}\,\mathrm{TPR}_a(t) = \sum_t w_{b,t}\,\mathrm{TPR}_b(t)$, and for equalized odds the same for FPR.
#
# That is a **linear program**, and `scipy.optimize.linprog` solves it. A theorem says that a best solution needs no
# more positive chances than there are equations. **Predict:** with equalized odds, how many thresholds can get a positive
# chance at most, in both groups together?


# %%
positives = choose.groupby("group")["y"].sum()
negatives = choose.groupby("group")["y"].count() - positives
for group, curve in curves.items():
    curve["selected"] = (positives[group] * curve["tpr"] + negatives[group] * curve["fpr"]) / (positives + negatives)[
        group
    ]


def solve_lottery(rates):
    """Return the best chance of every threshold, with these rates equal in both groups, and the expected accuracy."""
    right = [positives[group] * curve["tpr"] - negatives[group] * curve["fpr"] for group, curve in curves.items()]
    in_a = np.repeat([1.0, 0.0], [len(curve) for curve in curves.values()])
    equal = [np.concatenate([curves["a"][rate], -curves["b"][rate]]) for rate in rates]
    found = linprog(-np.concatenate(right), A_eq=np.vstack([in_a, 1 - in_a, *equal]), b_eq=[1, 1] + [0] * len(rates))
    return found.x, (negatives.sum() - found.fun) / len(choose)


# %%
CRITERIA = {
    "demographic parity": ("demographic_parity", ["selected"]),
    "equal opportunity": ("true_positive_rate_parity", ["tpr"]),
    "equalized odds": ("equalized_odds", ["tpr", "fpr"]),
}
by_hand = {name: solve_lottery(rates) for name, (_, rates) in CRITERIA.items()}
used = pd.concat(curves, names=["group"])[["threshold", "fpr", "tpr"]].assign(chance=by_hand["equalized odds"][0])
used.query("chance > 1e-9").reset_index("group").set_index("group").round(3)

# %% [markdown]
# This table *is* the equalized-odds rule: for each group, which thresholds apply, and with which chance. An infinite threshold means
# that nobody is decided "ill", whatever the score: those patients' scores are thrown away. There are four equations, so never more than four rows.
#
# ## The same from a library, and the rule it found
#
# fairlearn's `ThresholdOptimizer` walks along the curves instead (Hardt, Price and Srebro, 2016). It tries a grid
# of values, so it may miss the optimum by a hair. **What to look for:** do both agree? Then read the rule. `p_ignore` is the
# share of people whose score is not looked at: they are decided "ill" with chance `constant`. All others meet the first threshold with
# chance `p0`, the second with `p1`.


# %%
def fit_library(constraint):
    """Return the rule that fairlearn finds on the patients that rules are chosen on."""
    optimizer = FairlearnOptimizer(
        estimator=GivenScore(), constraints=constraint, prefit=True, predict_method="predict_proba"
    )
    return read_rules(optimizer.fit(choose[["y_score"]].to_numpy(), choose["y"], sensitive_features=choose["group"]))


rules = {name: fit_library(constraint) for name, (constraint, _) in CRITERIA.items()}
display(rules["equalized odds"].round(3))

# %%
compared = {}
for name, rule in rules.items():
    chance = decision_chance(rule, choose["y_score"], sensitive_features=choose["group"])
    library = np.where(choose["y"] == 1, chance, 1 - chance).mean()
    compared[name] = {"by hand": by_hand[name][1], "fairlearn": library, "difference": by_hand[name][1] - library}
compared = pd.DataFrame(compared).T
display(compared.round(4))
worst = compared["difference"].max()
Markdown(
    "**Reading the table.** Expected accuracy on the patients that the rules were chosen on, against recorded labels. The linear "
    f"program is ahead by at most {worst:.4f}: " + ("the two agree up to the library's grid. " if worst < 0.005 else "more than a grid explains; look closer. ")
    + f"So a rule that looks like magic is {len(used.query('chance > 1e-9'))} thresholds and their chances."
)  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 08.2 · What does the rule do to a person?
#
# Write a function that takes one group's rule (named values `p_ignore`, `constant`, `p0`, `threshold0`, `p1`, `threshold1`,
# as in the table) and a score, and returns the chance of the decision "ill". A score must lie *above* a threshold.


# %% tags=["exercise"] exercise="08.2" points=2 objective="08-optimise"
def chance_of_ill(rule, score):
    """Return the chance that a person with this score is decided "ill"."""
    return ...


# %% tags=["solution"]
def chance_of_ill(rule, score):
    """Return the chance that a person with this score is decided "ill"."""
    looked_at = rule["p0"] * (score > rule["threshold0"]) + rule["p1"] * (score > rule["threshold1"])
    return rule["p_ignore"] * rule["constant"] + (1 - rule["p_ignore"]) * looked_at


# %% tags=["check"]
check("08.2", chance_of_ill)

# %% [markdown]
# ## What the rule must know about you
#
# `labkit.mitigation` wraps the library, so that every method of the course is used alike: fit on people whose labels are
# known, predict for others. **Predict:** what happens if we leave out the group of the person to be decided about?

# %%
KEPT = {"estimator": GivenScore(), "prefit": True}  # the score is given; nothing is trained again
METHODS = {"one threshold": Unmitigated(estimator=GivenScore())}
METHODS |= {name: ThresholdOptimizer(constraints=constraint, **KEPT) for name, (constraint, _) in CRITERIA.items()}
METHODS["quantile matching"] = QuantileMatching(**KEPT)
fitted = METHODS["equal opportunity"].fit(choose["y_score"], choose["y"], sensitive_features=choose["group"])
try:
    fitted.predict(judge["y_score"])
except ValueError as error:
    print("ValueError ·", error)

# %% [markdown]
# The rule cannot decide without the group: **two people with the same score get different answers because of their group.** For
# each of them this is exactly what anti-discrimination law calls different treatment, however good the purpose.
#
# - In the United States, lenders may not use race or sex to decide about credit (Equal Credit Opportunity Act, 1974), and
#   employers may not use other cut-offs by race or sex on employment tests (Civil Rights Act, 1991, section 106).
# - In the European Union, ethnic origin and health are special categories of data; processing them needs one of a few
#   legal grounds (General Data Protection Regulation, 2016, Article 9).
# - In medicine, thresholds that differ by sex or age are common, where the same reading *means* something else.
#
# We do not give legal advice. But ask before you build such a rule: may it know the group, where does that record come from,
# and would you explain the rule to the person across the table?
#
# ## What becomes of it on other patients
#
# Now all methods, on the patients we kept for judging, for every run. *One threshold* is the baseline. *Quantile matching* is new and
# has its own section below. We look at the gap in decisions (share decided "ill" in *a* less in *b*), and at accuracy on recorded *and*
# on true labels. **Predict:** which rules come nearest to a gap of zero? Rules were chosen to be right on *recorded* labels:
# will accuracy on the true ones rise or fall?


# %%
def try_methods(seed):
    """Choose every rule on one half, judge it on the test patients; a row for each method."""
    choose, judge = scored[seed]
    for name, method in METHODS.items():
        fitted = method.fit(choose["y_score"], choose["y"], sensitive_features=choose["group"])
        table = fitted.predict(judge["y_score"], judge["y"], sensitive_features=judge["group"])
        tables[name, seed], truth = table, judge["y_true_disease"]
        found = summarise(table.assign(y_true=truth), metric="true_positive_rate")["gap"]
        yield {"method": name, "seed": seed, "gap in ill found": found} | summarise(table, true_labels=truth)


tables = {}
runs = pd.DataFrame([row for seed in range(SEEDS) for row in try_methods(seed)])
fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6), layout="constrained")
plot_runs(runs, "gap", by="method", ax=left).set(xlabel="decision gap, a − b\n(share decided 'ill')")
plot_runs(runs, "accuracy_true", by="method", ax=right).set(xlabel="accuracy on true labels\n(share of patients)")
right.set_yticklabels([])
right.get_legend().remove()
left.axvline(0, color="black", linewidth=0.8)
mean_gap, mean_true = (over_seeds(runs, value, by="method")["mean"] for value in ("gap", "accuracy_true"))
show(fig, alt="Decision gap and accuracy on true labels by method, mean over runs with intervals: " +
     "; ".join(f"{name} {mean_gap[name]:.2f} and {mean_true[name]:.2f}" for name in METHODS) + ".")  # fmt: skip


# %%
def write_interval(row):
    """Write a mean with its interval."""
    return f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


means = {value: over_seeds(runs, value, by="method") for value in ("gap", "gap in ill found")}
changes = {f"change in {value}": changes_over_seeds(runs, value, by="method", baseline="one threshold")
           for value in ("accuracy", "accuracy_true")}  # fmt: skip
pd.DataFrame({name: table.apply(write_interval, axis=1) for name, table in (means | changes).items()}).reindex(METHODS)

# %%
true_change = changes["change in accuracy_true"]


def sort_by_sign(change):
    """Say in words which methods' intervals lie above zero, below it, or contain it."""
    kinds = {"raises": change["low"] > 0, "lowers": change["high"] < 0}
    kinds["leaves open what happens to"] = ~(kinds["raises"] | kinds["lowers"]) & change["low"].notna()
    return [(verb, ", ".join(change.index[chosen])) for verb, chosen in kinds.items() if chosen.any()]


sentences = [f"accuracy on {label} labels: " + "; ".join(f"{names} {verb} it" for verb, names in sort_by_sign(changes[f"change in {value}"]))
             for label, value in (("recorded", "accuracy"), ("true", "accuracy_true"))]  # fmt: skip
closed = [name for name in METHODS if means["gap"].loc[name, "low"] <= 0 <= means["gap"].loc[name, "high"]]
Markdown(
    f"**Reading the figure and the table.** Means over {SEEDS} runs with 95% intervals, {len(judge):,} test patients ({(judge['group'] == 'b').sum()} of *b*). The decision gap of one "
    f"threshold is {mean_gap['one threshold']:.2f}. Its interval contains zero for: {', '.join(closed) or 'no method'}. Against one threshold, "
    + "; ".join(sentences) + ". The largest mean loss on true labels is "
    f"{-true_change['mean'].min():.3f}, with {true_change['mean'].idxmin()}. With {SEEDS} runs the intervals are wide: 'leaves it open' does not mean 'costs nothing'."
)  # fmt: skip

# %% [markdown]
# A rule can only be as right as the labels it was chosen on. Here *b*'s records hide illness at random. Demographic parity does not look at labels,
# and in this clinic, where both groups are truly ill equally often, it happens to ask for the right thing. Equal opportunity compares recorded ill
# with recorded ill: they are a random part of the truly ill, so it works too. Equalized odds also compares *recorded healthy*
# patients, and in *b* many of those are ill. With other biases the order would be another one.
#
# ## Who lost what?
#
# A gap can close because the worse-off group gains, or because the better-off group loses. The second is called **levelling down**
# (Mittelstadt, Wachter and Russell, 2023). So count people, not gaps: whom does a rule move, compared with one threshold?


# %%
def moved(name, seed):
    """Give the share of each group that a rule moves, by what is true of them."""
    before, after = tables["one threshold", seed]["y_pred"], tables[name, seed]["y_pred"]
    ill = scored[seed][1]["y_true_disease"].to_numpy() == 1
    kinds = {"ill, newly found": ill & (after > before), "ill, newly missed": ill & (after < before),
             "not ill, newly alarmed": ~ill & (after > before), "not ill, newly cleared": ~ill & (after < before)}  # fmt: skip
    shares = pd.DataFrame(kinds).groupby(judge["group"].to_numpy()).mean().rename_axis("group").stack()
    return shares.rename_axis(["group", "moved"]).rename("share").reset_index().assign(method=name)


changed = pd.concat([moved(name, seed) for name in METHODS if name != "one threshold" for seed in range(SEEDS)])
people = over_seeds(changed, "share", by=["method", "group", "moved"])
(100 * people["mean"]).unstack("moved").reindex(list(METHODS)[1:], level="method").round(1)

# %%
balance = {}
for name in list(METHODS)[1:]:
    parts = changed[(changed["method"] == name)].assign(seed=lambda rows: rows.groupby(["group", "moved"]).cumcount())
    wide = parts.pivot(index=["group", "seed"], columns="moved", values="share")
    net = (wide["ill, newly found"] - wide["ill, newly missed"]).rename("net").reset_index()
    balance[name] = over_seeds(net, "net", by="group")
losers = [f"*{name}* ({100 * row['mean']:.1f} of every 100 people in *{group}*, interval {100 * row['low']:.1f} to {100 * row['high']:.1f})"
          for name, table in balance.items() for group, row in table.iterrows() if row["high"] < 0]  # fmt: skip
fewer = [
    f"{name} in *{group}*" for name, table in balance.items() for group, row in table.iterrows() if row["mean"] < 0
]
Markdown(
    "**Reading the table.** Per 100 people of a group, mean over runs. Look at the ill who are newly missed: they pay for equality. In balance, fewer ill people are found with: "
    f"{', '.join(fewer) or 'no rule'}. The interval over runs excludes zero for: {'; '.join(losers) or 'none of these'}. "
    + ("A rule that makes *a* worse off without finding more in *b* helps nobody; compare the rows." if fewer else "Here nobody was levelled down on average; look again with other seeds.")
)  # fmt: skip

# %% [markdown]
# ## Two equal people, two answers
#
# A lottery is fair *before* it is drawn. Afterwards one person is treated and another one, with the same score and of the same
# group, is not. How often? If a person's chance of "ill" is $p$, two such people get different answers with chance $2p(1-p)$.
# And the draw should not depend on the day: a patient who comes twice may get two answers.
#
# **Predict:** for what share of the patients does equalized odds draw lots? And equal opportunity?

# %%
lots = []
for name, rule in rules.items():
    chance = decision_chance(rule, judge["y_score"], sensitive_features=judge["group"])
    drawn = (chance > 0) & (chance < 1)
    lots.append(
        pd.DataFrame(
            {
                "criterion": name,
                "group": judge["group"],
                "decided by lot": drawn,
                "two answers": 2 * chance * (1 - chance),
            }
        )
    )
lots = pd.concat(lots).groupby(["criterion", "group"], sort=False).mean()
again = [ThresholdOptimizer(constraints="equalized_odds", seed=seed, **KEPT).fit(choose["y_score"], choose["y"], sensitive_features=choose["group"])
         .predict(judge["y_score"], sensitive_features=judge["group"])["y_pred"] for seed in (0, 1)]  # fmt: skip
display(lots.map("{:.1%}".format))
odds = lots.loc["equalized odds"]
Markdown(
    f"**Reading the table.** With equalized odds, {odds.loc['a', 'decided by lot']:.0%} of *a* and {odds.loc['b', 'decided by lot']:.0%} of *b* are decided by lot. We drew the whole rule twice: "
    f"{(again[0] != again[1]).mean():.1%} of the {len(judge):,} patients got two answers. " + (
        "The burden of chance is not shared equally. " if abs(odds.loc["a", "two answers"] - odds.loc["b", "two answers"]) > 0.05 else "")
    + "The expected rates are equal; a person lives with one draw."
)  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 08.3 · How often two answers?
#
# Write a function that takes the chances of "ill" of several people (a list) and returns how often two *independent* draws
# for the same person disagree, on average over these people.


# %% tags=["exercise"] exercise="08.3" points=1 objective="08-judge"
def two_answers(chances):
    """Return how often two draws for one person disagree, as a mean over people."""
    return ...


# %% tags=["solution"]
def two_answers(chances):
    """Return how often two draws for one person disagree, as a mean over people."""
    chances = np.asarray(chances)
    return np.mean(2 * chances * (1 - chances))


# %% tags=["check"]
check("08.3", two_answers)

# %% [markdown]
# ## What fairness costs a lender
#
# Now real scores. In 2003 the TransRisk credit score was recorded for about 174 thousand people in the United States,
# together with who later failed to pay a bill (Federal Reserve Board, 2007). We have only aggregates: for each score and group,
# how many people there are and which share repaid. The groups are named as the report names them.
#
# Hardt, Price and Srebro (2016) let a lender earn 18 for a loan that is repaid and lose 82 for one that is not, so a loan pays from a chance
# of 82% on. They ask what each criterion leaves of the profit that a lender without any constraint would make, and print 99.3% for one threshold (*race-blind*), 92.8% for equal opportunity, 80.2%
# for equalized odds and 69.8% for demographic parity. **Predict:** why does the unconstrained lender earn more than the race-blind one?

# %%
borrowers = count_borrowers(load_fico().frame)
lending = best_rules(borrowers)
limits = redraw_shares(borrowers, n_boot=N_BOOT, seed=0).quantile([0.025, 0.975])
profits = pd.DataFrame({"computed": profit_shares(lending), "low": limits.iloc[0], "high": limits.iloc[1]})
profits["published"] = [100, 99.3, 92.8, 80.2, 69.8]
spread = lending.groupby(level="criterion", sort=False)["true_positive_rate"].agg(lambda rate: rate.max() - rate.min())
profits["largest TPR gap"] = spread
profits.round(2)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained", sharey=True)
place = np.arange(len(profits))
for group, color, marker in zip(borrowers.groups, PALETTE, MARKERS, strict=False):
    left.plot(lending.xs(group, level="group")["true_positive_rate"], place, marker, color=color, label=group)
    right.plot(lending.xs(group, level="group")["selection_rate"], place, marker, color=color)
left.set_yticks(place, profits.index)
left.invert_yaxis()
left.set_xlabel("true positive rate\n(share of people who would repay)")
right.set_xlabel("selection rate\n(share of all people)")
left.legend(frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), columnspacing=1)
repaid = lending["repaid"].unstack("group")
show(fig, alt="Share of would-be payers, and of all people, who get a loan, by criterion and group. The largest differences "
     + "in the first: " + ", ".join(f"{name} {gap:.2f}" for name, gap in spread.items()) + ".")  # fmt: skip

# %%
off = (profits["computed"] - profits["published"]).abs()
losing = repaid.lt(0.82)
Markdown(
    f"**Reading the table.** An approximate reproduction: our shares differ from the published ones by at most {off.max():.2f} percentage points. The shipped aggregates are rounded "
    f"points, read off the figures of a report. The intervals redraw {borrowers.people.sum():,.0f} people and do not cover that.\n\n"
    f"**Reading the figure.** One threshold gives loans to {lending.loc[('race-blind', 'Asian'), 'true_positive_rate']:.0%} of the Asian and {lending.loc[('race-blind', 'Black'), 'true_positive_rate']:.0%} of the Black "
    f"people who would repay. Demographic parity gives loans to {lending.loc[('demographic parity', 'Black'), 'selection_rate']:.0%} of everybody, and {1 - repaid.loc['demographic parity', 'Black']:.0%} of the loans to Black people are "
    f"then not repaid (race-blind: {1 - repaid.loc['race-blind', 'Black']:.0%}). The unconstrained lender earns most because a score does *not* mean the same everywhere: with one threshold, "
    f"{repaid.loc['race-blind', 'Black']:.0%} of Black and {repaid.loc['race-blind', 'Asian']:.0%} of Asian borrowers repay. Equal opportunity lies between. A default harms the borrower too: more loans are not simply better for those who get them."
)  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 08.4 · Choose a criterion for this lender
#
# The lender's owners accept any criterion that keeps at least 85% of the maximum profit. The regulator wants people who would repay to be treated
# alike: a difference of true positive rates of at most 0.05 between any two groups. Choose the criterion that meets both (its name as in the table), and give its
# computed profit in percent and its largest TPR gap as evidence. The check looks at whether your choice meets the conditions.

# %% tags=["exercise"] exercise="08.4" points=3 objective="08-profit"
criterion = ...  # a name from the table, in quotes
profit, tpr_gap = ..., ...
# %% tags=["solution"]
allowed = profits.query("computed >= 85 and `largest TPR gap` <= 0.05")
criterion = allowed.index[0]
profit, tpr_gap = allowed.loc[criterion, ["computed", "largest TPR gap"]]
# %% tags=["check"]
check("08.4", {"criterion": criterion, "profit": profit, "gap": tpr_gap})

# %% [markdown]
# ## Two sets of real people
#
# Now people one by one, with scores of our own (a logistic regression that never sees the group):
#
# - **HMDA**: applications for a mortgage in Boston, 1990 (Munnell, Tootell, Browne and McEneaney, 1996). Decision 1: approved. The label is what the *banks* decided, so
#   accuracy means "agrees with the banks", and we do not know who would have repaid. Groups: applicants recorded as Black or White.
# - **German credit**: loans of one bank, 1973 to 1975. Label 1: repaid as agreed. Groups: under 25 years, and 25 or older.
#
# Each person's score comes from a model, and their rule from people, that did not include that person (five folds). **Predict:**
# there are few people in the smaller group of either set. Will the rules' gaps be told from zero?

# %%
hmda, german = load_hmda().frame, load_german().frame
young = german["age"].map(lambda age: "under 25" if age < 25 else "25 or older")
REAL = {  # features, label 1 = the favourable outcome, group; `insurance` is the bank's own decision, and leaks
    "HMDA": (hmda.drop(columns=["deny", "afam", "insurance"]), 1 - hmda["deny"], hmda["afam"].map({"yes": "Black", "no": "White"})),
    "German credit": (german.drop(columns=["good_credit", "age"]), german["good_credit"], young),
}  # fmt: skip
first = german.iloc[np.random.RandomState(0).permutation(1000)[:700]]
published = first.loc[first["age"] < 25, "good_credit"].mean() - first.loc[first["age"] >= 25, "good_credit"].mean()
display(
    pd.concat({name: label.groupby(group).agg(["size", "mean"]) for name, (_, label, group) in REAL.items()}).round(3)
)
Markdown(
    f"In 700 of the German loans, drawn as AI Fairness 360's tutorial draws them, the share repaid is {published:.6f} (under 25 less the others), as printed there (Bellamy et al., 2018): the data are the same. "
    "Notebook 06 reweighs it to zero; here we leave data and model alone."
)

# %%
rows = []
for name, (X, y, group) in REAL.items():
    score = cross_val_predict(default_estimator(X), X, y, cv=5, method="predict_proba")[:, 1]
    decided = {method: predict_out_of_fold(METHODS[method], score, y, sensitive_features=group) for method in METHODS}
    for method, table in decided.items():
        gaps = {"gap": summarise(table), "TPR gap": summarise(table, metric="true_positive_rate")}
        change = accuracy_change(decided["one threshold"], table)
        rows.append({"data": name, "method": method, "accuracy": table["y_pred"].eq(table["y_true"]).mean()}
                    | {f"{kind}{end}": found[f"gap{end}"] for kind, found in gaps.items() for end in ("", "_low", "_high")}
                    | {"change": change["change"], "change_low": change["low"], "change_high": change["high"]})  # fmt: skip
real = pd.DataFrame(rows).set_index(["data", "method"])
pd.DataFrame({"accuracy": real["accuracy"].map("{:.3f}".format)} | {
    kind: [f"{row[kind]:+.3f} [{row[kind + '_low']:+.3f}, {row[kind + '_high']:+.3f}]" for _, row in real.iterrows()]
    for kind in ("gap", "TPR gap", "change")})  # fmt: skip

# %%
lines = []
for name, part in real.groupby(level="data", sort=False):
    part = part.droplevel("data")
    apart = part.index[(part["gap_low"] > 0) | (part["gap_high"] < 0)]
    worse = part.index[part["change_high"] < 0]
    groups = sorted(set(REAL[name][2]))
    lines.append(
        f"- *{name}*: the gap ({groups[0]} less {groups[1]}) of one threshold is {part.loc['one threshold', 'gap']:+.2f}. Gaps told from zero: {', '.join(apart) or 'none'}. "
        f"Accuracy certainly lower than with one threshold: {', '.join(worse) or 'none'}."
    )
Markdown(
    "**Reading the table.** Intervals over people: Newcombe for gaps, paired for the change in accuracy.\n\n" + "\n".join(lines)
    + "\n\nA gap that cannot be told from zero is not a gap of zero: with so few people in the smaller group, differences of several points stay invisible."
)  # fmt: skip

# %% [markdown]
# ## Matching quantiles: parity at every threshold
#
# Group thresholds are chosen for *one* decision. If several offices use the score, each with its own threshold, parity must hold for all of
# them, so the *scores* need the same distribution in both groups. **Quantile matching** moves each person to the score that a person of the same rank has in a
# common distribution: the best of *b* gets what the best of *a* gets, the median what the median gets (Feldman et al., 2015;
# Jiang et al., 2020). Nobody's rank within their own group changes.
#
# **Predict:** on the people it was fitted on, what will the gap be at a threshold of one fifth, one half, four fifths? And on others?

# %%
matcher = METHODS["quantile matching"].fit(choose["y_score"], choose["y"], sensitive_features=choose["group"])
matched = {name: matcher.predict(people["y_score"], people["y"], sensitive_features=people["group"])
           for name, people in (("fitted on", choose), ("others", judge))}  # fmt: skip
cuts = np.linspace(0, 1, 101)


def gaps_at(score, group):
    """Return the gap in selection rates, a less b, at every threshold."""
    above = [(np.asarray(score)[np.asarray(group) == name, None] >= cuts).mean(axis=0) for name in "ab"]
    return above[0] - above[1]


lines = {"score as it is, others": gaps_at(judge["y_score"], judge["group"])}
lines |= {f"matched, {name}": gaps_at(table["y_score"], table["group"]) for name, table in matched.items()}
fig, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for (name, gap), color, style in zip(lines.items(), PALETTE, ("-", "--", "-.")):
    ax.plot(cuts, gap, style, color=color, label=name)
ax.axhline(0, color="black", linewidth=0.8)
ax.set(xlabel="threshold (score)", ylabel="gap, a − b\n(share decided 'ill')")
ax.legend(frameon=False)
widest = {name: np.abs(gap).max() for name, gap in lines.items()}
show(
    fig,
    alt="Gap over thresholds. Largest absolute value: "
    + "; ".join(f"{name} {gap:.2f}" for name, gap in widest.items())
    + ".",
)

# %% [markdown]
# Parity is bought with a *changed* score. Does it still mean what it says? A score is **calibrated** when, among people with a score of
# three tenths, three in ten are labelled positive, in each group. Group thresholds leave the score alone, and calibration with it. Quantile
# matching does not. In the clinic we can ask twice: calibrated to the records, or to the truth?

# %% [markdown] tags=["exercise"]
# ### Exercise 08.5 · Predict: what happens to calibration?
#
# In group *b*, illness is under-recorded; the model has learned the records. Matching raises *b*'s scores and lowers *a*'s a little. For group *b*, what
# does matching do to the difference between mean score and share of ill people? Choose:
#
# - `"worse on both"`: further from recorded and from true labels
# - `"better on both"`: nearer to recorded and to true labels
# - `"worse on records, better on truth"`
# - `"better on records, worse on truth"`
# - `"no change"`: ranks within *b* stay, so calibration stays

# %% tags=["exercise"] exercise="08.5" points=1 objective="08-match"
prediction = ...  # one of the five, in quotes
# %% tags=["solution"]
prediction = "worse on records, better on truth"
# %% tags=["check"]
check("08.5", prediction)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.6), layout="constrained", sharey=True)
panels = {"score as it is": judge["y_score"], "matched score": matched["others"]["y_score"]}
for ax, (title, score) in zip(axes, panels.items()):
    plot_calibration(
        calibration_by_group(y_true=judge["y"], y_score=score, sensitive_features=judge["group"], bins=5), ax=ax
    )
    ax.plot([0, 1], [0, 1], ":", color="black", linewidth=0.8)
    ax.set(title=title, xlim=(0, 1), xlabel="score (mean of the bin)")
axes[0].set_ylabel("recorded as ill\n(share of people with this score)")
axes[1].set_ylabel("")
off = []
for seed, (_, people) in enumerate(scored):
    for kind, score in (
        ("as it is", people["y_score"].to_numpy()),
        ("matched", tables["quantile matching", seed]["y_score"].to_numpy()),
    ):
        for label in ("y", "y_true_disease"):
            error = pd.Series(score - people[label].to_numpy()).groupby(people["group"].to_numpy()).mean()
            off += [
                {"score": kind, "labels": {"y": "recorded"}.get(label, "true"), "group": group, "error": value}
                for group, value in error.items()
            ]
off = over_seeds(pd.DataFrame(off), "error", by=["group", "labels", "score"])
show(fig, alt="Share recorded as ill over the score, by group, before and after matching. Mean score less share recorded ill in b: "
     f"{off.loc[('b', 'recorded', 'as it is'), 'mean']:+.2f} before, {off.loc[('b', 'recorded', 'matched'), 'mean']:+.2f} after.")  # fmt: skip

# %%
display(off.apply(write_interval, axis=1).unstack("score")[["as it is", "matched"]])
by_label = {label: off.loc[("b", label)]["mean"].abs() for label in ("recorded", "true")}
words = {
    label: "further from" if error["matched"] > error["as it is"] else "nearer to" for label, error in by_label.items()
}
Markdown(
    f"**Reading the figures.** Matched, the gap on the people it was fitted on is at most {widest['matched, fitted on']:.3f} at any threshold (one person's share), on others at most {widest['matched, others']:.2f}; as it is, up to {widest['score as it is, others']:.2f}. "
    f"The table gives mean score less share of ill people, over {SEEDS} runs. In *b*, matching moves the score {words['recorded']} the records and {words['true']} the truth. "
    "On the records alone the matched score looks broken. Whether it *is* depends on whether the records or the criterion are right, and no data without the truth can tell."
)  # fmt: skip

# %% [markdown]
# ## Chosen here, reported there
#
# All rules above were chosen on some patients and judged on others. What if we had reported on the patients we chose on? We take many
# random samples of people, choose the demographic-parity rule on each sample, and measure the gap on the sample (*promised*) and on everybody else (*delivered*).
#
# **Predict:** on how many people must a rule be chosen until the promise is kept?

# %%
everybody = pd.concat([choose, judge], ignore_index=True)


def promise(size, draw):
    """Choose on a sample, measure on it and on all others: two rows."""
    cells = everybody["group"] + everybody["y"].astype(str)
    parts = train_test_split(everybody, train_size=size, random_state=draw, stratify=cells)
    chosen = METHODS["demographic parity"].fit(parts[0]["y_score"], parts[0]["y"], sensitive_features=parts[0]["group"])
    for name, part in zip(("promised", "delivered"), parts):
        table = chosen.predict(part["y_score"], part["y"], sensitive_features=part["group"])
        yield {
            "people": size,
            "measured": name,
            "gap": abs(summarise(table)["gap"]),
            "accuracy": summarise(table)["accuracy"],
        }


kept = pd.DataFrame([row for size in PEOPLE for draw in range(DRAWS) for row in promise(size, draw)])
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.2), layout="constrained")
for ax, value in zip(axes, ("gap", "accuracy")):
    for (name, rows), color, marker in zip(kept.groupby("measured", sort=False), PALETTE, MARKERS):
        mean = over_seeds(rows, value, by="people")
        ax.errorbar(
            mean.index,
            mean["mean"],
            [mean["mean"] - mean["low"], mean["high"] - mean["mean"]],
            fmt=marker + "-",
            color=color,
            capsize=3,
            label=name,
        )
    ax.set(xscale="log", xlabel="people the rule is chosen on")
    ax.set_xticks(PEOPLE, [str(size) for size in PEOPLE], minor=False)
axes[0].set_ylabel("absolute gap\n(share decided 'ill')")
axes[1].set_ylabel("accuracy, recorded labels\n(share of people)")
axes[0].legend(frameon=False)
table = kept.groupby(["people", "measured"])["gap"].mean().unstack()
show(fig, alt="Absolute gap and accuracy, promised and delivered, over the number of people: " + "; ".join(
     f"{size} people, gap {row['promised']:.2f} promised, {row['delivered']:.2f} delivered" for size, row in table.iterrows()) + ".")  # fmt: skip

# %%
small, large = table.iloc[0], table.iloc[-1]
accuracy = kept.groupby(["people", "measured"])["accuracy"].mean().unstack().iloc[0]
Markdown(
    f"**Reading the figure.** Means over {DRAWS} samples, intervals of the mean (the samples overlap, so they are somewhat too narrow). Chosen on {PEOPLE[0]} people, the rule promises a gap of {small['promised']:.2f} and delivers "
    f"{small['delivered']:.2f}; accuracy {accuracy['promised']:.2f} promised, {accuracy['delivered']:.2f} delivered. Chosen on {PEOPLE[-1]}, it delivers {large['delivered']:.2f}. Part of a delivered gap is luck of measuring: even exact parity shows a small gap on a finite number of people."
)  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 08.6 · Mend the report
#
# This function chooses a cut for each group, so that half of the group is above it, and reports the gap in selection rates,
# *a* less *b*. It chooses and reports on the same people. Mend it: choose on the people with `part == 0`, report on those with `part == 1`.


# %% tags=["exercise"] exercise="08.6" points=2 objective="08-judge"
def reported_gap(score, group, part):
    """Return the gap, a less b, of cuts at each group's median; arguments are arrays (n,)."""
    rates = {}
    for name in ("a", "b"):
        own = group == name
        cut = np.median(score[own])
        rates[name] = np.mean(score[own] > cut)
    return rates["a"] - rates["b"]


# %% tags=["solution"]
def reported_gap(score, group, part):
    """Return the gap, a less b, of cuts at each group's median; arguments are arrays (n,)."""
    rates = {}
    for name in ("a", "b"):
        own = group == name
        cut = np.median(score[own & (part == 0)])
        rates[name] = np.mean(score[own & (part == 1)] > cut)
    return rates["a"] - rates["b"]


# %% tags=["check"]
check("08.6", reported_gap)

# %% [markdown]
# ## What you learned
#
# - A threshold gives a point of the ROC curve, a lottery a point of its hull; equal errors must lie in the
#   intersection of the hulls, which ends where the worse-served group's hull ends `[08-roc]`.
# - The best fair rule is a linear program; `ThresholdOptimizer` finds it up to its grid, and its rule is a few thresholds with chances,
#   which needs the person's group `[08-optimise]`.
# - A lender's profit ranks the criteria, and says nothing about who bears a default `[08-profit]`.
# - Quantile matching gives parity at every threshold and changes what a score means; whether for the worse depends on the
#   labels `[08-match]`.
# - Count the people who lost, say how many were decided by lot, and report on people the rule has not seen `[08-judge]`.
#
# ## What this does not show
#
# - That a rule may be used. That is a question of law and of the people concerned, not of accuracy.
# - What happens later. A loan that is not repaid, or a treatment that was not needed, changes the next score.
# - That the order of the methods holds elsewhere: the clinic has one kind of wrong label, and both groups are truly ill
#   equally often. In HMDA and German credit nobody knows the truth.
# - Groups we did not name, and combinations of groups: the rule protects those it was told about.
#
# **Next:** 09 · Which operating point, and who pays?
