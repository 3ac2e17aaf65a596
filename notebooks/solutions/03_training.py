# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 180
#       mb: 2800
# ---

# %% [markdown]
# # 03 · How do we train, and what can go wrong?
#
# **You will be able to**
# - *compare* a fine-tuned model with baselines before believing its score `[03-baselines]`
# - *fine-tune* a real pretrained BERT and read its training record, by group `[03-finetune]`
# - *separate* the luck of the seed from the luck of the sample in a gap between groups `[03-uncertainty]`
# - *judge* what a design choice does to accuracy and to the gap `[03-design]`
# - *find and mend* nine kinds of mistakes in training and evaluation code `[03-debug]`
#
# About 45 minutes: 25 for part one, 20 for the debugging lab. Before this:
# [02 · What did the model learn before we met it?](02_pretraining_bias.ipynb)
#
# **Part one** trains on notes of a simulated clinic, where we know what is true, and then on real sentences, where we
# do not. **Part two** is a lab of broken code.

# %%
import tempfile

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from labkit.audit import audit, plot_group_rates
from labkit.chapters.ch03 import plot_scalars
from labkit.comparison import over_seeds, plot_runs, summarise
from labkit.data import load_bug, simulate_clinic
from labkit.exercises import check, hint
from labkit.models import embed, load_foundation_model
from labkit.plots import PALETTE, show
from labkit.training import TrainConfig, finetune, predictions, read_record

# %% tags=["parameters"]
SAMPLE_SIZE = 1000  # training notes from the clinic
TEST_SIZE = 600  # notes of other patients to measure on
SENTENCES = 1600  # real sentences, half of them to measure on
EPOCHS = 2  # passes over the training data
SEEDS = 3  # training runs behind every comparison
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# # Part one · Training
#
# ## What is there to learn?
#
# The clinic's notes are written by a program, so that we know what nobody knows about real notes: who was truly ill. We
# turn two of its knobs. Fewer patients of group *b* come (`representation`), and part of *b*'s illnesses are recorded
# as "not ill" (`label_bias`), as happens where a group's complaints are believed less often. The note names the
# patient's district, as real notes do: Alder is group *a*, Birch is group *b*.
#
# **Before you run the next cell, predict:** the note of a patient from Birch says exactly what a note from Alder says.
# A model learns from the *recorded* diagnoses. Will it give the two notes the same score?

# %%
KNOBS = {"label_bias": 0.35, "representation": 0.3}
train = simulate_clinic(n=SAMPLE_SIZE, seed=0, **KNOBS)
test = simulate_clinic(n=TEST_SIZE, seed=1, **KNOBS)  # another world: no patient is in both
for note in train["note"][:2]:
    display(Markdown(f"> {note}"))
train.groupby("group").agg(patients=("y", "size"), recorded_ill=("y", "mean"), truly_ill=("y_true_disease", "mean"))

# %%
rates = train.groupby("group")[["y", "y_true_disease"]].mean()
in_truth, in_records = (abs(rates[column]["a"] - rates[column]["b"]) for column in ("y_true_disease", "y"))
Markdown(
    "**Reading the table.** The simulator makes both groups ill equally often; that they differ by "
    f"{in_truth:.2f} in truth is the chance of this sample. In the records they differ by {in_records:.2f}. A model that "
    "learns the records well learns that difference too: to it, it looks like a fact about patients from Birch."
)

# %% [markdown]
# ## Baselines first
#
# A score means nothing alone. Two baselines cost next to nothing: always giving the majority's answer, and a linear
# model on word counts (TF-IDF weighs a word by how rare it is). A fine-tuned BERT has to beat both, or it is not needed.
#
# We put every model's answers into one **predictions table** (`y_true`, `y_score`, `y_pred`, and the group) and reduce
# it with `summarise`: the area under the ROC curve (AUC: how often an ill patient gets a higher score than one who is not),
# accuracy, and the **decision gap**, the share decided "ill" in *a* less the share in *b*, with a 95% interval.
#
# **Predict:** accuracy of the majority answer, and which baseline has the larger gap.


# %%
class Baseline:
    """A scikit-learn pipeline with the one method that a predictions table needs."""

    def __init__(self, model):
        self.model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), model)
        self.model.fit(train["note"], train["y"])

    def predict(self, texts):
        return self.model.predict_proba(texts)[:, 1]


SHOWN = ["auc", "accuracy", "balanced_accuracy", "gap", "selected_a", "selected_b"]
tables = {
    "majority": predictions(Baseline(DummyClassifier()), test["note"], test["y"], test["group"]),
    "TF-IDF + logistic regression": predictions(
        Baseline(LogisticRegression(C=10)), test["note"], test["y"], test["group"]
    ),
}
pd.DataFrame({name: summarise(table) for name, table in tables.items()}).T[SHOWN].round(3)

