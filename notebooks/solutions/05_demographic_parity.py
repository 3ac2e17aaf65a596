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
# # 05 · What does demographic parity say, and what does it cost?
#
# **You will be able to**
# - *derive* what a gap in selection rates is made of, and decompose real gaps with intervals `[05-decompose]`
# - *state* when parity and equal errors exclude each other, and when they do not `[05-collide]`
# - *bound* what parity costs, and say on whose labels the cost is counted `[05-cost]`
# - *turn* the definition into a term for training, and name what the term overlooks `[05-loss]`
# - *find* the step that is wrong in an argument about fairness `[05-critique]`
#
# About 180 minutes, in two sittings; half of it is for deriving the steps and the exercises, with pencil and paper. Before this:
# [04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb) The simulated clinic comes from [03 · How do we train, and what can go wrong?](03_training.ipynb)
#
# **How this notebook works.** Every claim is treated in three ways. We *derive* it in small steps; where it says **Your
# step**, write the step down before you open it. We *check* it on random numbers: an equation that holds in thousands
# of random cases is not proved by that, but one that fails in a single case is refuted. And we *break* it: drop a condition and see
# what goes wrong. A condition that you have seen fail is one that you will remember.

# %%
from itertools import combinations, product

import numpy as np
import pandas as pd
from fairlearn.metrics import demographic_parity_difference
from fairlearn.reductions import DemographicParity
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from scipy.special import expit, logit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit.audit import Counts, count, format_p_value
from labkit.chapters.ch05 import (
    PART_LABELS,
    draw_spread,
    minimise_within,
    plot_decomposition,
    plot_errors_by_gap,
    plot_forced_rates,
    plot_multipliers,
    plot_spread,
    select_at_rates,
)
from labkit.comparison import over_seeds, plot_runs, summarise
from labkit.data import load_compas, load_hmda, simulate_clinic
from labkit.exercises import check, hint
from labkit.plots import PALETTE, show

# %% tags=["parameters"]
CASES = 5000  # random cases behind every numerical check
WORLDS = 8  # simulated clinics, each with its own model
SAMPLE_SIZE = 2000  # notes that each model is trained on
TEST_SIZE = 4000  # notes of other patients that it is measured on
BATCHES = 200_000  # simulated mini-batches
BOUNDS = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]  # largest softened gap allowed, a model each
SPLITS = 200  # random splits into training and test half
SEED = 0

# %% [markdown]
# ## 1. What does parity say?
#
# These letters stay with us:
#
# | letter | meaning |
# |---|---|
# | $A$ | the group a person belongs to; two groups, $a$ and $b$, until the end of section 5 |
# | $Y$ | the label: $1$ for *ill*, *charged again*, *denied*, ... |
# | $S$ | a model's score, between $0$ and $1$ |
# | $R$ | the decision: $1$ (we say *selected*) if $S\ge t$, else $0$; $t$ is the threshold. Some rules of sections 1 and 3 draw lots instead |
# | $\pi_a$ | the **base rate** of group $a$: $P(Y=1\mid A=a)$ |
# | $\mathrm{TPR}_a$, $\mathrm{FPR}_a$ | of the people of group $a$ with $Y=1$, or with $Y=0$: the share that is selected |
# | $r_a$ | the **selection rate** of group $a$: $P(R=1\mid A=a)$ |
# | $\Delta v$, $\bar v$ | difference and mean over the two groups: $v_a-v_b$ and $(v_a+v_b)/2$ |
#
# A decision satisfies **demographic parity** when the selection rate is the same in every group: $r_a=r_b$, or
# $\Delta r=0$. The following steps show that this is the same as saying that $R$ and $A$ are *independent*.
#
# 1. Let $p=P(A=a)$. By total probability $P(R=1)=p\,r_a+(1-p)\,r_b$.
# 2. Under parity both rates are the same number $r$, so $P(R=1)=r$ too, and $P(R=1,A=a)=p\,r=P(A=a)\,P(R=1)$. That is independence.
# 3. **Your step.** How far from independent are they without parity? Compute $P(R=1,A=a)-P(A=a)\,P(R=1)$, the
#    *covariance* of $R$ and membership in $a$.
#
# <details><summary>Open when you have it</summary>
#
# $$p\,r_a-p\,\bigl(p\,r_a+(1-p)\,r_b\bigr)=p\,(1-p)\,(r_a-r_b)=p\,(1-p)\,\Delta r .$$
#
# So the covariance is $0$ exactly when parity holds (if both groups have people in them).
#
# </details>
#
# Now look for what is *not* there: the label $Y$. Parity needs no labels, and says nothing about errors.
#
# **Before you run the next cell, predict:** a clinic refers 40% of each group to a specialist. In group *a* it refers
# exactly those who are ill; in group *b* it draws lots. Does parity hold? Who of the ill is referred?

# %%
rng = np.random.default_rng(SEED)
r_a, r_b, p = rng.uniform(size=(3, CASES))
worst = abs(p * r_a - p * (p * r_a + (1 - p) * r_b) - p * (1 - p) * (r_a - r_b)).max()
lots = Counts.from_mapping({"a: the ill": [600, 0, 0, 400], "b: by lot": [360, 240, 240, 160]}).audit().by_group
display(lots[["selection_rate", "true_positive_rate", "false_positive_rate", "n"]].round(2))
Markdown(
    f"**Reading.** The equation of step 3 holds in {CASES:,} random cases: the largest error is {worst:.0e}, which is rounding."
)

# %% [markdown]
# In the clinic parity holds to the last digit. Yet in *a* every ill patient is referred, and in *b* an ill patient has no
# better chance than one who is not ill. Parity is a statement about *how many*, never about *who*. Whether it is the
# right demand depends on what a selection does to people.

# %% [markdown]
# ## 2. What is a gap made of?
#
# Two groups are selected at different rates. Do people with the same label have different
# decisions, or do the labels differ? Often both; we can split the gap, and there is more than one way. Here are the steps.
#
# 1. **Your step.** Split the selected people of group $a$ by their label. Write $r_a$ with $\mathrm{TPR}_a$,
#    $\mathrm{FPR}_a$ and $\pi_a$.
#
# <details><summary>Open when you have it</summary>
#
# $$r_a = \mathrm{TPR}_a\,\pi_a + \mathrm{FPR}_a\,(1-\pi_a).$$
#
# This is total probability *within the group*. The base rate is that of group $a$, not that of everybody.
#
# </details>
#
# 2. The same holds in $b$. Subtract: $\Delta r$ is a difference of products, twice. For any numbers
#    $$x_ay_a-x_by_b=\bar x\,\Delta y+\bar y\,\Delta x .$$
#    **Your step.** Verify it: write out $\tfrac12(x_a+x_b)(y_a-y_b)+\tfrac12(y_a+y_b)(x_a-x_b)$.
#
# <details><summary>Open when you have it</summary>
#
# The first product is $\tfrac12(x_ay_a-x_ay_b+x_by_a-x_by_b)$, the second $\tfrac12(x_ay_a-x_by_a+x_ay_b-x_by_b)$. In the
# sum the mixed terms cancel, and $x_ay_a-x_by_b$ is left.
#
# </details>
#
# 3. Use it for $\mathrm{TPR}\cdot\pi$ and for $\mathrm{FPR}\cdot(1-\pi)$. Note that $\Delta(1-\pi)=-\Delta\pi$. Then
#    collect everything that stands before $\Delta\pi$:
#
# $$\Delta r = \underbrace{\bar\pi\,\Delta\mathrm{TPR}}_{\text{positives selected at different rates}}
# + \underbrace{(1-\bar\pi)\,\Delta\mathrm{FPR}}_{\text{negatives selected at different rates}}
# + \underbrace{\;\;?\;\;\Delta\pi}_{\text{base rates differ}}.$$

# %% [markdown] tags=["exercise"]
# ### Exercise 05.1 · The missing weight
#
# What stands before $\Delta\pi$? Finish step 3 on paper, then write it as a function of the four rates. It is tried on
# random rates, where the equation must hold exactly.


# %% tags=["exercise"] exercise="05.1" points=2 objective="05-decompose"
def base_rate_weight(tpr_a, tpr_b, fpr_a, fpr_b):
    """Return what stands before the difference of the base rates."""
    return ...


# %% tags=["solution"]
def base_rate_weight(tpr_a, tpr_b, fpr_a, fpr_b):
    """Return what stands before the difference of the base rates."""
    return (tpr_a + tpr_b) / 2 - (fpr_a + fpr_b) / 2


