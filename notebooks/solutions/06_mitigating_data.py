# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 165
#       mb: 2500
# ---

# %% [markdown]
# # 06 · Can we mend the data?
#
# **You will be able to**
# - *compute* weights that make label and group independent, and *choose* among ways to repeat people or leave them out `[06-weights]`
# - *predict* what happens when only the name of the group is left out of the data `[06-proxies]`
# - *write* counterfactual twins of texts, and *say* what they cannot mend `[06-twins]`
# - *repair* labels, and *state* the estimate that a repair rests on `[06-labels]`
# - *judge* a mitigation by its gap and by what it costs, on recorded and on true labels `[06-judge]`
#
# About 90 minutes. You need training and baselines
# ([03 · How do we train, and what can go wrong?](03_training.ipynb)) and rates by group with their intervals
# ([04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb)). Before this:
# [05 · What does demographic parity say, and what does it cost?](05_demographic_parity.ipynb)
#
# A model learns what its data say. If the data treat people unequally, the first idea is to change the data. There are
# four things one can change: how much each person *counts*, what the model may *read*, which texts *exist*, and
# what the *labels* say. We try all four, on a simulated clinic, where we know the truth, and on real data, where nobody does.

# %%
import re

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit import mitigation
from labkit.comparison import (
    Split,
    changes_over_seeds,
    describe_changes,
    describe_methods,
    over_seeds,
    plot_methods,
    split_frame,
    tabulate_changes,
    try_methods,
)
from labkit.data import load_bug, load_german, load_hmda, simulate_clinic
from labkit.exercises import check, hint
from labkit.language import DISTRICT_WORDS, GENDER_WORDS, mask_words, swap_words
from labkit.models import load_foundation_model
from labkit.plots import MARKERS, PALETTE, show
from labkit.training import TrainConfig

# %% tags=["parameters"]
SAMPLE_SIZE = 800  # training notes in each of the clinic's worlds
TEST_SIZE = 1000  # notes of other patients to measure on
WORLDS = 4  # worlds of the clinic, and splits of real data, behind every comparison
BLOCK_SIZE = 400  # notes to train the last block of the BERT on, in each of SEEDS worlds
SEEDS = 3  # worlds for the last block, each with its own training run; at most WORLDS
EPOCHS = 4  # passes over the training notes
SENTENCES = 1600  # real sentences, those of notebook 03; half of them to measure on
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# ## What can weights do?
#
# We begin with a table of 1,000 loans of a German bank in the 1970s. The label says whether a loan was repaid (`good_credit`);
# the groups are people under 25, and 25 and over. The tutorial of a well-known toolbox uses these data (Bellamy et al.,
# 2018), and we take its 700 training people, to see whether we find what it printed.
#
# A first idea is to let some people count more. *Reweighing* (Kamiran and Calders, 2012) asks: how many people of group $a$
# with label $y$ would there be if group and label had nothing to do with each other? The weight makes up for the
# difference:
#
# $$w(a, y) = \frac{P(A=a)\,P(Y=y)}{P(A=a,\,Y=y)}.$$
#
# **Before you run the next cell, predict:** fewer young people repaid. Which of the four kinds of people weighs most?

# %%
german = load_german().frame.assign(group=lambda frame: np.where(frame["age"] >= 25, "25 and over", "under 25"))
borrowers = german.iloc[np.random.RandomState(0).permutation(1000)[:700]]  # the tutorial's 700
weight = mitigation.sample_weights(borrowers["good_credit"], borrowers["group"], scheme="reweighing")
weighted = borrowers.assign(weight=weight)
cells = weighted.groupby(["group", "good_credit"]).agg(people=("weight", "size"), weight=("weight", "first"))
cells.round(3)