# %%
majority, tfidf = (summarise(table) for table in tables.values())
limit = roc_auc_score(test["y_true_disease"], test["p_disease"])
Markdown(
    f"**Reading the table.** Saying the same of everybody is right for {majority['accuracy']:.0%} of patients, and has no gap at "
    f"all, because it decides nothing: a small gap alone is no merit. Word counts reach an AUC of {tfidf['auc']:.2f}. For scale: "
    f"somebody who knew each patient's severity, age and smoking, and not only the note, could reach {limit:.2f} *on the truth*; "
    "the recorded labels are harder, since some of them are wrong on purpose."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.1 · How much better than saying the same?
#
# Write a function that takes labels and predictions (lists of 0 and 1) and returns how much the accuracy lies above that
# of the majority's answer, which is the better of "always 0" and "always 1".


# %% tags=["exercise"] exercise="03.1" points=1 objective="03-baselines"
def accuracy_gain(y_true, y_pred):
    """Return accuracy minus the accuracy of the majority's answer."""
    return ...


# %% tags=["solution"]
def accuracy_gain(y_true, y_pred):
    """Return accuracy minus the accuracy of the majority's answer."""
    share = np.mean(y_true)
    return np.mean(np.equal(y_true, y_pred)) - max(share, 1 - share)


# %% tags=["check"]
check("03.1", accuracy_gain)

# %% [markdown]
# ## Fine-tuning a pretrained BERT
#
# The shipped model is all-MiniLM-L6-v2, a BERT of six blocks that has read very much English. Fine-tuning puts a new
# head on it (one number, the log-odds of "ill", read from the last hidden state of the text's first token, `[CLS]`, as
# BERT's authors did) and trains everything for a few passes, with a learning rate that first rises and then falls to
# zero. `finetune` keeps a TensorBoard record.
#
# **Predict:** the loss will fall. What will the share of patients decided "ill" do in group *a* and in group *b*,
# from epoch to epoch?

# %%
foundation = load_foundation_model(MODEL_NAME)
log_dir = tempfile.mkdtemp()
config = TrainConfig(epochs=EPOCHS, learning_rate=2e-4, log_dir=log_dir)
validation = (test["note"][:200], test["y"][:200], test["group"][:200])
fit = finetune(foundation, train["note"], train["y"], validation=validation, config=config)
fit.history.set_index("epoch").T.map("{:.3g}".format)

# %% [markdown]
# The same run, read back from the TensorBoard record. (`tensorboard --logdir` shows it in a browser.) **Look for** how
# the loss falls on the left, and for whether the two groups part on the right.

# %%
record = read_record(log_dir)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
plot_scalars(record, "train/loss", smooth=10, ax=left).set(
    ylabel="cross-entropy (nats per note)", title="training loss"
)
names = {f"validation/selection_rate/{group}": f"group {group}" for group in "ab"}
plot_scalars(record, names, ax=right).set(ylabel="share decided 'ill'", ylim=(0, 1), title="validation, per epoch")
last = {group: record.loc[record.tag == tag, "value"].iloc[-1] for tag, group in names.items()}
first_loss, last_loss = fit.history["loss"].iloc[[0, -1]]
show(fig, alt=f"Left: training loss, a mean of {first_loss:.2f} in the first epoch and {last_loss:.2f} in the last. Right: "
     f"share decided ill per epoch; at the end {last['group a']:.2f} in group a and {last['group b']:.2f} in group b.")  # fmt: skip

# %%
tables["BERT, all blocks"] = predictions(fit, test["note"], test["y"], test["group"])
bert = summarise(tables["BERT, all blocks"])
clinic_runs = [{"model": "all blocks", "seed": 0} | bert]
seen = (
    "Nothing in the loss told us: without the groups in the record, we would not have seen it."
    if bert["gap_low"] > 0
    else "This run's gap cannot be told from zero; the loss would not have told us either way."
)
ahead = "ahead of" if bert["auc"] > tfidf["auc"] else "behind"
Markdown(
    f"**Reading the figures.** The loss goes from {first_loss:.2f} to {last_loss:.2f}. On {len(test):,} other patients the AUC is "
    f"{bert['auc']:.3f}, {ahead} word counts ({tfidf['auc']:.3f}). At the end the model calls {last['group a']:.0%} of *a* and "
    f"{last['group b']:.0%} of *b* ill: the decision gap is {bert['gap']:.2f} (95% interval {bert['gap_low']:.2f} to "
    f"{bert['gap_high']:.2f}). {seen}"
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.2 · Read the gap from a record
#
# A record is a table with the columns `tag`, `step` and `value`, as above. Write a function that returns the gap in selection
# rates (group a minus group b) at the *last* evaluation. The tags are `validation/selection_rate/a` and `.../b`.


# %% tags=["exercise"] exercise="03.2" points=2 objective="03-finetune"
def final_gap(record):
    """Return the last selection rate of group a minus that of group b."""
    return ...


# %% tags=["solution"]
def final_gap(record):
    """Return the last selection rate of group a minus that of group b."""
    last_values = record.groupby("tag")["value"].last()
    return last_values["validation/selection_rate/a"] - last_values["validation/selection_rate/b"]


# %% tags=["check"]
check("03.2", final_gap)

# %% [markdown]
# ## Cheaper: train the last block only
#
# The lower blocks of a pretrained model change little in fine-tuning. If we leave them as they are, their output for a
# text is the same in every epoch and for every seed. `finetune(trainable_layers=1)` computes it once, keeps it on
# disk, and trains the last block and the head on it. The head reads the first token alone, so the last block computes only
# that token's output; it looks at all the others, but what would come out for them nobody reads.
#
# **Predict:** how many times faster is a pass over the data, and what does it cost in AUC?


# %%
def train_and_measure(name, seed, *, model=foundation, **options):
    """Train on the clinic's notes, keep a row of figures, and return it."""
    fit = finetune(model, train["note"], train["y"], config=TrainConfig(**{"epochs": EPOCHS, "seed": seed} | options))
    table = predictions(fit, test["note"], test["y"], test["group"])
    speed = {"samples_per_second": fit.samples_per_second, "cache_seconds": fit.cache_seconds}
    clinic_runs.append({"model": name, "seed": seed} | summarise(table) | speed)
    return table


LAST_BLOCK = {"trainable_layers": 1, "learning_rate": 1e-3}
tables["BERT, last block"] = train_and_measure("last block", 0, **LAST_BLOCK)
pd.DataFrame({name: summarise(table) for name, table in tables.items()}).T[SHOWN].round(3)

# %%
cheap = clinic_runs[-1]
Markdown(
    f"**Reading the table.** A pass runs at {cheap['samples_per_second']:.0f} notes a second instead of "
    f"{fit.samples_per_second:.0f} on this machine, after {cheap['cache_seconds']:.0f} s that filled or read the cache. The AUC is "
    f"{cheap['auc']:.3f} against {bert['auc']:.3f}. From here on we train last blocks, because we want many runs: one run "
    "is an anecdote."
)

# %% [markdown]
# ## Two kinds of luck
#
# A gap that we measure depends on two draws. Which *patients* are in the test set: that is what the interval of one
# audit covers. And which *seed* drew the new head, the order of the notes and the dropout: that is covered only by
# training again. **Look for** how far apart runs lie that differ in nothing but the seed.

# %%
for seed in range(1, SEEDS):
    train_and_measure("last block", seed, **LAST_BLOCK)
seeds = pd.DataFrame(clinic_runs).query("model == 'last block'")
fig, ax = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
rows = np.arange(len(seeds))
ax.errorbar(seeds["gap"], rows, xerr=[seeds.gap - seeds.gap_low, seeds.gap_high - seeds.gap], fmt="o", capsize=3)
ax.axvline(0, color="black", linewidth=0.8)
ax.set_yticks(rows, [f"seed {seed}" for seed in seeds["seed"]])
ax.set(xlabel="decision gap, a - b (share decided 'ill'), with the interval over patients")
show(fig, alt="Decision gap of each training run with its interval over patients: " +
     ", ".join(f"{gap:.2f}" for gap in seeds["gap"]) + ".")  # fmt: skip

# %%
mean = over_seeds(seeds, "gap", by="model").iloc[0]
people = (seeds["gap_high"] - seeds["gap_low"]).mean()
wide = "wider" if mean.high - mean.low > people else "narrower"
Markdown(
    f"**Reading the figure.** The gaps run from {seeds.gap.min():.2f} to {seeds.gap.max():.2f}. Their mean over {len(seeds)} seeds is {mean['mean']:.2f}, "
    f"95% interval {mean.low:.2f} to {mean.high:.2f}: {mean.high - mean.low:.2f} wide, {wide} than the {people:.2f} of one audit over patients. The two intervals "
    f"answer different questions, and neither contains the other's luck. With {len(seeds)} runs, Student's t makes the interval over seeds honest, not narrow."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.3 · An interval over seeds, by hand
#
# Write a function that takes the gaps of n training runs and returns `[low, high]`, the 95% interval of their mean by
# Student's t. `scipy.stats.t.ppf(0.975, n - 1)` gives the quantile.


# %% tags=["exercise"] exercise="03.3" points=2 objective="03-uncertainty"
def seed_interval(gaps):
    """Return [low, high] of the mean gap over runs."""
    return ...


# %% tags=["solution"]
def seed_interval(gaps):
    """Return [low, high] of the mean gap over runs."""
    half = stats.t.ppf(0.975, len(gaps) - 1) * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    return [np.mean(gaps) - half, np.mean(gaps) + half]


# %% tags=["check"]
check("03.3", seed_interval)

# %% [markdown]
# ## Who pays for the gap?
#
# Against the recorded labels a model may look even-handed: it decides as the records decide. In the clinic we can
# also ask the truth. **Look for** the true positive rate of the first of these runs: of the patients who *are* ill, how
# many are found?

# %%
truth = audit(
    y_true=test["y_true_disease"], y_pred=tables["BERT, last block"]["y_pred"], sensitive_features=test["group"]
)
fig, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
plot_group_rates(truth, ["true_positive_rate", "false_positive_rate"], ax=ax)
found = truth.by_group["true_positive_rate"]
show(fig, alt=f"True and false positive rates by group with intervals: of truly ill patients {found['a']:.2f} are found in "
     f"group a and {found['b']:.2f} in group b.")  # fmt: skip

# %%
pair, ill = truth.pairwise("true_positive_rate").iloc[0], truth.counts.table[["fn", "tp"]].sum(axis=1)
Markdown(
    f"**Reading the figure.** Of the truly ill patients the model finds {found['a']:.0%} in *a* ({ill['a']} people) "
    f"and {found['b']:.0%} in *b* ({ill['b']} people): a difference of {pair.difference:z.2f}, 95% interval "
    f"{pair.low:z.2f} to {pair.high:z.2f}. With real notes this figure could not be drawn: there the recorded label is all there is."
)

# %% [markdown]
# ## What do design choices do?
#
# How many blocks we train, how wide the head is, and its activation are choices of engineering. Are they also
# choices about people? We repeat each cheap one with several seeds; training all six blocks stays a single run, without
# an interval. Where no block trains, nothing teaches the first token to gather what matters; there the head reads the *mean*
# over all tokens, which is what the shipped model's embeddings were made for. So "head only" differs in that as well.
#
# **Predict:** which of these moves the AUC, and which moves the gap: training no block, one, or all of them; on frozen
# blocks, a head with a hidden layer of 16 or 256 units; GELU or tanh in it?

# %%
HEAD_ONLY = {"trainable_layers": 0, "learning_rate": 5e-3}
designs = {"head only": (foundation, HEAD_ONLY)}
for units, activation in [(16, "gelu"), (256, "gelu"), (256, "tanh")]:
    wider = load_foundation_model(MODEL_NAME, head_hidden=units, activation=activation)
    designs[f"head {units}, {activation}"] = (wider, HEAD_ONLY)
for seed in range(SEEDS):
    for name, (start, options) in designs.items():
        train_and_measure(name, seed, model=start, **options)
runs = pd.DataFrame(clinic_runs)
pd.concat({value: over_seeds(runs, value, by="model") for value in ("auc", "gap")}, axis=1).round(3)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.6), layout="constrained", sharey=True)
plot_runs(runs, "auc", by="model", ax=left).set(xlabel="AUC on recorded labels")
plot_runs(runs, "gap", by="model", ax=right).set(xlabel="decision gap, a - b")
right.get_legend().remove()
auc, gap = (over_seeds(runs, value, by="model") for value in ("auc", "gap"))
show(fig, alt="AUC and decision gap by design, with runs and intervals over seeds. Mean gaps: " +
     ", ".join(f"{name} {value:.2f}" for name, value in gap["mean"].items()) + ".")  # fmt: skip

# %%
clear, unclear = gap.index[gap.low > 0].tolist(), gap.index[gap.low <= 0].tolist()  # one run: neither
Markdown(
    f"**Reading the figure.** Best by AUC is *{auc['mean'].idxmax()}* ({auc['mean'].max():.3f}), worst *{auc['mean'].idxmin()}* "
    f"({auc['mean'].min():.3f}). The mean gap is largest for *{gap['mean'].idxmax()}* ({gap['mean'].max():.2f}) and smallest for "
    f"*{gap['mean'].idxmin()}* ({gap['mean'].min():z.2f}). With {SEEDS} seeds it is clearly above zero for: {', '.join(clear) or 'none'}; "
    f"it cannot be told from zero for: {', '.join(unclear) or 'none'}. *all blocks* is one run: it has no interval, and another seed could "
    "have put it elsewhere. A choice that nobody makes with people in mind can move the gap. Before a smaller gap counts as a merit, look "
    "at the AUC beside it, and at the number of runs."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.4 · What do the figures support?
#
# Suppose another model gave these figures: *head only*, AUC 0.74 (interval 0.72 to 0.76), gap 0.05 (0.03 to 0.07); *last
# block*, AUC 0.78 (0.77 to 0.79), gap 0.28 (0.17 to 0.40); *all blocks*, one run, AUC 0.77, gap -0.07. Which statement do
# they support?
#
# - A. head only is fairer
# - B. all blocks has no gap
# - C. the designs do not differ
# - D. smaller gap and lower AUC: of *head only* against *last block*

# %% tags=["exercise"] exercise="03.4" points=1 objective="03-design"
supported = ...  # one of the four; its letter, in quotes, is enough

# %% tags=["solution"]
supported = "smaller gap and lower AUC"

# %% tags=["check"]
check("03.4", supported)

# %% [markdown]
# ## Real sentences
#
# Now text that people wrote: sentences of Wikipedia, PubMed and covid papers about nurses, doctors, surgeons and physicians,
# with that word masked (Levy, Lazar and Stanovsky, 2021). The task is to tell which ones are about a nurse. The sensitive
# attribute is the gender of the pronoun that goes with the profession. It was found by a program, nobody was asked, and
# "they" is not covered.
#
# **Predict:** of the sentences about nurses, does the model find more when the pronoun is *she* or when it is *he*?

# %%
bug = load_bug("clinicians")
sample = bug.frame.sample(min(SENTENCES, len(bug.frame)), random_state=0)
fit_on, measure_on = train_test_split(sample, test_size=0.5, random_state=0, stratify=sample[bug.label])
display(Markdown("> " + measure_on[bug.text].iloc[0]))
measure_on.groupby("gender")[bug.label].agg(["size", "sum", "mean"])

# %%
words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=10))
words.fit(fit_on[bug.text], fit_on[bug.label])
sentence_runs = []
for seed in range(SEEDS):
    settings = TrainConfig(epochs=EPOCHS + 1, seed=seed, **LAST_BLOCK)
    sentence_fit = finetune(foundation, fit_on[bug.text], fit_on[bug.label], config=settings)
    table = predictions(sentence_fit, measure_on[bug.text], measure_on[bug.label], measure_on["gender"])
    measured = summarise(table, sensitive="gender", metric="true_positive_rate")
    sentence_runs.append({"model": "BERT, last block", "seed": seed} | measured)