# %% tags=["check"]
check("05.1", base_rate_weight)

# %% [markdown]
# <details><summary>The whole equation, when you have it</summary>
#
# $$\Delta r = \bar\pi\,\Delta\mathrm{TPR} + (1-\bar\pi)\,\Delta\mathrm{FPR} +
# (\overline{\mathrm{TPR}}-\overline{\mathrm{FPR}})\,\Delta\pi$$
#
# </details>
#
# Nothing in it is approximated, and `labkit`'s `decompose` uses it. But it is *one of several* exact equations. In step 2,
# $x_ay_a-x_by_b$ is also $x_a\,\Delta y+y_b\,\Delta x$, and $x_b\,\Delta y+y_a\,\Delta x$. With the first of these the base
# rate of $a$ is held fixed in the first two parts, and the error rates of $b$ in the third:
#
# $$\Delta r = \pi_a\,\Delta\mathrm{TPR} + (1-\pi_a)\,\Delta\mathrm{FPR} + (\mathrm{TPR}_b-\mathrm{FPR}_b)\,\Delta\pi ,$$
#
# and with the second it is the other way round. The means treat both groups alike; no theorem says that they are right. Demographers
# and economists have long known this choice (Kitagawa, 1955; Oaxaca, 1973; Blinder, 1973).
#
# Two shortcuts are *not* exact: to use *one base rate* for both groups in step 1 (which drops *within the group*), and to
# weigh *all three* parts with group $a$'s values. **Look for** how far off they can be. Also: can the three parts have opposite signs?

# %%
tpr, fpr, base = rng.uniform(size=(3, 2, CASES))  # (two groups, random cases)
gap, d_tpr, d_fpr, d_base = (v[0] - v[1] for v in (tpr * base + fpr * (1 - base), tpr, fpr, base))
m_tpr, m_fpr, m_base = (v.mean(axis=0) for v in (tpr, fpr, base))
parts = np.stack([m_base * d_tpr, (1 - m_base) * d_fpr, (m_tpr - m_fpr) * d_base])
one_sided = base[0] * d_tpr + (1 - base[0]) * d_fpr + (tpr[0] - fpr[0]) * d_base
mixed = base[0] * d_tpr + (1 - base[0]) * d_fpr + (tpr[1] - fpr[1]) * d_base
claims = {"the equation": parts.sum(axis=0), "base rate of a, error rates of b": mixed}
claims |= {"one base rate": parts[:2].sum(axis=0), "all weights of a": one_sided}
off_by = abs(pd.DataFrame(claims).sub(gap, axis=0))
display(off_by.agg(["median", "max"]).T.map("{:.2g}".format))
print(f"parts of opposite signs: {(parts.min(axis=0) * parts.max(axis=0) < 0).mean():.0%} of the random cases")

# %% [markdown]
# **Reading the table.** Two of the four are exact, to rounding. The shortcuts are not, and the median shows how far off they are in
# a typical random case (real groups are often more alike). Yes, the parts can have opposite signs. The second shortcut leaves out $-\Delta\pi\,(\Delta\mathrm{TPR}-\Delta\mathrm{FPR})$: it is right only where one of the two
# differences is zero.
#
# Now three real or realistic gaps. *The clinic* of notebook 03: fewer patients of *b*, and 35% of *b*'s
# illnesses recorded as "not ill". The simulator makes both groups ill equally often. A cheap text model (word counts, TF-IDF, and
# logistic regression) learns the *recorded* labels. We build several such worlds, each with its own patients and model;
# a world is a seed of the simulator.


# %%
def make_world(world):
    """Train in one clinic; return other patients of it with their scores and decisions."""
    train = simulate_clinic(n=SAMPLE_SIZE, seed=2 * world, label_bias=0.35, representation=0.3)
    test = simulate_clinic(n=TEST_SIZE, seed=2 * world + 1, label_bias=0.35, representation=0.3)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10))
    y_score = model.fit(train["note"], train["y"]).predict_proba(test["note"])[:, 1]
    return test.assign(y_score=y_score, y_pred=(y_score >= 0.5).astype(int))


worlds = [make_world(world) for world in range(WORLDS)]

# %% [markdown]
# *HMDA*: mortgage applications in Boston, 1990 (Munnell et al., 1996). We predict who is *denied* by logistic regression from
# income, debts, credit history and the like, *without* race, and without `insurance` (whether mortgage insurance was refused:
# where it was, the mortgage was nearly always denied). Every applicant's score comes from a model that has not seen that
# applicant (ten *folds*: train on nine tenths, score the last). We flag as many applicants as were really denied.
# *COMPAS*: the published counts of medium or high scores and new charges (Larson et al., 2016). They hold a mistake:
# some people who had been charged again were counted although their two years were not over (Barenstein, 2019). It makes base rates and PPVs too large and
# hardly touches TPR and FPR; notebook 04 shows it. Where it matters we use the corrected rows, and say so.

# %%
hmda = load_hmda().frame.rename(columns={"deny": "y_true", "afam": "race"})
hmda["race"] = hmda["race"].map({"yes": "Black", "no": "White"})
X = pd.get_dummies(hmda.drop(columns=["y_true", "race", "insurance"]), drop_first=True, dtype=float)
folds = StratifiedKFold(10, shuffle=True, random_state=SEED)
lender = make_pipeline(StandardScaler(), LogisticRegression())
hmda["y_score"] = cross_val_predict(lender, X, hmda["y_true"], cv=folds, method="predict_proba")[:, 1]
cut = hmda["y_score"].quantile(1 - hmda["y_true"].mean())
hmda["y_pred"] = (hmda["y_score"] > cut).astype(int)

# %% [markdown]
# **Before you run the next cell, predict:** the clinic's decisions are decomposed twice, once with the recorded and once
# with the true labels. The gap is the same. Which bars change, and which way?

# %%
LABELS = {"recorded labels": "y", "true labels": "y_true_disease"}
clinics = [{name: count(world, label=y, prediction="y_pred", sensitive="group") for name, y in LABELS.items()} for world in worlds]  # fmt: skip
compas = Counts.from_mapping({"African-American": [990, 805, 532, 1369], "Caucasian": [1139, 349, 461, 505]})
lending = count(hmda, label="y_true", prediction="y_pred", sensitive="race")
found = {f"clinic, {name}": counts.decompose("a", "b") for name, counts in clinics[0].items()}
found |= {
    "COMPAS": compas.decompose("African-American", "Caucasian"),
    "HMDA model": lending.decompose("Black", "White"),
}
fig, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
plot_decomposition(found, ax=ax)
show(fig, alt="Bars with intervals, parts due to TPR, FPR and base rates. " +
     "; ".join(f"{name}: " + ", ".join(f"{part:z.2f}" for part in each.parts) for name, each in found.items()) + ".")  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 05.2 · Read the figure
#
# Look at the bars of COMPAS. `remaining`: how large would the gap be if people with the same label had been scored
# high at the same rates in both groups (both TPRs at their mean, both FPRs at their mean)? Read the number as well as you can; one
# hundredth more or less is fine. `largest`: which part is the largest?
#
# - A. TPR
# - B. FPR
# - C. base rates

# %% tags=["exercise"] exercise="05.2" points=1 objective="05-decompose"
reading = {
    "remaining": ...,  # a probability
    "largest": ...,  # one of the three; its letter, in quotes, is enough
}
# %% tags=["solution"]
reading = {
    "remaining": 0.03,
    "largest": "FPR",
}
# %% tags=["check"]
check("05.2", reading)

