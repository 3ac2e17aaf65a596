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
# Two notes lie on a doctor's desk. They report the same complaints, the same pulse, the same
# medicines, word for word. One patient lives in Birch, the other in Alder, and nothing else
# differs. A model that has learned from the clinic's records reads both. Should it give them the
# same answer? Does it?
#
# This notebook trains models, from word counts to a pretrained BERT, and asks at every step what
# they have learned, whether they were needed, and which part of a result is luck.
#
# **You will be able to**
# - *compare* a fine-tuned model with tuned baselines before believing its score `[03-baselines]`
# - *read* a training record, with a validation set and by group, and *show* by swapping one word
#   what the model has learned `[03-finetune]`
# - *separate* three kinds of luck: the training sample, the seed and the people measured
#   `[03-uncertainty]`
# - *judge* what a design choice does to a gap, at convergence and at equal selection rates
#   `[03-design]`
# - *find and repair* nine kinds of mistakes in training and evaluation code `[03-debug]`
#
# About 270 minutes: 140 for part one, and 130 for part two, the debugging lab, which is optional
# and needs some PyTorch. Before this: [02 · What did the model learn before we met
# it?](02_pretraining_bias.ipynb)

# %%
import numpy as np
import pandas as pd

from labkit.exercises import check, hint
from labkit.plots import show
from labkit.prose import choose, reading, verdict

# %% tags=["parameters"]
SAMPLE_SIZE = 800  # notes of one clinic to train on
VALIDATION_SIZE = 400  # other notes of that clinic, to choose settings
TEST_SIZE = 600  # notes of other patients, to measure on
EPOCHS = 8  # passes over the training notes, in the run whose record we read
SENTENCES = 1600  # sentences about clinicians
SPLITS = 5  # ways to divide them
LAB_NOTES = 1000  # notes for the debugging lab
MODEL_NAME = "minilm"  # the shipped BERT; a folder or a fetched hub name works too

# %% [markdown]
# # Part one · Training
#
# ## The same note, another district
#
# **Where do the notes come from?** A program writes them, so that we know what nobody knows about
# real notes: who was truly ill. In this clinic, fewer patients of group *b* come
# (`representation`), and a part of *b*'s illnesses is recorded as "not ill" (`label_bias`), as
# happens where a group's complaints are believed less often. A model sees only notes and records.
# The note names the patient's district, as real notes do: Alder is group *a*, Birch is group *b*.
#
# **What is a world?** A *world* is one draw of patients and notes to train on, and of others to
# choose settings on. We measure on a third sample, from which no model learned.

# %%
from labkit.data import counterfactual, simulate_clinic

CLINIC = {"label_bias": 0.35, "representation": 0.3}
train = simulate_clinic(n=SAMPLE_SIZE, seed=0, **CLINIC)
validation = simulate_clinic(n=VALIDATION_SIZE, seed=1, **CLINIC)
patients = simulate_clinic(n=TEST_SIZE, seed=10_000, **CLINIC)  # in no other sample

from_birch = patients[patients["group"] == "b"]
swapped = counterfactual(from_birch)  # the same people and notes, from Alder
for told in ("written", "swapped"):
    print(f"{told}:", (from_birch if told == "written" else swapped)["note"].iloc[0], "\n")

# %% [markdown]
# `counterfactual` keeps everything about a patient and changes the district. So if a model's score
# changes, the district's name changed it: nothing else could. (In a real clinic nobody can do this
# exactly. A person of another group would have lived another life.)
#
# We train two models on the same notes. The first counts words: *TF-IDF* weighs each word, and each
# pair of neighboring words, by how rare it is, and a logistic regression adds up the weights. The
# second is a pretrained BERT, of which we train the last layer further. How both work comes later;
# first we ask what they do.
#
# **Predict:** the models call some of the patients from Birch ill. If the same notes said *Alder*,
# would they call more of them ill, fewer, or as many? How many decisions out of 100 would change?

# %%
from labkit.chapters.ch03 import fit_word_counts
from labkit.models import load_foundation_model
from labkit.training import TrainConfig, finetune

word_counts = fit_word_counts(train["note"], train["y"], C=10)  # C is chosen further down
foundation = load_foundation_model(MODEL_NAME)
last_block = TrainConfig(trainable_layers=1, epochs=4, learning_rate=3e-4)
bert = finetune(foundation, train["note"], train["y"], config=last_block)

as_written = pd.DataFrame(
    {
        "word counts": word_counts.predict_proba(from_birch["note"])[:, 1],
        "BERT": bert.predict(from_birch["note"]),
    }
)
as_alder = pd.DataFrame(
    {
        "word counts": word_counts.predict_proba(swapped["note"])[:, 1],
        "BERT": bert.predict(swapped["note"]),
    }
)

# %%
from labkit.chapters.ch03 import plot_swap

fig = plot_swap(as_written, as_alder)
show(fig, alt="One line for each patient from Birch, from the score as written to that with Alder.")

# %% tags=["by-hand"]
called_ill = as_written >= 1 / 2
called_ill_swapped = as_alder >= 1 / 2
swap_test = pd.DataFrame(
    {
        "called ill, as written": called_ill.mean(),
        "called ill, if Alder": called_ill_swapped.mean(),
        "decisions that change": (called_ill != called_ill_swapped).mean(),
    }
)
more_if_alder = swap_test["called ill, if Alder"] > swap_test["called ill, as written"]
both_more = more_if_alder.all()
birch_count = len(from_birch)
swap_test.round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} Each line is one of {people} patients; where a line crosses "
    "one half, a decision changes. BERT calls {written[BERT]:.0%} ill as written and "
    "{alder[BERT]:.0%} with *Alder*, and {changed[BERT]:.0%} of its decisions change; with word "
    "counts {changed[word counts]:.0%} do. These people are no less ill than the notes say: the "
    "models learned from records in which people from Birch were called ill less often. But this "
    "is one training sample, and one seed.",
    finding=choose(
        both_more,
        "Both models would call *more* of the same patients ill if their notes said *Alder*.",
        otherwise="The district changes decisions, but not in one direction for both models.",
    ),
    people=birch_count,
    written=swap_test["called ill, as written"],
    alder=swap_test["called ill, if Alder"],
    changed=swap_test["decisions that change"],
)

# %% [markdown]
# ## The swap test in many worlds
#
# Was that the luck of one sample? We trained the same models in other worlds. That takes more than
# an hour, so the results come as a table: `load_runs()` reads it, and its docstring names the
# recipe and the columns. All models were measured on the same 2,000 people, who are in no training
# sample. A run's `setting` is `C` for word counts and the number of epochs for the others.
#
# A *control* shows whether the records are the cause. It has the *same notes*, but every illness is
# recorded (`records` is `right` there, and `biased` in our clinic). If the districts' names still
# changed decisions there, wrong records would not be the explanation.
#
# Where a model was trained with several settings, we keep the one with the smallest loss on that
# world's validation notes. The BERT whose last block is trained has one setting only, 4 epochs. All
# intervals in this notebook are 95% intervals.
#
# **Predict:** in the control, what share of decisions will the swap change?

# %%
from labkit.chapters.ch03 import load_runs

