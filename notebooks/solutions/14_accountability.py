# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 120
#       mb: 1500
# ---

# %% [markdown]
# # 14 · Who decided, and can we prove it?
#
# In 2013 a judge in La Crosse, Wisconsin, sentenced Eric Loomis to six years in prison. The report
# in front of the judge had a bar chart of COMPAS scores, the ones of notebook 04, and all three
# bars were high. Loomis wanted to know how they had been computed. The company that sells COMPAS
# does not say: it is a trade secret. In 2016 the Supreme Court of Wisconsin upheld the sentence.
# Loomis could check the answers in his questionnaire, it said, and the judge had had other reasons
# as well (Wisconsin Supreme Court, 2016).
#
# So a person may check what was typed in, and nobody outside may check the rest. Suppose that one
# earlier offense too many was typed in.
#
# **Before you read on, guess:** of 1,000 people without an alarm, for how many would one offense
# more in the record turn *no alarm* into *alarm*? And would a log of all decisions, one that nobody
# can change unnoticed, show the mistake? The answers come under *What the log cannot prove*.
#
# **You will be able to**
# - *test* what a log of decisions can prove, by forging it `[14-log]`
# - *check* what a model card says about whom, and what regulation asks beyond it `[14-card]`
# - *act* on an alarm: retrain, compare on equal footing, roll back `[14-monitor]`
# - *judge* whether a rule that is fair today is fair after years of feedback `[14-feedback]`
# - *follow* an appeal through the records, and *name* who answers for which step `[14-appeal]`
#
# About 170 minutes, in two sittings, half of it for the exercises. Before this: [12 · What does a
# generative model say about people?](12_generation.ipynb); from [04 · How do we measure fairness,
# and how sure are we?](04_measuring.ipynb) you need COMPAS and Wilson's interval.

# %%
import numpy as np
import pandas as pd

from labkit.exercises import check, hint
from labkit.plots import show
from labkit.records import verify
from labkit.prose import choose, reading, verdict

# %% tags=["parameters"]
SEED = 0
N_LOGGED = 3100  # decisions in the log, at least 1,100 and no multiple of 1,000
N_SPLITS = 20  # other halves to fit the model on

# %% [markdown]
# # Part one · What the records prove
#
# ## A model that decides
#
# The weights of COMPAS are secret, so nobody here can log, repeat or appeal one of its decisions as
# a whole. We need a model of our own: a logistic regression on six columns of the same records,
# fitted on half of the people. (We keep those who were observed for two full years, as in notebook
# 04.) Race and sex are not among its inputs.
#
# The [datasheet](../datasets/compas/card.md) says "Do not use it for ... training a risk tool".
# Nobody is ever scored with this model outside this page, and no file of it leaves your folder.
# Keep the sentence in mind: nothing *technical* has stopped us just now.

# %%
from labkit.data import load_compas

FEATURES = ["age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count", "felony"]
compas = load_compas()
people = compas.frame.query("two_years_observed == 1").reset_index(drop=True)
people["felony"] = (people["c_charge_degree"] == "F").astype(int)
people["again"] = people["two_year_recid"]  # charged again within two years
people["compas_alarm"] = (people["score_text"] != "Low").astype(int)