# %%
young = weighted["group"] == "under 25"
repaid, by_weight = weighted["good_credit"], weighted["weight"]
before = repaid[young].mean() - repaid[~young].mean()
after = np.average(repaid[young], weights=by_weight[young]) - np.average(repaid[~young], weights=by_weight[~young])
heaviest = cells["weight"].idxmax()
Markdown(
    f"**Reading the table.** The share that repaid, under 25 less 25 and over, differs by {before:.6f}; the tutorial printed -0.169905 "
    f"(Bellamy et al., 2018). With the weights the difference is {abs(after):.6f}. Those who weigh most are of group *{heaviest[0]}* and "
    f"{'repaid' if heaviest[1] else 'did not repay'}: {cells['weight'].max():.2f} instead of 1. Nobody's record was changed; some records speak louder. "
    "That is a statement about the *training data*. Whether decisions about *other* people become more equal is a question about a model, and we have to measure it."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 06.1 · Compute the weights
#
# Write a function that takes two lists, the group and the label of each person, and returns the list of the reweighing
# weights, one for each person, in the same order.


# %% tags=["exercise"] exercise="06.1" points=2 objective="06-weights"
def reweigh(groups, labels):
    """Return P(group) P(label) / P(group, label) for each person."""
    return ...


# %% tags=["solution"]
def reweigh(groups, labels):
    """Return P(group) P(label) / P(group, label) for each person."""
    people = pd.DataFrame({"group": groups, "label": labels})
    size = {key: people.groupby(key)["label"].transform("size") for key in ("group", "label")}
    both = people.groupby(["group", "label"])["label"].transform("size")
    return (size["group"] * size["label"] / both / len(people)).tolist()


# %% tags=["check"]
check("06.1", reweigh)

# %% [markdown]
# ## Equal weights, reweighing, repeating, leaving out
#
# Now the clinic. As in notebook 03, fewer patients of group *b* come, and 35% of *b*'s illnesses are recorded as "not ill". This
# time there are **proxies** too, things that stand in for the group: of the places that a note mentions (a market, a pharmacy), half are
# chosen by where the patient's group lives, and half by a coin.
#
# `try_methods` fits every method in several worlds of patients, decides about other patients of the same world, and keeps a row of figures for each. The **gap** is the
# share decided "ill" in *a* minus the share in *b*, with its sign: a change can close a gap, and it can turn it around. **Accuracy** is measured twice: on the recorded labels,
# which is all that a real clinic has, and on the truth.

# %%
KNOBS = {"label_bias": 0.35, "representation": 0.3, "proxy_strength": 0.5}


def simulate(world, n_train=SAMPLE_SIZE, n_test=TEST_SIZE, **changes):
    """Simulate patients to train on, and others to measure on, of whom we keep the truth."""
    parts = [simulate_clinic(n=n, seed=2 * world + i, **KNOBS | changes) for i, n in enumerate([n_train, n_test])]
    return Split(*((part["note"], part["y"], part["group"]) for part in parts), parts[1]["y_true_disease"])


worlds = [simulate(world) for world in range(WORLDS)]

# %% [markdown]
# Seven ways to decide how much each patient counts. Four are weights: the *same* for everybody (which a textbook offers as a
# remedy for groups of unequal size), equal in total for each *group*, equal for each *group and label*, and **reweighing**. For models that take no
# weights, the other three repeat people (**over-sampling**), leave people out (**under-sampling**), or do both and
# keep the number of people (*balanced*); all three make groups and labels equally many. The model counts words (TF-IDF) and
# is fast enough to be fitted many times.
#
# **Before you run the next cells, predict:** which one does nothing? Equal weight for each group sounds fair. Does it make the gap
# smaller? The figures show differences from the model that nothing was done to (the dashed line), world by world.
# At the bottom are classifiers that know nothing. Selecting nobody leaves no gap either: a gap alone is no merit.

# %%
words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True), LogisticRegression(C=10))


def counting(estimator=None):
    """Return the methods that change how much each person counts."""
    schemes = {"same weight": "same", "weight by group": "group", "by group and label": "group_label"}
    schemes["reweighing"] = "reweighing"
    return (
        {"untouched": mitigation.Unmitigated(estimator=estimator)}
        | {name: mitigation.Reweighing(estimator=estimator, scheme=each) for name, each in schemes.items()}
        | drawing(estimator)
    )


def drawing(estimator, seed=0):
    """Return the methods that repeat people or leave them out."""
    strategies = {"over-sampling": "over", "under-sampling": "under", "balanced": "balanced"}
    return {
        name: mitigation.Resampling(estimator=estimator, strategy=strategy, seed=seed)
        for name, strategy in strategies.items()
    }


# %%
GAP = {"gap": "decision gap, a - b"}
BOTH = {"accuracy": "accuracy, recorded labels", "accuracy_true": "accuracy, true labels"}
counted = try_methods(counting(words), worlds, constants=True)
axes = plot_methods(counted, GAP | BOTH)
show(axes[0].figure, alt=describe_methods(counted, GAP | BOTH))

