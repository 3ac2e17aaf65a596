# ---
# jupyter:
#   labkit:
#     budget:
#       seconds: 75
#       mb: 1200
# ---

# %% [markdown]
# # 01 · Where does inequality enter the data?
#
# **You will be able to**
# - *predict* what five mechanisms do to measured rates, and recognise each from its traces `[01-mechanisms]`
# - *separate* a gap between groups from a confounder, and say what an adjustment assumes `[01-confounding]`
# - *question* a label: what does it measure, and for whom does it measure something else? `[01-label]`
# - *report* small intersectional cells with intervals, and name the smallest `[01-cells]`
# - *write* the datasheet that readers of your data need `[01-datasheet]`
#
# About 110 minutes, half of them for each part. Before this:
# [00 · Is my machine ready, and is a pretrained model already biased?](00_start_here.ipynb)
#
# A model learns from a table. Somebody decided who is in the table, what is written down about them, and what counts as
# the answer. **Part one** turns these decisions like knobs in a simulated clinic, where we know what is true. **Part
# two** looks for the same mechanisms in records about real people, where we do not.

# %%
from functools import cache

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from statsmodels.stats.proportion import proportion_confint

from labkit.audit import audit, count, plot_group_rates
from labkit.chapters.ch01 import draw_people
from labkit.comparison import over_seeds, plot_estimates, plot_sweep
from labkit.data import load_hmda, load_rand_hie, load_resume_names, load_ucb, simulate_clinic, write_datasheet
from labkit.exercises import check, hint
from labkit.plots import PALETTE, explore, show
from labkit.prose import reading

# %% tags=["parameters"]
SAMPLE_SIZE = 2000  # patients of a simulated world: so many to learn from, as many others to measure on
WORLDS = 4  # independent worlds behind every interval of part one
STEPS = [0.0, 0.3, 0.6, 0.9]  # positions of a knob
SHARES_OF_B = [0.5, 0.25, 0.1, 0.04]  # positions of the knob for representation
PROGRAMME = 0.1  # share of people for whom a care programme has room
N_BOOT = 500  # draws of people behind the intervals of the care programme

# %% [markdown]
# # Part one · A clinic where we know the truth
#
# ## Nothing is turned yet
#
# A program writes the notes of an invented clinic. Patients come from two districts: Alder is group *a*, Birch is
# group *b*. Whether a patient is ill depends on severity, age and smoking, and on chance; never on the group. Each patient
# has two labels: the *recorded* diagnosis, which a model would learn from, and the *true* one, which no real
# table has.
#
# **Before you run the next cell, predict:** all knobs are at their neutral position, so that both groups are ill equally
# often. Will the two shares in the table be equal?

# %%
clinic = simulate_clinic(n=SAMPLE_SIZE, seed=0)
for note in clinic["note"][:2]:
    display(Markdown(f"> {note}"))
table = clinic.groupby("group").agg(
    patients=("y", "size"), recorded_ill=("y", "mean"), truly_ill=("y_true_disease", "mean")
)
display(table.round(3))
pair = audit(y_true=clinic["y"], y_pred=clinic["y"], sensitive_features=clinic["group"]).pairwise("base_rate").iloc[0]
covers = pair.low <= 0 <= pair.high
Markdown(
    f"**Reading the table.** The shares differ by {pair.difference:.3f}, 95% interval {pair.low:z.3f} to {pair.high:.3f}. "
    + ("The interval contains zero, which we know to be the truth." if covers else "The interval leaves out zero, which "
       "we know to be the truth: of such intervals, one in twenty does that, by chance alone.")
    + f" One world is one draw. From here on we look at {WORLDS} independent worlds, and at the interval over them."
)  # fmt: skip

# %% [markdown]
# ## What we measure
#
# In every world we train a simple reader of notes on the *recorded* labels: words, weighed by how rare they are (TF-IDF),
# then logistic regression. It reads the notes of new patients and decides *ill* or *not ill*. We measure for each group
#
# - the share *recorded ill* and the share *truly ill*;
# - the share of *symptoms written down*, of those that came up in the conversation;
# - the **true positive rate**: of the truly ill, the share that the reader finds;
# - the **false positive rate**: of those who are not ill, the share that the reader takes for ill.
#
# `turn` turns one knob and leaves everything else as it is, to the last random number. `see` draws what happened.


# %%
def read_notes(patients, label="y"):
    """Train a reader of notes to predict a column of 0 and 1."""
    reader = make_pipeline(TfidfVectorizer(min_df=2, sublinear_tf=True), LogisticRegression(C=3))
    return reader.fit(patients["note"], patients[label])


@cache
def measure(seed, **knobs):
    """Simulate a world, train a reader on its records, and return rates on new patients: a row a group."""
    train, test = (simulate_clinic(n=SAMPLE_SIZE, seed=2 * seed + half, **knobs) for half in (0, 1))
    decided = read_notes(train).predict(test["note"])
    found = audit(y_true=test["y_true_disease"], y_pred=decided, sensitive_features=test["group"])
    rates = found.by_group.rename(columns={"base_rate": "truly ill", "selection_rate": "decided ill"})
    limits = found.intervals["true_positive_rate"]
    rates["width of its interval"] = limits["high"] - limits["low"]
    rates["recorded ill"] = test.groupby("group")["y"].mean()
    sums = test.groupby("group")[["symptoms_written", "symptoms"]].sum()
    rates["symptoms written"] = sums["symptoms_written"] / sums["symptoms"]
    return rates.rename(columns=lambda name: name.replace("_", " ")).reset_index().assign(world=seed, **knobs)


# %%
def turn(knob, positions, measured=measure):
    """Measure every world at every position of a knob."""
    return pd.concat([measured(world, **{knob: at}) for at in positions for world in range(WORLDS)], ignore_index=True)


