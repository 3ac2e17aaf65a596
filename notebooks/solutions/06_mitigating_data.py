# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 180
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
# About 80 minutes. You need training and baselines
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
    judge_gaps,
    plot_methods,
    plot_sweep,
    split_frame,
    tabulate_changes,
    try_methods,
)
from labkit.data import load_bug, load_german, load_hmda, simulate_clinic
from labkit.exercises import check, hint
from labkit.language import DISTRICT_WORDS, GENDER_WORDS, mask_words, swap_words
from labkit.models import load_foundation_model
from labkit.plots import show
from labkit.prose import reading, verdict

# %% tags=["parameters"]
SAMPLE_SIZE = 800  # training notes in each of the clinic's worlds
TEST_SIZE = 1000  # notes of other patients to measure on
WORLDS = 16  # worlds of the clinic behind every comparison there
SPLITS = 6  # splits of the real data behind every comparison there
SENTENCES = 1600  # real sentences, those of notebook 03; half of them to measure on
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# ## What can weights do?
#
# We begin with a table of 1,000 loans of a German bank in the 1970s. The label says whether a loan was repaid (`good_credit`);
# the groups are people under 25, and 25 and over. The tutorial of a well-known toolbox uses these data (Bellamy et al.,
# 2018), and we take its 700 training people, to check that we reproduce its published number.
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
# Now the clinic. As in notebook 03, group *b* has fewer patients, and 35% of *b*'s illnesses are recorded as "not ill". This
# time there are **proxies** too, things that stand in for the group: of the places that a note mentions (a market, a pharmacy), half are
# chosen by where the patient's group lives, and half by a coin.
#
# `try_methods` fits every method in several worlds of patients, decides about other patients of the same world, and keeps a row of figures for each. The **gap** is the
# share decided "ill" in *a* minus the share in *b*, with its sign: a change can close a gap, and it can turn it around. **Accuracy** is measured twice: on the recorded labels,
# which is all that a real clinic has, and on the truth. We say beforehand which gaps would not matter to us: those of less than five percentage points
# (`MARGIN`). So a gap counts as *closed* if the whole interval of its mean lies inside that margin, not if it merely contains zero.

# %%
MARGIN = 0.05  # the smallest decision gap that would matter
KNOBS = {"label_bias": 0.35, "representation": 0.3, "proxy_strength": 0.5}


def simulate(world, n_train=SAMPLE_SIZE, n_test=TEST_SIZE, **changes):
    """Simulate patients to train on, and others to measure on, of whom we keep the truth."""
    parts = [simulate_clinic(n=n, seed=2 * world + i, **KNOBS | changes) for i, n in enumerate([n_train, n_test])]
    return Split(*((part["note"], part["y"], part["group"]) for part in parts), parts[1]["y_true_disease"])


worlds = [simulate(world) for world in range(WORLDS)]

# %% [markdown]
# Seven ways to decide how much each patient counts. Four are weights: the *same* for everybody, equal in total
# for each *group*, equal for each *group and label*, and **reweighing**. For models that take no
# weights, the other three repeat people (**over-sampling**), leave people out (**under-sampling**), or do both and
# keep the number of people (*balanced*); all three give every combination of group and label the same number of people. The model counts words (TF-IDF) and
# is fast enough to be fitted many times.
#
# **Before you run the next cells, predict:** which one does nothing? Equal weight for each group sounds fair. Does it make the gap
# smaller? The figures show differences from the model that nothing was done to (the dashed line), world by world.
# At the bottom are classifiers that know nothing. Selecting nobody leaves no gap either: a small gap alone is no merit.

# %%
words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True), LogisticRegression(C=10))


def counting(estimator=None):
    """Return the methods that change how much each person counts."""
    methods = {"untouched": mitigation.Unmitigated(estimator=estimator)}
    schemes = {"same weight": "same", "weight by group": "group"}
    schemes |= {"by group and label": "group_label", "reweighing": "reweighing"}
    for name, scheme in schemes.items():
        methods[name] = mitigation.Reweighing(estimator=estimator, scheme=scheme)
    strategies = {"over-sampling": "over", "under-sampling": "under", "balanced": "balanced"}
    for name, strategy in strategies.items():
        methods[name] = mitigation.Resampling(estimator=estimator, strategy=strategy, seed=0)
    return methods