# %%
change = changes_over_seeds(counted, "gap", by="method", baseline="untouched")
idle, by_group = change.loc["same weight"], change.loc["weight by group"]
clearly = "clearly " if by_group.low > 0 or by_group.high < 0 else ""
kept = len(mitigation.resample_rows(*worlds[0].train[1:], strategy="under")) / SAMPLE_SIZE
Markdown(
    f"**Reading the figure.** {WORLDS} worlds, in each {SAMPLE_SIZE} notes to train on and {TEST_SIZE} to measure on. Change of the gap against the untouched model, world by world (*up* or *down* where the 95% interval "
    f"of the mean change does not contain zero): {describe_changes(counted, 'gap')}. Accuracy on the truth: {describe_changes(counted, 'accuracy_true')}.\n\n"
    f"**The same weight for everybody** changes the gap by {idle['mean']:z.6f}: it is ordinary training under another name. **Equal weight for each group** makes the gap {clearly}"
    f"{'wider' if by_group['mean'] > 0 else 'narrower'}, by {by_group['mean']:+z.3f} ({by_group.low:+z.3f} to {by_group.high:+z.3f}). Group *b* is not only small, its labels are wrong: "
    "whoever gives *b* more weight gives more weight to its wrong labels. (That is one possible cause. This figure does not show how much of the change it explains.) Weights by group *and* label, and reweighing, act on how often *b* is recorded as ill. Under-sampling keeps only "
    f"{kept:.0%} of the people."
)

# %% [markdown]
# One mistake is easily made when people are repeated. Here is a small function that repeats them; a person is a text of group and number, such as `"b7"`.


# %%
def balance(people):
    """Repeat the people of the smaller group, in turn, until both groups are equally many."""
    members = [[person for person in people if person[0] == name] for name in "ab"]
    return [own[i % len(own)] for own in members for i in range(max(map(len, members)))]


# %% [markdown] tags=["exercise"]
# ### Exercise 06.2 · Repair the preparation
#
# Somebody wants to train on equally many people of both groups, and to test on others. The code below repeats people with
# `balance`, and then every second one goes into the test. The test results are far too good. Repair `prepare`: no one may be in
# both parts, and the test must hold people as they come, a fifth of them or more.
#
# `people[::2]` are the people at even places, `people[1::2]` those at odd ones.


# %% tags=["exercise"] exercise="06.2" points=2 objective="06-weights"
def prepare(people):
    """Return the people to train on, both groups equally many, and the people to test on."""
    repeated = balance(people)
    return repeated[::2], repeated[1::2]


# %% tags=["solution"]
def prepare(people):
    """Return the people to train on, both groups equally many, and the people to test on."""
    return balance(people[::2]), people[1::2]


# %% tags=["check"]
check("06.2", prepare)

# %% [markdown]
# ## What if the model never sees the group?
#
# "Our model is fair: it does not know the group." The field calls this *fairness through unawareness*. The clinic can test it: we leave
# the district out of every note (`mask_group`), and turn up `proxy_strength`, the probability that a place in the note is one where
# the patient's group lives.

# %% [markdown] tags=["exercise"]
# ### Exercise 06.3 · Predict before you run
#
# In the next figure, one line is for notes with the district, the other for notes without it. At `proxy_strength` 1, every place in a
# note tells the group. How much of the gap at strength 1 will be left when the district is left out?
#
# - A. none
# - B. about half
# - C. nearly all
# - D. more than before

# %% tags=["exercise"] exercise="06.3" points=1 objective="06-proxies"
left = ...  # one of the four; its letter, in quotes, is enough

# %% tags=["solution"]
left = "nearly all"

# %% tags=["check"]
check("06.3", left)

# %%
NOTES, found = {False: "district in the note", True: "district left out"}, []
for strength in (0.0, 0.5, 1.0):
    for masked, notes in NOTES.items():
        masked_worlds = [simulate(world, proxy_strength=strength, mask_group=masked) for world in range(WORLDS)]
        runs = try_methods({"untouched": mitigation.Unmitigated(estimator=words)}, masked_worlds)
        found.append(runs.assign(strength=strength, notes=notes))
gaps = over_seeds(pd.concat(found), "gap", by=["notes", "strength"])
gaps["half"] = gaps["high"] - gaps["mean"]  # Student's interval is symmetric

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for (notes, part), color, marker in zip(gaps.groupby("notes"), PALETTE, MARKERS):
    ax.errorbar(part.index.levels[1], part["mean"], part["half"], color=color, marker=marker, capsize=4, label=notes)
