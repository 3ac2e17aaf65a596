# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 175
#       mb: 2500
# ---

# %% [markdown]
# # 02 · What did the model learn before we met it?
#
# **You will be able to**
# - *measure* an association with several word lists and sentences, and *say* how far it depends on them `[02-associations]`
# - *explain* how a model learns by guessing hidden words, and *read* P(she | role) for what it is `[02-masked]`
# - *compare* what a model expects with what its corpus says, with an interval and a control `[02-corpus]`
# - *balance* a corpus by swapping, and *find* what else changes with it `[02-balance]`
# - *judge* whether a change in pretraining reaches a decision `[02-decision]`
#
# About 80 minutes. Before this: [01 · Where does inequality enter the data?](01_data_bias.ipynb)
#
# Hardly anybody trains a language model from nothing for one task. We take one that has read very much text, and what it took
# from that text comes along. We cannot look into that first reading: it is over, and we do not have its texts here. So
# we do two things. We measure what is there. Then we let a small model read sentences that we *do* have, and watch.

# %%
import re

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.multitest import multipletests

from labkit.audit import format_p_value
from labkit.chapters.ch02.differences import compare_effects
from labkit.comparison import changes_over_seeds, over_seeds, plot_runs, split_frame, summarise, tabulate_means
from labkit.data import load_bug
from labkit.exercises import check, hint
from labkit.language import (
    FEMALE_KIN,
    FEMALE_NAMES,
    MALE_KIN,
    MALE_NAMES,
    MORE_TESTS,
    TEMPLATES,
    WEAT_TESTS,
    LanguageModel,
    PretrainConfig,
    correlate,
    cut_blocks,
    guess,
    held_out_loss,
    pretrain,
    share_of_she,
    swap_half,
    swap_words,
    vary,
    weat,
)
from labkit.models import embed, load_foundation_model
from labkit.plots import MARKERS, PALETTE, explore, show
from labkit.prose import choose, reading, verdict

# %% tags=["parameters"]
SENTENCES = 8000  # real sentences that the small model reads, once for each corpus
EPOCHS = 1  # how often it reads them
BLOCKS = 2  # of the shipped model's blocks, from the lowest: how many the small model keeps
HELD_OUT = 500  # real sentences that it never reads, to measure how well it guesses words
CLINICIANS = 1600  # real sentences, half of them about nurses; half of all to measure on
SPLITS = 5  # ways to divide these
SENTENCE_FORMS = ["This is {}.", "{} is here.", "The word is {}."]
N_PERMUTATIONS = 20_000  # divisions of the words behind a p-value
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# ## Six more questions about associations
#
# Notebook 00 built the *word-embedding association test* by hand: is one set of words nearer to an attribute than
# another set? The effect size $d$ says how much nearer, in standard deviations, and a permutation p-value says how often
# a random division of the words would do as much. It asked four of the ten questions of Caliskan, Bryson and
# Narayanan (2017). Here are the other six, with their word lists.
#
# Three of them ask about first names that two studies took as typical of white and of Black people in the United States:
# a laboratory study (Greenwald, McGhee and Schwartz, 1998), and the audit study of notebook 01 (Bertrand and Mullainathan,
# 2004), where applications with such names were sent to employers. We call them the names of 1998 and of 2004. In the last
# of the three, shorter lists of pleasant and unpleasant words are used.
#
# **Before you run the next cell, predict:** the three rows about these names ask the same question. Will their
# effects be alike?

# %%
model = load_foundation_model(MODEL_NAME)
found = {test: weat(model, (x, y), (a, b), n_permutations=N_PERMUTATIONS) for test, (x, y, a, b) in MORE_TESTS.items()}
rows = {test: (len(f.words), f.effect_size, *f.interval, f.p_value) for test, f in found.items()}
table = pd.DataFrame(rows, index=["words", "d", "low", "high", "p"]).T
table["p (Holm)"] = multipletests(table["p"], method="holm")[1]
shown = table.set_axis(pd.MultiIndex.from_tuples(test.split(", ") for test in table.index))
shown.round(2).assign(words=shown["words"].astype(int), **{p: shown[p].map(format_p_value) for p in ("p", "p (Holm)")})

# %%
NAMES_1998, NAMES_2004, NAMES_SHORT = [test for test in MORE_TESTS if test.startswith("European")]
level = 0.05  # of all six questions together
clear = table.index[table["p (Holm)"] < level]
n_clear, clear_in_words = len(clear), "; ".join(clear) or "none"
lists_apart = compare_effects(found[NAMES_2004].words, found[NAMES_1998].words)
by_attributes = abs(table["d"][NAMES_2004] - table["d"][NAMES_SHORT])
shared = set(found[NAMES_1998].words["word"]) & set(found[NAMES_2004].words["word"])
n_shared, n_2004 = len(shared), len(found[NAMES_2004].words)
pd.DataFrame([lists_apart], index=["names of 2004 minus 1998"]).round(3)

# %% tags=["reading"]
reading(
    "After Holm's correction for six questions, {n_clear} have p below {level:.0%}: {clear}. With the names of 1998, d is "
    "{first.d:.2f} ({first.low:.2f} to {first.high:.2f}); with those of 2004 it is {second.d:.2f} ({second.low:.2f} to "
    "{second.high:.2f}). With other attributes it changes by {by_attributes:.2f}. Two intervals, one with zero in it and one "
    "without, do not show that the lists of names differ. For that we need the interval of the difference.",
    n_clear=n_clear,
    level=level,
    clear=clear_in_words,
    first=table.loc[NAMES_1998],
    second=table.loc[NAMES_2004],
    by_attributes=by_attributes,
)

