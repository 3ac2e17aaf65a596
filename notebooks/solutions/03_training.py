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
from labkit.prose import reading
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
# what it shows is not as it should be: that is its *symptom*. Such programs are more dangerous than
# those that stop with an error, because their numbers find their way into reports.
#
# Work on each case in the same order: run the program, and say what is odd *before* you read its
# code. Ask what could cause it, and look for evidence: print shapes, count people, compute a small
# example on paper, compare what a line does with what its docstring promises. Then repair the
# program in the exercise. Its explanation comes after the check, so do not scroll ahead.
#
# All cases use the same patients of the simulated clinic, in two halves: one to learn from, one to
# measure on. Group b is the smaller group, and some of its ill patients are recorded as healthy. We
# learn and measure what is recorded. Word counts, reduced to a few columns, take the place of BERT
# here, so that everything trains at once.

# %%
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit.data import simulate_clinic

lab = simulate_clinic(n=LAB_NOTES, seed=0, label_bias=0.35, representation=0.3)
lab_half = LAB_NOTES // 2
lab_columns = make_pipeline(TfidfVectorizer(), TruncatedSVD(64, random_state=0), StandardScaler())
lab_columns.fit(lab["note"][:lab_half])
lab_inputs = torch.tensor(lab_columns.transform(lab["note"]), dtype=torch.float32)
lab_labels = torch.tensor(lab["y"].to_numpy(), dtype=torch.float32)  # as recorded
lab_is_b = torch.tensor((lab["group"] == "b").to_numpy())
pd.Series({"notes": len(lab_inputs), "columns": lab_inputs.shape[1]}, name="how many")

# %% [markdown]
# A linear head on these columns gives each patient a logit. The next function trains one with
# whatever loss it is handed. You need it in most cases, so read it now: this one is right.

# %%
from torch.nn.functional import binary_cross_entropy_with_logits


def train_lab_head(loss_of, seed=0, outputs=1, steps=200):
    """Train a linear head on the first half; `loss_of` takes its logits (notes, outputs)."""
    torch.manual_seed(seed)
    lab_head = torch.nn.Linear(lab_inputs.shape[1], outputs)
    adam = torch.optim.Adam(lab_head.parameters(), lr=0.02)
    for _ in range(steps):
        lab_loss = loss_of(lab_head(lab_inputs[:lab_half]))
        adam.zero_grad()
        lab_loss.backward()
        adam.step()
    return lab_head


def plain_loss(logits):
    """Return the binary cross-entropy of logits (notes, 1) on the first half."""
    return binary_cross_entropy_with_logits(logits.squeeze(1), lab_labels[:lab_half])


# %%
plain_head = train_lab_head(plain_loss)
with torch.no_grad():
    lab_scores = torch.sigmoid(plain_head(lab_inputs[lab_half:]).squeeze(1)).numpy()
lab_true = lab_labels[lab_half:].numpy().astype(int)
lab_decided = (lab_scores >= 0.5).astype(int)
lab_group = lab["group"][lab_half:].to_numpy()
pd.Series(lab_group).value_counts().rename_axis("group").rename("patients to measure on")

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


lab_report = first_audit(lab_true, lab_decided, lab_group)
pd.DataFrame(lab_report, index=["patients", "accuracy"]).T.round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.6 · Repair the audit
#
# Which numbers in the two tables do not fit together? Find out why, and repair the function. All
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

# %% tags=["by-hand"]
lab_right = lab_decided == lab_true
lab_accuracy = {name: lab_right[lab_group == name].mean() for name in np.unique(lab_group)}
pd.Series(lab_accuracy, name="accuracy").rename_axis("group").round(3)

# %%
from labkit.audit import audit

