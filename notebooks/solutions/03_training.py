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
# - *read* a training record, with a validation set and by group, and *show* by swapping one word what
#   the model has learned `[03-finetune]`
# - *separate* three kinds of luck: the training sample, the seed and the people measured
#   `[03-uncertainty]`
# - *judge* what a design choice does to a gap, at convergence and at equal selection rates
#   `[03-design]`
# - *find and repair* nine kinds of mistakes in training and evaluation code `[03-debug]`
#
# About 100 minutes for part one. Part two, the debugging lab, is optional and takes about 110
# minutes more. Before this:
# [02 · What did the model learn before we met it?](02_pretraining_bias.ipynb)

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
# **What is a world?** One seed gives one *world*: its own patients, its own notes. We train on one
# world, choose settings on other patients of the same world, and measure on a third sample that no
# model learned from.

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
# We train two models on the same notes. The first counts words: *TF-IDF* weighs each word, and
# each pair of neighboring words, by how rare it is, and a logistic regression adds up the weights.
# The second is a pretrained BERT, of which we train the last layer further. How both work comes
# later; first we ask what they do.
#
# **Predict:** the models call some of the patients from Birch ill. If the same notes said *Alder*,
# would they call more of them ill, fewer, or as many? How many decisions out of 100 would change?

# %%
from labkit.chapters.ch03 import fit_word_counts
from labkit.models import load_foundation_model
from labkit.training import TrainConfig, finetune

word_counts = fit_word_counts(train["note"], train["y"], C=10)
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
    "models learned from records in which people from Birch were called ill less often. But this is "
    "one training sample, and one seed.",
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
# an hour, so the results come as a table: `load_runs()` reads it, and its docstring names the recipe. All models were measured on the same 2,000 people, who are in no training sample. A run's
# `setting` is `C` for word counts and the number of epochs for the others.
#
# A *control* shows whether the records are the cause. It has the *same notes*, but every illness
# is recorded. If the districts' names still changed decisions there, wrong records would not be
# the explanation.
#
# In every world, we keep the setting with the smallest loss on that world's validation notes. All
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
from labkit.comparison import over_seeds, plot_estimates

TESTED = ["word counts", "last block"]
swap_worlds = per_world[per_world["model"].isin(TESTED)]
flips = over_seeds(swap_worlds, "flips_b", by=["model", "records"])
more_ill = swap_worlds.assign(change=swap_worlds["selected_b_as_alder"] - swap_worlds["selected_b"])
more_ill = over_seeds(more_ill, "change", by=["model", "records"])
ax = plot_estimates(flips.rename(columns={"mean": "flips"}), "flips")
ax.set_xlabel("share of decisions about b that the swap changes")
ax.legend(title="records", frameon=False)
show(ax.figure, alt="Share of changed decisions by model and records, with intervals over worlds.")

# %%
lowest_biased = flips.xs("biased", level="records")["low"]
highest_right = flips.xs("right", level="records")["high"]
counts_flips, bert_flips = flips.loc["word counts", "biased"], flips.loc["last block", "biased"]
counts_right, bert_right = flips.loc["word counts", "right"], flips.loc["last block", "right"]
records_matter = (lowest_biased > highest_right).all()
flips.round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} Trained on biased records, word counts change "
    "{counts_mean:.0%} of their decisions about *b* (interval over {counts_worlds} worlds: "
    "{counts_low:.0%} to {counts_high:.0%}), and BERT {bert_mean:.0%} ({bert_low:.0%} to "
    "{bert_high:.0%}, {bert_worlds} worlds). Where every illness was recorded, it is "
    "{right_counts:.0%} and {right_bert:.0%}: the prediction was right if you said *few*. What is "
    "left there is chance: in a small sample, the districts differ a little by luck. The intervals "
    "cover training samples, and leave out that the same people were measured.",
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
    right_counts=counts_right["mean"],
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
    "truth, by {true:.3f}, which is the chance of this sample, because the program makes both groups "
    "ill equally often. A model that learns the records well learns a difference between districts "
    "that hardly exists among people. To the model, it looks like a fact about Birch.",
    recorded=in_records,
    true=in_truth,
)

