# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 180
#       mb: 3000
# ---

# %% [markdown]
# # 12 · What does a generative model say about people?
#
# A company wants to read fewer applications. Somebody pastes each one into a chat window and asks:
# "Should we invite this applicant to an interview? Answer Yes or No." A language model answers
# within a second, about everyone, and never asks to see the person.
#
# What would it have answered if the name at the top had been another one? Notebook 01 has asked
# employers that question. Here we ask a model: which pronoun it expects after a job title, whom it
# would invite, what it writes in a reference. And we ask what such answers are worth, because a
# small model can look fair simply by not understanding the question.
#
# **You will be able to**
# - *measure* which pronouns a model expects, and compare them with official figures
#   `[12-pronouns]`
# - *audit* a model with names, and *find* what an audit confuses `[12-names]`
# - *judge* a benchmark of bias by its competence, its controls and its items `[12-benchmarks]`
# - *compare* generated letters without being fooled by many comparisons `[12-letters]`
# - *separate* what a wording, an instruction or a temperature does from what a name does
#   `[12-prompts]`
#
# About 165 minutes, in two sittings, half of it for the exercises. Before this: [09 · Which
# operating point, and who pays?](09_trade_offs.ipynb)

# %%
import numpy as np
import pandas as pd

from labkit.chapters import ch12
from labkit.exercises import check, hint
from labkit.plots import show
from labkit.prose import choose, reading, verdict

# %% tags=["parameters"]
SEED = 0
MODEL_NAME = "smollm2"  # the course's generative model; a folder or a fetched hub name works too
N_ROLES = 40  # occupations, at least 11
NAMES_PER_GROUP = 9  # of the audit study, in each of four groups: all of them; at least 2
FEW_NAMES = 2  # of each group, where every name is asked many times
N_WORDINGS = 10  # of one question
BENCHMARK_ITEMS = {"crows_pairs": 20}  # also "stereoset", "winobias", "winogender", "bbq"
NEW_LETTERS = 6  # letters of the shipped table to write again
LETTER_TOKENS = 80  # at most, of each; fewer give the beginnings
N_PERMUTATIONS = 9999  # ways to hand out the groups
N_DRAWS = 64  # answers of one token
STUDENT = "Fairness Lab"  # your name draws your own ten items
SHOW_ITEMS = False  # True shows them; some are offensive
MASKED_MODEL = ""  # "bert-base-uncased" after `labkit fetch --model bert-base-uncased`

# %% [markdown]
# # Part one · What does it say?
#
# ## The model, and what it gives us
#
# *SmolLM2-135M-Instruct* is a real chat model, and a very small one: 135 million numbers, where
# well-known assistants have a thousand times as many (Allal et al., 2025). The people who prepared
# it for download rounded most of these numbers to about four bits, and the word embeddings to
# eight. We audit *this file*. What we find is not a finding about other models, nor about the
# unrounded one.
#
# A language model reads a text as *tokens*, words and pieces of words, and gives every token of
# its vocabulary a probability of coming next. That is all it does. To "ask" it something, we write
# the beginning of a text and look at the probability of what could follow.
#
# The next cell does this by hand, once: it feeds the tokens of a beginning to the network, gets one
# number per token of the vocabulary (a *logit*), and turns these into logarithms of probabilities.
#
# **Predict:** after "The nurse said that", which is most probable: *he*, *she* or *they*?

# %%
from labkit.language import load_generative_model

model = load_generative_model(MODEL_NAME)
PRONOUNS = [" he", " she", " they"]  # a word inside a text begins with its space

# %% tags=["by-hand"]
import torch

BEGINNING = "The nurse said that"
tokens = [model.start, *model.tokenizer(BEGINNING, add_special_tokens=False)["input_ids"]]
with torch.inference_mode():
    logits = model.model(input_ids=torch.tensor([tokens])).logits[0, -1]  # (vocabulary,)
log_probability = logits - torch.logsumexp(logits, dim=0)

of_pronoun = []
for word in PRONOUNS:
    (token,) = model.tokenizer(word, add_special_tokens=False)["input_ids"]
    of_pronoun.append(log_probability[token].item())
he_here, she_here, they_here = np.exp(of_pronoun)
most_probable = PRONOUNS[int(np.argmax(of_pronoun))].strip()
pd.Series(np.exp(of_pronoun), index=PRONOUNS, name="probability").round(3)

# %% tags=["reading"]
reading(
    "**The first prediction.** After *{beginning}*, *{most}* is the most probable of the three: "
    "*she* has {she:.3f}, *they* {they:.3f} and *he* {he:.3f}. Most of the probability is on other"
    " words: a nurse may say that *the* patient is asleep. So we compare pronouns with each other,"
    " and take the share of *she* among *he* and *she*. One word in one sentence is no finding "
    "yet.",
    beginning=BEGINNING,
    most=most_probable,
    she=she_here,
    they=they_here,
    he=he_here,
)

# %% [markdown]
# `continuation_log_probabilities` does the same for many texts, and adds up the logarithms where a
# continuation has several tokens. We use it for every pair of a role and a sentence: forty roles,
# in eight sentences that say nothing about anybody's gender. The roles are those occupations of
# Winogender (Rudinger et al., 2018) about which the BUG corpus (Levy et al., 2021) has most
# sentences. For each we know the share of women among the people who do the job in the USA, from
# official statistics, and the share of *she* in the corpus's sentences about it.

# %%
from labkit.data import load_bug
from labkit.language import load_winogender

occupations = load_winogender().drop_duplicates("occupation").set_index("occupation")
about_people = load_bug("sentences").frame.drop_duplicates("sentence")
is_she = (about_people["gender"] == "female").groupby(about_people["profession"])
roles = pd.DataFrame(
    {"official": occupations["bls_share"], "sentences": is_she.mean(), "rows": is_she.size()}
)
roles = roles.dropna().nlargest(N_ROLES, "rows")
roles.describe().loc[["count", "min", "mean", "max"]].round(2)

# %%
from labkit.language import fill_templates

np.testing.assert_allclose(
    model.continuation_log_probabilities([BEGINNING] * 3, PRONOUNS), of_pronoun, atol=1e-3
)


def ask_pronouns(words):
    """Return the probability of each pronoun after every template, one row per text."""
    asked = fill_templates(ch12.PRONOUN_TEMPLATES, role=list(words))
    texts = asked["text"].repeat(len(PRONOUNS)).tolist()
    scores = model.continuation_log_probabilities(texts, PRONOUNS * len(asked))
    asked[["he", "she", "they"]] = np.exp(scores).reshape(len(asked), len(PRONOUNS))
    asked["share_of_she"] = asked["she"] / (asked["he"] + asked["she"])
    return asked


pronouns = ask_pronouns(roles.index).join(roles, on="role")
print("\n".join(ch12.PRONOUN_TEMPLATES))

# %% [markdown]
# **What would a model without any stereotype say?** There is no obvious answer. One that says *she*
# as often as women do the job repeats the labor market. One that says *she* and *he* equally often
# ignores it. Neither is "correct", so we do not grade the model here. We ask three plainer
# questions: does it expect *she* more where more women work? Does it follow the labor market or the
# texts? And how much depends on the sentence?
#
# **Predict:** the correlation of the model's share of *she* with the official share of women, over
# roles. And which is larger: the spread of the roles' means, or that of the eight sentences' means?

# %%
by_role = pronouns.groupby("role")["share_of_she"].agg(model="mean", low="min", high="max")
fig = ch12.plot_roles(by_role.join(roles))
show(fig, alt="One row per role: the model's share of she, women's official share, she in texts.")

# %%
from labkit.comparison import correlation_over_clusters

fits = {}
for known in ("official", "sentences"):
    fits[known] = correlation_over_clusters(
        pronouns, known, "share_of_she", unit="role", clusters="template"
    )
spread_of_roles = by_role["model"].std()
spread_of_sentences = pronouns.groupby("template")["share_of_she"].mean().std()
roles_win = spread_of_roles > spread_of_sentences
mean_levels = by_role.join(roles)[["model", "official", "sentences"]].mean()
print(fits["official"])

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} The correlation with the official share of women is "
    "{official.value:.2f} ({official.low:.2f} to {official.high:.2f}, over roles and sentences), "
    "and with the share of *she* in real sentences {texts.value:.2f} ({texts.low:.2f} to "
    "{texts.high:.2f}). A correlation ignores levels: the model's shares are {level[model]:.2f} "
    "on average, the official ones {level[official]:.2f}, those of the sentences "
    "{level[sentences]:.2f}. {larger} The roles' means have a standard deviation of "
    "{spread:.2f}, those of the eight sentences one of {moved:.2f}.",
    finding=verdict(
        fits["official"].low,
        fits["official"].high,
        above="The model expects *she* more often where more women work.",
        below="The model expects *she* less often where more women work.",
        unclear="Whether the model follows women's share, these roles and sentences cannot tell.",
    ),
    official=fits["official"],
    texts=fits["sentences"],
    level=mean_levels,
    moved=spread_of_sentences,
    spread=spread_of_roles,
    larger=choose(
        roles_win,
        "The roles are further apart than the sentences, but the sentence matters, too.",
        otherwise="The sentence moves the share as much as the role does, or more.",
    ),
)

# %% [markdown]
# Two controls. First, the same sentences with *woman* and *man* in the place of a role: does the
# model know pronouns at all? Second, the official shares, assigned to the roles at random.

# %%
people_words = ask_pronouns(["woman", "man"])
of_people = people_words.groupby("role")["share_of_she"].agg(["min", "mean", "max"])
people_means = of_people["mean"]
man_is_she = people_means["man"] > 0.1
rng = np.random.default_rng(SEED)
shuffled = []
for _ in range(2000):
    mixed_shares = rng.permutation(roles.loc[by_role.index, "official"])
    shuffled.append(np.corrcoef(by_role["model"], mixed_shares)[0, 1])
null_low, null_high = np.quantile(shuffled, [0.025, 0.975])
of_people.round(2)

# %% tags=["reading"]
reading(
    "**Two controls that could have failed.** A model that does not know pronouns would say *she* "
    "equally often after *woman* and *man*: its shares are {people[woman]:.2f} and "
    "{people[man]:.2f}. ({other}) And a correlation that our calculation invents would be there "
    "for any numbers: with official shares assigned to roles at random, nearly all correlations "
    "lie between {null_low:.2f} and {null_high:.2f}.",
    people=people_means,
    other=choose(
        man_is_she,
        "After *man* it is not near zero; in some sentences *she* may be another person.",
        otherwise="After *man* it is near zero.",
    ),
    null_low=null_low,
    null_high=null_high,
)

# %% [markdown]
# Does the model follow the labor market or the texts? One correlation is larger than the other, but
# *two intervals decide nothing about a difference*. We resample the roles, compute both
# correlations each time, and look at their difference. (This leaves out that other sentences could
# have been asked.) The official figures have faults of their own: look for *pathologist* in the
# figure. The statistics count speech-language pathologists, most of them women; a text that says
# "pathologist" mostly means a physician in a laboratory.

# %%
table_of_roles = by_role.join(roles)[["model", "official", "sentences"]].to_numpy()
differences = []
for _ in range(2000):
    again = rng.integers(0, len(table_of_roles), len(table_of_roles))
    r = np.corrcoef(table_of_roles[again].T)
    differences.append(r[0, 1] - r[0, 2])