# %%
of_base = [{"labels": name, "part": counts.decompose("a", "b", n_boot=100).parts["base_rate"]} for world in clinics for name, counts in world.items()]  # fmt: skip
records, truth = over_seeds(pd.DataFrame(of_base), "part", by="labels").itertuples()
risk, loans, truly = (found[name] for name in ("COMPAS", "HMDA model", "clinic, true labels"))
largest = {name: PART_LABELS[each.parts.idxmax()].replace("\n", " ") for name, each in found.items()}
own_denials = np.subtract(*hmda.groupby("race")["y_true"].mean())  # Black minus White
carry = (
    "carry a part that cannot be distinguished from zero"
    if truth.low <= 0 <= truth.high
    else "still carry a part of the gap"
)
Markdown(
    f"**Reading the figure.** *Clinic* ({len(worlds[0]):,} patients): one gap, {truly.gap:.2f}, and two stories. Over {WORLDS} worlds the part of the base rates is {records.mean:.3f} (95% interval "
    f"{records.low:.3f} to {records.high:.3f}) by the recorded labels and {truth.mean:z.3f} ({truth.low:z.3f} to {truth.high:z.3f}) by the true ones: the true base rates {carry}. The largest part is then: "
    f"{largest['clinic, true labels']}. *COMPAS* ({compas.cells.sum():,} people): the largest part of the gap of {risk.gap:.2f} is: {largest['COMPAS']}, {risk.parts.max():.2f} ({risk.intervals.loc[risk.parts.idxmax(), 'low']:.2f} to {risk.intervals.loc[risk.parts.idxmax(), 'high']:.2f}). *HMDA model* ({lending.table.loc['Black'].sum()} Black and "
    f"{lending.table.loc['White'].sum():,} White applicants): it never saw race, and flags Black applicants more often by {loans.gap:.2f} (the lenders' own denials differed by {own_denials:.2f}). The largest part: {largest['HMDA model']}, {loans.parts.max():.2f} "
    f"({loans.intervals.loc[loans.parts.idxmax(), 'low']:.2f} to {loans.intervals.loc[loans.parts.idxmax(), 'high']:.2f})."
)

# %% [markdown]
# Now the same gaps with the other two exact equations. **Look for** parts that hardly move, and for parts that do.


# %%
def decompose_with(rates, a, b, share):
    """Return the three parts, with this share of a's base rate and of b's error rates as weights."""
    change = rates.loc[a] - rates.loc[b]
    held = share * rates.loc[a] + (1 - share) * rates.loc[b]
    rest = (1 - share) * rates.loc[a] + share * rates.loc[b]
    return {
        "TPR": held["base_rate"] * change["true_positive_rate"],
        "FPR": (1 - held["base_rate"]) * change["false_positive_rate"],
        "base rates": (rest["true_positive_rate"] - rest["false_positive_rate"])
        * change["base_rate"],
    }


# %%
HELD = {"means": 0.5, "base rate of the first": 1, "base rate of the second": 0}
pairs_of = {f"clinic, {name}": (each, "a", "b") for name, each in clinics[0].items()}
pairs_of["COMPAS"] = (compas, "African-American", "Caucasian")
choices = {}
for name, (each, first_group, second_group) in pairs_of.items():
    for held, share in HELD.items():
        choices[name, held] = decompose_with(each.audit().by_group, first_group, second_group, share)
choices = pd.DataFrame(choices).T
display(choices.map("{:z.3f}".format))

# %% [markdown]
# **Reading the table.** Each row adds up to its gap exactly. By the clinic's records the part of the base rates is much larger in one
# row than in another, by the choice of weights alone. No interval above covers that choice: those intervals are about other patients and
# other worlds, with the means as weights. In COMPAS the part of the base rates hardly moves, but the other two do: with the first group's
# base rate held fixed, TPR's part and FPR's are about equal, so which of them is the largest also depends on the choice. If you report a
# part, say which values you held fixed.

# %% [markdown]
# What looks in the clinic's records as if fewer of *b* were ill is, in truth, ill people of *b* who are not found. The
# decisions are the same and the people are the same; only the labels changed. So the parts say *where* a gap sits, not
# who is to blame: labels are records, made by people. Nor do different TPRs and FPRs show that anybody was treated differently: one
# calibrated score with one threshold gives different error rates where the groups' risks are distributed differently (Simoiu, Corbett-Davies and
# Goel, 2017; Corbett-Davies and Goel, 2018). And beware of a small gap: large parts of
# opposite signs may hide in it.

# %% [markdown]
# ## 3. When do parity and equal errors collide?
#
# **Equalized odds** asks that people with the same label are selected at the same rate in every group: $\Delta\mathrm{TPR}=0$ and
# $\Delta\mathrm{FPR}=0$ (Hardt, Price and Srebro, 2016). Can it hold together with parity?
#
# **Your step.** Put $\Delta\mathrm{TPR}=\Delta\mathrm{FPR}=0$ into the equation of section 2. When is what remains zero?
#
# <details><summary>Open when you have it</summary>
#
# $$\Delta r=(\mathrm{TPR}-\mathrm{FPR})\,\Delta\pi .$$
#
# It is zero only if $\Delta\pi=0$ (*equal base rates*), or if $\mathrm{TPR}=\mathrm{FPR}$: then a person with $Y=1$ is
# selected as often as one with $Y=0$, and the decision says nothing about the label: it could as well be drawn by lot.
#
# </details>
#
# So where base rates differ and the decision is of any use, **parity and equalized odds exclude each other**. No
# training and no data help. The larger $\mathrm{TPR}-\mathrm{FPR}$, the larger the gap that equalized odds leaves.
#
# A second collision has a case behind it. Let $\mathrm{PPV}$ be the share of the selected who have $Y=1$. The makers of
# COMPAS defended it by similar $\mathrm{PPV}$ (a high score means the same for everybody); ProPublica attacked it by
# unequal $\mathrm{FPR}$. Both figures follow from the same counts, and Chouldechova (2017) showed that it could hardly be otherwise:
#
# 1. Of all people of a group, $\mathrm{TPR}\,\pi$ are selected with $Y=1$ and $\mathrm{FPR}\,(1-\pi)$ with $Y=0$. So
#    $$\mathrm{PPV}=\frac{\mathrm{TPR}\,\pi}{\mathrm{TPR}\,\pi+\mathrm{FPR}\,(1-\pi)} .$$
# 2. **Your step.** Solve for $\mathrm{FPR}$.
#
# <details><summary>Open when you have it</summary>
#
# $$\mathrm{FPR}=\frac{\pi}{1-\pi}\cdot\frac{1-\mathrm{PPV}}{\mathrm{PPV}}\cdot\mathrm{TPR} .$$
#
# </details>
#
# 3. If $\mathrm{PPV}$ is the same in both groups and $\pi$ is not, the ratio $\mathrm{FPR}/\mathrm{TPR}$ must differ, *unless
#    $1-\mathrm{PPV}=0$*: a predictor whose selected people all have $Y=1$. (And somebody with $Y=1$ must be
#    selected: $\mathrm{TPR}>0$.)
#
# **Before you run the next cell, predict:** a perfect predictor, base rates $0.6$ and $0.2$. Which of the three, parity,
# equalized odds, equal PPV, does it satisfy?


# %%
def forced_fpr(base, ppv, tpr):
    """Return the false positive rate that base rate, PPV and TPR leave no choice about."""
    return base / (1 - base) * (1 - ppv) / ppv * tpr


ppv = tpr * base / (tpr * base + fpr * (1 - base))  # of the random cases of section 2
same = np.subtract(*(tpr[0] * base + fpr[0] * (1 - base)))  # the rates of a in both groups: equalized odds
worst = max(abs(forced_fpr(base, ppv, tpr) - fpr).max(), abs(same - (tpr[0] - fpr[0]) * d_base).max())
cases = {  # true negatives, false positives, false negatives, true positives
    "perfect": {"a": [400, 0, 0, 600], "b": [800, 0, 0, 200]},
    "by lot": {"a": [240, 160, 360, 240], "b": [480, 320, 120, 80]},
    "the surest fifth": {"a": [360, 40, 440, 160], "b": [760, 40, 40, 160]},
}
gaps = pd.DataFrame({name: Counts.from_mapping(cells).audit().difference() for name, cells in cases.items()}).T
names = {
    "selection_rate": "selection rate",
    "true_positive_rate": "TPR",
    "false_positive_rate": "FPR",
    "precision": "PPV",
}
display(gaps[[*names, "base_rate"]].rename(columns=names | {"base_rate": "base rate"}).add_prefix("gap in ").round(2))
Markdown(
    f"**Reading the table.** Both equations hold in {CASES:,} random cases (largest error {worst:.0e}). The perfect predictor misses parity by {gaps.loc['perfect', 'selection_rate']:.1f}, exactly the difference of the base rates."
)