lab_audit = audit(y_true=lab_true, y_pred=lab_decided, sensitive_features=lab_group, seed=0)
np.testing.assert_allclose(lab_audit.by_group["accuracy"], list(lab_accuracy.values()))
np.testing.assert_allclose(lab_report[1][1], lab_audit.overall["true_positive_rate"])
np.testing.assert_allclose(lab_report[0][1], 1 - lab_audit.overall["false_positive_rate"])

# %% tags=["reading"]
reading(
    "**What was wrong.** The rows of the first report are the recorded diagnoses, 0 and 1: the "
    "loop never looks at `group`. What it calls the accuracy of 1, {found:.2f}, is the true "
    "positive rate of everyone; that of 0, {healthy:.2f}, is the true negative rate. The groups "
    "themselves have accuracies of {right[a]:.2f} and {right[b]:.2f}. Count the people in each "
    "row and compare with the size of each group: that finds this mistake even where the groups "
    "are called 0 and 1 as well.",
    found=lab_report[1][1],
    healthy=lab_report[0][1],
    right=lab_accuracy,
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
def train_fairly(loss_with_penalty, weight):
    """Train with a penalty; return the last loss and the gap in mean scores, a minus b."""
    labels, is_b = lab_labels[:lab_half], lab_is_b[:lab_half]

    def weighted_loss(logits):
        return loss_with_penalty(logits.squeeze(1), labels, is_b, weight)

    logits = train_lab_head(weighted_loss)(lab_inputs[:lab_half]).detach()
    scores = torch.sigmoid(logits.squeeze(1))
    gap = scores[~is_b].mean() - scores[is_b].mean()
    return {"loss": weighted_loss(logits).item(), "gap in mean scores": gap.item()}


LAB_WEIGHTS = [0, 1, 10, 100]
first_sweep = {weight: train_fairly(first_fair_loss, weight) for weight in LAB_WEIGHTS}
first_sweep = pd.DataFrame(first_sweep).T.rename_axis("weight")
first_sweep.round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.7 · Repair the loss
#
# Training acts by the gradient of the loss and by nothing else. For logits that you make with
# `requires_grad=True`, `torch.autograd.grad(loss, logits)` returns it. Compare what it returns for
# two weights. Then repair the function, which should return a tensor. Keep the squared gap.


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


fair_sweep = {weight: train_fairly(connected_fair_loss, weight) for weight in LAB_WEIGHTS}
fair_sweep = pd.DataFrame(fair_sweep).T.rename_axis("weight")
fair_sweep.round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** To the optimizer the gap was a constant, so every weight trained the "
    "same model: on the patients it learned from, its gap was {first[0]:.3f} with weight 0 and "
    "{first[100]:.3f} with weight 100. Only the loss that was printed rose. Connected to the "
    "logits, the penalty moves the gap from {fair[0]:.3f} to {fair[100]:.3f}. The same mistake "
    "can be made with `.detach()`, with `.item()`, or with a new `torch.tensor(...)` of the "
    "value. A penalty that works changes the model when its weight changes: try two weights.",
    first=first_sweep["gap in mean scores"],
    fair=fair_sweep["gap in mean scores"],
)

# %% [markdown]
# ## Case 3 · A loss that falls
#
# Here a head has two outputs, one logit for each of the classes 0 and 1. Its program trains from
# five random starts. The AUC, on the other half of the patients, is that of the second logit minus
# the first. **Look for** what the five runs have in common, and what they have not.


# %%
def first_pair_loss(two_logits, labels):
    """Return the mean loss of two logits per person (n, 2), given labels (n,)."""
    labels = labels.float()[:, None].expand(-1, 2)  # the shapes did not fit
    return binary_cross_entropy_with_logits(two_logits, labels)


# %%
from sklearn.metrics import roc_auc_score