# %% tags=["reading"]
reading(
    "The difference is {apart[difference]:.2f}, and its interval goes from {apart[low]:.3f} to {apart[high]:.2f}. {differ} "
    "The lists are not two samples of their own: {shared} of the {n} names of 2004 are on the list of 1998 too, which the "
    "interval allows for. A report with one list only would give one of these numbers, and nothing in it would tell the "
    "reader that there is another.",
    apart=lists_apart,
    differ=verdict(
        lists_apart["low"],
        lists_apart["high"],
        above="Zero lies outside, but see how near: another choice of names could move it inside.",
        below="With the names of 2004 the effect is smaller.",
        unclear="Zero lies inside: whether the lists differ, we cannot tell.",
    ),
    shared=n_shared,
    n=n_2004,
)

# %% [markdown]
# ## How firm is an effect?
#
# Three things are chosen by whoever runs such a test, and none of them is the model. So we vary all three:
#
# - *the words*: we take a random half of the words of each of the four lists, again and again;
# - *the sentence* around the word: the sentence version of the test, SEAT (May et al., 2019), puts each word into plain
#   sentences. We show each sentence alone, and all of them together;
# - *the names* that stand for a group: rows two and three below.
#
# **Look for** grey bars that cross zero: there, half of the list can turn the finding around.

# %%
wordings = {"bare words": "{}"} | {form.format("X"): form for form in SENTENCE_FORMS} | {"SEAT: all": SENTENCE_FORMS}
firm = vary(model, MORE_TESTS, wordings, n_draws=1000)

# %%
fig, ax = plt.subplots(figsize=(7.4, 4.6), layout="constrained")
rows = np.arange(len(firm))
ax.hlines(rows, firm["low"], firm["high"], color="#CCCCCC", linewidth=9, label="90% of random halves")
for wording, color, marker in zip(wordings, PALETTE, MARKERS):
    ax.plot(firm[wording], rows, marker, color=color, label=wording)
ax.axvline(0, color="black", linewidth=0.8)
ax.set_yticks(rows, [test.replace(", ", "\n") for test in firm.index])
ax.set(xlim=(-2.05, 2.05), ylim=(len(firm) - 0.5, -0.5), xlabel="effect size d (standard deviations)")
fig.legend(frameon=False, loc="outside upper center", ncols=3)
spans = "; ".join(f"{test}: {row['low']:.2f} to {row['high']:.2f}" for test, row in firm.iterrows())
show(
    fig, alt=f"Effect size of six tests: a bar for random halves of the words, marks for the sentences. Bars: {spans}."
)

# %%
kept_most = 0.95  # of the draws
solid = firm.index[firm["turned"] <= 1 - kept_most]
solid_in_words, n_solid, n_tests = "; ".join(solid) or "none", len(solid), len(firm)
wobbliest, most_turned = firm["turned"].idxmax(), firm["turned"].max()
by_wording = firm[list(wordings)]
span = by_wording.max(axis=1) - by_wording.min(axis=1)
widest = span.idxmax()
lowest_d, highest_d = by_wording.loc[widest].min(), by_wording.loc[widest].max()
firm[["turned"]].round(2)

# %% tags=["reading"]
reading(
    "For {n_solid} of {n_tests} tests half of the words keep the sign in at least {most:.0%} of the draws: {solid}. The sign turns "
    "most often for *{wobbliest}*, in {turned:.0%} of the halves. The wording matters most for *{widest}*, where d runs from "
    "{lowest:.2f} to {highest:.2f}.",
    n_solid=n_solid,
    most=kept_most,
    n_tests=n_tests,
    solid=solid_in_words,
    wobbliest=wobbliest,
    turned=most_turned,
    widest=widest,
    lowest=lowest_d,
    highest=highest_d,
)

# %% [markdown]
# People's names are tied to many things at once, such as age, place and class. And there is a trap in the tokenizer: it
# cuts rare words into pieces. Which of the lists does it cut?


# %%
def is_cut(word):
    """Say whether the tokenizer cuts a word into several pieces."""
    return len(model.tokenizer.tokenize(word)) > 1


european_names, african_names = MORE_TESTS[NAMES_1998][:2]
flowers, insects = WEAT_TESTS["flowers/insects, pleasant/unpleasant"][:2]
word_lists = {
    "European American names of 1998": european_names,
    "African American names of 1998": african_names,
    "flowers": flowers,
    "insects": insects,
}
cut_share = pd.Series({name: np.mean(list(map(is_cut, listed))) for name, listed in word_lists.items()})
cut_share.round(2).to_frame("share cut into pieces")

# %% tags=["reading"]
reading(
    "Of the African American names of 1998 the tokenizer cuts {african:.0%} into pieces, of the European American ones "
    "{european:.0%}. So these tests, with the whole lists, do not separate how a name is spelled in pieces from whom it "
    "stands for; the few names that stay whole could, roughly. Flowers are cut "
    "too, {flowers:.0%} of them: that alone does not hide an association.",
    african=cut_share["African American names of 1998"],
    european=cut_share["European American names of 1998"],
    flowers=cut_share["flowers"],
)

# %% [markdown]
# This is known. Sentences around the words gave mixed results, and some effects appeared or vanished with them (May et
# al., 2019). A few well-chosen words can make the test show an effect of either sign (Ethayarajh, Duvenaud and Hirst,
# 2019). Word lists are handed from paper to paper, and often nobody says why these words (Antoniak and Mimno, 2021).
# Measures that should agree with each other do not, because templates and lists enter them (Delobelle et al., 2022).
#
# What remains: an effect that stays when words and sentences change is worth reporting, *with* those changes. And no
# effect of this kind is a statement about people, or about a decision. We come to a decision at the end.