runs = load_runs()
one_choice = runs.groupby(["model", "records", "world", "seed"])["validation_loss"].idxmin()
tuned = runs.loc[one_choice]
per_world = tuned.groupby(["model", "records", "world"]).mean(numeric_only=True).reset_index()

# %%
from labkit.comparison import over_seeds, plot_estimates  # over_seeds: here, over worlds

TESTED = ["word counts", "last block"]
swap_worlds = per_world[per_world["model"].isin(TESTED)]
flips = over_seeds(swap_worlds, "flips_b", by=["model", "records"])
more_ill = swap_worlds.assign(change=swap_worlds["selected_b_as_alder"] - swap_worlds["selected_b"])
more_ill = over_seeds(more_ill, "change", by=["model", "records"])
ax = plot_estimates(flips.rename(columns={"mean": "flips"}), "flips")
ax.set_xlabel("share of decisions about b that the swap changes")
ax.legend(title="records", frameon=False, loc="center")
show(ax.figure, alt="Share of changed decisions by model and records, with intervals over worlds.")

# %%
lowest_biased = flips.xs("biased", level="records")["low"]
highest_right = flips.xs("right", level="records")["high"]
counts_flips, bert_flips = flips.loc["word counts", "biased"], flips.loc["last block", "biased"]
counts_right, bert_right = flips.loc["word counts", "right"], flips.loc["last block", "right"]
control_change = more_ill.loc["word counts", "right"]
records_matter = (lowest_biased > highest_right).all()
flips.round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} Trained on biased records, word counts change "
    "{counts_mean:.0%} of their decisions about *b* (interval over {counts_worlds:.0f} worlds: "
    "{counts_low:.0%} to {counts_high:.0%}), and BERT {bert_mean:.0%} ({bert_low:.0%} to "
    "{bert_high:.0%}, {bert_worlds:.0f} worlds). Where every illness was recorded, it is "
    "{right_counts:.0%} and {right_bert:.0%}: the prediction was right if you said *few*. With "
    "*Alder*, word counts change the share called ill there by {right_change:+.1%} "
    "({right_low:+.1%} to {right_high:+.1%}): {direction}. In a small sample, districts differ a "
    "little by luck. The intervals cover training samples, and leave out that the same people were "
    "measured.",
    finding=choose(
        records_matter,
        "It was not the luck of one sample, and the wrong records are the cause.",
        otherwise="Many decisions change, but the control does not clearly change fewer.",
    ),
    counts_mean=counts_flips["mean"],
    counts_low=counts_flips["low"],
    counts_high=counts_flips["high"],
    counts_worlds=counts_flips["n"],
    bert_mean=bert_flips["mean"],
    bert_low=bert_flips["low"],
    bert_high=bert_flips["high"],
    bert_worlds=bert_flips["n"],
    direction=verdict(
        control_change["low"],
        control_change["high"],
        above="what is left still favors one direction",
        below="what is left goes the other way",
        unclear="what is left shows no direction",
    ),
    right_counts=counts_right["mean"],
    right_change=control_change["mean"],
    right_low=control_change["low"],
    right_high=control_change["high"],
    right_bert=bert_right["mean"],
)

# %% [markdown]
# ## What is there to learn?
#
# A model learns from records. So we look at the records before we look at models: how many patients
# of each group are recorded as ill, and how many are ill?

# %%
rates = train.groupby("group").agg(
    patients=("y", "size"), recorded_ill=("y", "mean"), truly_ill=("y_true_disease", "mean")
)
in_records, in_truth = (
    rates.loc["a"][["recorded_ill", "truly_ill"]] - rates.loc["b"][["recorded_ill", "truly_ill"]]
)
rates.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** In the records, *a* is ill more often than *b* by {recorded:.3f}; in "
    "truth, by {true:.3f}, which is the chance of this sample, because the program makes both "
    "groups ill equally often. A model that learns the records well learns a difference between "
    "districts that hardly exists among people. To the model, it looks like a fact about Birch.",
    recorded=in_records,
    true=in_truth,
)

# %% [markdown]
# ## Baselines first
#
# A score means nothing on its own. Two baselines cost next to nothing: giving everyone the
# majority's answer, and word counts. A baseline counts only if somebody took care of it too. `C`
# limits how large the weights of word counts may become: a small `C` keeps them near zero. We try
# four values, and choose by the loss on the *validation* notes. Choosing by the test patients would
# make the test look better than it is.
#
# The *AUC* is the probability that a random patient who is recorded ill has a higher score than a
# random one who is not (ties count one half). The *gap* is the share called ill in *a* minus that
# in *b*.
#
# **Predict:** what will the smallest `C` do to the share of people called ill, and to the gap?

# %%
from sklearn.metrics import log_loss, roc_auc_score

is_b = (patients["group"] == "b").to_numpy()
rows = []
for C in (0.1, 1, 10, 100):
    fitted = fit_word_counts(train["note"], train["y"], C=C)
    scores = fitted.predict_proba(patients["note"])[:, 1]
    ill = scores >= 1 / 2
    row = {"C": C}
    row["validation loss"] = log_loss(
        validation["y"], fitted.predict_proba(validation["note"])[:, 1]
    )
    row["AUC"] = roc_auc_score(patients["y"], scores)
    row["accuracy"] = (ill == patients["y"]).mean()
    row["called ill, a"], row["called ill, b"] = ill[~is_b].mean(), ill[is_b].mean()
    rows.append(row)
by_C = pd.DataFrame(rows).set_index("C")
by_C.round(3)

# %%
majority_answer = int(train["y"].mean() >= 1 / 2)
majority_accuracy = (patients["y"] == majority_answer).mean()
chosen_C = by_C["validation loss"].idxmin()
fewest = by_C.iloc[0]
all_C = runs[(runs["model"] == "word counts") & (runs["records"] == "biased")]
by_setting = all_C.groupby("setting")[["auc", "selected_a", "selected_b", "gap"]].mean()
times_chosen = tuned[tuned["model"].eq("word counts") & tuned["records"].eq("biased")]
counts_worlds = len(times_chosen)
by_setting["worlds that choose it"] = times_chosen["setting"].value_counts()
by_setting.fillna(0).round(3)

