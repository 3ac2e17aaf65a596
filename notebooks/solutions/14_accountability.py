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
# In 2013 a judge in La Crosse, Wisconsin, sentenced Eric Loomis to six years in prison and five
# under supervision. The report in front of the judge had a bar chart of scores by COMPAS, the
# product of notebook 04, and all three bars were high. Loomis wanted to know how they had been
# computed. The company that sells COMPAS does not say: it is a trade secret. In 2016 the Supreme
# Court of Wisconsin upheld the sentence. Loomis could check the answers in his questionnaire, it
# said, and the judge had had other reasons as well (Wisconsin Supreme Court, 2016).
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
# About 240 minutes, in three sittings, somewhat less than half of it for the exercises.
#
# Before this: [12 · What does a generative model say about people?](12_generation.ipynb). From
# [04 · How do we measure fairness, and how sure are we?](04_measuring.ipynb) you need COMPAS and
# Wilson's interval.

# %%
import numpy as np
import pandas as pd

from labkit.exercises import check, hint
from labkit.plots import show
from labkit.prose import choose, reading, verdict
from labkit.records import verify

# %% tags=["parameters"]
SEED = 0
N_LOGGED = 3100  # decisions in the log, at least 1,100 and no multiple of 1,000
N_STREAMS = 60  # simulated streams of each of four kinds
SPLITS = 16  # of the people into parts, behind two comparisons; at least 2
LENDING_PEOPLE = 4000  # in each world of the lending section
LENDING_WORLDS = 20  # at least 2
YEARS = 10  # of lending
DOWN_STEPS = [0, 1.5, 3, 6, 9, 12]  # points that a default may take away

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

model = LogisticRegression(max_iter=1000).fit(fitted_on[FEATURES], fitted_on["again"])
scores_there = model.predict_proba(fitted_on[FEATURES])[:, 1]
threshold = float(np.quantile(scores_there, 1 - fitted_on["compas_alarm"].mean()).round(3))

decided_about["score"] = model.predict_proba(decided_about[FEATURES])[:, 1]
decided_about["alarm"] = (decided_about["score"] >= threshold).astype(int)
shares_with_alarm = decided_about[["alarm", "compas_alarm"]].mean()
n_decided = len(decided_about)

# %%
correct = pd.DataFrame(
    {
        "our model": decided_about["alarm"] == decided_about["again"],
        "COMPAS": decided_about["compas_alarm"] == decided_about["again"],
        "no alarm for anyone": decided_about["again"] == 0,
    }
)
ours_minus_compas = correct["our model"].astype(float) - correct["COMPAS"]  # per person
error = ours_minus_compas.std() / np.sqrt(n_decided)
gain, gain_low, gain_high = ours_minus_compas.mean() + np.array([0, -1.96, 1.96]) * error
correct_shares = correct.mean()
correct_shares.rename("correct").to_frame().round(3)

# %% tags=["reading"]
reading(
    "**How good is it?** With the threshold {threshold:.3f} the model gives an alarm to "
    "{share[alarm]:.0%} of {n:,} people who were not in the fit, and COMPAS to "
    "{share[compas_alarm]:.0%}. It is right about {correct[our model]:.3f} of them, COMPAS about "
    "{correct[COMPAS]:.3f}, a difference of {gain:.3f} ({low:.3f} to {high:.3f}, over people). No "
    "alarm for anyone would be right about {correct[no alarm for anyone]:.3f}. So our model is no "
    "worse than the real one in this respect, and every number of it can be shown. That is all we "
    "need here. Whether it is fair was the question of notebook 04.",
    share=shares_with_alarm,
    threshold=threshold,
    n=n_decided,
    correct=correct_shares,
    gain=gain,
    low=gain_low,
    high=gain_high,
)

# %% [markdown]
# ## A log, link by link
#
# A table of decisions can be edited later, and nobody will notice. A **hash** makes a change
# visible: SHA-256 turns any text into 64 hexadecimal digits (0 to 9 and a to f), and another text
# gives, for all that is known, other digits. In a **hash chain** each entry of the log also has the
# hash of the entry before. So the last hash depends on everything that came before it.
#
# ```mermaid
# flowchart LR
#     accTitle: A chain of hashes with its head and anchors
#     accDescr: Each entry has the hash of the one before; head and anchors are copies, kept apart.
#     Z[header] -->|hash| A[entry 1] -->|hash| B[entry 2] -->|and so on| C[entry 1,000]
#     C -->|and so on| D[last entry]
#     C -.->|copied| X[(anchors)]
#     D -.->|copied| H[(head)]
# ```
#
# `DecisionLog` writes such a chain: one line per decision, with the checksums (the SHA-256 of a
# file) of the model and of the data that it was fitted on, the score, the threshold, the decision,
# the time, and which office answers for it. About the person it has only a hash of the inputs. Next
# to the log it keeps two small files: the **head**, which has the number of entries and the last
# hash, and the **anchors**, copies of the head at the header and at every thousandth entry.

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
data_checksum = hashlib.sha256(fitted_on[[*FEATURES, "again"]].to_csv().encode()).hexdigest()
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
GENUINE_HEAD, GENUINE_ANCHORS = FOLDER / "copy.head", FOLDER / "copy.anchors"
GENUINE_HEAD.write_bytes(HEAD.read_bytes())  # in somebody else's hands
GENUINE_ANCHORS.write_bytes(ANCHORS.read_bytes())
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
    "finds the chain of {n:,} decisions whole. Note how its sentence ends: nobody can have changed "
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
def try_forgery(forged_lines, *, head=GENUINE_HEAD, anchors=GENUINE_ANCHORS):
    """Verify a forged copy of the log with a head and anchors, the genuine ones by default."""
    copy = FOLDER / "forged.jsonl"
    copy.write_bytes(b"".join(forged_lines))
    return verify(copy, head=head, anchors=anchors)


def who_finds(forged_lines, *, head=GENUINE_HEAD, anchors=GENUINE_ANCHORS):
    """Return what it takes to find a forgery: the chain alone, or the head, or anchors as well."""
    if not try_forgery(forged_lines, head=False, anchors=False).ok:
        return "chain"
    if not try_forgery(forged_lines, head=head, anchors=False).ok:
        return "head"
    return "nobody" if try_forgery(forged_lines, head=head, anchors=anchors).ok else "anchors"