ax.axhline(0, color="black", linewidth=0.8)
ax.set(xlabel="proxy strength (probability that a place tells the group)", ylabel="decision gap, a - b")
ax.legend(frameon=False)
means = ", ".join(f"{notes} at {strength:.1f}: {gap:z.2f}" for (notes, strength), gap in gaps["mean"].items())
show(fig, alt=f"Decision gap by proxy strength, with intervals over worlds. {means}.")

# %%
named, masked = (gaps.loc[notes] for notes in NOTES.values())
share = masked["mean"][1.0] / named["mean"][1.0]
zero = "cannot be told from zero" if masked.low[0.0] <= 0 <= masked.high[0.0] else "is not quite zero"
rest = (
    f"{share:.0%} of the gap with the district in the note"
    if named.low[1.0] > 0
    else "but with so few notes neither gap is clear"
)
Markdown(
    f"**Reading the figure.** Without proxies, leaving out the district works: the gap is {masked['mean'][0.0]:z.2f} and {zero} ({masked.low[0.0]:z.2f} to "
    f"{masked.high[0.0]:z.2f}). With proxies that always tell, {masked['mean'][1.0]:z.2f} is left ({masked.low[1.0]:z.2f} to {masked.high[1.0]:z.2f}), {rest}. The model never saw "
    "the group's name. It did not need to: a pharmacy, a market and a tram say the same. Nobody wrote them down to discriminate."
)

# %% [markdown]
# ## Twins: the same text, of the other group
#
# *Counterfactual augmentation* adds a twin for every training text, with the group words swapped and the same label (Lu et al., 2020). After that a
# group word goes with either label equally often, so that it tells nothing. We try it on real sentences: is this
# sentence, whose profession word is masked, about a nurse? The groups are the gender of the pronoun, as in notebook 03.
#
# **Look for** the words that change, and whether the twin still reads like a sentence that somebody could have written.

# %%
bug = load_bug("clinicians")
sentences = bug.frame.sample(min(SENTENCES, len(bug.frame)), random_state=0)
short = sentences.loc[sentences["text"].str.len() < 160, "text"]
text = short[short.str.count(r"\b(?:she|her|he|his|him)\b") > 1].iloc[0]
for title, version in {
    "text": text,
    "twin": swap_words(text),
    "scrubbed": mask_words(text),
}.items():
    display(Markdown(f"**{title}** · {version}"))
changed = sum(swap_words(text) != text for text in sentences["text"])
print(f"{changed} of {len(sentences)} sentences have a word to swap")

# %% [markdown] tags=["exercise"]
# ### Exercise 06.4 · Swap both ways
#
# Write a function that takes a text in small letters and a list of pairs such as `[["he", "she"], ["man", "woman"]]`, and returns the text
# with each word of a pair replaced by its partner. Every word ends where its letters end, so `"he,"` holds the word *he*, and `"the"` does
# not. Watch out: what was *he* must not become *he* again.


# %% tags=["exercise"] exercise="06.4" points=2 objective="06-twins"
def swap(text, pairs):
    """Return the text with the words of each pair exchanged."""
    return ...