# %% tags=["reading"]
reading(
    "**Reading the tables.** Give everyone the majority's answer, and {majority:.0%} of the "
    "answers are right; there is no gap, because there is no distinction. The smallest `C` does "
    "nearly the same: it calls {few_a:.1%} of *a* and {few_b:.1%} of *b* ill, though its AUC is "
    "{few_auc:.2f}. It knows who is more likely to be ill, and calls nobody ill. A small gap by "
    "itself proves nothing. By validation loss we choose `C = {C:g}` here. The second table has "
    "the means of {worlds} worlds, and how many of them choose each value: from the smallest `C` "
    "to the largest, the gap goes from {first_gap:.3f} to {last_gap:.3f}.",
    first_gap=by_setting["gap"].iloc[0],
    last_gap=by_setting["gap"].iloc[-1],
    majority=majority_accuracy,
    few_a=fewest["called ill, a"],
    few_b=fewest["called ill, b"],
    few_auc=fewest["AUC"],
    C=chosen_C,
    worlds=counts_worlds,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.1 · How much better than giving everyone the same answer?
#
# Write a function that takes labels and predictions (lists of 0 and 1) and returns how much the
# accuracy lies above that of the majority's answer, which is the better of "always 0" and "always
# 1".


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
# The shipped model, all-MiniLM-L6-v2, is a six-layer BERT pretrained on a large amount of English
# text. A layer is also called a *block*. A note is cut into *tokens*, words and pieces of words,
# and a special token, `[CLS]`, is put before them. Each block turns every token's vector into a new
# one that takes the other tokens into account. A *head* is a small layer on top: it reads the last
# vector of `[CLS]` and gives one number, the **logit** of "ill".
#
# *Fine-tuning* trains the head and some of the blocks. We train the last block only. The blocks
# below it do not change, so their output for a note is the same in every epoch and for every seed:
# `finetune` computes it once and keeps it. One pass over the training notes is an *epoch*. After
# each epoch we measure the loss on the validation notes, and how many of each group are called ill.
#
# **Predict:** the training loss will fall. Will the validation loss fall as long? And what will the
# shares called ill in *a* and *b* do from epoch to epoch?

# %%
import tempfile

from labkit.training import read_record

log_dir = tempfile.mkdtemp()
watched = TrainConfig(trainable_layers=1, epochs=EPOCHS, learning_rate=1e-3, log_dir=log_dir)
watched_fit = finetune(
    foundation,
    train["note"],
    train["y"],
    validation=(validation["note"], validation["y"], validation["group"]),
    config=watched,
)
record = read_record(log_dir)
sorted(set(record["tag"]))

# %%
from labkit.chapters.ch03 import plot_training

history = watched_fit.history.set_index("epoch")
fig = plot_training(history)
show(fig, alt="Left: training and validation loss by epoch. Right: share called ill by group.")

# %%
best_epoch = history["validation_loss"].idxmin()
at_best, at_end = history.loc[best_epoch], history.iloc[-1]
called_a = history["validation_selection_rate_a"]
called_in_a = called_a.agg(["min", "max"])
gap_by_epoch = called_a - history["validation_selection_rate_b"]
epochs_with_gap = (gap_by_epoch > 0).sum()
gap_at_best_epoch, gap_at_end = gap_by_epoch[best_epoch], gap_by_epoch.iloc[-1]
few_from_birch = (validation["group"] == "b").sum()
best_loss, end_loss = at_best["validation_loss"], at_end["validation_loss"]
best_auc, end_auc = at_best["validation_auc"], at_end["validation_auc"]
loss_rises = end_loss > best_loss
SHOWN = ["loss", "validation_loss", "validation_auc"]
SHOWN += ["validation_selection_rate_a", "validation_selection_rate_b"]
history[SHOWN].round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** The training loss falls to the end. {validation} The shares called "
    "ill swing from epoch to epoch, in *a* between {called[min]:.0%} and {called[max]:.0%}, and "
    "*b* lies below *a* in {apart} of {epochs} epochs: at the epoch with the smallest validation "
    "loss the gap is {best_gap:.2f}, at the end {end_gap:.2f}. These gaps are of {people} "
    "validation patients, {few} of them from Birch, so single steps of the curve mean little. The "
    "losses alone would have shown neither the swings nor the distance between the groups: write a "
    "record by group.",
    validation=choose(
        loss_rises,
        "The validation loss is smallest after epoch {best_epoch:.0f} ({best_loss:.2f}) and rises "
        "to {end_loss:.2f}. After that it fits these {notes:,} notes ever better and others no "
        "better: the validation AUC is {best_auc:.2f} there and {end_auc:.2f} at the end, and the "
        "loss rises as the model gets surer of its mistakes. It *overfits*.",
        otherwise="The validation loss is smallest after the last epoch, {best_epoch:.0f} "
        "({best_loss:.2f}, at the end {end_loss:.2f}; AUC {best_auc:.2f}, {end_auc:.2f}): with "
        "these {notes:,} notes, so few epochs do not show when to stop.",
    ),
    best_epoch=best_epoch,
    best_loss=best_loss,
    best_auc=best_auc,
    end_auc=end_auc,
    end_loss=end_loss,
    notes=SAMPLE_SIZE,
    called=called_in_a,
    apart=epochs_with_gap,
    epochs=EPOCHS,
    best_gap=gap_at_best_epoch,
    end_gap=gap_at_end,
    people=VALIDATION_SIZE,
    few=few_from_birch,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.2 · The gap of the model that you would keep
#
# A record is a table with the columns `tag`, `step` and `value`, in no particular order. Write a
# function that finds the step with the smallest `validation/loss`, and returns the gap in selection
# rates (group a minus group b) at *that* step. The tags are `validation/selection_rate/a` and
# `validation/selection_rate/b`.


# %% tags=["exercise"] exercise="03.2" points=2 objective="03-finetune"
def gap_at_best(record):
    """Return the gap at the step with the smallest validation loss."""
    return ...


# %% tags=["solution"]
def gap_at_best(record):
    """Return the gap at the step with the smallest validation loss."""
    by_step = record.pivot(index="step", columns="tag", values="value")
    kept = by_step.loc[by_step["validation/loss"].idxmin()]
    return kept["validation/selection_rate/a"] - kept["validation/selection_rate/b"]


# %% tags=["check"]
check("03.2", gap_at_best)

# %% [markdown]
# ## Is BERT needed?
#
# Our rule: a fine-tuned BERT has to beat the baselines, or it is not needed. One training sample
# cannot decide that. In each world we subtract the AUC of word counts from that of a BERT trained
# on the same notes. (Four values of `C` were tried for word counts, two numbers of epochs for all
# blocks, one for the last block.) Then we ask whether the mean of these *paired differences* is
# distinguishable from zero.
#
# **Predict:** in how many of the worlds does a BERT whose last block was trained beat word counts?

# %% tags=["by-hand"]
from scipy import stats

biased = per_world[per_world["records"] == "biased"]
auc_by_world = biased.pivot(index="world", columns="model", values="auc")
bert_minus_counts = auc_by_world[["last block", "all blocks"]].sub(
    auc_by_world["word counts"], axis="index"
)
lines = []
for trained, in_worlds in bert_minus_counts.items():
    d = in_worlds.dropna()
    half_width = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    line = {"trained": trained, "worlds": len(d), "BERT ahead in": (d > 0).sum()}
    line["mean difference"], line["low"] = d.mean(), d.mean() - half_width
    line["high"] = d.mean() + half_width
    lines.append(line)
needed = pd.DataFrame(lines).set_index("trained")
needed.round(3)

# %%
by_labkit = over_seeds(
    biased.assign(auc=biased["auc"] - biased["world"].map(auc_by_world["word counts"])),
    "auc",
    by="model",
)
np.testing.assert_allclose(
    by_labkit.loc[needed.index, ["mean", "low", "high"]],
    needed[["mean difference", "low", "high"]],
)
mean_auc = auc_by_world.mean()
block_row, all_row = needed.loc["last block"], needed.loc["all blocks"]

# %% tags=["reading"]
reading(
    "**Reading the table.** {block} With its last block trained, BERT has a mean AUC of "
    "{block_auc:.3f}, word counts {counts_auc:.3f}; the mean difference is {block_mean:+.3f} "
    "({block_low:+.3f} to {block_high:+.3f}), and BERT is ahead in {block_ahead:.0f} of "
    "{block_worlds:.0f} worlds. {everything} ({all_mean:+.3f}, {all_low:+.4f} to {all_high:+.4f}, "
    "{all_worlds:.0f} worlds). The intervals cover the training sample, and are for these 2,000 "
    "people. A program wrote the notes from a fixed set of phrases, which is what word counts are "
    "good at; with other texts, or with more settings tried for BERT, the answer may differ.",
    block=verdict(
        block_row["low"],
        block_row["high"],
        above="BERT is needed here: it beats word counts.",
        below="BERT is not needed here: word counts are better.",
        unclear="By our rule BERT is not needed here: it does not clearly beat word counts.",
    ),
    everything=verdict(
        all_row["low"],
        all_row["high"],
        above="Training all blocks beats word counts",
        below="Training all blocks does not beat them either",
        unclear="Training all blocks does not clearly beat them either",
    ),
    block_auc=mean_auc["last block"],
    counts_auc=mean_auc["word counts"],
    block_mean=block_row["mean difference"],
    block_low=block_row["low"],
    block_high=block_row["high"],
    block_ahead=block_row["BERT ahead in"],
    block_worlds=block_row["worlds"],
    all_mean=all_row["mean difference"],
    all_low=all_row["low"],
    all_high=all_row["high"],
    all_worlds=all_row["worlds"],
)

# %% [markdown]
# ## Three kinds of luck
#
# Somebody trains a model, measures a gap of 0.25, and publishes it. Three draws went into that
# number (Bouthillier et al., 2021):
#
# - the *training sample*: which patients' notes the model learned from,
# - the *seed*: the head's first weights, the order of the notes, and dropout (some units are
#   switched off at random in training),
# - the *people measured*: on whom the gap was counted.
#
# We can separate them, because we have BERTs from several worlds, several seeds in each, and
# because the 2,000 people can be measured in four parts of 500. How much do gaps differ when only
# one of the three changes?
#
# - Only the part changes: the variance over the four parts, averaged over all runs. (People of
#   group *b* are few in each part.)
# - Only the seed changes: the variance over the seeds of a world, averaged over worlds.
# - The training sample: the variance of the worlds' means. Part of it is still the luck of the
#   seeds: a mean over $S$ seeds has a variance of $\text{seed variance} / S$ (with four seeds, a
#   quarter of it). Subtract it.
#
# **Predict:** order the three by size.

# %% tags=["by-hand"]
block_runs = tuned[(tuned["model"] == "last block") & (tuned["records"] == "biased")]
block_runs = block_runs.sort_values(["world", "seed"])
shape = block_runs["world"].nunique(), block_runs["seed"].nunique()
gaps = block_runs["gap"].to_numpy().reshape(shape)  # (worlds, seeds)
parts = block_runs[["gap_1", "gap_2", "gap_3", "gap_4"]].to_numpy().reshape(*shape, 4)


def luck_of(gaps, parts):
    """Return the standard deviation of the gap by training sample, seed and people (500)."""
    of_seed = gaps.var(axis=1, ddof=1).mean()
    of_sample = gaps.mean(axis=1).var(ddof=1) - of_seed / gaps.shape[1]
    of_people = parts.var(axis=2, ddof=1).mean()
    return np.sqrt([max(of_sample, 0), of_seed, of_people])


luck = pd.DataFrame({"standard deviation": luck_of(gaps, parts)})
luck.index = ["training sample", "seed", "500 people"]
luck.round(3)

# %% [markdown]
# These are estimates too, from few worlds. We resample whole worlds, with replacement, to see how
# sure they are.

# %%
from labkit.chapters.ch03 import plot_luck

rng = np.random.default_rng(0)
resampled = []
for _ in range(2000):
    drawn = rng.integers(0, len(gaps), len(gaps))  # worlds
    resampled.append(luck_of(gaps[drawn], parts[drawn]))
resampled = np.array(resampled)  # (2000, 3)
luck["low"], luck["high"] = np.quantile(resampled, [0.025, 0.975], axis=0)
fig = plot_luck(block_runs, luck)
show(fig, alt="Left: the gap of every run, one row per world. Right: three standard deviations.")

# %%
largest = luck["standard deviation"].idxmax()
place = luck.index.get_loc(largest)
lead = resampled[:, place] - np.delete(resampled, place, axis=1).max(axis=1)
surely_largest = np.quantile(lead, 0.025) > 0
smaller = luck["standard deviation"].drop(largest).sort_values()
between = resampled[:, luck.index.get_loc(smaller.index[1])]
between = between - resampled[:, luck.index.get_loc(smaller.index[0])]
order_known = np.quantile(between, 0.025) > 0
second, third = smaller.index[1], smaller.index[0]
sd_sample, sd_seed, sd_people = luck["standard deviation"]
mean_gap = over_seeds(biased, "gap", by="model").loc["last block"]

# %% tags=["reading"]
reading(
    "**Reading the figure.** The largest is that of the {largest}{surely}. Runs that differ in "
    "nothing but the seed have gaps that differ by about {seed:.3f} (one standard deviation), runs "
    "from different training samples by {sample:.3f}, and the same model measured on other groups "
    "of 500 people by {people:.3f}. {order} In the left panel a black tick is the mean of a world. "
    "So *we used three seeds* covers a small part of the luck. The mean gap over {worlds:.0f} "
    "worlds is {gap:.2f} ({low:.2f} to {high:.2f}); from here on, gaps are given over worlds "
    "wherever we have them.",
    largest=largest,
    surely=choose(
        surely_largest,
        ", in nearly all resamples as well",
        otherwise=", but not in all resamples: few worlds are a rough measure",
    ),
    order=choose(
        order_known,
        "Second is that of {second}, third that of {third}.",
        otherwise="Whether {second} or {third} comes second, these worlds cannot tell.",
    ),
    second=second,
    third=third,
    seed=sd_seed,
    sample=sd_sample,
    people=sd_people,
    worlds=mean_gap["n"],
    gap=mean_gap["mean"],
    low=mean_gap["low"],
    high=mean_gap["high"],
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.3 · How far off is a mean gap?
#
# A team averages the gap over `worlds` training samples with `seeds` seeds each; all models are
# measured on the same `people`. Each kind of luck is averaged over as many draws as there are of
# it: there are `worlds` training samples, `worlds * seeds` seeds, and the variance `people_500` is
# of 500 people, so with twice as many it is half as large. The three add up.
#
# Write a function that returns the *standard error* of the mean gap: the root of that sum.


# %% tags=["exercise"] exercise="03.3" points=2 objective="03-uncertainty"
def standard_error(sample, seed, people_500, worlds, seeds, people):
    """Return the standard error of a mean gap; the first three arguments are variances."""
    return ...


# %% tags=["solution"]
def standard_error(sample, seed, people_500, worlds, seeds, people):
    """Return the standard error of a mean gap; the first three arguments are variances."""
    return np.sqrt(sample / worlds + seed / (worlds * seeds) + people_500 * 500 / people)


# %% tags=["check"]
check("03.3", standard_error)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.4 · What would you buy?
#
# Another team's variances are 0.0064 for the training sample, 0.0009 for the seed, and 0.0016 for
# 500 people. It has 4 training samples, 3 seeds for each, and measures on 2,000 people. It can
# afford four times as many patients to measure on, seeds for each training sample, or training
# samples. For each of these, say whose luck becomes smaller:
#
# - A. training sample
# - B. seed
# - C. people
# - D. training sample and seed
#
# Then say which of the three makes the standard error smallest. (Your function from 03.3 helps.)
#
# - A. patients: more people to measure on
# - B. seeds: more for each training sample
# - C. notes: more training samples

# %% tags=["exercise"] exercise="03.4" points=2 objective="03-uncertainty"
purchase = {
    "patients": ...,  # a letter of the first list, in quotes
    "seeds": ...,
    "notes": ...,
    "best": ...,  # a letter of the second list
}

# %% tags=["solution"]
purchase = {"patients": "C", "seeds": "B", "notes": "D", "best": "C"}

# %% tags=["check"]
check("03.4", purchase)

# %% [markdown]
# ## The fair model that decides nothing
#
# Here is a recipe for a small gap: stop training early. We follow a head on the *frozen* BERT (no
# block is trained; the head reads the mean of all tokens' vectors, which is what this model's
# embeddings were made for) from 2 epochs to 32, in all worlds.
#
# **Predict:** after 2 epochs the head's gap is less than half of what it will be. What share of
# each group does it call ill? And as it trains longer, what will the AUC do, and what the gap?

# %%
heads = runs[runs["model"] == "head"]
MEASURES = ["auc", "selected_a", "selected_b", "gap"]
by_epochs = heads.groupby("setting")[[*MEASURES, "gap_equal"]].mean()
PANELS = [("called ill, a", "called ill, b")]  # these two share a panel
titles = {"auc": "AUC", "selected_a": "called ill, a", "selected_b": "called ill, b"}
titled = by_epochs[MEASURES].rename(columns=titles).rename(lambda epochs: f"{epochs:.0f}")
axes = titled.plot(subplots=PANELS, layout=(1, 3), figsize=(9, 3), marker="o", xlabel="epochs")
fig = axes[0, 0].figure
fig.set_layout_engine("constrained")
show(fig, alt="AUC, shares called ill and gap by epochs; the table has the numbers.")
by_epochs.round(3)

# %%
early, late = by_epochs.iloc[0], by_epochs.iloc[-1]
smallest_C = by_setting.iloc[0]
early_is_wider = early["gap_equal"] > late["gap_equal"]
fewest_epochs, most_epochs = by_epochs.index[0], by_epochs.index[-1]

# %% tags=["reading"]
reading(
    "**Reading the figure.** After {first:.0f} epochs the head calls {early_a:.1%} of *a* and "
    "{early_b:.1%} of *b* ill, a gap of {early_gap:.2f}. After {last:.0f} epochs it calls "
    "{late_a:.0%} and {late_b:.0%} ill, the gap is {late_gap:.2f}, and the AUC went only from "
    "{early_auc:.2f} to {late_auc:.2f}: most of what grew is the share of people above one half. "
    "If each time as many people were called ill as are recorded ill (`gap_equal`), the gap would "
    "be *{direction}* after {first:.0f} epochs: {early_equal:.2f}, and {late_equal:.2f} after "
    "{last:.0f}.\n\n"
    "Somebody who compares gaps after two epochs prefers a model that calls few people "
    "ill, and hardly anybody of *b*. Word counts with the smallest `C` go all the way: AUC "
    "{C_auc:.2f}, gap {C_gap:.3f}, and {C_a:.1%} of *a* called ill. That model decides nothing.",
    first=fewest_epochs,
    last=most_epochs,
    early_a=early["selected_a"],
    early_b=early["selected_b"],
    direction=choose(early_is_wider, "wider", otherwise="no wider"),
    early_equal=early["gap_equal"],
    late_equal=late["gap_equal"],
    early_gap=early["gap"],
    late_a=late["selected_a"],
    late_b=late["selected_b"],
    C_auc=smallest_C["auc"],
    C_gap=smallest_C["gap"],
    C_a=smallest_C["selected_a"],
    late_gap=late["gap"],
    early_auc=early["auc"],
    late_auc=late["auc"],
)

# %% [markdown]
# The threshold does the same. Instead of asking for a score of one half, we can call the highest
# 10% of the scores ill, or the highest 40%. A gap belongs to a *share of people called ill*, so we
# draw it over all shares, for our two models of world 0 and for the records themselves: a doctor
# who copies the records has one point.
#
# **Predict:** where is the gap of *every* model zero?

# %% tags=["by-hand"]
patient_scores = pd.DataFrame(
    {
        "word counts": word_counts.predict_proba(patients["note"])[:, 1],
        "BERT": bert.predict(patients["note"]),
    }
)
shares = np.linspace(0, 1, 41)
gap_at = pd.DataFrame(index=shares, columns=patient_scores.columns, dtype=float)
for scored_by, of_patients in patient_scores.items():
    rank = of_patients.rank(ascending=False, method="first")  # 1 is the highest score
    for share in shares:
        on_top = (rank <= round(share * len(patients))).to_numpy()
        gap_at.loc[share, scored_by] = on_top[~is_b].mean() - on_top[is_b].mean()

# %%
from matplotlib import pyplot as plt

recorded_ill = patients["y"].mean()
gap_of_records = patients["y"][~is_b].mean() - patients["y"][is_b].mean()
fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
gap_at.plot(ax=ax, xlabel="share of all people called ill", ylabel="gap, a - b")
ax.plot(recorded_ill, gap_of_records, "k*", markersize=12, label="the records")
ax.legend(frameon=False)
show(
    ax.figure,
    alt="The gap over the share of people called ill, for two models, with the records' point.",
)
at_records = gap_at.iloc[np.abs(shares - recorded_ill).argmin()]
both_wider = (at_records > gap_of_records).all()

# %% tags=["reading"]
reading(
    "**Reading the figure.** Every curve begins and ends at zero: whoever calls nobody ill, or "
    "everybody, has no gap. Between them a gap can be large. If as many people are called ill as "
    "are recorded ill ({share:.0%}), the gap of word counts is {counts:.2f}, that of BERT "
    "{bert:.2f}, and that of the records {records:.2f}. {more} Such a curve comes from {people} "
    "people and one training sample, so differences of a few hundredths mean nothing.",
    share=recorded_ill,
    counts=at_records["word counts"],
    bert=at_records["BERT"],
    records=gap_of_records,
    more=choose(
        both_wider,
        "Both models have a wider gap than the records that they learned from: a threshold turns a "
        "moderate difference in scores into a large one in decisions.",
        otherwise="Here not every model has a wider gap than the records that it learned from.",
    ),
    people=TEST_SIZE,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 03.5 · The gap at a given share
#
# Write a function that takes scores, an array `in_b` (true for people of group b) and `share`, and
# returns the gap (a minus b) when the `round(share * n)` people with the highest scores are called
# ill. All scores differ.


# %% tags=["exercise"] exercise="03.5" points=2 objective="03-design"
def gap_at_share(scores, in_b, share):
    """Return the gap when that share of people, with the highest scores, is called ill."""
    return ...


# %% tags=["solution"]
def gap_at_share(scores, in_b, share):
    """Return the gap when that share of people, with the highest scores, is called ill."""
    scores, in_b = np.asarray(scores), np.asarray(in_b, dtype=bool)
    called = np.zeros(len(scores), dtype=bool)
    called[np.argsort(-scores)[: round(share * len(scores))]] = True
    return called[~in_b].mean() - called[in_b].mean()


# %% tags=["check"]
check("03.5", gap_at_share)

# %% [markdown]
# ## What do design choices do?
#
# How many blocks are trained, how wide the head is, and its activation are choices of engineering.
# The *plain head* of the last section is one linear layer. A wider head has a layer of 16 or 256
# *hidden units* before it, each followed by an *activation*, a bent function such as GELU or tanh.
# Are these also choices about people? After the last section we know how to ask.
#
# - Every design trains until its validation loss is smallest, among the epochs that we tried (2 to
#   32 for heads, 2 and 4 for all blocks, only 4 for the last block).
# - Every model calls as many of the 2,000 people ill as are recorded ill.
# - A design is compared with the plain head in the same world, and the differences are averaged
#   over worlds. Word counts are compared with it too.
# - We say *beforehand* which change of the gap would matter: three of 100 people, about what the
#   luck of 500 people is.
#
# One thing more changes between a head and a trained block: a head on frozen blocks reads the mean
# of all tokens, and with a trained block it reads `[CLS]`.
#
# **Predict:** which have a gap that differs from that of the plain head by more than the margin:
# the wider heads, training the last block or all blocks, or counting words instead of using BERT?

# %%
MARGIN = 0.03
gap_by_world = biased.pivot(index="world", columns="model", values="gap_equal")
against_head = biased.assign(
    gap=biased["gap_equal"] - biased["world"].map(gap_by_world["head"]),
    auc=biased["auc"] - biased["world"].map(auc_by_world["head"]),
)
against_head = against_head[against_head["model"] != "head"]
gap_changes = over_seeds(against_head, "gap", by="model").rename(columns={"mean": "change"})
auc_changes = over_seeds(against_head, "auc", by="model").rename(columns={"mean": "change"})
gap_changes = gap_changes.sort_values("change")

# %%
from labkit.chapters.ch03 import plot_designs

fig = plot_designs(gap_changes, auc_changes.loc[gap_changes.index], margin=MARGIN)
show(fig, alt="Changes of gap and AUC against the plain head, with intervals over worlds.")

# %%
inside = (gap_changes["low"] > -MARGIN) & (gap_changes["high"] < MARGIN)
wider, narrower = gap_changes["low"] > MARGIN, gap_changes["high"] < -MARGIN
gap_changes["judged"] = np.select(
    [inside, wider, narrower], ["inside", "wider", "narrower"], "cannot tell"
)
gap_changes["AUC change"] = auc_changes["change"]
gap_changes.round(3)

# %%
head_gap = gap_by_world["head"].mean()
counts_change, counts_auc = gap_changes.loc["word counts"], auc_changes.loc["word counts"]
judged_as = {}
for judged in ("inside", "wider", "narrower", "cannot tell"):
    designs = gap_changes.index[gap_changes["judged"] == judged]
    judged_as[judged] = ", ".join(f"*{design}*" for design in designs) or "none"
head_runs = tuned[tuned["model"].str.startswith("head")]
other_heads = inside.index.str.startswith("head")
heads_inside = inside[other_heads].all()
heads_there = gap_changes.loc[other_heads, "n"].min()
design_count = len(gap_changes)

# %%
at_two = runs[runs["model"].str.startswith("head") & (runs["setting"] == 2)]
at_two = at_two.pivot(index="world", columns="model", values="gap")
early_changes = at_two.drop(columns="head").sub(at_two["head"], axis=0).mean().agg(["min", "max"])
ended_last = head_runs["setting"] == head_runs["setting"].max()
ended_last = ended_last.groupby(head_runs["model"]).mean()
plain_last, wider_last = ended_last["head"], ended_last.drop("head").mean()

# %% tags=["reading"]
reading(
    "**Reading the figure.** The plain head has a mean gap of {head_gap:.2f} at this share. Within "
    "the margin of it: {judged[inside]}; wider by more than the margin: {judged[wider]}; narrower: "
    "{judged[narrower]}; not enough evidence: {judged[cannot tell]}. {left} Word counts change the "
    "gap by {counts[change]:+.2f} ({counts[low]:+.2f} to {counts[high]:+.2f}) and the AUC by "
    "{auc[change]:+.3f}; giving everyone the majority's answer would leave no gap and no AUC above "
    "one half. The intervals cover training samples, for these 2,000 people; among {designs} "
    "comparisons, one may look different by luck. And not all have converged: for the plain head, "
    "the longest training that we tried was the best in {plain_last:.0%} of the worlds, for the "
    "others in {wider_last:.0%}.",
    head_gap=head_gap,
    counts=counts_change,
    auc=counts_auc,
    judged=judged_as,
    left=choose(
        heads_inside,
        "How wide the head is and which activation it has did not move the gap by as much as the "
        "margin, over {heads_there:.0f} worlds. After two epochs, at one half, the wider ones "
        "seem to change it by {early[min]:+.2f} to {early[max]:+.2f}.",
        otherwise="For some of the heads {heads_there:.0f} worlds do not settle whether they "
        "change it; after two epochs, at one half, they seem to, by {early[min]:+.2f} "
        "to {early[max]:+.2f}.",
    ),
    heads_there=heads_there,
    early=early_changes,
    designs=design_count,
    plain_last=plain_last,
    wider_last=wider_last,
)

# %% [markdown]
# ## Who pays for the gap?
#
# Measured against the *records*, a model is judged by labels that carry the same error as those it
# learned from. In the clinic we can also ask the truth.
#
# **Predict:** our BERT has decided about all patients. Of those who are *recorded* ill it finds
# some share in each group; of those who *are* ill it finds another. In which group do the two
# shares differ more?

# %%
from labkit.audit import audit

bert_decides = (patient_scores["BERT"] >= 1 / 2).astype(int)
against = {}
for measured, labels in {"records": patients["y"], "truth": patients["y_true_disease"]}.items():
    against[measured] = audit(
        y_true=labels, y_pred=bert_decides, sensitive_features=patients["group"]
    )
found = pd.DataFrame({name: of.by_group["true_positive_rate"] for name, of in against.items()})
false_alarms = pd.DataFrame(
    {name: of.by_group["false_positive_rate"] for name, of in against.items()}
)
pd.concat({"ill found": found, "called ill, not ill": false_alarms}, axis=1).round(3)

# %%
from labkit.audit import plot_group_rates

ax = plot_group_rates(against["truth"], ["true_positive_rate", "false_positive_rate"])
show(ax.figure, alt="True and false positive rates by group against the truth, with intervals.")
found_gap = against["truth"].pairwise("true_positive_rate").iloc[0]
missed = over_seeds(
    biased.assign(less=biased["found_a"] - biased["found_b"]), "less", by="model"
).loc["last block"]
found_in_truth, found_in_records = found["truth"], found["records"]
moved_shares = (found_in_truth - found_in_records).abs()
alarms_in_b = false_alarms.loc["b"]

# %% tags=["reading"]
reading(
    "**Reading the figure.** Of the patients who are ill, this BERT finds {truth[a]:.0%} in *a* "
    "and {truth[b]:.0%} in *b*: a difference of {difference:.2f} (interval over patients {low:.2f} "
    "to {high:.2f}). Over {worlds:.0f} worlds the mean difference is {mean:.2f} ({mean_low:.2f} to "
    "{mean_high:.2f}). So ill people from Birch pay: they are sent home more often.\n\nAgainst the "
    "records, the shares found are {records[a]:.0%} and {records[b]:.0%}. In *a* nothing is "
    "missing from the records, and the shares differ by {moved[a]:.3f}; in *b* by {moved[b]:.3f}, "
    "which is little, because the records miss illnesses *at random*: those that are missing are "
    "found about as often as those that are not. With false alarms it is otherwise. Among those of "
    "*b* who are recorded as not ill are ill people whom the records missed, and calling them ill "
    "counts as a false alarm: {alarms[records]:.1%} by the records, {alarms[truth]:.1%} by the "
    "truth.",
    moved=moved_shares,
    alarms=alarms_in_b,
    truth=found_in_truth,
    records=found_in_records,
    difference=found_gap.difference,
    low=found_gap.low,
    high=found_gap.high,
    worlds=missed["n"],
    mean=missed["mean"],
    mean_low=missed["low"],
    mean_high=missed["high"],
)

# %% [markdown]
# A real clinic has a true label too: the patient is ill or is not. It was not observed. It can be
# bought for a sample, by examining again.
#
# ## Real sentences
#
# Now text that people wrote: sentences from Wikipedia, PubMed and covid papers about nurses,
# doctors, surgeons and physicians, with that word masked (Levy, Lazar and Stanovsky, 2021). The
# task is to tell which sentences are about a nurse. The sensitive attribute is the gender of the
# pronoun that refers to the person. A program assigned it, nobody was asked, and "they" is not
# covered.
#
# There are no new worlds here: we divide one sample of sentences five times, 80% to train on and
# 20% to measure on. The five results share sentences, so their intervals have to be wider than
# those of five independent ones (Nadeau and Bengio, 2003); `overlap=` makes them so. In every
# division we also swap the gendered words of the test sentences (*he* becomes *she*), as we swapped
# the district.
#
# **Predict:** of the sentences about nurses, does the model find more when the pronoun is *she* or
# when it is *he*? And with swapped pronouns?

# %%
from labkit.comparison import split_frame
from labkit.data import load_bug

bug = load_bug("clinicians")
sample = bug.frame.sample(min(SENTENCES, len(bug.frame)), random_state=0)
sentence_splits = split_frame(
    sample, label=bug.label, sensitive="gender", text=bug.text, test_size=0.2, n_splits=SPLITS
)
share_of_nurses = sample[bug.label].mean()
by_pronoun = sample.groupby("gender")[bug.label]
by_pronoun.agg(sentences="size", about_nurses="sum", share="mean").round(3)

# %%
from labkit.language import swap_words

recalls = []
for number, split in enumerate(sentence_splits):
    texts, about_nurse, _ = split.train
    new_texts, new_labels, genders = split.test
    reads = TrainConfig(trainable_layers=1, epochs=3, learning_rate=3e-4, seed=number)
    reader = finetune(foundation, texts, about_nurse, config=reads)
    said = reader.predict(new_texts) >= 1 / 2
    said_swapped = reader.predict([swap_words(text) for text in new_texts]) >= 1 / 2
    measures = {"split": number, "accuracy": (said == new_labels).mean()}
    for gender in ("female", "male"):
        nurses = ((new_labels == 1) & (genders == gender)).to_numpy()
        measures[gender] = said[nurses].mean()
        measures[f"{gender}, swapped"] = said_swapped[nurses].mean()
    recalls.append(measures)
recalls = pd.DataFrame(recalls)

# %%
OVERLAP = 0.25  # sentences to measure on, per sentence to train on
recalls["female - male"] = recalls["female"] - recalls["male"]
recalls["she -> he"] = recalls["female, swapped"] - recalls["female"]
recalls["he -> she"] = recalls["male, swapped"] - recalls["male"]
summaries = {}
for measure in recalls.columns.drop("split"):
    summaries[measure] = over_seeds(
        recalls.assign(model="BERT"), measure, by="model", overlap=OVERLAP
    ).loc["BERT"]
sentence_table = pd.DataFrame(summaries).T.drop(columns="n")
sentence_table.round(3)

# %%
CHANGES = ["female - male", "she -> he", "he -> she"]
ax = plot_estimates(sentence_table.loc[CHANGES].rename(columns={"mean": "change"}), "change")
ax.set_xlabel("difference of nurse recall")
show(ax.figure, alt="Three differences of recall with their intervals over divisions.")
never_a_nurse = 1 - share_of_nurses
accuracy, to_she = sentence_table.loc["accuracy"], sentence_table.loc["he -> she"]
beats_never = accuracy["low"] > never_a_nurse
males_found = sentence_table.loc["male", "mean"]
by_gender, to_he = sentence_table.loc["female - male"], sentence_table.loc["she -> he"]

# %% tags=["reading"]
reading(
    "**Reading the figure.** {beats} {gap} Swapping the pronoun of the *same* sentences answers "
    "the other question, whether the pronoun is the cause: {cause} As written, it found "
    "{males:.1%} of the male nurses. The intervals cover the division and the training; the "
    "sentences are one sample, and few of them are about male nurses.",
    males=males_found,
    beats=choose(
        beats_never,
        "The model beats the answer *never a nurse*, which is right for {never:.1%} of the "
        "sentences "
        "(accuracy {accuracy:.1%}).",
        otherwise="The answer *never a nurse* is right for {never:.1%} of the sentences, and the "
        "model ({accuracy:.1%}) does not clearly beat it.",
    ),
    gap=verdict(
        by_gender["low"],
        by_gender["high"],
        above="It finds more of the nurses whose pronoun is female, by {by_gender[mean]:.2f} "
        "({by_gender[low]:.2f} to {by_gender[high]:.2f}).",
        below="It finds more of the nurses whose pronoun is male: female less male is "
        "{by_gender[mean]:.2f} ({by_gender[low]:.2f} to {by_gender[high]:.2f}).",
        unclear="Whether it finds more female or more male nurses, these sentences cannot tell "
        "({by_gender[mean]:.2f}, interval {by_gender[low]:.2f} to {by_gender[high]:.2f}).",
    ),
    cause=verdict(
        to_she["low"],
        to_she["high"],
        above="with *she* instead of *he*, the model recognizes more of the male nurses "
        "({to_she[mean]:+.2f}, {to_she[low]:+.2f} to {to_she[high]:+.2f}), and with *he* instead "
        "of *she* the recall of female nurses changes by {to_he[mean]:+.2f} ({to_he[low]:+.2f} to "
        "{to_he[high]:+.2f}). It takes the pronoun as a hint.",
        below="with *she* instead of *he*, it recognizes fewer male nurses ({to_she[mean]:+.2f}), "
        "and with *he* instead of *she* the recall of female nurses changes by {to_he[mean]:+.2f}.",
        unclear="with *she* instead of *he* the recall of male nurses changes by "
        "{to_she[mean]:+.2f} "
        "({to_she[low]:+.2f} to {to_she[high]:+.2f}), and with *he* instead of *she* that of "
        "female "
        "nurses by {to_he[mean]:+.2f} ({to_he[low]:+.2f} to {to_he[high]:+.2f}).",
    ),
    never=never_a_nurse,
    accuracy=accuracy["mean"],
    by_gender=by_gender,
    to_she=to_she,
    to_he=to_he,
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
#
# **What you need.** You should have read a training loop in PyTorch before. In short: a *head*
# turns inputs into *logits*, and the sigmoid function turns a logit into a score between 0 and 1.
# *Cross-entropy* is the loss: minus the log of the score given to what was recorded. In every step
# `loss.backward()` computes its *gradient*, how the loss changes with each weight; the *optimizer*
# (SGD or Adam) moves the weights against it, by an amount that the *learning rate* sets; and
# `zero_grad()` clears the gradient for the next step. A *batch* is a few patients at a time.

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
    "themselves have accuracies of {right[a]:.2f} and {right[b]:.2f}. Count the people in each row "
    "and compare with the size of each group: that finds this mistake even where the groups are "
    "called 0 and 1 as well.",
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
    "**What was wrong.** To the optimizer the gap was a constant, so every weight trained the same "
    "model: on the patients it learned from, its gap was {first[0]:.3f} with weight 0 and "
    "{first[100]:.3f} with weight 100. Only the loss that was printed rose. Connected to the "
    "logits, the penalty moves the gap from {fair[0]:.3f} to {fair[100]:.3f}. The same mistake can "
    "be made with `.detach()`, with `.item()`, or with a new `torch.tensor(...)` of the value. A "
    "penalty that works changes the model when its weight changes: try two weights.",
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
    "**What was wrong.** With the labels copied into both columns, both logits learn to answer the "
    "same question, and their difference, which should decide, is left to chance: from five starts "
    "the AUC goes from {first[min]:.2f} to {first[max]:.2f}, although the loss is the same. "
    "Cross-entropy compares the two logits with each other; its AUC, on the same patients, is at "
    "least {right[min]:.3f} and at most {right[max]:.3f}. Binary cross-entropy takes one logit per "
    "person and labels as decimals; cross-entropy takes one logit per class and labels as whole "
    "numbers. The error about shapes had said so: to make shapes fit is not to make sense of them.",
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
    "the last token, `[SEP]`, which marks where a text ends. The repair drops the extra axis, "
    "pads, and marks the padding in the mask. How much of a batch is padding? {whole:.0%} if all "
    "of these notes are padded to the longest one, {batch:.0%} if each batch is padded to its own "
    "longest, and {ordered:.0%} if notes of similar length go together. Padding costs time; "
    "cutting costs text.",
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
    "**What was wrong.** Inside the loop, the labels of a batch take the name `labels`, which was "
    "that of all labels. After the loop it means the last batch. So the *first* answers are "
    "compared with the *last* labels, and `zip` silently stops at the end of the shorter list: at "
    "a batch size of {size}, after {last} of {all}. Only one batch with everyone in it gives the "
    "right accuracy, {whole:.3f}. Two names cure it, and `zip(..., strict=True)` would have "
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
    "change places: the column called recall rose with the threshold, which recall cannot do, and "
    "at one half it held the precision, {precision:.2f}. The AUC asks how scores *rank* people, so "
    "it has no threshold and cannot change with one: it is {right:.3f}, counted over pairs of an "
    "ill and a healthy patient. Of decisions it is only the mean of true positive and true "
    "negative rate, {decisions:.3f}. Scores in the first place stop with an error; decisions do "
    "not, because they look like labels.",
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
    "{late:.1e}. They are jagged because the batches differ. The mean losses of the epochs are "
    "{loss[0]:.3f}, {loss[1]:.3f} and {loss[2]:.3f}. A model that gives everyone the score one "
    "half has a loss of {half:.3f}. A single line over all batches would look as if something were "
    "still going on.",
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
    "step it by, so the learning rate was divided by ten {batches[epoch]} times per epoch, and was "
    "down to a millionth at batch {tiny} of {batches[all]} (left). The rest of the data was read "
    "for nothing, and the loss looked like that of a model that has converged. Stepped after every "
    "epoch, the mean loss of the last epoch is {right:.3f} in place of {wrong:.3f} (right, one run "
    "of each). Plot the learning rate next to the loss.",
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
    "device and the head did not; and the loss was computed twice and added. How much the last one "
    "matters depends on the optimizer. In twenty steps, plain gradient descent moves the weights "
    "{sgd:.2f} times as far with the loss counted twice. Adam divides each gradient by its usual "
    "size and moves them {adam:.2f} times as far: the result would not show the mistake, and part "
    "of the work is wasted. Draw everything after the seed, and choose the device and the loss in "
    "one place each.",
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
    "**What was wrong.** `evaluate` computes an accuracy and does not return it, so Python returns "
    "`None`: the program measures after every epoch and throws the result away. And the import "
    "fails: transformers {version} has no AdamW, which was removed in favor of PyTorch's. An "
    "ImportError would have told you. The `except` hides it and puts another optimizer in its "
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
    "surer of its mistakes, while its decisions hardly change. B gives everyone the same answer. D "
    "jumps from calling nobody ill to calling everyone ill, as with a learning rate that is too "
    "high; accuracy below one half is no contradiction.",
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
# - Report a score next to its baselines, and tune those too; when BERT does not beat word counts,
#   say so `[03-baselines]`.
# - A falling training loss does not tell you when to stop, and no loss tells you how the groups
#   part: keep a validation set, and a record by group. Swapping one word shows what a model does
#   with it, and a world without the error shows where that comes from `[03-finetune]`.
# - A gap depends on three draws, the training sample, the seed and the people measured; a mean over
#   seeds leaves two of them out `[03-uncertainty]`.
# - A model that calls nobody ill has no gap. Compare gaps at convergence and at equal shares of
#   people selected, with a margin that you stated before `[03-design]`.
# - The dangerous bugs print plausible numbers: ask where the groups came in, what has a gradient,
#   and what was compared with what `[03-debug]`.
#
# ## What this does not show
#
# - How to *remove* a gap: that needs a decision about which gap matters, and notebooks still to
#   come.
# - That real clinics look like ours. The simulated one has the biases we put in, one at a time; a
#   real one has others, together, and its true labels cost money.
# - That a BERT is not needed elsewhere. The notes are written by a program from a fixed set of
#   phrases; sentences written by people are harder for word counts. And few settings were tried.
# - Other people: every comparison over worlds uses the same 2,000 people.
#
# **Next.** We have taken rates and gaps as they came. How does one measure fairness, and how sure
# is the result? [04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb)