sentence_runs = pd.DataFrame(sentence_runs)
sentence_runs.round(3)

# %%
score = words.predict_proba(measure_on[bug.text])[:, 1]
nurses = audit(y_true=table["y_true"], y_pred=table["y_pred"], sensitive_features=table["gender"])
fig, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
plot_group_rates(nurses, "true_positive_rate", ax=ax)
rate = nurses.by_group["true_positive_rate"]
show(fig, alt=f"Share of sentences about nurses that the last run finds: {rate['female']:.2f} with a female pronoun, "
     f"{rate['male']:.2f} with a male one, with intervals.")  # fmt: skip

# %%
auc_runs, gap_runs = (over_seeds(sentence_runs, value, by="model").iloc[0] for value in ("auc", "gap"))
one, nurse_count = sentence_runs.iloc[-1], nurses.counts.table[["fn", "tp"]].sum(axis=1)
Markdown(
    f"**Reading the figure.** The AUC is {auc_runs['mean']:.3f} (over seeds {auc_runs.low:.3f} to {auc_runs.high:.3f}) against "
    f"{roc_auc_score(measure_on[bug.label], score):.3f} for word counts. Of the sentences about nurses the last run finds {rate['female']:.0%} of "
    f"{nurse_count['female']} when the pronoun is female and {rate['male']:.0%} of {nurse_count['male']} when it is male: a gap of {one.gap:.2f} (over sentences {one.gap_low:.2f} to {one.gap_high:.2f}; mean over "
    f"seeds {gap_runs['mean']:.2f}, {gap_runs.low:.2f} to {gap_runs.high:.2f}). The task never asked about gender. The pronoun is simply a good hint, and "
    "the model takes hints: a man who nurses is less likely to be recognised as a nurse."
)

