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
from labkit.prose import choose, reading, verdict
from labkit.training import TrainConfig, finetune, predictions, read_record

# %% tags=["parameters"]
SAMPLE_SIZE = 1000  # training notes from the clinic
TEST_SIZE = 600  # notes of other patients to measure on
SENTENCES = 1600  # real sentences, half of them to measure on
EPOCHS = 2  # passes over the training data
SEEDS = 3  # training runs behind every comparison
LAB_NOTES = 1000  # patients of the debugging lab, half of them to learn from
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
# Part two is optional, and takes about 110 minutes. It has nine cases and a riddle. Each case is a
# small program that somebody wrote to train a model or to measure one. It runs, and something in
# what it shows is *not as it should be*: the **symptom**. Such programs are more dangerous than
# those that stop with an error, because their numbers find their way into reports.
#
# Work on each case in the same order: run the program, and say what is odd *before* you read its
# code. Ask what could cause it, and look for evidence: print shapes, count people, ask a tensor for
# its `requires_grad`, record the learning rate. Then repair the program in the exercise. Its
# explanation comes after the check, so do not scroll ahead.
#
# All cases use the same patients of the simulated clinic, in two halves: one to learn from, one to
# measure on. Word counts, reduced to a few columns, take the place of BERT here, so that everything
# trains at once.

# %%
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit.data import simulate_clinic

lab = simulate_clinic(n=LAB_NOTES, seed=0, label_bias=0.35, representation=0.3)
half = LAB_NOTES // 2
columns = make_pipeline(TfidfVectorizer(), TruncatedSVD(64, random_state=0), StandardScaler())
columns.fit(lab["note"][:half])
lab_inputs = torch.tensor(columns.transform(lab["note"]), dtype=torch.float32)  # (notes, 64)
lab_labels = torch.tensor(lab["y"].to_numpy(), dtype=torch.float32)  # as recorded
lab_is_b = torch.tensor((lab["group"] == "b").to_numpy())

# %% [markdown]
# A linear head on these columns gives each patient a logit. The next function trains one with
# whatever loss it is handed.

# %%
from torch.nn.functional import binary_cross_entropy_with_logits


def train_lab_head(loss_of, outputs=1, steps=200):
    """Train a linear head on the first half; `loss_of` takes its logits (notes, outputs)."""
    torch.manual_seed(0)
    lab_head = torch.nn.Linear(64, outputs)
    adam = torch.optim.Adam(lab_head.parameters(), lr=0.02)
    for _ in range(steps):
        lab_loss = loss_of(lab_head(lab_inputs[:half]))
        adam.zero_grad()
        lab_loss.backward()
        adam.step()
    return lab_head


def plain_loss(logits):
    """Return the binary cross-entropy of logits (notes, 1) on the first half."""
    return binary_cross_entropy_with_logits(logits.squeeze(1), lab_labels[:half])


# %%
plain_head = train_lab_head(plain_loss)
with torch.no_grad():
    lab_scores = torch.sigmoid(plain_head(lab_inputs[half:]).squeeze(1)).numpy()
lab_true = lab_labels[half:].numpy().astype(int)
lab_decided = (lab_scores >= 0.5).astype(int)
lab_group = lab["group"][half:].to_numpy()
pd.Series(lab_group).value_counts().rename("patients to measure on")

# %% [markdown]
# ## Case 1 · An audit of two groups
#
# This program should report, for each group, how many patients it has and for what share of them
# the decision was right. Compare what it prints with the table above.


# %%
def first_audit(y_true, y_pred, group):
    """Return a dict from group to (number of people, accuracy)."""
    report = {}
    for name in np.unique(y_true):
        members = y_true == name
        report[name] = (members.sum(), (y_pred[members] == name).mean())
    return report


pd.DataFrame(first_audit(lab_true, lab_decided, lab_group), index=["patients", "accuracy"]).T.round(
    3
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.6 · Repair the audit
#
# Count the patients in both tables. What are the rows of the second one? Repair the function. All
# three arguments are arrays of the same length.


# %% tags=["exercise"] exercise="03.6" points=1 objective="03-debug"
def repaired_audit(y_true, y_pred, group):
    """Return a dict from group to (number of people, accuracy)."""
    report = {}
    for name in np.unique(y_true):
        members = y_true == name
        report[name] = (members.sum(), (y_pred[members] == name).mean())
    return report


# %% tags=["solution"]
def repaired_audit(y_true, y_pred, group):
    """Return a dict from group to (number of people, accuracy)."""
    report = {}
    for name in np.unique(group):
        members = group == name
        report[name] = (members.sum(), (y_pred[members] == y_true[members]).mean())
    return report


# %% tags=["check"]
check("03.6", repaired_audit)

# %%
from labkit.audit import audit

lab_audit = audit(y_true=lab_true, y_pred=lab_decided, sensitive_features=lab_group, seed=0)
right_rows = lab_audit.by_group["accuracy"]
lab_rows = first_audit(lab_true, lab_decided, lab_group)
lab_audit.by_group[["accuracy"]].round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** The rows were the recorded diagnoses, 0 and 1: the loop never looks at "
    "`group`. What it calls accuracy of 1, {found:.2f}, is the true positive rate of everyone, and "
    "accuracy of 0, {healthy:.2f}, is the true negative rate. The accuracies of the two groups are "
    "{right[a]:.2f} and {right[b]:.2f}. An audit by label looks like an audit, differs between its "
    "rows like one, and says nothing about any group of people. Count the people in each row: that "
    "finds this mistake even where both columns happen to be called 0 and 1.",
    found=lab_rows[1][1],
    healthy=lab_rows[0][1],
    right=right_rows,
)