# %% [markdown] tags=["exercise"]
# ### Exercise 02.1 · Two lists, one report
#
# Suppose that a report on another model gives these two rows and no more, with the same attributes: names of 1998, d 0.24
# (interval -0.25 to 0.71); names of 2004, d 0.63 (0.08 to 1.11). Which sentence do they support?
#
# - A. no association in 1998: with the names of 1998 the model shows no association
# - B. 2004 is the right test: the second list is the better one, because its interval does not contain zero
# - C. harm to people: the model harms people with names of the second list
# - D. the lists differ: the names of 2004 have a stronger association than those of 1998
# - E. open whether the lists differ: these two rows do not tell

# %% tags=["exercise"] exercise="02.1" points=1 objective="02-associations"
supported = ...  # one of the five; its letter, in quotes, is enough

# %% tags=["solution"]
supported = "open whether the lists differ"

# %% tags=["check"]
check("02.1", supported)

# %% [markdown]
# ## Learning by guessing hidden words
#
# How does an association get into a model? A BERT learns by *masked-language modelling* (Devlin et al., 2019): hide
# some words of a sentence behind `[MASK]`, and guess them from the rest. Nobody labels anything. To guess well, a model
# must take in what usually stands beside what: grammar, facts, and who is spoken of as *he* or *she*.
#
# We repeat that in miniature:
#
# - *The model* is a cut from the shipped one: its lowest blocks (`BLOCKS`). It has been through a long pretraining already,
#   and through a second training, on pairs of sentences that belong together. What we measured above comes from both.
# - *The head* that turns a hidden state into a guess was thrown away when this model was made. We draw a new one. It is
#   *tied*: the probability of a word grows with the product of the head's output and that word's own embedding. Before
#   training it is *untrained*: its guesses mean nothing. (In training each word starts with how frequent it is in the
#   corpus; that is the same for all roles.)
# - *The corpus* is real: sentences in which a role is tied to a gendered pronoun (Levy, Lazar and Stanovsky,
#   2021), from Wikipedia, PubMed and covid papers. Its column is called `profession`, but many of the roles are none:
#   *patient*, *child*, *friend* and *person* are among them, and frequent. So we say *role*. A program found them; *they* is
#   not covered, and nobody was asked.
#
# We use roles with at least 300 sentences in the whole data set, and keep some sentences back.

# %%
sentences = load_bug("sentences").frame.drop_duplicates("sentence")
frequent = sentences["profession"].value_counts().loc[lambda n: n >= 300].index
pool = sentences[sentences["profession"].isin(frequent)].sample(frac=1, random_state=0)
corpus, held_out = pool[:SENTENCES], pool[SENTENCES : SENTENCES + HELD_OUT]
shares = corpus.groupby("profession")["gender"].agg(sentences="size", women=lambda gender: (gender == "female").mean())
for text in corpus["sentence"][:2]:
    display(Markdown(f"> {text}"))
shares.sort_values("women").iloc[[0, 1, 2, -3, -2, -1]].round(2)

# %%
overall = (corpus["gender"] == "female").mean()
n_sentences, n_roles = len(corpus), len(shares)
lowest_role, highest_role = shares["women"].min(), shares["women"].max()
largest_role, fewest = shares["sentences"].idxmax(), shares["sentences"].min()
no_professions = shares["sentences"].reindex(["patient", "child", "friend", "person"]).sum() / n_sentences
shares.nlargest(4, "sentences").round(2)

# %% tags=["reading"]
reading(
    "In {n:,} sentences about {roles} roles, {overall:.0%} of the pronouns are *she, her* or *herself*; by role the share goes "
    "from {low:.0%} to {high:.0%}. These are shares of *pronouns in texts*, and not of people at work: they say about whom "
    "encyclopedias and case reports are written. The most frequent role is *{largest}*; *patient, child, friend* and *person* "
    "together make {none:.0%} of the sentences. The rarest role has {fewest} sentences, so its share is itself uncertain.",
    n=n_sentences,
    roles=n_roles,
    overall=overall,
    low=lowest_role,
    high=highest_role,
    largest=largest_role,
    none=no_professions,
    fewest=fewest,
)

# %% [markdown]
# What we ask the model is the probability of *she* behind a mask, if it must be *he* or *she*, averaged over four plain
# sentences:
#
# $$P(\text{she}\mid\text{role}) = \frac{e^{z_{she}}}{e^{z_{he}} + e^{z_{she}}}$$
#
# where $z$ is the head's output (the logit) for a word. It is about the next pronoun in a text. It is *not* the share
# of women in a role, and not a guess about any person.
#
# The next cell asks the untrained head about *nurse*. It gives numbers with many digits, as any function does. **Predict:**
# will four sentences that say nothing about a gender get the same answer?

# %%
settings = PretrainConfig(blocks=BLOCKS, epochs=EPOCHS)
untrained = LanguageModel(cut_blocks(model, settings.blocks))
questions = [template.replace("X", "nurse") for template in TEMPLATES]
guess(untrained, questions).assign(sentence=questions).set_index("sentence").round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 02.2 · From logits to P(she)
#
# Write a function that takes the logits of some words, a dict, and returns the probability of *she*, given that the word
# is *he* or *she*.


# %% tags=["exercise"] exercise="02.2" points=1 objective="02-masked"
def p_she(logits):
    """Return P(she | he or she)."""
    return ...


# %% tags=["solution"]
def p_she(logits):
    """Return P(she | he or she)."""
    return np.exp(logits["she"]) / (np.exp(logits["he"]) + np.exp(logits["she"]))


# %% tags=["check"]
check("02.2", p_she)