# %%
alarms_from_here = decided_about["alarm"][len(decided_about) // 3 :]
target = int(alarms_from_here.idxmax()) + 1  # entries count from 1
assert json.loads(lines[target])["entry"]["decision"] == 1
attempts = {}

changed = list(lines)
changed[target] = changed[target].replace(b'"decision":1', b'"decision":0')
attempts["1. change one entry"] = changed

# %%
forged_entry = {**json.loads(lines[target])["entry"], "decision": 0}
sealed = list(lines)
sealed[target], _ = seal(forged_entry)
attempts["2. and its own hash"] = sealed

attempts["3. cut off the end"] = lines[:-10]


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
attempts["4. and all later hashes"] = rechained
(FOLDER / "alone.jsonl").write_bytes(b"".join(rechained))
assert verify(FOLDER / "alone.jsonl", head=False, anchors=False).ok  # a whole chain
found = {name: try_forgery(forged) for name, forged in attempts.items()}
forgeries = pd.DataFrame(
    {
        "found by": {name: who_finds(forged) for name, forged in attempts.items()},
        "verify says": {name: seen.problems[0].kind for name, seen in found.items()},
        "entries": {name: seen.problems[0].entries for name, seen in found.items()},
    }
)
n_found = sum(not seen.ok for seen in found.values())
all_found = n_found == len(found)
where_rechained = forgeries.loc["4. and all later hashes", "entries"]
forgeries.rename_axis(f"forged entry: {target}")

# %% tags=["reading"]
reading(
    "**The four predictions.** {finding} The first and the second are found at entry {target:,} "
    "by the {first}: a hash does not fit its entry, or the next entry has another `previous`. "
    "When the end is cut off, what is left is a whole chain, and only the {third} has the old "
    "number of entries. The fourth is a whole chain, too. The {fourth} gives it away: the last "
    "hash is another one. And the anchors say that the change was between entries {place[0]:,} "
    "and {place[1]:,}.",
    finding=choose(
        all_found,
        "All four are found.",
        otherwise="Not all four are found.",
    ),
    target=target,
    first=forgeries.loc["1. change one entry", "found by"],
    third=forgeries.loc["3. cut off the end", "found by"],
    fourth=forgeries.loc["4. and all later hashes", "found by"],
    place=where_rechained,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.1 · A verifier that trusts too much
#
# Each entry of this small log is a dict: `says` (a text), `previous` (the hash of the entry before,
# `"start"` for the first) and `hash`, which is the SHA-256 of `previous + says`. `head` is the hash
# of the last entry, kept apart. The function should return the place (from 0) of the first entry
# that does not fit; `len(entries)` if all entries fit and the head does not; and −1 for a whole
# log. (An empty log has no entry that does not fit.) It trusts too much in two ways. Repair it.


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
# *incomplete line*. The *first* problem of each counts. Copy the list before you change it:
# `list(log_lines)`. To try forgeries on our own log (whose lines are bytes):
#
# ```python
# for forged in forge([line.decode() for line in lines]):
#     print(try_forgery([line.encode() for line in forged]).problems)
# ```


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
# **Predict:** who finds it, the chain, the head, the anchors, or nobody? The forger can write
#
# 1. the log;
# 2. the log and its head;
# 3. the log and its head, and changes an entry after the last anchor;
# 4. the log, its head and the anchors.


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


genuine_head = [json.loads(GENUINE_HEAD.read_text())]
genuine_anchors = [json.loads(line) for line in GENUINE_ANCHORS.read_text().splitlines()]
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
    "log": who_finds(rechained),
    "log and head": who_finds(rechained, head=FORGED_HEAD),
    "log and head, after the last anchor": who_finds(late, head=LATE_HEAD),
    "log, head and anchors": who_finds(rechained, head=FORGED_HEAD, anchors=FORGED_ANCHORS),
}
n_open = len(lines) - after_anchors
as_expected = list(attacks.values()) == ["head", "anchors", "nobody", "nobody"]
pd.Series(attacks, name="found by").rename_axis("the forger can write").to_frame()

# %%
forged_entries = pd.DataFrame([json.loads(line)["entry"] for line in rechained[1:]])
says_alarm = forged_entries["score"] >= forged_entries["threshold"]
n_at_odds = (says_alarm != (forged_entries["decision"] == 1)).sum()
print(n_at_odds, "decision of forgery 4 contradicts its score")

# %% tags=["reading"]
reading(
    "**With both files.** {finding} If you can write the log *and* the head, the anchors give you "
    "away, but only up to the last of them: the {open} entries after it can be rewritten. If you "
    "can write all three files, you can rewrite everything, and `verify` says that the chain is "
    "whole. So what protects a log is not mathematics alone, but a copy of the head *in somebody "
    "else's hands*: a court, an auditor, a newspaper that prints it. (Forger 4 was careless: "
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
# crosses the threshold. Model and threshold stay as they are, so the interval (Wilson, 1927) is
# over people alone.

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
from labkit.audit import wilson_interval

low_flipped, high_flipped = wilson_interval(flips.sum(), len(flips), confidence=0.95)
np.testing.assert_allclose([low_flipped, high_flipped], [middle - half, middle + half], atol=1e-4)
flips_per_thousand = 1000 * np.array([low_flipped, share_flipped, high_flipped])


# %%
from labkit.audit import audit

PAIR = ["African-American", "Caucasian"]
flips_of_all = pd.Series(0, index=decided_about.index)
flips_of_all[no_alarm.index] = flips.astype(int)
gaps_of_flips = {}
for of_whom, whom in {"without an alarm": no_alarm, "everyone": decided_about}.items():
    in_pair = whom[whom["race"].isin(PAIR)]
    counted = audit(
        y_true=None, y_pred=flips_of_all[in_pair.index], sensitive_features=in_pair["race"]
    )
    gaps_of_flips[of_whom] = counted.against("selection_rate", reference=PAIR[1]).loc[PAIR[0]]
gaps_of_flips = pd.DataFrame(gaps_of_flips).T
share_with_alarm = decided_about.groupby("race")["alarm"].mean()

# %%
is_clear = gaps_of_flips["low"].astype(float) * gaps_of_flips["high"].astype(float) > 0
answers_differ = is_clear.nunique() > 1
flip_columns = ["rate", "reference_rate", "difference", "low", "high"]
gaps_of_flips[flip_columns].astype(float).round(3).rename_axis("of the people")

# %% [markdown]
# This interval is over people, with one model. Would a model from another half have given another
# answer? We split the same people again and again. Such splits overlap, so the interval is widened
# as in notebook 09 (Nadeau and Bengio, 2003).


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
    return {"share": crossed.mean(), "gap": by_race[PAIR[0]] - by_race[PAIR[1]]}


# %%
from labkit import comparison

split_rows, middle_place = [], len(people) // 2
for _ in range(SPLITS):
    mixed = rng.permutation(len(people))
    one, other = people.iloc[mixed[:middle_place]], people.iloc[mixed[middle_place:]]
    split_rows.append(measure_flips(one, other))
split_rows = pd.DataFrame(split_rows).assign(split=range(SPLITS), half="another")
of_splits = {
    name: comparison.over_seeds(split_rows, name, by="half", overlap=1.0).loc["another"]
    for name in ("share", "gap")
}
splits_per_thousand = 1000 * of_splits["share"][["low", "mean", "high"]]
split_gap = of_splits["gap"]
split_rows[["share", "gap"]].agg(["min", "mean", "max"]).round(3)

# %% tags=["reading"]
reading(
    "**The first guess, answered.** Of 1,000 people without an alarm, {per_thousand[1]:.0f} "
    "({per_thousand[0]:.0f} to {per_thousand[2]:.0f}) would get one from this model if the record "
    "had one offense more. With models from other halves ({n} splits) it is {other[mean]:.0f} "
    "({other[low]:.0f} to {other[high]:.0f}): the answer depends on the model more than on the "
    "people. Either way it is not rare. No column says how often records *are* wrong. (A rule "
    "that gives everyone an alarm never flips, nor does one that gives nobody an alarm.)",
    per_thousand=flips_per_thousand,
    other=splits_per_thousand,
    n=SPLITS,
)

# %% tags=["reading"]
reading(
    "**Whom does it hit?** Of people *without an alarm* it flips {some[rate]:.3f} of those "
    "recorded as African-American and {some[reference_rate]:.3f} of those recorded as Caucasian, "
    "a difference of {some[difference]:.3f} ({some[low]:.3f} to {some[high]:.3f}; with models "
    "from other halves {splits[mean]:.3f}, {splits[low]:.3f} to {splits[high]:.3f}). Of "
    "*everyone* in a group it flips {all[rate]:.3f} and {all[reference_rate]:.3f}, a difference "
    "of {all[difference]:.3f} ({all[low]:.3f} to {all[high]:.3f}). {finding} The reason is in the "
    "denominator: {already[African-American]:.0%} of the first group and {already[Caucasian]:.0%} "
    "of the second have an alarm already. Whose question is it?",
    some=gaps_of_flips.loc["without an alarm"],
    all=gaps_of_flips.loc["everyone"],
    splits=split_gap,
    already=share_with_alarm,
    finding=choose(
        answers_differ,
        "So one count shows a clear difference, and the other does not.",
        otherwise="The two counts say the same.",
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
# %%
from labkit.records import crosswalk

mapped = crosswalk()
sections = mapped.loc[mapped["section"] != "no section", "section"].tolist() + ["Crosswalk"]
print(*sections, sep="; ")

# %% [markdown]
# **Predict:** how many of these nineteen sections stay missing?

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
    "Intended use": "In Wisconsin, decisions about treatment, supervision and parole "
    "(Wisconsin Supreme Court, 2016). For Broward County we have no such sentence.",
    "Out-of-scope use": "In Wisconsin, to decide whether somebody is imprisoned, or for how "
    "long (Wisconsin Supreme Court, 2016).",
    "Who is left out": f"Too few for any rate: {', '.join(too_few.index)}. Everyone outside "
    "Broward County in 2013 and 2014, and everyone scored after April 1, 2014.",
    "Why these metrics": "A needless alarm can cost freedom, a missing one can cost somebody "
    "harm. Error rates by group count both, as far as a charge is an offense.",
    "Limits": "The label is a charge within two years, not an offense.",
}

# %%
from labkit.records import write_model_card

card = write_model_card(
    compas_audit,
    title="COMPAS alarms in Broward County",
    statements=STATEMENTS,
    data=people[["race", "again", "compas_alarm"]],
    positive_means="a score of medium or high",
    favorable=0,
)
n_sections, n_missing, n_stated = len(sections), len(card.missing), len(STATEMENTS)
print("missing:", "; ".join(card.missing))

# %%
card_lines = card.text.splitlines()
intended, responsible = card_lines.index("## Intended use"), card_lines.index("## How it was made")
print("\n".join(card_lines[intended:responsible]))

# %% tags=["reading"]
reading(
    "**What outsiders cannot write.** Of {n} sections, {missing} are missing, among them who is "
    "responsible, how the score was made, and what it was trained on. {stated} rest on the "
    "opinion and the datasheet, or on our own test, and the others are computed. Some of what is "
    "missing may be in the vendor's guides, which we have not used; the rest only those have who "
    "made or use the score. The outsider's card is strong where numbers are, and empty where "
    "people would have to answer. That is a finding, too: it says whom to ask.",
    n=n_sections,
    missing=n_missing,
    stated=n_stated,
)

# %% [markdown]
# A card is also what regulation asks for, in part. Annex IV of the European Union's AI Act
# (Artificial Intelligence Act, 2024) lists nine points of documentation for a high-risk system;
# NIST's *AI Risk Management Framework* (NIST, 2023) orders the work into four functions: govern,
# map, measure and manage. `crosswalk` says which section of the card belongs to which of them. A
# COMPAS score of a county in Florida is not subject to the AI Act: we use its list only for
# comparison.
#
# This is no legal advice, and it is written in November 2026. The duties for systems of Annex III
# were moved to December 2, 2027 by the Digital Omnibus, which the Council adopted on June 29, 2026;
# we have not consulted its text in the Official Journal. Whether a score of this kind would be in
# Annex III, or would be forbidden by Article 5, is a question for lawyers. Which section belongs to
# which point and function is *our* assignment. It puts logs, which are Article 12, at point 3.
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
    "For this table the answer is: nobody can. It was published in 2016 (Angwin et al., 2016) and "
    "has been copied ever since, by us too. An error about a person can only be corrected in "
    "later copies.",
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
fpr = "false_positive_rate"
fpr_by_race = compas_audit.intervals[fpr].assign(rate=compas_audit.by_group[fpr])
ax = comparison.plot_estimates(fpr_by_race, "rate", reference=compas_audit.overall[fpr])
ax.set(xlabel="false positive rate of COMPAS", xlim=(0, 1))
show(ax.figure, alt="False positive rate of COMPAS by race, with intervals. The text reads it.")

# %%
asked_about = ["Native American", "Caucasian"]
not_again = people[people["again"] == 0]["race"].value_counts()
answer = fpr_by_race.loc[asked_about].copy()
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
# missing. And a caution: with so few people in a county, a table by race, sex and age can show
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
# - A. the card gives the number that is asked for
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
# the letters in quotes are enough
requests = {"sex": ..., "bail": ..., "weights": ..., "young": ..., "phone": ...}
# %% tags=["solution"]
requests = {"sex": "A", "bail": "C", "weights": "D", "young": "B", "phone": "B"}
# %% tags=["check"]
check("14.3", requests)

# %% [markdown]
# # Part two · What happens next
#
# ## An alarm, and what follows from it
#
# A model that was checked once goes on deciding, and the people about whom it decides change. In
# this section a monitor watches, an alarm comes, and somebody has to decide what to do.
#
# **What we replay.** The people are real: the COMPAS table's two largest groups, those who were
# observed for two years. The order in which they arrive is ours, because the table has no dates. We
# draw people from the table, one after another, with replacement. The model is ours too, and
# simpler than that of part one: points for age, earlier offenses and the degree of the charge, in
# coarse bands. From them it says *high* or *low*. It never reads the group. What the datasheet
# forbids, it forbids here too: this model decides about nobody. It is here to show what an update
# does.
#
# (From here on, an *alarm* is the monitor's.)

# %%
arrested = ch14.band_records(load_compas().frame)
RACES = ("African-American", "Caucasian")
RECORD = ["age_band", "priors_band", "c_charge_degree"]
shares_of_ages = pd.crosstab(arrested["age_band"], arrested["race"], normalize="columns")
shares_of_ages.round(2)

# %% [markdown]
# The groups' records differ, so their rates would differ from the first day on. To begin with a
# fair stream, we weight people so that both groups come with the *same mix of records*: that of
# everyone in the table. A model that reads nothing but the record must then say *high* equally
# often in both. A second set of weights makes both groups younger, in the same way.


# %%
def share_of(records):
    """Return how common each person's record is."""
    return records.map(records.value_counts(normalize=True))


def add_mixes(people):
    """Add weights with which both groups come with the same records."""
    of_all = share_of(people["record"])
    of_own_group = people.groupby("race")["record"].transform(share_of)
    equal = of_all / of_own_group
    younger = equal * np.where(people["age_band"] == "under 25", 4, 1)
    return people.assign(equal_mix=equal, younger_mix=younger)


shuffled_rows = np.random.default_rng(SEED).permutation(len(arrested))
n_earlier = len(arrested) // 2
earlier = add_mixes(arrested.iloc[shuffled_rows[:n_earlier]])  # to train on
later_half = add_mixes(arrested.iloc[shuffled_rows[n_earlier:]])  # to decide about

# %%
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def fit_points(people, weights):
    """Fit points for each part of a record to what happened within two years."""
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    return model.fit(
        people[RECORD], people["two_year_recid"], logisticregression__sample_weight=weights
    )


def score_with(model, people):
    """Return scores; equal records get equal scores, to the last digit."""
    return model.predict_proba(people[RECORD])[:, 1].round(6)


def find_threshold(scores, share):
    """Return the threshold that says *high* about this share of people, or a few more."""
    return np.quantile(scores, 1 - share, method="lower")


# %%
HIGH_SHARE = (arrested["score_text"] != "Low").mean()  # as often as COMPAS says medium or high
first_model = fit_points(earlier, earlier["equal_mix"])
THRESHOLD = find_threshold(score_with(first_model, earlier), HIGH_SHARE)
arriving = later_half.assign(score=score_with(first_model, later_half))
is_high = arriving["score"] >= THRESHOLD
rates_by_mix = {}
for name, mix in {"the same mix": "equal_mix", "both younger": "younger_mix"}.items():
    high_weight = (arriving[mix] * is_high).groupby(arriving["race"]).sum()
    rates_by_mix[name] = high_weight / arriving.groupby("race")[mix].sum()
rates_by_mix["as in the table"] = is_high.groupby(arriving["race"]).mean()
rates_by_mix = pd.DataFrame(rates_by_mix).T
rates_by_mix.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** It has the share rated *high*. With the same mix of records the "
    "groups have the same rate, {same[Caucasian]:.2f}, and when both become younger they still "
    "do, {younger[Caucasian]:.2f}. When each group comes with its own records, as in the table, "
    "the rates are {table[African-American]:.2f} and {table[Caucasian]:.2f}. The model is the "
    "same in all three rows.",
    same=rates_by_mix.loc["the same mix"],
    younger=rates_by_mix.loc["both younger"],
    table=rates_by_mix.loc["as in the table"],
)

# %% [markdown]
# ### Four streams
#
# Each stream has sixty days with forty people a day. Thirty days are fair: same mix, same model.
# Then one thing changes.
#
# 1. *nothing*;
# 2. *both groups become younger*, in the same way;
# 3. *each group comes with its own records*, as in the table;
# 4. *another threshold*: the mix stays, but somebody sets the threshold lower for one group.
#
# Only in the fourth are people with the same record treated differently.

# %%
A_DAY, DECISIONS, CHANGE_AT = 40, 2400, 1200
MIX_AFTER = {
    "nothing": "equal_mix",
    "both become younger": "younger_mix",
    "each its own records": None,
    "another threshold": "equal_mix",
}


def make_stream(kind, seed):
    """Return people in the order of their arrival, each with a decision."""
    phases = [("equal_mix", CHANGE_AT), (MIX_AFTER[kind], DECISIONS - CHANGE_AT)]
    stream = ch14.draw_arrivals(arriving, *phases, seed=seed)
    threshold = np.full(DECISIONS, THRESHOLD)
    if kind == "another threshold":
        lowered = (stream.index >= CHANGE_AT) & (stream["race"] == RACES[0])
        threshold[lowered] -= 0.1
    return stream.assign(high=(stream["score"] >= threshold).astype(int))


# %% [markdown]
# ### Two monitors and a daily test
#
# The first monitor plays a game (Chugg et al., 2023). It begins with a *wealth* of 1. It pairs the
# two most recent people of different groups, and before it sees their decisions, it stakes a part
# of its wealth on which of the two is rated *high*. If both decisions are equal, it neither wins
# nor loses. If both groups are rated *high* equally often, no way of betting makes it richer on
# average, and its wealth *ever* reaches 20 in at most one stream of twenty, however often you look.
# So a wealth of 20 is evidence, and it raises an alarm.
#
# With a stake of three tenths on the first group, and differences of 1, 0 and −1, the wealth goes
# from 1 up, stays, and falls below 1 again. (The real monitor learns its stakes; `monitor_stream`
# does all this.) Its question is: *are the groups rated high equally often?*

# %%
small_wealth = [1.0]
for difference in [1, 0, -1]:
    small_wealth.append(small_wealth[-1] * (1 + 0.3 * difference))
np.round(small_wealth, 2)

# %% [markdown]
# We can ask another question with the same monitor: *are people with the same record rated high
# equally often?* We only have to pair like with like: the most recent person of each group with
# this record.


# %% tags=["by-hand"]
def pair_same_records(stream):
    """Return the stream's rows two by two: one person of each group, with the same record."""
    waiting, rows = {}, []
    for row, (record, race) in enumerate(zip(stream["record"], stream["race"], strict=True)):
        if record in waiting and waiting[record][0] != race:
            rows += [waiting.pop(record)[1], row]
        else:
            waiting[record] = race, row  # a newer one of the same group takes the place
    return np.array(rows)


first_stream = make_stream("nothing", [SEED, 0])
paired_rows = pair_same_records(first_stream)
both_records = first_stream["record"].to_numpy()[paired_rows].reshape(-1, 2)
print(len(both_records), "pairs, all alike:", (both_records[:, 0] == both_records[:, 1]).all())

# %% [markdown]
# And the daily test: every evening a z test of all decisions so far, and an alarm at the first
# p-value below 5%. Many people would do that.
#
# **Predict:** in which of the four streams will the monitor of rates raise an alarm? In which will
# the monitor of equal records? In how many of a hundred fair months will the daily test?

# %%
from labkit.monitoring import monitor_stream


def watch(stream):
    """Return the wealth of both monitors, and the daily tests."""
    rates = monitor_stream(stream, group="race", decision="high", groups=RACES, every=A_DAY)
    rows = pair_same_records(stream)
    alike = monitor_stream(stream.iloc[rows], group="race", decision="high", groups=RACES)
    assert len(alike.pairs) == len(rows) // 2  # the monitor kept our pairs
    arrival = rows[alike.pairs["row"] - 1] + 1
    return {
        "rates": rates.pairs.assign(arrival=rates.pairs["decision"]),
        "equal records": alike.pairs.assign(arrival=arrival),
        "daily z test": rates.looks,
    }


one_of_each = {kind: make_stream(kind, [SEED, 0]) for kind in MIX_AFTER}
watched = {kind: watch(stream) for kind, stream in one_of_each.items()}

# %%
MONITORS = ["rates", "equal records"]
wealth = {}
for kind, seen in watched.items():
    wealth[kind] = {"rates": seen["rates"], "equal records": seen["equal records"]}
alarm_line = np.log10(20)
fig = ch14.plot_streams(wealth, change_at=CHANGE_AT)
show(fig, alt="The wealth of two monitors in four streams; the text below says which alarm.")

# %% tags=["reading"]
reading(
    "**Reading the figure.** The height is the logarithm (base 10) of the wealth, so a wealth of "
    "1 is at 0 and the alarm, a wealth of 20, at {line:.1f}; a square marks the first alarm. Up "
    "to the dotted line all four streams are fair. The monitor of equal records stays at 0 there, "
    "because the two people of each of its pairs get the same decision. Where it leaves 0, "
    "somebody treats equal records differently.",
    line=alarm_line,
)

# %% [markdown]
# One stream of each kind proves little. So we repeat all four, with other people each time, and
# note when each method first raises an alarm. Before the change all streams are fair, and every
# alarm is false. The intervals cover other streams of the same people and the same model. Another
# split of the people gives another model, and how fast an alarm comes depends on it. (A median wait
# of infinity means that fewer than half of the streams have an alarm.)


# %%
def first_alarms(found):
    """Return after how many people each method first raises an alarm; infinity for never."""
    firsts = {}
    for name in MONITORS:
        raised = found[name].loc[found[name]["log_wealth"] >= np.log(20), "arrival"]
        firsts[name] = raised.min() if len(raised) else np.inf
    below = found["daily z test"].query("p < 0.05")["decision"]
    firsts["daily z test"] = below.min() if len(below) else np.inf
    return firsts


alarms = []
for number, kind in enumerate(MIX_AFTER):
    for repeat in range(N_STREAMS):
        seen = watch(make_stream(kind, [SEED, number + 1, repeat]))
        alarms.append({"kind": kind, **first_alarms(seen)})
alarms = pd.DataFrame(alarms)

# %%
METHODS = [*MONITORS, "daily z test"]


def share_with_interval(count, n):
    """Return a share with Wilson's interval."""
    low, high = wilson_interval(count, n, confidence=0.95)
    return {"share": count / n, "low": float(low), "high": float(high), "streams": n}


false_table, later, waits = {}, {}, {}
for method in METHODS:
    false_table[method] = share_with_interval((alarms[method] <= CHANGE_AT).sum(), len(alarms))
    for kind, of_kind in alarms.groupby("kind", sort=False):
        quiet = of_kind[method][of_kind[method] > CHANGE_AT]  # no false alarm before the change
        later[kind, method] = share_with_interval(np.isfinite(quiet).sum(), len(quiet))
        waits[kind, method] = quiet.median() - CHANGE_AT
false_table = pd.DataFrame(false_table).T
later = pd.DataFrame(later).T.rename_axis(["kind", "method"])
n_fair = len(alarms)
false_table.round(3)

# %%
ax = comparison.plot_estimates(later, "share")
ax.set(xlabel="share of streams with an alarm after the change", xlim=(-0.02, 1.02))
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
show(ax.figure, alt="Share of streams with an alarm, by what changed and by method; read below.")

# %% tags=["reading"]
reading(
    "**The false alarms.** Of {n} streams that were fair for thirty days, the daily test raised a "
    "false alarm in {share[daily z test]:.0%} ({low[daily z test]:.0%} to {high[daily z "
    "test]:.0%}): each test is wrong one time in twenty, and there were thirty of them. The "
    "monitor of rates, which promises at most one stream in twenty, did so in {share[rates]:.1%} "
    "({low[rates]:.1%} to {high[rates]:.1%}), and that of equal records in {share[equal "
    "records]:.0%}: it cannot, because equal records get equal decisions as long as nobody "
    "interferes. (The figure leaves out streams with an earlier false alarm.)",
    n=n_fair,
    share=false_table["share"],
    low=false_table["low"],
    high=false_table["high"],
)

# %%
own_rates = later.loc[("each its own records", "rates")]
own_alike = later.loc[("each its own records", "equal records")]
other_rates = later.loc[("another threshold", "rates")]
other_alike = later.loc[("another threshold", "equal records")]
other_daily = later.loc[("another threshold", "daily z test")]
younger_rates = later.loc[("both become younger", "rates")]
waits_there = pd.Series(waits).loc["another threshold"].loc[MONITORS]
waits_there.rename("median wait for an alarm, in people").to_frame()

# %% tags=["reading"]
reading(
    "**The predictions, answered.** Where each group comes with its own records, the monitor of "
    "rates raises an alarm in {own[share]:.0%} of the streams (at least {own[low]:.0%}), that of "
    "equal records in {alike[share]:.0%} (at most {alike[high]:.0%}). Where the threshold "
    "differs, it is {rates[share]:.0%} ({rates[low]:.0%} to {rates[high]:.0%}) and "
    "{equal[share]:.0%} (at least {equal[low]:.0%}). When both groups become younger alike, "
    "{younger[share]:.0%} (at most {younger[high]:.0%}) have an alarm of rates. So an alarm of "
    "rates can come from *what people come with* or from *how they are treated*; one of equal "
    "records only from the second. (The intervals are over streams from one half of the people; "
    "another half can give other shares.)",
    own=own_rates,
    alike=own_alike,
    rates=other_rates,
    equal=other_alike,
    younger=younger_rates,
)

# %% tags=["reading"]
reading(
    "**And the daily test?** Where the threshold differs, it alarms in {daily[share]:.0%} of the "
    "streams that are left ({daily[low]:.0%} to {daily[high]:.0%}), the monitor of rates in "
    "{rates[share]:.0%} ({rates[low]:.0%} to {rates[high]:.0%}). A test without a promise about "
    "false alarms is quick to raise true ones, too; the promise costs speed. The monitor of equal "
    "records keeps its promise and alarms in {equal[share]:.0%}, because it asks about what was "
    "changed.",
    rates=other_rates,
    equal=other_alike,
    daily=other_daily,
)

# %% [markdown]
# A changed mix is not unequal treatment *of people with the same record*. It can still be unequal
# treatment by whoever makes the records: prior offenses count charges, and charges depend on where
# the police look. What we hold fixed is our choice, and the monitor cannot make it for us.
#
# `describe_drift` describes what comes in, without a verdict: the population stability index (PSI)
# of each column, and what chance alone would give on average. (For each category: new share minus
# old share, times the logarithm of new over old share; added up. Zero means that nothing has
# changed.)
#
# **Predict:** in which of the four streams will the drift description show anything?

# %%
from labkit.monitoring import describe_drift

drift = {}
for kind, stream in one_of_each.items():
    described = describe_drift(
        stream[:CHANGE_AT], stream[CHANGE_AT:], columns=["age_band", "priors_band", "score"]
    )
    drift[kind] = described.columns["psi"]
by_chance = described.columns["psi_by_chance"].max()
drift = pd.DataFrame(drift).T
drift.round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** (One stream of each kind.) By chance the index would be about "
    "{chance:.3f}. It is large where both groups become younger (age: {younger[age_band]:.2f}), "
    "where no monitor has anything to find. It is small where somebody lowered the threshold "
    "(score: {threshold[score]:.3f}), which is the only unequal treatment in the four. In the "
    "stream with each group's own records it is small too (score: {own[score]:.3f}): the groups "
    "change in opposite directions, and the table of both together hardly sees it. Drift and "
    "unfairness are two questions.",
    chance=by_chance,
    younger=drift.loc["both become younger"],
    threshold=drift.loc["another threshold"],
    own=drift.loc["each its own records"],
)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.4 · Repair a monitor that queues
#
# Somebody wrote a monitor by hand. `stream` is a list of `(group, decision)` in the order of
# arrival, with the groups `"a"` and `"b"`. The function should return the list of differences, *a's
# decision minus b's*, one per pair. The guarantee needs pairs of the *most recent* decisions: a
# decision that waits is dropped when a newer one of its own group comes. The function below takes
# the *oldest* one that waits instead. Where one group is rare and both rates drift, it then
# compares this week's decisions with those of last month. Repair it.


# %% tags=["exercise"] exercise="14.4" points=3 objective="14-monitor"
def pair_differences(stream):
    """Return a's decision minus b's for each pair of the most recent decisions."""
    waiting = {"a": [], "b": []}
    differences = []
    for group, decision in stream:
        waiting[group].append(decision)
        if waiting["a"] and waiting["b"]:
            differences.append(waiting["a"].pop(0) - waiting["b"].pop(0))
    return differences


# %% tags=["solution"]
def pair_differences(stream):
    """Return a's decision minus b's for each pair of the most recent decisions."""
    waiting = {}  # at most one decision of one group
    differences = []
    for group, decision in stream:
        waiting[group] = decision
        if len(waiting) == 2:
            differences.append(waiting["a"] - waiting["b"])
            waiting = {}
    return differences


# %% tags=["check"]
check("14.4", pair_differences)

# %% [markdown]
# ### The alarm leads to an update
#
# The office takes the third stream. The monitor of rates has raised its alarm, and the first
# suggestion is: *the people have changed, so retrain the model on recent people.* The head of the
# office signs the order. Everything goes into a decision log: which model decided (by its checksum,
# and that of the people it was trained on), who is responsible, and the order itself as a decision.

# %%
UPDATES = FOLDER / "updates"
UPDATES.mkdir(exist_ok=True)


def checksum_of(file):
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def keep(model, trained_on, name):
    """Write a model's points and its training people to files; return both checksums."""
    points = {"names": list(model[0].get_feature_names_out()), "points": model[1].coef_[0].tolist()}
    points["start"] = float(model[1].intercept_[0])
    (UPDATES / f"{name}.json").write_text(json.dumps(points))
    trained_on[[*RECORD, "two_year_recid"]].to_csv(UPDATES / f"{name}.csv", index=False)
    return {
        "model": checksum_of(UPDATES / f"{name}.json"),
        "data": checksum_of(UPDATES / f"{name}.csv"),
    }


# %%
alarmed = one_of_each["each its own records"]
raised_at = first_alarms(watched["each its own records"])["rates"]
alarm_at = int(min(raised_at, DECISIONS - 400))  # without an alarm, the office acts near the end
recent_model = fit_points(arriving, np.ones(len(arriving)))  # those who come now
kept = {
    "first": keep(first_model, earlier, "first"),
    "recent": keep(recent_model, arriving, "recent"),
}
update_log = Path(tempfile.mkdtemp()) / "decisions.jsonl"


# %%
def decide(people, name, model):
    """Decide with a model, and log every decision."""
    decided = people[RECORD].assign(score=score_with(model, people))
    decided["high"] = (decided["score"] >= THRESHOLD).astype(int)
    with DecisionLog(update_log, **kept[name], operator="intake desk", durable=False) as log:
        log.append_many(decided, decision="high", score="score", threshold=THRESHOLD)


def sign(order, name):
    """Log an order of the head of the office; from it on, the named model decides."""
    with DecisionLog(update_log, **kept[name], operator="head of the office", durable=False) as log:
        return log.append(order, decision=1)


# %%
update_order = {
    "order": "replace the model",
    "from": kept["first"]["model"],
    "to": kept["recent"]["model"],
    "reason": f"alarm of the monitor of rates at decision {alarm_at}",
}
decide(alarmed[:alarm_at], "first", first_model)
update_entry = sign(update_order, "recent")
decide(alarmed[alarm_at : alarm_at + 200], "recent", recent_model)

# %% [markdown]
# One thing our replay skips. Whether somebody is charged again *within two years* is known after
# two years. An office that retrains on the people of last month has no labels for them, or only the
# bad half: those who were charged already. The COMPAS table has such rows, people scored too late
# to be observed for two years (notebook 04). Every one of them has the label *charged again*.
#
# ### Old and new on equal footing
#
# Was the order right? We compare the *procedure*, not the two models of the log: the new one there
# was trained on the people about whom it then decides. On other splits of the people, a new model
# is compared with an old one as in notebook 09:
#
# - *the same people*, on whom neither was trained;
# - *the same rule for the operating point*: each model gets its own threshold, chosen on validation
#   people so that it says *high* about as often as COMPAS does (or a few points more: equal records
#   have equal scores, and are taken together);
# - *over splits* of the people, because one split is luck.
#
# Two controls. The *refit* is trained on the recent people too, but with the *old* mix: its
# decisions differ from the first model's only because other people were drawn. The model *in haste*
# is the update that does not wait: it adds people who were not observed for two years.
#
# What would justify an update? The office writes its rule down *before* the comparison: balanced
# accuracy better by at least two percentage points, or the gap in *high* smaller by at least five,
# with the whole interval. Its order goes into the log, so that later everyone can see what came
# first. (Sixteen splits can barely detect two points; a pilot study would have asked for more
# splits.)
#
# **Predict:** what share of people gets another decision from the retrained model? And from the
# refit, for which nothing has changed? (The answer comes under *Whose decision flips?*.)

# %%
rule_order = {
    "order": "keep the new model if balanced accuracy gains 0.02 or the gap falls by 0.05",
    "how sure": "with the whole 95% interval, over splits of the people",
}
rule_entry = sign(rule_order, "recent")
rule_entry

# %%
late_people = ch14.band_records(load_compas().frame, observed=False)
CUTS = np.array([0.38, 0.76, 0.84]) * len(arrested)  # old, recent, validation, test
CUTS = CUTS.astype(int)


# %%
def make_models(split):
    """Return four models, and the people to choose thresholds on and to judge on."""
    order = np.random.default_rng([SEED, 99, split]).permutation(len(arrested))
    shuffled = arrested.iloc[order]
    old, recent = add_mixes(shuffled[: CUTS[0]]), add_mixes(shuffled[CUTS[0] : CUTS[1]])
    validation, test = shuffled[CUTS[1] : CUTS[2]], shuffled[CUTS[2] :]
    hasty = pd.concat([recent, late_people.sample(frac=0.38, random_state=split)])
    models = {
        "first": fit_points(old, old["equal_mix"]),
        "retrained": fit_points(recent, np.ones(len(recent))),
        "refit": fit_points(recent, recent["equal_mix"]),
        "in haste": fit_points(hasty, np.ones(len(hasty))),
    }
    return models, validation, test


# %%
def decide_all(split):
    """Return each model's decisions, the people, and the shares rated high by the old threshold."""
    models, validation, test = make_models(split)
    old_threshold = find_threshold(score_with(models["first"], validation), HIGH_SHARE)
    high, by_old_threshold = {}, {}
    for name, model in models.items():
        threshold = find_threshold(score_with(model, validation), HIGH_SHARE)
        high[name] = score_with(model, test) >= threshold
        by_old_threshold[name] = (score_with(model, test) >= old_threshold).mean()
    high["toss a coin"] = np.random.default_rng(split).random(len(test)) < HIGH_SHARE
    return high, test, by_old_threshold


# %%
from sklearn.metrics import balanced_accuracy_score


def compare_models(split):
    """Return one row per model: how good it is, its gap, and whom it decides differently about."""
    high, test, by_old_threshold = decide_all(split)
    rows = []
    for name, decided in high.items():
        row = {"model": name, "split": split, "share rated high": decided.mean()}
        row["high by the old threshold"] = by_old_threshold.get(name, np.nan)
        row["balanced accuracy"] = balanced_accuracy_score(test["two_year_recid"], decided)
        for race in RACES:
            own = (test["race"] == race).to_numpy()
            row[race] = decided[own].mean()
            row[f"flipped, {race}"] = (decided != high["first"])[own].mean()
        rows.append(row)
    return pd.DataFrame(rows)


# %%
compared = pd.concat([compare_models(split) for split in range(SPLITS)], ignore_index=True)
compared["gap in high"] = compared[RACES[0]] - compared[RACES[1]]
compared["difference of flips"] = (
    compared[f"flipped, {RACES[0]}"] - compared[f"flipped, {RACES[1]}"]
)
OVERLAP = (len(arrested) - CUTS[2]) / CUTS[0]  # people to judge on, per person to train on
level_names = ["balanced accuracy", "share rated high", *RACES, "gap in high"]
compared.groupby("model", sort=False)[level_names].mean().round(3)

# %%
from matplotlib import pyplot as plt

PAIRING = {"by": "model", "baseline": "first", "seed": "split", "overlap": OVERLAP}
fig, axes = plt.subplots(1, 2, figsize=(9.4, 3.2), layout="constrained")
for ax, measure in zip(axes, ["balanced accuracy", "gap in high"], strict=True):
    comparison.plot_runs(compared, measure, ax=ax, **PAIRING)
    ax.set_xlabel(f"change of the {measure}")
    ax.locator_params(axis="x", nbins=5)
    ax.get_legend().remove()
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
show(fig, alt="Changes from the first model, for three other models and a coin; read below.")

# %%
measures = ["balanced accuracy", "gap in high", "high by the old threshold"]
update_changes = pd.concat(
    {name: comparison.changes_over_seeds(compared, name, **PAIRING) for name in measures}
)
update_accuracy = update_changes.loc[("balanced accuracy", "retrained")]
update_gap = update_changes.loc[("gap in high", "retrained")]
haste_accuracy = update_changes.loc[("balanced accuracy", "in haste")]
FROM_RETRAINED = {**PAIRING, "baseline": "retrained"}
haste_share = comparison.changes_over_seeds(
    compared[compared["model"].isin(["retrained", "in haste"])],
    "high by the old threshold",
    **FROM_RETRAINED,
).loc["in haste"]
justified = bool(update_accuracy["low"] > 0.02 or update_gap["high"] < -0.05)
largest_fall = -update_gap["low"]
update_changes[["mean", "low", "high"]].round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} Retraining changes balanced accuracy by "
    "{accuracy[mean]:.3f} ({accuracy[low]:.3f} to {accuracy[high]:.3f}, over {n} overlapping "
    "splits) and the gap in *high* by {gap[mean]:.3f} ({gap[low]:.3f} to {gap[high]:.3f}). A gain "
    "of more than {accuracy[high]:.3f} and a fall of the gap by more than {most:.3f} are "
    "excluded. That is no surprise here: in our replay other people come, and by construction "
    "nothing has changed among people of one group with the same record. In a real office it "
    "might. The coin has no gap, and knows nothing.",
    finding=choose(
        justified,
        "The update does what was asked of it beforehand.",
        otherwise="The update does not show what was asked of it beforehand.",
    ),
    accuracy=update_accuracy,
    gap=update_gap,
    most=largest_fall,
    n=SPLITS,
)