# %% [markdown]
# The three rows break the slogan *"you can only have one kind of fairness"*. The *perfect* predictor has equalized odds
# *and* equal PPV, with unequal base rates. *By lot* has parity *and* equalized odds, and is useless. *The surest fifth*
# selects a fifth of each group and is right about four out of five: parity *and* equal PPV, again with unequal base
# rates, while people with $Y=1$ are found at very different rates. What the steps say is this, and no more:
#
# | these two | exclude each other, unless |
# |---|---|
# | parity and equalized odds | base rates are equal, or $\mathrm{TPR}=\mathrm{FPR}$ |
# | equal PPV and equalized odds | base rates are equal, or nobody is selected by mistake ($\mathrm{PPV}=1$), or nobody rightly ($\mathrm{TPR}=0$) |
# | parity and equal PPV | they do not: enough people with $Y=1$ in each group, and enough with $Y=0$, suffice |
#
# Now COMPAS. A false negative rate (FNR) is $1-\mathrm{TPR}$. ProPublica published false positive rates of 44.85% and 23.45%, false negative rates of 27.99% and 47.72%, and PPVs of
# 0.63 and 0.59 (Larson et al., 2016). We check the equation on these. Then we ask, as notebook 04 does and on the same corrected rows (people whose two years were
# observed), what equality would force. **Look for** how much of the distance between the two squares the base rates alone would force.

# %%
scored = compas.audit()
published = forced_fpr(scored.by_group["base_rate"], np.array([0.63, 0.59]), 1 - np.array([0.2799, 0.4772]))
observed = load_compas().frame.query("two_years_observed == 1")
observed = observed[observed["race"].isin(["African-American", "Caucasian"])]
observed = observed.assign(high=(observed["score_text"] != "Low").astype(int))
corrected = count(observed, label="two_year_recid", prediction="high", sensitive="race").audit()
rates, everybody = corrected.by_group, corrected.overall
pair = corrected.pairwise("false_positive_rate").iloc[0]
forced = forced_fpr(rates["base_rate"], everybody["precision"], everybody["true_positive_rate"])
show(plot_forced_rates(corrected).figure, alt="False positive rate over base rate. " + "; ".join(f"{group}: measured {measured:.2f}, forced {forced[group]:.2f}" for group, measured in rates["false_positive_rate"].items()) + ".")  # fmt: skip
Markdown(
    f"**Reading the figure.** From the *published* PPV and FNR and the base rates, the equation gives false positive rates of {published.iloc[0]:.1%} and {published.iloc[1]:.1%}: the published ones, up to the "
    f"rounding of the PPV. On the corrected rows the measured rates differ by {pair['difference']:.2f} (95% interval {pair['low']:.2f} to {pair['high']:.2f}; {rates['n'].iloc[0]:,.0f} and {rates['n'].iloc[1]:,.0f} people). Had PPV *and* TPR been "
    f"the same in both groups (the circles), the base rates would have forced a difference of {abs(np.subtract(*forced)):.2f}. That is not an explanation of the measured difference: neither PPV nor TPR is equal here, and their departures pull in opposite directions."
)

# %% [markdown]
# In section 2 the base rates seemed to explain little of COMPAS's gap, and here much. These are *two gaps*: there the gap in selection rates,
# here the gap in false positive rates. And different things are held fixed: there we asked what would remain of the first if the *error rates* were equal; here, how
# large the second would be if the *PPV* and the TPR were. So the two answers do not contradict each other, and cannot be compared. "How much is due to the base
# rates" has no answer until somebody says what is held fixed. Ask that first when you meet such a number.

# %% [markdown] tags=["exercise"]
# ### Exercise 05.3 · Decide and justify
#
# Five decision rules. Which satisfies parity, which equalized odds, which both, and *why* both? Then name in `refutes` the
# one rule that is *not* perfect, *not* useless, and still satisfies parity, equalized odds and equal PPV all at once.
#
# - A. both, equal base rates
# - B. both, TPR = FPR
# - C. only equalized odds
# - D. only parity
#
# | rule | TPR in a, b | FPR in a, b | base rate in a, b |
# |---|---|---|---|
# | rule A | 0.8, 0.8 | 0.3, 0.3 | 0.5, 0.2 |
# | rule B | 0.6, 0.6 | 0.6, 0.6 | 0.5, 0.2 |
# | rule C | 0.8, 0.8 | 0.3, 0.3 | 0.4, 0.4 |
# | rule D | 1.0, 1.0 | 0.0, 0.0 | 0.5, 0.2 |
# | rule E | 0.32, 0.8 | 0.08, 0.05 | 0.5, 0.2 |

# %% tags=["exercise"] exercise="05.3" points=2 objective="05-collide"
verdicts = {
    "A": ...,  # one of the four; its letter, in quotes, is enough
    "B": ...,
    "C": ...,
    "D": ...,
    "E": ...,
    "refutes": ...,  # the letter of a rule, in quotes
}
# %% tags=["solution"]
verdicts = {
    "A": "only equalized odds",
    "B": "both, TPR = FPR",
    "C": "both, equal base rates",
    "D": "only equalized odds",
    "E": "only parity",
    "refutes": "C",
}
# %% tags=["check"]
check("05.3", verdicts)

# %% [markdown]
# ## 4. What does parity cost?
#
# Let $e_a=P(R\ne Y\mid A=a)$ be the error of group $a$.
#
# 1. **Your step.** Show that $e_a\ge|r_a-\pi_a|$: somebody who selects 30% of a group in which 50% have $Y=1$ is wrong about at least 20%.
#
# <details><summary>Open when you have it</summary>
#
# Within the group, $r_a-\pi_a=P(R=1,Y=0)-P(R=0,Y=1)$, since those with $R=Y=1$ are in both rates. The difference of two
# shares is at most their sum, and their sum is $e_a$.
#
# </details>
#
# 2. From $\pi_a$ to $\pi_b$ there is a detour by $r_a$ and $r_b$. A detour is never shorter (the *triangle inequality*):
#    $$|\pi_a-\pi_b|\le|\pi_a-r_a|+|r_a-r_b|+|r_b-\pi_b| .$$
# 3. **Your step.** Put 1 into 2.
#
# <details><summary>Open when you have it</summary>
#
# $$e_a+e_b\;\ge\;|\Delta\pi|-|\Delta r| .$$
#
# </details>
#
# Under exact parity the two errors add up to at least $|\Delta\pi|$, whatever the model (Zhao and Gordon, 2019). Read the conditions: it is the *sum* of the two groups' errors, not
# the error over everybody; and $e$ and $\pi$ are about the *same* label.
#
# **Before you run the next cell, predict:** which of the two conditions can be dropped without harm?

# %%
tn, fp, fn, tp = np.moveaxis(rng.dirichlet(np.ones(4) / 2, size=(CASES, 2)), -1, 0)  # shares; (cases, two groups)
wrong, gap, base_gap = fp + fn, abs(np.subtract(*(fp + tp).T)), abs(np.subtract(*(fn + tp).T))
size, other_base_gap = rng.uniform(size=(2, CASES))  # share of group a; a gap in the base rates of another label
overall_error = size * wrong[:, 0] + (1 - size) * wrong[:, 1]
room = {"as stated": wrong.sum(axis=1) - (base_gap - gap), "error over everybody": overall_error - (base_gap - gap)}
room["another label"] = wrong.sum(axis=1) - (other_base_gap - gap)
display(pd.DataFrame({name: {"cases below the bound": f"{(r < -1e-12).mean():.0%}", "lowest error less bound": f"{r.min():z.2f}"} for name, r in room.items()}))  # fmt: skip

# %% [markdown]
# **Reading the table.** As stated, the bound is never broken. Without the first condition it is: a small group can be decided
# badly at little cost to the error over everybody. Without the second it is, too, and this is the one that matters
# next: the gap that forces errors may be a gap in *another* label than the one that the errors are counted on.

# %% [markdown] tags=["exercise"]
# ### Exercise 05.4 · The least possible error
#
# A rule allows a gap in selection rates of at most `allowed` (0 is exact parity). Write a function that takes the two base
# rates and `allowed`, and returns the smallest $e_a+e_b$ that any decision within the rule can have.


# %% tags=["exercise"] exercise="05.4" points=2 objective="05-cost"
def least_error(base_a, base_b, allowed):
    """Return the smallest possible sum of the two groups' errors."""
    return ...


# %% tags=["solution"]
def least_error(base_a, base_b, allowed):
    """Return the smallest possible sum of the two groups' errors."""
    return max(0, abs(base_a - base_b) - allowed)


# %% tags=["check"]
check("05.4", least_error)

# %% [markdown]
# ### The cost on recorded labels, and on true ones
#
# In the clinic the *recorded* base rates differ, so the bound is above zero. The *true* ones are equal by construction, up to the chance of the sample. We go from the
# model's own decisions to parity in five steps: in each group the highest scores are selected, as many as the step asks for, until both
# groups are at the rate that the model had over everybody. (This uses the group at the decision; whether one may is a question for
# notebook 08.)
#
# **Before you run the next cells, predict** twice: does the error rise or fall on the way to parity, counted on
# the recorded labels? And counted on the true ones?