def see(runs, knob, panels):
    """Draw a panel for each rate: its mean over worlds by position of the knob, a line a group, with intervals."""
    fig, axes = plt.subplots(1, len(panels), figsize=(9, 3.2), layout="constrained")
    last = runs[runs[knob] == runs[knob].iloc[-1]].groupby("group")[list(panels)].mean()
    for ax, (rate, unit) in zip(axes, panels.items(), strict=True):
        plot_sweep(runs, rate, over=knob, by="group", ax=ax).set_ylabel(f"{rate}\n({unit})")
    ends = ", ".join(f"{rate} {row[rate]:.2f} in {group}" for group, row in last.iterrows() for rate in panels)
    show(fig, alt=f"Rates by group against {knob.replace('_', ' ')}, with intervals over worlds. At its end: {ends}.")


def moved(runs, knob, rate, group="b"):
    """Say how a rate of a group moved from the first to the last position, with its 95% interval over worlds."""
    wide = runs[runs["group"] == group].pivot(index="world", columns=knob, values=rate)
    change = (wide[runs[knob].iloc[-1]] - wide[runs[knob].iloc[0]]).to_frame("change").assign(knob=knob)
    mean, low, high = over_seeds(change, "change", by="knob").iloc[0][["mean", "low", "high"]]
    if low == high == 0:
        return "does not move at all"
    verdict = "rises" if low > 0 else "falls" if high < 0 else "does not clearly move"
    return f"{verdict}: {mean:+z.2f} ({low:+z.2f} to {high:+z.2f})"


# %% [markdown]
# ## Knob 1 · Too few of them (`representation`)
#
# *Representation bias*: a group is missing, or there are too few of it. We turn down the share of patients from Birch.
#
# **Predict:** a note from Birch says exactly what a note from Alder says. When hardly any patient of *b* is left to
# learn from, does the reader miss more of the truly ill in *b*? And what happens to the interval of that rate?

# %%
few = turn("representation", SHARES_OF_B)
see(few, "representation", {"true positive rate": "share of the truly ill", "width of its interval": "share"})
sizes = few[few["group"] == "b"].groupby("representation")["n"].mean()
found, width = (moved(few, "representation", rate) for rate in ("true positive rate", "width of its interval"))
Markdown(
    f"**Reading the figure**, from right to left: Birch has {sizes.max():,.0f} patients a world at first, and {sizes.min():,.0f} in the end. Their true positive rate {found}. The width of one world's interval {width}. In this clinic both groups' illnesses are described in the same words, so what the reader learns from Alder may serve Birch too; an interval as wide as this one neither shows a loss nor excludes one. What is lost for sure is *knowledge about Birch*: with so few, nobody could tell whether they are treated worse. Where groups differ in how illness shows, too few examples could also cost accuracy; our clinic has no such difference, so it cannot show that."
)

# %% [markdown]
# ## Knob 2 · Not believed (`label_bias`)
#
# *Label bias*: the recorded answer is wrong more often for one group. Part of the truly ill of Birch are recorded as
# "not ill", as happens where a group's complaints are believed less often.
#
# **Predict:** the notes do not change at all, and neither does the truth. Which of our rates move?

# %%
disbelieved = turn("label_bias", STEPS)
see(disbelieved, "label_bias", {"recorded ill": "share of patients", "true positive rate": "share of the truly ill"})
Markdown(
    f"**Reading the figure.** In Birch the share recorded ill {moved(disbelieved, 'label_bias', 'recorded ill')}, while the share truly ill stays. The reader learns the records: the share "
    f"of Birch's truly ill that it finds {moved(disbelieved, 'label_bias', 'true positive rate')}. In Alder it {moved(disbelieved, 'label_bias', 'true positive rate', 'a')}. "
    "In the recorded labels Birch looks healthier than it is, and the labels alone do not say so; only a comparison with the notes, or with the truth, would."
)

# %% [markdown]
# ## Knob 3 · Not written down (`measurement_bias`)
#
# *Measurement bias*: the same thing is measured worse for some people. Symptoms of patients from Birch are left out of the
# note, or written vaguely ("feels unwell"). The diagnosis that is recorded is right.
#
# **Predict:** labels are equal in both groups now. Does the reader still miss more of the ill in Birch?

# %%
vague = turn("measurement_bias", STEPS)
see(vague, "measurement_bias", {"symptoms written": "share of those mentioned", "true positive rate": "share of the truly ill"})  # fmt: skip
Markdown(
    f"**Reading the figure.** The share of Birch's symptoms that are written {moved(vague, 'measurement_bias', 'symptoms written')}. The share recorded ill "
    f"{moved(vague, 'measurement_bias', 'recorded ill')}: nothing to see in the labels. The true positive rate in Birch {moved(vague, 'measurement_bias', 'true positive rate')}, the false positive "
    f"rate {moved(vague, 'measurement_bias', 'false positive rate')}. By what was written, the ill can be told less well from the others. "
    "No change of the model brings back a sentence that nobody wrote."
)

# %% [markdown]
# ## Knob 4 · Never came (`collection_bias`)
#
# *Collection bias*: who gets into the data depends on something that matters. Mild cases of Birch stay at home, because the
# clinic is far away or a visit costs a day's wages. The same number of patients of *b* is seen: others take their place.

# %% [markdown]
# **Predict:** among the patients of Birch who *do* come, what happens to the share that is truly ill? Write it down first;
# nobody grades it.