# %%
GAP = {"gap": "decision gap, a - b"}
BOTH = {"accuracy": "accuracy, recorded labels", "accuracy_true": "accuracy, true labels"}
counted = try_methods(counting(words), worlds, constants=True)
axes = plot_methods(counted, GAP | BOTH)
show(axes[0].figure, alt=describe_methods(counted, GAP | BOTH))

# %%
change = changes_over_seeds(counted, "gap", by="method", baseline="untouched")
on_truth = changes_over_seeds(counted, "accuracy_true", by="method", baseline="untouched")
judged = judge_gaps(counted, margin=MARGIN)
inside_margin = ", ".join(judged.index[judged["verdict"] == "closed"])
gap_changes = describe_changes(counted, "gap")
truth_changes = describe_changes(counted, "accuracy_true")
kept = pd.Series(
    [len(mitigation.resample_rows(*world.train[1:], strategy="under")) for world in worlds]
).describe()

# %% tags=["reading"]
reading(
    "**Reading the figure.** *The same weight for everybody* does nothing: it changes the gap by "
    "{idle[mean]:.6f}. *Equal weight for each group* {finding} ({group[mean]:+.3f}; {group[low]:+.3f} to "
    "{group[high]:+.3f}). One possible cause is that group *b* is not only small: its labels are wrong, "
    "and with more weight for *b* its wrong labels weigh more. This figure does not show how much of "
    "the change that explains.",
    idle=change.loc["same weight"],
    group=change.loc["weight by group"],
    finding=verdict(
        change.loc["weight by group", "low"],
        change.loc["weight by group", "high"],
        above="does not close the gap but widens it",
        below="makes the gap smaller",
        unclear="changes the gap by nothing that these worlds could show",
    ),
)

# %% tags=["reading"]
reading(
    "Changes of the gap that are clear in {n} worlds: {gap_changes}. Changes of the accuracy on the truth: "
    "{truth_changes}. *Reweighing* changes the gap by {rew[mean]:+.3f} ({rew[low]:+.3f} to {rew[high]:+.3f}), of "
    "{before:.2f}. *Under-sampling* changes it by {fewer[mean]:+.3f}, and keeps only {kept[mean]:.0f} of {notes} people "
    "on average ({kept[min]:.0f} to {kept[max]:.0f}, depending on the world); its accuracy on the truth changes by {under[mean]:+.3f} ({under[low]:+.3f} to {under[high]:+.3f}). Inside the margin is the gap of: "
    "{inside_margin}. Classifiers that know nothing have no gap either, so look at both accuracies.",
    n=WORLDS,
    gap_changes=gap_changes,
    truth_changes=truth_changes,
    rew=change.loc["reweighing"],
    before=judged.loc["untouched", "mean"],
    fewer=change.loc["under-sampling"],
    kept=kept,
    notes=SAMPLE_SIZE,
    under=on_truth.loc["under-sampling"],
    inside_margin=inside_margin,
)

# %% [markdown]
# Reweighing makes label and group independent *exactly*. **Predict:** why does it close only a part of the gap? The clinic can
# look behind the records: among other patients like these, we count who is *recorded* as ill and who *is* ill, with the weights.

# %%
many = simulate_clinic(n=10 * SAMPLE_SIZE, seed=1000, **KNOBS)
many["weight"] = mitigation.sample_weights(many["y"], many["group"], scheme="reweighing")
weighted_ill = {}
for name, members in many.groupby("group"):
    shares = members[["y", "y_true_disease"]].mul(members["weight"], axis=0).sum()
    weighted_ill[name] = shares / members["weight"].sum()
weighted_ill = pd.DataFrame(weighted_ill, index=["y", "y_true_disease"]).T
weighted_ill.columns = ["recorded as ill, weighted", "truly ill, weighted"]
weighted_ill.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** With the weights, {a[recorded as ill, weighted]:.0%} of both groups are recorded as ill. But weights "
    "correct no label: truly ill are {a[truly ill, weighted]:.0%} in *a* and {b[truly ill, weighted]:.0%} in *b*, where the hidden "
    "ones still count as \"not ill\". So of people with the *same* complaints, fewer are recorded as ill in *b*, "
    "and a model that can guess the group learns that. Reweighing equalizes how often the groups are "
    "recorded as ill, not how often people with the same note are.",
    a=weighted_ill.loc["a"],
    b=weighted_ill.loc["b"],
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
# `balance`, and then every second one goes into the test. With an odd number of people in the smaller
# group, the same person lands in both parts, and the test results are far too good. Repair `prepare`: no one may be
# in both parts, and the test must hold people as they come, each once, a fifth of them or more. Balance the training part by
# repeating people of the smaller group or by leaving out people of the larger one; do not lose anybody besides.
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