# %% [markdown]
# ## Case 2 · A penalty with a weight
#
# The loss below should push the mean scores of the two groups together, the harder the larger
# `weight` is. The program trains with four weights. **Look for** what the weight changes, and what
# it does not.


# %%
def first_fair_loss(logits, labels, is_b, weight):
    """Return cross-entropy plus weight times the squared gap in mean scores."""
    loss = binary_cross_entropy_with_logits(logits, labels)
    with torch.no_grad():
        scores = torch.sigmoid(logits)
        gap = scores[~is_b].mean() - scores[is_b].mean()
    return loss + weight * gap**2


# %%
def train_fairly(fair_loss, weight):
    """Train with a penalty; return the last loss and the gap in mean scores."""
    lab_first = (lab_labels[:half], lab_is_b[:half], weight)
    fair_head = train_lab_head(lambda logits: fair_loss(logits.squeeze(1), *lab_first))
    logits = fair_head(lab_inputs[:half]).squeeze(1).detach()
    fair_scores = torch.sigmoid(logits)
    soft_gap = fair_scores[~lab_is_b[:half]].mean() - fair_scores[lab_is_b[:half]].mean()
    return {"loss": fair_loss(logits, *lab_first).item(), "gap in mean scores": soft_gap.item()}


WEIGHTS = [0, 1, 10, 100]
first_sweep = pd.DataFrame({weight: train_fairly(first_fair_loss, weight) for weight in WEIGHTS}).T
first_sweep.rename_axis("weight").round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.7 · Repair the penalty
#
# `loss.requires_grad` is true here, so ask a sharper question: what is the gradient of the loss
# with respect to the logits for two different weights? (`torch.autograd.grad(loss, logits)`, with
# logits that you make with `requires_grad=True`.) Repair the function. The squared gap is the one
# that you see; it returns a tensor.


# %% tags=["exercise"] exercise="03.7" points=1 objective="03-debug"
def fair_loss(logits, labels, is_b, weight):
    """Return cross-entropy plus weight times the squared gap in mean scores."""
    loss = binary_cross_entropy_with_logits(logits, labels)
    with torch.no_grad():
        scores = torch.sigmoid(logits)
        gap = scores[~is_b].mean() - scores[is_b].mean()
    return loss + weight * gap**2


# %% tags=["solution"]
def fair_loss(logits, labels, is_b, weight):
    """Return cross-entropy plus weight times the squared gap in mean scores."""
    loss = binary_cross_entropy_with_logits(logits, labels)
    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return loss + weight * gap**2


# %% tags=["check"]
check("03.7", fair_loss)


# %%
def connected_fair_loss(logits, labels, is_b, weight):
    """Return the same loss, connected to the logits in both of its parts."""
    scores = torch.sigmoid(logits)
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return binary_cross_entropy_with_logits(logits, labels) + weight * gap**2


fair_sweep = pd.DataFrame({w: train_fairly(connected_fair_loss, w) for w in WEIGHTS}).T
fair_sweep.rename_axis("weight").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** The gap was a plain number to the optimizer, so every weight trained the "
    "same model: its gap was {first[0]:.3f} with weight 0 and {first[100]:.3f} "
    "with weight 100, and "
    "only the loss that was printed rose. With the gap connected to the logits it goes from "
    "{fair[0]:.3f} to {fair[100]:.3f}. The same happens with `.detach()`, with `.item()`, with a "
    "new `torch.tensor(...)` of the value, and with a penalty computed after training: the number "
    "is right and nobody feels it. A penalty that works changes the model when its weight changes.",
    first=first_sweep["gap in mean scores"],
    fair=fair_sweep["gap in mean scores"],
)

# %% [markdown]
# ## Case 3 · A loss that falls
#
# A head has two outputs, one logit per class. Its first loss stopped with an error. Somebody added
# a line, and the error went away. Does the model learn? The loss falls. The AUC is that of the
# second logit minus the first.