# %%
rows = []
for (world, table), step in product(enumerate(worlds), np.linspace(0, 1, 6)):
    group, own = table["group"], table.groupby("group")["y_pred"].mean()
    wanted = (1 - step) * own + step * table["y_pred"].mean()  # 0: the model's own rates; 1: parity
    decided = select_at_rates(table["y_score"], group, rates=wanted)
    errors = {name: (decided != table[y]).groupby(group).mean() for name, y in LABELS.items()}
    rows += [{"labels": name, "world": world, "step": step, "gap": wanted["a"] - wanted["b"], "total": e.sum(), **e} for name, e in errors.items()]  # fmt: skip
sweep = pd.DataFrame(rows)

# %%
first, last = (sweep[sweep["step"] == step].set_index(["labels", "world"]) for step in (0, 1))
changes = (last - first).reset_index()  # of the same patients in the same world
change = over_seeds(changes, "total", by="labels")
bound = np.mean([abs(np.subtract(*world.groupby("group")["y"].mean())) for world in worlds])
fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), layout="constrained")
plot_errors_by_gap(sweep, forbidden=bound, ax=left)
plot_runs(changes, "total", by="labels", ax=right).set(
    xlabel="change in error of a + error of b,\nparity less the model's own decisions"
)
right.axvline(0, color="black", linewidth=0.8)
right.locator_params(axis="x", nbins=5)
show(fig, alt="Left: sum of the errors over the gap, by both labels, far above a grey triangle of what is impossible. Right: change at parity, "
     + ", ".join(f"{name} {row['mean']:+.3f}" for name, row in change.iterrows()) + ".")  # fmt: skip

# %%
moves = {name: "rises" if row["low"] > 0 else "falls" if row["high"] < 0 else "may rise or fall" for name, row in change.iterrows()}  # fmt: skip
said = {name: f"**{moves[name]}** ({row['mean']:+.3f}, 95% interval over {WORLDS} worlds {row['low']:+.3f} to {row['high']:+.3f})" for name, row in change.iterrows()}  # fmt: skip
who = {group: over_seeds(changes, group, by="labels").loc["true labels"] for group in "ab"}
stories = "Nothing differs but the labels that errors are counted on." if len(set(moves.values())) > 1 else "The two counts cannot be told apart here."  # fmt: skip
Markdown(
    f"**Reading the figure.** On the way to parity the sum of the errors, counted by the records, {said['recorded labels']}. Counted by the truth it {said['true labels']}. {stories} "
    f"The grey triangle is our bound: by the recorded labels nobody can reach parity with a sum below {bound:.2f}.\n\n**Who pays?** By the truth the error of *a* changes by {who['a']['mean']:+.3f} "
    f"({who['a']['low']:+.3f} to {who['a']['high']:+.3f}) and that of *b* by {who['b']['mean']:+.3f} ({who['b']['low']:+.3f} to {who['b']['high']:+.3f})."
)

# %% [markdown]
# What the bound charges on recorded labels is, in this clinic, *fictional*: it is the price of no longer repeating the records'
# mistakes, for the true base rates are equal. The lines stay far above the triangle, because the notes do not say everything:
# a bound says what is impossible, it does not predict. Outside a simulator the true label is not
# observed unless somebody takes a second look (notebook 04), so that costs are usually reported by records. Ask how they were made.

# %% [markdown]
# ## 5. From a definition to a loss
#
# ### What can be trained?
#
# A model is trained by following slopes. But $R=1$ if $S\ge t$ is a step: move the weights a little, and almost always nobody's decision
# changes; the slope of a selection rate is zero. So one trains on a *surrogate*, a quantity with a slope:
#
# - the **mean-score gap** $\Delta E[S]$, or the **covariance** of $A$ and the score's logit $\log\frac{S}{1-S}$ (Zafar et al., 2017);
# - a **distance between the groups' score distributions**, such as the area between their curves $P(S\ge t)$;
# - the **softened decision**: $\sigma\bigl((S-t)/\tau\bigr)$ instead of the step, where $\sigma(x)=1/(1+e^{-x})$ and $\tau$ is the
#   width of the softening.
#
# What has the first one to do with decisions? A score of $0.7$ is above every threshold up to $0.7$, so
# $S=\int_0^1\mathbf 1[S\ge t]\,dt$.
#
# **Your step.** Take the mean in each group and subtract: what is $\Delta E[S]$?
#
# <details><summary>Open when you have it</summary>
#
# $$\Delta E[S]=\int_0^1\Delta P(S\ge t)\,dt .$$
#
# The mean-score gap is the decision gap, *averaged over all thresholds*. Gaps of opposite sign at different thresholds
# cancel in it. You decide at one threshold only.
#
# </details>

# %% [markdown] tags=["exercise"]
# ### Exercise 05.5 · Compute, before you look
#
# Everybody in group *a* has the score 0.51. In group *b* 96% have 0.49 and 4% have 0.99. Compute by hand, as *a* minus *b*: the gap in mean
# scores, the gap in selection rates at threshold 0.5, and the one at threshold 0.6.

# %% tags=["exercise"] exercise="05.5" points=2 objective="05-loss"
prediction = {
    "mean_score_gap": ...,
    "gap_at_0.5": ...,
    "gap_at_0.6": ...,
}
# %% tags=["solution"]
prediction = {
    "mean_score_gap": 0.51 - (0.96 * 0.49 + 0.04 * 0.99),
    "gap_at_0.5": 1 - 0.04,
    "gap_at_0.6": 0 - 0.04,
}
# %% tags=["check"]
check("05.5", prediction)

# %% [markdown]
# **Look for** where the hard gap jumps, and for what the softened gaps make of it at the threshold that is used.

# %%
scores, weights = [np.array([0.51]), np.array([0.49, 0.99])], [np.array([1.0]), np.array([0.96, 0.04])]


def difference(value):
    """Return the mean of a function of the score in a, less that in b."""
    return np.subtract(*(weight @ value(score) for score, weight in zip(scores, weights)))


def gap_at(threshold, width=0):
    """Return the gap in selection rates at a threshold: hard, or softened with a width."""
    return difference(lambda score: expit((score - threshold) / width) if width else score >= threshold)


T, steps = 0.5, (np.arange(1000) + 0.5) / 1000  # thresholds, each in the middle of its interval
hard = np.array([gap_at(t) for t in steps])
fig, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
ax.plot(steps, hard, color="black", label="hard decisions", linewidth=2)
for width, color in zip([0.05, 0.005], PALETTE):
    ax.plot(steps, [gap_at(t, width) for t in steps], color=color, label=f"softened, width {width}")
ax.axvline(T, color="#767676", linestyle="--", linewidth=1)
ax.set(xlabel="threshold t", ylabel="gap in selection rates, a − b", xlim=(0.3, 1))
ax.legend(frameon=False)
show(fig, alt=f"Gap over threshold: hard decisions reach {hard.max():.2f} between the two middle scores, and {hard.min():.2f} above; a wide softening hardly sees the peak.")  # fmt: skip

# %%
surrogates = {
    "gap in mean scores": difference(lambda score: score),
    "covariance of A and logit": difference(logit) / 4,  # p (1 - p) = 1/4: groups of the same size
    "area between the curves": abs(hard).mean(),
    "softened at the threshold, width 0.05": gap_at(T, 0.05),
    "softened at the threshold, width 0.005": gap_at(T, 0.005),
    "hard decisions": gap_at(T),
}
display(pd.Series(surrogates, name="value").map("{:z.3f}".format).to_frame())
crowd = rng.integers(1001, size=(2, 50)) / 1000
apart = np.mean([np.subtract(*(crowd >= t).mean(axis=1)) for t in steps]) - np.subtract(*crowd.mean(axis=1))
Markdown(
    f"**Reading the figure and the table.** Averaged over all thresholds, the hard gap is {hard.mean():z.3f}, the gap in means: what *a* has between the two middle scores, *b* has above. (For random scores the two agree as "
    f"well, to {abs(apart):.0e}.) At the threshold that is used it is {gap_at(T):.2f}. A wide softening sees {gap_at(T, 0.05):.2f} of it, a narrow one {gap_at(T, 0.005):.2f}."
)