# %%
absent = turn("collection_bias", STEPS)
see(absent, "collection_bias", {"truly ill": "share of patients", "false positive rate": "share of those not ill"})
Markdown(
    f"**Reading the figure.** Among Birch's patients who come, the share that is truly ill {moved(absent, 'collection_bias', 'truly ill')}. The reader's "
    f"false positive rate in Birch {moved(absent, 'collection_bias', 'false positive rate')}. Every label is right and every note is complete, and still the table tells a wrong "
    "story about a district: that its people are sicker. It is only true of those who come."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 01.1 · What knob 4 did
#
# Knob 4 keeps mild cases of Birch away. Compare the figure with what you predicted: among the patients of Birch who *do*
# come, what happens to the share that is truly ill?
#
# - A. falls
# - B. stays
# - C. rises
# - D. rises in both groups

# %% tags=["exercise"] exercise="01.1" points=1 objective="01-mechanisms"
happens = ...  # one of the four; its letter, in quotes, is enough
# %% tags=["solution"]
happens = "rises"
# %% tags=["check"]
check("01.1", happens)

# %% [markdown]
# Did the reader learn that *Birch* means *ill*? Part of its false alarms may come from the patients instead: those not ill
# who still come have severe-looking notes. So three readers judge the same last patients: one that learned from a neutral
# clinic and cannot have learned anything about Birch, one that learned from patients like these but reads and learned
# notes without the district, and ours. **Predict:** how much of the rise does the first one show?


# %%
def alarms_in_birch(records, patients):
    """Return the share that a reader of some records takes for ill, of the patients of Birch who are not ill."""
    healthy = patients[(patients["group"] == "b") & (patients["y_true_disease"] == 0)]
    return read_notes(records).predict(healthy["note"]).mean()


alarm_rows = []
for world in range(WORLDS):
    last = {"n": SAMPLE_SIZE, "collection_bias": STEPS[-1]}
    neutral, later = (simulate_clinic(n=SAMPLE_SIZE, seed=2 * world + half) for half in (0, 1))
    came = simulate_clinic(seed=2 * world + 1, **last)
    masked = simulate_clinic(seed=2 * world + 1, mask_group=True, **last)
    alarm_rows += [
        {"reader": "neutral, neutral patients", "world": world, "rate": alarms_in_birch(neutral, later)},
        {"reader": "neutral", "world": world, "rate": alarms_in_birch(neutral, came)},
        {
            "reader": "trained, district deleted",
            "world": world,
            "rate": alarms_in_birch(simulate_clinic(seed=2 * world, mask_group=True, **last), masked),
        },
        {
            "reader": "trained",
            "world": world,
            "rate": alarms_in_birch(simulate_clinic(seed=2 * world, **last), came),
        },
    ]
alarm_rates = over_seeds(pd.DataFrame(alarm_rows), "rate", by="reader")
alarm_means = alarm_rates["mean"]
mix_part = alarm_means["neutral"] - alarm_means["neutral, neutral patients"]
whole_rise = alarm_means["trained"] - alarm_means["neutral, neutral patients"]
word_part = alarm_means["trained"] - alarm_means["trained, district deleted"]
alarm_rates.round(2)

# %% tags=["reading"]
reading(
    "The neutral reader takes {base:.2f} of the not ill of Birch for ill in its own clinic, and {mix:.2f} of those who "
    "come when mild cases stay away: that part of the rise, {mix_part:+.2f} of {total:+.2f}, is *case mix*, and no reader "
    "learned it. Trained without the district's name a reader stands at {deleted:.2f}, and with it at {trained:.2f}. So the "
    "word *Birch* carries the smaller part, {word_part:+.2f}.",
    base=alarm_means["neutral, neutral patients"],
    mix=alarm_means["neutral"],
    mix_part=mix_part,
    total=whole_rise,
    deleted=alarm_means["trained, district deleted"],
    trained=alarm_means["trained"],
    word_part=word_part,
)

# %% [markdown]
# ## Knob 5 · Other words that tell (`proxy_strength`)
#
# "Then leave out the group!" A *proxy* is something else that gives it away. We delete the district from every note
# (`mask_group=True`), keep a label bias for Birch, and turn up how often other places in the note, a bus stop, a pharmacy,
# lie in the patient's own district.
#
# **Predict:** the reader never sees a district's name. Can it tell the groups apart? Does its gap in decisions come back?


# %%
@cache
def measure_masked(seed, proxy_strength):
    """Like `measure`, for notes without the district's name, with biased labels; and how well a reader guesses it."""
    settings = {"proxy_strength": proxy_strength, "label_bias": 0.4, "mask_group": True}
    train, test = (simulate_clinic(n=SAMPLE_SIZE, seed=2 * seed + half, **settings) for half in (0, 1))
    in_b = [(part["group"] == "b").astype(int) for part in (train, test)]
    guessed = read_notes(train.assign(in_b=in_b[0]), "in_b").predict_proba(test["note"])[:, 1]
    rates = test.assign(decided=read_notes(train).predict(test["note"])).groupby("group")["decided"].mean()
    auc = roc_auc_score(in_b[1], guessed)
    return pd.DataFrame({"decided ill": rates, "district guessed": auc}).reset_index().assign(world=seed, proxy_strength=proxy_strength)  # fmt: skip


told = turn("proxy_strength", STEPS, measure_masked)
see(told, "proxy_strength", {"district guessed": "AUC", "decided ill": "share of patients"})

# %%
guess = told.groupby("proxy_strength")["district guessed"].mean()
Markdown(
    f"**Reading the figure.** Left, both groups share one line: the AUC of guessing the district (how often a patient of Birch gets a higher guess than one of Alder; one half is chance). It goes from {guess.iloc[0]:.2f} to "
    f"{guess.iloc[-1]:.2f}. Right: the share decided ill in Birch {moved(told, 'proxy_strength', 'decided ill')}; in Alder it {moved(told, 'proxy_strength', 'decided ill', 'a')}. Without proxies, deleting the name "
    "makes the two rates alike, by lowering Alder's as well: nobody in Birch is found more often. With proxies not even that: the reader still knows, and we have thrown away the column that would show it. "
    "Notebooks to come try to remove what a model knows, not only a column."
)

# %% [markdown]
# ## All knobs at once
#
# In life mechanisms do not come one at a time. **Look for** settings that look alike in the *recorded* labels and are not alike
# in truth. The first setting below is one: some illnesses of Birch go unrecorded, and many mild cases of Birch stay at home.
# **Predict:** which of the four pairs of marks lie together? Then move the sliders (in JupyterLab).


# %%
SHOWN = ["recorded ill", "truly ill", "true positive rate", "false positive rate"]


def draw(**knobs):
    """Draw the rates of both groups in one world, and say them in words."""
    rates = measure(0, **{name: round(value, 2) for name, value in knobs.items()}).set_index("group")
    fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
    for group, color, marker in zip("ab", PALETTE, "os"):
        ax.plot(rates.loc[group, SHOWN].astype(float), range(4), marker, color=color, label=f"group {group}")
    ax.set_yticks(range(4), SHOWN)
    ax.set(xlim=(0, 1), ylim=(3.5, -0.5), xlabel="rate (share of people), one world")
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    said = [f"{name} {rates.loc['a', name]:.2f} in a, {rates.loc['b', name]:.2f} in b" for name in SHOWN]
    return fig, "Rates of one world: " + "; ".join(said) + "."


start = {"representation": 0.3, "label_bias": 0.25, "measurement_bias": 0.0, "collection_bias": 0.65}
explore(
    draw,
    start=start,
    ranges={name: (0.05, 0.9, 0.05) if name == "representation" else (0.0, 0.9, 0.05) for name in start},
)
apart = measure(0, **start).set_index("group")[SHOWN].diff().loc["b"]
Markdown(
    f"**Reading the figure.** Birch less Alder: {', '.join(f'{name} {value:+.2f}' for name, value in apart.items())}. Whoever sees the records alone sees the first number."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 01.2 · Which knob was it?
#
# Somebody turned at most one knob. Write a function that finds out. It gets a dict such as
# `{"share_b": 0.5, "recorded": {"a": 0.45, "b": 0.44}, "true": {"a": 0.45, "b": 0.44}, "written": {"a": 1.0, "b": 0.5},
# "guess": 0.5}`: the share of *b*, the shares recorded and truly ill, the share of symptoms written, and the AUC of guessing
# the group from notes without its name. Return `"representation"`, `"label_bias"`, `"measurement_bias"`, `"collection_bias"`,
# `"proxy_strength"` or `"none"`. A turned knob moves its trace by more than 0.1; chance moves each number by less than 0.05.


# %% tags=["exercise"] exercise="01.2" points=3 objective="01-mechanisms"
def find_knob(rates):
    """Return the name of the knob that was turned."""
    return ...


# %% tags=["solution"]
def find_knob(rates):
    """Return the name of the knob that was turned."""
    gap = {name: rates[name]["a"] - rates[name]["b"] for name in ("recorded", "true", "written")}
    if abs(rates["share_b"] - 0.5) > 0.1:
        return "representation"
    if abs(gap["true"]) > 0.1:  # before label_bias: the records follow the truth
        return "collection_bias"
    if gap["recorded"] > 0.1:
        return "label_bias"
    if gap["written"] > 0.1:
        return "measurement_bias"
    return "proxy_strength" if rates["guess"] > 0.6 else "none"


# %% tags=["check"]
check("01.2", find_knob)

# %% [markdown]
# # Part two · Records about real people
#
# From here on there is no column of truth. Each section has a trap that a quick look falls into.
#
# ## Mortgages: does a gap survive adjustment?
#
# In 1990 the Federal Reserve Bank of Boston collected what lenders knew about applicants for a mortgage, because rejection
# rates differed by race and lenders said that the applicants differed too (Munnell, Tootell, Browne and McEneaney, 1996). We
# use the part that a well-known textbook uses (Stock and Watson, 2007). Race was given by the applicant, or noted at sight.
#
# **Predict:** which group is denied more often, and how much of the gap is left among applicants whose debt payments
# take the same share of their income?

# %%
hmda = load_hmda().frame.assign(race=lambda rows: rows["afam"].map({"yes": "Black", "no": "white"}))
denied = audit(y_true=hmda["deny"], y_pred=hmda["deny"], sensitive_features=hmda["race"])
pair = denied.pairwise("base_rate").iloc[0]
ax = plot_group_rates(denied, "base_rate")
ax.set_xlabel("denial rate (share of applications)")
rates, sizes = denied.by_group["base_rate"], denied.by_group["n"]
show(ax.figure, alt=f"Denial rates with intervals: Black applicants {rates['Black']:.3f}, white {rates['white']:.3f}.")
Markdown(
    f"**Reading the figure.** Denied: {rates['Black']:.1%} of {sizes['Black']:,.0f} Black and {rates['white']:.1%} of {sizes['white']:,.0f} white applicants, a difference of {pair.difference:.3f} (95% interval {pair.low:.3f} to {pair.high:.3f}). That is a fact about the records. Why is another question."
)

# %% [markdown]
# Something that differs between the groups and acts on the outcome can be one of two things. A *confounder* is not itself a
# result of how the group is treated. A *mediator* is: a credit record, say, that earlier lenders made. *Adjusting* compares
# people who are equal in it. For a confounder that takes away a distraction; for a mediator it takes away a part of the very
# effect, and what remains is only the direct part. The data do not say which of the two a column is. We adjust with a
# linear regression of the denial (a linear probability model, with standard errors that do not assume equal variances), and
# add more and more of what the lender saw. **Look for** how far the difference between Black and white applicants shrinks.

# %%
hmda["black"] = hmda["race"].eq("Black").astype(int)
hmda["loan_to_value"] = pd.cut(hmda["lvrat"], [0, 0.8, 0.95, 9], right=False, labels=["low", "middle", "high"])
added = {
    "nothing": "deny ~ black",
    "+ debt payments to income": " + pirat",
    "+ housing costs, loan to value,\ncredit record, self-employment": " + hirat + loan_to_value + chist + mhist + phist + selfemp",
    "+ mortgage insurance denied": " + insurance",
}
fits = [smf.ols("".join(list(added.values())[:row]), hmda).fit(cov_type="HC1") for row in range(1, len(added) + 1)]
rows = [[fit.params["black"], *fit.conf_int().loc["black"]] for fit in fits]
adjusted = pd.DataFrame(rows, list(added), ["difference", "low", "high"])
ax = plot_estimates(adjusted)
ax.set_xlabel("denial rate, Black less white applicants (share),\nadjusted for all down to this row")
words = ", ".join(f"{value:.3f}" for value in adjusted["difference"])
show(ax.figure, alt=f"Difference in denial rates, Black less white, from no adjustment to the fullest: {words}.")

# %%
first, payments, *_, full = adjusted.to_dict("records")
Markdown(
    f"**Reading the figure.** Among applicants with equal debt payments the difference is {payments['difference']:.3f} ({payments['low']:.3f} to {payments['high']:.3f}) instead of {first['difference']:.3f}; with everything else that we add, {full['difference']:.3f} ({full['low']:.3f} to {full['high']:.3f})."
)

# %% [markdown]
# The textbook prints 0.177 after adjusting for debt payments (Stock and Watson, 2007, ch. 11), which is our second row.
#
# What is left is *not* a measure of discrimination, and what disappeared is not proven innocent:
#
# - The columns must be the whole difference. What the lender saw and we do not see could explain more.
# - The columns must not be results of unfair treatment themselves. A credit record is made by earlier lenders; adjusting for it
#   explains away what *they* did. Denied mortgage insurance is nearly the same decision, made by somebody else.
# - People who were told not to apply are in no row.

# %% [markdown]
# ## Admissions: the gap that turns around
#
# In 1973 the University of California at Berkeley looked at its graduate admissions, because fewer women than men
# were admitted (Bickel, Hammel and O'Connell, 1975). These are the six largest departments.
#
# **Predict:** women are admitted less often overall. In how many of the six departments?

# %%
ucb = load_ucb().frame
options = {"label": None, "prediction": "admitted", "count": "n"}  # a row stands for n applications
overall = count(ucb, sensitive="gender", **options).audit()
by_department = count(ucb, sensitive=["department", "gender"], **options).audit()
rates, applied = (by_department.by_group[column].unstack() for column in ("selection_rate", "n"))
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for shift, gender, color, marker in [(-0.15, "male", PALETTE[0], "o"), (0.15, "female", PALETTE[1], "s")]:
    place, span = np.arange(len(rates)) + shift, by_department.intervals["selection_rate"].xs(gender, level="gender")
    label = f"{gender}; all departments: {overall.by_group['selection_rate'][gender]:.0%}"
    axes[0].vlines(place, span["low"], span["high"], color=color)
    axes[0].plot(place, rates[gender], marker, color=color, label=label)
    axes[1].bar(place, applied[gender], 0.3, color=color)
axes[0].legend(frameon=False)
for ax, what in zip(axes, ["admitted (share of applications)", "applications (count)"], strict=True):
    ax.set(ylabel=what, xlabel="department", xticks=range(len(rates)), xticklabels=rates.index)
higher = rates.index[rates["female"] > rates["male"]]
show(fig, alt=f"Admission rates by department: women's are higher in {', '.join(higher)}. Applications: "
     "most men apply to A and B, most women to C to F.")  # fmt: skip

# %%
gap = overall.pairwise("selection_rate").iloc[0]
pairs = by_department.pairwise("selection_rate")
pairs = pairs[pairs["a"].str[0] == pairs["b"].str[0]]  # a man and a woman of the same department
sure = [a[0] for a, low, high in zip(pairs["a"], pairs["low"], pairs["high"], strict=True) if low > 0 or high < 0]
Markdown(
    f"**Reading the figure.** Overall, women less men: {gap.difference:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}). By department women have the higher rate in {len(higher)} of {len(rates)} ({', '.join(higher)}); the interval of the difference leaves out zero only in: {', '.join(sure) or 'none'}. Right: most women applied where few of either gender are admitted. A gap that turns around when the data are split is called *Simpson's paradox*. Neither table lies: they answer different questions. And why women applied elsewhere, and why those departments had fewer places, is not in either."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 01.3 · One number that compares like with like
#
# What would the two overall rates be if men and women applied to the departments in the same proportions? Write a function
# that takes a table like `ucb` (columns `department`, `gender`, `admitted` (0 or 1) and the count `n`) and returns
# `{"male": rate, "female": rate}`: each gender's admission rates by department, averaged with the *number of all
# applications* to the department as weights.


# %% tags=["exercise"] exercise="01.3" points=2 objective="01-confounding"
def weighted_rates(table):
    """Return each gender's admission rate, averaged over departments weighted by all applications to them."""
    return ...


# %% tags=["solution"]
def weighted_rates(table):
    """Return each gender's admission rate, averaged over departments weighted by all applications to them."""
    applications = table.groupby(["department", "gender"])["n"].sum().unstack()
    admitted = table[table["admitted"] == 1].groupby(["department", "gender"])["n"].sum().unstack()
    weights = applications.sum(axis=1)
    return {
        gender: np.average(admitted[gender] / applications[gender], weights=weights) for gender in ("male", "female")
    }


# %% tags=["check"]
check("01.3", weighted_rates)

# %% [markdown]
# On `ucb` this gives 39 percent for men and 43 percent for women, the figures that a classic textbook prints (Freedman,
# Pisani and Purves, 1978). The weights are a choice; say which ones you took.

# %% [markdown]
# ## Health: is cost a measure of need?
#
# A hospital wants to offer extra care to those who need it most, and ranks patients by what their care *cost*. A system in
# use did that, and chose far fewer Black patients than their illness called for, because less had been spent on them
# (Obermeyer, Powers, Vogeli and Mullainathan, 2019). We ask the same of the RAND Health Insurance Experiment, 1974 to 1982:
# families were assigned to insurance plans at random, and both costs and health were recorded (Newhouse, 1993).
#
# The table has a row for each year of an adult; we keep each person's first one, since the two indices are the same in all
# years of a person, and a place in a programme goes to a person. `meddol` is the cost in dollars, `disea` an index of chronic diseases, `xghindx` an index of
# general health that people stated themselves (higher is better). `black` is the race of the head of the family; we leave out
# the rows in which somebody imputed a value between 0 and 1.
#
# **Predict:** do adults in Black families cost more or less? Are they sicker or healthier, by either index?

# %%
rand = load_rand_hie().frame
adults = rand[(rand["xage"] >= 18) & rand["black"].isin([0, 1])].astype({"black": int})
adults = adults.sort_values(["person", "year"]).drop_duplicates("person")  # the first year of each
by_race = adults.groupby("black").agg(
    people=("person", "size"),
    cost=("meddol", "mean"),
    diseases=("disea", "mean"),
    health=("xghindx", "mean"),
)
display(by_race.round(1))
needs = {"no measure of need": "", "equal disease index": " + disea", "equal general health": " + xghindx"}
needs |= {f"{name}, same site": terms + " + C(site)" for name, terms in needs.items()}
fits = [smf.ols("meddol ~ black" + need, adults).fit(cov_type="HC1") for need in needs.values()]
rows = [[fit.params["black"], *fit.conf_int().loc["black"]] for fit in fits]
costs = pd.DataFrame(
    rows, pd.Index(needs, name="Black less other families, dollars a year"), ["difference", "low", "high"]
)
costs.round(1)

# %%
at_health, at_site = costs.loc["equal general health"], costs.loc["equal general health, same site"]
Markdown(
    f"**Reading the tables.** Adults in Black families cost {by_race['cost'][0] - by_race['cost'][1]:.0f} dollars a year less. By the disease index they are *healthier* ({by_race['diseases'][1]:.1f} against {by_race['diseases'][0]:.1f}); by their own "
    f"account they are *less healthy* ({by_race['health'][1]:.1f} against {by_race['health'][0]:.1f}). So the answer turns on the measure: at the same general health {-at_health['difference']:.0f} dollars less were spent "
    f"on them ({-at_health['high']:.0f} to {-at_health['low']:.0f}); at the same disease index the difference runs from {costs.loc['equal disease index', 'low']:.0f} to {costs.loc['equal disease index', 'high']:+.0f}. Most Black families of the study lived in two of its six places, and care costs more in some places than in others: within the same site the difference at equal general health is {-at_site['difference']:.0f} dollars less ({-at_site['high']:.0f} to {-at_site['low']:.0f}). "
    "How the diseases of the index came to be known, its card does not say; if a doctor had to find them, it would miss those of people who see none. An index of *stated* health depends on what people call good. None of the three is need itself."
)

# %% [markdown]
# Now the programme. It has room for a tenth of all adults. **Predict:** rank them by cost, by the disease index or by general
# health. In which of the three programmes is the share of people from Black families largest?


# %%
def programme_share(measure, ascending, room=PROGRAMME):
    """Return the share of Black families' members in the programme and in the table, (1 + N_BOOT, 2): ours, then drawn."""
    ranked = adults.sort_values(measure, ascending=ascending, kind="stable")
    drawn = draw_people(ranked["person"].to_numpy(), n_boot=N_BOOT, seed=0)
    weights = np.vstack([np.ones(len(ranked)), drawn])  # (1 + N_BOOT, rows): how often each row is there
    chosen = weights * (weights.cumsum(axis=1) <= room * weights.sum(axis=1, keepdims=True))
    return np.column_stack([w @ ranked["black"] / w.sum(axis=1) for w in (chosen, weights)])


rankings = {"cost": ("meddol", False), "disease index": ("disea", False), "general health": ("xghindx", True)}
shares = {name: programme_share(*ranking) for name, ranking in rankings.items()}
limits = {name: [drawn[0, 0], *np.quantile(drawn[1:, 0], [0.025, 0.975])] for name, drawn in shares.items()}
programmes = pd.DataFrame(limits, ["share", "low", "high"]).T
ax = plot_estimates(programmes, "share", reference=adults["black"].mean())
ax.set(
    xlabel="members of Black families in the programme (share)\nvertical line: their share of all adults",
    ylabel="ranked by",
)
words = ", ".join(f"{name} {share:.3f}" for name, share in programmes["share"].items())
show(
    ax.figure,
    alt=f"Share of Black families in the programme by ranking: {words}; of all adults {adults['black'].mean():.3f}.",
)


# %%
def compare_shares(drawn):
    """Say how the programme's share compares with that of all adults, with the interval of the difference."""
    difference = drawn[:, 0] - drawn[:, 1]
    low, high = np.quantile(difference[1:], [0.025, 0.975])
    verdict = (
        "more than their share"
        if low > 0
        else "less than their share"
        if high < 0
        else "cannot be told from their share"
    )
    return f"{drawn[0, 0]:.1%}, {verdict} (difference {low:+.3f} to {high:+.3f})"


Markdown("**Reading the figure.** Of all adults, " + f"{adults['black'].mean():.1%} belong to Black families. In the programme: " +
         "; ".join(f"ranked by {name}, {compare_shares(drawn)}" for name, drawn in shares.items()) +
         ". One table, one rule, three measures of need, and the programme goes to other people each time.")  # fmt: skip

# %% [markdown] tags=["exercise"]
# ### Exercise 01.4 · Choose a measure, and answer for it
#
# Now there is money for **twice** as many: the programme has room for a fifth of all adults. Decide which measure it should
# rank by. Any choice can be defended, and each must be answered for. `programme_share(measure, ascending, room=0.2)` returns
# two columns, the share in the programme and among all adults: first as they are, then for redrawn people. Give the share of Black families' members that *your* programme would have (to three decimals), how it compares with their share
# of all adults, by the interval of the difference, and what your measure counts. People with equal values tie at the cut:
# any order of them is right.
#
# `measure_of_need`:
#
# - A. meddol
# - B. disea
# - C. xghindx
#
# `compared`:
#
# - A. more
# - B. less
# - C. cannot tell
#
# `counts`:
#
# - A. care that was received
# - B. chronic illnesses on an index
# - C. health as people state it

# %% tags=["exercise"] exercise="01.4" points=3 objective="01-label"
measure_of_need = ...  # one of the three; its letter, in quotes, is enough
share_of_black = ...  # between 0 and 1
compared = ...  # one of the three; its letter, in quotes, is enough
counts = ...  # one of the three; its letter, in quotes, is enough
# %% tags=["solution"]
measure_of_need = "xghindx"
in_a_fifth = programme_share("xghindx", ascending=True, room=0.2)
share_of_black = in_a_fifth[0, 0]
compared = "more"
counts = "health as people state it"
# %% tags=["check"]
check("01.4", {"measure": measure_of_need, "share": share_of_black, "compared": compared, "counts": counts})

# %% [markdown]
# ## Names: when the group is assigned by chance
#
# In the studies above groups differ in many ways. Here they differ by nothing but chance: in 2001 and 2002 invented applications were sent to real
# job advertisements, and a coin decided whether the name on top was typical of white or of African-American births
# (Bertrand and Mullainathan, 2004). So a difference in call-backs is *caused* by the name.
#
# **Predict:** how large is the difference? And is it the same for women's and for men's names?

# %%
resumes = load_resume_names().frame
resumes["name"] = resumes["ethnicity"].map({"cauc": "white", "afam": "African-American"})
call = resumes["call"]
parts = {"all": resumes} | {f"{gender} names": rows for gender, rows in resumes.groupby("gender")}
pairs = {
    part: audit(y_true=rows["call"], y_pred=rows["call"], sensitive_features=rows["name"]).pairwise("base_rate").iloc[0]
    for part, rows in parts.items()
}
called = audit(y_true=call, y_pred=call, sensitive_features=resumes[["name", "gender", "city"]])
ax = plot_group_rates(called, "base_rate")
ax.set(xlim=(0, 0.25), xlabel="call-backs (share of applications)")
cells, spans = called.by_group, called.intervals["base_rate"]
words = ", ".join(f"{' '.join(cell)} {rate:.3f}" for cell, rate in cells["base_rate"].items())
show(ax.figure, alt=f"Call-back rates of {len(cells)} cells with intervals: {words}.")
least = cells["n"].idxmin()
(_, women), (_, men) = list(pairs.items())[1:]
both = smf.ols("call ~ C(name) * C(gender)", resumes.assign(call=resumes["call"].astype(float))).fit(cov_type="HC1")
crossed_term = both.params.index[-1]
low, high = both.conf_int().loc[crossed_term]
alike = f"Does it cost men more than women? The difference between the two differences is {both.params[crossed_term]:+z.3f} ({low:+z.3f} to {high:+z.3f}): {'we cannot tell' if low <= 0 <= high else 'the two differ'}."
Markdown(
    f"**Reading the figure.** {pairs['all'].a} less {pairs['all'].b} names: {'; '.join(f'{part} {pair.difference:+.3f} ({pair.low:+.3f} to {pair.high:+.3f})' for part, pair in pairs.items())}. {alike} The smallest cell is *{', '.join(least)}* with {cells['n'].min():,.0f} applications: its interval runs from {spans['low'][least]:.3f} to {spans['high'][least]:.3f}. A name suggests a social class too, and the experiment cannot take that apart; nor does it say who was *hired*."
)

# %% [markdown]
# The study prints call-back rates of 9.65 and 6.45 percent for all names (Bertrand and Mullainathan, 2004, Table 1).
#
# ## Intersections: who is in the smallest cell?
#
# People belong to several groups at once. A table by race and a table by schooling could both look calm while a cell of their
# crossing does not, though this table is too small to show such a case. And cells get small quickly. **Look for** the hollow marks: fewer than 20 people.

# %%
crossing = hmda[["race", "single", "hschool"]].rename(columns={"hschool": "diploma"})
crossed = audit(y_true=hmda["deny"], y_pred=hmda["deny"], sensitive_features=crossing)
ax = plot_group_rates(crossed, "base_rate")
ax.set_xlabel("denial rate (share of applications)")
cells, spans = crossed.by_group, crossed.intervals["base_rate"]
words = ", ".join(f"{' '.join(cell)} n = {n:,.0f}" for cell, n in cells["n"].items())
show(ax.figure, alt=f"Denial rates by race, single and diploma, with intervals; cells: {words}.")
least = cells["n"].idxmin()
Markdown(
    f"**Reading the figure.** The smallest cell, *{', '.join(least)}* (race, single, diploma), holds {cells['n'][least]:.0f} people; its interval runs from {spans['low'][least]:.0%} to {spans['high'][least]:.0%}. {len(crossed.small_groups)} of {len(cells)} cells have fewer than {crossed.min_group_size} people: they are shown and not compared. Leaving them out of a report would hide that nobody knows how these applicants are treated."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 01.5 · The smallest cell, honestly
#
# Write a function that takes a table, a list of columns that define the cells, and the name of a column of 0 and 1. It returns
# a dict with the smallest cell that occurs: `n` (people in it), `rate` (share of ones), and `low` and `high`, the limits of
# Wilson's 95% interval of that share: `proportion_confint(successes, n, method="wilson")`.


# %% tags=["exercise"] exercise="01.5" points=2 objective="01-cells"
def smallest_cell(table, columns, label):
    """Return n, rate, low and high of the cell with the fewest people."""
    return ...


# %% tags=["solution"]
def smallest_cell(table, columns, label):
    """Return n, rate, low and high of the cell with the fewest people."""
    cell = table.groupby(columns)[label].agg(["size", "sum"]).sort_values("size").iloc[0]
    low, high = proportion_confint(cell["sum"], cell["size"], method="wilson")
    return {"n": cell["size"], "rate": cell["sum"] / cell["size"], "low": low, "high": high}


# %% tags=["check"]
check("01.5", smallest_cell)

# %% [markdown]
# ## A datasheet
#
# Much of the harm in part one could be *read*, if those who made the table had written down who is in it, how groups and
# labels were recorded, and what it must not be used for. Such a page is a *datasheet* (Gebru et al., 2021). Every data set of this course has one:
# [here is that of the mortgages](../datasets/hmda/card.md).
#
# A program can count columns and groups. The rest it can only ask. Here is the draft for a table that a clinic hands you:
# its waiting room, one row a patient. The clinic says: *the notes were typed by whoever was on duty; the diagnosis is the one
# in the record; we took the district from the address; patients of Birch often told us that nobody believed them.*

# %%
waiting_room = simulate_clinic(n=300, seed=11, representation=0.2, label_bias=0.3)[
    ["note", "age", "smoking", "y", "group"]
]
print(write_datasheet(waiting_room, title="The waiting room", sensitive=["group"]))

# %% [markdown] tags=["exercise"]
# ### Exercise 01.6 · Write the datasheet
#
# Answer what is still `TODO`. Give `write_datasheet` two dicts: `meanings`, from each column to what it means, and `answers`,
# from each section to your text (some ten words or more; where you do not know something, write that it is unstated). You may
# also write the whole page by hand, as one text. The check names what is missing. Whether your text is *true*, and warns a
# reader of what the clinic told you, it cannot judge: compare with the solution afterwards.

# %% tags=["exercise"] exercise="01.6" points=3 objective="01-datasheet"
datasheet = ...  # write_datasheet(waiting_room, title=..., sensitive=["group"], meanings={...}, answers={...})
# %% tags=["solution"]
meanings = {"note": "what was written at the visit", "age": "age in years", "smoking": "as the patient said",
            "y": "label: recorded diagnosis, 1 = ill, 0 = not", "group": "sensitive: district of the address, a Alder, b Birch"}  # fmt: skip
answers = {
    "What it is": "300 patients of one waiting room, a row each, with the note of their visit and the diagnosis recorded.",
    "Who collected it and why": "The clinic's staff on duty, while treating patients; not for research. Who paid is unstated.",
    "Source and licence": "Handed to us by the clinic; its terms are unstated, so ask before you pass it on.",
    "Sensitive attributes and how they were recorded": "District from the address, by the clinic; nobody was asked. "
    "People without an address, and those who moved, are in no group or in the wrong one.",
    "Known harms and limits": "Birch is a fifth of the patients. Patients of Birch say that they were not believed: recorded "
    "diagnoses may miss their illnesses, and a model that learns them will miss them too. There is no column of truth.",
    "Do not use it for": "Deciding about a patient, or comparing how healthy the two districts are.",
}
datasheet = write_datasheet(
    waiting_room, title="The waiting room", sensitive=["group"], meanings=meanings, answers=answers
)
# %% tags=["check"]
check("01.6", datasheet)

# %% [markdown]
# ## What you learned
#
# - `[01-mechanisms]` Five mechanisms leave different traces. Some are visible in recorded labels, some only in the notes, one only
#   in the width of an interval; two can cancel in the records while both do harm.
# - `[01-confounding]` Adjustment compares like with like, and assumes that the columns are complete and not themselves results of
#   unfair treatment; a gap can shrink, or turn around, and each version answers another question.
# - `[01-label]` A label measures what was recorded. Cost is not need, a diagnosis is not an illness; the choice of the measure
#   decides who gets the programme.
# - `[01-cells]` Intersections make small cells: show them with their size and interval, name the smallest, compare none.
# - `[01-datasheet]` A datasheet says who is in the table, who is not, how groups and labels came about, and what it cannot bear.
#
# **What this does not show.** How large any of the five mechanisms is in a real clinic: ours has the sizes that we gave it. That
# any lender, university or employer of these tables meant to treat people unequally: no table can say that. Who is missing
# from the tables altogether. And what happens when a model learns from them: notebook 03 shows it.
#
# **Next.** Before a model sees any of these tables, it has read very much text. What did it take from there?
# [02 · What did the model learn before we met it?](02_pretraining_bias.ipynb)
