# ---
# jupyter:
#   labkit:
#     budget:
#       seconds: 60
#       mb: 1500
# ---

# %% [markdown]
# # 00 · Is my machine ready, and is a pretrained model already biased?
#
# **You will be able to**
# - *check* that this machine can run the course, and fix what is missing `[00-doctor]`
# - *place* a question about a model: which property it concerns, and which step of the pipeline `[00-map]`
# - *measure* an association in a model's embeddings, first by hand, then with a test `[00-association]`
# - *interpret* a p-value: say which chance it speaks of, and what it leaves open `[00-p-value]`
# - *audit* real decisions about people by group, and say how sure the result is `[00-audit]`
#
# About 105 minutes to read and think; the cells themselves take less than one. You need some Python, a little pandas,
# and the mean and standard deviation from statistics. You need no machine learning yet.

# %%
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from statsmodels.stats.multitest import multipletests

from labkit.audit import audit, format_p_value, group_rates, plot_group_rates
from labkit.course.doctor import check_machine
from labkit.data import load_compas
from labkit.exercises import check, hint
from labkit.language import WEAT_TESTS, effect_size, weat
from labkit.models import embed, load_foundation_model
from labkit.plots import MARKERS, PALETTE, show
from labkit.prose import choose, reading

# %% tags=["parameters"]
MODEL_NAME = "minilm"  # the model that ships with the course
TEMPLATES = ["This is {}.", "{} is here.", "The word is {}.", "They talked about {}.", "I was thinking about {}."]
N_PERMUTATIONS = 20_000  # divisions of the words behind a p-value
N_BOOT = 2000  # replicates behind an interval
ALPHA = 0.05  # intervals have confidence 1 - ALPHA
SEED = 0

# %% [markdown]
# ## How does this course work?
#
# **Your copy.** Work in the folder `work/`. `make lab` (or `labkit start`) puts a copy of every notebook there that you do
# not have yet, and never touches one that you have. So you can change anything, break anything, and delete a copy to get
# a fresh one. The originals in `notebooks/` are generated; edits there are lost.
#
# **Running.** Press Shift+Enter to run a cell and go to the next. Cells build on each other, so run them from top to
# bottom; when in doubt, choose *Kernel → Restart Kernel and Run All Cells*. The capital names above are this notebook's
# settings. Change one, run everything again, and see which statements survive: the numbers in what a cell prints are
# computed from what you ran, and some sentences change with them. Not computed are those that a publication printed, and
# the few that are said to come from a run of our own.
#
# **Predict before you run.** Each section tells you what to look for and asks what you expect. Write your answer down
# before you run the cell, best in a new cell above it. Students who predict the outcome of a demonstration understand
# it better than students who only watch it (Crouch, Fagen, Callan and Mazur, 2004). They also observe
# the outcome correctly more often, whether or not their prediction was right (Miller, Lasry, Chu and Mazur, 2013).
#
# **Exercises check themselves.** An exercise leaves dots, `...`, or broken code. Put your answer there, run the cell, then
# run the cell with `check(...)` below it. It says *correct*, or *not yet* with a hint that fits your mistake, or *not
# attempted*. Try as often as you like. When you are stuck, run `hint("00.1")` in a new cell: once for a nudge, again for
# more, a third time for the idea of the solution. Nothing later depends on your answers, so you may leave an exercise for
# another day. Solutions stand in the notebook's source, [00_start_here.py](../notebooks/solutions/00_start_here.py).
#
# **Look words up.** A term is explained where it is first needed. The [glossary](../notebooks/glossary.md) lists all of them,
# in English and Chinese.
#
# **Read the uncertainty first.** A measured difference between groups of people is a strong statement. In this course
# it always comes with the size of the groups and with an interval, and a chapter may end with "we cannot tell".

# %% [markdown]
# ## Is my machine ready?
#
# The next cell looks at everything the course needs. It changes nothing and needs no network. Each row asks one question:
#
# | row | what it asks | why it matters |
# |---|---|---|
# | Python | is it new enough? | older ones cannot read the code |
# | versions | are the packages the ones we tested? | results and even functions change between versions; each package that differs gets a row of its own |
# | model | are the weights, byte for byte, the ones we tested? | a damaged model silently gives different numbers |
# | data | are all data sets complete and unchanged? | likewise; the sha256 sum of a file is its fingerprint |
# | memory | is enough free at this moment? | a notebook that runs out of memory is stopped without an explanation |
# | disk | is there room for the course's cache folder? | embeddings are kept there, so that the second run is fast |
# | workers | can helper processes be started? | running the whole course executes several notebooks at once |
#
# **What to look for:** the column `ok`. Where it says `False`, the column `remedy` holds the command that mends it.

# %%
machine = pd.DataFrame(check_machine()).set_index("what")
to_mend = machine[~machine["ok"]]
with pd.option_context("display.max_colwidth", None):
    display(machine)
remedies = "; ".join(f"**{what}**: `{remedy}`" for what, remedy in to_mend["remedy"].items())
Markdown(
    f"Mend this first, in a terminal. {remedies}" if remedies else f"All {len(machine)} rows are `ok`. Let us start."
)

# %% [markdown]
# Outside a notebook, `labkit doctor` prints the same table. Whenever something behaves strangely later, come back here
# before you look anywhere else.

# %% [markdown] tags=["exercise"]
# ### Exercise 00.1 · What needs repair?
#
# Write a function that takes such a table (`what`, `ok` and `remedy` are columns, the other columns may be missing) and
# returns a list of the commands that repair it: only those of rows that are not ok, each once, in the order of the table.