# %% [markdown]
# The covariance with the logit even has the *other sign*: a score near one has a very large logit. The area between the curves is above
# zero, as it is whenever the distributions differ, but small. Softening helps only if its width is small beside the distance of the
# scores from the threshold; too small, and the slope is zero again almost everywhere. So soften *at the threshold* that will be used, and always *measure the hard gap* beside it.

# %% [markdown]
# ### A batch is not the training set
#
# A penalty such as $\lambda\,(\Delta r)^2$ is computed on mini-batches. Let $\hat g$ be the gap in a batch and $g$ the true
# one, with $E[\hat g]=g$.
#
# 1. **Your step.** By the definition of the variance, what is $E[\hat g^2]$?
# 2. **Your step.** Split the batch into two halves, drawn independently, with gaps $\hat g_1$ and $\hat g_2$. What is $E[\hat g_1\hat g_2]$?
#
# <details><summary>Open when you have it</summary>
#
# $$E[\hat g^2]=g^2+\operatorname{Var}(\hat g),\qquad E[\hat g_1\hat g_2]=E[\hat g_1]\,E[\hat g_2]=g^2 .$$
#
# </details>
#
# **Before you run the next cell, predict:** groups are selected at rates $0.4$ and $0.5$, so that $g^2$ is $0.01$. One person in eight
# belongs to the smaller group. What does a batch of 32 report, on average?

# %%
rate_a, rate_b = 0.4, 0.5
target = (rate_a - rate_b) ** 2
n_b = rng.binomial(32, 1 / 8, size=BATCHES)
n_b = n_b[(n_b > 0) & (n_b < 32)]  # without both groups there is no gap
naive = (rng.binomial(32 - n_b, rate_a) / (32 - n_b) - rng.binomial(n_b, rate_b) / n_b) ** 2
variance = rate_a * (1 - rate_a) * np.mean(1 / (32 - n_b)) + rate_b * (1 - rate_b) * np.mean(1 / n_b)
halves = np.prod([rng.binomial(14, rate_a, BATCHES) / 14 - rng.binomial(2, rate_b, BATCHES) / 2 for _ in "12"], axis=0)
half_width = 1.96 * halves.std() / np.sqrt(BATCHES)
display(pd.Series({"true squared gap": target, "squared gap of a batch, mean": naive.mean(), "product of two halves, mean": halves.mean()}).map("{:.4f}".format).to_frame("value"))  # fmt: skip

eight = {"a": np.array([1, 1, 0, 1]), "b": np.array([0, 1, 0, 0])}  # a training set of eight people


def gap_of(rows_a, rows_b):
    """Return the gap among these people of a and these of b."""
    return eight["a"][list(rows_a)].mean() - eight["b"][list(rows_b)].mean()


pairs = product(combinations(range(4), 2), repeat=2)  # every half of a with every half of b
disjoint = np.mean([gap_of(a, b) * gap_of(set(range(4)) - set(a), set(range(4)) - set(b)) for a, b in pairs])
below = sum(group.var(ddof=1) / len(group) for group in eight.values())
inside = "inside" if abs(halves.mean() - target) <= half_width else "outside"
Markdown(
    f"**Reading the table.** The square of a batch's gap is {naive.mean():.3f} on average, as the equation says ({target + variance:.3f}): {naive.mean() / target:,.0f} times the true value, and far outside the interval that follows. The product of two halves, each with 14 people of the "
    f"large group and 2 of the small one, is {halves.mean():.4f} ± {half_width:.4f} (95%): the true {target:.4f} is {inside} that interval. **Drop the condition** *drawn independently*: cut eight people into two halves without a person in common. "
    f"Over all such cuts the mean product is {disjoint:z.4f}, not their squared gap of {gap_of(range(4), range(4)) ** 2:.4f}: lower by $S_a^2/N_a+S_b^2/N_b$ (here {below:.4f}), where $S^2$ is the variance within a group and $N$ its size."
)

# %% [markdown]
# Most of the batch's square is variance. A model that follows this penalty can lower the *variance* instead, by giving nearly everybody the same
# decision, while the gap stays (nine in ten and ten in ten differ by as much as four in ten and five in ten); notebook 07 tries it. The product has the right mean; single values are as noisy as before, and often negative. As for the disjoint halves: whoever is in one is
# missing in the other. They are unbiased for the *population* that the eight people come from, not for the eight. Say which draw you use. Notebook 07 trains with both penalties.

# %% [markdown]
# ### Constraint form and metric form
#
# A tolerance $\varepsilon$ can mean two things. The *metric* form: $\max_a r_a-\min_a r_a\le\varepsilon$. The *constraint* form, in
# fairlearn's *reductions* and in much theory: each group is near the rate over everybody, $|r_a-r|\le\varepsilon$ for every $a$.
#
# **Your step.** If the constraint form holds with $\varepsilon$, how large can the metric be? And the other way round?
#
# <details><summary>Open when you have it</summary>
#
# For any two groups $|r_a-r_b|\le|r_a-r|+|r-r_b|\le2\varepsilon$. The other way: $r$ is a weighted mean of the $r_a$, so it lies
# between the smallest and the largest, and $|r_a-r|\le\max-\min$. No factor is lost there.
#
# </details>
#
# Can $2\varepsilon$ really happen? One group must be $\varepsilon$ above and one $\varepsilon$ below the rate over everybody.
# **Predict** for two groups: what must their sizes be? And for three?

# %%
epsilon, sizes, rates = 0.05, {"a": 100, "b": 100, "c": 800}, {"a": 0.45, "b": 0.55, "c": 0.5}
group = np.repeat(list(sizes), list(sizes.values()))
decided = np.concatenate([np.arange(n) < round(rates[name] * n) for name, n in sizes.items()]).astype(int)
constraint = DemographicParity(difference_bound=epsilon)
constraint.load_data(
    np.zeros((len(group), 1)), decided, sensitive_features=group
)  # parity uses neither of the first two
excess = (constraint.gamma(lambda X: decided) - constraint.bound()).max()
metric = demographic_parity_difference(decided, decided, sensitive_features=group)
r, size = rng.uniform(size=(CASES, 3)), rng.dirichlet(np.ones(3), size=CASES)
away, spread = abs(r - (size * r).sum(axis=1, keepdims=True)).max(axis=1), np.ptp(r, axis=1)
broken = ((spread > 2 * away + 1e-12) | (away > spread + 1e-12)).sum()
Markdown(
    f"**Reading.** fairlearn's constraint with $\\varepsilon={epsilon}$ is {'satisfied' if excess <= 1e-9 else 'violated'}, and fairlearn's own metric of the same decisions is {metric:.2f}. Of {CASES:,} random cases with three groups "
    f"{broken} break one of the two inequalities, and the metric is up to {(spread / away).max():.2f} times the constraint's value."
)

# %% [markdown]
# With *two* groups the factor 2 needs groups of the same size: a larger one draws the overall rate to itself, and with shares $p$ and $1-p$ the gap is
# at most $\varepsilon/\max(p,1-p)$. With three groups, two small ones can stand on either side of a large third, as here. So ask which form an
# $\varepsilon$ belongs to. In this course a tolerance bounds $\max-\min$.

# %% [markdown]
# ### How a constraint is enforced
#
# We want the smallest loss $L(\theta)$ with a softened gap $g(\theta)\le\varepsilon$, where $\theta$ are the model's weights. Three ways:
#
# - a fixed **penalty**, $L+\lambda g^2$, trades one for the other; nobody knows beforehand which $\lambda$ gives which gap;
# - a **Lagrangian**, $L+\lambda\,(g-\varepsilon)$, lets $\lambda\ge0$, the *multiplier*, move: up while the gap is too large, down while there
#   is room. This is *dual ascent*;
# - the **augmented Lagrangian** adds a quadratic term, which keeps these steps from swinging.
#
# **Your step.** Dual ascent stops when $\lambda$ no longer moves. What does that say about $\lambda$ if there is room left ($g<\varepsilon$)?
# And about $g$ if $\lambda>0$?
#
# <details><summary>Open when you have it</summary>
#
# With room left, $\lambda$ is still pushed down, unless it has arrived at $0$, where it cannot go lower. If it stays above $0$, it is pushed
# neither up nor down, so $g=\varepsilon$. In one line, called *complementary slackness*:
#
# $$\lambda\ge0,\qquad g\le\varepsilon,\qquad\lambda\,(g-\varepsilon)=0 .$$
#
# And $\lambda$ is a price. At the solution $\theta$ is a minimum of $L+\lambda\,(g-\varepsilon)$, so a small step of $\theta$ does not change it: lowering
# $g$ by a small $d$ raises $L$ by $\lambda d$. Loosening the bound a little, by $d\varepsilon$, lowers the smallest loss by $\lambda\,d\varepsilon$.
#
# </details>
#
# Note that this constraint has one side: it lets Black applicants be flagged *less* often than White ones, as much as one likes. And the gap is another
# one than in section 2: softened, and on the people whom the model was fitted on.
#
# **Before you run the next cells, predict** how $\lambda$ changes as $\varepsilon$ grows, and what it is once $\varepsilon$ is above the
# gap that the HMDA model has anyway.