# %% tags=["reading"]
reading(
    "**The model in haste.** On equal footing it looks harmless: balanced accuracy changes by "
    "{accuracy[mean]:.3f} ({accuracy[low]:.3f} to {accuracy[high]:.3f}). But let it decide with "
    "the *old* threshold, and it says *high* about more people than the retrained model, which "
    "did wait: {share[mean]:.2f} of all people more ({share[low]:.2f} to {share[high]:.2f}). "
    "{verdict} Its new rows have only one label, and that pushes its scores up. An office that "
    "swaps the model and keeps the number in the configuration has changed its rule without "
    "deciding to.",
    accuracy=haste_accuracy,
    share=haste_share,
    verdict=verdict(
        haste_share["low"],
        haste_share["high"],
        above="That is clear.",
        below="It says so less often, which we did not expect.",
        unclear="These splits cannot tell.",
    ),
)

# %% [markdown]
# ### Whose decision flips?
#
# Two models that are equally good can still decide differently about a person. From here on, a
# *flip* is a person about whom the first model and the new one disagree. How many of them are the
# *update's* doing, and how many would any refit cause?

# %%
flip_names = [*(f"flipped, {race}" for race in RACES), "difference of flips"]
flip_rows = compared[compared["model"].isin(["retrained", "refit"])]
FROM_REFIT = {"by": "model", "baseline": "refit", "seed": "split", "overlap": OVERLAP}
extra_flips = pd.concat(
    {name: comparison.changes_over_seeds(flip_rows, name, **FROM_REFIT) for name in flip_names}
)
extra_flips = extra_flips.droplevel("model")
flip_means = flip_rows.groupby("model")[flip_names].mean().T
flip_table = flip_means.join(extra_flips[["mean", "low", "high"]])
flip_table.rename(columns={"mean": "retrained − refit"}).round(3)