# %% [markdown]
# In the next figure, one line is for notes with the district, the other for notes without it. At strength 0 a coin chooses every place; at
# strength 1 every place in a note tells the group.
#
# **Before you run the next cells, predict:** how much of the gap at strength 1 is left when the district is left out: none, about half,
# nearly all, or more than before? (Nothing is checked here; the reading below the figure has the answer.)

# %%
NOTES, found = {False: "district in the note", True: "district left out"}, []
for strength in (0.0, 0.5, 1.0):
    for masked, notes in NOTES.items():
        settings = {"proxy_strength": strength, "mask_group": masked}
        masked_worlds = [simulate(world, **settings) for world in range(WORLDS)]
        runs = try_methods({"untouched": mitigation.Unmitigated(estimator=words)}, masked_worlds)
        found.append(runs.assign(strength=strength, notes=notes))
found = pd.concat(found)
proxy_gaps = found.groupby(["notes", "strength"])["gap"].mean()

# %%
ax = plot_sweep(found, "gap", over="strength", by="notes")
ax.axhline(0, color="black", linewidth=0.8)
ax.set(xlabel="proxy strength (0: a coin chooses the places)", ylabel="decision gap, a - b")
means = [f"{notes} at {at:.1f}: {gap:z.2f}" for (notes, at), gap in proxy_gaps.items()]
show(
    ax.figure,
    alt=f"Decision gap by proxy strength, with intervals over worlds. {', '.join(means)}.",
)

# %%
at_one, at_zero = found[found["strength"] == 1], found[found["strength"] == 0]
told = judge_gaps(at_one, margin=MARGIN, by="notes")
untold = judge_gaps(at_zero, margin=MARGIN, by="notes")
in_between = judge_gaps(found[found["strength"] == 0.5], margin=MARGIN, by="notes")
lost = changes_over_seeds(at_one, "gap", by="notes", baseline="district in the note")
left_share = told.loc["district left out", "mean"] / told.loc["district in the note", "mean"]
how_much = "nearly all" if left_share > 3 / 4 else "a part"

# %% tags=["reading"]
reading(
    "**Reading the figure.** At strength 1, {share:.0%} of the gap is left without the district: {finding}. The gap is "
    "{full[mean]:.2f} with it and {rest[mean]:.2f} without it ({rest[low]:.2f} to {rest[high]:.2f}); world by world, leaving it "
    "out changes the gap by {lost[mean]:+.3f} ({lost[low]:+.3f} to {lost[high]:+.3f}). The model never saw the "
    "group's name. It did not need to: a pharmacy, a market and a tram say the same, and nobody wrote them "
    "down to discriminate. Without proxies, leaving out the district works: {zero[mean]:.2f} is left ({zero[low]:.2f} "
    "to {zero[high]:.2f}; verdict: {zero[verdict]}). In between, at strength {clinic}, which is that of the clinic "
    "above, the gap is {half[mean]:.2f} with the district ({half[low]:.2f} to {half[high]:.2f}) and {less[mean]:.2f} "
    "without it ({less[low]:.2f} to {less[high]:.2f}).",
    share=left_share,
    finding=how_much,
    full=told.loc["district in the note"],
    rest=told.loc["district left out"],
    zero=untold.loc["district left out"],
    clinic=KNOBS["proxy_strength"],
    half=in_between.loc["district in the note"],
    less=in_between.loc["district left out"],
    lost=lost.loc["district left out"],
)

# %% [markdown] tags=["exercise"]
# ### Exercise 06.3 · What would have warned the clinic?
#
# Leaving out the district worked at strength 0 and failed at strength 1. Before any model of illness is trained, one of these could have told the two cases
# apart. Which?
#
# - A. how many notes name the district
# - B. how many notes mention a pharmacy or a market
# - C. how far apart the recorded base rates of the groups are
# - D. how well the district can be guessed from the rest of a note

# %% tags=["exercise"] exercise="06.3" points=1 objective="06-proxies"
warning = ...  # its letter, in quotes, is enough

# %% tags=["solution"]
warning = "D"

# %% tags=["check"]
check("06.3", warning)