# %%
Z, black = np.column_stack([np.ones(len(X)), StandardScaler().fit_transform(X)]), (hmda["race"] == "Black").to_numpy()


def loss(weights):
    """Return the mean cross-entropy of the logistic regression, in nats per applicant."""
    return np.mean(np.logaddexp(0, Z @ weights) - hmda["y_true"].to_numpy() * (Z @ weights))


def flag_gap(weights, width=0.25):
    """Return the gap in flags, Black less White, softened at the threshold on the logit scale."""
    flags = expit((Z @ weights - logit(cut)) / width)
    return flags[black].mean() - flags[~black].mean()


# %%
start = np.zeros(Z.shape[1])
own = flag_gap(minimise_within(loss, flag_gap, bound=1, start=start)[0])  # no gap exceeds 1: without a bound
fits = [(bound, *minimise_within(loss, flag_gap, bound=bound, start=start)) for bound in BOUNDS]
path = pd.DataFrame([{"bound": bound, "multiplier": m, "soft gap": flag_gap(w), "hard gap": flag_gap(w, width=1e-9), "loss": loss(w)} for bound, w, m in fits])  # fmt: skip
display(path.style.format("{:z.3f}").hide(axis="index"))
show(plot_multipliers(path, own=own).figure, alt="Multiplier over bound: " + ", ".join(f"{m:.2f} at {bound:.2f}" for bound, _, m in fits) + ".")  # fmt: skip

# %%
slack, tight, slope = path[path["bound"] > own], path.iloc[0], -np.diff(path["loss"]) / np.diff(path["bound"])
rest = abs(path["multiplier"] * (path["soft gap"] - path["bound"])).max()
course = "$\\lambda$ does not fall at every step"
if path["multiplier"].is_monotonic_decreasing:
    course = "$\\lambda$ never rises as $\\varepsilon$ grows: the first steps towards parity are cheap, the last ones dear"
Markdown(
    f"**Reading the figure.** Where the bound lies above the gap that the model has anyway ({own:.2f}), nothing is asked, and the multiplier is {slack['multiplier'].max():z.2f}. Everywhere else the bound is met: $\\lambda\\,(g-\\varepsilon)$ is at most "
    f"{rest:.0e}. The multiplier is the slope of the loss: between the first two bounds the loss falls by {slope[0]:.2f} per unit of gap, and $\\lambda$ goes from {tight['multiplier']:.2f} to {path['multiplier'].iloc[1]:.2f}. Over all bounds {course}. "
    f"Mind the table: at a softened gap of {tight['soft gap']:z.2f} the *hard* gap is {tight['hard gap']:z.3f}. All this describes the {len(hmda):,} applicants that the model was fitted on ({black.sum()} of them Black), and carries no interval. What becomes of parity on others?"
)

# %% [markdown]
# ### Parity in training is not parity on others
#
# We take the HMDA scores, split the applicants at random, and choose a threshold for each group on the first half so that parity is exact *there*.
# **Predict:** how large is the gap on the second half?


# %%
gaps_on_others = []
for split in range(SPLITS):
    halves = train_test_split(hmda, test_size=0.5, stratify=hmda["race"], random_state=split)
    cuts = halves[0].groupby("race")["y_score"].quantile(1 - hmda["y_true"].mean())
    flagged = [half.assign(y_pred=(half["y_score"] > half["race"].map(cuts)).astype(int)) for half in halves]
    gaps_on_others.append(np.subtract(*flagged[1].groupby("race")["y_pred"].mean()))  # Black less White
own_half, other_half = (summarise(half, sensitive="race") for half in flagged)  # of the last split
all_gaps, sizes = np.array(gaps_on_others), halves[1]["race"].value_counts()
display(pd.DataFrame([own_half, other_half], ["chosen on these", "others"])[["gap", "gap_low", "gap_high"]].round(3))
Markdown(
    f"**Reading the table** (the last of {SPLITS} splits; {sizes['Black']} Black and {sizes['White']:,} White applicants in a half). Where the thresholds were chosen, the gap is {own_half['gap']:z.3f}: zero, as nearly as whole "
    f"people allow. On others it is {other_half['gap']:z.3f} ({other_half['gap_low']:.3f} to {other_half['gap_high']:.3f}). Over all splits the gap on others is {all_gaps.mean():+z.3f} on average; in half of the splits it is beyond "
    f"±{np.median(abs(all_gaps)):.3f}, in one of twenty beyond ±{np.quantile(abs(all_gaps), 0.95):.3f}."
)

# %% [markdown]
# Exact parity on one sample holds elsewhere only approximately, and the smaller the smaller group, the worse. Report the gap on others, with its interval. The interval of
# the first row is no substitute: it does not know that the thresholds were chosen on these very people.

# %% [markdown]
# ## 6. More than two groups, more than one attribute
#
# With $k$ groups parity asks for $k$ equal rates, and the usual summary is $\max-\min$. Two things change.
#
# **Parity by each attribute is not parity at their intersections.** Let a rule select the women of one district and the men of
# the other, and nobody else. By sex: equal. By district: equal. At the four intersections: everybody or nobody.
#
# *$\max-\min$ is never negative*, so under perfect parity its mean over samples is not zero but positive. **Your step.** For two groups, $\hat g$ has mean zero and
# standard deviation $s$, and is about normal. What is $E|\hat g|$?
#
# <details><summary>Open when you have it</summary>
#
# $E|\hat g|=s\sqrt{2/\pi}\approx0.8\,s$ (here $\pi$ is the number). With more groups it grows: the more groups, the further apart are the luckiest and the unluckiest.
#
# </details>
#
# **Before you run the next cell, predict:** COMPAS by race *and* sex has twelve groups; the smallest has two people. We draw what $\max-\min$ would be if all twelve had
# the *same* rate of high scores. Where will the measured gap lie, with all groups, and with those of at least 20 people?

# %%
people = load_compas().frame.assign(high=lambda frame: (frame["score_text"] != "Low").astype(int))
crossed = count(people, label="two_year_recid", prediction="high", sensitive=["race", "sex"]).audit()
fig, axes = plt.subplots(1, 2, figsize=(9.2, 3.2), layout="constrained", sharey=True)
seen = {}
for ax, smallest in zip(axes, (1, 20)):
    kept = crossed.by_group.query("n >= @smallest")
    measured = np.ptp(kept["selection_rate"])
    drawn = draw_spread(kept["n"], crossed.overall["selection_rate"], n_draws=CASES, seed=SEED)
    seen[smallest] = {"groups": len(kept), "measured": measured, "mean": drawn.mean(), "reached": (drawn >= measured).sum()}  # fmt: skip
    plot_spread(drawn, measured, ax=ax).set(title=f"{len(kept)} groups, the smallest of {kept['n'].min():.0f} people")
axes[0].legend(frameon=False)
show(fig, alt="Two histograms of max - min under equal rates. " + "; ".join("{groups} groups: mean {mean:.2f}, measured {measured:.2f}".format(**each) for each in seen.values()) + ".")  # fmt: skip
square = pd.DataFrame({"sex": list("wwmm"), "district": [1, 2, 1, 2], "selected": [1, 0, 0, 1]})
rate, two = 0.4, draw_spread([500, 500], 0.4, n_draws=20_000, seed=SEED)
margins = [np.ptp(square.groupby(by)["selected"].mean()) for by in ("sex", "district", ["sex", "district"])]
Markdown(
    f"**Reading the figure.** With all {seen[1]['groups']} groups the measured max − min is {seen[1]['measured']:.2f}, which looks alarming. But with groups as small as these, equal rates would give {seen[1]['mean']:.2f} on average, and {seen[1]['reached']:,} "
    f"of {CASES:,} draws reach what we measured. Among the {seen[20]['groups']} groups of at least 20 people it is {seen[20]['measured']:.2f}, and {seen[20]['reached']:,} of {CASES:,} draws reach it (their mean is {seen[20]['mean']:.2f}). A test of equal rates over all "
    f"groups gives p {format_p_value(crossed.parity_test('selection_rate', include_small=True))}. (Your step, checked: two groups of 500 at a rate of {rate:.1f} are {two.mean():.4f} apart on average; the formula says {np.sqrt(2 / np.pi * 2 * rate * (1 - rate) / 500):.4f}.)\n\n"
    f"*The rule for the women of one district and the men of the other* has a gap of {margins[0]:.0f} by sex, of {margins[1]:.0f} by district, and of {margins[2]:.0f} at the intersections."
)

