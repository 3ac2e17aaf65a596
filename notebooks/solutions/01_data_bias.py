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
from labkit.prose import reading, verdict

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
# ## All knobs at neutral
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
# In every world we train a simple classifier of notes on the *recorded* labels: words, weighed by how rare they are (TF-IDF),
# then logistic regression. It reads the notes of new patients and decides *ill* or *not ill*. We measure for each group
#
# - the share *recorded ill* and the share *truly ill*;
# - the share of *symptoms written down*, of those that came up in the conversation;
# - the **true positive rate**: of the truly ill, the share that the classifier finds;
# - the **false positive rate**: of those who are not ill, the share that the classifier takes for ill.
#
# Intervals over worlds are Student's t, with one degree of freedom fewer than there are worlds: with few worlds they are
# wide.
#
# `turn` turns one knob and leaves everything else as it is, to the last random number. `see` draws what happened.


# %%
def read_notes(patients, label="y"):
    """Train a classifier of notes to predict a column of 0 and 1."""
    classifier = make_pipeline(TfidfVectorizer(min_df=2, sublinear_tf=True), LogisticRegression(C=3))
    return classifier.fit(patients["note"], patients[label])


@cache
def measure(seed, **knobs):
    """Train a classifier on a simulated world; return rates on new patients, by group."""
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
# learn from, does the classifier miss more of the truly ill in *b*? And what happens to the interval of that rate?

# %%
few = turn("representation", SHARES_OF_B)
see(few, "representation", {"true positive rate": "share of the truly ill", "width of its interval": "share"})
sizes = few[few["group"] == "b"].groupby("representation")["n"].mean()
most_patients, fewest_patients = sizes.max(), sizes.min()
rate_moved = moved(few, "representation", "true positive rate")
width_moved = moved(few, "representation", "width of its interval")