# %% tags=["exercise"] exercise="00.1" points=2 objective="00-doctor"
def list_remedies(table):
    """Return the remedies of the rows that are not ok, each once."""
    return ...


# %% tags=["solution"]
def list_remedies(table):
    """Return the remedies of the rows that are not ok, each once."""
    return list(table.loc[~table["ok"], "remedy"].drop_duplicates())


# %% tags=["check"]
check("00.1", list_remedies)

# %% [markdown]
# ## What can go wrong with a model, and where?
#
# A *foundation model* is trained once, on very much data, and then adapted to many tasks (Bommasani et al., 2021). So
# whatever it got wrong about people is handed on to all of them. Five properties describe how such a model behaves in
# society:
#
# - **Fairness**: who gets what, and who bears the errors?
# - **Transparency**: can a person find out how a decision came about?
# - **Safety**: does the system withstand attacks and misuse, and does it keep private data private?
# - **Accountability**: who answers for a decision, and can it be traced and put right?
# - **Sustainability**: what does the system cost the environment, society and the economy, now and later?
#
# They do not live side by side in peace. In the diagram a solid arrow means *helps*, a dotted one means *strains*. The
# table below it says the same in words.
#
# ```mermaid
# flowchart LR
#     accTitle: How the five properties act on each other
#     accDescr: Transparency helps fairness and accountability. Accountability helps fairness and sustainability. Transparency and safety strain each other. Safety and sustainability strain fairness. The table below the diagram explains each arrow.
#     T(Transparency) -->|makes gaps visible| F(Fairness)
#     T -->|gives reasons to answer for| A(Accountability)
#     A -->|appeals correct errors| F
#     A -->|somebody reports the cost| U(Sustainability)
#     T <-.->|what explains also leaks| S(Safety)
#     S -.->|privacy noise hits small groups| F
#     U -.->|small models forget rare cases| F
# ```
#
# | from | to | | how |
# |---|---|---|---|
# | transparency | fairness | helps | who can see how decisions are made can see that groups are treated differently; but an explanation can also be made to hide it (Slack et al., 2020) |
# | transparency | accountability | helps | nobody can answer for a decision whose reasons nobody can find |
# | accountability | fairness | helps | a log of decisions and a way to appeal bring wrong ones to light, and put them right |
# | accountability | sustainability | helps | costs are reduced only when somebody has to state them |
# | transparency | safety | strain each other | explanations help attackers to copy a model (Milli et al., 2019), and secrecy protects it from scrutiny too |
# | safety | fairness | strains | noise that protects private data costs small groups more accuracy than large ones (Bagdasaryan, Poursaeed and Shmatikov, 2019) |
# | sustainability | fairness | strains | compressed models save energy and lose rare cases first (Hooker et al., 2020); repairing unfairness takes energy too |
#
# So "make it fair" is never the whole brief: a remedy can have a price in another property, and we will measure it.

# %% [markdown]
# The second map is the path from the world to a decision about somebody. Unfairness can enter at each step, and a
# remedy at one step need not repair what went wrong at another. **Before you read on, predict:** at which step does the *model* first
# meet a stereotype, and at which step is somebody first harmed?
#
# ```mermaid
# flowchart LR
#     accTitle: The pipeline from data to monitoring
#     accDescr: Data lead to pretraining, pretraining to fine-tuning, fine-tuning to decisions, decisions to monitoring. Monitoring leads back to fine-tuning, and decisions lead back to data. The table below the diagram says how bias enters each step.
#     D("`Data
#     01, 06`") --> P("`Pretraining
#     00, 02`")
#     P --> T("`Fine-tuning
#     03, 07`")
#     T --> E("`Decision
#     00, 04, 05, 08, 09`")
#     E --> M("`Monitoring
#     14, 15`")
#     M -->|correct the model| T
#     E -.->|decisions become the data of tomorrow| D
# ```
#
# | step | what happens | how bias enters | notebooks |
# |---|---|---|---|
# | data | people are counted, measured and labelled | some are missing, some are measured worse, some labels record a prejudice instead of a fact | **01**, **06** |
# | pretraining | the model reads very many texts | it learns who usually appears beside which words | **00**, **02** |
# | fine-tuning | it learns one task from labelled examples | it repeats the labels, errors included; group words become shortcuts | **03**, **07** |
# | decision | a threshold turns a score into yes or no | errors fall on groups unequally, whatever the score | **00**, **04**, **05**, **08**, **09** |
# | monitoring | somebody watches, logs, hears appeals, counts the cost | nobody watches, or only the average; people and the world change | **14**, 15 |
#
# The dotted arrow is the dangerous one: a person who is refused a loan never gets the chance to repay it, so the refusal
# cannot be proved wrong by later data.
#
# Numbers are notebooks of the course; those in bold exist, the others are being written. Notebooks 10 to 13 treat
# explanations, counterfactuals, generated text, attacks and privacy, and 16 your own data.
#
# The model meets stereotypes in pretraining, which the next section measures. Many people are harmed at the decision, which
# the section after it measures; some are harmed before any decision, as when their data leak or a text demeans them. One does not follow from the other.

# %% [markdown] tags=["exercise"]
# ### Exercise 00.2 · Where does it belong?
#
# Five cases. For each, write the property that is mainly concerned, and the step of the pipeline at which somebody would
# have had to act: `("property", "step")`. Letters are enough.
#
# Properties:
#
# - A. fairness
# - B. transparency
# - C. safety
# - D. accountability
# - E. sustainability
#
# Steps:
#
# - A. data
# - B. pretraining
# - C. fine-tuning
# - D. decision
# - E. monitoring
#
# Cases:
#
# - `photos`: the images from which a skin-cancer model learned show hardly any dark skin; there it misses more cancers.
# - `months`: before a model knew any task, it read texts for months, on machines that use as much electricity as a town.
# - `names`: a public model was adapted to a hospital's notes. Now it completes a sentence with a real patient's name.
# - `refusal`: a bank's clerk signs a refusal and answers for it, but nobody can tell the applicant what the score
#   was made of.
# - `nobody`: for a year an approved model has made the same error again and again. No person was named to look, and nobody
#   takes it on to put it right.