# %% [markdown]
# ## Twins: the same text, of the other group
#
# *Counterfactual augmentation* adds a twin for every training text, with the group words swapped and the same label (Lu et al., 2020). After that each
# group word goes with a label as often as its partner does, so that which of the two stands there tells nothing. We try
# it on real sentences: is this sentence, whose profession word is masked, about a nurse? The groups are the gender of the pronoun, as in notebook 03.
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
# cache. *Left out* replaces the gendered words of a list by a mask, as in *scrubbed* above. `CorrelationRemover` (fairlearn's) subtracts from every feature what the group predicts of
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
sentence_methods = counting(head) | {
    "left out": mitigation.Unawareness(estimator=head, words=GENDER_WORDS),
    "twins": mitigation.CounterfactualAugmentation(estimator=head, swaps=GENDER_WORDS),
    "correlation remover": mitigation.CorrelationRemoval(estimator=head),
}
splits = split_frame(sentences, label=bug.label, sensitive="gender", text=bug.text, n_splits=SPLITS)
real = try_methods(sentence_methods, splits, metric="true_positive_rate", constants=True)
HALVES = {"overlap": 1.0}  # as many people to measure on as to train on

# %%
TASK = {"gap": "nurses found, 'she' - 'he'", "accuracy": "accuracy"}
TASK["balanced_accuracy"] = "balanced accuracy"
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
sentence_gaps = describe_changes(real, "gap", **HALVES)
sentence_accuracy = describe_changes(real, "accuracy", **HALVES)
sentence_levels = real.groupby("method")["accuracy"].mean()

# %% tags=["reading"]
reading(
    "**Reading the figure.** From the embedding the pronoun's gender can be guessed with an AUC of {text:.2f}, and after "
    "scrubbing still with {scrubbed:.2f} (a coin would reach one half): topics and other words are proxies "
    "too. Change of the gap over {n} splits into halves: {gaps}. Change of accuracy: {accuracy}.",
    text=guessed["text"],
    scrubbed=guessed["scrubbed"],
    n=SPLITS,
    gaps=sentence_gaps,
    accuracy=sentence_accuracy,
)