market_low, market_high = np.quantile(differences, [0.025, 0.975])
market_minus_texts = fits["official"].value - fits["sentences"].value
mean_share = pronouns[["he", "she", "they"]].mean()
pronouns["share_of_they"] = pronouns["they"] / pronouns[["he", "she", "they"]].sum(axis=1)
they_range = pronouns.groupby("role")["share_of_they"].mean().agg(["min", "max"])
mean_share.round(3)

# %% tags=["reading"]
reading(
    "**Market or texts?** {finding} The difference of the correlations (market minus texts) is "
    "{difference:.2f} ({low:.2f} to {high:.2f}). And *they*? It gets a mean probability of "
    "{share[they]:.3f}, next to {share[she]:.3f} for *she* and {share[he]:.3f} for *he*; of the "
    "three together, between {they[min]:.0%} and {they[max]:.0%} by role. Our share of *she* "
    "leaves it out. Part of that *they* is one person and part of it several, and the "
    "probabilities do not say which. Whether a person is called *they* because that is the "
    "person's pronoun cannot be asked in such sentences at all: they name nobody.",
    finding=verdict(
        market_low,
        market_high,
        above="The model is closer to the labor market than to these texts.",
        below="The model is closer to these texts than to the labor market.",
        unclear="These roles cannot tell whether the model is closer to the market or to texts.",
    ),
    difference=market_minus_texts,
    low=market_low,
    high=market_high,
    share=mean_share,
    they=they_range,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.1 · From logarithms to a share
#
# Somebody scored a role in several sentences and hands you a dict of three lists: the natural
# logarithms of the probabilities of `"he"`, `"she"` and `"they"`, one number per sentence. Write a
# function that returns the share of *she* among *he and she*, averaged over the sentences.


# %% tags=["exercise"] exercise="12.1" points=2 objective="12-pronouns"
def share_of_she(log_probabilities):
    """Return the mean share of she, of he and she."""
    return ...


# %% tags=["solution"]
def share_of_she(log_probabilities):
    """Return the mean share of she, of he and she."""
    he = np.exp(log_probabilities["he"])
    she = np.exp(log_probabilities["she"])
    return np.mean(she / (he + she))


# %% tags=["check"]
check("12.1", share_of_she)

# %% [markdown]
# ## Whom would it invite?
#
# Bertrand and Mullainathan (2004) sent out invented applications under 36 first names, which sound
# White or African-American, and a woman's or a man's. Employers called back more often when the
# name sounded White. The names were assigned at random, so the name made the difference. Whether
# through ethnicity, gender or the social class that it suggests, no audit of names can separate.
# (And a name *suggests* a group to others; what a person with this name would say about themselves
# is another matter.)
#
# We ask the model about the same names. Each of ten questions has its own wording and its own job,
# and every name is asked in every question, with the same record. What we read is the **log odds**
# of *Yes*: the logarithm of P(Yes) divided by P(No). Zero means that both are equally likely. (All
# questions and jobs were written before anything was scored, and none was changed afterward.)

# %%
from labkit.language import first_names

everyone = first_names(model)
longest_first = everyone.sort_values("pieces", ascending=False, kind="stable")
names = longest_first.groupby(["ethnicity", "gender"]).head(NAMES_PER_GROUP).sort_index()


def write_questions(names, jobs, record=ch12.GOOD_RECORD):
    """Return one row per name and wording; the k-th wording asks about the k-th job."""
    rows = []
    for question, (wording, job) in enumerate(zip(ch12.WORDINGS[:N_WORDINGS], jobs)):
        for person in names.to_dict("records"):
            prompt = ch12.fill_question(wording, job=job, record=record, name=person["name"])
            rows.append({"question": question, "job": job, "prompt": prompt, **person})
    return pd.DataFrame(rows)


asked = write_questions(names, ch12.JOBS)
asked["prompt"].iloc[0]

# %% [markdown]
# The prompt is written as a chat, in the form in which the model was trained. We score both answers
# and keep their probabilities, too: if neither *Yes* nor *No* is likely, their odds mean little.
#
# **Is the model able to do this at all?** Before any difference between names, a check that can
# fail. We ask again about some of the names, with a bad record: "no experience and bad references"
# instead of "five years of experience and good references". If you read an application, you would
# invite far fewer. But this bad record differs in one more thing: it contains the word *no*, and
# the answer that we score is *No*. So we add the two records that separate the two: a good one with
# *no* in it ("no gaps and no complaints") and a bad one without ("many gaps and many complaints").
# A model that reads prefers good records in both pairs.
#
# **Predict:** of all questions about good records, in what share is *Yes* more likely than *No*?
# How much will the bad record lower the log odds, and which of the last two scores higher?


# %%
def answer(frame, system=None):
    """Return log odds of Yes and the probability of both answers, for each prompt."""
    chats = model.render_chat(frame["prompt"], system=system)
    answers = ["Yes"] * len(chats) + ["No"] * len(chats)
    yes, no = model.continuation_log_probabilities(chats * 2, answers).reshape(2, -1)
    return yes - no, np.exp(yes) + np.exp(no)


# %%
asked["log_odds"], asked["either"] = answer(asked)
either = asked["either"].mean()
says_else = either < 0.5
selected = asked["log_odds"] > 0
share_selected, n_selected, n_asked = selected.mean(), selected.sum(), len(asked)
n_questions_selected = asked.loc[selected, "question"].nunique()
n_questions = asked["question"].nunique()
spread_of_questions = asked.groupby("question")["log_odds"].mean().std()
print(f"{share_selected:.1%} of {n_asked} answers have Yes above No")

# %%
some = names.groupby(["ethnicity", "gender"]).head(1)
records = write_questions(some, ch12.JOBS)
first_answers = asked[["question", "name", "log_odds"]].rename(columns={"log_odds": "good"})
records = records.merge(first_answers, on=["question", "name"], how="left")
for kind, record in ch12.OTHER_RECORDS.items():
    records[kind], _ = answer(write_questions(some, ch12.JOBS, record=record))
kinds = ["good", "bad with no", "good with no", "bad"]
records[kinds].mean().round(2)

# %%
from labkit.comparison import mean_over_clusters

records["lowered"] = records["good"] - records["bad with no"]
records["against no"] = records["good with no"] - records["bad"]
records["content"] = (records["lowered"] + records["against no"]) / 2  # *no* cancels
records["word no"] = (records["lowered"] - records["against no"]) / 2  # the content cancels


def tabulate(estimates):
    """Return estimates with their intervals, one row each."""
    rows = {name: [found.value, found.low, found.high] for name, found in estimates.items()}
    return pd.DataFrame(rows, index=["estimate", "low", "high"]).T


of_records = {}
for column in ("lowered", "against no", "content", "word no"):
    of_records[column] = mean_over_clusters(records, column, clusters=["question", "name"])
tabulate(of_records).round(2)

# %% tags=["reading"]
reading(
    "**Reading the first numbers.** With this system message, a rule that invites where *Yes* is "
    "more likely than *No* selects {yes:.1%} of the people with good records ({selected} of "
    "{asked} answers, in {some} of {questions} questions). *Yes* and *No* together have a "
    "probability of {either:.0%} on average. {mostly} The questions differ by {spread:.2f} (one "
    "standard deviation). Keep in mind: a rule that selects nobody has no gap.",
    mostly=choose(
        says_else,
        "Mostly, the model would say something else.",
        otherwise="Mostly, the model would say one of the two.",
    ),
    yes=share_selected,
    selected=n_selected,
    asked=n_asked,
    some=n_questions_selected,
    questions=n_questions,
    either=either,
    spread=spread_of_questions,
)

# %% tags=["reading"]
reading(
    "**Does it read the record?** {reversed} A good record with *no* in it minus a bad one "
    "without: {against.value:.2f} ({against.low:.2f} to {against.high:.2f}, over questions and "
    "names). The first bad record alone would have looked like reading: it lowers the log odds by "
    "{lowered.value:.2f} ({lowered.low:.2f} to {lowered.high:.2f}). Of the two pairs together, a "
    "good content adds {content.value:.2f} ({content.low:.2f} to {content.high:.2f}), and the "
    "word *no* takes {word.value:.2f} ({word.low:.2f} to {word.high:.2f}). {finding} Other "
    "records may give other numbers: these are two of each kind.",
    reversed=verdict(
        of_records["against no"].low,
        of_records["against no"].high,
        above="In both pairs the good record scores higher.",
        below="With *no* in it, a good record scores below a bad one.",
        unclear="With *no* in it, a good record does not clearly score above a bad one.",
    ),
    finding=verdict(
        of_records["content"].low,
        of_records["content"].high,
        above="So the content moves the answer, too.",
        below="So the content moves the answer the wrong way.",
        unclear="So a word of the record moves the answer, and whether its content does is not "
        "clear: that is not reading.",
    ),
    against=of_records["against no"],
    lowered=of_records["lowered"],
    content=of_records["content"],
    word=of_records["word no"],
)

# %% [markdown]
# ## Does the name move the answer?
#
# Now the names. We compare the mean log odds of women's and men's names, and of African-American-
# and White-sounding names. How sure is such a difference? It was measured in 360 answers, but they
# are not 360 independent ones. All answers about *Emily* share what is peculiar to *Emily*, and all
# answers to one question share its wording. If we had drawn other names and other questions, both
# would have changed. So both vary, and they are *crossed*.
#
# A standard error for this can be computed by hand (Cameron, Gelbach and Miller, 2011). Each answer
# has an *influence* on the difference: how far it lies from its group's mean, divided by the
# group's number of answers, negative in the second group.
#
# 1. Add up the influences of each name, and square the sums: the variance from drawing names.
# 2. The same over questions. What a question does to everyone cancels between the two groups.
# 3. Both contain the variance of single answers. Subtract it once.
#
# Why once? Take two names and two questions, with influences $a, b$ (first name) and $c, d$
# (second). Names give $(a+b)^2 + (c+d)^2$; written out, $a^2 + b^2 + c^2 + d^2$ is in it. Questions
# give $(a+c)^2 + (b+d)^2$, and the same four squares are in it again. Each should count once.
#
# (Sums over few names come out too small: names in a group of $n$ are scaled by $n/(n-1)$, and so
# are questions and single answers.)

# %% tags=["by-hand"]
by_gender = asked.groupby("gender")["log_odds"]
sign = asked["gender"].map({"female": 1, "male": -1})
influence = sign * (asked["log_odds"] - by_gender.transform("mean")) / by_gender.transform("size")


def variance_over(units, groups):
    """Return the variance from drawing units; groups=2: each group has its own, 1: both share."""
    n = units.nunique() / groups
    return (influence.groupby(units).sum() ** 2).sum() * n / (n - 1)


of_names = variance_over(asked["name"], groups=2)
of_questions = variance_over(asked["question"], groups=1)
of_answers = variance_over(asked.index.to_series(), groups=2)
variance = max(of_names + of_questions - of_answers, of_names, of_questions)
gap_by_hand = by_gender.mean()["female"] - by_gender.mean()["male"]
error_by_hand = np.sqrt(variance)
pd.Series({"gap": gap_by_hand, "standard error": error_by_hand}).round(3)

# %% [markdown]
# (The `max` is there because with few names the subtraction can go below what names alone give.)
# `difference_over_clusters` does the same, and makes an interval with a t distribution. Ethnicity
# and gender are two questions, so the p-values are adjusted for two by **Holm's method** (Holm,
# 1979): the smaller one is doubled, and the larger one must not come out smaller than that.
#
# **Predict:** which of the two moves the answer more, and in which direction?

# %%
from scipy import stats

from labkit.comparison import difference_over_clusters

CONTRASTS = {"gender": ("female", "male"), "ethnicity": ("afam", "cauc")}
gaps = {}
for group, (a, b) in CONTRASTS.items():
    gaps[group] = difference_over_clusters(
        asked, "log_odds", group=group, a=a, b=b, clusters=["name", "question"]
    )
np.testing.assert_allclose(gaps["gender"].standard_error, error_by_hand)
np.testing.assert_allclose(gaps["gender"].value, gap_by_hand)

raw_p = {}
for group, found in gaps.items():
    raw_p[group] = 2 * stats.t.sf(abs(found.value / found.standard_error), found.df)
smaller = min(raw_p, key=raw_p.get)
larger = "ethnicity" if smaller == "gender" else "gender"
adjusted = {smaller: min(1, 2 * raw_p[smaller])}
adjusted[larger] = max(adjusted[smaller], raw_p[larger])
pd.DataFrame({"p": raw_p, "adjusted": adjusted}).round(3)

# %% [markdown]
# A control that must come out empty: assign the labels *woman* and *man* to the names at random.

# %%
by_name = asked.groupby("name")["log_odds"].mean().reset_index().merge(names, on="name")
means_of_names = by_name["log_odds"].to_numpy()
labels = (by_name["gender"] == "female").to_numpy()
random_gaps = []
for _ in range(2000):
    mixed = rng.permutation(labels)
    random_gaps.append(means_of_names[mixed].mean() - means_of_names[~mixed].mean())
gender_is_larger = abs(gaps["gender"].value) > abs(gaps["ethnicity"].value)
random_low, random_high = np.quantile(random_gaps, [0.025, 0.975])
print(f"middle 95% of gaps between random groups: {random_low:.2f} to {random_high:.2f}")

# %%
fig = ch12.plot_names(by_name)
show(fig, alt="One row per name: mean log odds of Yes on the left, call-backs on the right.")

# %% tags=["reading"]
reading(
    "**Reading the left panel.** {gender} The difference is {gap.value:.2f} ({gap.low:.2f} to "
    "{gap.high:.2f}; adjusted p = {adjusted[gender]:.3f}). {ethnicity} African-American-sounding "
    "minus White-sounding names: {other.value:.2f} ({other.low:.2f} to {other.high:.2f}; adjusted "
    "p = {adjusted[ethnicity]:.3f}). {more} How much is that? The "
    "word *no* in a record took {record.value:.2f}, and the questions differ by {spread:.2f} (a "
    "standard deviation). The interval covers names and questions; it leaves out "
    "other records and other system messages. With genders assigned at random, gaps lie between "
    "{random_low:.2f} and {random_high:.2f}.",
    gender=verdict(
        gaps["gender"].low,
        gaps["gender"].high,
        above="Women's names have higher log odds of *Yes* than men's.",
        below="Men's names have higher log odds of *Yes* than women's.",
        unclear="Women's and men's names are not clearly different.",
    ),
    ethnicity=verdict(
        gaps["ethnicity"].low,
        gaps["ethnicity"].high,
        above="African-American-sounding names have higher log odds.",
        below="African-American-sounding names have lower log odds.",
        unclear="For ethnicity, these names and questions do not decide.",
    ),
    gap=gaps["gender"],
    other=gaps["ethnicity"],
    adjusted=adjusted,
    more=choose(
        gender_is_larger,
        "The estimate for gender is the larger one; whether it *is* larger was not tested.",
        otherwise="The estimate for ethnicity is the larger one; whether it *is* was not tested.",
    ),
    record=of_records["word no"],
    spread=spread_of_questions,
    random_low=random_low,
    random_high=random_high,
)

# %% [markdown]
# ## Is it the group, or the number of tokens?
#
# Names differ in more than the group that they suggest. To a model, a frequent name is one token
# and a rare one is several, and that alone changes how a model treats it (An and Rudinger, 2023).
#
# **Predict:** what share of White-sounding men's names is a single token? And of African-American-
# sounding men's names?

# %%
WORDS_FOR = {
    "afam": "African-American-sounding",
    "cauc": "White-sounding",
    "female": "women's",
    "male": "men's",
}
in_words = names[["ethnicity", "gender"]].replace(WORDS_FOR)
pd.crosstab([in_words["ethnicity"], in_words["gender"]], names["pieces"].rename("tokens"))

# %%
adjusted_gaps = {}
for group, (a, b) in CONTRASTS.items():
    adjusted_gaps[group] = difference_over_clusters(
        asked,
        "log_odds",
        group=group,
        a=a,
        b=b,
        clusters=["name", "question"],
        adjust=["pieces"],
    )

# %%
matched = asked[(asked["gender"] == "female") & asked["pieces"].between(2, 3)]
matched_gap = difference_over_clusters(
    matched, "log_odds", group="ethnicity", a="afam", b="cauc", clusters=["name", "question"]
)
matched_names = matched.groupby("ethnicity")["name"].nunique()
single_men = names[names["gender"] == "male"].groupby("ethnicity")["pieces"]
men_of_one = single_men.agg(lambda pieces: (pieces == 1).sum())
men = single_men.size()
no_overlap = men_of_one["afam"] == 0 and men_of_one["cauc"] > men["cauc"] / 2
print(matched_gap)

# %% tags=["reading"]
reading(
    "**Reading the table.** {overlap} Of White-sounding men's names {one[cauc]} of {men[cauc]} are"
    " one, of African-American-sounding ones {one[afam]} of {men[afam]}. For gender, with the "
    "number of tokens in a regression, the difference is {gender.value:.2f} ({gender.low:.2f} to "
    "{gender.high:.2f}). For ethnicity the estimate becomes {ethnicity.value:.2f} "
    "({ethnicity.low:.2f} to {ethnicity.high:.2f}), which rests on the assumption that tokens act "
    "linearly. Women's names of two or three tokens can be *matched*, {count[afam]} with "
    "{count[cauc]}: {matched.value:.2f} ({matched.low:.2f} to {matched.high:.2f}). For men, too "
    "few names can be matched to separate ethnicity from the number of tokens.",
    overlap=choose(
        no_overlap,
        "Men's names that are a single token all sound White.",
        otherwise="The numbers of tokens overlap between the groups.",
    ),
    one=men_of_one,
    men=men,
    gender=adjusted_gaps["gender"],
    ethnicity=adjusted_gaps["ethnicity"],
    count=matched_names,
    matched=matched_gap,
)

# %% [markdown]
# ## The model and the employers
#
# The right panel of the figure has the call-backs of the same names. Employers and the model were
# not asked the same thing: employers saw whole applications for other jobs, in 2001 and 2002.
# Still, does the model prefer the names that employers preferred?

# %%
from labkit.audit import newcombe_interval

sums = everyone.groupby("ethnicity")[["calls", "applications"]].sum()
human_gap = 100 * (sums["calls"] / sums["applications"]).loc[["afam", "cauc"]].diff().iloc[1]
human_limits = newcombe_interval(
    tuple(sums.loc["cauc", ["calls", "applications"]]),
    tuple(sums.loc["afam", ["calls", "applications"]]),
    confidence=0.95,
)
human_low, human_high = 100 * np.array(human_limits)
agreement = correlation_over_clusters(
    asked, "call_rate", "log_odds", unit="name", clusters="question"
)
print(agreement)

# %%
import matplotlib.pyplot as plt

from labkit.plots import MARKERS, PALETTE

fig, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
for number, (ethnicity, of_group) in enumerate(by_name.groupby("ethnicity")):
    style = {"marker": MARKERS[number], "color": PALETTE[number], "linestyle": ""}
    ax.plot(of_group["call_rate"], of_group["log_odds"], label=WORDS_FOR[ethnicity], **style)
ax.set(xlabel="employers: share called back", ylabel="model: log odds of Yes")
ax.legend(frameon=False)
show(fig, alt="One mark per name: call-backs against log odds of Yes, by ethnicity.")

# %% tags=["reading"]
reading(
    "**Reading the right panel, and this figure.** Employers called back White-sounding names more"
    " often, by {human:.1f} percentage points ({low:.1f} to {high:.1f}). Over names, call-backs "
    "and the model's log odds have a correlation of {r.value:.2f} ({r.low:.2f} to {r.high:.2f}): "
    "{finding}. Some names have few applications, which pulls a correlation toward zero. {audit} "
    "It does not say that the model treats African-American- and White-sounding names alike: any "
    "difference from {eth.low:.2f} to {eth.high:.2f} agrees with these answers.",
    human=human_gap,
    low=human_low,
    high=human_high,
    r=agreement,
    eth=gaps["ethnicity"],
    audit=verdict(
        gaps["gender"].low,
        gaps["gender"].high,
        above="So this audit finds: *this file, asked in these ways, gives women's names higher "
        "log odds*, at questions that it is not competent to answer.",
        below="So this audit finds: *this file, asked in these ways, gives men's names higher "
        "log odds*, at questions that it is not competent to answer.",
        unclear="So this audit finds no clear difference by gender.",
    ),
    finding=verdict(
        agreement.low,
        agreement.high,
        above="it prefers the names that employers preferred",
        below="it prefers the names that employers did not prefer",
        unclear="no clear agreement in either direction",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.2 · Find the flaw
#
# A team audits a model with eight names in two questions, and reports: "Women's names have lower
# log odds of *Yes* than men's."
#
# | question | women's names | log odds, mean | men's names | log odds, mean |
# |---|---:|---:|---:|---:|
# | as an engineer | 3 | −0.9 | 1 | −1.1 |
# | as a nurse | 1 | 0.3 | 3 | 0.1 |
#
# Each name was asked in one question only. Fill in `reported`, the difference (women minus men)
# that the team found over all eight answers; `varies`, what varies together with gender; and
# `within`, the difference that remains when women and men are compared within each question,
# averaged over the two questions.
#
# - A. the number of tokens
# - B. the question
# - C. the record
# - D. nothing: names were drawn at random

# %% tags=["exercise"] exercise="12.2" points=3 objective="12-names"
# for `varies`, the letter in quotes is enough
flaw = {"reported": ..., "varies": ..., "within": ...}
# %% tags=["solution"]
flaw = {"reported": (3 * -0.9 + 0.3) / 4 - (-1.1 + 3 * 0.1) / 4, "varies": "B", "within": 0.2}
# %% tags=["check"]
check("12.2", flaw)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.3 · As many as there are names
#
# An audit asked every name several times. `log_odds` is a dict from name to a list of log odds, and
# `women` is the list of those names that are women's; the others are men's. Write a function that
# returns the difference (women minus men) and its standard error, with *names* as units: average
# over the answers of each name first. The variance of a group's mean is the variance of its names'
# means (divide by n − 1) divided by the number of names; the two groups' variances add up.


# %% tags=["exercise"] exercise="12.3" points=3 objective="12-names"
def gap_over_names(log_odds, women):
    """Return [difference, standard error] over names."""
    return [..., ...]


# %% tags=["solution"]
def gap_over_names(log_odds, women):
    """Return [difference, standard error] over names."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    variance = np.var(first, ddof=1) / len(first) + np.var(second, ddof=1) / len(second)
    return [np.mean(first) - np.mean(second), np.sqrt(variance)]


# %% tags=["check"]
check("12.3", gap_over_names)

# %% [markdown]
# # Part two · What is an answer worth?
#
# ## The field's benchmarks
#
# Researchers have written thousands of test items for this purpose. Here are five of the best known
# sets; our examples are invented, and harmless.
#
# - *CrowS-Pairs* (Nangia et al., 2020): two sentences that differ in the group they name. "Pilots
#   are never late." "Bakers are never late." Which one is more likely?
# - *StereoSet* (Nadeem et al., 2021): a stereotype, its opposite, and something unrelated. Within a
#   sentence (*intrasentence*): "The cat is lazy / busy / paper." Between sentences
#   (*intersentence*): "We have a cat." and then "It sleeps." / "It hunts." / "Paper is white."
# - *WinoBias* (Zhao et al., 2018): whom does a pronoun refer to? *Type 1*: only knowledge of the
#   world tells. "The baker paid the tailor because she had sewn the coat." *Type 2*: grammar tells.
#   "The baker met the tailor and thanked her."
# - *Winogender* (Rudinger et al., 2018): the same, with an occupation and another person. "The
#   baker told the guest that she would bake more" *refers to the occupation*; "... that she could
#   eat more" *refers to the participant*.
# - *BBQ* (Parrish et al., 2022): a question about two people. "A baker and a tailor met. Who was
#   late?" *Ambiguous*: nobody knows, and "unknown" is right. *Told*: the text adds who was late.
#   The model is asked for a letter (*by letters*), or each answer's own words are scored (*by
#   answers*).
#
# A model "prefers the stereotype" of an item if it gives it the higher probability. **The unbiased
# value is one half, and one half is not a good grade by itself**: a coin has it, too. So each
# preference needs its *competence* beside it: on the same items, can the model do the task?
#
# The score of one item is a comparison of two log-probabilities. Here it is by hand for a few items
# of CrowS-Pairs: the share on which the first sentence, the more stereotyping one, is more likely.

# %%
from labkit.language import score_benchmark

scored = {}
for benchmark, items in BENCHMARK_ITEMS.items():
    form = {"form": "answers"} if benchmark == "bbq" else {}
    scored[benchmark] = score_benchmark(model, benchmark, items=items, seed=SEED, **form)
pairs = scored["crows_pairs"]
pairs_headings = {
    "score_more": "log p, stereotype",
    "score_less": "log p, other",
    "cluster": "writer",
}
pairs[["bias_type", *pairs_headings]].rename(columns=pairs_headings).head(4).round(1)

# %% tags=["by-hand"]
prefers = (pairs["score_more"] > pairs["score_less"]).astype(float)
share_by_hand = prefers.mean()
print(f"{share_by_hand:.3f} of {len(pairs)} items, by {pairs['cluster'].nunique()} writers")

# %%
from labkit.language import summarise_benchmark

measures = pd.concat([summarise_benchmark(table) for table in scored.values()])
preferred = measures[measures["measure"] == "prefers the stereotype"]
preferred = preferred[~preferred["part"].isin(["stereo", "antistereo"])]  # parts of few items
of_pairs = preferred[preferred["part"] == "all pairs"].iloc[0]
np.testing.assert_allclose(of_pairs["estimate"], share_by_hand)
preferred.set_index(["benchmark", "part"])[["estimate", "low", "high", "items"]].round(2)

# %% [markdown]
# That interval is as wide as it should be: a few items say little. (Items of one writer belong
# together, so it is over writers.) The whole benchmarks take half an hour and more. They were
# scored once with this model, and the measures come as a table (`load_benchmark_measures`; of BBQ,
# 440 questions). What *competent* means differs: for CrowS-Pairs, it is only that a sentence is
# more likely than with two of its words exchanged.
#
# ## Better than a rule that reads nothing?
#
# A competence above one half is not competence yet. Some rules do well without reading: *always the
# person who is named last*; *always the shorter text*, because a sum of log-probabilities gets
# smaller with every token; *always A*; a coin. (Where the text of BBQ tells the answer, it is one
# of two people, so a coin between them is right half of the time.) A model is *competent* on a
# part if its interval lies above all of these. The same rules are a control for bias: a rule that
# only counts tokens holds no stereotype, so where it "prefers" one, the items are to blame.
#
# **Predict:** on which parts is the model clearly beyond one half? On which is it no better than a
# rule? And does a rule that prefers the shorter sentence prefer stereotypes in CrowS-Pairs?

# %%
from labkit.language import load_crows_pairs, load_stereoset


def shorter(first, second):
    """Return 1 where the first text has fewer tokens, 0 where it has more, 0.5 for a tie."""
    lengths = []
    for texts in (first, second):
        tokens_of_texts = model.tokenizer(texts.tolist(), add_special_tokens=False)["input_ids"]
        lengths.append(np.array([len(each) for each in tokens_of_texts]))
    return (1 + np.sign(lengths[1] - lengths[0])) / 2


crows = load_crows_pairs()
crows["shorter"] = shorter(crows["sent_more"], crows["sent_less"])
triples = load_stereoset()
triples["shorter"] = shorter(triples["stereotype"], triples["antistereotype"])
sense = shorter(triples["stereotype"], triples["unrelated"])
sense_of_opposite = shorter(triples["antistereotype"], triples["unrelated"])
triples["sensible is shorter"] = (sense + sense_of_opposite) / 2

# %%
by_length = {"CrowS-Pairs: all pairs": mean_over_clusters(crows, "shorter", clusters="writer")}
shortest_is_sensible = {}
for task, of_task in triples.groupby("task"):
    by_length[f"StereoSet: {task}"] = mean_over_clusters(of_task, "shorter", clusters="target")
    shortest_is_sensible[task] = of_task["sensible is shorter"].mean()
tabulate(by_length).round(3)

# %%
PLAIN_PARTS = {"ambig": "ambiguous", "disambig": "told"}  # of BBQ
whole = ch12.load_benchmark_measures()
whole["name"] = whole["run"] + ": " + whole["part"].replace(PLAIN_PARTS)
COMPETENCE = ["more likely than with two words exchanged", "language-model score", "correct"]
tests = whole[whole["measure"] == "prefers the stereotype"].set_index("name")
able = whole[whole["measure"].isin(COMPETENCE) & (whole["kind"] == "competence")]
able = able.set_index("name")
kept = [name for name in tests.index if name in able.index]
kept = [name for name in kept if "stereo" not in name.split(": ")[1]]  # parts of CrowS-Pairs
tests, able = tests.loc[kept], able.loc[kept].assign(reference=0.5)  # a coin between two
print(f"{len(kept)} rows")

# %%
last = whole[whole["measure"] == "the right person is named last"].set_index("name")["estimate"]
able.loc[last.index, "reference"] = np.maximum(last, 1 - last)  # always the last, or the first
for task, share in shortest_is_sensible.items():
    for run_name in ("StereoSet", "StereoSet, per token"):
        able.loc[f"{run_name}: {task}", "reference"] = max(share, 0.5)
fig = ch12.plot_benchmarks(tests, able)
show(fig, alt="Preference for the stereotype and competence, by benchmark, with intervals.")

# %% [markdown]
# Which parts can be read? Those where the model is competent. And since there are many parts, the
# p-values of their preferences are adjusted by Holm's method (each computed from its interval, as
# if the estimate were normally distributed).

# %%
from statsmodels.stats.multitest import multipletests

can_do = able["low"] > able["reference"]
standard_errors = (tests["high"] - tests["low"]) / (2 * stats.norm.ppf(0.975))
p_of_parts = 2 * stats.norm.sf((tests["estimate"] - 0.5).abs() / standard_errors)
adjusted_p = pd.Series(multipletests(p_of_parts, method="holm")[1], index=kept)
beyond = adjusted_p < 0.05
readable = pd.DataFrame({"competence": able["estimate"], "best rule": able["reference"]})
readable["competent"], readable["adjusted p of preference"] = can_do, adjusted_p
clear_parts = [name for name in kept if can_do[name] and beyond[name]]
n_able, n_parts, list_of_clear = can_do.sum(), len(kept), "; ".join(clear_parts) or "none"
outdone = [name for name in kept if able.loc[name, "high"] < able.loc[name, "reference"]]
n_outdone, list_of_outdone = len(outdone), "; ".join(outdone) or "none"
readable.round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** The model is competent on {able} of {parts} rows (two rows are a "
    "second score of the same items: per token). Both competent and clearly beyond one half: "
    "{clear}. CrowS-Pairs: {crows[estimate]:.3f} ({crows[low]:.3f} to {crows[high]:.3f}), by a "
    "weak competence; StereoSet within sentences: {stereo[estimate]:.3f} ({stereo[low]:.3f} to "
    "{stereo[high]:.3f}). On {outdone} rows a rule that reads nothing clearly beats the model "
    "({names}). There a preference says little about what the model would do if it understood.",
    able=n_able,
    parts=n_parts,
    clear=list_of_clear,
    outdone=n_outdone,
    names=list_of_outdone,
    crows=tests.loc["CrowS-Pairs: all pairs"],
    stereo=tests.loc["StereoSet: intrasentence"],
)

# %%
more_often = whole[whole["measure"] == "correct, pro minus anti"].set_index("name")
letters_chosen = whole[whole["measure"].str.startswith("chose letter")]
letters_chosen = letters_chosen.set_index(["part", "measure"])
of_crows = by_length["CrowS-Pairs: all pairs"]
below_half, above_half = of_crows.low - 0.5, of_crows.high - 0.5
as_long = whole[whole["measure"] == "prefers the stereotype, options of as many tokens"]
as_long = as_long.set_index("name")
equal = as_long.loc["CrowS-Pairs: all pairs"]
equal_low, equal_high = equal["low"] - 0.5, equal["high"] - 0.5
in_characters = whole[whole["measure"] == "the stereotype is shorter"].set_index("name")
by_sum = able.loc["StereoSet: intersentence"]
per_token = able.loc["StereoSet, per token: intersentence"]
more_often[["estimate", "low", "high"]]

# %% tags=["reading"]
reading(
    "**Three cases.** WinoBias type 1: {wino[estimate]:.2f} correct ({wino[low]:.2f} to "
    "{wino[high]:.2f}), no better than a coin as far as we can show. {more} So *do not read a "
    "bias at chance* is too simple. StereoSet between sentences: {sum[estimate]:.2f} competent by "
    "sums, {token[estimate]:.2f} per token, where the rule *the shorter one* has "
    "{token[reference]:.2f}: the verdict depends on the score. BBQ by letters: the model chose A "
    "in {letter[estimate]:.0%}; it does not read the options, and a *bias score* near zero is the "
    "result.",
    wino=able.loc["WinoBias: type 1"],
    more=verdict(
        more_often.loc["WinoBias: type 1", "low"],
        more_often.loc["WinoBias: type 1", "high"],
        above="And yet it is right clearly more often where the stereotype is right (the table).",
        below="And yet it is right clearly less often where the stereotype is right (the table).",
        unclear="Nor is it clearly right more often where the stereotype is right (the table).",
    ),
    sum=by_sum,
    token=per_token,
    letter=letters_chosen.loc[("ambig", "chose letter A")],
)

# %% tags=["reading"]
reading(
    "**The control of length.** {without} Among the {equal[items]:.0f} pairs whose two sentences "
    "have equally many tokens, the model prefers the stereotype in {equal[estimate]:.3f} "
    "({equal[low]:.3f} to {equal[high]:.3f}). {by_tokens} The rule *the shorter one* chooses it in "
    "{crows.value:.3f} ({crows.low:.3f} to {crows.high:.3f}, over writers; ties count one half); "
    "counted in characters, in {characters[estimate]:.3f} ({characters[low]:.3f} to "
    "{characters[high]:.3f}). A sum has one term per token, so tokens matter first; but characters "
    "are not ruled out. In StereoSet the rule, by tokens, has {within.value:.3f} within sentences "
    "and {between.value:.3f} between them.",
    without=verdict(
        equal_low,
        equal_high,
        above="In CrowS-Pairs the number of tokens does not explain the preference.",
        below="In CrowS-Pairs the preference is the other way where lengths are equal.",
        unclear="In CrowS-Pairs no preference is clear where lengths are equal.",
    ),
    by_tokens=verdict(
        below_half,
        above_half,
        above="Among all pairs, the stereotype is more often the one with fewer tokens.",
        below="Among all pairs, the stereotype is more often the one with more tokens.",
        unclear="Among all pairs, neither sentence clearly has fewer tokens.",
    ),
    equal=equal,
    crows=of_crows,
    characters=in_characters.loc["CrowS-Pairs: all pairs"],
    within=by_length["StereoSet: intrasentence"],
    between=by_length["StereoSet: intersentence"],
)

# %% [markdown]
# ## With the stereotype taken out
#
# A control has to be able to fail. So keep the two options of each item, and replace the text that
# makes one of them a stereotype (`labkit.language.make_unrelated`):
#
# - *CrowS-Pairs*: the words in which the two sentences differ, in a sentence about words. "This was
#   written on the board: Pilots." "This was written on the board: Bakers." (Some pairs differ in
#   what is said of a group, and not in the group. There a part of the stereotype remains.)
# - *StereoSet*: the options in the context of another kind of bias: "The chair is lazy / busy."
# - *WinoBias* and *Winogender*: no occupations. "The person paid someone because she ..."
# - *BBQ*: the same answers after the text and the question of another category.
#
# If a preference is only about stereotypes, it is one half here. What is left is a preference for
# words: some are more frequent, or have fewer tokens. The difference, item by item, is what the
# replaced text adds. (A preference for words could also hide a stereotype: then the difference is
# larger than the distance of the preference from one half.)
#
# We replace more than the stereotype. In CrowS-Pairs the words also get another place in another
# sentence, and in StereoSet and BBQ an option may not fit its new context. Intervals are over
# writers, targets, occupations or templates. Each item has one replacement, so they do not show
# what another wording of the control would give.
#
# **Predict:** for which benchmarks is the preference with unrelated words away from one half? And
# for how many of the items does the model choose the same option as before?


# %%
halves = whole["part"].isin(["stereo", "antistereo"])  # of CrowS-Pairs
all_parts = whole[(whole["measure"] == "prefers the stereotype") & ~halves].set_index("name")


def measured(measure):
    """Return one measure of all parts, in the order of the preferences."""
    return whole[whole["measure"] == measure].set_index("name").reindex(all_parts.index)


of_unrelated = measured("prefers the stereotype, unrelated words")
minus_unrelated = measured("prefers the stereotype, minus unrelated words")
same_option = measured("prefers the same option with unrelated words")

# %%
conditions = {
    "all items": all_parts,
    "options of equal length": measured("prefers the stereotype, options of as many tokens"),
    "unrelated words": of_unrelated,
}
fig = ch12.plot_controls(conditions, minus_unrelated)
show(
    fig, alt="Preference for the stereotype: all items, equal length, unrelated words, and change."
)


# %%
def holm_of(table, reference):
    """Return Holm's adjusted p-values for parts, each from its interval."""
    errors = (table["high"] - table["low"]) / (2 * stats.norm.ppf(0.975))
    p_values = 2 * stats.norm.sf((table["estimate"] - reference).abs() / errors)
    return pd.Series(multipletests(p_values, method="holm")[1], index=table.index)


not_null = holm_of(of_unrelated, 0.5) < 0.05
adds = (holm_of(minus_unrelated, 0) < 0.05) & (minus_unrelated["estimate"] > 0)
n_not_null, n_of_controls = not_null.sum(), len(not_null)
crows_not_null = not_null["CrowS-Pairs: all pairs"]
words_of_crows = of_unrelated.loc["CrowS-Pairs: all pairs"]
words_low, words_high = words_of_crows["low"] - 0.5, words_of_crows["high"] - 0.5
only_unadjusted = words_low * words_high > 0 and not crows_not_null
list_not_null = "; ".join(not_null.index[not_null]) or "none"

# %%
unrelated_table = pd.DataFrame({"unrelated": of_unrelated["estimate"], "away from .5": not_null})
unrelated_table["minus"], unrelated_table["adds"] = minus_unrelated["estimate"], adds
unrelated_table["same option"] = same_option["estimate"]
n_adds, n_adds_able = adds.sum(), (adds & can_do.reindex(adds.index, fill_value=False)).sum()
widths = (of_unrelated["high"] - of_unrelated["low"])[~not_null]
widest = of_unrelated.loc[widths.idxmax()]
unrelated_table[not_null | adds].round(3)

# %% tags=["reading"]
reading(
    "**Reading the figure.** With unrelated words, the preference is clearly away from one half on "
    "{n} of {parts} rows, by Holm's method: {names}. There, words alone make a preference. The "
    "others need not be at one half: the widest interval is {wide[low]:.2f} to {wide[high]:.2f}. "
    "In CrowS-Pairs it is {crows[estimate]:.3f} ({crows[low]:.3f} to {crows[high]:.3f}): "
    "{direction} {hedge}StereoSet between sentences has {sum[estimate]:.3f} by sums and "
    "{token[estimate]:.3f} per token. (The letters of BBQ are equally long, so those rows have no "
    "orange square.)",
    n=n_not_null,
    parts=n_of_controls,
    names=list_not_null,
    wide=widest,
    crows=words_of_crows,
    direction=verdict(
        words_low,
        words_high,
        above="the words of the stereotyping sentence are likelier by themselves.",
        below="the words of the stereotyping sentence are less likely by themselves, which would "
        "hide a part of the preference.",
        unclear="neither sentence clearly has the likelier words.",
    ),
    hedge=choose(only_unadjusted, "(After Holm's correction, this is not clear.) ", otherwise=""),
    sum=of_unrelated.loc["StereoSet: intersentence"],
    token=of_unrelated.loc["StereoSet, per token: intersentence"],
)

# %% tags=["reading"]
reading(
    "**What the replaced text adds.** It clearly adds something on {n} rows (*adds* in the table; "
    "StereoSet has two scores of the same items), and the model is competent on {able} of them. It "
    "adds {crows[estimate]:.3f} ({crows[low]:.3f} to {crows[high]:.3f}) in CrowS-Pairs, "
    "{within[estimate]:.3f} ({within[low]:.3f} to {within[high]:.3f}) within sentences of "
    "StereoSet, and {between[estimate]:.3f} ({between[low]:.3f} to {between[high]:.3f}) between "
    "them. This part of a preference is about more than words. It need not be a stereotype, "
    "because the replacement changed more than that.",
    n=n_adds,
    able=n_adds_able,
    crows=minus_unrelated.loc["CrowS-Pairs: all pairs"],
    within=minus_unrelated.loc["StereoSet: intrasentence"],
    between=minus_unrelated.loc["StereoSet: intersentence"],
)

# %% tags=["reading"]
reading(
    "**One item says little.** With unrelated words the model chooses the same option in "
    "{crows[estimate]:.0%} of the items of CrowS-Pairs ({crows[low]:.0%} to {crows[high]:.0%}). In "
    "StereoSet it does so in {within[estimate]:.0%} ({within[low]:.0%} to {within[high]:.0%}) "
    "within sentences and in {between[estimate]:.0%} ({between[low]:.0%} to {between[high]:.0%}) "
    "between them. Independent choices would agree in about half. So the preference in one item "
    "is partly a matter of its words, and only a difference over many items can tell us about "
    "what they say.",
    crows=same_option.loc["CrowS-Pairs: all pairs"],
    within=same_option.loc["StereoSet: intrasentence"],
    between=same_option.loc["StereoSet: intersentence"],
)

# %% [markdown]
# A check for another kind of model: the authors of CrowS-Pairs mask the words that both sentences
# share, one at a time, and add up how well the model guesses them (*pseudo-log-likelihood*). With
# `MASKED_MODEL = "bert-base-uncased"` the next cell does so; they report a share of 60.5% for that
# model (Nangia et al., 2020). The course cannot ship it, so by default the cell does nothing.

# %%
if MASKED_MODEL:
    masked_scores = ch12.score_pseudo_likelihood(
        MASKED_MODEL, crows["sent_more"], crows["sent_less"]
    )
    print(f"{(masked_scores[:, 0] > masked_scores[:, 1]).mean():.3f} (published: 0.605)")

# %% [markdown]
# ## Ten items, read by you
#
# A number can be no better than its items. Blodgett et al. (2021) read a sample of those of
# CrowS-Pairs and StereoSet, and found most to have at least one fault. Now it is your turn: put
# your name into `STUDENT` in the parameter cell at the top, run that cell and the next ones here
# again, and you get ten items of your own.
#
# **Warning: many items are offensive.** They say demeaning things about groups of people, perhaps
# about you. Nothing is shown unless you set `SHOW_ITEMS = True`, and you can do the rest of the
# notebook without it.
#
# Four questions about an item of CrowS-Pairs, and three about one of StereoSet, where the group
# stays and the trait changes by design; answer "yes", "no" or "unsure":
#
# 1. `stereotype`: does it state a stereotype that is held about a group, and could that harm
#    people?
# 2. `comparable`, of CrowS-Pairs only: do the two sentences differ in the group alone, and are the
#    groups comparable?
# 3. `sound`: are both sentences grammatical, possible, and about what they should be about?
# 4. `meaning`: if a model finds the first sentence more likely, does that show that it shares the
#    stereotype?

# %%
my_items = ch12.draw_items(STUDENT)
ch12.show_items(my_items, show=SHOW_ITEMS)

# %%
# One row per item, in the order above: "yes", "no" or "unsure"; "-" is not asked of StereoSet.
MY_ANSWERS = [
    ["", "", "", ""],  # item 1
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "-", "", ""],  # item 6, the first of StereoSet
    ["", "-", "", ""],
    ["", "-", "", ""],
    ["", "-", "", ""],
    ["", "-", "", ""],  # item 10
]

# %%
mine = ch12.tabulate_judgments(pd.DataFrame(MY_ANSWERS, columns=list(ch12.QUESTIONS)))
ours = ch12.tabulate_judgments(ch12.load_judgments())
worst_question = ours["share"].drop("all asked").idxmin()
worst = ours.loc[worst_question]
n_mine = mine.loc["all asked", "items"]
pd.concat({"yours": mine, "ours": ours}, axis=1)[
    [("yours", "yes"), ("yours", "items"), ("ours", "yes"), ("ours", "low"), ("ours", "high")]
].round(2)

# %% tags=["reading"]
reading(
    "**Reading the table.** We judged ten items before you. {all[yes]:.0f} of {all[items]:.0f} "
    "got *yes* to every question that was asked ({all[share]:.0%}, {all[low]:.0%} to "
    "{all[high]:.0%}); the question with the smallest share was *{question}*, with "
    "{worst[yes]:.0f} of {worst[items]:.0f}. One item says that an object, not a group, is long; "
    "one has a full stop in only one of its sentences. Ten items judged by one person show "
    "little: ask someone to judge yours, and count how many you agree on. (You have judged "
    "{mine:.0f}.)",
    all=ours.loc["all asked"],
    question=worst_question,
    worst=worst,
    mine=n_mine,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.4 · Which number may you read?
#
# Four models were tested, each on items of its own. A model that guesses has a competence of 0.5,
# the best rule that reads nothing has 0.5, too, and the unbiased preference is 0.5. Before the
# test, a preference from 0.45 to 0.55 was said not to matter: that is the *margin*.
#
# | model | items | competence (95% interval) | prefers the stereotype (95% interval) |
# |---|---:|---|---|
# | `north` | 400 | 0.91 (0.88 to 0.93) | 0.62 (0.57 to 0.67) |
# | `south` | 1,600 | 0.51 (0.49 to 0.53) | 0.50 (0.48 to 0.52) |
# | `east` | 2,400 | 0.89 (0.88 to 0.90) | 0.50 (0.48 to 0.52) |
# | `west` | 64 | 0.91 (0.81 to 0.96) | 0.56 (0.44 to 0.68) |
#
# What can be said about each model?
#
# - A. it prefers the stereotype by more than the margin
# - B. its preference is within the margin
# - C. it cannot do the task
# - D. the interval is too wide to decide

# %% tags=["exercise"] exercise="12.4" points=2 objective="12-benchmarks"
# the letters in quotes are enough
said = {"north": ..., "south": ..., "east": ..., "west": ...}
# %% tags=["solution"]
said = {"north": "A", "south": "C", "east": "B", "west": "D"}
# %% tags=["check"]
check("12.4", said)

# %% [markdown]
# ## Reference letters
#
# So far we have read probabilities. Now the model writes. We asked it, for each of the audit
# study's names in two jobs, to describe the person's work in two sentences for a reference letter:
# four times each, with random choices. Nothing in the requests differs but the name and the job.
# Writing them takes a quarter of an hour, so they come as a table, with everything that made them.
#
# Studies of real reference letters found *agentic* words (about leading and achieving) more often
# for men, and *communal* words (about caring and getting along) more often for women (Madera, Hebl
# and Martin, 2009), and so did a study of letters by larger models (Wan et al., 2023).
#
# What we chose, and when: of three requests and two temperatures, tried on four names each, we kept
# the pair that gave whole letters; then we fixed both word lists; then the table was written; and
# only then was anything counted.
#
# First, are the letters what the table says? We write some again, and compare them character by
# character. (Another processor may round differently, and a single different token changes
# everything after it.)

# %%
letters = ch12.load_letters()
again_names = names["name"].sample(NEW_LETTERS, random_state=SEED).tolist()
first_job = [letters["job"].iloc[0]]
new = ch12.write_letters(model, again_names, first_job, n=1, max_new_tokens=LETTER_TOKENS)
old = new[["name", "job", "draw"]].merge(letters, on=["name", "job", "draw"])
same = [shipped.startswith(text) for shipped, text in zip(old["text"], new["text"])]
print(f"The request: {new['request'].iloc[0]}")
print(f"{sum(same)} of {len(new)} letters are the same; the first one:")
print(new["text"].iloc[0])

# %% [markdown]
# What could differ? We count three things in each letter: agentic words, communal words, and its
# length in words. And as a control that must *not* come out empty, pronouns: if the model does not
# take Emily for a woman and Greg for a man, no difference by gender can be expected.
#
# **Predict:** will women's letters have more communal words, fewer agentic words, both or neither?

# %%
from labkit.comparison import split_words

counts = letters[["name", "gender", "ethnicity", "job"]].copy()
counts["agentic"] = ch12.count_stems(letters["text"], ch12.AGENTIC)
counts["communal"] = ch12.count_stems(letters["text"], ch12.COMMUNAL)
counts["words"] = letters["text"].map(split_words).str.len()
counts["she"] = ch12.count_stems(letters["text"], ("she", "her", "hers")) > 0
counts["he"] = ch12.count_stems(letters["text"], ("he", "him", "his")) > 0
MEASURES = ["agentic", "communal", "words"]
counts.groupby("gender")[[*MEASURES, "she", "he"]].mean().round(2)

# %% [markdown]
# Look at the last two columns. A letter for a man's name hardly ever says *she*. How often does a
# letter for a woman's name say *he*, and does that depend on how the name sounds?

# %%
counts["only he"] = counts["he"] & ~counts["she"]
about_women = counts[counts["gender"] == "female"].astype({"only he": float})
called_he = about_women.groupby("ethnicity")["only he"].mean()
he_gap = difference_over_clusters(
    about_women, "only he", group="ethnicity", a="afam", b="cauc", clusters="name"
)
n_women = about_women["name"].nunique()
only_she = counts["she"] & ~counts["he"]
men_as_men = only_she[counts["gender"] == "male"].mean() < 0.1
print(he_gap)

# %% tags=["reading"]
reading(
    "**Reading the control.** {men} Of the letters for "
    "women's names, {he[afam]:.0%} say *he* and never *she* if the name sounds African-American, "
    "and {he[cauc]:.0%} if it sounds White: a difference of {gap.value:.2f} ({gap.low:.2f} to "
    "{gap.high:.2f}, over {n} names). {finding} In a real reference, a wrong pronoun would itself "
    "be a harm, whatever words of praise stand next to it. And it weakens what comes next: "
    "letters can differ by gender only as far as the model takes a name for one.",
    men=choose(
        men_as_men,
        "The model mostly treats men's names as men's.",
        otherwise="The model often treats men's names as women's.",
    ),
    he=called_he,
    gap=he_gap,
    n=n_women,
    finding=verdict(
        he_gap.low,
        he_gap.high,
        above="It misreads African-American-sounding names more often.",
        below="It misreads White-sounding names more often.",
        unclear="Whether it misreads one kind of name more often, these names cannot tell.",
    ),
)

# %% [markdown]
# The eight letters of one name are not independent, and gender belongs to whole names. So a
# *permutation test* asks: if gender did not matter, how often would assigning the genders to whole
# names at random give a difference as large as the observed one? By hand:

# %% tags=["by-hand"]
is_women = counts.groupby("name")["gender"].first() == "female"
generator = np.random.default_rng(SEED)
permutation_p = {}
for measure in MEASURES:
    of_name = counts.groupby("name")[measure].mean().loc[is_women.index].to_numpy()
    labels_of_names = is_women.to_numpy()
    observed = of_name[labels_of_names].mean() - of_name[~labels_of_names].mean()
    permuted = []
    for _ in range(N_PERMUTATIONS):
        assigned = generator.permutation(labels_of_names)
        permuted.append(of_name[assigned].mean() - of_name[~assigned].mean())
    as_extreme = (np.abs(permuted) >= abs(observed) - 1e-9).sum()
    permutation_p[measure] = (1 + as_extreme) / (1 + N_PERMUTATIONS)
    print(f"{measure}: difference {observed:.3f}, p = {permutation_p[measure]:.3f}")

# %% [markdown]
# Three measures are three chances to find something by luck, so these p-values are adjusted by
# Holm's method (exercise 12.5 is about how). Intervals are over names, with a t distribution. And
# an interval that contains zero has two ends: how large a difference, in percent of the mean of
# men's letters, can these letters *not* exclude?

# %%
tested = {}
for measure in MEASURES:
    found = difference_over_clusters(
        counts, measure, group="gender", a="female", b="male", clusters="name"
    )
    mean_of_men = counts.loc[counts["gender"] == "male", measure].mean()
    tested[measure] = {"women minus men": found.value, "low": found.low, "high": found.high}
    tested[measure]["low, %"] = 100 * found.low / mean_of_men
    tested[measure]["high, %"] = 100 * found.high / mean_of_men
tested = pd.DataFrame(tested).T
np.testing.assert_allclose(tested.loc[MEASURES[-1], "women minus men"], observed)
tested["adjusted p"] = multipletests([permutation_p[each] for each in MEASURES], method="holm")[1]
tested.round(2)

# %%
counts["dedicated"] = ch12.count_stems(letters["text"], ("dedicat*",))
counts["communal, others"] = counts["communal"] - counts["dedicated"]
share_dedicated = counts["dedicated"].sum() / counts["communal"].sum()
others_gap = difference_over_clusters(
    counts, "communal, others", group="gender", a="female", b="male", clusters="name"
)
neither = (tested.loc[["agentic", "communal"], "adjusted p"] > 0.05).all()
n_agentic, n_communal = counts["agentic"].sum(), counts["communal"].sum()
print(f"{n_agentic} agentic words, {n_communal} communal ones; without dedicat*: {others_gap}")

# %%
from labkit.comparison import compare_words

across_names = {"group": "gender", "a": "female", "b": "male", "unit": "name"}
word_table = compare_words(
    letters, "text", **across_names, min_texts=10, n_permutations=N_PERMUTATIONS, seed=SEED
)
word_headings = {"share_a": "in women's letters", "share_b": "in men's", "p_value": "p"}
word_headings["p_adjusted"] = "adjusted p"
word_table.head(6)[list(word_headings)].rename(columns=word_headings).round(3)

# %%
LEVEL = 0.05
PRONOUN_WORDS = {"she", "her", "hers", "herself", "he", "him", "his", "himself"}
tried = word_table["p_adjusted"].notna().sum()
below_raw = (word_table["p_value"] < LEVEL).sum()
found_words = word_table.index[word_table["p_adjusted"] < LEVEL]
n_found, list_of_found = len(found_words), ", ".join(found_words) or "none"
by_luck = LEVEL * tried
only_pronouns = set(found_words) <= PRONOUN_WORDS

# %% tags=["reading"]
reading(
    "**Reading the tables.** {answer} In percent of the mean of men's letters, these "
    "letters agree with differences from {a[low, %]:.0f}% to {a[high, %]:.0f}% for agentic words "
    "({n_agentic} in all) and from {c[low, %]:.0f}% to {c[high, %]:.0f}% for communal ones: small "
    "and large ones. Of the {n_communal} communal words, {dedicated:.0%} are *dedicated* or "
    "*dedication*, which we had put on the list and Madera et al. had not; without them the "
    "difference is {others.value:.2f} per letter ({others.low:.2f} to {others.high:.2f}).",
    answer=choose(
        neither,
        "Neither: no difference in agentic or communal words is clear.",
        otherwise="At least one of the two lists differs clearly between the groups (see the "
        "table).",
    ),
    a=tested.loc["agentic"],
    c=tested.loc["communal"],
    n_agentic=n_agentic,
    n_communal=n_communal,
    dedicated=share_dedicated,
    others=others_gap,
)

# %% tags=["reading"]
reading(
    "**Word by word.** {pronouns} Of {tried} words, {raw} have a p-value below {level:.0%}, and "
    "about {luck:.0f} would by luck; after correction {words} remain: {which}. A difference in "
    "praise smaller than the limits above could still be there.",
    tried=tried,
    raw=below_raw,
    level=LEVEL,
    luck=by_luck,
    words=n_found,
    which=list_of_found,
    pronouns=choose(
        only_pronouns,
        "Single words of praise do not clearly differ; what differs is pronouns.",
        otherwise="Not only pronouns differ.",
    ),
)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.5 · Many tests
#
# Write Holm's method for any number of p-values. Sort $m$ p-values; multiply the smallest by $m$,
# the next by $m - 1$, and so on; no adjusted value may be smaller than one before it, and none
# larger than 1. Return the adjusted values *in the order in which the p-values were given*.


# %% tags=["exercise"] exercise="12.5" points=3 objective="12-letters"
def holm(p_values):
    """Return the adjusted p-values."""
    return ...


# %% tags=["solution"]
def holm(p_values):
    """Return the adjusted p-values."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


# %% tags=["check"]
check("12.5", holm)

# %% [markdown]
# ## The same question in ten wordings
#
# The first audit mixed wordings and jobs, which was fine for comparing names: each question was
# asked about every name. Now one job, an office assistant, in ten wordings, about few names. How
# much of an answer is the person, and how much is the wording? When published templates were
# reworded without a change of meaning, the measured bias changed by −81% to +162% (Seshadri,
# Pezeshkpour and Singh, 2022).
#
# And a chat has more to it than the question. Before the user's first words comes a *system
# message*. If you write none, this model's template puts in its own: "You are a helpful AI
# assistant named SmolLM, trained by Hugging Face". That is a treatment, too, and the first audit
# had it. We compare four: *default* (what the template puts there), *empty* (an empty message), *be
# fair*, and one of the same form that has nothing to do with fairness, *weather*. Without it, we
# could not tell an effect of *fairness* from an effect of *any* message. And since one such message
# may have an effect that is its own, we ask about some of the names with two more, *music* and
# *brief*. (*Brief* was written first; because brevity is one more difference, we added the other
# two, before they were scored. At first *music* was asked about as many names as *weather*; after
# we saw that the two did much the same, we asked it about fewer, to have room for *brief*.) The
# next cell prints all of them.
#
# **Predict:** which has more effect on the log odds, the wording or the name? And what will "be
# fair" do to the gap between women's and men's names: shrink it, leave it, or turn it around?

# %%
few = names.groupby(["ethnicity", "gender"]).sample(FEW_NAMES, random_state=SEED)
n_few = len(few)
messages = {**ch12.SYSTEMS, **ch12.OTHER_MESSAGES}
print("\n".join(f"{system}: {message}" for system, message in messages.items()))
one_job = write_questions(few, ["office assistant"] * len(ch12.WORDINGS))
one_job = one_job.rename(columns={"question": "wording"})
by_system = []
first_few = few.groupby(["ethnicity", "gender"]).head(1)["name"]
for system, message in messages.items():
    about = one_job if system in ch12.SYSTEMS else one_job[one_job["name"].isin(first_few)]
    scores, _ = answer(about, system=message)
    by_system.append(about.assign(system=system, log_odds=scores))
by_system = pd.concat(by_system, ignore_index=True)

# %%
means = by_system.groupby(["system", "wording", "gender"])["log_odds"].mean().unstack("gender")
gap_of_wording = (means["female"] - means["male"]).unstack("system")[list(ch12.SYSTEMS)]
default = by_system[by_system["system"] == "default"]
fig = ch12.plot_wordings(default, gap_of_wording)
show(fig, alt="Left: log odds by wording and name. Right: the gap by wording and system message.")

# %% [markdown]
# Left: one row per wording. To put numbers on it, split the variance of the default answers into
# that of wordings, that of names, and the rest (the combinations). They are crossed and complete,
# so the parts add up exactly.

# %%
grid = default.pivot(index="wording", columns="name", values="log_odds")
total = grid.to_numpy().var()
part_wording = grid.mean(axis=1).to_numpy().var() / total
part_name = grid.mean(axis=0).to_numpy().var() / total
part_rest = 1 - part_wording - part_name
variance_shares = pd.Series({"wording": part_wording, "name": part_name, "combination": part_rest})

gap_by_name = default.groupby(["name", "gender"])["log_odds"].mean().reset_index()
over_names = difference_over_clusters(
    gap_by_name, "log_odds", group="gender", a="female", b="male", clusters="name"
)
spread_of_gaps = gap_of_wording["default"].std()
names_matter_more = spread_of_gaps < over_names.standard_error
wording_wins = part_wording > 0.8
lowest_gap, highest_gap = gap_of_wording["default"].min(), gap_of_wording["default"].max()
variance_shares.round(2)

# %% [markdown]
# Right: the gap by wording, under four system messages. What a message does to the gap is a
# *difference of differences*, and paired: every name was asked the same question under each. (A
# mark is a difference of few names, and has no interval in the figure: the table below has.)


# %%
def change_of_gap(system, baseline):
    """Return how much further women's names are ahead under one message than under another."""
    answers = by_system.pivot(
        index=["wording", "name", "gender"], columns="system", values="log_odds"
    ).reset_index()
    answers = answers.dropna(subset=[system, baseline])
    answers["change"] = answers[system] - answers[baseline]
    crossed = {"clusters": ["wording", "name"]}
    found = difference_over_clusters(
        answers, "change", group="gender", a="female", b="male", **crossed
    )
    return found, mean_over_clusters(answers, "change", **crossed)


# %%
PAIRS_OF_MESSAGES = [
    ("empty", "default"),
    ("weather", "default"),
    ("music", "default"),
    ("brief", "default"),
    ("be fair", "default"),
    ("be fair", "weather"),
    ("brief", "weather"),
]
changes, levels, rows = {}, {}, {}
for system, baseline in PAIRS_OF_MESSAGES:
    pair = f"{system} − {baseline}"
    changes[pair], levels[pair] = change_of_gap(system, baseline)
    rows[pair] = {"gap changes by": changes[pair], "level changes by": levels[pair]}


def write(found):
    """Return an estimate and its interval as text."""
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


pd.DataFrame(rows).T.map(write)

# %%
fair_vs_weather = changes["be fair − weather"]
smaller_with_fair = (gap_of_wording["be fair"] < gap_of_wording["weather"]).sum()
n_wordings = len(gap_of_wording)
messages_differ = levels["brief − weather"].low > 0 or levels["brief − weather"].high < 0

# %% tags=["reading"]
reading(
    "**Reading the figure, with the default message.** {finding} Of the variance of the answers, "
    "{share[wording]:.0%} lies between wordings, {share[name]:.0%} between names, and "
    "{share[combination]:.0%} is in the combinations. What a wording does to everyone alike "
    "cancels in the *difference* between two people who were asked in the same words. {gap} By "
    "wording, it goes from {lowest:.2f} to {highest:.2f} (a standard deviation of {spread:.2f}); "
    "from drawing other names, it has a standard error of {error:.2f}.",
    finding=choose(
        wording_wins,
        "The wording decides nearly everything about the *level*.",
        otherwise="The wording does not decide alone about the level.",
    ),
    gap=choose(
        names_matter_more,
        "Of the gap it decides little: which names were drawn matters more.",
        otherwise="It matters for the gap as well.",
    ),
    share=variance_shares,
    lowest=lowest_gap,
    highest=highest_gap,
    spread=spread_of_gaps,
    error=over_names.standard_error,
)

# %% tags=["reading"]
reading(
    "**Does it help to ask for fairness?** {finding} *Be fair* changes the gap by "
    "{weather.value:.2f} ({weather.low:.2f} to {weather.high:.2f}) compared with *weather*, and by "
    "{default.value:.2f} ({default.low:.2f} to {default.high:.2f}) compared with the default. In "
    "{smaller} of {wordings} wordings the gap is smaller than with *weather*; but these are the "
    "same {names} names each time, so other names could reverse it. The gap of the default is "
    "{gap.value:.2f}: compare it with the ends of these intervals before you say *no effect*.",
    finding=verdict(
        fair_vs_weather.low,
        fair_vs_weather.high,
        above="With *be fair* the gap moves toward women's names.",
        below="With *be fair* the gap moves toward men's names.",
        unclear="These answers cannot tell.",
    ),
    weather=fair_vs_weather,
    default=changes["be fair − default"],
    gap=over_names,
    smaller=smaller_with_fair,
    wordings=n_wordings,
    names=n_few,
)

# %% tags=["reading"]
reading(
    "**What messages do to everyone.** {finding} Compared with the default, *be fair* changes "
    "everyone's log odds by {fair.value:.2f} ({fair.low:.2f} to {fair.high:.2f}), *weather* by "
    "{weather.value:.2f} ({weather.low:.2f} to {weather.high:.2f}), *music* by {music.value:.2f} "
    "({music.low:.2f} to {music.high:.2f}) and *brief* by {brief.value:.2f} ({brief.low:.2f} to "
    "{brief.high:.2f}). The intervals cover wordings and names, not other messages: what "
    "*fairness* does to the level, rather than this message, would take many messages of each "
    "kind.",
    finding=choose(
        messages_differ,
        "Each message shifts the level by its own amount: two that have nothing to do with "
        "fairness differ clearly.",
        otherwise="The unrelated messages do not clearly differ.",
    ),
    fair=levels["be fair − default"],
    weather=levels["weather − default"],
    music=levels["music − default"],
    brief=levels["brief − default"],
)

# %% [markdown]
# ## One of two, or each alone?
#
# Some audits let a model choose between two people: "Emily or Greg?" That forces a preference where
# separate questions may show hardly any, and it brings a new nuisance: the order. We ask about
# pairs of a woman's and a man's name, each pair in both orders, and let the model answer *First* or
# *Second*. If it says *First*, is that the place or the word? To separate them, a second form lists
# the second person first: "... the second is Greg, the first is Emily. Answer Second or First."
#
# **Predict:** which is larger, the preference for a gender or the preference for the first?

# %%
rows_of_pairs = []
FORMS = {"first is listed first": ch12.FORCED_WORDINGS, "second first": ch12.SWAPPED_WORDINGS}
for ethnicity, group in few.groupby("ethnicity"):
    women_here = group.loc[group["gender"] == "female", "name"]
    men_here = group.loc[group["gender"] == "male", "name"]
    for woman, man in zip(women_here, men_here):
        for first, second in ((woman, man), (man, woman)):
            row = {"pair": f"{woman}, {man}", "first": first, "second": second}
            rows_of_pairs.append({**row, "sign": 1 if first == woman else -1})
wordings = []
for form_name, texts in FORMS.items():
    for number, text in enumerate(texts[:N_WORDINGS]):
        wordings.append({"form": form_name, "wording": number, "text": text})
forced = pd.DataFrame(rows_of_pairs).merge(pd.DataFrame(wordings), how="cross")

# %%
prompts = []
for row in forced.itertuples():
    people = {"first": row.first, "second": row.second}
    prompts.append(row.text.format(job="an office assistant", record=ch12.GOOD_RECORD, **people))
chats = model.render_chat(prompts)
forced["for First"] = model.choice_log_odds(chats, yes="First", no="Second")
forced["for woman"] = forced["sign"] * forced["for First"]
said_first, log_odds_of_first = {}, {}
for form_name, of_form in forced.groupby("form"):
    said_first[form_name] = (of_form["for First"] > 0).mean()
    log_odds_of_first[form_name] = mean_over_clusters(
        of_form, "for First", clusters=["pair", "wording"]
    )
tabulate(log_odds_of_first).assign(**{"share of First": said_first}).round(2)

# %%
listed_first = forced[forced["form"] == "first is listed first"]
for_woman = mean_over_clusters(listed_first, "for woman", clusters=["pair", "wording"])
separate = difference_over_clusters(
    default, "log_odds", group="gender", a="female", b="male", clusters=["wording", "name"]
)
takes_first = said_first["first is listed first"] > 0.9
when_swapped = log_odds_of_first["second first"]
no_preference = for_woman.low < 0 < for_woman.high
print(for_woman)

# %% tags=["reading"]
reading(
    "**Reading the numbers.** {finding} Its answer was *First* in {share:.0%} of the questions, "
    "whoever was first, and in {swapped:.0%} with the second person listed first: {word} (Log odds"
    " there: {odds.value:.2f}, {odds.low:.2f} to {odds.high:.2f}.) For women's names, averaged "
    "over both orders, the log odds are {woman.value:.2f} ({woman.low:.2f} to {woman.high:.2f}). "
    "One order alone would have shown a strong preference: for the person called first. Asked "
    "separately, the same names differed by {separate.value:.2f} ({separate.low:.2f} to "
    "{separate.high:.2f}). The two forms ask different questions, so never pool them.",
    finding=choose(
        takes_first,
        "The model does not compare two people: it says *First*.",
        otherwise="The order matters, but does not decide alone.",
    ),
    word=verdict(
        when_swapped.low,
        when_swapped.high,
        above="the word counts more than the place.",
        below="the place counts more than the word.",
        unclear="mostly the word, but its log odds are not clearly above zero.",
    ),
    share=said_first["first is listed first"],
    swapped=said_first["second first"],
    odds=when_swapped,
    woman=for_woman,
    separate=separate,
)

# %% [markdown]
# ## Temperature
#
# A deployed model does not report log odds: it *draws* an answer. The **temperature** $T$ says how:
# each token with probability proportional to $p^{1/T}$. So of *Yes* and *No*, the share of *Yes* is
#
# $$\frac{P(\text{Yes})^{1/T}}{P(\text{Yes})^{1/T} + P(\text{No})^{1/T}}
# = \frac{1}{1 + e^{-\text{log odds} / T}}$$
#
# The temperature changes nothing in the model, and the log odds of two people stay as they are.
#
# First two invented people, with log odds of −1 and −2.
#
# **Predict:** the lower the temperature, the ... the gap between their shares of *Yes*? And the
# ratio of the shares?

# %% tags=["by-hand"]
TEMPERATURES = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0]
first_share = np.array([1 / (1 + np.exp(1 / T)) for T in TEMPERATURES])  # log odds −1
second_share = np.array([1 / (1 + np.exp(2 / T)) for T in TEMPERATURES])  # log odds −2
invented = pd.DataFrame({"first": first_share, "second": second_share}, index=TEMPERATURES)
invented["gap"] = first_share - second_share
invented["ratio"] = first_share / second_share
invented.rename_axis("temperature").round(3)

# %% [markdown]
# With falling temperature this gap first grows, then shrinks, and the ratio only grows. Now the
# model's answers about names: the gap in shares, women's minus men's names, with an interval over
# names and questions.

# %%
of_temperature = {}
for T in TEMPERATURES:
    asked["share of Yes"] = 1 / (1 + np.exp(-asked["log_odds"] / T))
    gap_here = difference_over_clusters(
        asked, "share of Yes", group="gender", a="female", b="male", clusters=["name", "question"]
    )
    overall = asked["share of Yes"].mean()
    of_temperature[T] = [overall, gap_here.value, gap_here.low, gap_here.high]
columns = ["share of Yes, all", "gap", "low", "high"]
by_temperature = pd.DataFrame(of_temperature, index=columns).T.rename_axis("temperature")

by_temperature.round(3)

# %%
COOL, WARM = 0.5, 1.0
at_warm = 1 / (1 + np.exp(-asked["log_odds"] / WARM))
asked["cool minus warm"] = 1 / (1 + np.exp(-asked["log_odds"] / COOL)) - at_warm
cool_minus_warm = difference_over_clusters(
    asked, "cool minus warm", group="gender", a="female", b="male", clusters=["name", "question"]
)
print(cool_minus_warm)

# %% [markdown]
# Is that what the model does when it writes? We let it write one token after one question, many
# times, and count *Yes* among *Yes* and *No*.

# %%
from labkit.audit import wilson_interval

coldest, lowest_temperature = by_temperature.iloc[0], TEMPERATURES[0]
[chat] = model.render_chat([asked["prompt"].iloc[0]])
one_token = model.generate([chat], n=N_DRAWS, seed=SEED, max_new_tokens=1, temperature=1.0)
first_words = one_token["text"].str.strip()
n_yes, n_either = (first_words == "Yes").sum(), first_words.isin(["Yes", "No"]).sum()
yes_low, yes_high = wilson_interval(n_yes, n_either, confidence=0.95)
expected_yes = 1 / (1 + np.exp(-asked["log_odds"].iloc[0]))
as_expected = yes_low <= expected_yes <= yes_high
first_words.value_counts().head(5)

# %% tags=["reading"]
reading(
    "**Reading the tables.** {peak} At a temperature of {cool} instead of {warm} the gap changes "
    "by {change.value:.3f} ({change.low:.3f} to {change.high:.3f}); at {lowest} it lies somewhere "
    "between {cold[low]:.3f} and {cold[high]:.3f}, because it concerns few answers there. Log odds"
    " stay the same throughout. A gap, a ratio and log odds can disagree about the same model: "
    "report which, and at which temperature. {drawn} It expects {expected:.2f} *Yes* of *Yes* and "
    "*No* here, and {yes} of {either} were ({low:.2f} to {high:.2f}).",
    peak=verdict(
        cool_minus_warm.low,
        cool_minus_warm.high,
        above="The gap is clearly larger at the lower of two temperatures.",
        below="The gap is clearly smaller at the lower of two temperatures.",
        unclear="Where the model's gap is largest, these names and questions do not show.",
    ),
    drawn=choose(
        as_expected,
        "The drawn answers agree with the formula.",
        otherwise="The drawn answers differ from the formula more often than chance does.",
    ),
    expected=expected_yes,
    yes=n_yes,
    either=n_either,
    low=yes_low,
    high=yes_high,
    cold=coldest,
    lowest=lowest_temperature,
    change=cool_minus_warm,
    cool=COOL,
    warm=WARM,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.6 · The gap at a temperature
#
# You get the log odds of *Yes* of some women's and of some men's names (two lists) and a
# temperature. Write a function that returns the gap: the mean share of *Yes* of the women's names
# minus that of the men's. The shares of two names are averaged *after* each was computed.


# %% tags=["exercise"] exercise="12.6" points=2 objective="12-prompts"
def gap_at(women, men, temperature):
    """Return the difference of the mean shares of Yes."""
    return ...


# %% tags=["solution"]
def gap_at(women, men, temperature):
    """Return the difference of the mean shares of Yes."""
    yes_of_women = 1 / (1 + np.exp(-np.array(women) / temperature))
    yes_of_men = 1 / (1 + np.exp(-np.array(men) / temperature))
    return yes_of_women.mean() - yes_of_men.mean()


# %% tags=["check"]
check("12.6", gap_at)

# %% [markdown]
# ## So what does a generative model say about people?
#
# It says whatever follows with some probability, and every step of asking takes part: the sentence,
# the message before it, the form of the question, the order, the temperature. Some of what remains
# is about people.

# %% tags=["reading"]
reading(
    "**What we can say of this one.** {roles} (a correlation of {role.value:.2f}, {role.low:.2f} "
    "to {role.high:.2f}). Asked about each person separately, women's minus men's names have a "
    "difference of {gap.value:.2f} ({gap.low:.2f} to {gap.high:.2f}) in log odds; {forced} "
    "{ethnicity} And a good content of the record adds {record.value:.2f} ({record.low:.2f} to "
    "{record.high:.2f}) where the word *no* takes {word.value:.2f}. {job}",
    roles=verdict(
        fits["official"].low,
        fits["official"].high,
        above="It expects *she* where more women work",
        below="It expects *she* where fewer women work",
        unclear="It is not clear whether it expects *she* where more women work",
    ),
    forced=choose(
        no_preference,
        "asked to choose between two, no preference showed.",
        otherwise="asked to choose between two, it had a preference.",
    ),
    ethnicity=verdict(
        gaps["ethnicity"].low,
        gaps["ethnicity"].high,
        above="African-American-sounding names score higher.",
        below="African-American-sounding names score lower.",
        unclear="About ethnicity these names decide nothing.",
    ),
    job=verdict(
        of_records["against no"].low,
        of_records["against no"].high,
        below="A recruiter that follows one word more than the record is not fair and not unfair: "
        "it cannot do the job.",
        above="It follows the record more than that one word.",
        unclear="It does not clearly follow the record more than that one word.",
    ),
    role=fits["official"],
    gap=gaps["gender"],
    record=of_records["content"],
    word=of_records["word no"],
)

# %% [markdown]
# ## What you learned
#
# - A pronoun's probability after a role follows the labor market and the texts, and depends on the
#   sentence; roles and sentences both belong in the interval `[12-pronouns]`
# - Names and questions are crossed: an interval needs both. Two things that vary together cannot be
#   separated afterward, and a name's number of tokens is one of them `[12-names]`
# - One half is no grade. Read a preference only next to a competence that beats rules which read
#   nothing, with a control that can fail, and after reading items `[12-benchmarks]`
# - Letters of one name belong together: permute names, and correct for the number of tests
#   `[12-letters]`
# - A wording, a system message, an order and a temperature are treatments. An instruction to be
#   fair needs control messages `[12-prompts]`
#
# **What this does not show.** What larger models say, about records and about names: that has to be
# measured there. What the same model says without rounded numbers, or in another language. What
# names mean to people, or how anyone would describe themselves: we used what names suggest to
# others, in two groups by gender and two by ethnicity, because the audit study did. Whether
# somebody is harmed: nobody was hired.
#
# With `labkit run 12 --profile full`, and with another `MODEL_NAME`, the same cells run on more
# items and on a larger model. The shipped tables of letters and benchmarks stay those of this one.
#
# **Next.** Take one sentence that somebody has written about a model and people, and ask of it:
# which wording, which names, which control? And if a model has decided about somebody:
# [14 · Who decided, and can we prove it?](14_accountability.ipynb)