# %% [markdown]
# ## Baselines first
#
# A score means nothing on its own. Two baselines cost next to nothing: giving everyone the
# majority's answer, and word counts. A fine-tuned BERT has to beat both, or it is not needed. But a
# baseline counts only if somebody took care of it too. `C` limits how large the weights of word
# counts may become: a small `C` keeps them near zero. We try four values, and choose by the loss on
# the *validation* notes. Choosing by the test patients would make the test look better than it is.
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
    "**Reading the tables.** Give everyone the majority's answer, and {majority:.0%} of the answers "
    "are right; there is no gap, because there is no distinction. The smallest `C` does nearly the "
    "same: it calls {few_a:.1%} of *a* and {few_b:.1%} of *b* ill, though its AUC is {few_auc:.2f}. "
    "It knows who is more likely to be ill, and calls nobody ill. A small gap by itself proves "
    "nothing. By validation loss we choose `C = {C:g}` here; the second table has the means of "
    "{worlds} worlds, and how many of them choose each value.",
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
# accuracy lies above that of the majority's answer, which is the better of "always 0" and
# "always 1".


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
# **Predict:** the training loss will fall. Will the validation loss fall as long? And what will
# the shares called ill in *a* and *b* do from epoch to epoch?

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
gap_by_epoch = history["validation_selection_rate_a"] - history["validation_selection_rate_b"]
gap_at_best_epoch, gap_at_end = gap_by_epoch[best_epoch], gap_by_epoch.iloc[-1]
few_from_birch = (validation["group"] == "b").sum()
best_loss, end_loss = at_best["validation_loss"], at_end["validation_loss"]
loss_rises = end_loss > best_loss
history.iloc[:, :6].round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** The training loss falls to the end. {validation} From then on, the "
    "model learns what is special about these {notes:,} notes and does not hold for others: it "
    "*overfits*. In the first epochs it calls few people ill in either group, then more, and the "
    "groups part: at the epoch with the smallest validation loss the gap is {best_gap:.2f}, at the "
    "end {end_gap:.2f}. These gaps are of {people} validation patients, {few} of them from Birch, so "
    "single steps of the curve mean little. The loss alone would not have shown that the groups "
    "part: write a record by group.",
    validation=choose(
        loss_rises,
        "The validation loss is smallest after epoch {best_epoch:.0f} ({best_loss:.2f}) and rises to "
        "{end_loss:.2f}.",
        otherwise="The validation loss falls as well, to {end_loss:.2f}.",
    ),
    best_epoch=best_epoch,
    best_loss=best_loss,
    end_loss=end_loss,
    notes=SAMPLE_SIZE,
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
# Now the rule: a fine-tuned BERT has to beat the baselines, or it is not needed. One training
# sample cannot decide that. In each world we subtract the AUC of word counts from that of a BERT
# trained on the same notes, with every model's setting chosen on validation. Then we ask whether
# the mean of these *paired differences* is distinguishable from zero.
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
    "({block_low:+.3f} to {block_high:+.3f}), and BERT is ahead in {block_ahead} of {block_worlds} "
    "worlds. {everything} ({all_mean:+.3f}, {all_low:+.3f} to {all_high:+.3f}, {all_worlds} worlds). "
    "The intervals cover the training sample, and are for these 2,000 people. A program wrote the "
    "notes from a fixed set of phrases, which is what word counts are good at; with other texts the "
    "answer can be another.",
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
        below="Training all blocks does not change that",
        unclear="Whether training all blocks would beat word counts, these worlds cannot tell",
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
# - the *seed*: the head's first weights, the order of the notes, and dropout (some units are switched
#   off at random in training),
# - the *people measured*: on whom the gap was counted.
#
# We can separate them, because we have BERTs from several worlds, several seeds in each, and
# because the 2,000 people can be measured in four parts of 500. Let $g_{wsp}$ be the gap of world
# $w$, seed $s$ and part $p$. How much do gaps differ when only one of the three changes?
#
# - Only the part changes: the variance over $p$, averaged over all runs. (People of group *b* are
#   few in each part.)
# - Only the seed changes: the variance over $s$ in a world, averaged over worlds.
# - The training sample: the variance of the worlds' means over $w$. Part of it is still the luck of
#   the seeds, whose mean over $S$ seeds has a variance of $\text{seed variance} / S$. Subtract it.
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
luck.index = ["training sample", "seed", "people, 500"]
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
luck["low"], luck["high"] = np.quantile(resampled, [0.025, 0.975], axis=0)
fig = plot_luck(block_runs, luck)
show(fig, alt="Left: the gap of every run, one row per world. Right: three standard deviations.")