# %% tags=["reading"]
reading(
    "Read it from right to left: Birch has {most:,.0f} patients a world at first, and {fewest:,.0f} in the end. Their true "
    "positive rate {rate}. The width of one world's interval {width}. Both groups' illnesses are described in the same words "
    "here, so what the classifier learns from Alder may serve Birch too; the interval over worlds neither shows a loss nor "
    "excludes one. What is lost for sure is *knowledge about Birch*. Where illness shows differently, too few examples could "
    "also cost accuracy; our clinic cannot show that.",
    most=most_patients,
    fewest=fewest_patients,
    rate=rate_moved,
    width=width_moved,
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
see(
    disbelieved,
    "label_bias",
    {"recorded ill": "share of patients", "true positive rate": "share of the truly ill"},
)
recorded_moved = moved(disbelieved, "label_bias", "recorded ill")
found_in_birch = moved(disbelieved, "label_bias", "true positive rate")
found_in_alder = moved(disbelieved, "label_bias", "true positive rate", "a")

# %% tags=["reading"]
reading(
    "In Birch the share recorded ill {recorded}, while the share truly ill stays. The classifier learns the records: the "
    "share of Birch's truly ill that it finds {birch}. In Alder it {alder}; one classifier serves both districts, and the same "
    "words are now found with *not ill* more often. In the recorded labels Birch looks healthier than it is, and the labels "
    "alone do not say so; only a comparison with the notes, or with the truth, would.",
    recorded=recorded_moved,
    birch=found_in_birch,
    alder=found_in_alder,
)

# %% [markdown]
# ## Knob 3 · Not written down (`measurement_bias`)
#
# *Measurement bias*: the same thing is measured worse for some people. Symptoms of patients from Birch are left out of the
# note, or written vaguely ("feels unwell"). The diagnosis that is recorded is right.
#
# **Predict:** labels are equal in both groups now. Does the classifier still miss more of the ill in Birch?

# %%
vague = turn("measurement_bias", STEPS)
see(
    vague,
    "measurement_bias",
    {"symptoms written": "share of those mentioned", "true positive rate": "share of the truly ill"},
)
written_moved = moved(vague, "measurement_bias", "symptoms written")
labels_moved = moved(vague, "measurement_bias", "recorded ill")
found_moved = moved(vague, "measurement_bias", "true positive rate")
alarms_moved = moved(vague, "measurement_bias", "false positive rate")

# %% tags=["reading"]
reading(
    "The share of Birch's symptoms that are written {written}. The share recorded ill {labels}: nothing to see in the "
    "labels. The true positive rate in Birch {found}, the false positive rate {alarms}. By what was written, the ill can be "
    "told less well from the others. No change of the model brings back a sentence that nobody wrote.",
    written=written_moved,
    labels=labels_moved,
    found=found_moved,
    alarms=alarms_moved,
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
see(
    absent,
    "collection_bias",
    {"truly ill": "share of patients", "false positive rate": "share of those not ill"},
)
ill_moved = moved(absent, "collection_bias", "truly ill")
called_moved = moved(absent, "collection_bias", "false positive rate")

# %% tags=["reading"]
reading(
    "Among Birch's patients who come, the share that is truly ill {ill}. The classifier's false positive rate in Birch "
    "{called}. Every label is right and every note is complete, and still the table tells a wrong story about a district: "
    "that its people are sicker. It is only true of those who come.",
    ill=ill_moved,
    called=called_moved,
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
# To come depends on the district *and* on how severe a case is, which also decides who is ill. Such a common result of two
# causes is called a *collider*: among those who came the two go together, though in the districts they do not.
#
# Did the classifier learn that *Birch* means *ill*? Part of its false alarms may come from the patients instead: those not ill
# who still come have severe-looking notes. So three classifiers judge the same last patients: one that learned from a neutral
# clinic and cannot have learned anything about Birch, one that learned from patients like these but reads and learned
# notes without the district, and ours. **Predict:** how much of the rise does the first one show?


# %%
def alarms_in_birch(records, patients):
    """Return the share of Birch's patients who are not ill and are taken for ill."""
    healthy = patients[(patients["group"] == "b") & (patients["y_true_disease"] == 0)]
    return read_notes(records).predict(healthy["note"]).mean()


def compare_classifiers(world):
    """Return the shares of the classifiers in one world; all but the first judge the patients who came."""
    clinics = {
        "neutral": {},
        "last": {"collection_bias": STEPS[-1]},
        "masked": {"collection_bias": STEPS[-1], "mask_group": True},
    }
    learn = {name: simulate_clinic(n=SAMPLE_SIZE, seed=2 * world, **set_to) for name, set_to in clinics.items()}
    judge = {
        name: simulate_clinic(n=SAMPLE_SIZE, seed=2 * world + 1, **set_to) for name, set_to in clinics.items()
    }
    return {
        "neutral, neutral patients": alarms_in_birch(learn["neutral"], judge["neutral"]),
        "neutral": alarms_in_birch(learn["neutral"], judge["last"]),
        "trained, district deleted": alarms_in_birch(learn["masked"], judge["masked"]),
        "trained": alarms_in_birch(learn["last"], judge["last"]),
    }


# %%
alarms = pd.DataFrame([compare_classifiers(world) for world in range(WORLDS)]).rename_axis("world")
rise_parts = pd.DataFrame(
    {
        "case mix": alarms["neutral"] - alarms["neutral, neutral patients"],
        "learned, without the district's name": alarms["trained, district deleted"] - alarms["neutral"],
        "added by the district's name": alarms["trained"] - alarms["trained, district deleted"],
    }
)
rise_parts["case mix minus name"] = rise_parts["case mix"] - rise_parts["added by the district's name"]
each_part = rise_parts.melt(var_name="part of the rise", value_name="share")
alarms_before = alarms["neutral, neutral patients"].mean()
rise = over_seeds(each_part, "share", by="part of the rise").rename(columns={"mean": "average"})
rise[["average", "low", "high"]].round(2)

# %% tags=["reading"]
reading(
    "In its own clinic the neutral classifier takes {base:.2f} of the not ill of Birch for ill, and {mix.average:.2f} more "
    "({mix.low:.2f} to {mix.high:.2f}) when mild cases stay away. That part of the rise is *case mix*: no classifier learned "
    "it. A classifier that learned from the patients who come, without the district's name, "
    "adds {other.average:+.2f} ({other.low:+.2f} to {other.high:+.2f}). The name adds "
    "{name.average:+.2f} ({name.low:+.2f} to {name.high:+.2f}). {larger} Which part comes first is "
    "a choice, and another order would give other numbers.",
    base=alarms_before,
    mix=rise.loc["case mix"],
    other=rise.loc["learned, without the district's name"],
    name=rise.loc["added by the district's name"],
    larger=verdict(
        rise.loc["case mix minus name", "low"],
        rise.loc["case mix minus name", "high"],
        above="Case mix is the larger of the two.",
        below="The name is the larger of the two.",
        unclear="Which of the two is larger, so few worlds do not tell.",
    ),
)

# %% [markdown]
# ## Knob 5 · Other words that tell (`proxy_strength`)
#
# "Then leave out the group!" A *proxy* is something else that gives it away. We delete the district from every note
# (`mask_group=True`), keep a label bias for Birch, and turn up how often other places in the note, a bus stop, a pharmacy,
# lie in the patient's own district.
#
# **Predict:** the classifier never sees a district's name. Can it tell the groups apart? Does its gap in decisions come back?


# %%
@cache
def measure_masked(seed, proxy_strength):
    """Like `measure`, for notes without the district's name, with biased labels; and how well a classifier guesses it."""
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
guess_first, guess_last = guess.iloc[0], guess.iloc[-1]
decided_in = told.pivot(index=["proxy_strength", "world"], columns="group", values="decided ill")
gap_by_world = (decided_in["a"] - decided_in["b"]).rename("gap").reset_index()
gaps = over_seeds(gap_by_world, "gap", by="proxy_strength")
gap_first, gap_last = gaps.iloc[0].rename({"mean": "average"}), gaps.iloc[-1].rename({"mean": "average"})
in_birch = moved(told, "proxy_strength", "decided ill")
in_alder = moved(told, "proxy_strength", "decided ill", "a")
gaps[["mean", "low", "high"]].round(3)

# %% tags=["reading"]
reading(
    "Left, both groups share one line: the AUC of guessing the district (how often a patient of Birch gets a higher guess "
    "than one of Alder; one half is chance). It goes from {first_guess:.2f} to {last_guess:.2f}. Right: the share decided "
    "ill in Birch {birch}; in Alder it {alder}. Alder minus Birch is {first.average:+.2f} ({first.low:+.2f} to "
    "{first.high:+.2f}) without proxies and {last.average:+.2f} ({last.low:+.2f} to {last.high:+.2f}) with the strongest: "
    "{back}",
    first_guess=guess_first,
    last_guess=guess_last,
    birch=in_birch,
    alder=in_alder,
    first=gap_first,
    last=gap_last,
    back=verdict(
        gap_last["low"],
        gap_last["high"],
        above="the gap is back, and we have thrown away the column that would show it.",
        below="Birch is now decided ill more often.",
        unclear="so few worlds do not show whether the gap comes back.",
    ),
)

# %% [markdown]
# Without proxies, deleting the name makes the two shares nearly alike. That does not give Birch what it lost: the labels are
# still wrong, and both districts are found ill too seldom. Notebooks to come try to remove what a model knows, not only a
# column.

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

# %%
apart = measure(0, **start).set_index("group")[SHOWN].diff().loc["b"]
near = 0.05  # a pair of marks lies together when it is less than this apart
together = ", ".join(apart.index[apart.abs() < near]) or "none"
nearest, farthest = apart.abs().idxmin(), apart.abs().idxmax()
farthest_apart = apart[farthest]
apart.round(2).to_frame("Birch minus Alder")

# %% tags=["reading"]
reading(
    "Pairs less than {near} apart: {together}. The nearest pair is *{nearest}*, the farthest *{farthest}*, with "
    "{difference:+.2f}, Birch minus Alder. If you see only the records, you see only the first pair. This is one world: "
    "chance moves each of these differences.",
    near=near,
    together=together,
    nearest=nearest,
    farthest=farthest,
    difference=farthest_apart,
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
# Something that differs between the groups and acts on the outcome can be one of two things. A *confounder* is a common
# cause: it acts on the outcome, and on who is in which group, or it comes along with the group without being its result. A
# *mediator* lies between: a credit record, say, that earlier lenders made. *Adjusting* compares people who are equal in it.
# For a confounder that takes away a distraction; for a mediator it takes away a part of the very effect, and what remains
# is only the *direct* part of the *total* effect. The data do not say which of the two a column is. We adjust with a
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
first, payments, full = adjusted.iloc[0], adjusted.iloc[1], adjusted.iloc[-1]
adjusted.round(3)

# %% tags=["reading"]
reading(
    "Most of the gap is left among applicants with equal debt payments: {payments.difference:.3f} ({payments.low:.3f} to "
    "{payments.high:.3f}) instead of {first.difference:.3f}. With everything else that we add it is {full.difference:.3f} "
    "({full.low:.3f} to {full.high:.3f}).",
    payments=payments,
    first=first,
    full=full,
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
sure = pairs.loc[(pairs["low"] > 0) | (pairs["high"] < 0), "a"].str[0]
sure_in_words = ", ".join(sure) or "none"
higher_in_words = ", ".join(higher)
n_higher, n_departments = len(higher), len(rates)
pairs[["a", "b", "difference", "low", "high"]].round(3)

# %% tags=["reading"]
reading(
    "Overall, women minus men: {gap.difference:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}). By department women have the higher "
    "rate in {higher} of {departments} ({names}); the interval of the difference leaves out zero only in: {sure}. Right: most "
    "women applied where few of either gender are admitted. A gap that turns around when the data are split is called "
    "*Simpson's paradox*. Neither table lies: they answer different questions. And why women applied elsewhere, and why those "
    "departments had fewer places, is not in either.",
    gap=gap,
    higher=n_higher,
    departments=n_departments,
    names=higher_in_words,
    sure=sure_in_words,
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
# The table has a row for each year of a person; of those aged 18 or more we keep each person's first one, since a place in a programme goes to a person. The two
# indices are the same in all years of a person; the cost is not, so what follows is about the cost of the *first* year. `meddol` is the cost in dollars, `disea` an index of chronic diseases, `xghindx` an index of
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
sites = pd.crosstab(adults["site"], adults["black"], normalize="columns")  # where each group lives
n_sites = len(sites)
in_two_sites = sites[1].nlargest(2).sum()
others_in_them = sites.loc[sites[1].nlargest(2).index, 0].sum()
at_disease, at_health = costs.loc["equal disease index"], costs.loc["equal general health"]
at_site = costs.loc["equal general health, same site"]
black_mean, other_mean = by_race.loc[1], by_race.loc[0]
differs_by = {}
for index in ("disea", "xghindx"):
    of_index = smf.ols(f"{index} ~ black", adults).fit(cov_type="HC1")
    limits_of = dict(zip(["low", "high"], of_index.conf_int().loc["black"]))
    differs_by[index] = {"difference": of_index.params["black"], **limits_of}
less_disease, less_health = differs_by["disea"], differs_by["xghindx"]
sites.round(2)

# %% tags=["reading"]
reading(
    "The answer turns on the measure. By the disease index adults in Black families {diseases} "
    "({black.diseases:.1f} against {other.diseases:.1f}; difference {sick[difference]:.1f}, "
    "{sick[low]:.1f} to {sick[high]:.1f}); by their own account they {stated} ({black.health:.1f} "
    "against {other.health:.1f}; {well[difference]:.1f}, {well[low]:.1f} to {well[high]:.1f}). They cost {black.cost:.0f} dollars a year, others {other.cost:.0f}. At the same general health the "
    "difference is {health.difference:.0f} dollars ({health.low:.0f} to {health.high:.0f}); at the same disease index it is "
    "{disease.difference:.0f} ({disease.low:.0f} to {disease.high:+.0f}), so that one does not tell.",
    diseases=verdict(
        less_disease["low"],
        less_disease["high"],
        above="are *less healthy*",
        below="are *healthier*",
        unclear="are not clearly healthier or less healthy",
    ),
    stated=verdict(
        less_health["low"],
        less_health["high"],
        above="are *healthier*",
        below="are *less healthy*",
        unclear="are not clearly healthier or less healthy",
    ),
    sick=less_disease,
    well=less_health,
    black=black_mean,
    other=other_mean,
    health=at_health,
    disease=at_disease,
)

# %% tags=["reading"]
reading(
    "A part of that may be the place. Of the adults in Black families {in_two:.0%} lived in two of the {sites} sites of the "
    "study, of the others {others:.0%}. Within the same site the difference at equal general health is "
    "{site.difference:.0f} dollars ({site.low:.0f} to {site.high:.0f}) by each person's first year; with the costs of another "
    "year the interval can reach beyond zero. This is no causal effect of race: income and much "
    "else differ too. How the diseases of the index came to be known, its card does not say; *stated* health depends on what "
    "people call good. None of the three is need itself.",
    in_two=in_two_sites,
    sites=n_sites,
    others=others_in_them,
    site=at_site,
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
programmes.round(3)

# %%
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
    """Return the programme's share minus that of all adults, and the limits of its interval."""
    difference = drawn[:, 0] - drawn[:, 1]
    return [difference[0], *np.quantile(difference[1:], [0.025, 0.975])]


against_all = pd.DataFrame([compare_shares(drawn) for drawn in shares.values()], list(shares))
against_all.columns = ["difference", "low", "high"]
largest_share, all_adults = programmes["share"].idxmax(), adults["black"].mean()
against_all.round(3)

# %% tags=["reading"]
reading(
    "Of all adults, {all_adults:.1%} belong to Black families. Their share of the programme is largest when it ranks by "
    "{largest}: {by_health[share]:.1%} by general health, {by_cost[share]:.1%} by cost, {by_disease[share]:.1%} by the disease "
    "index. Compared with all adults: {health} by general health, {cost} by cost, {disease} by the disease index; the table "
    "has the intervals. One table, one rule, three measures of need, and the programme goes to other people each time. Costs "
    "vary from year to year: ranked by the cost of a *later* year, the comparison can come out otherwise.",
    all_adults=all_adults,
    largest=largest_share,
    by_health=programmes.loc["general health"],
    by_cost=programmes.loc["cost"],
    by_disease=programmes.loc["disease index"],
    health=verdict(
        against_all.loc["general health", "low"],
        against_all.loc["general health", "high"],
        above="more than their share",
        below="less than their share",
        unclear="we cannot tell",
    ),
    cost=verdict(
        against_all.loc["cost", "low"],
        against_all.loc["cost", "high"],
        above="more than their share",
        below="less than their share",
        unclear="we cannot tell",
    ),
    disease=verdict(
        against_all.loc["disease index", "low"],
        against_all.loc["disease index", "high"],
        above="more than their share",
        below="less than their share",
        unclear="we cannot tell",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 01.4 · Choose a measure, and answer for it
#
# Now there is money for *twice* as many: the programme has room for a fifth of all adults. Decide which measure it should
# rank by. Any choice can be defended, and each must be answered for. `programme_share(measure, ascending, room=0.2)` returns
# two columns, the share in the programme and among all adults: first as they are, then for redrawn people. Give the share of
# Black families' members that *your* programme would have (to three decimals), how it compares with their share of all
# adults, by the interval of the difference, and what your measure counts. People with equal values tie at the cut:
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
pd.DataFrame(pairs).T[["a", "b", "difference", "low", "high"]]

# %%
called = audit(y_true=call, y_pred=call, sensitive_features=resumes[["name", "gender", "city"]])
ax = plot_group_rates(called, "base_rate")
ax.set(xlim=(0, 0.25), xlabel="call-backs (share of applications)\ndashed: share over all applications")
cells, spans = called.by_group, called.intervals["base_rate"]
words = ", ".join(f"{' '.join(cell)} {rate:.3f}" for cell, rate in cells["base_rate"].items())
show(ax.figure, alt=f"Call-back rates of {len(cells)} cells with intervals: {words}.")

# %%
by_name_and_gender = smf.ols("call ~ C(name) * C(gender)", resumes.assign(call=call.astype(float)))
both = by_name_and_gender.fit(cov_type="HC1")
low, high = both.conf_int().iloc[-1]  # the last term: the difference between the two differences
apart_by_gender = both.params.iloc[-1]
least = cells["n"].idxmin()
smallest_called = ", ".join(least)
both.conf_int().set_axis(["low", "high"], axis=1).assign(estimate=both.params).round(3)

# %% tags=["reading"]
reading(
    "{all.a} minus {all.b} names: {all.difference:+.3f} ({all.low:+.3f} to {all.high:+.3f}) over all applications, "
    "{women.difference:+.3f} for women's names and {men.difference:+.3f} for men's. Is it the same for both? The difference "
    "between the two differences is {apart:+.3f} ({low:+.3f} to {high:+.3f}): {alike}. The smallest cell is *{least}* with "
    "{n:,.0f} applications: its interval runs from {low_cell:.3f} to {high_cell:.3f}.",
    all=pairs["all"],
    women=pairs["female names"],
    men=pairs["male names"],
    apart=apart_by_gender,
    low=low,
    high=high,
    alike=verdict(low, high, above="the two differ", below="the two differ", unclear="we cannot tell"),
    least=smallest_called,
    n=cells["n"][least],
    low_cell=spans["low"][least],
    high_cell=spans["high"][least],
)

# %% [markdown]
# A name suggests a social class too, and the experiment cannot take that apart; nor does it say who was *hired*. Each
# advertisement got several applications; our intervals treat all applications as independent.
#
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

# %%
least = cells["n"].idxmin()
smallest_crossed = ", ".join(least)
n_small, n_cells = len(crossed.small_groups), len(cells)
pd.concat([cells[["n", "base_rate"]], spans], axis=1).loc[[least]].round(2)

# %% tags=["reading"]
reading(
    "The smallest cell, *{least}* (race, single, diploma), holds {n:.0f} people; its interval runs from {low:.0%} to "
    "{high:.0%}. {small} of {cells} cells have fewer than {enough} people: they are shown and not compared. Leaving them out "
    "of a report would hide that nobody knows how these applicants are treated.",
    least=smallest_crossed,
    n=cells["n"][least],
    low=spans["low"][least],
    high=spans["high"][least],
    small=n_small,
    cells=n_cells,
    enough=crossed.min_group_size,
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
# also write the whole page by hand, as one text. The check names what is missing, and asks whether the two sections that warn
# are about this table at all: what the clinic told you, and some use. Whether your text is *true*, it cannot judge: compare
# with the solution afterwards.

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
#   in how few they are, and so in the width of an interval; two can cancel in the records while both do harm.
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