def train_pair(loss_of_pair, seed):
    """Train a head of two logits; return its loss before and after, and the AUC."""
    labels = lab_labels[:lab_half].long()

    def loss_of(logits):
        return loss_of_pair(logits, labels)

    start = train_lab_head(loss_of, seed, outputs=2, steps=0)
    end = train_lab_head(loss_of, seed, outputs=2, steps=400)
    with torch.no_grad():
        before, after = loss_of(start(lab_inputs[:lab_half])), loss_of(end(lab_inputs[:lab_half]))
        first, second = end(lab_inputs[lab_half:]).T.numpy()
    auc = roc_auc_score(lab_true, second - first)
    return {"loss before": before.item(), "loss after": after.item(), "AUC": auc}


# %%
PAIR_SEEDS = range(5)
first_pairs = {seed: train_pair(first_pair_loss, seed) for seed in PAIR_SEEDS}
first_pairs = pd.DataFrame(first_pairs).T.rename_axis("start")
first_pairs.round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.8 · Repair the loss
#
# Give the function the logits of one person, `(0, 3)` or `(3, 0)`, with label 1 and with label 0.
# Which of the four losses should be small, and which are? Repair it: it takes two logits per
# person, a tensor (n, 2), and labels, whole numbers (n,), and returns the mean loss as a tensor.


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

class_pairs = {seed: train_pair(cross_entropy, seed) for seed in PAIR_SEEDS}
class_pairs = pd.DataFrame(class_pairs).T.rename_axis("start")
try:
    binary_cross_entropy_with_logits(torch.zeros(8, 2), torch.ones(8))
except ValueError as shape_error:
    print("without the line about shapes:", shape_error)
first_auc = first_pairs["AUC"].agg(["min", "max"])
class_auc = class_pairs["AUC"].agg(["min", "max"])
class_pairs.round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** With the labels copied into both columns, both logits learn to answer "
    "the same question, and their difference, which should decide, is left to chance: from five "
    "starts the AUC goes from {first[min]:.2f} to {first[max]:.2f}, although the loss is the "
    "same. Cross-entropy compares the two logits with each other; its AUC, on the same patients, "
    "is at least {right[min]:.3f} and at most {right[max]:.3f}. Binary cross-entropy takes one "
    "logit per person and labels as decimals; cross-entropy takes one logit per class and labels "
    "as whole numbers. The error about shapes had said so: to make shapes fit is not to make "
    "sense of them.",
    first=first_auc,
    right=class_auc,
)

# %% [markdown]
# ## Case 4 · From notes to a batch
#
# BERT's tokenizer turns each note into token ids. The program puts four notes into a batch, as ids
# and a mask, which has 1 for a token that the model should read and 0 elsewhere. BERT expects both
# as tables with one row per note and one column per token.

# %%
from labkit.models import load_foundation_model

lab_tokenizer = load_foundation_model(MODEL_NAME).tokenizer
lab_notes = lab["note"][:320]  # enough to see what a batch is made of
lab_tokens = [lab_tokenizer(note, return_tensors="pt")["input_ids"] for note in lab_notes]


def first_batch(items):
    """Return ids and mask of a list of tensors (1, length)."""
    shortest = min(item.shape[1] for item in items)  # they must be equally long
    ids = torch.stack([item[:, :shortest] for item in items])
    return ids, torch.ones_like(ids)