# %% tags=["exercise"] exercise="00.2" points=2 objective="00-map"
places = {
    "photos": (..., ...),  # ("property", "step"), two letters are enough
    "months": (..., ...),
    "names": (..., ...),
    "refusal": (..., ...),
    "nobody": (..., ...),
}
# %% tags=["solution"]
places = {
    "photos": ("fairness", "data"),
    "months": ("sustainability", "pretraining"),
    "names": ("safety", "fine-tuning"),
    "refusal": ("transparency", "decision"),
    "nobody": ("accountability", "monitoring"),
}
# %% tags=["check"]
check("00.2", places)

# %% [markdown]
# ## Is a pretrained model already biased?
#
# ### Words as directions
#
# A language model turns a text into a list of numbers, its *embedding*. Think of it as an arrow in a space with many
# dimensions. In its training, of which pretraining is the first part, texts that mean similar things or occur in similar
# company get arrows that point in similar directions. The
# *cosine* of the angle between two arrows $u$ and $v$ measures that:
#
# $$\cos(u, v) = \frac{u \cdot v}{\lVert u\rVert\,\lVert v\rVert}$$
#
# It is $1$ for the same direction, $0$ for a right angle, $-1$ for opposite directions. The length of the arrows cancels.
#
# The next cell loads the model and embeds all words of this section, bare and in a few sentences, at once. They are kept
# in the cache folder, so the cell is slow only once.

# %%
model = load_foundation_model(MODEL_NAME)
words = sorted({word for test in WEAT_TESTS.values() for word_list in test for word in word_list})
texts = [template.format(word) for template in ["{}", *TEMPLATES] for word in words]
vectors = dict(zip(texts, embed(model, texts, precision="float32").astype(float), strict=True))
Markdown(
    f"`{MODEL_NAME}` has {sum(weight.numel() for weight in model.encoder.parameters()) / 1e6:.1f} million weights. "
    f"Each of our {len(words)} words is now an arrow with {len(vectors[words[0]])} coordinates."
)

# %% [markdown]
# **Before you run the next cell, predict:** is *rose* nearer to *love* or to *poison*? And *cockroach*? Will unrelated
# words have a cosine near $0$?


# %%
def cosine(u, v):
    """Return the cosine of the angle between two vectors."""
    return u @ v / (np.linalg.norm(u) * np.linalg.norm(v))


rows, columns = ["rose", "orchid", "cockroach", "wasp"], ["love", "gift", "poison", "disaster"]
cosines = pd.DataFrame([[cosine(vectors[row], vectors[column]) for column in columns] for row in rows], rows, columns)
display(cosines.round(2))
found = [f"*{row}* is nearest to *{column}*" for row, column in cosines.idxmax(axis=1).items()]
smallest, largest = cosines.min().min(), cosines.max().max()
shared = ", and none is near zero, even where words have little in common" if smallest > 0.1 else ""
Markdown(
    f"**Reading the table.** {'; '.join(found)}. But the cosines run only from {smallest:.2f} to {largest:.2f}{shared}. "
    "So one cosine alone says little. We compare two."
)

# %% [markdown]
# ### From a cosine to an association
#
# Call two sets of words the *attributes* $A$ and $B$: career words (*salary, office …*) and family words (*home,
# parents …*). The association of a word $w$ is how much nearer it is to $A$ than to $B$, on average:
#
# $$s(w, A, B) = \frac{1}{|A|}\sum_{a\in A}\cos(w, a) \;-\; \frac{1}{|B|}\sum_{b\in B}\cos(w, b)$$
#
# Above $0$ the word leans towards $A$, below $0$ towards $B$. What all words share cancels in the difference.
#
# Our *targets* are first names. As names they say nothing about a career or a family, though some are words too: this
# model does not see capital letters, and *Bill* is also the bill to pay. So a lean may come from the company that these
# names keep, or from another meaning. The lists are those of Caliskan, Bryson and Narayanan
# (2017): names given mostly to boys, and mostly to girls, in the United States of the twentieth century.
#
# **Before you run the next cell, predict:** which sign does the association of *John* have, and that of *Amy*?

# %%
males, females, career, family = WEAT_TESTS["male/female names, career/family"]


def association(word):
    """Return how much nearer a word is to career words than to family words, a difference of mean cosines."""
    to_career = np.mean([cosine(vectors[word], vectors[other]) for other in career])
    to_family = np.mean([cosine(vectors[word], vectors[other]) for other in family])
    return to_career - to_family


by_hand = {name: association(name) for name in (males[0], females[0])}
leaning = {name: "career" if value > 0 else "family" for name, value in by_hand.items()}
sentences = [f"*{name}* leans to **{leaning[name]}** words ({value:+.3f})" for name, value in by_hand.items()]
Markdown(f"{' and '.join(sentences)}. Two names are not a finding; next, all {len(males) + len(females)}.")

# %% [markdown]
# `labkit.language.weat` does the same for all names at once. **What to look for:** do the two kinds of names separate,
# or do they overlap? And how large are these numbers, compared with the cosines in the table above?