# %% tags=["solution"]
def swap(text, pairs):
    """Return the text with the words of each pair exchanged."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return re.sub(r"\w+", lambda word: partner.get(word[0], word[0]), text)


# %% tags=["check"]
check("06.4", swap)

# %% [markdown]
# Now all methods on the real sentences, with a linear head on the shipped BERT's embeddings. They are computed once and kept in the
# cache. *Left out* replaces every gendered word by a mask, as in *scrubbed* above. `CorrelationRemover` (fairlearn's) subtracts from every feature what the group predicts of
# it; to do so, it must know the group of the person it decides about.
#
# The gap is another one here. Base rates really differ (in these sentences nurses are mostly *she*), so equal selection would be odd. We ask for
# **equal opportunity**: of the sentences about nurses, how many are found when the pronoun is *she*, and when it is *he*?
#
# **Predict:** scrubbing takes *she* and *he* away. Can the gender still be guessed from what remains?

# %%
foundation = load_foundation_model(MODEL_NAME)
vectors = mitigation.Embedder(foundation)
head = make_pipeline(vectors, StandardScaler(), LogisticRegression(C=0.05, max_iter=1000))
reading = counting(head) | {
    "left out": mitigation.Unawareness(estimator=head, words=GENDER_WORDS),
    "twins": mitigation.CounterfactualAugmentation(estimator=head, swaps=GENDER_WORDS),
    "correlation remover": mitigation.CorrelationRemoval(estimator=head),
}
splits = split_frame(sentences, label=bug.label, sensitive="gender", text=bug.text, n_splits=WORLDS)
real = try_methods(reading, splits, metric="true_positive_rate", constants=True)
HALVES = {"overlap": 1.0}  # as many people to measure on as to train on

# %%
TASK = {"gap": "nurses found, 'she' - 'he'", "accuracy": "accuracy", "auc": "AUC"}
axes = plot_methods(real, TASK, **HALVES)
show(axes[0].figure, alt=describe_methods(real, TASK, **HALVES))

# %%
is_female = (sentences["gender"] == "female").astype(int)
versions = {"text": list(sentences["text"]), "scrubbed": [mask_words(text) for text in sentences["text"]]}
guessed = {
    name: roc_auc_score(is_female, cross_val_predict(head, texts, is_female, cv=3, method="predict_proba")[:, 1])
    for name, texts in versions.items()
}
rare = int(((splits[0].test[1] == 1) & (splits[0].test[2] == "male")).sum())
Markdown(
    f"**Reading the figure.** {len(sentences)} sentences, halved {WORLDS} times. Change of the gap: {describe_changes(real, 'gap', **HALVES)}. Change of accuracy: {describe_changes(real, 'accuracy', **HALVES)}.\n\nFrom the "
    f"embedding the pronoun's gender can be guessed with an AUC of {guessed['text']:.2f}, and after scrubbing still with {guessed['scrubbed']:.2f} (a coin would reach one half): topics and other words "
    f"are proxies too. Where a gap closes, look at the accuracy beside it, and remember how few cases carry it: only {rare} sentences of a test half are about a nurse with *he*. The halves "
    "overlap; the intervals allow for that, and are wide."
)

# %% [markdown]
# ## Can we repair the labels?
#
# Weights, words and twins leave the labels as they are. But in the clinic the *labels* are what is wrong. Two methods change them:
#
# - **Massaging** (Kamiran and Calders, 2012) makes the recorded base rates equal and keeps the overall one. It takes borderline labels: in *b*, the "not ill"
#   whom a model scores highest become "ill"; in *a*, as many "ill" with the lowest scores become "not ill". It assumes that true base
#   rates are equal, and it also changes labels of *a* that were right.
# - **Label repair** uses an estimate from outside: of *b*'s truly ill people, a share was not recorded. So many are put back: those
#   whom a model trained on *a* alone scores highest.
#
# **Before you run the next cell, predict:** the accuracy of both on the *recorded* labels, against the untouched model: higher or lower? And on
# the truth? And what happens when the estimate is wrong?

# %%
mending = {
    "untouched": mitigation.Unmitigated(estimator=words),
    "left out": mitigation.Unawareness(estimator=words, words=DISTRICT_WORDS),
    "twins": mitigation.CounterfactualAugmentation(estimator=words, swaps=DISTRICT_WORDS),
    "correlation remover": mitigation.CorrelationRemoval(estimator=words),
    "massaging": mitigation.Massaging(estimator=words, ranker=words),
}
for missed in (0.15, 0.35, 0.55):
    repair = mitigation.LabelRepair(estimator=words, ranker=words, missed={"b": missed})
    mending[f"repair, {missed:.0%} missed"] = repair
mended = try_methods(mending, worlds, constants=True)
axes = plot_methods(mended, GAP | BOTH)
show(axes[0].figure, alt=describe_methods(mended, GAP | BOTH))

# %%
gap = over_seeds(mended, "gap", by="method")
said = {name: f"{row['mean']:z.2f} ({row.low:z.2f} to {row.high:z.2f})" for name, row in gap.iterrows()}
turned = "turns the gap around" if gap["high"]["repair, 55% missed"] < 0 else "does not clearly turn the gap around"
Markdown(
    f"**Reading the figure.** Change of the gap: {describe_changes(mended, 'gap')}. Accuracy on the records: {describe_changes(mended, 'accuracy')}. Accuracy on the truth: {describe_changes(mended, 'accuracy_true')}.\n\n"
    f"Without the district (*left out*) the gap is {said['left out']}, with twins {said['twins']}: the places are still in the notes, and the labels are still wrong. For repair, everything hangs on "
    f"the estimate. With the true 35% the gap is {said['repair, 35% missed']}. With 15% it is {said['repair, 15% missed']}, and 55% {turned}: {said['repair, 55% missed']}. A gap of the same size the other way round is no repair."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 06.5 · How many are hidden?
#
# Of 1,000 people in a group, 195 are recorded as ill. A second look at some files suggests that 35% of the truly ill people of this group are recorded as "not ill" (nobody is
# recorded as ill by mistake). How many ill people are hidden among the 805 (one decimal is enough), and what is the base rate once they are put back?

# %% tags=["exercise"] exercise="06.5" points=2 objective="06-labels"
hidden, base_rate = ..., ...
# %% tags=["solution"]
hidden = 195 / 0.65 - 195
base_rate = (195 + hidden) / 1000
# %% tags=["check"]
check("06.5", {"hidden": hidden, "base_rate": base_rate})

# %% [markdown]
# ## Does it carry over to the BERT?
#
# So far the clinic's model counted words. Now the last block of the BERT learns from notes of the same kind, after each of the remedies. `finetune`
# takes no weights, so reweighing becomes a way of drawing: people are repeated or left out until group and label are independent. The correlation
# remover is missing, since it needs features and the block reads texts. Each run of a method has a world of its own, with other patients to learn
# from and another seed; all are measured on the same other patients.
#
# **Predict:** will the BERT learn the gap too, and will the worlds agree about it? Which remedy worked on counted words and must fail here as well?


# %%
def first(n, parts):
    """Return the first n people of X, y and groups."""
    return tuple(part[:n] for part in parts)


block_test, block_runs = 3 * BLOCK_SIZE // 2, []
others = first(block_test, (*worlds[0].test, worlds[0].true_labels))
for seed, world in enumerate(worlds[:SEEDS]):
    config = TrainConfig(epochs=EPOCHS, trainable_layers=1, batch_size=16, learning_rate=1e-3, seed=seed)
    bert = mitigation.FineTuning(model=foundation, config=config)
    training = {
        "untouched": mitigation.Unmitigated(estimator=bert),
        "reweighing, by drawing": mitigation.Resampling(estimator=bert, scheme="reweighing", seed=seed),
        **drawing(bert, seed),
        "left out": mitigation.Unawareness(estimator=bert, words=DISTRICT_WORDS),
        "twins": mitigation.CounterfactualAugmentation(estimator=bert, swaps=DISTRICT_WORDS),
        "massaging": mitigation.Massaging(estimator=bert, ranker=words, seed=seed),
        "repair, 35% missed": mitigation.LabelRepair(estimator=bert, ranker=words, missed={"b": 0.35}),
    }
    learned = try_methods(training, [Split(first(BLOCK_SIZE, world.train), others[:3], others[3])])
    block_runs.append(learned.assign(seed=seed))
block_runs = pd.concat(block_runs)

# %%
axes = plot_methods(block_runs, GAP | BOTH)
show(axes[0].figure, alt=describe_methods(block_runs, GAP | BOTH))
plain = over_seeds(block_runs, "gap", by="method").loc["untouched"]
clear = "clearly above zero" if plain.low > 0 else "not clearly above zero: the worlds differ too much"
right, counts_right = (
    over_seeds(runs, "accuracy_true", by="method")["mean"]["untouched"] for runs in (block_runs, counted)
)
half = (block_runs["gap_high"] - block_runs["gap_low"]).mean() / 2
Markdown(
    f"**Reading the figure.** {BLOCK_SIZE} notes to learn from in each of {SEEDS} worlds, {block_test} other patients. With so few notes the block is right about {right:.0%} of patients; counting words in {SAMPLE_SIZE} notes reached {counts_right:.0%}. The untouched block's gap is {plain['mean']:z.2f} ({plain.low:z.2f} to {plain.high:z.2f}), {clear}. Change of the gap: "
    f"{describe_changes(block_runs, 'gap')}. Accuracy on the records: {describe_changes(block_runs, 'accuracy')}. Accuracy on the truth: {describe_changes(block_runs, 'accuracy_true')}.\n\nThese intervals are about other worlds and seeds. "
    f"A gap that is measured on {block_test} people is known to about {half:.2f} on either side, on top of that. With so few runs, *no clear change* is often all that can be said; it does not say that a remedy does nothing."
)

# %% [markdown]
# ## Real tables: mortgages and credit
#
# In 1990, Boston's lenders denied 28.3% of Black and 9.3% of white applicants (Munnell et al., 1996; Stock and Watson, 2007). A model of `deny` reads the application, without
# `insurance`, which is nearly the decision itself. German credit asks for repayment, with age groups. In both, the group stands in the table as a column of its own, and
# *left out* takes it away.
#
# **Predict:** for how many of the methods does the gap shrink on *both* tables? And which one costs much accuracy?

# %%
tabular_methods = counting() | {
    "massaging": mitigation.Massaging(),
    "left out": mitigation.Unawareness(columns=["group"]),
    "correlation remover": mitigation.CorrelationRemoval(),
}
hmda = load_hmda().frame.drop(columns="insurance").rename(columns={"afam": "group"})
tables = {"HMDA": (hmda, "deny"), "German credit": (german.drop(columns="age"), "good_credit")}

# %%
tabular, proxies = {}, {}
for name, (frame, label) in tables.items():
    splits = split_frame(frame, label=label, sensitive="group", test_size=0.4, n_splits=WORLDS)
    tabular[name] = try_methods(tabular_methods, splits, constants=True)
    others, smaller = frame.drop(columns=[label, "group"]), frame["group"] == frame["group"].value_counts().index[-1]
    chance = cross_val_predict(mitigation.default_estimator(others), others, smaller, cv=5, method="predict_proba")
    proxies[name] = roc_auc_score(smaller, chance[:, 1])

# %%
TABLES = {"overlap": 0.4 / 0.6}  # two in five people to measure on
PAIRS = {"HMDA": "denied, not Black - Black", "German credit": "found good,\n25 and over - under 25"}
for name, runs in tabular.items():
    columns = {"gap": f"{name}: share {PAIRS[name]}", "accuracy": "accuracy"}
    axes = plot_methods(runs, columns, **TABLES)
    show(axes[0].figure, alt=describe_methods(runs, columns, **TABLES))

# %%
denied = over_seeds(tabular["HMDA"], "selected", by="method")["mean"]
paragraphs = [
    f"**{name}.** The gap of the untouched model is {over_seeds(runs, 'gap', by='method')['mean']['untouched']:+.2f}. Its change: {describe_changes(runs, 'gap', **TABLES)}. Accuracy: {describe_changes(runs, 'accuracy', **TABLES)}. From the other columns the group can be guessed with an AUC of {proxies[name]:.2f}."
    for name, runs in tabular.items()
]
Markdown(
    "**Reading the figures.** "
    + "\n\n".join(paragraphs)
    + "\n\nWeights by group *and label* (and their repeated or left-out people) also make both labels equally frequent in training. On HMDA the "
    f"model then denies {denied['by group and label']:.0%} of all people instead of {denied['untouched']:.0%}: a change of the *selection rate*, which nobody asked for. With reweighing it denies {denied['reweighing']:.0%}. The lenders "
    f"denied {hmda['deny'].mean():.0%}: judge these accuracies beside that of denying nobody.\n\nAnd on these tables we cannot know whether a smaller gap is nearer the truth: the labels are decisions and histories, and there is no column of truth. "
    f"{WORLDS} splits of the same people overlap; the intervals allow for that."
)

# %% [markdown]
# ## One table to judge by
#
# All methods side by side, as mean changes against the untouched model with their intervals. The first table is about the gap: a change towards zero is what we want, and the row
# *gap, untouched* says which way that is. The second holds the shares that each method selects. In the third, less than
# zero is what it costs (judged by the truth in the clinic, and by the labels elsewhere). **Look for** a method that is best everywhere.

# %%
clinic = pd.concat([counted, mended[~mended["method"].isin(counted["method"])]])
everything = {"clinic, words": clinic, "clinic, BERT": block_runs, "sentences": real, **tabular}
for runs in everything.values():  # where the truth is known, it is what accuracy should be about
    runs["judged"] = runs.get("accuracy_true", runs["accuracy"])
overlaps = {**dict.fromkeys(tabular, TABLES["overlap"]), "sentences": HALVES["overlap"]}
start = {}
for name, runs in everything.items():
    start[name] = runs.groupby("method")["gap"].mean()["untouched"]

# %%
compared = tabulate_changes(everything, {"gap": "change of the gap"}, overlap=overlaps)
changed_by = compared.xs("change of the gap", axis=1, level=1).drop(index="untouched")
untouched = pd.DataFrame(start, index=["gap, untouched"]).map("{:+.2f}".format)
display(pd.concat([untouched, changed_by]))
display(compared.drop(columns="change of the gap", level=1))
display(tabulate_changes(everything, {"judged": "change of accuracy"}, overlap=overlaps))

# %%
changes = {}
for name, runs in everything.items():  # turned so that the untouched gap is above zero
    facing = runs.assign(gap=runs["gap"] * np.sign(start[name]))
    shared = overlaps.get(name)
    moved = changes_over_seeds(facing, "gap", by="method", baseline="untouched", overlap=shared)
    changes[name] = moved.dropna(subset="p_value")  # without the constant classifiers
smaller = pd.DataFrame({name: (rows["high"] < 0).astype(float) for name, rows in changes.items()})
tried, down = smaller.notna().sum(axis=1), smaller.sum(axis=1)
often = ", ".join(f"*{name}* ({down[name]:.0f} of {tried[name]})" for name in tried.index[tried > 1])
grew = ", ".join(f"*{method}* ({name})" for name, rows in changes.items() for method in rows.index[rows["low"] > 0])
Markdown(
    f"**Reading the tables.** On how many data sets did a method clearly push the gap towards zero (or past it), of those it was tried on? {often}. The gap grew clearly for: {grew or 'no method'}. "
    f"These are {tried.sum()} comparisons; at 95%, about {tried.sum() * 0.05:.0f} of them would look clear by luck alone. Then read the third table: the same method may be free on one data set and dear on another.\n\n"
    "What works depends on *what is wrong with the data*. Too few people, wrong labels, and words that give the group away need different remedies, and the size of a gap does not tell which it is."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 06.6 · Decide, and justify
#
# In a run on another clinic, with true labels from a second examination, the figures (95% intervals in brackets) were:
#
# | method | gap | change of accuracy, records | change of accuracy, truth |
# |---|---|---|---|
# | A. untouched | 0.25 [0.20, 0.30] | | |
# | B. equal group weights | 0.28 [0.22, 0.34] | -0.01 [-0.02, 0.00] | -0.02 [-0.03, -0.01] |
# | C. under-sampling | 0.02 [-0.03, 0.07] | -0.08 [-0.10, -0.06] | -0.05 [-0.07, -0.03] |
# | D. word left out | 0.12 [0.08, 0.16] | 0.00 [-0.01, 0.01] | 0.00 [-0.01, 0.01] |
# | E. label repair | 0.01 [-0.04, 0.06] | -0.03 [-0.04, -0.02] | 0.02 [0.01, 0.03] |
#
# The clinic had said beforehand that a gap below 0.08 does not matter to it. An interval that contains 0 is not enough: a wide one
# contains many other gaps too. Say which methods closed the gap (its whole interval lies between -0.08 and 0.08; a list of names or letters), which one you would use, and why:
#
# - A. smallest gap
# - B. most accurate on the records
# - C. gap closed, truth not harmed

# %% tags=["exercise"] exercise="06.6" points=3 objective="06-judge"
closed = ...  # a list of names or letters
method = ...  # a name or a letter
reason = ...  # one of the three; its letter, in quotes, is enough
# %% tags=["solution"]
closed = ["under-sampling", "label repair"]
method = "label repair"
reason = "gap closed, truth not harmed"
# %% tags=["check"]
check("06.6", {"closed": closed, "method": method, "reason": reason})

# %% [markdown]
# ## What you learned
#
# - Reweighing makes group and label independent and keeps both as frequent as they were; the same weight for everybody does nothing, and equal
#   weight for each group can make wrong labels count more. Split before you repeat anybody `[06-weights]`.
# - What was left out comes back through its proxies: measure how well the group can be guessed from the rest `[06-proxies]`.
# - Twins make the *words* useless, not what goes with them, and a wrong label is now written on both `[06-twins]`.
# - Repaired labels can make a model more right about the truth, which the records need not show; the repair is as good as its
#   estimate `[06-labels]`.
# - Gap, accuracy on the records, accuracy on the truth where there is one, each with an interval: less than that is no judgement `[06-judge]`.
#
# ## What this does not show
#
# - That equal rates are the right aim. The clinic was made with equal true base rates; elsewhere massaging would *make* labels wrong.
# - How to learn the share of missed labels. In the clinic we turned the knob ourselves; in life it takes a second look at people, with an
#   uncertainty of its own.
# - Methods that change the training itself, or the decisions afterwards. Each may reach what changing the data cannot.
# - Anything about people who are not in the data at all. No weight speaks for them.
#
# **Next.** We leave the data as they are, and change what training aims at:
# [07 · Can we train for fairness?](07_mitigating_training.ipynb)