rng = np.random.default_rng(SEED)
order = rng.permutation(len(people))
fitted_on = people.iloc[order[: len(people) // 2]]
decided_about = people.iloc[order[len(people) // 2 :]].head(N_LOGGED).reset_index(drop=True)

# %% [markdown]
# The *threshold* is a decision of its own. We choose it on the people that the model was fitted
# on, so that the share of alarms is the same as that of COMPAS (notebook 04 calls a score of medium
# or high an alarm).

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

model = LogisticRegression(max_iter=1000).fit(fitted_on[FEATURES], fitted_on["again"])
scores_there = model.predict_proba(fitted_on[FEATURES])[:, 1]
threshold = float(np.quantile(scores_there, 1 - fitted_on["compas_alarm"].mean()).round(3))

decided_about["score"] = model.predict_proba(decided_about[FEATURES])[:, 1]
decided_about["alarm"] = (decided_about["score"] >= threshold).astype(int)
shares_with_alarm = decided_about[["alarm", "compas_alarm"]].mean()
n_decided = len(decided_about)
auc_ours = roc_auc_score(decided_about["again"], decided_about["score"])
auc_compas = roc_auc_score(decided_about["again"], decided_about["decile_score"])
weights = pd.Series(model.coef_[0], index=FEATURES, name="weight").round(3)
weights

# %% tags=["reading"]
reading(
    "**How good is it?** With the threshold {threshold:.3f} the model gives an alarm to "
    "{share[alarm]:.0%} of {n:,} people who were not in the fit, and COMPAS to "
    "{share[compas_alarm]:.0%} of them. It orders these people about as well: an AUC of "
    "{ours:.2f} next to {theirs:.2f} (a coin has one half). That is all we need here: a model "
    "that is no worse than the real one, whose every number can be shown. Fairness was the "
    "subject of notebook 04; this model has COMPAS's troubles too.",
    threshold=threshold,
    share=shares_with_alarm,
    n=n_decided,
    ours=auc_ours,
    theirs=auc_compas,
)

# %% [markdown]
# ## A log, link by link
#
# A table of decisions can be edited later, and nobody will notice. A **hash** makes a change
# visible: SHA-256 turns any text into 64 digits, and another text gives, for all that is known,
# other digits. In a **hash chain** each entry of the log also has the hash of the entry before. So
# the last hash depends on everything that came before it.
#
# ```mermaid flowchart LR accTitle: A chain of hashes with its head and anchors accDescr: The
# header, entry 1, entry 2 and so on to the last entry. Each entry has the hash of the one before.
# The head, in another file, has the hash of the last entry; the anchors, in a third file, have
# those of every thousandth. Z[header] -->|hash| A[entry 1] -->|hash| B[entry 2] -->|...| C[entry
# 1,000] -->|...| D[last entry] C -.->|copied| X[(anchors)] D -.->|copied| H[(head)] ```
#
# `DecisionLog` writes such a chain: one line per decision, with the checksums of the model and of
# the data that it was fitted on, the score, the threshold, the decision, the time, and which office
# answers for it. About the person it has only a hash of the inputs. Next to the log it keeps two
# small files: the **head**, which has the number of entries and the last hash, and the **anchors**,
# copies of the head at every thousandth entry.

# %%
import hashlib
import json
import tempfile
from pathlib import Path

from labkit.records import DecisionLog

FOLDER = Path(tempfile.mkdtemp())
LOG = FOLDER / "decisions.jsonl"
HEAD, ANCHORS = FOLDER / "decisions.jsonl.head", FOLDER / "decisions.jsonl.anchors"

model_text = json.dumps([FEATURES, model.coef_[0].tolist(), model.intercept_[0]])
model_checksum = hashlib.sha256(model_text.encode()).hexdigest()
data_checksum = hashlib.sha256(fitted_on[FEATURES].to_csv().encode()).hexdigest()
decided_about["case"] = decided_about.index.map("case {:04}".format)
INPUTS = ["case", *FEATURES]

office = DecisionLog(LOG, model=model_checksum, data=data_checksum, operator="pretrial office")
numbers = office.append_many(
    decided_about[[*INPUTS, "score", "alarm"]], decision="alarm", score="score", threshold=threshold
)

# %% [markdown]
# (The case numbers are ours: the data has none.) Here is the first decision, as the log has it.
# Line 0 is the header, so entry 1 is line 1.

# %%
lines = LOG.read_bytes().splitlines(keepends=True)
first_decision = json.loads(lines[1])
pd.Series({**first_decision["entry"], "hash": first_decision["hash"]}, name="entry 1").to_frame()

# %% [markdown]
# **Predict:** if one digit of the score in this entry changes, how many of the 64 digits of its
# hash change?


# %% tags=["by-hand"]
def seal(entry):
    """Return an entry as a line of the log, and its hash."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest()
    return b'{"entry":%b,"hash":"%b"}\n' % (text, digest.encode()), digest


line_by_hand, hash_by_hand = seal(first_decision["entry"])
assert line_by_hand == lines[1]
assert first_decision["entry"]["previous"] == json.loads(lines[0])["hash"]  # of the header

nearly_same = {**first_decision["entry"], "score": first_decision["entry"]["score"] + 1e-9}
_, other_hash = seal(nearly_same)
digits_changed = sum(a != b for a, b in zip(hash_by_hand, other_hash))
print(hash_by_hand, other_hash, sep="\n")

# %%
whole = verify(LOG)
assert whole.ok and whole.decisions >= len(decided_about)
print(*whole.describe(), sep="\n")

# %% tags=["reading"]
reading(
    "**Reading the digits.** A change of a billionth in the score changes {changed} of 64 digits; "
    "digits drawn at random would differ in 60 of 64 on average. So a hash does not say *how much* "
    "was changed, only *that*. The line we wrote by hand is the log's, byte for byte, and `verify` "
    "finds the chain of {n:,} decisions whole. Mind how its sentence ends: nobody can have changed "
    "them *without changing the head, too*.",
    changed=digits_changed,
    n=whole.decisions,
)

# %% [markdown]
# ## Forge it
#
# A log is as good as the attacks that it has survived, so attack it. The office gave somebody an
# alarm, and now somebody in the office would rather not have done so. We forge copies of the log,
# and verify each with the genuine head and anchors.
#
# **Predict, before each of the four:** will `verify` find it, and will it say where?
#
# 1. Turn the decision of one entry from 1 to 0.
# 2. The same, and compute the hash of that entry again, so that it fits.
# 3. Cut off the last ten entries.
# 4. The same as 2, and compute all later hashes again, up to the end.


# %%
def try_forgery(forged_lines, *, head=HEAD, anchors=ANCHORS):
    """Verify a forged copy of the log with a head and anchors, the genuine ones by default."""
    copy = FOLDER / "forged.jsonl"
    copy.write_bytes(b"".join(forged_lines))
    return verify(copy, head=head, anchors=anchors)


target = (
    len(decided_about) // 3 + int(decided_about["alarm"][len(decided_about) // 3 :].argmax()) + 1
)
assert json.loads(lines[target])["entry"]["decision"] == 1
attempts = {}

changed = list(lines)
changed[target] = changed[target].replace(b'"decision":1', b'"decision":0')
attempts["1. change one entry"] = try_forgery(changed)

# %%
forged_entry = {**json.loads(lines[target])["entry"], "decision": 0}
sealed = list(lines)
sealed[target], _ = seal(forged_entry)
attempts["2. and its own hash"] = try_forgery(sealed)

attempts["3. cut off the end"] = try_forgery(lines[:-10])


# %% tags=["by-hand"]
def chain_again(old_lines, number, entry):
    """Put an entry in the place of another, and compute all hashes again up to the end."""
    new_lines = list(old_lines)
    new_lines[number], before = seal(entry)
    for later in range(number + 1, len(new_lines)):
        follows = {**json.loads(new_lines[later])["entry"], "previous": before}
        new_lines[later], before = seal(follows)
    return new_lines


rechained = chain_again(lines, target, forged_entry)

# %%
attempts["4. and all later hashes"] = try_forgery(rechained)
(FOLDER / "alone.jsonl").write_bytes(b"".join(rechained))
without_head = verify(FOLDER / "alone.jsonl", head=False, anchors=False)

found_kinds = {name: found.problems[0].kind for name, found in attempts.items()}
found_where = {name: found.problems[0].entries for name, found in attempts.items()}
all_found = all(not found.ok for found in attempts.values())
where_rechained = found_where["4. and all later hashes"]
forgeries = pd.DataFrame({"verify says": found_kinds, "entries": found_where})
forgeries.rename_axis(f"forged entry: {target}")

# %% tags=["reading"]
reading(
    "**The four predictions.** {finding} The first and the second are found at entry {target:,} "
    "by the chain itself: a hash that does not fit its entry, or an entry whose hash the next one "
    "does not know. The end that is cut off leaves a whole chain, and only the head knows that "
    "there were more. The fourth leaves a whole chain as well: without head and anchors `verify` "
    "{without}. The head shows that *something* was changed, the anchors that it was between "
    "entries {place[0]:,} and {place[1]:,}.",
    finding=choose(
        all_found,
        "All four are found.",
        otherwise="Not all four are found.",
    ),
    target=target,
    without=choose(without_head.ok, "finds nothing", otherwise="finds it, too"),
    place=where_rechained,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.1 · A verifier that trusts too much
#
# Each entry of this small log is a dict: `says` (a text), `previous` (the hash of the entry before,
# `"start"` for the first) and `hash`, which is the SHA-256 of `previous + says`. `head` is the hash
# of the last entry, kept apart. The function should return the place (from 0) of the first entry
# that does not fit; `len(entries)` if all entries fit and the head does not; and −1 for a whole
# log. It trusts too much in two ways. Repair it.


# %% tags=["exercise"] exercise="14.1" points=2 objective="14-log"
def first_break(entries, head):
    """Return the place of the first entry that does not fit, or -1."""
    for place, entry in enumerate(entries):
        text = entry["previous"] + entry["says"]
        if hashlib.sha256(text.encode()).hexdigest() != entry["hash"]:
            return place
    return -1


# %% tags=["solution"]
def first_break(entries, head):
    """Return the place of the first entry that does not fit, or -1."""
    before = "start"
    for place, entry in enumerate(entries):
        text = entry["previous"] + entry["says"]
        fits = hashlib.sha256(text.encode()).hexdigest() == entry["hash"]
        if not fits or entry["previous"] != before:
            return place
        before = entry["hash"]
    return -1 if before == head else len(entries)


# %% tags=["check"]
check("14.1", first_break)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.2 · Your own four
#
# Now you are the forger. Write a function that takes a log as a list of lines (texts, line 0 is the
# header, each ends with `"\n"`) and returns a list of four forged logs, each a list of lines. The
# check runs `verify` on each of them, with the genuine head and anchors, on two logs that you have
# not seen. All four must be *found*, and `verify` must call them by *four different kinds*:
# *change*, *deletion*, *insertion*, *duplication*, *reordering*, *truncation*, *re-chaining* or
# *incomplete line*. If one of yours is not found, keep it: you will want it for the next section.


# %% tags=["exercise"] exercise="14.2" points=3 objective="14-log"
def forge(log_lines):
    """Return four forged copies of a log."""
    return ...


# %% tags=["solution"]
def forge(log_lines):
    """Return four forged copies of a log."""
    reversed_decision = list(log_lines)
    for number, line in enumerate(log_lines):
        if '"decision":1' in line:
            reversed_decision[number] = line.replace('"decision":1', '"decision":0')
    without_third = log_lines[:3] + log_lines[4:]
    twice = log_lines[:4] + log_lines[3:]
    cut_off = log_lines[:-1]
    return [reversed_decision, without_third, twice, cut_off]


# %% tags=["check"]
check("14.2", forge)

# %% [markdown]
# ## What the log cannot prove
#
# ### That the head was kept honestly
#
# The genuine head gave forgery 4 away. What if the forger can write the head as well? And the
# anchors?
#
# **Predict:** for each row of the next table, does `verify` find it: the chain, the head, the
# anchors, or nobody?


# %%
def write_marks(file, marks, new_lines):
    """Write heads, or anchors, with the hashes and sizes of forged lines."""
    texts = []
    for mark in marks:
        number = mark["count"]
        size = sum(len(line) for line in new_lines[: number + 1])
        new_mark = {**mark, "hash": json.loads(new_lines[number])["hash"], "size": size}
        texts.append(json.dumps(new_mark, sort_keys=True, separators=(",", ":")) + "\n")
    file.write_text("".join(texts))
    return file


genuine_head = [json.loads(HEAD.read_text())]
genuine_anchors = [json.loads(line) for line in ANCHORS.read_text().splitlines()]
after_anchors = genuine_anchors[-1]["count"] + 1
late_entry = {**json.loads(lines[after_anchors])["entry"], "decision": 0, "score": 0.0}
late = chain_again(lines, after_anchors, late_entry)

# %%
FORGED_HEAD, LATE_HEAD = FOLDER / "forged.head", FOLDER / "late.head"
FORGED_ANCHORS = FOLDER / "forged.anchors"
write_marks(FORGED_HEAD, genuine_head, rechained)
write_marks(LATE_HEAD, genuine_head, late)
write_marks(FORGED_ANCHORS, genuine_anchors, rechained)

attacks = {
    "log": try_forgery(rechained),
    "log and head": try_forgery(rechained, head=FORGED_HEAD),
    "log and head, after the last anchor": try_forgery(late, head=LATE_HEAD),
    "log, head and anchors": try_forgery(rechained, head=FORGED_HEAD, anchors=FORGED_ANCHORS),
}
rows = {name: [not found.ok, found.anchors_checked] for name, found in attacks.items()}
n_open = len(lines) - after_anchors
forged_entries = [json.loads(line)["entry"] for line in rechained[1:]]
at_odds = [e for e in forged_entries if (e["score"] >= e["threshold"]) != bool(e["decision"])]
n_at_odds = len(at_odds)
as_expected = not attacks["log and head"].ok and attacks["log, head and anchors"].ok
by_writer = pd.DataFrame(rows, index=["found", "anchors that agree"]).T
by_writer.rename_axis("the forger can write")

# %% tags=["reading"]
reading(
    "**With both files.** {finding} If you can write the log *and* the head, the anchors give you "
    "away, but only up to the last of them: the {open} entries after it can be rewritten. If you "
    "can write all three files, you can rewrite everything, and `verify` says that the chain is "
    "whole. So what protects a log is not mathematics alone, but a copy of the head *in somebody "
    "else's hands*: a court, an auditor, a newspaper that prints it. (This forger was careless: "
    "{at_odds} decision of the forged log contradicts its own score. If the score is changed too, "
    "no such trace is left.)",
    finding=choose(
        as_expected,
        "The more files the forger can write, the less is found.",
        otherwise="This is not what we expected.",
    ),
    open=n_open,
    at_odds=n_at_odds,
)

# %% [markdown]
# ### That the input was true
#
# An invented person, forty years old, charged with a misdemeanor. The record has so many earlier
# offenses that an alarm is just reached; one of them is somebody else's. The clerk types what the
# record says, and the model decides, and the log writes it down.
#
# **Predict:** what does `verify` say?

# %%
CASE = {"case": "invented 1", **dict.fromkeys(FEATURES, 0), "age": 40}
possible = pd.DataFrame([{**CASE, "priors_count": number} for number in range(20)])
possible_scores = model.predict_proba(possible[FEATURES])[:, 1]
typed_priors = int((possible_scores >= threshold).argmax())

typed = {**CASE, "priors_count": typed_priors}
true_inputs = {**CASE, "priors_count": typed_priors - 1}
typed_score, true_score = (
    float(possible_scores[typed_priors]),
    float(possible_scores[typed_priors - 1]),
)
case_number = office.append(typed, decision=1, score=typed_score, threshold=threshold)
after_case = verify(LOG)
print(*after_case.describe(), sep="\n")

# %% [markdown]
# Now the question from the beginning. We add one offense to the record of each person and count who
# crosses the threshold. Model and threshold stay as they are, so the interval is over people alone.

# %% tags=["by-hand"]
one_more = decided_about.assign(priors_count=decided_about["priors_count"] + 1)
alarm_with_one_more = model.predict_proba(one_more[FEATURES])[:, 1] >= threshold
no_alarm = decided_about[decided_about["alarm"] == 0]
flips = alarm_with_one_more[no_alarm.index]
share_flipped = flips.mean()

z = 1.96  # Wilson's interval, as in notebook 04
middle = (share_flipped + z**2 / (2 * len(flips))) / (1 + z**2 / len(flips))
variance = share_flipped * (1 - share_flipped) / len(flips) + z**2 / (4 * len(flips) ** 2)
half = z * np.sqrt(variance) / (1 + z**2 / len(flips))
print(f"{share_flipped:.3f} ({middle - half:.3f} to {middle + half:.3f})")

# %%
from labkit.audit import audit, wilson_interval

low_flipped, high_flipped = wilson_interval(flips.sum(), len(flips), confidence=0.95)
np.testing.assert_allclose([low_flipped, high_flipped], [middle - half, middle + half], atol=1e-4)
flips_per_thousand = 1000 * np.array([low_flipped, share_flipped, high_flipped])

PAIR = ["African-American", "Caucasian"]
of_pair = no_alarm["race"].isin(PAIR)
flip_audit = audit(
    y_true=None,
    y_pred=flips[of_pair].astype(int),
    sensitive_features=no_alarm["race"][of_pair],
    seed=SEED,
)
flip_rates = flip_audit.by_group["selection_rate"]
flip_gap = flip_audit.against("selection_rate", reference=PAIR[1]).loc[PAIR[0]]
flip_gap[["rate", "reference_rate", "difference", "low", "high"]].to_frame().T

# %% [markdown]
# One model, fitted on one half. Would another half have given another answer? We split the same
# people again. (Such splits overlap, so their spread is no interval: it says whether our split was
# an odd one.)


# %%
def measure_flips(half, rest):
    """Fit on one half, and return the share that flips in the other, and the gap between groups."""
    other = LogisticRegression(max_iter=1000).fit(half[FEATURES], half["again"])
    there = other.predict_proba(half[FEATURES])[:, 1]
    cut = np.quantile(there, 1 - half["compas_alarm"].mean())
    before = other.predict_proba(rest[FEATURES])[:, 1] < cut
    more = rest.assign(priors_count=rest["priors_count"] + 1)
    crossed = other.predict_proba(more[FEATURES])[:, 1][before] >= cut
    by_race = pd.Series(crossed).groupby(rest["race"].to_numpy()[before]).mean()
    return crossed.mean(), by_race[PAIR[0]] - by_race[PAIR[1]]


split_rows = []
for _ in range(N_SPLITS):
    mixed = rng.permutation(len(people))
    middle_place = len(people) // 2
    split_rows.append(
        measure_flips(people.iloc[mixed[:middle_place]], people.iloc[mixed[middle_place:]])
    )
of_splits = pd.DataFrame(split_rows, columns=["share that flips", "gap"]).agg(["min", "max"])
of_splits.round(3)

# %% tags=["reading"]
reading(
    "**The first guess, answered.** Of 1,000 people without an alarm, {per_thousand[1]:.0f} "
    "({per_thousand[0]:.0f} to {per_thousand[2]:.0f}) would get one if the record had one offense "
    "more. {groups} It flips {rate[African-American]:.3f} of those recorded as African-American "
    "and {rate[Caucasian]:.3f} of those recorded as Caucasian, a difference of "
    "{gap.difference:.3f} ({gap.low:.3f} to {gap.high:.3f}). In {n_splits} other splits the share "
    "lies between {splits[share that flips][min]:.3f} and {splits[share that flips][max]:.3f}, "
    "the difference between {splits[gap][min]:.3f} and {splits[gap][max]:.3f}. How often records "
    "*are* wrong, no column says. (A rule that gives everyone an alarm never flips, nor does one "
    "that gives nobody an alarm.)",
    per_thousand=flips_per_thousand,
    rate=flip_rates,
    gap=flip_gap,
    n_splits=N_SPLITS,
    splits=of_splits,
    groups=verdict(
        flip_gap.low,
        flip_gap.high,
        above="The same mistake weighs more in the group whose scores are closer to the threshold.",
        below="The same mistake weighs less in the group with more alarms.",
        unclear="Whether it weighs more in one group than in the other, these people cannot tell.",
    ),
)

# %% tags=["reading"]
reading(
    "**And the log?** {finding} The invented person has {typed} offenses in the record instead of "
    "{true}, a score of {wrong:.3f} instead of {right:.3f}, and an alarm instead of none. The "
    "entry proves that the office decided on *these* inputs. It does not make them true, just as "
    "a notary confirms who signed a letter, and not what it says. A third gap needs no "
    "demonstration: a decision that was never logged leaves no broken link. Only somebody who "
    "counts the cases elsewhere, such as a court with its list, can miss it.",
    finding=choose(
        after_case.ok,
        "It is whole.",
        otherwise="It is not whole, and we cannot say why.",
    ),
    typed=typed["priors_count"],
    true=true_inputs["priors_count"],
    wrong=typed_score,
    right=true_score,
)

# %% [markdown]
# ## The card
#
# A log says what was decided. A **model card** says what a model is for, for whom it was tested,
# and who answers for it (Mitchell et al., 2019). `write_model_card` computes what can be computed,
# from an audit, and asks people for the rest. It has nineteen sections. What nobody answers it
# calls *missing*; it makes nothing up.
#
# We write the card of the alarms of notebook 04: not of our model, but of COMPAS as Broward County
# used it. We are outsiders, like Loomis. So we may only write what can be cited.
#
# **Predict:** how many of the nineteen sections stay missing?

# %%
compas_audit = audit(
    y_true=people["again"],
    y_pred=people["compas_alarm"],
    sensitive_features=people["race"],
    seed=SEED,
    min_group_size=50,
)
too_few = people["race"].value_counts()[lambda sizes: sizes < 50]

# %%
STATEMENTS = {
    "What it is": "A score from 1 to 10, computed by a company from a questionnaire and a criminal "
    "record. An alarm is a score of 5 or more.",
    "Intended use": "Decisions about treatment, supervision and parole (Wisconsin Supreme "
    "Court, 2016).",
    "Out-of-scope use": "To decide whether somebody is imprisoned, or for how long (Wisconsin "
    "Supreme Court, 2016).",
    "Who is left out": f"Too few for any rate: {', '.join(too_few.index)}. Everyone outside "
    "Broward County, and everyone scored after April 1, 2014.",
    "Limits": "The label is a charge within two years, not an offense.",
}

# %%
from labkit.records import crosswalk, write_model_card

card = write_model_card(
    compas_audit,
    title="COMPAS alarms in Broward County",
    statements=STATEMENTS,
    data=people[["race", "again", "compas_alarm"]],
    positive_means="a score of medium or high",
    favorable=0,
)
mapped = crosswalk()
sections = mapped.loc[mapped["section"] != "no section", "section"].tolist() + ["Crosswalk"]
n_sections, n_missing, n_stated = len(sections), len(card.missing), len(STATEMENTS)
print("missing:", *card.missing, sep="\n- ")

# %% tags=["reading"]
reading(
    "**What outsiders cannot write.** Of {n} sections, {missing} are missing, among them who is "
    "responsible, how the score was made, and what it was trained on. {stated} rest on the "
    "opinion and the datasheet, and the others are computed. One more we could write, because the "
    "test is ours: *Why these metrics*. For the rest, only those who made or use the score have "
    "the answer. The outsider's card is strong where numbers are, and empty where people would "
    "have to answer. That is a finding, too: it says whom to ask.",
    n=n_sections,
    missing=n_missing,
    stated=n_stated,
)

# %% [markdown]
# A card is also what regulation asks for, in part. Annex IV of the European Union's AI Act
# (Artificial Intelligence Act, 2024) lists nine points of documentation for a high-risk system;
# NIST's *AI Risk Management Framework* (NIST, 2023) orders the work into four functions: govern,
# map, measure and manage. `crosswalk` says which section of the card belongs to which of them. A
# COMPAS score of a county in Florida is not subject to the AI Act: we use its list as a ruler.
#
# This is no legal advice, and it is written in November 2026. The duties for systems such as this
# one (Annex III) were moved to December 2, 2027 by the Digital Omnibus, which the Council adopted
# on June 29, 2026; we have not consulted its text in the Official Journal.
#
# **Predict:** for how many of the nine points does the outsider's card have everything that the
# crosswalk asks for?

# %%
unanswered = [*card.missing, "no section", "Energy"]  # the card says "not measured"
points = {}
for number in range(1, 10):
    belongs = mapped[mapped["annex_iv"].str.contains(str(number))]
    answered = ~belongs["section"].isin(unanswered)
    points[number] = {
        "rows": len(belongs),
        "answered": answered.sum(),
        "without an answer": ", ".join(belongs["section"][~answered]),
    }
annex = pd.DataFrame(points).T.rename_axis("point of Annex IV")
no_section = ", ".join(mapped.loc[mapped["section"] == "no section", "annex_iv"])
n_complete = (annex["answered"] == annex["rows"]).sum()
annex

# %%
functions = mapped.assign(answered=~mapped["section"].isin(unanswered))
functions = functions[functions["rmf_function"] != "none"].groupby("rmf_function")["answered"]
rmf = functions.agg(["sum", "size"]).rename(columns={"sum": "answered", "size": "rows"})
rmf

# %% tags=["reading"]
reading(
    "**Gaps with names.** The outsider's card answers {complete} of nine points in full. Points "
    "{no_section} have a row that *no* section of any card answers: the logs, risk management, "
    "the list of standards and the declaration of conformity; a card can only point to these. And "
    "one section, *Energy*, answers no point. Of NIST's functions, *measure* has "
    "{measure[answered]} of {measure[rows]} rows, *govern* {govern[answered]} of {govern[rows]} "
    "and *manage* {manage[answered]} of {manage[rows]}: outsiders can measure a model, but not "
    "govern it. That something is written does not make it true, or enough.",
    complete=n_complete,
    no_section=no_section,
    measure=rmf.loc["measure"],
    govern=rmf.loc["govern"],
    manage=rmf.loc["manage"],
)

# %% [markdown]
# The **datasheet** does the same for data (Gebru et al., 2021). `write_run_datasheet` computes the
# composition; the answers come from the datasheet that ships with the data. What is left open?

# %%
from labkit.chapters import ch14
from labkit.records import write_run_datasheet

known = ch14.read_answers(compas.card)
datasheet = write_run_datasheet(
    people[["race", "sex", "age", "priors_count", "compas_alarm", "again"]],
    title="COMPAS alarms in Broward County",
    sensitive=["race", "sex"],
    label="again",
    answers=known,
)
open_questions = ch14.list_open(datasheet)
n_open_sections, n_open_columns = len(open_questions), datasheet.count("` | TODO")
pd.Series(open_questions, name="nobody has answered").to_frame()

# %% tags=["reading"]
reading(
    "**What the datasheet leaves open.** {n} sections and the meaning of {columns} columns. "
    "*Maintenance* asks who corrects errors in the table and takes people out who ask for that. "
    "For this table the answer is: nobody can. It was published in 2016 and has been copied ever "
    "since, by us too. A person who is wrong in it can be right only in later copies.",
    n=n_open_sections,
    columns=n_open_columns,
)

# %% [markdown]
# ## A question about people whom the card leaves out
#
# Suppose that an auditor of the county writes: "Of Native American defendants who were not charged
# again, does a larger share get an alarm than of Caucasian ones? Please answer with one number per
# group."
#
# Three answers suggest themselves. *The table has the numbers, here they are.* Or: *The card says
# that these people are left out, so we cannot say anything.* Or: *There are so few of them that it
# does not matter.*
#
# **Predict:** how wide is the interval of that rate for the Native American group? And how many of
# *our* model's logged decisions were about people of groups that the card leaves out?

# %%
from labkit.audit import plot_group_rates

ax = plot_group_rates(compas_audit, "false_positive_rate")
show(ax.figure, alt="False positive rate of COMPAS by race, with intervals. The text reads it.")

# %%
fpr = "false_positive_rate"
asked_about = ["Native American", "Caucasian"]
fpr_interval = compas_audit.intervals[fpr].loc[asked_about]
not_again = people[people["again"] == 0]["race"].value_counts()
answer = fpr_interval.assign(rate=compas_audit.by_group.loc[asked_about, fpr])
answer["people not charged again"] = not_again[asked_about]

left_out = decided_about[decided_about["race"].isin(too_few.index)]
here = answer.loc["Native American"]
n_left_out, alarms_left_out = len(left_out), left_out["alarm"].sum()
answer[["people not charged again", "rate", "low", "high"]].round(3)

# %% [markdown]
# How many people would it take? For an interval of plus or minus one tenth around a rate $p$ one
# needs about $n = 1.96^2\, p (1 - p) / 0.1^2$ people who were not charged again. The table has
# those scored from January 2013 to April 1, 2014, which is fifteen months.

# %%
needed = 1.96**2 * here["rate"] * (1 - here["rate"]) / 0.1**2
needed_years = 15 / 12 * needed / here["people not charged again"]
rate_gap = compas_audit.pairwise(fpr).set_index(["a", "b"])
difference_asked = rate_gap.loc[("Caucasian", "Native American")]
difference_asked.to_frame().T.round(3)

# %% tags=["reading"]
reading(
    "**An answer that can be defended.** The rate is {rate:.2f}, and its interval goes from "
    "{low:.2f} to {high:.2f}: it is the rate of {n:.0f} people. {finding} To know it within one "
    "tenth would take about {needed:.0f} such people, or {years:.0f} years of arrests like these. "
    "So the first answer is wrong, and so are the others: {decided} of our own {all:,} logged "
    "decisions are about people of groups with too few people, {alarms} of them alarms. The card "
    "leaves them out of what it *claims*. It does not keep the model from deciding about them.",
    rate=here["rate"],
    low=here["low"],
    high=here["high"],
    n=here["people not charged again"],
    needed=needed,
    years=needed_years,
    decided=n_left_out,
    all=n_decided,
    alarms=alarms_left_out,
    finding=verdict(
        difference_asked["low"],
        difference_asked["high"],
        above="Caucasian people get more false alarms.",
        below="Caucasian people get fewer false alarms.",
        unclear="Whether it is larger or smaller than that of Caucasian people cannot be said.",
    ),
)

# %% [markdown]
# Where a card leaves people out, somebody has to decide what follows: that the model is not used
# for them, that each alarm about them is looked at by a person, or that data are collected with
# their consent. None of these is a number, and all of them belong under *Human oversight*, which is
# missing. And a caution: with fourteen people in a county, a table by race, sex and age can show
# who they are. An auditor may have a right to that table. The public has not.

# %% [markdown] tags=["exercise"]
# ### Exercise 14.3 · What does the card say?
#
# A county's card of a *reminder score* says: **Intended use:** to choose whom to call before a
# court date. **Out-of-scope use:** setting bail. **Results by group:** false positive rates with
# intervals, for women (900 people) and men (2,100). **Who is left out:** people without a
# telephone; people under 18 (11 of them in the test). **How it was made:** missing. Five requests
# arrive. For each, give the letter:
#
# - A. the card answers it
# - B. the card says that its data cannot answer it
# - C. the card rules out what is asked for
# - D. the section that would answer it is missing
#
# The requests:
#
# - `sex`: "Do women get a needless call more often than men?"
# - `bail`: "May we set a higher bail for people with a high score?"
# - `weights`: "How much does an earlier missed date count?"
# - `young`: "What is the false positive rate of people under 18?"
# - `phone`: "Does it work for people without a telephone?"

# %% tags=["exercise"] exercise="14.3" points=2 objective="14-card"
requests = {"sex": ..., "bail": ..., "weights": ..., "young": ..., "phone": ...}
# %% tags=["solution"]
requests = {"sex": "A", "bail": "C", "weights": "D", "young": "B", "phone": "B"}
# %% tags=["check"]
check("14.3", requests)

# %% [markdown]
# # Part two · What happens next
#
# ## An alarm, and what follows from it

# %% [markdown]
# ## Fair today, and in ten years?

# %% [markdown]
# # Part three · Who answers?
#
# ## An appeal
#
# The invented person of part one appeals: "I have one offense less than you say, and I would not
# have had an alarm." The office has its log, the inputs of every case, and the files of its models.
# The person asks seven questions.
#
# **Predict:** which of them can the records answer?
#
# 1. Was a decision about me logged, and on which inputs?
# 2. Which model decided, and with which threshold?
# 3. Does my score follow from these inputs and that model?
# 4. Are the inputs true?
# 5. What would the model have said with my inputs?
# 6. Who typed them in?
# 7. What did the judge make of the alarm?
#
# The first question: the log has a hash of the inputs. We compute it for the inputs that the office
# has kept, and for those that the person says are true, and look for both.


# %% tags=["by-hand"]
def hash_of(inputs):
    """Return the SHA-256 of inputs, written in one way: sorted names, no spaces."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


logged = [json.loads(line)["entry"] for line in LOG.read_bytes().splitlines()[1:]]
number_of = {entry["input"]: entry["sequence"] for entry in logged}
entry_as_kept = number_of.get(hash_of(typed))
entry_as_claimed = number_of.get(hash_of(true_inputs))
print("inputs as the office kept them: entry", entry_as_kept)
print("inputs as the person says:      entry", entry_as_claimed)

# %%
from labkit.records import hash_inputs

assert hash_of(typed) == hash_inputs(typed)
appealed = json.loads(LOG.read_bytes().splitlines()[entry_as_kept])["entry"]
same_features = decided_about.duplicated(FEATURES, keep=False).mean()

# %% tags=["reading"]
reading(
    "**What the hash proves.** Entry {entry} was made from the inputs that the office has kept, to "
    "the last digit, and no entry was made from those that the person says are true. So the office "
    "cannot say later that it decided on other inputs, and neither can the person. The case number "
    "matters here: {same:.0%} of the people in our log have the same six features as somebody "
    "else, and without it one hash would be that of several people.",
    entry=entry_as_kept,
    same=same_features,
)

# %% [markdown]
# **A hash is no secret.** The log holds only hashes, so may the office publish it? Suppose that a
# neighbor knows the case number, the age and the kind of charge.
#
# **Predict:** how many hashes must the neighbor try to learn how many earlier offenses there are?

# %%
import itertools

tried = 0
for priors, *juvenile in itertools.product(range(40), range(3), range(3), range(3)):
    guess = {**CASE, "priors_count": priors, **dict(zip(FEATURES[1:4], juvenile))}
    tried += 1
    if hash_of(guess) == appealed["input"]:
        break
was_guessed = guess["priors_count"] == typed["priors_count"]
secret_key = b"sixteen or more random bytes"  # from secrets.token_bytes(32) in earnest
with_key = hash_inputs(typed, key=secret_key)
print(tried, "hashes tried;", guess["priors_count"], "earlier offenses")

# %% tags=["reading"]
reading(
    "**A hash that can be guessed.** {finding} There are only so many records that a person can "
    "have, and a computer tries a million of them in seconds. The remedy is a secret key "
    "(`DecisionLog(..., key=)`): then only who has the key can try. That makes one more person to "
    "trust: whoever keeps the key can say which inputs fit, and nobody else can check it.",
    finding=choose(
        was_guessed,
        "After {tried} hashes the neighbor knows the record.",
        otherwise="The neighbor has not found it.",
    ),
    tried=tried,
)

# %% [markdown]
# Questions 2, 3 and 5. The entry has the checksum of the model. If the office has kept the file, we
# can check that it is *this* file, and then compute the score again, on paper if need be:
#
# $$\text{score} = \frac{1}{1 + e^{-(b + w_1 x_1 + \dots + w_6 x_6)}}$$

# %% tags=["by-hand"]
kept_features, kept_weights, kept_intercept = json.loads(model_text)
is_this_file = hashlib.sha256(model_text.encode()).hexdigest() == appealed["model"]


def score_of(inputs):
    """Compute the score of one person from the kept file of the model."""
    total = kept_intercept
    for name, weight in zip(kept_features, kept_weights):
        total += weight * inputs[name]
    return 1 / (1 + np.exp(-total))


score_again, score_claimed = score_of(typed), score_of(true_inputs)
follows_from = bool(np.isclose(score_again, appealed["score"], rtol=0, atol=1e-9))
would_have_alarm = score_claimed >= appealed["threshold"]

# %% [markdown]
# The appeal succeeds. The office does not touch the old entry: it appends a new one.

# %%
correction = office.append(
    true_inputs, decision=int(would_have_alarm), score=float(score_claimed), threshold=threshold
)
after_appeal = verify(LOG)

# %%
OURS = [entry_as_kept is not None, is_this_file, follows_from, False, is_this_file, False, False]
n_answered = sum(OURS)
LOOMIS = ["yes", "no", "no", "in part", "no", "not known", "yes"]  # our reading of the opinion
questions = pd.DataFrame(
    {"our log can tell": OURS, "Loomis could find out": LOOMIS},
    index=[
        "inputs",
        "model, threshold",
        "score follows",
        "inputs true",
        "if corrected",
        "typed",
        "judge",
    ],
)
questions.replace({True: "yes", False: "no"}).rename_axis("question")

# %% tags=["reading"]
reading(
    "**The appeal, answered.** Our records answer {ours} of seven questions. The file is the one "
    "that decided, the score follows to nine digits, and with one offense less it is "
    "{claimed:.3f}, below {threshold:.3f}: {alarm}. What they cannot answer are the questions "
    "about the world: whether the record is right, who typed it, what came of it. Entry {entry} "
    "stays, entry {correction} corrects it, and the log is {whole}. A log that could be "
    "*repaired* would have lost the mistake, and with it the reason for the next person to appeal.",
    ours=n_answered,
    claimed=score_claimed,
    threshold=threshold,
    alarm=choose(would_have_alarm, "still an alarm", otherwise="no alarm"),
    entry=entry_as_kept,
    correction=correction,
    whole=choose(after_appeal.ok, "whole", otherwise="not whole"),
)

# %% [markdown]
# The right column is our reading of the opinion (Wisconsin Supreme Court, 2016). Loomis had the
# report with his answers and could say where they were wrong. He could not see how the score
# follows from them. What the judge made of it is in the transcript, because a judge has to give
# reasons. Which version of the software computed his score the opinion does not say, as far as we
# have found.
#
# It does not always end well. Glenn Rodríguez was denied parole in New York in 2016 with a high
# COMPAS score. He found that one answer in the questionnaire was wrong, and because the weights are
# secret, he could not show what it had changed (Wexler, 2017). He could check the inputs, and that
# was not enough.

# %% [markdown]
# ## Who answers for what?
#
# A **RACI table** has a row for each step and a column for everyone involved. R is *responsible*:
# does the work. A is *accountable*: answers for it, and can be asked. C is *consulted* before, I
# *informed* after. One rule makes the table useful: **every row has exactly one A.** Two people who
# are accountable are nobody; none are nobody, too.
#
# Here is the pipeline of COMPAS in Loomis's case. It is *our* reading of what the opinion says, and
# not the court's. A dot means that it names nobody.
#
# **Predict:** how many of the eight steps have exactly one A?

# %%
WHO = ["company", "corrections", "trial judge", "defendant"]
steps = {
    "compute the score": ["RA", ".", ".", "."],
    "fill in the answers": [".", "RA", ".", "C"],
    "test it on people of Wisconsin": [".", ".", ".", "."],
    "warn of its limits": [".", "RA", "I", "I"],
    "decide the sentence": [".", "C", "RA", "I"],
    "give the reasons": [".", ".", "RA", "I"],
    "watch it as people change": [".", ".", ".", "."],
    "keep what repeats a score": [".", ".", ".", "."],
}
raci = pd.DataFrame(steps, index=WHO).T
accountable = raci.apply(lambda column: column.str.contains("A")).sum(axis=1)
n_one, n_steps = (accountable == 1).sum(), len(raci)
nobody_named = "; ".join(accountable.index[accountable == 0])
raci

# %% tags=["reading"]
reading(
    "**Rows without an A.** {one} of {all} steps have exactly one. For the others the opinion "
    "names nobody: {nobody}. The court wrote that no study had been completed with people of "
    "Wisconsin, and that such tools must be monitored and normed again as populations change. It "
    "required that every report *say* so, and not that somebody *do* it (Wisconsin Supreme Court, "
    "2016). A warning tells a judge what is unknown. It makes nobody find out.",
    one=n_one,
    all=n_steps,
    nobody=nobody_named,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.7 · An appeal against a refusal
#
# A bank refuses a loan. It has kept a log whose head a newspaper prints every Friday, the inputs of
# every logged case, and the file of every model. On Wednesday the applicant makes five claims. For
# each, give the letter of what can settle it:
#
# - A. the log's hash of the inputs, and the kept inputs
# - B. the log's checksum of the model, and the kept file
# - C. the head that was printed
# - D. none of these records
#
# The claims:
#
# - `used`: "You decided on *two* missed payments."
# - `true`: "I have missed only one."
# - `model`: "You used the model of last year, before the update."
# - `edited`: "You decided three weeks ago, and have rewritten the log since."
# - `unlogged`: "I applied two years ago, and you refused without logging it."
#
# And a RACI table: `broken` is the list of the steps (numbers) that break the rule of the one A.
#
# | step | bank | vendor | auditor |
# |---|---|---|---|
# | 1. train the model | C | R, A | I |
# | 2. choose the threshold | R, A | A | I |
# | 3. watch the refusals by group | R | C | I |
# | 4. answer appeals | R, A | C | I |

# %% tags=["exercise"] exercise="14.7" points=3 objective="14-appeal"
appeal = {
    "used": ...,
    "true": ...,
    "model": ...,
    "edited": ...,
    "unlogged": ...,
    "broken": ...,  # a list of numbers
}
# %% tags=["solution"]
appeal = {
    "used": "A",
    "true": "D",
    "model": "B",
    "edited": "C",
    "unlogged": "D",
    "broken": [2, 3],
}
# %% tags=["check"]
check("14.7", appeal)

# %% [markdown] tags=["exercise"]
# ### Question 14.8 · Would you sign? (open)
#
# The office of this notebook asks you to be the A of one step of its pipeline, in public. Which
# step would you sign for, and what would you have to be given first: which record, which right,
# which copy of the head? What would you not sign for, whatever you were given? Write three to six
# sentences. Nothing is checked; a model answer appears for comparison.

# %% tags=["check", "open"]
from labkit.exercises import compare

compare("14.8", ...)  # replace the dots by your answer, as a text in quotes
# %% tags=["solution"]
compare(
    "14.8",
    "For answering appeals, if I get the inputs, the model files and a copy of the head every day.",
)

# %% [markdown]
# ## So who decided, and can we prove it?
#
# A log proves *that* somebody decided, on which inputs, with which model, as long as a copy of its
# head is somewhere else. A card says what a model is for, and its empty sections say whom to ask.
# Neither proves that the inputs were true, and neither makes anybody answer. That takes a person
# with a name, in every row.

# %% [markdown]
# ## What you learned
#
# - A chain of hashes finds a change unless all later hashes are computed again; then the head finds
#   it, and the anchors say where. Who can write all three files is found by nobody. That the inputs
#   were true no log proves `[14-log]`
# - A card's missing sections are findings, a few of Annex IV's points have no section at all, and
#   people whom the card leaves out are decided about all the same `[14-card]`
# - ... `[14-monitor]`
# - ... `[14-feedback]`
# - An appeal is settled by a hash, a checksum and a file that was kept, or not at all. Every step
#   has one accountable person, or nobody `[14-appeal]`
#
# **What this does not show.** That a real office would keep such a log, or that a court would
# accept it: no court has seen ours. How often records of earlier offenses are wrong. How COMPAS
# itself would react to one offense more: its weights are secret, and our model is not COMPAS. What
# the law requires: the crosswalk is a guide of November 2026. The log has no signatures: who may
# append can log under any name.
#
# **Next.** Accountability has a price, and so does every method of this course: it is paid in
# energy, too. That chapter is being written. Until then, take one decision that somebody has made
# about you by a form, and ask: what was logged, who keeps the head, and who is the A?