# %% tags=["reading"]
reading(
    "Where a gap closes, look at the accuracies: the untouched head is right about {plain:.1%} of the sentences, and calling "
    "nobody a nurse about {nobody:.1%}, with no gap at all. And remember how few cases carry the gap: only {rare} "
    "sentences of a test half are about a nurse with *he*. The halves share sentences; the intervals allow "
    "for that, and are wide.",
    plain=sentence_levels["untouched"],
    nobody=sentence_levels["select nobody"],
    rare=rare,
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
# **Before you run the next cell, predict:** the accuracy of both on the *recorded* labels, compared with the untouched model: higher or
# lower? And on the truth? And what happens to the gap when the estimate is wrong?

# %%
mending = {
    "untouched": mitigation.Unmitigated(estimator=words),
    "left out": mitigation.Unawareness(estimator=words, words=DISTRICT_WORDS),
    "twins": mitigation.CounterfactualAugmentation(estimator=words, swaps=DISTRICT_WORDS),
    "correlation remover": mitigation.CorrelationRemoval(estimator=words),
    "massaging": mitigation.Massaging(estimator=words, ranker=words),
}
ESTIMATES = {"too low": 0.15, "right": 0.35, "too high": 0.55}
for missed in ESTIMATES.values():
    repair = mitigation.LabelRepair(estimator=words, ranker=words, missed={"b": missed})
    mending[f"repair, {missed:.0%} missed"] = repair
mended = try_methods(mending, worlds, constants=True)
axes = plot_methods(mended, GAP | BOTH)
show(axes[0].figure, alt=describe_methods(mended, GAP | BOTH))

# %%
records = changes_over_seeds(mended, "accuracy", by="method", baseline="untouched")
truth = changes_over_seeds(mended, "accuracy_true", by="method", baseline="untouched")
repaired_gap = judge_gaps(mended, margin=MARGIN)
half_as_large = mended["gap"].where(mended["method"] != "untouched", mended["gap"] / 2)
halved = mended.assign(gap=half_as_large)  # is what is left less than half of the untouched gap?
beyond_half = changes_over_seeds(halved, "gap", by="method", baseline="untouched")
beyond_half = beyond_half.loc[["left out", "twins"]].agg({"low": "min", "high": "max"})
said = {}
for name, row in repaired_gap.iterrows():
    said[name] = f"{row['mean']:z.2f} ({row['low']:z.2f} to {row['high']:z.2f}; {row['verdict']})"

# %% tags=["reading"]
reading(
    "**Reading the figure.** On the *records*, repair with the true share of missed labels changes accuracy by {rec[mean]:+.3f} "
    "({rec[low]:+.3f} to {rec[high]:+.3f}): {rec_finding}. Massaging changes it by {mrec[mean]:+.3f} ({mrec[low]:+.3f} to "
    "{mrec[high]:+.3f}). On the *truth*, it is {true[mean]:+.3f} ({true[low]:+.3f} to {true[high]:+.3f}) with repair and "
    "{mtrue[mean]:+.3f} ({mtrue[low]:+.3f} to {mtrue[high]:+.3f}) with massaging: {true_finding}.",
    rec=records.loc["repair, 35% missed"],
    mrec=records.loc["massaging"],
    true=truth.loc["repair, 35% missed"],
    mtrue=truth.loc["massaging"],
    rec_finding=verdict(
        records.loc["repair, 35% missed", "low"],
        records.loc["repair, 35% missed", "high"],
        above="higher",
        below="lower",
        unclear="neither clearly higher nor clearly lower",
    ),
    true_finding=verdict(
        truth.loc["repair, 35% missed", "low"],
        truth.loc["repair, 35% missed", "high"],
        above="repair makes the model more right about the truth, and the records do not show it",
        below="repair makes the model less right about the truth",
        unclear="these worlds do not show that repair helps",
    ),
)

# %% tags=["reading"]
reading(
    "The gap is {untouched} before. Without the district (*left out*) it is {left_out}, with twins {twins}: {still}. For repair everything hangs on the estimate. With "
    "the true {true_share:.0%} the gap is {right}. With {low_share:.0%} it is {low}, and with {high_share:.0%} it is {high}. A gap of the same size the "
    "other way round is no repair.",
    still=verdict(
        beyond_half["low"],
        beyond_half["high"],
        above="most of the gap is still there, for the places are still in the notes, and the labels are still wrong",
        below="most of the gap is gone; what is left comes from the places, while the labels are still wrong",
        unclear="it is not clear that most of the gap is gone; the places are still in the notes, and the labels are "
        "still wrong",
    ),
    untouched=said["untouched"],
    left_out=said["left out"],
    twins=said["twins"],
    right=said["repair, 35% missed"],
    low=said["repair, 15% missed"],
    true_share=KNOBS["label_bias"],
    low_share=ESTIMATES["too low"],
    high_share=ESTIMATES["too high"],
    high=said["repair, 55% missed"],
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
# ## Real tables: mortgages and credit
#
# In 1990, Boston's lenders denied 28.3% of the Black and 9.3% of the white applicants: in a textbook's subset (Stock and Watson,
# 2007) of a larger survey (Munnell et al., 1996). A model of `deny` reads the application, without
# `insurance`: where it was refused, the mortgage was nearly always denied. German credit asks for repayment, with age groups. In both, the group has its own column in the table, and
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
    splits = split_frame(frame, label=label, sensitive="group", test_size=0.4, n_splits=SPLITS)
    tabular[name] = try_methods(tabular_methods, splits, constants=True)
    others, smaller = frame.drop(columns=[label, "group"]), frame["group"] == frame["group"].value_counts().index[-1]
    chance = cross_val_predict(mitigation.default_estimator(others), others, smaller, cv=5, method="predict_proba")
    proxies[name] = roc_auc_score(smaller, chance[:, 1])

# %%
TABLES = {"overlap": 0.4 / 0.6}  # two in five people to measure on
PAIRS = {"HMDA": "denied, not Black - Black", "German credit": "found good,\n25 and over - under 25"}
for name, runs in tabular.items():
    columns = {"gap": f"{name}: share {PAIRS[name]}", "accuracy": "accuracy"}
    columns["balanced_accuracy"] = "balanced accuracy"
    axes = plot_methods(runs, columns, **TABLES)
    show(axes[0].figure, alt=describe_methods(runs, columns, **TABLES))

# %%
table_changes, toward_zero, costly = {}, {}, {}
for name, runs in tabular.items():
    compare_with = {"by": "method", "baseline": "untouched", **TABLES}
    table_changes[name] = changes_over_seeds(runs, "gap", **compare_with).dropna(subset="p_value")
    accuracy = changes_over_seeds(runs, "accuracy", **compare_with).dropna(subset="p_value")
    side = np.sign(runs.groupby("method")["gap"].mean()["untouched"])
    clear_change = table_changes[name].query("p_holm < 0.05")["mean"] * side
    toward_zero[name] = set(clear_change.index[clear_change < 0])
    costly[name] = ", ".join(accuracy.index[accuracy["high"] < 0]) or "none"
on_both = ", ".join(sorted(set.intersection(*toward_zero.values()))) or "none"
nearer_in = {name: ", ".join(sorted(found)) or "none" for name, found in toward_zero.items()}
lenders_denied = hmda["deny"].mean()
level = tabular["HMDA"].groupby("method").mean(numeric_only=True)
FOUND = {"true_positive_rate_no": "not Black", "true_positive_rate_yes": "Black"}
reweighed = level.loc["reweighing"]
on_hmda = tabular["HMDA"].copy()
on_hmda["less"] = on_hmda["true_positive_rate_no"] - on_hmda["true_positive_rate_yes"]
found_gap = judge_gaps(on_hmda, "less", margin=MARGIN, overlap=TABLES["overlap"])
gap_before, gap_after = found_gap.loc["untouched"], found_gap.loc["reweighing"]
rows = ["untouched", "reweighing", "correlation remover", "massaging", "select nobody"]
columns = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "selected": "denied"}
for column, group in FOUND.items():
    columns[column] = f"denied, of those the lenders denied: {group}"
level.loc[rows, list(columns)].rename(columns=columns).round(3)

# %% tags=["reading"]
reading(
    "**Reading the figures.** Which methods clearly move the gap towards zero (or past it), with p-values adjusted for their "
    "number (Holm)? On HMDA: {hmda}; on German credit: {german}; on "
    "*both*: {both}. Clearly less accurate are, on HMDA: {hmda_cost}; on German credit: {german_cost}. From the other "
    "columns the group can be guessed with an AUC of {auc[HMDA]:.2f} and {auc[German credit]:.2f}, so leaving out the "
    "group leaves its proxies. The {n} splits of the same people overlap; the intervals allow for that, and are wide. *Not "
    "clearly* is no *no*: with twenty splits, several of these changes were clear.",
    hmda=nearer_in["HMDA"],
    german=nearer_in["German credit"],
    both=on_both,
    hmda_cost=costly["HMDA"],
    german_cost=costly["German credit"],
    auc=proxies,
    n=SPLITS,
)

# %% tags=["reading"]
reading(
    "**What does it cost on HMDA?** Denying nobody is right about {none[accuracy]:.3f} of the applicants, the untouched model "
    "about {plain[accuracy]:.3f}, and the reweighed one about {rew[accuracy]:.3f}: accuracy hardly tells these apart. Look at the "
    "applicants whom the lenders did deny (the last two columns of the table). The untouched model finds "
    "{plain[true_positive_rate_yes]:.2f} of the Black and {plain[true_positive_rate_no]:.2f} of the others; after reweighing it is "
    "{rew[true_positive_rate_yes]:.2f} and {rew[true_positive_rate_no]:.2f}. The gap in true positive rates, "
    "others less Black, was {was[mean]:+.2f} ({was[low]:+.2f} to {was[high]:+.2f}) and is now "
    "{left[mean]:+.2f} ({left[low]:+.2f} to {left[high]:+.2f}): {direction}.",
    none=level.loc["select nobody"],
    plain=level.loc["untouched"],
    rew=reweighed,
    was=gap_before,
    left=gap_after,
    direction=verdict(
        gap_after["low"],
        gap_after["high"],
        above="others are still found more often",
        below="it has turned around",
        unclear="which group is found more often now, we cannot tell",
    ),
)

# %% tags=["reading"]
reading(
    "Weights by group *and label* (and people repeated or left out like that) also make both labels equally frequent in "
    "training. The model then denies {both[selected]:.0%} of all people instead of {plain[selected]:.0%}: a change of the *selection "
    "rate*, which nobody asked for. With reweighing it denies {rew[selected]:.0%}; the lenders denied {lenders:.0%}. And on these "
    "tables we cannot know whether a smaller gap is nearer the truth: the labels are decisions and "
    "histories, and there is no column of truth.",
    both=level.loc["by group and label"],
    plain=level.loc["untouched"],
    rew=reweighed,
    lenders=lenders_denied,
)

# %% [markdown]
# ## One table to judge by
#
# All methods side by side, as mean changes against the untouched model with their intervals. The first table is about the gap: a change towards zero is what we want, and the row
# *gap, untouched* says which way that is. The second holds the shares that each method selects. In the third, less than
# zero is what it costs (judged by the truth in the clinic, and by the labels elsewhere). **Predict:** is there a method that is best everywhere?

# %%
clinic = pd.concat([counted, mended[~mended["method"].isin(counted["method"])]])
everything = {"clinic, words": clinic, "sentences": real, **tabular}
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
LEVEL = 0.05
clear = {}
for name, rows in changes.items():  # Holm's p-values allow for the number of methods
    clear[name] = ((rows["mean"] < 0) & (rows["p_holm"] < LEVEL)).astype(float)
clear = pd.DataFrame(clear)
tried, down = clear.notna().sum(axis=1), clear.sum(axis=1)
loses = {}
for name, runs in everything.items():
    cost = changes_over_seeds(
        runs, "judged", by="method", baseline="untouched", overlap=overlaps.get(name)
    )
    loses[name] = cost["high"] < 0
loses = pd.DataFrame(loses).fillna(False).astype(bool).any(axis=1)
helps = tried.index[(tried == len(changes)) & (down == tried)]
helps_everywhere = ", ".join(f"*{name}*" for name in helps) or "no method"
free = [f"*{name}*" for name in helps if not loses[name]]
free_everywhere = ", ".join(free) or "no method"
often = [f"*{name}* ({down[name]:.0f} of {tried[name]})" for name in tried.index[tried > 1]]
often = ", ".join(often)
grew = []
for name, rows in changes.items():
    wider = rows.index[(rows["mean"] > 0) & (rows["p_holm"] < LEVEL)]
    grew.extend(f"*{method}* ({name})" for method in wider)
grew = ", ".join(grew) or "no method"
compared_number, n_data_sets = int(tried.sum()), len(changes)

# %% tags=["reading"]
reading(
    "**Reading the tables.** Clearly moved towards zero (or past it) on all {n} data sets by: {helps}. And without a clear "
    "loss of accuracy on any: {free}. On how many of those it was tried on: {often}. The gap clearly grew for: "
    "{grew}. The p-values behind these {number} comparisons are adjusted for the number of methods on a data set "
    "(Holm), so that on each of them the chance of any false finding is about {level:.0%} at most.",
    level=LEVEL,
    n=n_data_sets,
    helps=helps_everywhere,
    free=free_everywhere,
    often=often,
    grew=grew,
    number=compared_number,
)

# %% [markdown]
# Then read the third table: the same method may be free on one data set and dear on another. The tables' last rows hold the
# answer to anybody who looks at gaps alone: selecting nobody, or everybody, closes every one of them. What works depends on *what is wrong
# with the data*. Too few people, wrong labels, and words that give the group away may need different remedies (too
# few people alone were not tested here), and the size of a gap does not tell which it is.

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
# - A. smallest gap, whatever it costs
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
# - What was left out *can* come back through its proxies, as far as they tell the group: measure how well it can be
#   guessed from the rest `[06-proxies]`.
# - Twins make the *words* nearly useless, not what goes with them, and a wrong label is now written on both `[06-twins]`.
# - Repaired labels can make a model more right about the truth, which the records need not show; the repair is as good as its
#   estimate `[06-labels]`.
# - Gap, accuracy on the records, accuracy on the truth where there is one, each with an interval, and next to a classifier that knows nothing: anything less is not enough to judge a method by `[06-judge]`.
#
# ## What this does not show
#
# - That equal rates are the right aim. The clinic was made with equal true base rates; elsewhere massaging would *make* labels wrong.
# - How to learn the share of missed labels. In the clinic we turned the knob ourselves; in life it takes a second look at people, with an
#   uncertainty of its own.
# - Whether the same remedies work when a BERT itself is trained. Here it only made features of the sentences. Training
#   its last block takes minutes for the few runs that decide nothing, and hours for enough of them.
# - Methods that change the training itself, or the decisions afterwards. Each may reach what changing the data cannot.
# - Anything about people who are not in the data at all. No weight speaks for them.
#
# **Next.** We leave the data as they are, and change what training aims at:
# [07 · Can we train for fairness?](07_mitigating_training.ipynb)