# %% [markdown]
# Look at the shape on the left: with groups this small, almost any value can occur by chance. A measured $\max-\min$ says something only beside the draws for *these* group sizes,
# and a larger number may say less than a smaller one. An interval made of draws of $\max-\min$ cannot contain zero, and so cannot ask whether there is a gap: notebook 04
# shows that in depth.

# %% [markdown]
# ## 7. Find the step that is wrong
#
# Arguments about fairness circulate that look like the ones above and are not. Here are two, made up to show mistakes that are easily made.
#
# **Argument one.** *Claim: a rule that selects people with the same label at the same rate in both groups, $P(R=1\mid Y=y,A=a)=P(R=1\mid Y=y,A=b)$ for $y=0,1$, satisfies
# demographic parity.*
#
# 1. By total probability, $r_a=\sum_y P(Y=y\mid A=a)\,P(R=1\mid Y=y,A=a)$.
# 2. In the same way, $r_b=\sum_y P(Y=y\mid A=b)\,P(R=1\mid Y=y,A=b)$.
# 3. The gap is $r_a-r_b$, so it is the first sum less the second.
# 4. Both sums run over the same labels. Take the common factor out: $r_a-r_b=\sum_y P(Y=y\mid A=a)\,\bigl[P(R=1\mid Y=y,A=a)-P(R=1\mid Y=y,A=b)\bigr]$.
# 5. Each bracket is zero by assumption. So $r_a-r_b=0$.
#
# **Argument two.** *To make a score fair and just, add two terms to the loss and bring them to zero: the mean absolute error $E|S-Y|$ ("fairness") and the mean error $E[S-Y]$
# ("justice").*
#
# A tool for the first: put random numbers into each line and compare its two sides. A tool for the second: construct a population, as extreme as you like, in which the term is zero and the outcome is plainly unfair.

# %% [markdown] tags=["exercise"]
# ### Exercise 05.6 · Find the step that is wrong
#
# Argument one: `step` is the number of the first step that does not follow; `valid_if` is what would make it right:
#
# - A. equal base rates
# - B. equal group sizes
# - C. perfect predictions
# - D. binary labels
#
# Argument two: two groups of the same size, half of each with $Y=1$. Everybody in *a* has the score 0.8, everybody in *b* 0.2, and the threshold is 0.5. Compute over everybody
# `mean_error` $=E[S-Y]$ and `absolute_error` $=E|S-Y|$. Then condition on the group, which neither term does: `mean_error_a` $=E[S-Y\mid A=a]$, and `decision_gap` $=r_a-r_b$.

# %% tags=["exercise"] exercise="05.6" points=4 objective="05-critique"
critique = {
    "step": ...,  # 1 to 5
    "valid_if": ...,  # one of the four; its letter, in quotes, is enough
    "mean_error": ...,
    "absolute_error": ...,
    "mean_error_a": ...,
    "decision_gap": ...,
}
# %% tags=["solution"]
critique = {
    "step": 4,
    "valid_if": "equal base rates",
    "mean_error": 0,
    "absolute_error": 0.5,
    "mean_error_a": 0.3,
    "decision_gap": 1,
}
# %% tags=["check"]
check("05.6", critique)

# %% [markdown]
# When you have answered, look at the tools at work. Step 4 of argument one claims an equation, so random rates can judge it: those of section 2, then the
# same with the base rate of *a* in both groups, then the perfect predictor.


# %%
def sides_of_step_4(base, tpr, fpr):
    """Return the largest distance between r_a - r_b and what step 4 says it is."""
    claimed = base[0] * (tpr[0] - tpr[1]) + (1 - base[0]) * (fpr[0] - fpr[1])
    return abs(np.subtract(*(tpr * base + fpr * (1 - base))) - claimed).max()


perfect = sides_of_step_4(np.array([[0.6], [0.2]]), np.ones((2, 1)), np.zeros((2, 1)))
unequal, equal = sides_of_step_4(base, tpr, fpr), sides_of_step_4(base[[0, 0]], tpr, fpr)
crowds = {
    "scores 0.8 and 0.2": [("a", 1, 0.8), ("a", 0, 0.8), ("b", 1, 0.2), ("b", 0, 0.2)],
    "b always wrong": [("a", 1, 1), ("a", 0, 0)] * 9 + [("b", 1, 0), ("b", 0, 1)],
}
means = {}
for name, crowd in crowds.items():
    crowd = pd.DataFrame(crowd, columns=["group", "Y", "S"])
    terms = pd.DataFrame({"E[S−Y]": crowd["S"] - crowd["Y"], "E|S−Y|": abs(crowd["S"] - crowd["Y"]), "selected": crowd["S"] >= 0.5})  # fmt: skip
    means[name] = pd.concat([terms.groupby(crowd["group"]).mean(), terms.mean().to_frame("everybody").T])
first, second = means.values()
display(pd.concat(means).astype(float).map("{:z.1f}".format))
Markdown(
    f"**Reading.** *Argument one*: step 4 gives the second group the base rate of the first. Its two sides are up to {unequal:.2f} apart in our random cases; with equal base rates they agree ({equal:.0e}). The perfect predictor "
    f"meets the assumption and misses the conclusion by {perfect:.1f}. *Argument two*: in the first population the mean error over everybody is {first.loc['everybody', 'E[S−Y]']:z.1f}, and the decision gap {first.loc['a', 'selected'] - first.loc['b', 'selected']:.0f}. In the second a mean absolute error of "
    f"{second.loc['everybody', 'E|S−Y|']:.1f} looks small, and the decision about everybody in *b* is wrong. *A third kind* takes $P(Y=1\\mid R=1)$ for $P(R=1\\mid Y=1)$: of COMPAS's African-American defendants the one is "
    f"{scored.by_group['precision'].iloc[0]:.2f} and the other {scored.by_group['true_positive_rate'].iloc[0]:.2f}."
)

# %% [markdown]
# Neither term of argument two knows of groups. Repaired, both condition on the group: the error *of each group*, and the mean error *of each group*, which is called
# calibration in the large. Even repaired they speak of errors, not of parity: in the first population the absolute error is the same in both groups, and everybody in *a* and nobody in *b* is
# selected (the mean errors do differ here). For the perfect predictor of section 3, with base rates $0.6$ and $0.2$, both
# terms are zero in each group, and the gap in selection rates is $0.4$.

# %% [markdown]
# ## What you learned
#
# - A gap in selection rates is exactly the sum of three parts: different TPRs, different FPRs, different base rates. How large each part is depends on
#   what is held fixed, and on the labels, which are records `[05-decompose]`.
# - Parity and equalized odds exclude each other unless base rates are equal or the decision ignores the label; equal PPV and equal error rates
#   unless base rates are equal, or nobody is selected by mistake, or nobody rightly. "Only one kind of fairness" is no theorem `[05-collide]`.
# - The errors of the two groups add up to at least $|\Delta\pi|-|\Delta r|$. On biased records that cost is partly fictional, and outside a
#   simulator you see only the records `[05-cost]`.
# - A surrogate has a slope and misses something: other thresholds, the batch's variance, which form the tolerance means, other people than
#   those it was trained on. Measure the hard gap, elsewhere, with an interval `[05-loss]`.
# - Put random numbers into every step, and construct the population in which a term is zero and the outcome is plainly unfair `[05-critique]`.
#
# ## What this does not show
#
# - Whether parity is the *right* demand. That depends on what a selection does to people, on who was wronged before, and on the law; no equation says it.
# - That real labels are biased as ours are. In the clinic we chose by how much; for COMPAS and HMDA nobody knows the true labels.
# - What causes a gap. The three parts are bookkeeping: a base rate may itself be the result of how a group was treated, and they are one of several exact splits.
# - How well training for parity works. Here we derived what to train; the constraint was met on a small linear model only.
#
# **Next.** We know what a gap is made of. Can we close it where it begins?
# [06 · Can we mend the data?](06_mitigating_data.ipynb)