# %%
largest = luck["standard deviation"].idxmax()
sd_sample, sd_seed, sd_people = luck["standard deviation"]
mean_gap = over_seeds(biased, "gap", by="model").loc["last block"]

# %% tags=["reading"]
reading(
    "**Reading the figure.** The {largest} matters most here. Runs that differ in nothing but the "
    "seed have gaps that differ by about {seed:.3f} (one standard deviation), runs from different "
    "training samples by {sample:.3f}, and the same model measured on other groups of 500 people by "
    '{people:.3f}. So "we used three seeds" covers a small part of the luck. The mean gap over '
    "{worlds} worlds is {gap:.2f} ({low:.2f} to {high:.2f}); from here on, gaps are given over "
    "worlds.",
    largest=largest,
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
# measured on the same `people`. Each kind of luck is averaged over as many draws as there are of it:
# there are `worlds` training samples, `worlds * seeds` seeds, and the variance `people_500` is of
# 500 people, so with twice as many it is half as large. The three add up.
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
# afford one of these. For each, say which kind of luck becomes smaller, and then which of the three
# makes the standard error smallest. (Your function from 03.3 helps.)
#
# - A. the luck of the training sample alone
# - B. the luck of the seed alone
# - C. the luck of the people measured alone
# - D. the luck of the training sample and of the seed

# %% tags=["exercise"] exercise="03.4" points=2 objective="03-uncertainty"
purchase = {
    "patients": ...,  # four times as many people to measure on; a letter in quotes
    "seeds": ...,  # four times as many seeds for each training sample
    "notes": ...,  # notes for four times as many training samples
    "best": ...,  # "patients", "seeds" or "notes"
}

# %% tags=["solution"]
purchase = {"patients": "C", "seeds": "B", "notes": "D", "best": "notes"}

# %% tags=["check"]
check("03.4", purchase)

# %% [markdown]
# ## The fair model that decides nothing
#
# Here is a recipe for a small gap: stop training early. We follow a head on the *frozen* BERT (no
# block is trained; the head reads the mean of all tokens' vectors, which is what this model's
# embeddings were made for) from 2 epochs to 32, in all worlds.
#
# **Predict:** after 2 epochs the head's gap is near zero. What share of people does it call ill?
# And as it trains longer, what will the AUC do, and what the gap?

# %%
heads = runs[runs["model"] == "head"]
by_epochs = heads.groupby("setting")[["auc", "selected_a", "selected_b", "gap"]].mean()
axes = by_epochs.plot(
    subplots=[("selected_a", "selected_b")], layout=(1, 3), figsize=(9, 3), logx=True, marker="o"
)
show(
    axes[0, 0].figure,
    alt="AUC, shares called ill and gap of the head by epochs; the table has the numbers.",
)
by_epochs.round(3)

# %%
early, late = by_epochs.iloc[0], by_epochs.iloc[-1]
fewest_epochs, most_epochs = by_epochs.index[0], by_epochs.index[-1]

# %% tags=["reading"]
reading(
    "**Reading the figure.** After {first:.0f} epochs the head calls {early_a:.1%} of *a* and "
    "{early_b:.1%} of *b* ill, and its gap is {early_gap:.3f}. After {last:.0f} epochs the gap is "
    "{late_gap:.2f}, and the AUC went only from {early_auc:.2f} to {late_auc:.2f}: who is above whom "
    "was learned early. What grew is the share of people above one half, from nearly nobody. Somebody "
    "who compares models after two epochs finds that this one is the fairest. It decides nothing.",
    first=fewest_epochs,
    last=most_epochs,
    early_a=early["selected_a"],
    early_b=early["selected_b"],
    early_gap=early["gap"],
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
recorded_ill = patients["y"].mean()
gap_of_records = patients["y"][~is_b].mean() - patients["y"][is_b].mean()
ax = gap_at.plot(xlabel="share of all people called ill", ylabel="gap, a - b", figsize=(6.4, 3.6))
ax.plot(recorded_ill, gap_of_records, "k*", markersize=12, label="the records")
ax.axhline(0, color="black", linewidth=0.8)
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
    "everybody, has no gap. Between them a gap can be large. If as many people are called ill as the "
    "records do ({share:.0%}), the gap of word counts is {counts:.2f}, that of BERT {bert:.2f}, and "
    "that of the records {records:.2f}. {more} Such a curve comes from {people} people, so differences "
    "of a few hundredths mean nothing.",
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
# Are they also choices about people? After the last section we know how to ask.
#
# - Every design trains until its validation loss is smallest, among the epochs that we tried.
# - Every model calls as many of the 2,000 people ill as are recorded ill.
# - A design is compared with word counts in the same world, and the differences are averaged over
#   worlds.
# - We say *beforehand* which change of the gap would matter: three of 100 people.
#
# **Predict:** which designs have a gap that differs from that of word counts by more than the
# margin: a head on the frozen BERT, wider heads (16 or 256 hidden units, with the activation GELU
# or tanh), the last block, or all blocks?

# %%
MARGIN = 0.03
gap_by_world = biased.pivot(index="world", columns="model", values="gap_equal")
against_counts = biased.assign(
    gap=biased["gap_equal"] - biased["world"].map(gap_by_world["word counts"]),
    auc=biased["auc"] - biased["world"].map(auc_by_world["word counts"]),
)
against_counts = against_counts[against_counts["model"] != "word counts"]
gap_changes = over_seeds(against_counts, "gap", by="model").rename(columns={"mean": "change"})
auc_changes = over_seeds(against_counts, "auc", by="model").rename(columns={"mean": "change"})
gap_changes = gap_changes.sort_values("change")

# %%
from labkit.chapters.ch03 import plot_designs

fig = plot_designs(gap_changes, auc_changes.loc[gap_changes.index], margin=MARGIN)
show(fig, alt="Changes of gap and AUC against word counts by design, with intervals over worlds.")

# %%
inside = (gap_changes["low"] > -MARGIN) & (gap_changes["high"] < MARGIN)
wider, narrower = gap_changes["low"] > MARGIN, gap_changes["high"] < -MARGIN
gap_changes["judged"] = np.select(
    [inside, wider, narrower], ["inside", "wider", "narrower"], "cannot tell"
)
gap_changes["AUC change"] = auc_changes["change"]
gap_changes.round(3)

# %%
counts_gap = gap_by_world["word counts"].mean()
judged_as = {}
for judged in ("inside", "wider", "narrower", "cannot tell"):
    designs = gap_changes.index[gap_changes["judged"] == judged]
    judged_as[judged] = ", ".join(f"*{design}*" for design in designs) or "none"
head_runs = tuned[tuned["model"].str.startswith("head")]
all_inside = inside.all()
design_count, worst_design = len(gap_changes), auc_changes["change"].idxmin()
longest = (head_runs["setting"] == head_runs["setting"].max()).mean()

# %% tags=["reading"]
reading(
    "**Reading the figure.** Word counts have a mean gap of {counts_gap:.2f} at this share. Within "
    "the margin of it: {judged[inside]}; wider by more than the margin: {judged[wider]}; "
    "narrower: {judged[narrower]}; not enough evidence: {judged[cannot tell]}. {left} The right "
    "panel has the other half of the story: all designs have a lower or a higher AUC, and *{worst}* "
    "has the lowest. The intervals cover training samples, for these 2,000 people; among {designs} "
    "designs, one may look different by luck. In {longest:.0%} of the runs of heads, the longest "
    "training that we tried was still the best.",
    counts_gap=counts_gap,
    judged=judged_as,
    left=choose(
        all_inside,
        "So at convergence, and with equally many people called ill, these designs have the same gap: "
        "nothing is left of *design choices move the gap*.",
        otherwise="That is what is left of *design choices move the gap*: less than a comparison "
        "after two epochs would have shown.",
    ),
    worst=worst_design,
    designs=design_count,
    longest=longest,
)

# %% [markdown]
# ## Who pays for the gap?
#
# Measured against the *records*, a model may look even-handed: it decides as the records do. In
# the clinic we can also ask the truth.
#
# **Predict:** our BERT has decided about all patients. Of those who are *recorded* ill it finds some
# share in each group; of those who *are* ill it finds another. In which group do the two shares differ
# more?

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

# %% tags=["reading"]
reading(
    "**Reading the figure.** Of the patients who are ill, this BERT finds {truth[a]:.0%} in *a* and "
    "{truth[b]:.0%} in *b*: a difference of {difference:.2f} (interval over patients {low:.2f} to "
    "{high:.2f}). Over {worlds} worlds the mean difference is {mean:.2f} ({mean_low:.2f} to "
    "{mean_high:.2f}). So ill people from Birch pay: they are sent home more often. Against the "
    "records, the shares found are {records[a]:.0%} and {records[b]:.0%}. They are close to those of "
    "the truth in both groups, because the records miss illnesses *at random*; the false alarms are "
    "not, because some of *b*'s are ill people whom the records missed.",
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
# Now text that people wrote: sentences from Wikipedia, PubMed and covid papers about nurses, doctors,
# surgeons and physicians, with that word masked (Levy, Lazar and Stanovsky, 2021). The task is to
# tell which sentences are about a nurse. The sensitive attribute is the gender of the pronoun that
# refers to the person. A program assigned it, nobody was asked, and "they" is not covered.
#
# There are no new worlds here: we divide one sample of sentences five times, 80% to train on and 20%
# to measure on. The five results share sentences, so their intervals are wider than those of five
# independent ones (Nadeau and Bengio, 2003); `overlap=` does that. In every division we also swap
# the gendered words of the test sentences (*he* becomes *she*), as we swapped the district.
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
by_gender, to_he = sentence_table.loc["female - male"], sentence_table.loc["she -> he"]

# %% tags=["reading"]
reading(
    "**Reading the figure.** {beats} {gap} Swapping the pronoun of the *same* sentences answers the "
    "other question, whether the pronoun is the cause: {cause} The intervals cover the division and "
    "the training; the sentences are one sample, and few of them are about male nurses.",
    beats=choose(
        beats_never,
        "The model beats the answer *never a nurse*, which is right for {never:.1%} of the sentences "
        "(accuracy {accuracy:.1%}).",
        otherwise="The answer *never a nurse* is right for {never:.1%} of the sentences, and the "
        "model ({accuracy:.1%}) does not clearly beat it.",
    ),
    gap=verdict(
        by_gender["low"],
        by_gender["high"],
        above="It finds more of the nurses whose pronoun is female, by {by_gender[mean]:.2f} "
        "({by_gender[low]:.2f} to {by_gender[high]:.2f}).",
        below="It finds more of the nurses whose pronoun is male.",
        unclear="Whether it finds more female or more male nurses, these sentences cannot tell "
        "({by_gender[mean]:.2f}, interval {by_gender[low]:.2f} to {by_gender[high]:.2f}).",
    ),
    cause=verdict(
        to_she["low"],
        to_she["high"],
        above="with *she* instead of *he*, the model recognizes more of the male nurses "
        "({to_she[mean]:+.2f}, {to_she[low]:+.2f} to {to_she[high]:+.2f}). It takes the pronoun as a "
        "hint.",
        below="with *she* instead of *he*, it recognizes fewer male nurses.",
        unclear="with *she* instead of *he* the recall of male nurses changes by {to_she[mean]:+.2f} "
        "({to_she[low]:+.2f} to {to_she[high]:+.2f}), and with *he* instead of *she* that of female "
        "nurses by {to_he[mean]:+.2f} ({to_he[low]:+.2f} to {to_he[high]:+.2f}).",
    ),
    never=never_a_nurse,
    accuracy=accuracy["mean"],
    by_gender=by_gender,
    to_she=to_she,
    to_he=to_he,
)

# %% [markdown]
# ## What you learned
#
# - A score is reported next to its baselines, tuned, or it says nothing; when BERT does not beat word
#   counts, say so `[03-baselines]`.
# - A falling training loss does not tell you when to stop, and no loss tells you how the groups part:
#   keep a validation set, and a record by group. Swapping one word shows what a model does with it, and
#   a world without the error shows where that comes from `[03-finetune]`.
# - A gap depends on three draws, the training sample, the seed and the people measured; a mean over
#   seeds leaves two of them out `[03-uncertainty]`.
# - A model that calls nobody ill has no gap. Compare gaps at convergence and at equal shares of
#   people selected, with a margin that you stated before `[03-design]`.
# - The dangerous bugs print plausible numbers: ask where the groups came in, what has a gradient, and
#   what was compared with what `[03-debug]`.
#
# ## What this does not show
#
# - How to *remove* a gap: that needs a decision about which gap matters, and notebooks still to come.
# - That real clinics look like ours. The simulated one has the biases we put in, one at a time; a real
#   one has others, together, and its true labels cost money.
# - That a BERT is not needed elsewhere. The notes are written by a program from a fixed set of
#   phrases; sentences written by people are harder for word counts.
# - What other people would give: every comparison over worlds uses the same 2,000 people.
#
# **Next.** We have taken rates and gaps as they came. How does one measure fairness, and how sure is
# the result? [04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb)