# %% [markdown]
# ## From a cloud to a line
#
# Now the model reads the corpus. On the way, `pretrain` notes P(she | role) for every role. (A run with the
# same weights, sentences and settings is kept in the cache folder, so that a second run of this notebook is fast.)
#
# At step 0 its P(she) for *nurse* is not what the untrained head just said: training starts from how frequent *he* and *she*
# are in the corpus, which lowers P(she) for every role alike.
#
# **Predict:** before, during and after: how do the dots lie when the corpus's share of women's pronouns is on the
# horizontal axis and P(she | role) on the vertical one?

# %%
professions = shares.index.tolist()
real = pretrain(model, corpus["sentence"], professions=professions, config=settings)
of_real = correlate(real.record, shares["women"])
last = int(real.record.index[-1])
of_real.round(3)


# %%
def draw(step):
    """Draw P(she) against the corpus before, at the noted step nearest to `step`, and after."""
    nearest = real.record.index[np.abs(real.record.index - step).argmin()]
    fig, axes = plt.subplots(1, 3, figsize=(9.8, 3.5), layout="constrained", sharey=True)
    for ax, at, name in zip(axes, (0, nearest, last), ("before", "during", "after")):
        slope, height = np.polyfit(shares["women"], real.record.loc[at], 1)
        ax.axline((0, 0), slope=1, color="#999999", linestyle="--", linewidth=1)
        ax.axline((0, height), slope=slope, color=PALETTE[1], linewidth=1.2)
        ax.plot(shares["women"], real.record.loc[at], "o", color=PALETTE[0], markersize=4)
        ax.set(xlim=(-0.03, 0.83), ylim=(0, 0.83), xlabel="women's pronouns in the corpus\n(share of sentences)")
        ax.set_title(f"{name}, step {at}: r = {of_real.loc[at, 'r']:.2f}")
    axes[0].set_ylabel("P(she | role)")
    alt = f"P(she) against the corpus's share for {len(shares)} roles. Correlation before {of_real['r'][0]:.2f}, "
    return fig, alt + f"at step {nearest} {of_real['r'][nearest]:.2f}, after {of_real['r'][last]:.2f}."