# %%
def first_pair_loss(two_logits, labels):
    """Return the mean loss of two logits per person (n, 2), given labels (n,)."""
    labels = labels.float()[:, None].expand(-1, 2)  # the shapes did not fit
    return binary_cross_entropy_with_logits(two_logits, labels)


from sklearn.metrics import roc_auc_score


def train_pair(pair_loss, steps):
    """Train a head of two logits; return its loss, and the AUC on the other half."""
    pair_labels = lab_labels[:half].long()
    pair_head = train_lab_head(lambda logits: pair_loss(logits, pair_labels), 2, steps)
    pair_logits = pair_head(lab_inputs).detach()
    difference = (pair_logits[half:, 1] - pair_logits[half:, 0]).numpy()
    pair_value = pair_loss(pair_logits[:half], pair_labels).item()
    return {"loss": pair_value, "AUC": roc_auc_score(lab_true, difference)}


# %%
try:
    binary_cross_entropy_with_logits(torch.zeros(8, 2), torch.ones(8))
except ValueError as error:
    print("the error that went away:", error)
STEPS = [10, 100, 1000]
first_pairs = pd.DataFrame({steps: train_pair(first_pair_loss, steps) for steps in STEPS}).T
first_pairs.rename_axis("steps").round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.8 · Repair the loss
#
# Give the function the logits of one person, `(0, 3)` and `(3, 0)`, and both labels. Which of the
# four losses should be small? Repair it: it takes two logits per person, a tensor (n, 2), and
# labels, whole numbers (n,), and returns the mean loss as a tensor.


# %% tags=["exercise"] exercise="03.8" points=1 objective="03-debug"
def pair_loss(two_logits, labels):
    """Return the mean loss of two logits per person (n, 2), given labels (n,)."""
    labels = labels.float()[:, None].expand(-1, 2)  # the shapes did not fit
    return binary_cross_entropy_with_logits(two_logits, labels)


# %% tags=["solution"]
def pair_loss(two_logits, labels):
    """Return the mean loss of two logits per person (n, 2), given labels (n,)."""
    return torch.nn.functional.cross_entropy(two_logits, labels)


# %% tags=["check"]
check("03.8", pair_loss)

# %%
from torch.nn.functional import cross_entropy

class_pairs = pd.DataFrame({steps: train_pair(cross_entropy, steps) for steps in STEPS}).T
class_pairs.rename_axis("steps").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** With the labels copied into both columns, both logits learn to answer the "
    "same question, and what should decide, their difference, is left to chance: after {steps:,} "
    "steps the AUC is {first:.2f}, although the loss fell. Cross-entropy compares the two logits "
    "with each other, and gives {right:.2f}. Binary cross-entropy takes one logit per person and "
    "labels as decimals; cross-entropy takes one logit per class and labels as whole numbers. The "
    "error about shapes had said so. Making shapes fit is not the same as making sense of them.",
    steps=STEPS[-1],
    first=first_pairs["AUC"].iloc[-1],
    right=class_pairs["AUC"].iloc[-1],
)

# %% [markdown]
# ## Case 4 · From notes to a batch
#
# BERT's tokenizer turns each note into token ids. The program puts four notes into a batch, as ids
# and a mask, which has 1 for a token that the model should read. Count the tokens, and count the
# axes of what comes out: BERT expects (notes, tokens).

# %%
from labkit.models import load_foundation_model

tokenizer = load_foundation_model(MODEL_NAME).tokenizer
tokens = [tokenizer(note, return_tensors="pt")["input_ids"] for note in lab["note"]]


def first_batch(items):
    """Return ids and mask of a list of tensors (1, length)."""
    shortest = min(item.shape[1] for item in items)  # they must be equally long
    ids = torch.stack([item[:, :shortest] for item in items])
    return ids, torch.ones_like(ids)