# %%
flips_apart = comparison.over_seeds(
    flip_rows, "difference of flips", by="model", overlap=OVERLAP
).loc["retrained"]
black_flips = flip_table.loc[f"flipped, {RACES[0]}"]
white_flips = flip_table.loc[f"flipped, {RACES[1]}"]

# %% tags=["reading"]
reading(
    "**Reading the table.** The retrained model decides differently about {black[retrained]:.0%} "
    "of the people recorded as African-American and {white[retrained]:.0%} of those recorded as "
    "Caucasian. {finding} The refit, for which nothing changed, flips about as many: "
    "{black[refit]:.0%} and {white[refit]:.0%}. The update may add up to {black[high]:.3f} and "
    "{white[high]:.3f} to that (retrained minus refit: {black[mean]:.3f}, {black[low]:.3f} to "
    "{black[high]:.3f}, and {white[mean]:.3f}, {white[low]:.3f} to {white[high]:.3f}). So another "
    "draw of people to train on is enough to flip decisions. Each flip is a person who is told "
    "another thing about themselves.",
    black=black_flips,
    white=white_flips,
    finding=verdict(
        flips_apart["low"],
        flips_apart["high"],
        above="Flips are more common in the first group.",
        below="Flips are more common in the second group.",
        unclear="Whether one group is hit more, these splits cannot tell.",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.5 · Flips by group
#
# Write a function that takes three lists of equal length: the old model's decisions, the new
# model's decisions (0 or 1), and the people's groups. It returns a dict from group to a pair: of
# the group's people, the share whose decision went from 0 to 1, and the share whose decision went
# from 1 to 0.


# %% tags=["exercise"] exercise="14.5" points=2 objective="14-monitor"
def flips_by_group(old, new, groups):
    """Return for each group the shares that went from 0 to 1 and from 1 to 0."""
    return ...


# %% tags=["solution"]
def flips_by_group(old, new, groups):
    """Return for each group the shares that went from 0 to 1 and from 1 to 0."""
    table = pd.DataFrame({"old": old, "new": new, "group": groups})
    table["up"] = table["new"] > table["old"]
    table["down"] = table["new"] < table["old"]
    shares = table.groupby("group")[["up", "down"]].mean()
    return {group: row.tolist() for group, row in shares.iterrows()}


# %% tags=["check"]
check("14.5", flips_by_group)

# %% [markdown]
# ### Back again, on the record
#
# The comparison goes to the head of the office, who decides by the rule that was written down
# before. The order is an entry of the log, with the checksum of the comparison.

# %%
compared.to_csv(UPDATES / "comparison.csv", index=False)
if justified:
    outcome, name_after, model_after = "keep the new model", "recent", recent_model
else:
    outcome, name_after, model_after = "roll back to the first model", "first", first_model
last_order = {
    "order": outcome,
    "to": kept[name_after]["model"],
    "reason": "comparison on equal footing, rule stated beforehand",
    "comparison": checksum_of(UPDATES / "comparison.csv"),
}
last_entry = sign(last_order, name_after)
decide(alarmed[alarm_at + 200 : alarm_at + 400], name_after, model_after)

# %%
from labkit.records import hash_inputs

logged_lines = update_log.read_text().splitlines()[1:]  # the first is the header
entries = pd.DataFrame([json.loads(line)["entry"] for line in logged_lines])
answers_for = entries[["operator", "model"]]
phase = (answers_for != answers_for.shift()).any(axis=1).cumsum()
phases = entries.groupby(phase).agg(
    first=("sequence", "first"),
    last=("sequence", "last"),
    operator=("operator", "first"),
    model=("model", "first"),
)
phases["model"] = phases["model"].str[:8]  # enough to tell them apart
assert entries.loc[entries["sequence"] == last_entry, "input"].item() == hash_inputs(last_order)
whole_log = verify(update_log)
decided_by_new = last_entry - update_entry - 2  # one entry between them is the rule
phases.rename_axis("phase")

# %% tags=["reading"]
reading(
    "**Reading the log.** {chain} It has {n:,} entries. Until entry {before:,} the first model "
    "decided; at entry {update:,} the head of the office signed the update, at entry {rule:,} the "
    "rule, before anything was compared, and at entry {last:,} the order *{outcome}*. The papers "
    "of these orders, filed elsewhere, have their hashes in the log, so nobody can write other "
    "ones afterward. The new model decided about {hit} people. If you have a person's record, the "
    "log tells you which model decided. It does not say that the comparison was right, or that "
    "anybody told these people.",
    chain=choose(
        whole_log.ok,
        "`verify` finds the chain whole.",
        otherwise="`verify` finds that something was changed.",
    ),
    n=whole_log.decisions,
    before=alarm_at,
    update=update_entry,
    rule=rule_entry,
    last=last_entry,
    outcome=outcome,
    hit=decided_by_new,
)

# %% [markdown]
# ## Fair today, and in ten years?
#
# Every fairness measure so far looked at one day. But decisions change the people about whom the
# next decisions are made. Liu et al. (2018) ask what a loan does to the person who gets it: repaid,
# it raises the credit score; in default, it lowers it. Then a rule that gives more loans to a group
# can leave that group *worse* off. They look at one step. Like the lender of D'Amour et al. (2020),
# ours goes on for years.
#
# **Where the numbers come from.** The score distributions and the shares that repaid are those of
# 2003 (Federal Reserve Board, 2007), as in notebook 08. We take two of the four groups, those that
# Liu et al. compare: White and Black. A loan that is repaid earns 18, a default costs 82 (Hardt,
# Price and Srebro, 2016).
#
# **What is assumed.** What one loan does to a score within a year: *three points up* when it is
# repaid, *six points down* in default, on a scale from 0 to 100. Liu et al. use the same
# proportion, one to two. Nobody has measured it here. We also assume that a person's chance to
# repay follows the new score, that everyone applies every year, and that the score of nobody
# without a loan ever changes. Ten years is our choice, and so is the size of the steps. (Liu et al.
# take 75 and 150 points on a scale from 300 to 850, a larger part of it.) And the groups have the
# sizes of the table. Remember these sentences: everything below follows from them.


# %%
from labkit.data import load_fico

fico = load_fico().frame
GAIN, LOSS = 18, 82
UP, DOWN = 3.0, 6.0
LENT_TO = ["White", "Black"]

# %% [markdown]
# One year by hand first. A lender who wants profit lends wherever the expected profit is positive,
# that is, where the chance to repay is at least $82 / (18 + 82)$. For every score, the expected
# step is the chance to repay times the points up, minus the chance of default times the points
# down. Nobody can pass 100 or fall below 0. Averaged over the group, that is the change of its mean
# score.
#
# **Predict:** with this rule, will the mean score of either group fall within the first year?


# %% tags=["by-hand"]
def change_by_hand(race):
    """Return the expected change of a group's mean score within a year."""
    group = fico[fico["race"] == race].sort_values("score")
    at_score = group["cumulative_share"].diff().fillna(group["cumulative_share"])  # share of people
    gets_loan = group["repaid_share"] >= LOSS / (GAIN + LOSS)
    up = np.minimum(UP, 100 - group["score"])
    down = np.minimum(DOWN, group["score"])
    step = group["repaid_share"] * up - (1 - group["repaid_share"]) * down
    return (at_score * gets_loan * step).sum()


expected_change = {race: change_by_hand(race) for race in LENT_TO}
pd.Series(expected_change).round(3)

# %%
curves = ch14.read_curves(fico, LENT_TO)
SIZES = {"people": LENDING_PEOPLE, "worlds": LENDING_WORLDS, "seed": SEED}
PAYS = {"gain": GAIN, "loss": LOSS}


def lend(rule, up=UP, down=DOWN, *, follows=True, between=curves, years=YEARS, share=None):
    """Simulate a rule, and add how much the gap has changed since the beginning."""
    steps = ch14.Steps(up, down, ability_follows=follows)
    lent = ch14.simulate_lending(
        between, rule, steps, years=years, common_share=share, **PAYS, **SIZES
    )
    start = lent.groupby("world")["gap"].transform("first")
    return lent.assign(rule=rule, change=lent["gap"] - start)


# %%
by_profit = lend("maximum profit").set_index(["year", "world"])
first_years = []
for race in LENT_TO:
    rise = by_profit.loc[1, f"mean_{race}"] - by_profit.loc[0, f"mean_{race}"]
    first_years.append(pd.DataFrame({"group": race, "rise": rise}))
simulated_rise = comparison.over_seeds(pd.concat(first_years), "rise", by="group")
rise_table = simulated_rise[["mean", "low", "high"]].assign(by_hand=expected_change)
nobody_falls = (rise_table["low"] > 0).all()
rise_table.rename(columns={"by_hand": "by hand"}).round(3)

# %% tags=["reading"]
reading(
    "**Reading the table.** {finding} By hand the mean rises by {white[by_hand]:.2f} points in "
    "the White group and by {black[by_hand]:.2f} in the Black one; the simulated worlds give "
    "{white[mean]:.2f} ({white[low]:.2f} to {white[high]:.2f}) and {black[mean]:.2f} "
    "({black[low]:.2f} to {black[high]:.2f}). A world has its own {people:,} people and its own "
    "luck, and the interval is over {worlds} worlds. The rule lends only to people who very "
    "probably repay, so few are pushed down. But in one group there are many more such people.",
    finding=choose(
        nobody_falls,
        "Neither group's mean falls.",
        otherwise="At least one group's mean falls.",
    ),
    white=rise_table.loc["White"],
    black=rise_table.loc["Black"],
    people=LENDING_PEOPLE,
    worlds=LENDING_WORLDS,
)

# %% [markdown]
# ### Ten years
#
# Four rules, each chosen anew every year so that it earns as much as it can:
#
# - *maximum profit*: a threshold for each group;
# - *one threshold* for everyone;
# - *equal opportunity*: the same share of those who would repay gets a loan, in both groups;
# - *demographic parity*: the same share of people gets a loan, in both groups.
#
# And two constants: *nobody* and *everybody* gets a loan. In each world all rules meet the same
# people and the same luck.
#
# **Predict:** today, demographic parity has no gap in loans at all. After ten years, under which of
# the four rules will the gap in mean scores have grown most? Under which least?

# %%
PROFIT_LAST = [*ch14.FAIR_RULES[1:], "maximum profit"]  # so that rules keep their colors below
RULES = [*PROFIT_LAST, "lend to nobody", "lend to everybody"]
lending = pd.concat([lend(rule) for rule in RULES], ignore_index=True)
lending["difference in loans"] = lending["lent_White"] - lending["lent_Black"]
today = lending[lending["year"] == 1].groupby("rule", sort=False)
loan_columns = ["lent_White", "lent_Black", "difference in loans", "repaid_Black", "profit"]
loans_today = today[loan_columns].mean()
loans_today.columns = ["loans, White", "loans, Black", "difference", "repaid, Black", "profit"]
loans_today.round(2)

# %%
black_start = lending.groupby(["rule", "world"])["mean_Black"].transform("first")
lending["Black mean since the start"] = lending["mean_Black"] - black_start
CHANGES = {
    "change": "change of the gap in mean scores",
    "Black mean since the start": "change of the Black group's mean score",
}

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
for ax, (measure, title) in zip(axes, CHANGES.items(), strict=True):
    comparison.plot_sweep(lending, measure, over="year", by="rule", seed="world", ax=ax)
    ax.set(title=title, ylabel="points")
    ax.get_legend().remove()
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
show(fig, alt="Change of the gap and of one group's mean score over years, by rule; read below.")

# %%
last_year = lending[lending["year"] == YEARS]
wider = comparison.over_seeds(last_year, "change", by="rule")
from_profit = comparison.changes_over_seeds(
    last_year, "change", by="rule", baseline="maximum profit", seed="world"
)

# %%
black_after = comparison.over_seeds(last_year, "Black mean since the start", by="rule")
fair_changes = wider.loc[list(ch14.FAIR_RULES)]
largest_change = fair_changes["mean"].idxmax()
smallest, next_smallest = fair_changes["mean"].sort_values().index[:2]
between_smallest = comparison.changes_over_seeds(
    last_year[last_year["rule"].isin([smallest, next_smallest])],
    "change",
    by="rule",
    baseline=next_smallest,
    seed="world",
).loc[smallest]
all_wider = (fair_changes["low"] > 0).all()
after_table = from_profit[["mean", "low", "high"]].rename(columns={"mean": "minus profit rule"})
after_table.insert(0, "gap", wider["mean"])
after_table.round(2)

# %% tags=["reading"]
reading(
    "**Reading the left panel.** {all} After {years} years it has grown most under *{largest}*, "
    "by {most[mean]:.1f} points ({most[low]:.1f} to {most[high]:.1f}), and least under "
    "*{smallest}*, by {least[mean]:.1f} ({least[low]:.1f} to {least[high]:.1f}). Compared with "
    "the next, *{next}*, the difference is {apart[mean]:+.1f} ({apart[low]:+.1f} to "
    "{apart[high]:+.1f}), in the same worlds. Minus the rule of maximum profit it is "
    "{parity[mean]:+.1f} ({parity[low]:+.1f} to {parity[high]:+.1f}) for parity, and "
    "{equal[mean]:+.1f} ({equal[low]:+.1f} to {equal[high]:+.1f}) for equal opportunity. Lending "
    "to nobody changes nothing, and serves nobody.",
    all=choose(
        all_wider,
        "Under all four rules the gap grows.",
        otherwise="Not under all four rules does the gap clearly grow.",
    ),
    years=YEARS,
    largest=largest_change,
    smallest=smallest,
    next=next_smallest,
    apart=between_smallest,
    most=fair_changes.loc[largest_change],
    least=fair_changes.loc[smallest],
    parity=from_profit.loc["demographic parity"],
    equal=from_profit.loc["equal opportunity"],
)

# %% tags=["reading"]
reading(
    "**Reading the right panel.** The rule with equal shares of loans is the one that {finding}: "
    "their mean score changes by {parity[mean]:.1f} points ({parity[low]:.1f} to "
    "{parity[high]:.1f}); under maximum profit it rises by {profit[mean]:.1f} ({profit[low]:.1f} "
    "to {profit[high]:.1f}). The share that pays best overall is {share[loans, Black]:.0%}, and "
    "of these loans to the Black group {share[repaid, Black]:.0%} are repaid. Parity does not say "
    "*which* share: at {own[loans, Black]:.0%} it would lend to the same people of this group as "
    "the profit rule does. Nor does a score say what a loan was for.",
    finding=verdict(
        black_after.loc["demographic parity", "low"],
        black_after.loc["demographic parity", "high"],
        above="raises the scores of the group that it is meant to serve",
        below="lowers the scores of the group that it is meant to serve",
        unclear="does not clearly move the scores of the group that it is meant to serve",
    ),
    parity=black_after.loc["demographic parity"],
    profit=black_after.loc["maximum profit"],
    share=loans_today.loc["demographic parity"],
    own=loans_today.loc["maximum profit"],
)

# %% [markdown]
# ### Two controls
#
# Does the program itself create a gap? A check of the program, and a control:
#
# - *no feedback*: both steps are zero. No score may change, whatever the rule.
# - *twins*: groups of the same sizes as above, both with the curves of one group, so that only
#   their sizes differ. A gap that grows there would be our mistake. The margin, set after a look at
#   first runs: a tenth of the smallest change that the four rules made above.

# %%
from dataclasses import replace

frozen = pd.concat([lend(rule, 0.0, 0.0) for rule in ch14.FAIR_RULES])
assert (frozen["change"] == 0).all()

twin_curves = ch14.read_curves(fico, ["White", "White"])
twin_sizes = dict(zip(twin_curves.groups, curves.shares.values(), strict=True))
twin_curves = replace(twin_curves, shares=twin_sizes)
twins = pd.concat([lend(rule, between=twin_curves) for rule in ch14.FAIR_RULES])
twin_changes = comparison.over_seeds(twins[twins["year"] == YEARS], "change", by="rule")
twin_reach = twin_changes[["low", "high"]].abs().to_numpy().max()
twin_margin = 0.1 * fair_changes["mean"].abs().min()
twins_hold = twin_reach < twin_margin
twin_changes[["mean", "low", "high"]].round(2)

# %% tags=["reading"]
reading(
    "**Reading the table.** {finding} The intervals of the twins' gap reach at most {reach:.2f} "
    "points from zero. Without feedback, nothing changed at all. So what grew above needs the "
    "different curves and the steps.",
    finding=choose(
        twins_hold,
        "Between twins no gap grows: all intervals lie within {margin:.2f} points.",
        otherwise="The margin of {margin:.2f} is not met: whether a gap grows between twins stays "
        "open.",
    ),
    reach=twin_reach,
    margin=twin_margin,
)

# %% [markdown]
# ### What if the steps were others?
#
# We assumed that a default takes six points away. Nobody measured it. So we run every rule again
# for other values, from none to twelve, with three points up as before. And we drop another
# assumption: that ability follows the score. In the right panel a person's chance to repay stays as
# it was; the score goes up and down around it, and the lender does not notice.
#
# **Predict:** is there a value at which parity widens the gap *less* than the rule of maximum
# profit?

# %%
sweep = []
for down in DOWN_STEPS:
    for follows in (True, False):
        for rule in PROFIT_LAST:
            last = lend(rule, down=down, follows=follows).query("year == @YEARS")
            sweep.append(last.assign(down=down, follows=follows))
sweep = pd.concat(sweep, ignore_index=True)

# %%
follows_score, stays = sweep[sweep["follows"]], sweep[~sweep["follows"]]
PANELS = {
    "ability follows the score": (follows_score, None),
    "ability follows: minus maximum profit": (follows_score, "maximum profit"),
    "ability stays: minus maximum profit": (stays, "maximum profit"),
}
BY_STEP = {"over": "down", "by": "rule", "seed": "world"}
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
for ax, (title, (shown, baseline)) in zip(axes, PANELS.items(), strict=True):
    comparison.plot_sweep(shown, "change", baseline=baseline, ax=ax, **BY_STEP)
    ax.set(title=title, xlabel="points lost in a default", ylabel="change of the gap")
    ax.get_legend().remove()
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
show(fig, alt="Change of the gap by the points lost in a default; read below.")


# %%
def compare_with_profit(rows, rule):
    """Return how much more a rule changes the gap than maximum profit does, by step."""
    found = {}
    for step, at_step in rows.groupby("down"):
        paired = comparison.changes_over_seeds(
            at_step, "change", by="rule", baseline="maximum profit", seed="world"
        )
        found[step] = paired.loc[rule, ["mean", "low", "high"]]
    return pd.DataFrame(found).T.rename_axis("points lost").astype(float)


parity_by_step = compare_with_profit(follows_score, "demographic parity")
equal_by_step = compare_with_profit(follows_score, "equal opportunity")
parity_by_step.round(2)

# %%
parity_better = parity_by_step.index[parity_by_step["high"] < 0]
parity_worse = parity_by_step.index[parity_by_step["low"] > 0]
sign_depends = len(parity_better) > 0 and len(parity_worse) > 0
closest_better = max(parity_better, default=parity_by_step.index[0])
closest_worse = min(parity_worse, default=parity_by_step.index[-1])
stays_by_step = compare_with_profit(stays, "demographic parity")
clear = (parity_by_step["low"] > 0) | (parity_by_step["high"] < 0)
clear &= (stays_by_step["low"] > 0) | (stays_by_step["high"] < 0)
same_signs = (np.sign(stays_by_step["mean"]) == np.sign(parity_by_step["mean"]))[clear].all()
always_wider = (
    comparison.over_seeds(follows_score, "change", by=["rule", "down"])["low"] > 0
).all()
stays_by_step.round(2)

# %% tags=["reading"]
reading(
    "**Reading the figure and the table.** {finding} If a default takes nothing away, a loan can "
    "only raise a score, and of these four, the rule with most loans to the smaller group looks "
    "best: against maximum profit, parity's gap changes by {free[mean]:.1f} points "
    "({free[low]:.1f} to {free[high]:.1f}). At the largest step it is {costly[mean]:+.1f} "
    "({costly[low]:+.1f} to {costly[high]:+.1f}). Equal opportunity goes from "
    "{equal_free[mean]:.1f} ({equal_free[low]:.1f} to {equal_free[high]:.1f}) to "
    "{equal_costly[mean]:+.1f} ({equal_costly[low]:+.1f} to {equal_costly[high]:+.1f}). {stays}",
    stays=choose(
        same_signs,
        "Where ability stays (third panel, last table), parity's signs are the same wherever both "
        "are clear.",
        otherwise="Where ability stays (third panel, last table), parity's signs are not the same.",
    ),
    finding=choose(
        sign_depends,
        "The sign depends on the step: parity widens the gap less than maximum profit where a "
        "default costs little, and more where it costs much.",
        otherwise="Within these steps the sign of parity's difference does not clearly change.",
    ),
    free=parity_by_step.iloc[0],
    costly=parity_by_step.iloc[-1],
    equal_free=equal_by_step.iloc[0],
    equal_costly=equal_by_step.iloc[-1],
)

# %% [markdown]
# ### What else decides?
#
# The step is not the only assumption. Parity says *equal shares*, not which: the lender takes the
# share that pays best over both groups together, and most applicants are White. Liu et al. (2018)
# show that this matters in one step: a few more loans help a group, many more harm it. So we change
# one thing at a time: the groups' sizes, the common share (that which the profit rule gives the
# Black group), the size of both steps in the same proportion, and the number of years.
#
# **Predict:** with groups of equal size, will parity still widen the gap more than maximum profit?

# %%
OTHER_WORLDS = {
    "as above": {},
    "groups of equal size": {"between": replace(curves, shares=dict.fromkeys(LENT_TO, 0.5))},
    "a smaller common share": {"share": loans_today.loc["maximum profit", "loans, Black"]},
    "half the steps": {"up": UP / 2, "down": DOWN / 2},
    "three times the steps": {"up": 3 * UP, "down": 3 * DOWN},
    "one year": {"years": 1},
    "twice as many years": {"years": 2 * YEARS},
}


# %%
def parity_minus_profit(share=None, **changes):
    """Return parity's change of the gap at the end, and by how much it differs from profit's."""
    parity = lend("demographic parity", share=share, **changes)
    both = pd.concat([lend("maximum profit", **changes), parity])
    end = both[both["year"] == both["year"].max()]
    own = comparison.over_seeds(end, "change", by="rule").loc["demographic parity"]
    settings = {"by": "rule", "baseline": "maximum profit", "seed": "world"}
    difference = comparison.changes_over_seeds(end, "change", **settings).loc["demographic parity"]
    return {"gap under parity": own["mean"], **difference[["mean", "low", "high"]]}


# %%
elsewhere = {name: parity_minus_profit(**changes) for name, changes in OTHER_WORLDS.items()}
elsewhere = pd.DataFrame(elsewhere).T.astype(float)
ax = comparison.plot_estimates(elsewhere, "mean")
ax.set(xlabel="change of the gap: parity minus maximum profit (points)")
show(ax.figure, alt="Parity minus maximum profit in seven worlds, with intervals; read below.")
parity_wider = ", ".join(elsewhere.index[elsewhere["low"] > 0]) or "none"
parity_narrower = ", ".join(elsewhere.index[elsewhere["high"] < 0]) or "none"
equal_groups = elsewhere.loc["groups of equal size"]
smaller_share = elsewhere.loc["a smaller common share"]
white_share = curves.shares["White"]
elsewhere.round(2)

# %% tags=["reading"]
reading(
    "**Reading the figure.** Parity widens the gap more than maximum profit does in these worlds: "
    "{wider}. It widens it less, or closes it, in these: {narrower}. Here {white:.0%} of the "
    "applicants are White, so the common share is nearly the one that suits them. With groups of "
    "equal size the difference is {equal[mean]:+.1f} ({equal[low]:+.1f} to {equal[high]:+.1f}), "
    "and parity changes the gap itself by {equal[gap under parity]:+.1f}; with the smaller common "
    "share it is {small[mean]:+.1f} ({small[low]:+.1f} to {small[high]:+.1f}).",
    wider=parity_wider,
    narrower=parity_narrower,
    white=white_share,
    equal=equal_groups,
    small=smaller_share,
)

# %% tags=["reading"]
reading(
    "**What a simulation shows.** It shows what follows from assumptions. *Parity widens the gap "
    "less than profit does* and *parity widens it more* are both results of this program, with "
    "narrow intervals (we chose {worlds} worlds of {people:,} people): one where a default costs "
    "{better:g} points, the other where it costs {worse:g}; and sizes, shares and years turn it, "
    "too. An interval over worlds covers luck, and no interval covers an assumption. {all} To use "
    "such a result, measure the steps first, and say which share, whose applicants, and how long.",
    better=closest_better,
    worse=closest_worse,
    worlds=LENDING_WORLDS,
    people=LENDING_PEOPLE,
    all=choose(
        always_wider,
        "In the left panel above the gap grows at every step, with these sizes and these shares.",
        otherwise="In the left panel above the gap does not clearly grow everywhere.",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 14.6 · One year by hand
#
# A lender gives a loan to everyone with a score of 50 or more. A repaid loan raises the score by 10
# points, a default lowers it by 20. Nobody else's score changes. Each group has 100 people:
#
# | score | share that repays | people in group a | people in group b |
# |---|---|---|---|
# | 20 | 0.3 | 10 | 50 |
# | 50 | 0.6 | 30 | 40 |
# | 80 | 0.9 | 60 | 10 |
#
# By how many points does the mean score of *each whole group* change within the year? And what
# happens to the gap, *a minus b*, whose mean was higher from the beginning? The letter is enough.
#
# - A. widens
# - B. narrows
# - C. stays

# %% tags=["exercise"] exercise="14.6" points=3 objective="14-feedback"
# for `gap`, the letter in quotes is enough
one_year = {"a": ..., "b": ..., "gap": ...}
# %% tags=["solution"]
step_50 = 0.6 * 10 - 0.4 * 20  # points, for each loan
step_80 = 0.9 * 10 - 0.1 * 20
one_year = {
    "a": (30 * step_50 + 60 * step_80) / 100,
    "b": (40 * step_50 + 10 * step_80) / 100,
    "gap": "A",
}
# %% tags=["check"]
check("14.6", one_year)

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
assert hash_inputs(typed, key=secret_key) != hash_of(typed)  # guessing needs the key
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
        otherwise="After {tried} hashes the neighbor has not found it.",
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
# Somebody compares the record with the court's files, and one offense is another person's. No log
# has shown that. The office does not touch the old entry: it appends a new one.

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
# *informed* after. One rule makes the table useful: **every row has exactly one A.** If two people
# are accountable, each can point to the other; if nobody is, nobody answers.
#
# Here is the pipeline of COMPAS in Loomis's case. It is *our* reading of what the opinion says, and
# not the court's. A dot means that it names nobody.
#
# **Predict:** how many of the eight steps have exactly one A?

# %%
WHO = ["company", "corrections", "trial judge", "defendant"]
steps = {
    "turn answers into a score": ["RA", ".", ".", "."],
    "fill in the answers": [".", "RA", ".", "C"],
    "validate it in Wisconsin": [".", ".", ".", "."],
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
    "**Rows without an A.** In our reading, {one} of {all} steps have exactly one. For the others "
    "we find nobody in the opinion: {nobody}. The court wrote that no validation with people of "
    "Wisconsin had been completed, and that such tools must be monitored and normed again as "
    "populations change. It required that every report *say* so, and not that somebody *do* it "
    "(Wisconsin Supreme Court, 2016). A warning tells a judge what is unknown. It does not make "
    "anybody find out.",
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
# And a RACI table: `broken` is the list of the steps (numbers, in increasing order) that do not
# have exactly one A.
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
    "broken": ...,  # a list of numbers; for the claims, the letters in quotes are enough
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

# %% tags=["reading"]
reading(
    "**What we can say.** Of four forgeries {found} are found, and nobody finds a forger who can "
    "write all three files. One offense too many flips {flips[1]:.0f} of 1,000 people without an "
    "alarm ({flips[0]:.0f} to {flips[2]:.0f}, for this model). An outsider leaves {missing} of "
    "{sections} sections of COMPAS's card empty. A daily test raised a false alarm in "
    "{daily[share]:.0%} of fair months ({daily[low]:.0%} to {daily[high]:.0%}), the monitor in "
    "{rates[share]:.1%} ({rates[low]:.1%} to {rates[high]:.1%}). And whether parity widens a gap "
    "more than profit does, assumptions decide that nobody has measured.",
    found=n_found,
    flips=flips_per_thousand,
    missing=n_missing,
    sections=n_sections,
    daily=false_table.loc["daily z test"],
    rates=false_table.loc["rates"],
)

# %% [markdown]
# ## What you learned
#
# - A chain of hashes shows every change, unless all later hashes are computed again; then the head
#   shows it, and the anchors say where. If you can write all three files, nobody finds it. And no
#   log proves that the inputs were true `[14-log]`
# - The sections that are missing in a card are findings. Some points of Annex IV have no section at
#   all. And people whom a card leaves out are decided about all the same `[14-card]`
# - An alarm says that rates differ, not why. Pair like with like, compare an update with the old
#   model on equal footing, and log the roll-back, too `[14-monitor]`
# - A rule that is fair today can widen a gap over years. Which rule widens it more depends on the
#   steps, the groups' sizes, the common share and the years: measure them first `[14-feedback]`
# - What was decided, on which inputs and by which model, can be shown by a hash, a checksum and a
#   kept file; whether the inputs were true cannot. In every step one person is accountable, or
#   nobody is `[14-appeal]`
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