explore(draw, start={"step": last // 3}, ranges={"step": (0, last, 1)})

# %%
before, after = of_real.loc[0], of_real.loc[last]
ordered = real.record.loc[last].sort_values()
first_role, last_role = ordered.index[0], ordered.index[-1]
corpus_spread = shares["women"].std()
ordered.iloc[[0, 1, -2, -1]].round(2).to_frame("P(she), after")

# %% [markdown]
# The dashed line is a guide to the eye: there both numbers are equal. The corpus counts *she, her* and *herself*, the model
# is asked for *she* against *he* only, so even a perfect copy would not lie on it. The solid line fits the dots best.

# %% tags=["reading"]
reading(
    "{taken} Before training r = {before.r:.2f} ({before.low:.2f} to {before.high:.2f}); after {n:,} sentences it is "
    "{after.r:.2f} ({after.low:.2f} to {after.high:.2f}), and P(she) goes from {low:.2f} ({first}) to {high:.2f} ({last}). The "
    "dots' spread, a standard deviation, is {after.spread:.3f}; that of the corpus is {spread:.3f}. The interval is Fisher's: "
    "it treats these roles as a draw from all roles, and does not cover another training run.",
    taken=verdict(
        after["low"],
        after["high"],
        above="After reading, the model orders the roles much as its corpus does; whether it learned that order there, or "
        "reading only taught the new head to bring out what the blocks held before, this figure cannot say.",
        below="After reading, the model orders the roles against its corpus.",
        unclear="With so little reading we cannot tell whether the model took anything over.",
    ),
    before=before,
    after=after,
    n=n_sentences,
    first=first_role,
    last=last_role,
    low=ordered[first_role],
    high=ordered[last_role],
    spread=corpus_spread,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 02.3 · How sure is a correlation?
#
# Write Fisher's interval: the transformed correlation $z = \operatorname{artanh}(r)$ is roughly normal with standard
# error $1/\sqrt{n-3}$. The function takes $r$ and the number of roles $n$, and returns `[low, high]` of the 95%
# interval of the correlation.


# %% tags=["exercise"] exercise="02.3" points=2 objective="02-corpus"
def fisher_interval(r, n):
    """Return [low, high] of the correlation."""
    return ...


# %% tags=["solution"]
def fisher_interval(r, n):
    """Return [low, high] of the correlation."""
    half = 1.96 / np.sqrt(n - 3)
    return [np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)]


# %% tags=["check"]
check("02.3", fisher_interval)

# %% [markdown]
# ## The control: the same sentences, balanced
#
# Does the order come with the pronouns that the model reads, and can we stop it? The control cannot say where the order is
# stored: a head that reads balanced pronouns may also learn to ignore what the blocks held all along. (To separate the two
# one would keep some roles out of the corpus, and see whether they fall into line all the same; that takes several more
# pretrainings, and we have not done it.) It says whether the order appears without lopsided pronouns: the same model reads
# the same sentences again, but for each sentence we toss a coin. At heads, all of its group words are swapped: *she* and
# *he*, *mother* and *father*, *Mr* and *Mrs*. Afterwards each role stands with *she* about as often as with *he*. (Keeping *both* versions of each sentence would balance exactly, but then the
# model would read twice as much, and we could not compare.)
#
# Swapping is harder than it looks. *Her* has two partners: "her book" is "his book", but "saw her" is "saw him". Our
# `swap_words` decides by the next word. **Look at** the examples: is each of them right?

# %%
balanced_texts = swap_half(corpus["sentence"], seed=0)
in_context = r"(?i)(.{0,60}?\b)(her\b(?:\s+\S+)?)"  # what stands before, then *her* with the next word
of_her = corpus["sentence"].str.extractall(in_context).set_axis(["before", "her"], axis=1)
of_her["swapped"] = of_her["her"].map(swap_words)
becomes_him = of_her["swapped"].str.lower().str.startswith("him")
is_number = of_her["her"].str.contains(r"\s\d") & becomes_him
n_before_number, before_number = is_number.sum(), is_number.sum() / becomes_him.sum()
coin_changed = (corpus["sentence"] != balanced_texts).mean()
n_her, n_him, n_his = len(of_her), becomes_him.sum(), (~becomes_him).sum()
shown_pairs = pd.concat([of_her[becomes_him].head(6), of_her[~becomes_him].head(4)])
shown_pairs.reset_index(drop=True)

# %% tags=["reading"]
reading(
    "Of {her:,} *her*, {him:,} become *him*, the other {his:,} *his*. The coin changed {changed:.0%} of the sentences. Not "
    "each of them is right: where a possessive is followed by something that the rule does not take for a noun, such as a "
    "number or a quotation mark, it goes wrong, and among the *him* that is frequent. (It also goes wrong the other way: "
    "*gave her flowers* becomes *gave his flowers*.) So the balanced corpus has "
    "errors that the real one has not: the {numbers} *him* before a number alone are {share:.0%} of all *him*.",
    her=n_her,
    him=n_him,
    his=n_his,
    changed=coin_changed,
    numbers=n_before_number,
    share=before_number,
)

# %% [markdown]
# We read a random sample of 40 *her* that became *him*: 10 were wrong, nearly all of them before a number, as in "her 2009
# album". Swapping twice gives back the original nearly always, and yet proves nothing: an error on the way there is undone on
# the way back.

# %% [markdown] tags=["exercise"]
# ### Exercise 02.4 · Repair a swap
#
# Here each word comes with its role in the sentence: `("her", "object")` or `("her", "possessive")`. The function swaps
# *she/he* (subject), *her/him* (object) and *her/his* (possessive), and leaves other words alone. It gets one of them
# wrong. Repair it; it returns a list of words.


# %% tags=["exercise"] exercise="02.4" points=2 objective="02-balance"
def swap_pronouns(words):
    """Return the words of a sentence with the pronouns swapped; each comes as (word, role)."""
    partner = {"she": "he", "he": "she", "her": "his", "his": "her", "him": "her"}
    return [partner.get(word, word) for word, role in words]


# %% tags=["solution"]
def swap_pronouns(words):
    """Return the words of a sentence with the pronouns swapped; each comes as (word, role)."""
    partner = {("her", "object"): "him", ("her", "possessive"): "his", ("he", "subject"): "she"}
    partner |= {("she", "subject"): "he", ("him", "object"): "her", ("his", "possessive"): "her"}
    return [partner.get((word, role), word) for word, role in words]


# %% tags=["check"]
check("02.4", swap_pronouns)

# %% [markdown]
# Now the model reads the balanced corpus: the same start, seed, order and length of training.
#
# **Predict:** where will the dots lie? On the horizontal axis is still what the *real* sentences say.

# %%
balanced = pretrain(model, balanced_texts, professions=professions, config=settings)
of_balanced = correlate(balanced.record, shares["women"])
fig, (left, right) = plt.subplots(1, 2, figsize=(9.8, 3.8), layout="constrained")
readings = {"real corpus": (real, of_real), "balanced corpus": (balanced, of_balanced)}
for (name, (run, correlations)), color, marker in zip(readings.items(), PALETTE, MARKERS):
    left.plot(shares["women"], run.record.loc[last], marker, color=color, markersize=4, label=name)
    right.fill_between(correlations.index, correlations["low"], correlations["high"], color=color, alpha=0.2)
    right.plot(correlations.index, correlations["r"], marker=marker, color=color, label=name)
left.set(xlabel="women's pronouns in the real corpus\n(share of sentences)", ylabel="P(she | role), after")
right.set(xlabel="optimizer steps", ylabel="correlation r with the real corpus", ylim=(-1, 1))
right.axhline(0, color="black", linewidth=0.8)
fig.legend(*left.get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=2)
show(fig, alt=f"Left: P(she) after training against the real corpus, for both corpora. Right: the correlation over steps; at the end "
     f"{of_real['r'][last]:.2f} for the real corpus and {of_balanced['r'][last]:.2f} for the balanced one.")  # fmt: skip

# %%
control = of_balanced.loc[last]
mean_real, mean_balanced = real.record.loc[last].mean(), balanced.record.loc[last].mean()
clearly_apart = after["low"] > control["high"]
pd.DataFrame({"real corpus": after, "balanced corpus": control}).round(3)

# %% tags=["reading"]
reading(
    "On the balanced corpus r = {control.r:.2f} ({control.low:.2f} to {control.high:.2f}): {left}. The spread of P(she) over "
    "roles is {control.spread:.3f}, on the real corpus {after.spread:.3f}; its mean is {balanced:.2f} instead of {real:.2f}. "
    "{apart}",
    control=control,
    left=verdict(
        control["low"],
        control["high"],
        above="something of the order is left, in traces that the swap does not reach",
        below="the order has turned around",
        unclear="the interval contains zero, so we see no order that is left, and cannot exclude a weak one",
    ),
    after=after,
    balanced=mean_balanced,
    real=mean_real,
    apart=choose(
        clearly_apart,
        "So, with this little reading, the order appears only where pronouns are lopsided. (Whether the balanced model "
        "learned anything about gender at all, we ask below: hardly.) That does not prove that each role was learned here; the pronouns "
        "may only teach the head which direction of the old embeddings is *she*.",
        otherwise="The two correlations are not clearly apart: at this size the control does not decide the matter.",
    ),
)

# %% [markdown]
# A correlation close to zero in a model that learned nothing would be no success. That is why the next question is what else
# changed.

# %% [markdown]
# ## What goes with it?
#
# First, guessing. We hide words in real sentences that are not in our corpus, the same words for both, and compare the
# *loss*: minus the logarithm of the probability of the right word, in nats. Its exponential is the *perplexity*: roughly
# the number of equally likely words that the model is choosing between.
#
# **Predict:** is the model from the balanced corpus worse at guessing pronouns? At guessing all other words?

# %%
losses = {name: held_out_loss(run.model, held_out["sentence"], config=settings) for name, (run, _) in readings.items()}
worse = losses["balanced corpus"].assign(change=lambda frame: frame["loss"] - losses["real corpus"]["loss"])
lines = []
for _, words in worse.groupby("pronoun"):
    by_text = words.groupby("text")["change"].mean()
    low, high = stats.ttest_1samp(by_text, 0).confidence_interval()
    perplexity = [np.exp(frame.loc[words.index, "loss"].mean()) for frame in losses.values()]
    lines.append((len(words), *perplexity, by_text.mean(), low, high))
columns = ["hidden words", *(f"perplexity, {name}" for name in losses), "change of loss", "low", "high"]
guessing = pd.DataFrame(lines, columns=columns, index=["other words", "pronouns"])
display(guessing.astype({"hidden words": int}).round(3))
say = {
    kind: "clearly worse" if row["low"] > 0 else "clearly better" if row["high"] < 0 else "no clear change"
    for kind, row in guessing.iterrows()
}
Markdown(
    f"**Reading the table.** After the balanced corpus, pronouns in real sentences are guessed: {say['pronouns']} (change of the loss {guessing['change of loss']['pronouns']:+.3f} nats, 95% interval over sentences {guessing['low']['pronouns']:+.3f} to {guessing['high']['pronouns']:+.3f}). In this one pair of runs, other words: {say['other words']} ({guessing['change of loss']['other words']:+.3f}, {guessing['low']['other words']:+.3f} to {guessing['high']['other words']:+.3f}). "
    + (
        "Real texts *are* lopsided, so a model that expects balance guesses their pronouns less well: that is the price, and it is also the purpose. Perplexity on real text would call the balanced model the worse one. "
        if guessing["low"]["pronouns"] > 0
        else "Real texts are lopsided, so we would expect a model of balanced text to guess their pronouns less well; at this size it is not clear. "
    )
    + "A measure has a point of view."
)

# %% [markdown]
# Second, other words that have to do with gender. Some words *mean* a gender: a mother is *she*. First names do not mean
# one, but texts use them as if they did.
#
# **Predict:** the swap exchanges *mother* and *father*, and names stay as they are. In the model that read the balanced
# corpus, which word has lost its tie to *she*: *mother*, *Mary*, both, or neither?

# %%
kin = {"women's kin terms": FEMALE_KIN[:5], "men's kin terms": MALE_KIN[:5]}
names = {"names given mostly to girls": FEMALE_NAMES, "names given mostly to boys": MALE_NAMES}
NAME_TEMPLATES = [re.sub("[Tt]he X", "X", template) for template in TEMPLATES]  # nobody says "the Mary"
asked = {kind: (words, TEMPLATES) for kind, words in kin.items()}
asked |= {kind: (words, NAME_TEMPLATES) for kind, words in names.items()}
asked |= {"roles": (professions, TEMPLATES)}
said_of = {
    (kind, name): share_of_she(run.model, words, templates)
    for kind, (words, templates) in asked.items()
    for name, (run, _) in readings.items()
}

# %%
fig, ax = plt.subplots(figsize=(7.4, 3.6), layout="constrained")
for position, (name, color, marker) in enumerate(zip(readings, PALETTE, MARKERS)):
    for row, kind in enumerate(asked):
        values = said_of[kind, name]
        label = name if row == 0 else None
        ax.plot(values, np.full(len(values), row + 0.3 * position - 0.15), marker, color=color, alpha=0.5, label=label)
ax.set_yticks(range(len(asked)), asked)
ax.set(xlim=(0, 1), ylim=(len(asked) - 0.5, -0.5), xlabel="P(she), if he or she")
fig.legend(frameon=False, loc="outside upper center", ncols=2)
parts = [f"{kind}, {name}: mean {values.mean():.2f}" for (kind, name), values in said_of.items()]
show(fig, alt=f"P(she) after words of five kinds, for both corpora. {'; '.join(parts)}.")

# %%
apart = {}
for kind, (first, second) in {"kin terms": list(kin), "names": list(names)}.items():
    for name in readings:
        compared = stats.ttest_ind(said_of[first, name], said_of[second, name], equal_var=False)
        distance = said_of[first, name].mean() - said_of[second, name].mean()
        apart[kind, name] = (distance, *compared.confidence_interval())
apart = pd.DataFrame(apart, index=["distance", "low", "high"]).T
told = {kind: apart["low"][kind, "real corpus"] > 0 for kind in ("kin terms", "names")}
kept = apart["distance"].unstack()["balanced corpus"] / apart["distance"].unstack()["real corpus"]
kept_of_kin, kept_of_names = kept["kin terms"], kept["names"]
both_told = all(told.values())
apart.round(2)

# %% tags=["reading"]
reading(
    "{finding} How far apart women's and men's words are, with intervals over words, is in the table. A word that means a "
    "gender and a word that merely goes with one are not the same, and a balanced corpus alone does not make a model "
    "respect that.",
    finding=choose(
        both_told,
        "Both lost it: the balanced model keeps {kin:.0%} of the distance between kin terms and {names:.0%} of that between "
        "names. The swap itself leaves *mother ... she* together, since it makes *father ... he* of it. Yet after so few "
        "sentences this small model has evened out the kin terms too.",
        otherwise="With so little reading the model that read the real corpus does not clearly tell both kinds apart, so "
        "there is little to lose ({kin:.0%} and {names:.0%} of the distances are kept).",
    ),
    kin=kept_of_kin,
    names=kept_of_names,
)

# %% [markdown]
# Third, the association tests on gender of notebook 00, on the embeddings of the three encoders: the cut as it was, after
# the real corpus, and after the balanced corpus. **Predict:** will balancing pronouns bring these effects down?

# %%
encoders = {"cut, as shipped": untrained.foundation}
encoders |= {f"after the {name}": run.foundation for name, (run, _) in readings.items()}
about_gender = {test: lists for test, lists in WEAT_TESTS.items() if "male" in test}
rows = {}
for test, (x, y, a, b) in about_gender.items():
    for name, encoder in encoders.items():
        rows[test, name] = weat(encoder, (x, y), (a, b), n_permutations=N_PERMUTATIONS)
cells = {key: f"{f.effect_size:.2f} [{f.interval[0]:z.2f}, {f.interval[1]:z.2f}]" for key, f in rows.items()}
pd.Series(cells).unstack().reindex(index=list(about_gender), columns=list(encoders))

# %% [markdown]
# Whether these intervals overlap decides nothing: all three encoders are asked about the same words. So we take the
# differences, with the words resampled for both encoders at once. Six differences are six chances of a false alarm; of
# six, one leaves out zero by luck in about one table out of four.

# %%
steps = {
    "real minus shipped": ("after the real corpus", "cut, as shipped"),
    "balanced minus real": ("after the balanced corpus", "after the real corpus"),
}
step_rows = {}
for test in about_gender:
    for step, (later, earlier) in steps.items():
        step_rows[test, step] = compare_effects(rows[test, later].words, rows[test, earlier].words)
effect_steps = pd.DataFrame(step_rows).T
down = effect_steps.xs("balanced minus real", level=1)
n_down, n_about_gender = (down["high"] < 0).sum(), len(down)
n_steps = len(effect_steps)
n_steps_clear = ((effect_steps["low"] > 0) | (effect_steps["high"] < 0)).sum()
effect_steps.round(2)

# %% tags=["reading"]
reading(
    "From the real to the balanced corpus, {down} of the {tests} effects fall by more than their interval leaves open; "
    "{clear} of all {steps} differences leave out zero. This covers the words, and neither another training run nor other "
    "lists, so take it as a hint. And the tests look at the words' mean embeddings, not at what the head does with a mask.",
    down=n_down,
    tests=n_about_gender,
    clear=n_steps_clear,
    steps=n_steps,
)

# %% [markdown]
# Measures of "the same" bias in one model need not agree with each other (Delobelle et al., 2022).

# %% [markdown]
# ## Does it reach a decision?
#
# Notebook 03 will train on real sentences about nurses, doctors, surgeons and physicians, with that word masked: is the
# sentence about a nurse? There we will see that a model finds fewer of the nurses whose pronoun is *he*. Would an encoder
# that has read a balanced corpus do better?
#
# We leave the three encoders as they are, train a linear head on the embeddings of each, and measure **nurse recall**: of
# the sentences about nurses, which share is found? We leave out all sentences of our corpus, and take as
# many sentences about nurses as about the others, so that nurses whose pronoun is *he* are not too few to count.
#
# **Predict:** the gap between women's and men's pronouns after balancing: smaller, or as before?

# %%
bug = load_bug("clinicians")
unread = bug.frame[~bug.frame["sentence"].isin(corpus["sentence"])]
each = min(CLINICIANS // 2, int(unread["nurse"].sum()))
sample = unread.groupby("nurse").sample(each, random_state=0)
splits = split_frame(sample, label=bug.label, sensitive="gender", text=bug.text, n_splits=SPLITS)
vectors = {name: embed(encoder, sample["text"], max_length=64) for name, encoder in encoders.items()}
pd.crosstab(sample["gender"], sample["nurse"].map({0: "others", 1: "nurses"}))

# %%
whose = {"female": "women's pronouns", "male": "men's pronouns"}
runs, recalls = [], []
for seed, ((texts, y, _), (new, labels, groups), _) in enumerate(splits):
    for name, embedded in vectors.items():
        vector_of = dict(zip(sample["text"], embedded))
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
        score = head.fit([vector_of[text] for text in texts], y).predict_proba([vector_of[text] for text in new])[:, 1]
        decided = pd.DataFrame(
            {"y_true": labels, "y_score": score, "y_pred": (score >= 0.5).astype(int), "group": groups}
        )
        recall = decided[decided["y_true"] == 1].groupby("group")["y_pred"].mean()
        runs.append({"method": name, "seed": seed} | summarise(decided, metric="true_positive_rate") | dict(recall))
        recalls += [{"who": f"{name}: {whose[group]}", "recall": value} for group, value in recall.items()]
runs, recalls = pd.DataFrame(runs), pd.DataFrame(recalls)
columns = {"auc": "AUC", "female": "recall, women's pronouns", "male": "recall, men's pronouns", "gap": "gap"}
HALVES = 1.0  # sentences to measure on per sentence to learn from: the splits share sentences
tabulate_means(runs, columns, overlap=HALVES, digits=2)

# %%
fig, ax = plt.subplots(figsize=(7.4, 3.6), layout="constrained")
plot_runs(recalls, "recall", by="who", overlap=HALVES, ax=ax)
ax.get_legend().get_texts()[0].set_text("mean and 95% interval over splits")
ax.set(xlim=(-0.02, 1.02), xlabel="nurse recall\n(share of the sentences about nurses that are found)")
mean_recall = recalls.groupby("who")["recall"].mean()
show(fig, alt="Nurse recall by encoder and pronoun, with intervals over splits. Means: " +
     ", ".join(f"{who} {value:.2f}" for who, value in mean_recall.items()) + ".")  # fmt: skip

# %%
shipped, after_real, after_balanced = encoders
nurses = splits[0].test[1].groupby(splits[0].test[2]).sum()
of_women, of_men = nurses["female"], nurses["male"]
women_among_nurses = of_women / nurses.sum()
change_rows = {}
for value in columns:
    changes = changes_over_seeds(runs, value, by="method", baseline=after_real, overlap=HALVES)
    change_rows[columns[value]] = changes.loc[after_balanced, ["mean", "low", "high"]]
moved = pd.DataFrame(change_rows, ["mean", "low", "high"]).T.rename(columns={"mean": "change"})
gap_left = runs.loc[runs["method"] == after_balanced, "gap"].mean()
moved.astype(float).round(3)

# %% tags=["reading"]
reading(
    "In this one pair of runs, paired by split, balancing changes the gap by {gap.change:+.3f} ({gap.low:+.3f} to "
    "{gap.high:+.3f}): {finding}. Each split measures on {women} sentences about nurses with a woman's pronoun and {men} "
    "with a man's. A gap of {left:.2f} is left. A likely reason, which we did not test: of the nurses that the head learns "
    "from, {share:.0%} are *she*, and each sentence shows its pronoun.",
    gap=moved.loc["gap"],
    finding=verdict(
        moved.loc["gap", "low"],
        moved.loc["gap", "high"],
        above="in these splits it is larger",
        below="in these splits it is smaller; look at both recalls before calling that good",
        unclear="over other splits the sign could be another",
    ),
    women=of_women,
    men=of_men,
    left=gap_left,
    share=women_among_nurses,
)

# %% [markdown]
# The splits divide the same sentences and overlap, which the intervals allow for (Nadeau and Bengio, 2003). They do *not*
# cover another pretraining run, and that is what the question needs. Here is the whole experiment with other seeds, run
# once when the course was made (`labkit.chapters.ch02.reruns` holds the recipe). **Predict:** will the sign stay?

# %%
from labkit.chapters.ch02.reruns import GAPS_BY_SEED

by_seed = pd.DataFrame(GAPS_BY_SEED, index=["real corpus", "balanced corpus"]).T.rename_axis("seed")
by_seed["change"] = by_seed["balanced corpus"] - by_seed["real corpus"]
over_runs = over_seeds(by_seed.assign(corpora="balanced minus real"), "change", by="corpora").iloc[0]
over_runs = over_runs.rename({"mean": "average"})
pairs_of_runs = len(by_seed)
sign_unclear = over_runs["low"] <= 0 <= over_runs["high"]
by_seed.round(3)

# %% tags=["reading"]
reading(
    "{finding} Over {n} pairs of runs the mean change of the gap is {row.average:+.3f}, and its interval goes from "
    "{row.low:+.3f} to {row.high:+.3f}. The interval from one pair of runs left out what the others show.",
    n=pairs_of_runs,
    row=over_runs,
    finding=choose(
        sign_unclear,
        "The sign does not stay: whether balancing this corpus changes the gap, we *cannot tell*.",
        otherwise="The sign holds over these runs.",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 02.5 · Smaller, larger, or cannot tell
#
# Here are the gaps of five *pairs of pretraining runs*, each pair with a seed of its own: before is after the real corpus,
# after is after the balanced one. The first of both rows is the same seed. Give the mean change (after minus before) and
# its 95% interval by Student's t, to three decimals, and a verdict on the gap:
#
# - A. smaller
# - B. larger
# - C. cannot tell

# %% tags=["exercise"] exercise="02.5" points=3 objective="02-decision"
gaps_before = [0.44, 0.30, 0.41, 0.33, 0.38]
gaps_after = [0.40, 0.29, 0.35, 0.32, 0.33]
mean_change, change_low, change_high = ..., ..., ...
says = ...  # one of the three; its letter, in quotes, is enough

# %% tags=["solution"]
gaps_before = [0.44, 0.30, 0.41, 0.33, 0.38]
gaps_after = [0.40, 0.29, 0.35, 0.32, 0.33]
paired = stats.ttest_rel(gaps_after, gaps_before)
mean_change = np.mean(np.subtract(gaps_after, gaps_before))
change_low, change_high = paired.confidence_interval()
says = "smaller" if change_high < 0 else "larger" if change_low > 0 else "cannot tell"

# %% tags=["check"]
check("02.5", {"change": mean_change, "low": change_low, "high": change_high, "verdict": says})

# %% [markdown]
# ## What you learned
#
# - `[02-associations]` An effect size belongs to a model, to word lists *and* to sentences. Random halves, other sentences
#   and other names show how far it depends on them; a report owes them to its readers.
# - `[02-masked]` A masked language model learns by guessing hidden words. P(she | role) is about the next pronoun in
#   a text, given that it is *he* or *she*; with an untrained head it means nothing.
# - `[02-corpus]` A model's P(she) can be held against its corpus. The correlation needs an interval, a control, and the
#   spread beside it, because dots near a flat line can correlate strongly too.
# - `[02-balance]` Swapping group words by the coin evens out what a model expects of roles. *Her* has two partners, so
#   a swap makes errors. What else is evened out must be measured: kin terms, names, the loss on real text.
# - `[02-decision]` What an encoder expects and what a classifier does with it are two things. Here balancing changed what
#   the model expects, and whether it changed the decision, a few pairs of runs could not tell.
#
# **What this does not show.** How the shipped model came by its associations: we watched a small cut read a small corpus. What
# people with these names, or in these roles, are like: nobody was asked. Anything about people whom texts call *they*.
# And the figures of guessing are one run for each corpus; only the gap was measured with other seeds.
#
# **Next.** We train on labelled texts, where the bias of the model and the bias of the labels meet:
# [03 · How do we train, and what can go wrong?](03_training.ipynb)