# %%
lab_ids, lab_mask = first_batch(tokens[:4])
pd.Series(
    {
        "tokens in the four notes": sum(item.shape[1] for item in tokens[:4]),
        "tokens in the batch": int(lab_mask.sum()),
        "shape of the batch": tuple(lab_ids.shape),
        "last token of each note": tokenizer.convert_ids_to_tokens(lab_ids[:, 0, -1]),
    }
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.9 · Repair the batch
#
# No token of a note may be lost, and the batch should be no wider than it must be. Return ids and
# mask, each of shape (notes, tokens). Fill the end of shorter rows with 0.


# %% tags=["exercise"] exercise="03.9" points=2 objective="03-debug"
def make_batch(items):
    """Return ids and mask of a list of tensors (1, length)."""
    shortest = min(item.shape[1] for item in items)  # they must be equally long
    ids = torch.stack([item[:, :shortest] for item in items])
    return ids, torch.ones_like(ids)


# %% tags=["solution"]
def make_batch(items):
    """Return ids and mask of a list of tensors (1, length)."""
    longest = max(item.shape[1] for item in items)
    ids = torch.zeros(len(items), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, item in enumerate(items):
        ids[row, : item.shape[1]] = item[0]
        mask[row, : item.shape[1]] = 1
    return ids, mask


# %% tags=["check"]
check("03.9", make_batch)

# %%
lengths = np.array([item.shape[1] for item in tokens])
in_batches = lengths[: len(lengths) // 32 * 32].reshape(-1, 32)  # 32 notes in a batch
in_order = np.sort(lengths)[: in_batches.size].reshape(-1, 32)
padded_share = {
    "to the longest note of all": 1 - lengths.mean() / lengths.max(),
    "to the longest note of a batch": 1 - in_batches.mean() / in_batches.max(axis=1).mean(),
    "the same, sorted by length first": 1 - in_order.mean() / in_order.max(axis=1).mean(),
}
pd.Series(padded_share, name="share of the batch that is padding").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** Each item brought its own batch axis, so that stacking made a third one, "
    "and cutting to the shortest note threw away the ends of the others, among them the last token "
    "that BERT expects. The repair drops the extra axis, pads, and marks the padding in the mask. "
    "How much does padding cost? With notes as alike as these, {whole:.0%} of the batch if all are "
    "padded to the longest one, {batch:.0%} if each batch is padded to its own, and {ordered:.0%} "
    "if notes of similar length go together.",
    whole=padded_share["to the longest note of all"],
    batch=padded_share["to the longest note of a batch"],
    ordered=padded_share["the same, sorted by length first"],
)

# %% [markdown]
# ## Case 5 · One model, four accuracies
#
# The trained head of the first cells is measured in batches, since not all patients fit into memory
# at once (imagine). The same head and the same patients, with four batch sizes:


# %%
def first_evaluation(predict, batches, labels):
    """Return the share of right answers; batches are (inputs, labels), labels are all labels."""
    answers = []
    for inputs, labels in batches:
        answers += predict(inputs)
    right = [answer == label for answer, label in zip(answers, labels)]
    return sum(right) / len(right)


# %%
def answer_notes(inputs):
    """Return the decisions of the trained head, as a list."""
    return (plain_head(inputs).squeeze(1) > 0).int().tolist()


size_accuracy = {}
for size in (50, 110, 170, half):
    lots = [
        (some, label.int().tolist())
        for some, label in zip(lab_inputs[half:].split(size), lab_labels[half:].split(size))
    ]
    size_accuracy[size] = first_evaluation(answer_notes, lots, lab_true.tolist())
pd.Series(size_accuracy, name="accuracy").rename_axis("batch size").round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.10 · Repair the evaluation
#
# Batches are a matter of memory: they cannot change who was answered correctly. How many answers
# and how many labels are compared at the end? Repair the function.


# %% tags=["exercise"] exercise="03.10" points=1 objective="03-debug"
def evaluate_batches(predict, batches, labels):
    """Return the share of right answers; batches are (inputs, labels), labels are all labels."""
    answers = []
    for inputs, labels in batches:
        answers += predict(inputs)
    right = [answer == label for answer, label in zip(answers, labels)]
    return sum(right) / len(right)


# %% tags=["solution"]
def evaluate_batches(predict, batches, labels):
    """Return the share of right answers; batches are (inputs, labels), labels are all labels."""
    answers = []
    for inputs, _ in batches:
        answers += predict(inputs)
    right = [answer == label for answer, label in zip(answers, labels, strict=True)]
    return sum(right) / len(right)


# %% tags=["check"]
check("03.10", evaluate_batches)

# %%
whole_accuracy = (lab_decided == lab_true).mean()
last_lot = half % 170 or 170

# %% tags=["reading"]
reading(
    "**What was wrong.** Inside the loop, a batch's labels took the name `labels`, which was that "
    "of all labels. After the loop it meant the last batch. So the *first* answers were compared "
    "with the *last* labels, {last} of them at a batch size of 170, and `zip` silently stopped at "
    "the end of the shorter list. Only one batch with everyone in it gave the right accuracy, "
    "{whole:.3f}. Two names cure it, and `zip(..., strict=True)` would have stopped the program "
    "with an error.",
    last=last_lot,
    whole=whole_accuracy,
)

# %% [markdown]
# ## Case 6 · Three metrics at three thresholds
#
# Recall is another name for the true positive rate. Before you run the program: when the threshold
# rises, fewer patients are called ill. What must happen to recall, and what to the AUC?

# %%
from sklearn.metrics import precision_score, recall_score


def first_metrics(y_true, y_score, threshold):
    """Return AUC, precision and recall."""
    y_pred = (y_score >= threshold).astype(int)
    return {
        "auc": roc_auc_score(y_pred, y_true),
        "precision": precision_score(y_pred, y_true),
        "recall": recall_score(y_pred, y_true),
    }


CUTS = [0.3, 0.5, 0.7]
first_cuts = pd.DataFrame({cut: first_metrics(lab_true, lab_scores, cut) for cut in CUTS}).T
first_cuts.rename_axis("threshold").round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.11 · Repair the metrics
#
# Two of the three columns answer another question than their heading, and the AUC has a second
# mistake on top. Read what scikit-learn's documentation says about the arguments. Repair the
# function; labels and scores are arrays.


# %% tags=["exercise"] exercise="03.11" points=2 objective="03-debug"
def measure_scores(y_true, y_score, threshold):
    """Return AUC, precision and recall."""
    y_pred = (y_score >= threshold).astype(int)
    return {
        "auc": roc_auc_score(y_pred, y_true),
        "precision": precision_score(y_pred, y_true),
        "recall": recall_score(y_pred, y_true),
    }


# %% tags=["solution"]
def measure_scores(y_true, y_score, threshold):
    """Return AUC, precision and recall."""
    y_pred = (y_score >= threshold).astype(int)
    return {
        "auc": roc_auc_score(y_true, y_score),
        "precision": precision_score(y_true, y_pred),
        "recall": recall_score(y_true, y_pred),
    }


# %% tags=["check"]
check("03.11", measure_scores)

# %% tags=["by-hand"]
hit_rate = (lab_decided[lab_true == 1] == 1).mean()
quiet_rate = (lab_decided[lab_true == 0] == 0).mean()
decision_auc = (hit_rate + quiet_rate) / 2
ill_scores, well_scores = lab_scores[lab_true == 1], lab_scores[lab_true == 0]
higher = ill_scores[:, None] > well_scores[None, :]  # each ill patient against each healthy one
equal = ill_scores[:, None] == well_scores[None, :]
pair_auc = (higher + equal / 2).mean()
hit_precision = (lab_true[lab_decided == 1] == 1).mean()

# %%
np.testing.assert_allclose(decision_auc, roc_auc_score(lab_true, lab_decided))
np.testing.assert_allclose(pair_auc, roc_auc_score(lab_true, lab_scores))
np.testing.assert_allclose(hit_precision, first_cuts.loc[0.5, "recall"])
try:
    roc_auc_score(lab_scores, lab_true)
except ValueError as error:
    print("scores and labels exchanged:", error)

# %% tags=["reading"]
reading(
    "**What was wrong.** The labels come first in scikit-learn. Exchanged, precision and recall "
    "change places, which is why recall rose with the threshold: it was precision, {precision:.2f} "
    "at one half. (Accuracy would not have noticed.) The AUC asks how scores *rank* people, so it "
    "has no threshold: {right:.3f}, counted over pairs. Of decisions it is only the mean of the "
    "true positive and true negative rates, {decisions:.3f}; exchanged on top, "
    "{first:.3f}. Had the "
    "author exchanged labels and *scores*, scikit-learn would have refused, as the message shows. "
    "With decisions both arguments look alike.",
    precision=hit_precision,
    right=pair_auc,
    decisions=decision_auc,
    first=first_cuts.loc[0.5, "auc"],
)

# %% [markdown]
# ## Case 7 · The curve that stops
#
# "Divide the learning rate by ten after every epoch", says the plan. The program trains a head in
# batches of 25 patients and keeps the loss of each batch. **Look for** the place where the curve
# stops falling.


# %%
def first_training(head, optimizer, scheduler, batches, epochs):
    """Train for some epochs on (inputs, labels); return the loss of each batch."""
    losses = []
    for _ in range(epochs):
        for inputs, labels in batches:
            loss = binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    return losses


# %%
def train_by_plan(training):
    """Train for three epochs, dividing the rate by ten; return the losses by batch."""
    torch.manual_seed(0)
    plan_head = torch.nn.Linear(64, 1)
    descent = torch.optim.SGD(plan_head.parameters(), lr=0.1)
    plan = torch.optim.lr_scheduler.StepLR(descent, step_size=1, gamma=0.1)
    small = list(zip(lab_inputs[:half].split(25), lab_labels[:half].split(25)))
    return training(plan_head, descent, plan, small, epochs=3)


from matplotlib import pyplot as plt

curve = np.array(train_by_plan(first_training))
per_epoch = curve.reshape(3, -1).mean(axis=1)
fig, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
ax.plot(np.arange(1, len(curve) + 1), curve)
ax.set(xlabel="batches", ylabel="loss (nats per patient)")
show(fig, alt="The loss of each batch over three epochs, read below.")

# %% tags=["reading"]
reading(
    "**Reading the figure.** The three epochs have mean losses of {loss[0]:.3f}, {loss[1]:.3f} and "
    "{loss[2]:.3f}. The batches differ, so the curve is jagged, but from the second epoch on it "
    "repeats the same pattern: whatever is drawn there, it is not learning.",
    loss=per_epoch,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.12 · Repair the training
#
# Record what the curve does not show: `optimizer.param_groups[0]["lr"]` is the learning rate of a
# step. Repair the function. The check hands it an optimizer of its own, which writes down the rate
# at every step.


# %% tags=["exercise"] exercise="03.12" points=1 objective="03-debug"
def train_epochs(head, optimizer, scheduler, batches, epochs):
    """Train for some epochs on (inputs, labels); return the loss of each batch."""
    losses = []
    for _ in range(epochs):
        for inputs, labels in batches:
            loss = binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    return losses


# %% tags=["solution"]
def train_epochs(head, optimizer, scheduler, batches, epochs):
    """Train for some epochs on (inputs, labels); return the loss of each batch."""
    losses = []
    for _ in range(epochs):
        for inputs, labels in batches:
            loss = binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    return losses


# %% tags=["check"]
check("03.12", train_epochs)

# %%
batch_count = len(curve)
steps_per_epoch = batch_count // 3
step_count = np.arange(batch_count)
rates_by_step = pd.DataFrame(
    {
        "stepped every batch": 0.1 * 0.1**step_count,
        "stepped every epoch": 0.1 * 0.1 ** (step_count // steps_per_epoch),
    },
    index=pd.Index(step_count + 1, name="batch"),
)
batch_rates = rates_by_step["stepped every batch"]
tiny = int((batch_rates > 1.01e-6).sum()) + 1
rates_by_step.iloc[:: steps_per_epoch // 2].map("{:.0e}".format)

# %% tags=["reading"]
reading(
    "**What was wrong.** The scheduler was stepped after every *batch*. Its unit is whatever you "
    "step it by, so the rate was divided by ten {steps} times per epoch and was "
    "down to a millionth "
    "at the {tiny}th of {all} batches: the rest of the data was read for "
    "nothing. The loss looked like "
    "that of a model that had converged. Plot the learning rate next to the loss; TensorBoard "
    "records of part one can hold it too.",
    steps=steps_per_epoch,
    tiny=tiny,
    all=batch_count,
)

# %% [markdown]
# ## Case 8 · Same seed, other weights
#
# Three symptoms at once. The program is called twice with one seed; it is asked for one step, which
# should change the weights by the learning rate times the gradient; and it is asked to train on
# another device. There may be no GPU here. The device `meta` exists everywhere: its tensors have a
# shape and no values, so it can show what is on which device, though not what is learned.


# %%
def first_run(inputs, labels, seed, steps, device):
    """Train a linear head by gradient descent with learning rate 0.5, and return it."""
    head = torch.nn.Linear(inputs.shape[1], 1)
    torch.manual_seed(seed)
    inputs, labels = inputs.to(device), labels.to(device)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
    for _ in range(steps):
        logits = head(inputs).squeeze(1)
        loss = binary_cross_entropy_with_logits(logits, labels)
        criterion = torch.nn.BCEWithLogitsLoss()
        optimizer.zero_grad()
        (loss + criterion(logits, labels)).backward()
        optimizer.step()
    return head


# %%
run_data = (lab_inputs[:half], lab_labels[:half])
first_seeds = [first_run(*run_data, 1, 0, "cpu").weight[0, 0].item() for _ in range(2)]
print("first weight, twice with seed 1:", np.round(first_seeds, 4))
torch.manual_seed(5)
start = first_run(*run_data, 1, 0, "cpu")
plain_loss(start(lab_inputs[:half])).backward()
torch.manual_seed(5)  # as before the first call
moved = first_run(*run_data, 1, 1, "cpu")
size_of_step = ((start.bias - moved.bias) / (0.5 * start.bias.grad)).item()
print("step of the bias, in units of rate times gradient:", round(size_of_step, 3))
try:
    first_run(*run_data, 1, 1, "meta")
except (RuntimeError, NotImplementedError) as error:
    print("another device:", type(error).__name__, str(error).splitlines()[0][:70])

# %% [markdown] tags=["exercise"]
# ### Exercise 03.13 · Repair the run
#
# Find the cause of each symptom, and repair all three. The same seed should give the same head, and
# other seeds other heads. One step should be the learning rate times the gradient of the
# cross-entropy. The head should be trained, and returned, on the device it is asked for.


# %% tags=["exercise"] exercise="03.13" points=2 objective="03-debug"
def train_run(inputs, labels, seed, steps, device):
    """Train a linear head by gradient descent with learning rate 0.5, and return it."""
    head = torch.nn.Linear(inputs.shape[1], 1)
    torch.manual_seed(seed)
    inputs, labels = inputs.to(device), labels.to(device)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
    for _ in range(steps):
        logits = head(inputs).squeeze(1)
        loss = binary_cross_entropy_with_logits(logits, labels)
        criterion = torch.nn.BCEWithLogitsLoss()
        optimizer.zero_grad()
        (loss + criterion(logits, labels)).backward()
        optimizer.step()
    return head


# %% tags=["solution"]
def train_run(inputs, labels, seed, steps, device):
    """Train a linear head by gradient descent with learning rate 0.5, and return it."""
    torch.manual_seed(seed)
    head = torch.nn.Linear(inputs.shape[1], 1).to(device)
    inputs, labels = inputs.to(device), labels.to(device)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
    for _ in range(steps):
        loss = binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head


# %% tags=["check"]
check("03.13", train_run)


# %%
def move_of(optimizer_class, times):
    """Return how far 20 steps move the weights, with the loss counted some times."""
    torch.manual_seed(0)
    moving = torch.nn.Linear(64, 1)
    origin = moving.weight.detach().clone()
    chosen_optimizer = optimizer_class(moving.parameters(), lr=0.01)
    for _ in range(20):
        chosen_optimizer.zero_grad()
        (times * plain_loss(moving(lab_inputs[:half]))).backward()
        chosen_optimizer.step()
    return (moving.weight - origin).norm().item()


doubled = {
    name: move_of(kind, 2) / move_of(kind, 1)
    for name, kind in {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}.items()
}
pd.Series(doubled, name="move with the loss twice, in moves with it once").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** The seed was set *after* the weights were drawn; the data went to the "
    "device and the head did not; and the loss was computed twice and added. How much the last one "
    "matters depends on the optimizer. Twenty steps of plain gradient descent "
    "go {sgd:.2f} times as "
    "far with the loss counted twice. For Adam, which divides each gradient by its own usual size, "
    "it is {adam:.2f} times: nobody would see it, and half of the work is wasted. Draw everything "
    "after the seed, choose the device in one place, and compute the loss in one place.",
    sgd=doubled["SGD"],
    adam=doubled["Adam"],
)

# %% [markdown]
# ## Case 9 · A history of nothing
#
# A program from an older project trains for some epochs and should return the accuracy after each
# of them.


# %%
def first_history(head, inputs, labels, epochs):
    """Train with AdamW at learning rate 0.05, one step per epoch; return the accuracies."""
    try:
        from transformers import AdamW as Optimizer
    except ImportError:  # so that it runs everywhere
        from torch.optim import SGD as Optimizer
    optimizer = Optimizer(head.parameters(), lr=0.05)

    def evaluate():
        decided = head(inputs).squeeze(1) > 0
        accuracy = (decided == (labels > 0)).float().mean().item()

    history = []
    for _ in range(epochs):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels).backward()
        optimizer.step()
        history.append(evaluate())
    return history


torch.manual_seed(0)
first_history(torch.nn.Linear(64, 1), lab_inputs[:half], lab_labels[:half], epochs=5)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.14 · Repair the history
#
# The list shows one mistake. A second one hides behind it: which optimizer is used here, and is it
# the one that the docstring promises? Repair both. The check looks at the accuracies and at the
# weights of the head afterwards.


# %% tags=["exercise"] exercise="03.14" points=2 objective="03-debug"
def train_with_history(head, inputs, labels, epochs):
    """Train with AdamW at learning rate 0.05, one step per epoch; return the accuracies."""
    try:
        from transformers import AdamW as Optimizer
    except ImportError:  # so that it runs everywhere
        from torch.optim import SGD as Optimizer
    optimizer = Optimizer(head.parameters(), lr=0.05)

    def evaluate():
        decided = head(inputs).squeeze(1) > 0
        accuracy = (decided == (labels > 0)).float().mean().item()

    history = []
    for _ in range(epochs):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels).backward()
        optimizer.step()
        history.append(evaluate())
    return history


# %% tags=["solution"]
def train_with_history(head, inputs, labels, epochs):
    """Train with AdamW at learning rate 0.05, one step per epoch; return the accuracies."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)

    def evaluate():
        decided = head(inputs).squeeze(1) > 0
        return (decided == (labels > 0)).float().mean().item()

    history = []
    for _ in range(epochs):
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels).backward()
        optimizer.step()
        history.append(evaluate())
    return history


# %% tags=["check"]
check("03.14", train_with_history)

# %%
try:
    from transformers import AdamW
except ImportError as error:
    print(type(error).__name__, str(error).splitlines()[0][:80])

# %% [markdown]
# **What was wrong.** `evaluate` computes an accuracy and does not return it: Python returns `None`
# and says nothing. The program measured after every epoch and threw the result away. And the import
# fails, as you see: transformers had its own AdamW, asked people for years to use PyTorch's, and
# removed it in version 4.50, in 2025. A removed name is no disaster, since an ImportError
# tells you.
# The disaster is the `except` that hides it and puts another optimizer in its place: the program
# runs everywhere, and trains something else than it says. Versions written down in a file
# (`constraints.txt` in this course) let *you* choose the day on which such a thing happens.
#
# ## Which log is impossible?
#
# Four people trained a classifier on the same task, in which 30% of the patients are ill, and
# measured it on many patients after each epoch. `selected` is the share called ill. All four logs
# look strange. Three of them can happen. One cannot, whatever the model and the data are: its
# numbers contradict one another.

# %%
LOGS = {
    "A": {
        "training loss": [0.58, 0.31, 0.09, 0.02],
        "loss": [0.56, 0.54, 0.79, 1.31],
        "selected": [0.21, 0.27, 0.31, 0.30],
        "accuracy": [0.76, 0.78, 0.77, 0.77],
    },
    "B": {
        "training loss": [0.62, 0.61, 0.61, 0.61],
        "loss": [0.61, 0.61, 0.61, 0.61],
        "selected": [0.00, 0.00, 0.00, 0.00],
        "accuracy": [0.70, 0.70, 0.70, 0.70],
    },
}
# %%
LATER_LOGS = {
    "C": {
        "training loss": [0.55, 0.47, 0.44, 0.43],
        "loss": [0.56, 0.50, 0.49, 0.49],
        "selected": [0.12, 0.24, 0.38, 0.56],
        "accuracy": [0.79, 0.82, 0.80, 0.77],
    },
    "D": {
        "training loss": [0.91, 4.80, 7.20, 6.90],
        "loss": [5.10, 7.90, 5.60, 8.30],
        "selected": [0.00, 1.00, 0.00, 1.00],
        "accuracy": [0.70, 0.30, 0.70, 0.30],
    },
}
log_tables = {name: pd.DataFrame(log) for name, log in {**LOGS, **LATER_LOGS}.items()}
log_table = pd.concat(log_tables, names=["log", "epoch"])
log_table.index = log_table.index.set_levels([1, 2, 3, 4], level="epoch")
log_table

# %% [markdown] tags=["exercise"]
# ### Exercise 03.15 · Prove it
#
# Give the `log`, the `epoch` whose numbers contradict each other, and the number that proves it:
# the highest accuracy that is possible with that epoch's share selected, when 30% are ill. Draw 100
# patients if it helps: 30 are ill, and so many are selected. How many mistakes are unavoidable?

# %% tags=["exercise"] exercise="03.15" points=2 objective="03-debug"
impossible = {
    "log": ...,  # A, B, C or D; the letter in quotes
    "epoch": ...,  # 1, 2, 3 or 4
    "highest_accuracy": ...,  # as a share
}
# %% tags=["solution"]
impossible = {"log": "C", "epoch": 4, "highest_accuracy": 1 - (0.56 - 0.30)}
# %% tags=["check"]
check("03.15", impossible)

# %% tags=["by-hand"]
ill_share = 0.30
bounds = log_table[["selected", "accuracy"]].copy()
bounds["lowest"] = (1 - ill_share - bounds["selected"]).abs()
bounds["highest"] = 1 - (bounds["selected"] - ill_share).abs()
outside = bounds[
    (bounds["accuracy"] > bounds["highest"] + 1e-9) | (bounds["accuracy"] < bounds["lowest"] - 1e-9)
]
outside.round(2)

# %% tags=["reading"]
reading(
    "**The four logs.** The table has the rows that break a bound: log {log}, epoch {epoch}. "
    "When {selected:.0%} are selected and {ill:.0%} are ill, the difference has to be selected "
    "wrongly, so at most {highest:.0%} of the decisions are right. The log says {accuracy:.0%}. "
    "The others can happen. A overfits: the loss on new patients rises because "
    "the model gets surer "
    "of its mistakes, while its decisions hardly change. B gives everyone the same answer, and its "
    "accuracy is the share of the majority. D has too high a learning rate and jumps from calling "
    "nobody ill to calling everyone ill: an accuracy below chance is no contradiction.",
    log=outside.index[0][0],
    epoch=outside.index[0][1],
    selected=outside["selected"].iloc[0],
    ill=ill_share,
    highest=outside["highest"].iloc[0],
    accuracy=outside["accuracy"].iloc[0],
)

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