# %%
lab_ids, lab_mask = first_batch(lab_tokens[:4])
pd.Series(
    {
        "tokens in the four notes": sum(item.shape[1] for item in lab_tokens[:4]),
        "ones in the mask": int(lab_mask.sum()),
        "shape of the ids": tuple(lab_ids.shape),
        "last token of each row": lab_tokenizer.convert_ids_to_tokens(lab_ids[:, 0, -1]),
    },
    name="the batch",
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.9 · Repair the batch
#
# Return ids and mask, each of shape (notes, tokens), with every token of every note, and no wider
# than they must be. Where a row is shorter than the others, fill its end with 0.


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
lab_lengths = np.array([item.shape[1] for item in lab_tokens])
as_they_come = lab_lengths.reshape(-1, 32)  # 32 notes in a batch
by_length = np.sort(lab_lengths).reshape(-1, 32)
padded_share = {
    "to the longest note of all": 1 - as_they_come.mean() / as_they_come.max(),
    "to the longest note of a batch": 1 - as_they_come.mean() / as_they_come.max(axis=1).mean(),
    "the same, sorted by length first": 1 - by_length.mean() / by_length.max(axis=1).mean(),
}
pd.Series(padded_share, name="share of the batch that is padding").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** Each item has an axis for a batch of its own, so that stacking makes a "
    "third one, and cutting to the shortest note throws away the ends of the others, among them "
    "the last token, `[SEP]`. The repair drops the extra axis, pads, and marks the padding in "
    "the mask. How much of a batch is padding? {whole:.0%} if all of these notes are padded to "
    "the longest one, {batch:.0%} if each batch is padded to its own longest, and {ordered:.0%} "
    "if notes of similar length go together. Padding costs time; cutting costs text.",
    whole=padded_share["to the longest note of all"],
    batch=padded_share["to the longest note of a batch"],
    ordered=padded_share["the same, sorted by length first"],
)

# %% [markdown]
# ## Case 5 · One model, four accuracies
#
# The trained head of the first cells is measured in batches, as one does with more patients than
# fit into memory. The same head and the same patients, with four batch sizes:


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


def split_patients(size):
    """Return the patients to measure on in batches of a size: inputs, and labels as a list."""
    starts = range(lab_half, LAB_NOTES, size)
    labels = lab_labels.int().tolist()
    return [(lab_inputs[at : at + size], labels[at : at + size]) for at in starts]


LOT_SIZES = [lab_half // 10, lab_half // 5 + 10, lab_half // 3 + 4, lab_half]
size_accuracy = pd.Series(
    {size: first_evaluation(answer_notes, split_patients(size), lab_true) for size in LOT_SIZES},
    name="accuracy",
)
size_accuracy.rename_axis("batch size").round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.10 · Repair the evaluation
#
# Batches are a matter of memory: they cannot change how many answers are right. Print what you need
# to see inside the function, then repair it. `predict` returns a list, and `labels` is a list.


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
lab_compared = pd.DataFrame(
    {
        "accuracy": size_accuracy,
        "answers": len(lab_true),
        "labels they are compared with": [len(split_patients(size)[-1][1]) for size in LOT_SIZES],
    }
)
whole_accuracy = (lab_decided == lab_true).mean()
lab_compared.rename_axis("batch size").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** Inside the loop, the labels of a batch take the name `labels`, which "
    "was that of all labels. After the loop it means the last batch. So the *first* answers are "
    "compared with the *last* labels, and `zip` silently stops at the end of the shorter list: "
    "at a batch size of {size}, after {last} of {all}. Only one batch with everyone in it gives "
    "the right accuracy, {whole:.3f}. Two names cure it, and `zip(..., strict=True)` would have "
    "stopped the program with an error.",
    size=LOT_SIZES[2],
    last=lab_compared["labels they are compared with"].iloc[2],
    all=lab_half,
    whole=whole_accuracy,
)

# %% [markdown]
# ## Case 6 · Three metrics at three thresholds
#
# Recall is another name for the true positive rate. **Predict:** when the threshold rises, fewer
# patients are called ill. Which way can recall go, and which way can the AUC go?

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


LAB_CUTS = [0.3, 0.5, 0.7]
first_cuts = {cut: first_metrics(lab_true, lab_scores, cut) for cut in LAB_CUTS}
first_cuts = pd.DataFrame(first_cuts).T.rename_axis("threshold")
first_cuts.round(3)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.11 · Repair the metrics
#
# Make up five patients, compute all three metrics on paper, and compare. There is more than one
# mistake. Repair the function; labels and scores are arrays.


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
hit_precision = (lab_true[lab_decided == 1] == 1).mean()
ill_scores, well_scores = lab_scores[lab_true == 1], lab_scores[lab_true == 0]
is_higher = ill_scores[:, None] > well_scores[None, :]  # each ill patient against each healthy one
is_equal = ill_scores[:, None] == well_scores[None, :]
rank_auc = (is_higher + is_equal / 2).mean()
decision_auc = (hit_rate + quiet_rate) / 2