# %%
options = {"n_permutations": N_PERMUTATIONS, "n_boot": N_BOOT, "confidence": 1 - ALPHA, "seed": SEED}
names = weat(model, (males, females), (career, family), **options)
ordered = names.words.sort_values("association").reset_index(drop=True)
assert all(np.isclose(row["association"], association(row["word"])) for _, row in ordered.iterrows())  # as by hand

among_upper = int((ordered["target"].tail(len(males)) == 0).sum())
fig, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for target, label in enumerate(["names given mostly to boys", "names given mostly to girls"]):
    chosen = ordered[ordered["target"] == target]
    ax.plot(chosen["association"], chosen.index, MARKERS[target], color=PALETTE[target], label=label)
ax.axvline(0, color="black", linewidth=0.8)
ax.set_yticks(ordered.index, ordered["word"])
ax.set(xlabel="← nearer to family words | nearer to career words →\nassociation (difference of mean cosines)")
ax.set_ylabel("first name")
ax.legend(frameon=False, loc="lower right")
show(
    fig,
    alt=f"Dot plot of {len(ordered)} first names by association, from {ordered['association'].min():.2f} (family) to "
    f"{ordered['association'].max():.2f} (career). Of the upper {len(males)}, {among_upper} are given mostly to boys.",
)

# %%
gap = names.words.groupby("target")["association"].mean()
Markdown(
    f"**Reading the figure.** Of the {len(males)} names that lean most to career, {among_upper} are given mostly to boys; "
    f"about {len(males) * len(males) / len(ordered):.0f} would be if names and lean had nothing to do with each other. The "
    f"means of the two kinds differ by {gap[0] - gap[1]:+.3f}, while the cosines above ran from {smallest:.2f} to "
    f"{largest:.2f}. Is that much? We need a yardstick, and we need to know what chance alone would do."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 00.3 · Repair an association
#
# This function should return $s(w, A, B)$ for any vectors. It runs, and for two sets of the same size even its sign is
# right. But give it more words in one set than in the other, and that set wins. Repair it.


# %% tags=["exercise"] exercise="00.3" points=2 objective="00-association"
def lean(word, a, b):
    """Return how much nearer a vector is to the vectors in a than to those in b, on average."""
    return np.sum([cosine(word, other) for other in a]) - np.sum([cosine(word, other) for other in b])


# %% tags=["solution"]
def lean(word, a, b):
    """Return how much nearer a vector is to the vectors in a than to those in b, on average."""
    return np.mean([cosine(word, other) for other in a]) - np.mean([cosine(word, other) for other in b])


# %% tags=["check"]
check("00.3", lean)

# %% [markdown]
# ### A yardstick: the effect size
#
# Divide the difference between the two target sets $X$ and $Y$ by the standard deviation of all their associations:
#
# $$d = \frac{\operatorname{mean}_{x\in X} s(x, A, B) - \operatorname{mean}_{y\in Y} s(y, A, B)}
# {\operatorname{std}_{w\in X\cup Y} s(w, A, B)}$$
#
# $d$ has no unit; for two sets of the same size it cannot leave the range from $-2$ to $2$. At $0$ the sets do not differ on average; at $1$ their
# means are one standard deviation apart. This is the *word-embedding association test*, WEAT for short.
#
# ### What would chance do?
#
# Suppose the label *mostly boys* or *mostly girls* meant nothing to the model. Then any other way to divide these names
# into two sets of the same sizes would be just as good as ours. So we try the other ways, and count how often such a
# meaningless division gives an effect at least as large as ours. That share is the **p-value** of a *permutation test*.
#
# **Before you run the next cell, predict:** in how many of one hundred random divisions will the effect be as large?

# %%
values = names.words["association"].to_numpy()  # (n,): boys' names first
first = np.array(list(combinations(range(len(values)), len(males))))  # every way to choose the first set
chance = [effect_size(values[chosen], np.delete(values, chosen)) for chosen in first]
extreme = int(np.sum(np.array(chance) >= names.effect_size - 1e-9))  # ours is one of them

fig, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
ax.hist(chance, bins=50, color="#BBBBBB", label=f"all {len(chance):,} divisions of the names")
ax.axvline(names.effect_size, color=PALETTE[1], linewidth=2, label=f"our division: d = {names.effect_size:.2f}")
ax.set(xlabel="effect size d (standard deviations)", ylabel="number of divisions")
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
show(
    fig,
    alt=f"Histogram of the effect sizes of {len(chance):,} divisions, a hill around 0. Our division lies at "
    f"{names.effect_size:.2f}; {extreme:,} divisions lie there or beyond.",
)

# %%
divisions, confidence = len(chance), 1 - ALPHA
p_by_hand, tries_all = extreme / divisions, divisions <= N_PERMUTATIONS
in_a_hundred = 100 * p_by_hand
pd.DataFrame({"p": [p_by_hand, names.p_value]}, index=["by hand", "labkit"]).round(4)

# %% tags=["reading"]
reading(
    "The gray hill is what chance does. Our division has d = {names.effect_size:.2f}, and {extreme:,} of {divisions:,} "
    "divisions reach at least that, or {hundred:.1f} in a hundred: p = {p:.3f}. This counts in one direction only, the "
    "*one-sided* p-value. `weat` {how} and says {names.p_value:.3f}. Other names of the same kind would have given another "
    "effect: with the attribute words as they are, the {confidence:.0%} interval of d runs from {interval[0]:.2f} to "
    "{interval[1]:.2f}.",
    names=names,
    extreme=extreme,
    divisions=divisions,
    hundred=in_a_hundred,
    p=p_by_hand,
    how=choose(
        tries_all,
        "tries all of them too",
        otherwise="draws some of them at random",
    ),
    confidence=confidence,
    interval=names.interval,
)

# %% [markdown]
# ### Four questions instead of one
#
# Flowers and insects come first. This test harms nobody, and hardly anybody doubts the answer: it shows that the
# method finds an association where there is one. Then the names; then school subjects (mathematics or the arts, and
# science or the arts) with words such as *he, brother* and *she, sister*.
#
# Whoever asks four questions has four chances of a false alarm. *Holm's* method raises the p-values so that the chance of
# even one false alarm among all of them stays below the level we chose, `ALPHA`.
#
# **Before you run the next cell, predict:** which effect is the largest, and which will we be unable to tell from
# chance?


# %%
def run_tests(template="{}"):
    """Run every test with its words in a template; return a row a test."""
    rows = []
    for test, (x, y, a, b) in WEAT_TESTS.items():
        found = weat(model, (x, y), (a, b), template=template, **options)
        rows.append((test, template, len(found.words), found.effect_size, *found.interval, found.p_value))
    return pd.DataFrame(rows, columns=["test", "template", "words", "d", "low", "high", "p"]).set_index("test")


bare = run_tests()
bare["p (Holm)"] = multipletests(bare["p"], alpha=ALPHA, method="holm")[1]
bare.drop(columns="template").round(2).assign(**{p: bare[p].map(format_p_value) for p in ("p", "p (Holm)")})

# %%
before, after = bare.index[bare["p"] < ALPHA], bare.index[bare["p (Holm)"] < ALPHA]
left = "; ".join(after) or "none"
least, most = bare.loc[bare["p"].idxmax()], bare.loc[bare["d"].idxmax()]
n_before, n_after, n_tests = len(before), len(after), len(bare)
pd.DataFrame({"tests with p below ALPHA": [n_before, n_after]}, index=["before Holm", "after"])

# %% tags=["reading"]
reading(
    "The largest effect is that of *{largest}*, d = {most.d:.2f}. {before} of {tests} tests have p below {alpha:.2f}; after "
    "Holm's correction {after} are left: {left}. The least clear one is *{unclear}*, with an interval from {least.low:.2f} "
    "to {least.high:.2f}. That is not proof of absence.",
    largest=most.name,
    most=most,
    before=n_before,
    tests=n_tests,
    alpha=ALPHA,
    after=n_after,
    left=left,
    unclear=least.name,
    least=least,
)

# %% [markdown]
# How much hangs on one name? We leave out each of the names in turn, and compute the p-value of the rest, and Holm's
# correction with it. (Of two sets of given sizes, a larger sum in the first means a larger effect, so sums will do.)


# %%
def p_without(dropped):
    """Return the permutation p-value of the names without one of them."""
    kept, boys = np.delete(values, dropped), len(males) - (dropped < len(males))
    choices = np.array(list(combinations(range(len(kept)), boys)))
    return np.mean(kept[choices].sum(axis=1) >= kept[:boys].sum() - 1e-9)


def holm_with(p):
    """Return Holm's p-value of the names when their own is p, and those of the other tests stay."""
    all_four = [p, *bare["p"].drop("male/female names, career/family")]
    return multipletests(all_four, method="holm")[1][0]


p_left = pd.Series({name: p_without(place) for place, name in enumerate(names.words["word"])})
holm_left = p_left.map(holm_with)
pd.DataFrame({"p without the name": p_left, "p (Holm)": holm_left}).round(3).sort_values("p (Holm)")

# %%
still_clear, n_lists = int((holm_left < ALPHA).sum()), len(holm_left)
lowest, highest = p_left.idxmin(), p_left.idxmax()
p_left[[lowest, highest]].round(4).to_frame("p without the name")

# %% tags=["reading"]
reading(
    "One name fewer can move the verdict. Without *{lowest}* p is {low:.3f}, without *{highest}* it is {high:.3f}; "
    "after Holm's correction {clear} of the {n} shortened lists stay below {alpha:.2f}. A result that one name decides is "
    "weak, whichever side of the line it is on.",
    lowest=lowest,
    highest=highest,
    low=p_left[lowest],
    high=p_left[highest],
    clear=still_clear,
    n=n_lists,
    alpha=ALPHA,
)

# %% [markdown]
# ### Does it depend on how we ask?
#
# Nobody feeds single words to this model in practice. So put the same words into plain sentences, which by themselves
# say nothing about flowers, careers or women (though *him is here* is not good English, and the two tests on school subjects
# put *he, him, her* into every sentence): this is SEAT, the sentence version of the test (May et al., 2019). The first
# two sentences are theirs, the others ours. In the figure X stands for the word.
#
# **Before you run the next cell, predict:** if the model "has" an association, the sentence around the word should not
# matter. Will all dots of a test lie close together, on the same side of zero?

# %%
shown, tests = ["{}", *TEMPLATES], list(WEAT_TESTS)
effects = pd.concat([bare, *(run_tests(template) for template in TEMPLATES)])
spans = effects.groupby("test", sort=False)["d"].agg(["min", "max"])
fig, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
for position, (template, color, marker) in enumerate(zip(shown, PALETTE, MARKERS, strict=False)):
    rows = effects[effects["template"] == template]
    place = np.arange(len(tests)) + (position - (len(shown) - 1) / 2) * 0.12
    ax.hlines(place, rows["low"], rows["high"], color=color, linewidth=1.4)
    ax.plot(rows["d"], place, marker, color=color, label="bare word" if template == "{}" else template.format("X"))
ax.axvline(0, color="black", linewidth=0.8)
ax.set_yticks(range(len(tests)), [test.replace(", ", "\n") for test in tests])
ax.set(xlim=(-2.05, 2.05), ylim=(len(tests) - 0.4, -0.6), xlabel="effect size d (standard deviations), with interval")
fig.legend(frameon=False, loc="outside upper center", ncols=3)
parts = [f"{test}: from {span['min']:.2f} to {span['max']:.2f}" for test, span in spans.iterrows()]
show(fig, alt=f"Effect sizes of {len(tests)} tests in {len(shown)} wordings, with intervals. {'; '.join(parts)}.")

# %%
lines = []
for test, group in effects.groupby("test", sort=False):
    turns = "estimates on both sides of zero" if group["d"].min() < 0 < group["d"].max() else "the sign holds"
    clear = f"the interval lies above zero in {(group['low'] > 0).sum()} of {len(group)} wordings"
    clear += f", below it in {(group['high'] < 0).sum()}"
    lines.append(f"- *{test}*: d from {group['d'].min():.2f} to {group['d'].max():.2f}; {turns}; {clear}")
Markdown("**Reading the figure.** Test by test:\n\n" + "\n".join(lines))

# %% [markdown]
# So an effect belongs to the model *and* the wording. But where only estimates change sign while their intervals contain
# zero, no finding has turned around: neither sign was shown. And the two tests on school subjects put ungrammatical
# sentences before the model, which is not an innocent change. If you report one wording, you chose it; show the others too.
#
# ### What this p-value means, and what it does not
#
# - **The chance it speaks of is in the words.** It asks: if these words were interchangeable, how often would a
#   random division look like this? The sampling units are words. No person was sampled, so it says nothing about how
#   many people are affected, or how badly.
# - **It is not the probability that the model is unbiased**, and one minus it is not the probability that it is biased.
# - **A small one does not mean a large effect.** It mixes the size of the effect with the number of words. Read $d$ and its
#   interval.
# - **A large one does not mean no effect.** With few words hardly anything can be shown.
# - **Researchers chose the words.** Another list is another test. These lists know two genders, leave out people who are
#   neither, and use names from one country and two or three generations; nobody called Fatima or Wei is in them.
# - **It is not a statement about decisions.** Measures on embeddings are poor predictors of how unfair the systems built on them are
#   (Goldfarb-Tarrant et al., 2021). It is a reason to look at the decisions, not a substitute for looking.

# %% [markdown] tags=["exercise"]
# ### Exercise 00.4 · A p-value by hand
#
# Four words have the associations 0.9 and 0.6 (first set) and 0.7 and 0.1 (second set). Take the difference of the means
# as the statistic, first set minus second. Work out the one-sided p-value of the permutation test over all divisions into
# two and two, to two decimals. Then choose what it says:
#
# - A. unbiased: how probable it is that the model has no bias
# - B. divisions: how large a share of the divisions has a difference at least as large as ours
# - C. people: how large a share of people is affected
# - D. size: how strong the association is

# %% tags=["exercise"] exercise="00.4" points=2 objective="00-p-value"
p_value = ...  # between 0 and 1
says = ...  # one of the four; its letter, in quotes, is enough
# %% tags=["solution"]
four = np.array([0.9, 0.6, 0.7, 0.1])
choices = [list(chosen) for chosen in combinations(range(4), 2)]  # ours, (0, 1), comes first
differences = np.array([four[chosen].mean() - np.delete(four, chosen).mean() for chosen in choices])
p_value = np.mean(differences >= differences[0] - 1e-9)
says = "divisions"
# %% tags=["check"]
check("00.4", {"p_value": p_value, "says": says})

# %%
same = [name for name in males + females if model.tokenizer.tokenize(name) == model.tokenizer.tokenize(name.lower())]
Markdown(
    f"One choice hides in the machinery: `{MODEL_NAME}` reads {len(same)} of the {len(males + females)} names exactly like "
    "their spelling in small letters" + (", so *Bill* is also the bill to pay." if "Bill" in same else ".")
)

# %% [markdown]
# ## A first audit of decisions about real people
#
# COMPAS is a score that is meant to say how likely a person under arrest is to commit another offence. Courts in Broward
# County, Florida, saw it. ProPublica obtained the scores by public-records law and matched them with court records
# (Angwin et al., 2016). In each row of the data is a person who was arrested; the columns that we use say
#
# - the **decision**: was the score *medium* or *high* (1), or *low* (0)? ProPublica drew the line there too;
# - the **label**: was this person charged with a new offence within two years (1), or not (0)?
# - the **group**: race, as the county recorded it. Nobody asked the people themselves. When we write *African-American* or
#   *Caucasian* we quote that record; many of these people would call themselves Black or white, or something else.
#
# Counts are all an audit needs. **What to look for:** the groups differ enormously in size.

# %%
compas = load_compas()
people = compas.frame.assign(
    decision=(compas.frame["score_text"] != "Low").astype(int),
    label=compas.frame["two_year_recid"],
)
outcome = people["label"].map({0: "not charged again", 1: "charged again"})
score = people["decision"].map({0: "low", 1: "medium or high"})
pd.crosstab(people["race"], [outcome, score], margins=True, margins_name="all").rename_axis(columns=["label", "score"])

# %% [markdown]
# From a row of this table we get rates. The **false positive rate** is the share of *medium or high* among the people who
# were *not* charged again: alarms that no new charge followed. The **false negative rate** is the share of
# *low* among the people who *were* charged again. The **precision** is the share of people charged again among those
# scored *medium or high*, and the **base rate** the share of people charged again among all.
#
# **Before you run the next cell, predict:** which group has the highest false positive rate? For which groups would you
# not dare to say anything?

# %%
result = audit(
    y_true=people["label"], y_pred=people["decision"], sensitive_features=people["race"],
    confidence=1 - ALPHA, seed=SEED,
)  # fmt: skip
display(group_rates(result)[["n", "false positive rate", "false negative rate", "precision", "base rate"]])
Markdown("The audit warns:\n\n" + "\n".join(f"- {warning}" for warning in result.warnings))

# %% [markdown]
# Each rate stands with its interval in brackets. † marks a group too small to compare, ‡ an interval that rests on fewer
# than two people and is not precise. The intervals are *Wilson* intervals: they stay honest where few people were counted,
# and show it by being wide. **What to look for in the figure:** does the group with the most false alarms also have the
# most misses? A hollow mark is a small group.

# %%
rates, errors = result.by_group, ["false_positive_rate", "false_negative_rate"]
described = [
    f"{group} (n = {row['n']:,.0f}): {row['false_positive_rate']:.2f} and {row['false_negative_rate']:.2f}"
    for group, row in rates.iterrows()
]
ax = plot_group_rates(result, errors)
show(ax.figure, alt=f"False positive and false negative rates by race, with intervals. {'; '.join(described)}.")

large = rates.drop(index=result.small_groups)
alarmed, missed = (large[error].idxmax() for error in errors)
limits = result.intervals["false_negative_rate"].assign(width=lambda frame: frame["high"] - frame["low"])
widest = limits.loc[limits["width"].idxmax()]
too_small = ", ".join(result.small_groups) or "none"

# %% tags=["reading"]
reading(
    "Too small to say anything about: {small}. Of the others, people recorded as *{alarmed}* have the most false alarms, and "
    "people recorded as *{missed}* the most misses. For *{group}*, the interval of the false negative rate runs from "
    "{widest.low:.2f} to {widest.high:.2f}.",
    small=too_small,
    alarmed=alarmed,
    missed=missed,
    group=widest.name,
    widest=widest,
)

# %% [markdown]
# Now the two largest groups side by side. The *Newcombe* interval belongs to the difference of two rates; where it
# contains zero, we cannot say which rate is higher. The column *p* tests something else: whether *all* groups that are
# large enough could have the same rate. Four rates are four chances of a false alarm, so the last column is Holm's.
# **Before you run the next cell, predict:** for which of the four rates do the two groups differ least?

# %%
a, b = people["race"].value_counts().index[:2]
rows = []
for metric in ("false_positive_rate", "false_negative_rate", "precision", "base_rate"):
    pair = result.pairwise(metric).query("a == @a and b == @b")[["difference", "low", "high"]]
    rows.append(pair.assign(rate=metric.replace("_", " "), p=result.parity_test(metric)))
compared = pd.concat(rows).set_index("rate").rename_axis(f"{a} − {b}")
compared["p (Holm)"] = multipletests(compared["p"], alpha=ALPHA, method="holm")[1]
in_digits = compared.round(3)
in_digits[["p", "p (Holm)"]] = compared[["p", "p (Holm)"]].map(format_p_value)
in_digits

# %%
least_apart = compared["difference"].abs().idxmin()
sizes_of_limits = compared[["low", "high"]].abs()
precision_at_most = sizes_of_limits.loc["precision"].max()
alarms_at_least = sizes_of_limits.loc["false positive rate"].min()
zero_inside = compared.index[(compared["low"] <= 0) & (compared["high"] >= 0)]
unequal = compared.index[compared["p (Holm)"] < ALPHA]
zero_in_words, unequal_in_words = ", ".join(zero_inside) or "none", ", ".join(unequal) or "none"
rates.loc[[a, b], ["false_positive_rate", "false_negative_rate", "precision"]].round(3)

# %% tags=["reading"]
reading(
    "The two groups differ least in {least}. Not charged again, and yet scored *medium or high*: "
    "{first.false_positive_rate:.1%} of the {a} people, {second.false_positive_rate:.1%} of the {b} people. Charged "
    "again, and yet scored *low*: {first.false_negative_rate:.1%} and {second.false_negative_rate:.1%}. Scored *medium "
    "or high*, and charged again: {first.precision:.1%} and {second.precision:.1%}.",
    least=least_apart,
    a=a,
    b=b,
    first=rates.loc[a],
    second=rates.loc[b],
)

# %% tags=["reading"]
reading(
    "By their intervals, the shares of false alarms are at least {alarms:.2f} apart, the precisions at most "
    "{precision:.2f}. Zero lies inside the interval of: {zero}. That is no proof of equality: a few people more or fewer would "
    "move zero out of it. The test of all large groups has p below {alpha:.2f} after Holm's correction for: {unequal}. Two "
    "groups or all groups: two questions, and not always one answer.",
    alarms=alarms_at_least,
    precision=precision_at_most,
    zero=zero_in_words,
    alpha=ALPHA,
    unequal=unequal_in_words,
)

# %% [markdown]
# ### What if each group had its own cut?
#
# Behind *low* and *medium or high* is a score from 1 to 10, and *medium or high* begins at 5. Somebody chose that cut. Below,
# you choose it, with a slider for each group: drag it, or reach it with the Tab key and move it with the arrow keys. Full
# bars are the people whom your cuts call medium or high.
#
# **Before you move a slider, predict:** are there two cuts that make false alarms equally frequent in both groups? If
# so, what happens to the precision, which with one cut for both differed less?

# %%
from labkit.audit import plot_threshold_explorer

explorer = plot_threshold_explorer(
    people["decile_score"],
    y_true=people["label"],
    sensitive_features=people["race"],
    groups=(a, b),
    start=5,
    decisions=("low", "medium or high"),
    labels=("people not charged again", "people charged again"),
    score_name="decile",
)
explorer

# %%
nearest_cuts = explorer.settings.loc["equal false positive rates"].tolist()
moved = explorer.audit(*nearest_cuts)
alarm_gap = moved.pairwise("false_positive_rate").iloc[0]
precision_gap = moved.pairwise("precision").iloc[0]
alarms_look_equal = alarm_gap["low"] <= 0 <= alarm_gap["high"]
precision_differs = precision_gap["low"] > 0 or precision_gap["high"] < 0
group_rates(moved)[["n", "false positive rate", "false negative rate", "precision"]]

# %% tags=["reading"]
reading(
    "{finding} With about as many people called medium or high as before, the nearest cuts are {cuts[0]:.0f} for "
    "{gap.a} people and {cuts[1]:.0f} for {gap.b} people. The difference in false positive rates is then "
    "{gap.difference:+.2f} (interval {gap.low:+.2f} to {gap.high:+.2f}). The button *equal false positive rates* "
    "sets these cuts.",
    finding=choose(
        alarms_look_equal,
        "Two cuts can make false alarms so nearly equal that the data no longer show a difference.",
        otherwise="No two cuts make false alarms equal, though some come closer than one cut for both.",
    ),
    cuts=nearest_cuts,
    gap=alarm_gap,
)

# %% tags=["reading"]
reading(
    "{finding} The difference in precision is {gap.difference:+.2f} (interval {gap.low:+.2f} to {gap.high:+.2f}), "
    "{gap.a} minus {gap.b}. And two people with the same score can now get different answers, because of the group that "
    "the county wrote down. The intervals cover which people were counted. They do not cover that the cuts were chosen "
    "on these same people, so on other people the two rates may come less close.",
    finding=choose(
        precision_differs,
        "Precision pays for it: *medium or high* no longer means the same in both groups.",
        otherwise="Whether precision pays for it, these data do not show.",
    ),
    gap=precision_gap,
)

# %% [markdown]
# ProPublica printed false positive rates of 44.85% and 23.45% and called the score biased (Angwin et al., 2016). The
# company that sells it answered that a score means about the same in both groups; precision at one cut is one way to ask
# that (Dieterich, Mendoza and Brennan, 2016). Both counted correctly. They asked for different kinds of fairness: where base rates differ, no decision
# that finds anybody and raises any false alarm can have the same precision, the same false positive rate and the same false
# negative rate in both groups (Chouldechova, 2017).
#
# **What these numbers do not show**
#
# - Being *charged* again is not the same as *doing* something again. Where police look more, more is found and charged, so
#   the label itself may be unequal, and with it every rate above.
# - Everybody here was arrested and scored. How people got there, and who was never arrested, is not in the table.
# - ProPublica's table keeps people who were watched for less than two years if they were charged again, and drops them if
#   they were not. With the same cut for both, 36.2% instead of 45.1% were charged again. So the precision above is too
#   high as well, while the two error rates change little (Barenstein, 2019).
# - The numbers say where errors fell. They do not say why, or who is to blame, or which rate *ought* to be equal.
# - These people were scored before their trial in one county in two years, and could be followed. The intervals treat them as a
#   draw from a larger number who might have been scored the same way; they say nothing about another county.
# - A judge decided, not the score. What the judge would have done without it, nobody knows.
# - For the smallest groups nothing is shown. Absence of evidence has a reason here: too few people were counted.

# %% [markdown] tags=["exercise"]
# ### Exercise 00.5 · Does a score mean the same for women and men?
#
# Take the same `people`, but by `sex`, which the county recorded as *Female* or *Male*. Of the people scored *medium or
# high*, which share was charged again? Give the difference of that rate, women minus men, with the limits of its 95%
# interval, as shares, not rounded to fewer than three decimals. Then decide. The check looks at whether your verdict
# follows from your interval.
#
# - A. lower for women
# - B. higher for women
# - C. cannot tell

# %% tags=["exercise"] exercise="00.5" points=3 objective="00-audit"
difference, low, high = ..., ..., ...
verdict = ...  # one of the three; its letter, in quotes, is enough
# %% tags=["solution"]
by_sex = audit(y_true=people["label"], y_pred=people["decision"], sensitive_features=people["sex"])
women_less_men = by_sex.pairwise("precision").query("a == 'Female' and b == 'Male'")
difference, low, high = women_less_men[["difference", "low", "high"]].iloc[0]
verdict = "cannot tell" if low <= 0 <= high else "lower for women" if high < 0 else "higher for women"
# %% tags=["check"]
check("00.5", {"difference": difference, "low": low, "high": high, "verdict": verdict})

# %% [markdown]
# ## What you learned
#
# - `[00-doctor]` One table says whether the machine is ready, and one command mends each row that is not.
# - `[00-map]` Five properties help and strain each other; bias enters at each step from data to monitoring, and a
#   remedy at one step need not repair another.
# - `[00-association]` An association is a difference of mean cosines; an effect size puts it on a scale; the sentence
#   around the words changes it, and so can one name fewer.
# - `[00-p-value]` A permutation p-value compares our division of the words with all others. It speaks of words, not of
#   people, and several tests need a correction.
# - `[00-audit]` Counts by group give rates; intervals say how sure they are; the precision of two groups can
#   differ little, or not clearly, while their false positive rates differ much.
#
# **What this does not show.** That the associations of this model harm anybody: we have not yet made a decision with it.
# That COMPAS has anything to do with word embeddings: it has not. And which kind of fairness ought to hold: no number can
# say that.
#
# **Next.** Before any model learns anything, somebody makes a table:
# [01 · Where does inequality enter the data?](01_data_bias.ipynb)