# %% [markdown]
# # Part two · The debugging lab
#
# Nine pieces of code follow. Each runs without complaint or stops with an error that is easy to misread, and each holds
# a mistake that people make when they train models and check them for fairness. For each one: read the code, *say
# what you expect*, run it, explain the symptom, and mend it in the exercise.
# When you are stuck, `hint("03.5")` in a new cell helps, three times.
#
# Most bugs use small heads on the shipped model's embeddings of the clinic's notes, which train in no time.

# %%
features = {
    name: torch.tensor(embed(foundation, part["note"].tolist())) for name, part in [("train", train), ("test", test)]
}
labels_all = {name: torch.tensor(part["y"].to_numpy()) for name, part in [("train", train), ("test", test)]}
is_b = torch.tensor((train["group"] == "b").to_numpy())
width = features["train"].shape[1]


def draw_head(outputs=1, seed=0):
    """Draw a linear head; the seed makes it the same each time."""
    torch.manual_seed(seed)
    return torch.nn.Linear(width, outputs)


def train_head(steps=150, penalty=lambda logits: 0.0):
    """Train a head on the training notes' embeddings, with a penalty added to the loss."""
    head = draw_head()
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(steps):
        logits = head(features["train"]).squeeze(1)
        loss = binary_cross_entropy_with_logits(logits, labels_all["train"].float()) + penalty(logits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head


# %% [markdown]
# ## Bug 1 · The audit that never saw a group
#
# Somebody reports fairness "by group": accuracy for each value that a column takes.

# %%
decided = tables["BERT, last block"]


def audit_by_group(y_true, y_pred):
    """Report accuracy for each group."""
    return pd.Series({group: (y_pred[y_true == group] == group).mean() for group in np.unique(y_true)})


audit_by_group(decided["y_true"], decided["y_pred"]).round(3)

# %% [markdown]
# **Symptom.** The groups are called 0 and 1. The function was given labels and predictions and nothing else, so it
# *cannot* know a group: it splits people by the **label**. What it calls accuracy of group 1 is the true positive rate
# of everybody. Ask of every audit: where did the groups come in?

# %% [markdown] tags=["exercise"]
# ### Exercise 03.5 · Repair the audit
#
# Write the audit so that it reports the accuracy of each sensitive group, as a dict from group to accuracy. All three
# arguments are arrays of the same length.


# %% tags=["exercise"] exercise="03.5" points=1 objective="03-debug"
def accuracy_by_group(y_true, y_pred, group):
    """Return {group: accuracy}."""
    return ...


# %% tags=["solution"]
def accuracy_by_group(y_true, y_pred, group):
    """Return {group: accuracy}."""
    return {name: np.mean((y_true == y_pred)[group == name]) for name in np.unique(group)}


print(accuracy_by_group(*(decided[name].to_numpy() for name in ("y_true", "y_pred", "group"))))


# %% tags=["check"]
check("03.5", accuracy_by_group)

# %% [markdown]
# ## Bug 2 · The constraint that cannot constrain
#
# A head has been trained. Now a "fairness constraint" is added to the loss, in a block that computes without
# gradients, "to save memory".


# %%
def soft_gap(logits):
    """Mean score in group a less mean score in group b."""
    return torch.sigmoid(logits[~is_b]).mean() - torch.sigmoid(logits[is_b]).mean()


head = train_head()
before = head.weight.clone()
with torch.no_grad():
    logits = head(features["train"]).squeeze(1)
    loss = binary_cross_entropy_with_logits(logits, labels_all["train"].float()) + 10 * soft_gap(logits) ** 2
print(
    "loss",
    round(loss.item(), 3),
    "| has a gradient:",
    loss.requires_grad,
    "| weights moved:",
    not torch.equal(before, head.weight),
)

# %% [markdown]
# **Symptom.** A number is printed, so it looks as if something was done. But the loss has no gradient, nothing was
# stepped, no weight moved. A constraint acts while training, or through a change of the decisions; computed
# afterwards, it is a measurement. The repair trains with it and without it; **look for** the gap in mean scores.


# %% [markdown] tags=["exercise"]
# ### Exercise 03.6 · Repair the constraint
#
# Write the loss with its constraint: binary cross-entropy plus `weight` times the squared gap in mean scores (group a less
# group b; `is_b` marks group b). It must be a tensor that can be differentiated.


# %% tags=["exercise"] exercise="03.6" points=1 objective="03-debug"
def constrained_loss(logits, labels, is_b, weight):
    """Return the loss plus the weighted squared gap in mean scores."""
    return ...


# %% tags=["solution"]
def constrained_loss(logits, labels, is_b, weight):
    """Return the loss plus the weighted squared gap in mean scores."""
    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return binary_cross_entropy_with_logits(logits, labels) + weight * gap**2


for weight in (0, 10):
    constrained = train_head(penalty=lambda logits, weight=weight: weight * soft_gap(logits) ** 2)
    print("weight", weight, "gap in mean scores", round(soft_gap(constrained(features["train"]).squeeze(1)).item(), 3))


# %% tags=["check"]
check("03.6", constrained_loss)

# %% [markdown]
# ## Bug 3 · A loss for one logit, given two

# %%
two_logits = draw_head(outputs=2)(features["train"][:8])  # (8, 2)
try:
    torch.nn.BCEWithLogitsLoss()(two_logits, labels_all["train"][:8])
except (ValueError, RuntimeError) as error:
    print(type(error).__name__, "·", error)

# %% [markdown]
# **Symptom.** Shapes `[8]` and `[8, 2]` do not go together. A popular "repair" makes the labels two columns wide by
# copying them, and then both logits learn the same thing. Binary cross-entropy takes *one* logit a text and labels
# as floats; cross-entropy takes *one logit a class* and labels as whole numbers. Either is right; mixing them is not.

# %% [markdown] tags=["exercise"]
# ### Exercise 03.7 · Repair the loss
#
# Write a function that takes two logits per text, a tensor (n, 2), and labels, whole numbers (n,), and returns the
# cross-entropy as a number.


# %% tags=["exercise"] exercise="03.7" points=1 objective="03-debug"
def two_logit_loss(two_logits, labels):
    """Return the mean cross-entropy, as a float."""
    return ...


# %% tags=["solution"]
def two_logit_loss(two_logits, labels):
    """Return the mean cross-entropy, as a float."""
    return cross_entropy(torch.as_tensor(two_logits), torch.as_tensor(labels)).item()


one_logit = two_logits[:, 1] - two_logits[:, 0]  # the log-odds of class 1
binary = binary_cross_entropy_with_logits(one_logit, labels_all["train"][:8].float()).item()
print("the same loss, written twice:", round(two_logit_loss(two_logits, labels_all["train"][:8]), 4), round(binary, 4))


# %% tags=["check"]
check("03.7", two_logit_loss)

# %% [markdown]
# ## Bug 4 · A batch of batches
#
# A data set tokenizes each note when it is asked for it, and a loader stacks what it gets.

# %%
tokenizer = foundation.tokenizer
items = [tokenizer(note, return_tensors="pt")["input_ids"] for note in train["note"][:4]]
print("one item:", tuple(items[0].shape))
try:
    torch.stack(items)
except RuntimeError as error:
    print(type(error).__name__, "·", error)

# %% [markdown]
# **Symptom.** Each item has a batch axis of its own (`[1, L]`), and every `L` is different, so nothing can be
# stacked. Padding everything to the longest text of the whole data set runs, and wastes most of the arithmetic. The
# repair pads a batch to *its* longest text, and makes the mask that tells the model what is padding.

# %% [markdown] tags=["exercise"]
# ### Exercise 03.8 · Repair the batch
#
# Write a function that takes lists of token ids and returns `(padded, mask)`, two lists of lists: rows filled with 0 up to the
# longest row of this batch, and 1 for a token that counts, 0 for padding.


# %% tags=["exercise"] exercise="03.8" points=1 objective="03-debug"
def pad_batch(ids):
    """Return the padded ids and their mask."""
    return ...


# %% tags=["solution"]
def pad_batch(ids):
    """Return the padded ids and their mask."""
    longest = max(map(len, ids))
    padded = [row + [0] * (longest - len(row)) for row in ids]
    return padded, [[1] * len(row) + [0] * (longest - len(row)) for row in ids]


padded, mask = pad_batch([item[0].tolist() for item in items])
print("batch:", (len(padded), len(padded[0])), "| tokens that count:", [sum(row) for row in mask])


# %% tags=["check"]
check("03.8", pad_batch)

# %% [markdown]
# ## Bug 5 · One name for two things
#
# An evaluation loop. `labels` are all test labels; the loop goes over batches.

# %%
head, outcome = train_head(), []
labels = labels_all["test"]
for start in range(0, len(labels_all["test"]), 64):
    inputs, labels = features["test"][start : start + 64], labels_all["test"][start : start + 64]
    outcome.extend((head(inputs).squeeze(1) > 0).long().tolist())
accuracy = sum(p == t for p, t in zip(outcome, labels.tolist())) / len(labels)
print(f"accuracy {accuracy:.3f} over {len(labels)} labels and {len(outcome)} predictions")

# %% [markdown]
# **Symptom.** There are more predictions than labels. Inside the loop the batch took the name of the whole, so the *first*
# predictions are compared with the *last* batch's labels, and `zip` silently stops at the shorter one. The repair uses
# two names, and `strict=True`, which would have raised an error.

# %% [markdown] tags=["exercise"]
# ### Exercise 03.9 · Repair the evaluation
#
# Write a function that takes a list of batches, each `(predictions, labels)`, two lists of numbers, and returns the
# accuracy over everybody.


# %% tags=["exercise"] exercise="03.9" points=1 objective="03-debug"
def accuracy_of_batches(batches):
    """Return the share of right predictions over all batches."""
    return ...


# %% tags=["solution"]
def accuracy_of_batches(batches):
    """Return the share of right predictions over all batches."""
    right = [p == t for outcome, truth in batches for p, t in zip(outcome, truth, strict=True)]
    return sum(right) / len(right)


print(f"accuracy {accuracy_of_batches([(outcome, labels_all['test'].tolist())]):.3f} over everybody")


# %% tags=["check"]
check("03.9", accuracy_of_batches)

# %% [markdown]
# ## Bug 6 · An AUC of decisions, the wrong way round
#
# A head's scores on the test notes, and the decisions made from them.

# %%
y_true = labels_all["test"].numpy()
y_score = torch.sigmoid(train_head()(features["test"]).squeeze(1)).detach().numpy()
y_pred = (y_score >= 0.5).astype(int)
print("reported AUC:", round(roc_auc_score(y_pred, y_true), 3))

# %% [markdown]
# **Symptom.** None, and that is the trouble: a plausible number. Two mistakes are in it. The AUC asks how well *scores* rank
# people; decisions have only two values. And scikit-learn takes `(y_true, y_score)`: exchanged, decisions play the truth. Each
# mistake moves the number by itself.

# %% [markdown] tags=["exercise"]
# ### Exercise 03.10 · Repair the AUC
#
# Write a function that takes labels and scores and returns the AUC.


# %% tags=["exercise"] exercise="03.10" points=1 objective="03-debug"
def area_under_curve(y_true, y_score):
    """Return the AUC of scores."""
    return ...


# %% tags=["solution"]
def area_under_curve(y_true, y_score):
    """Return the AUC of scores."""
    return roc_auc_score(y_true, y_score)


ways = {"right": (y_true, y_score), "decisions": (y_true, y_pred), "and exchanged": (y_pred, y_true)}
print({name: round(roc_auc_score(*way), 3) for name, way in ways.items()})


# %% tags=["check"]
check("03.10", area_under_curve)

# %% [markdown]
# ## Bug 7 · The learning rate that ran away
#
# "Divide the learning rate by ten after every epoch", says the comment. **Look for** the numbers on the right figure's vertical axis.


# %%
def train_with_steps(step_every_batch, epochs=3, batch=16):
    """Train a head with a step-decay schedule; return learning rates and losses by batch."""
    head, rates, losses = draw_head(), [], []
    optimizer = torch.optim.SGD(head.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
    for _ in range(epochs):
        for rows in torch.arange(len(train)).split(batch):
            loss = binary_cross_entropy_with_logits(
                head(features["train"][rows]).squeeze(1), labels_all["train"][rows].float()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rates.append(optimizer.param_groups[0]["lr"])
            losses.append(loss.item())
            if step_every_batch:
                scheduler.step()
        if not step_every_batch:
            scheduler.step()
    return rates, losses


# %%
decays = {"stepped every batch": train_with_steps(True), "stepped every epoch": train_with_steps(False)}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for (name, (rates_, losses_)), color in zip(decays.items(), PALETTE):
    left.plot(pd.Series(losses_).rolling(len(losses_) // 3, min_periods=1).mean(), color=color, label=name)
    right.semilogy(np.maximum(rates_, 1e-20), color=color, label=name)
left.set(xlabel="batches", ylabel="loss (mean of one epoch)")
right.set(xlabel="batches", ylabel="learning rate (cut at 1e-20)")
right.legend(frameon=False)
tiny = next(i for i, rate_ in enumerate(decays["stepped every batch"][0]) if rate_ < 1e-6)
show(
    fig,
    alt=f"Left: the loss ends higher when stepped every batch. Right: its learning rate is below a millionth after {tiny} batches.",
)

# %%
ends = {name: np.mean(losses_[-len(losses_) // 3 :]) for name, (_, losses_) in decays.items()}
Markdown(
    f"**Symptom and repair.** Stepped every batch, the learning rate is below a millionth after {tiny} batches, and the rest of the data is read for nothing: in the last epoch the loss is "
    f"{ends['stepped every batch']:.3f} instead of {ends['stepped every epoch']:.3f}. Read the scheduler's documentation for the *unit* of its step, and plot the rate, as we did in part one."
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.11 · Repair the schedule
#
# Write a function that returns the learning rate of every batch, in order, as a list: `rate` in the first epoch, a tenth of it in
# the second, and so on.


# %% tags=["exercise"] exercise="03.11" points=1 objective="03-debug"
def learning_rates(epochs, batches, rate):
    """Return epochs * batches learning rates."""
    return ...


# %% tags=["solution"]
def learning_rates(epochs, batches, rate):
    """Return epochs * batches learning rates."""
    return [rate * 0.1**epoch for epoch in range(epochs) for _ in range(batches)]


# %% tags=["check"]
check("03.11", learning_rates)

# %% [markdown]
# ## Bug 8 · Twice the work, in the wrong place, by chance
#
# Three mistakes that often come together: the loss is computed by the model *and* by a criterion; the data move to a
# device but the model never does; and no seed is set. (Without a GPU here, torch's `meta` device stands in for one.)


# %%
class HeadWithLoss(torch.nn.Linear):
    """A model that returns its own loss, as transformers' models do when they are given labels."""

    def forward(self, inputs, labels):
        logits = super().forward(inputs).squeeze(1)
        return binary_cross_entropy_with_logits(logits, labels), logits


models = [HeadWithLoss(width, 1) for _ in range(2)]  # no seed
inputs, targets = features["train"][:64], labels_all["train"][:64].float()
own_loss, logits = models[0](inputs, targets)
print(
    "the model's loss",
    round(own_loss.item(), 4),
    "| the criterion's",
    round(binary_cross_entropy_with_logits(logits, targets).item(), 4),
)
print("the same model drawn again gives", round(models[1](inputs, targets)[0].item(), 4))
try:
    models[0](inputs.to("meta"), targets.to("meta"))
except (RuntimeError, NotImplementedError) as error:
    print(type(error).__name__, "·", str(error).splitlines()[0][:90])

# %% [markdown]
# **Symptom.** Two equal losses: the second one only costs time, and if both are stepped, the update doubles. Two draws of
# one model differ: a result that nobody can repeat. And weights on one device cannot meet data on another. The repair: one loss, one
# place where the device is chosen, a seed before the weights are drawn. (`finetune` does all three: see `labkit/models/precision.py`.)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.12 · Repair the draw
#
# Write a function that draws three random numbers from a seed: the same ones for the same seed, others for another.


# %% tags=["exercise"] exercise="03.12" points=1 objective="03-debug"
def draw_three(seed):
    """Return three random numbers that the seed decides."""
    return ...


# %% tags=["solution"]
def draw_three(seed):
    """Return three random numbers that the seed decides."""
    return np.random.default_rng(seed).normal(size=3).tolist()


# %% tags=["check"]
check("03.12", draw_three)

# %% [markdown]
# ## Bug 9 · Measured and thrown away
#
# The last lines of many a script: an import that used to work, and an evaluation after every epoch.

# %%
try:
    from transformers import AdamW

    optimizer = AdamW(draw_head().parameters())
except ImportError as error:
    print("ImportError ·", str(error).splitlines()[0][:80])


def evaluate(head):
    """Compute test accuracy."""
    with torch.inference_mode():
        accuracy = ((head(features["test"]).squeeze(1) > 0) == labels_all["test"]).float().mean()


history = [evaluate(train_head(steps)) for steps in (0, 10, 150)]
print("history:", history)

# %% [markdown]
# **Symptom.** The import fails because the library removed its own AdamW years ago; torch's is the one to use, and pinned versions
# (`constraints.txt`) make such a day come when *you* choose. And `evaluate` has no `return`: it measures, and throws the
# result away, which a plot of nothing reveals long after.


# %% [markdown] tags=["exercise"]
# ### Exercise 03.13 · Repair the history
#
# Write a function that calls `evaluate(1)`, `evaluate(2)` ... `evaluate(epochs)` and returns all results, in order.


# %% tags=["exercise"] exercise="03.13" points=1 objective="03-debug"
def collect_history(evaluate, epochs):
    """Return the results of all epochs, as a list."""
    return ...


# %% tags=["solution"]
def collect_history(evaluate, epochs):
    """Return the results of all epochs, as a list."""
    return [evaluate(epoch) for epoch in range(1, epochs + 1)]


def evaluate_and_return(steps):
    """Return the test accuracy after so many steps."""
    scores = train_head(steps)(features["test"]).squeeze(1)
    return ((scores > 0) == labels_all["test"]).float().mean().item()


print("history:", [round(value, 3) for value in collect_history(evaluate_and_return, 5)])


# %% tags=["check"]
check("03.13", collect_history)

# %% [markdown]
# ## What you learned
#
# - A score stands beside its baselines, or it says nothing `[03-baselines]`.
# - Fine-tuning learns from the records, and how much of their gap it takes over is not in the loss: write the record by
#   group `[03-finetune]`.
# - An interval over patients and an interval over seeds answer different questions; report both `[03-uncertainty]`.
# - Design choices move accuracy, cost *and* the gap; judge them over several runs, with the AUC beside the gap
#   `[03-design]`.
# - The dangerous bugs print plausible numbers: ask where the groups came in, what has a gradient, and what was compared
#   with what `[03-debug]`.
#
# ## What this does not show
#
# - How to *remove* a gap: that needs a decision about which gap matters, and notebooks still to come.
# - That real clinics look like ours. The simulated one has the biases we put in, one at a time; a real one has others,
#   together, and no column of truth.
# - That other models behave alike. This is one small encoder; larger ones differ in score and cost, not in the
#   reason why a gap in the records is learned.
#
# **Next.** We have taken rates and gaps as they came. How does one measure fairness, and how sure is the result?
# [04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb)