# %%
lab_overall = audit(y_true=lab_true, y_pred=lab_decided, sensitive_features=lab_group).overall
np.testing.assert_allclose(hit_rate, lab_overall["true_positive_rate"])
np.testing.assert_allclose(hit_precision, lab_overall["precision"])
np.testing.assert_allclose(rank_auc, roc_auc_score(lab_true, lab_scores))
np.testing.assert_allclose(decision_auc, roc_auc_score(lab_true, lab_decided))
right_cuts = {cut: recall_score(lab_true, lab_scores >= cut) for cut in LAB_CUTS}
try:
    roc_auc_score(lab_scores, lab_true)
except ValueError as metric_error:
    print("scores in the first place:", metric_error)
pd.DataFrame({"as printed": first_cuts["recall"], "recall": right_cuts}).round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** In scikit-learn the labels come first. Exchanged, precision and recall "
    "change places: the column called recall rose with the threshold, which recall cannot do, "
    "and at one half it held the precision, {precision:.2f}. The AUC asks how scores *rank* "
    "people, so it has no threshold and cannot change with one: it is {right:.3f}, counted over "
    "pairs of an ill and a healthy patient. Of decisions it is only the mean of true positive "
    "and true negative rate, {decisions:.3f}. Scores in the first place stop with an error; "
    "decisions do not, because they look like labels.",
    precision=hit_precision,
    right=rank_auc,
    decisions=decision_auc,
)

# %% [markdown]
# ## Case 7 · The curve that stops
#
# "Divide the learning rate by ten after every epoch", says the plan. The program trains a head on
# batches of 25 patients and keeps the loss of each batch. The figure has a line for each of three
# epochs, in which the batches come in the same order. **Look for** what the lines have in common.


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
def make_plan():
    """Return a new head, its optimizer, and the scheduler of the plan."""
    torch.manual_seed(0)
    plan_head = torch.nn.Linear(lab_inputs.shape[1], 1)
    descent = torch.optim.SGD(plan_head.parameters(), lr=0.1)
    return plan_head, descent, torch.optim.lr_scheduler.StepLR(descent, step_size=1, gamma=0.1)


# %%
from matplotlib import pyplot as plt

plan_batches = list(zip(lab_inputs[:lab_half].split(25), lab_labels[:lab_half].split(25)))
first_losses = np.array(first_training(*make_plan(), plan_batches, epochs=3)).reshape(3, -1)
fig, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
for epoch, style in enumerate(["-", "-", "--"]):
    ax.plot(np.arange(1, len(plan_batches) + 1), first_losses[epoch], style, label=epoch + 1)
ax.xaxis.get_major_locator().set_params(integer=True)
ax.set(xlabel="batch of the epoch", ylabel="loss (nats per patient)")
ax.legend(title="epoch")
show(fig, alt="The loss of each batch in three epochs, a line for each. The text reads it.")
epoch_losses = first_losses.mean(axis=1)
loss_of_half = -np.log(0.5)  # of a model that gives everyone the score one half
late_change = np.abs(first_losses[2] - first_losses[1]).max()

# %% tags=["reading"]
reading(
    "**Reading the figure.** After a few batches the model stops learning: the three lines run "
    "together, and no loss of the third epoch differs from that of the second by more than "
    "{late:.4f}. They are jagged because the batches differ. The mean losses of the epochs are "
    "{loss[0]:.3f}, {loss[1]:.3f} and {loss[2]:.3f}. A model that gives everyone the score one "
    "half has a loss of {half:.3f}. A single line over all batches would look as if something "
    "were still going on.",
    loss=epoch_losses,
    late=late_change,
    half=loss_of_half,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.12 · Repair the training
#
# Has the model converged, or has something else come to an end? Write down at each step whatever
# can change from step to step. Then repair the function. The check hands it an optimizer that
# writes down its own steps.


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
def rates_of_steps(steps_per_epoch):
    """Train with a scheduler stepped so often per epoch; return learning rate and loss by batch."""
    head, optimizer, scheduler = make_plan()
    rows = []
    for place, (inputs, labels) in enumerate(plan_batches * 3, start=1):
        loss = binary_cross_entropy_with_logits(head(inputs).squeeze(1), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rows.append({"learning rate": optimizer.param_groups[0]["lr"], "loss": loss.item()})
        if place % (len(plan_batches) // steps_per_epoch) == 0:
            scheduler.step()
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="batch"))


# %%
every_batch, every_epoch = rates_of_steps(len(plan_batches)), rates_of_steps(1)
np.testing.assert_allclose(every_batch["loss"], first_losses.ravel(), atol=1e-6)
batch_counts = {"epoch": len(plan_batches), "all": len(every_batch)}
tiny_from = int((every_batch["learning rate"] > 1.01e-6).sum()) + 1
last_losses = {
    "stepped every batch": every_batch["loss"].iloc[-len(plan_batches) :].mean(),
    "stepped every epoch": every_epoch["loss"].iloc[-len(plan_batches) :].mean(),
}
pd.Series(last_losses, name="mean loss of the last epoch (nats)").round(3)

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for each, label in [(every_batch, "stepped every batch"), (every_epoch, "stepped every epoch")]:
    axes[0].semilogy(each["learning rate"], label=label)
    axes[1].plot(each["loss"].rolling(len(plan_batches)).mean(), label=label)
axes[0].set(xlabel="batch", ylabel="learning rate", ylim=(1e-10, 1))
axes[1].set(xlabel="batch", ylabel=f"mean loss of {len(plan_batches)} batches (nats)")
axes[0].legend()
show(fig, alt="Learning rate and loss over the batches, with the scheduler stepped in two ways.")

# %% tags=["reading"]
reading(
    "**What was wrong.** The scheduler was stepped after every *batch*. Its unit is whatever you "
    "step it by, so the learning rate was divided by ten {batches[epoch]} times per epoch, and "
    "was down to a millionth at batch {tiny} of {batches[all]} (left). The rest of the data was "
    "read for nothing, and the loss looked like that of a model that has converged. Stepped "
    "after every epoch, the mean loss of the last epoch is {right:.3f} in place of {wrong:.3f} "
    "(right, one run of each). Plot the learning rate next to the loss.",
    tiny=tiny_from,
    batches=batch_counts,
    wrong=last_losses["stepped every batch"],
    right=last_losses["stepped every epoch"],
)

# %% [markdown]
# ## Case 8 · Same seed, other weights
#
# Three symptoms at once. The program is called twice with one seed and no step, and should return
# the same weights. It is asked for one step, which should move the bias by the learning rate times
# the gradient. And it is asked to train on another device. Not every computer has a GPU, so we use
# the device `meta`, which exists everywhere: its tensors have a shape and no values. It shows what
# is on which device, though not what is learned.


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
run_data = (lab_inputs[:lab_half], lab_labels[:lab_half])
run_heads = [first_run(*run_data, 1, 0, "cpu") for _ in range(2)]
try:
    first_run(*run_data, 1, 1, "meta")
except (RuntimeError, NotImplementedError) as device_error:
    print("on another device:", str(device_error).splitlines()[0][:80])

# %%
torch.manual_seed(5)
head_before = first_run(*run_data, 1, 0, "cpu")
torch.manual_seed(5)  # the same state as before the last call, so that only the step differs
head_after = first_run(*run_data, 1, 1, "cpu")
plain_loss(head_before(lab_inputs[:lab_half])).backward()
expected_step = 0.5 * head_before.bias.grad
run_symptoms = {
    "first weight, seed 1": run_heads[0].weight[0, 0].item(),
    "first weight, seed 1 again": run_heads[1].weight[0, 0].item(),
    "step, as a multiple of rate times gradient": (
        (head_before.bias - head_after.bias) / expected_step
    ).item(),
}
pd.Series(run_symptoms, name="found").round(3)

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
    moving_head = torch.nn.Linear(lab_inputs.shape[1], 1)
    origin = moving_head.weight.detach().clone()
    optimizer = optimizer_class(moving_head.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        (times * plain_loss(moving_head(lab_inputs[:lab_half]))).backward()
        optimizer.step()
    return (moving_head.weight - origin).norm().item()


doubled_move = {
    "SGD": move_of(torch.optim.SGD, 2) / move_of(torch.optim.SGD, 1),
    "Adam": move_of(torch.optim.Adam, 2) / move_of(torch.optim.Adam, 1),
}
pd.Series(doubled_move, name="move with the loss twice, in moves with it once").round(3)

# %% tags=["reading"]
reading(
    "**What was wrong.** The seed was set *after* the weights were drawn; the data went to the "
    "device and the head did not; and the loss was computed twice and added. How much the last "
    "one matters depends on the optimizer. In twenty steps, plain gradient descent moves the "
    "weights {sgd:.2f} times as far with the loss counted twice. Adam divides each gradient by "
    "its usual size and moves them {adam:.2f} times as far: the result would not show the "
    "mistake, and part of the work is wasted. Draw everything after the seed, and choose the "
    "device and the loss in one place each.",
    sgd=doubled_move["SGD"],
    adam=doubled_move["Adam"],
)

# %% [markdown]
# ## Case 9 · A history of nothing
#
# A program from an older project trains for some epochs and should return the accuracy after each
# of them. We also look at how far its first epoch, which is one step, moves the weights. The first
# step of AdamW moves every weight by very nearly the learning rate, whatever the gradient is.


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


# %%
torch.manual_seed(0)
history_head = torch.nn.Linear(lab_inputs.shape[1], 1)
history_start = history_head.weight.detach().clone()
one_epoch = first_history(history_head, lab_inputs[:lab_half], lab_labels[:lab_half], epochs=1)
first_moves = (history_head.weight.detach() - history_start).abs() / 0.05
four_epochs = first_history(history_head, lab_inputs[:lab_half], lab_labels[:lab_half], epochs=4)
history_symptoms = {
    "history": one_epoch + four_epochs,
    "largest first move of a weight, in learning rates": round(first_moves.max().item(), 3),
}
pd.Series(history_symptoms, name="found")

# %% [markdown] tags=["exercise"]
# ### Exercise 03.14 · Repair the history
#
# Each line of the table shows a mistake of its own. Repair both. The check looks at the accuracies
# and at the weights of the head afterwards.


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
def accuracies_with(optimizer_class):
    """Return the training accuracy after each of five epochs, one step each."""
    torch.manual_seed(0)
    head = torch.nn.Linear(lab_inputs.shape[1], 1)
    optimizer = optimizer_class(head.parameters(), lr=0.05)
    accuracies = []
    for _ in range(5):
        optimizer.zero_grad()
        plain_loss(head(lab_inputs[:lab_half])).backward()
        optimizer.step()
        decided = head(lab_inputs[:lab_half]).squeeze(1) > 0
        accuracies.append((decided == (lab_labels[:lab_half] > 0)).float().mean().item())
    return accuracies


two_histories = pd.DataFrame(
    {"AdamW": accuracies_with(torch.optim.AdamW), "SGD": accuracies_with(torch.optim.SGD)},
    index=pd.RangeIndex(1, 6, name="epoch"),
)
two_histories.round(3)

# %%
import transformers

pd.Series(
    {
        "version of transformers": transformers.__version__,
        "has an AdamW": hasattr(transformers, "AdamW"),
    },
    name="installed here",
)

# %% tags=["reading"]
reading(
    "**What was wrong.** `evaluate` computes an accuracy and does not return it, so Python "
    "returns `None`: the program measures after every epoch and throws the result away. And the "
    "import fails: transformers {version} has no AdamW, which was removed in favor of PyTorch's. "
    "An ImportError would have told you. The `except` hides it and puts another optimizer in its "
    "place: after five epochs the head would be right about {sgd:.0%} of the patients it learned "
    "from, and with AdamW about {adamw:.0%} (one run of each). A file of pinned versions, "
    "`constraints.txt` in this course, lets *you* choose the day on which a name disappears.",
    version=transformers.__version__,
    sgd=two_histories["SGD"].iloc[-1],
    adamw=two_histories["AdamW"].iloc[-1],
)

# %% [markdown]
# ## Which log is impossible?
#
# Four people trained a classifier on the same task, in which 30% of the patients are ill, and
# measured it after each epoch, on the same many patients. `loss`, `selected` (the share called ill)
# and `accuracy` are of these patients. All four logs look strange. Three of them can happen. One
# cannot, whatever the model and the data are: its numbers contradict one another.

# %%
logs_one = {
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
EPOCHS_OF_LOGS = pd.Index([1, 2, 3, 4], name="epoch")
log_table_one = {name: pd.DataFrame(log, index=EPOCHS_OF_LOGS) for name, log in logs_one.items()}
pd.concat(log_table_one, names=["log"])

# %%
logs_two = {
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
log_table_two = {name: pd.DataFrame(log, index=EPOCHS_OF_LOGS) for name, log in logs_two.items()}
pd.concat(log_table_two, names=["log"])

# %% [markdown] tags=["exercise"]
# ### Exercise 03.15 · Prove it
#
# Give the `log`, the `epoch` whose numbers contradict each other, and the number that proves it:
# the highest accuracy that is possible with that epoch's share selected, when 30% are ill. Think of
# 100 patients if it helps: 30 are ill, and so many are selected. How many mistakes are unavoidable?

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

# %%
ILL_SHARE = 0.30
log_bounds = pd.concat({**log_table_one, **log_table_two}, names=["log"])
log_bounds = log_bounds[["selected", "accuracy"]].copy()
log_bounds["lowest possible"] = (1 - ILL_SHARE - log_bounds["selected"]).abs()
log_bounds["highest possible"] = 1 - (log_bounds["selected"] - ILL_SHARE).abs()
too_high = log_bounds["accuracy"] > log_bounds["highest possible"] + 1e-9  # sums are not exact
too_low = log_bounds["accuracy"] < log_bounds["lowest possible"] - 1e-9
broken_logs = log_bounds[too_high | too_low]
broken_logs.round(2)

# %% tags=["reading"]
reading(
    "**The four logs.** The table holds every row that breaks a bound: log {log}, epoch {epoch}. "
    "{selected:.0%} are selected and {ill:.0%} are ill, so the difference has to be selected "
    "wrongly, and at most {highest:.0%} of the decisions are right. The log says {accuracy:.0%}. "
    "The others can happen. A overfits: the loss on other patients rises because the model gets "
    "surer of its mistakes, while its decisions hardly change. B gives everyone the same answer. "
    "D jumps from calling nobody ill to calling everyone ill, as with a learning rate that is "
    "too high; accuracy below one half is no contradiction.",
    log=broken_logs.index[0][0],
    epoch=broken_logs.index[0][1],
    selected=broken_logs["selected"].iloc[0],
    ill=ILL_SHARE,
    highest=broken_logs["highest possible"].iloc[0],
    accuracy=broken_logs["accuracy"].iloc[0],
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
