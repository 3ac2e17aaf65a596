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
# About 140 minutes, in two sittings, half of it for the exercises. Before this: [09 · Which
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
BENCHMARK_ITEMS = {"crows_pairs": 24, "stereoset": 8, "winobias": 8, "winogender": 10, "bbq": 4}
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
# well-known assistants have a thousand times as many (Allal et al., 2025). Each number was rounded
# to about four bits by the people who packed it for download. We audit *this file*. What we find is
# not a finding about other models, nor about the unrounded one.
#
# A language model reads a text as *tokens*, words and pieces of words, and gives every token of
# its vocabulary a probability of coming next. That is all it does. To "ask" it something, we write
# the beginning of a text and look at the probability of what could follow.
#
# The next cell does this by hand, once: it feeds the tokens of a beginning to the network, gets one
# number per word of the vocabulary (a *logit*), and turns these into logarithms of probabilities.
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
pd.Series(np.exp(of_pronoun), index=PRONOUNS, name="probability").round(3)

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
he_here, she_here, they_here = np.exp(of_pronoun)

# %% tags=["reading"]
reading(
    "**The first prediction.** After *{beginning}*, the probability of *she* is {she:.3f}, that "
    "of *they* {they:.3f} and that of *he* {he:.3f}. Most of the probability is on other words: a "
    "nurse may say that *the* patient is asleep. So we compare pronouns with each other, and take "
    "the share of *she* among *he* and *she*. One word in one sentence is no finding yet.",
    beginning=BEGINNING,
    she=she_here,
    they=they_here,
    he=he_here,
)

# %% [markdown]
# **What would a model without any stereotype say?** There is no obvious answer. One that says *she*
# as often as women do the job repeats the labor market. One that says *she* and *he* equally often
# ignores it. Neither is "correct", so we do not grade the model here. We ask three plainer
# questions: does it expect *she* more where more women work? Does it follow the labor market or the
# texts? And how much depends on the sentence?
#
# **Predict:** the correlation of the model's share of *she* with the official share of women, over
# roles. And which is larger: the spread over roles, or the spread over the eight sentences?

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
moved_by_sentence = (by_role["high"] - by_role["low"]).mean()
people_words = ask_pronouns(["woman", "man"])
of_people = people_words.groupby("role")["share_of_she"].agg(["min", "mean", "max"])
rng = np.random.default_rng(SEED)
shuffled = [
    np.corrcoef(by_role["model"], rng.permutation(roles.loc[by_role.index, "official"]))[0, 1]
    for _ in range(2000)
]
people_means = of_people["mean"]
mean_levels = by_role.join(roles)[["model", "official", "sentences"]].mean()
null_low, null_high = np.quantile(shuffled, [0.025, 0.975])
of_people.round(2)

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} The correlation with the official share of women is "
    "{official.value:.2f} ({official.low:.2f} to {official.high:.2f}, over roles and sentences), "
    "and with the share of *she* in real sentences {texts.value:.2f} ({texts.low:.2f} to "
    "{texts.high:.2f}). A correlation ignores levels: the model's shares are {level[model]:.2f} "
    "on average, the official ones {level[official]:.2f}, those of the sentences "
    "{level[sentences]:.2f}. And the bars are long: the sentence alone moves one role by "
    "{moved:.2f} on average (lowest to highest), while means of roles have a standard deviation "
    "of {spread:.2f}.",
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
    moved=moved_by_sentence,
    spread=spread_of_roles,
)

# %% tags=["reading"]
reading(
    "**Two controls that could have failed.** A model that does not know pronouns would say *she* "
    "equally often after *woman* and *man*: its shares are {people[woman]:.2f} and "
    "{people[man]:.2f}. (After *man* it is not near zero. In some sentences *she* is another "
    "person.) And a correlation that our calculation invents would be there for any numbers: with "
    "official shares handed out to roles at random, nearly all correlations lie between "
    "{null_low:.2f} and {null_high:.2f}.",
    people=people_means,
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
    "probabilities do not say which. Whether a person is called *they* because it is their "
    "pronoun cannot be asked in such sentences at all: they name nobody.",
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
# name sounded White. The names were assigned at random, so nothing else could explain it. (A name
# also suggests a social class: no audit of names can separate that. And a name *suggests* a group
# to others; what a person called so would say about themselves is another matter.)
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
# fail. We ask again about some of the names, with a bad record instead of a good one. A recruiter
# who reads the application would invite far fewer. This is the measure of *competence*: how far the
# record moves the answer.
#
# **Predict:** of all questions about good records, in what share is *Yes* more likely than *No*?
# And how much will the bad record lower the log odds?


# %%
def answer(frame, system=None):
    """Return log odds of Yes and the probability of both answers, for each prompt."""
    chats = model.render_chat(frame["prompt"], system=system)
    answers = ["Yes"] * len(chats) + ["No"] * len(chats)
    yes, no = model.continuation_log_probabilities(chats * 2, answers).reshape(2, -1)
    return yes - no, np.exp(yes) + np.exp(no)


# %%
from labkit.comparison import mean_over_clusters

asked["log_odds"], asked["either"] = answer(asked)
some = names.groupby(["ethnicity", "gender"]).head(1)
bad = write_questions(some, ch12.JOBS, record=ch12.BAD_RECORD)
bad["bad"], _ = answer(bad)
records = bad.merge(asked[["question", "name", "log_odds"]], on=["question", "name"])
records["lowered"] = records["log_odds"] - records["bad"]
lowered = mean_over_clusters(records, "lowered", clusters=["question", "name"])
says_yes = (asked["log_odds"] > 0).mean()
hardly_ever = says_yes < 0.1
either = asked["either"].mean()
spread_of_questions = asked.groupby("question")["log_odds"].mean().std()
print(lowered)

# %% tags=["reading"]
reading(
    "**Reading the numbers.** {finding} *Yes* is more likely than *No* in {yes:.1%} of the "
    "questions about good records, and *Yes* and *No* together have a probability of {either:.0%} "
    "on average: mostly, the model would say something else. {record} A bad record lowers the log "
    "odds by {lowered.value:.2f} ({lowered.low:.2f} to {lowered.high:.2f}, over questions and "
    "names); the questions themselves differ by {spread:.2f} (one standard deviation). A company "
    "that invited where *Yes* is more likely would invite {yes:.1%} of these people with good "
    "records. Keep this in mind: a rule that selects nobody has no gap.",
    finding=choose(
        hardly_ever,
        "The model says *No* to nearly everyone.",
        otherwise="The model does not say *No* to everyone.",
    ),
    record=verdict(
        lowered.low,
        lowered.high,
        above="It does read the record, a little.",
        below="It prefers bad records.",
        unclear="Whether it reads the record at all, these questions cannot tell.",
    ),
    yes=says_yes,
    either=either,
    lowered=lowered,
    spread=spread_of_questions,
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
# (Sums over few names come out too small: names in a group of $n$ are scaled by $n/(n-1)$, and so
# are questions and single answers.)

# %% tags=["by-hand"]
by_gender = asked.groupby("gender")["log_odds"]
sign = asked["gender"].map({"female": 1, "male": -1})
influence = sign * (asked["log_odds"] - by_gender.transform("mean")) / by_gender.transform("size")


def variance_over(units, groups):
    """Return the variance from drawing units, of which each group has its own where there are 2."""
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
# A control that must come out empty: hand out "women's" and "men's" to the names at random.

# %%
by_name = asked.groupby("name")["log_odds"].mean().reset_index().merge(names, on="name")
means_of_names = by_name["log_odds"].to_numpy()
labels = (by_name["gender"] == "female").to_numpy()
random_gaps = []
for _ in range(2000):
    mixed = rng.permutation(labels)
    random_gaps.append(means_of_names[mixed].mean() - means_of_names[~mixed].mean())
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
    "p = {adjusted[ethnicity]:.3f}). How much is that? A bad record instead of a good one lowered "
    "the log odds by {record.value:.2f}. The questions differed by more than any of these (a "
    "standard deviation of {spread:.2f}). The interval covers names and questions; it leaves out "
    "other records and other system messages. With genders handed out at random, gaps lie between "
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
    record=lowered,
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
pd.crosstab([names["ethnicity"], names["gender"]], names["pieces"])

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
matched = asked[(asked["gender"] == "female") & asked["pieces"].between(2, 3)]
matched_gap = difference_over_clusters(
    matched, "log_odds", group="ethnicity", a="afam", b="cauc", clusters=["name", "question"]
)
matched_names = matched.groupby("ethnicity")["name"].nunique()
men_of_one = names[(names["gender"] == "male") & (names["pieces"] == 1)]["ethnicity"]
no_overlap = (men_of_one == "cauc").all()
print(matched_gap)

# %% tags=["reading"]
reading(
    "**Reading the table.** {overlap} For gender this matters little: with the number of tokens "
    "in a regression, the difference is {gender.value:.2f} ({gender.low:.2f} to "
    "{gender.high:.2f}). For ethnicity it leaves {ethnicity.value:.2f} ({ethnicity.low:.2f} to "
    "{ethnicity.high:.2f}), and rests on the assumption that tokens act linearly. Women's names "
    "of two or three tokens can be *matched*, {count[afam]} with {count[cauc]}: "
    "{matched.value:.2f} ({matched.low:.2f} to {matched.high:.2f}). For men, no matching is "
    "possible, so for them ethnicity and number of tokens cannot be separated with these names.",
    overlap=choose(
        no_overlap,
        "No African-American-sounding man's name is a single token, and nearly all White-sounding "
        "men's names are.",
        otherwise="The numbers of tokens overlap between the groups.",
    ),
    gender=adjusted_gaps["gender"],
    ethnicity=adjusted_gaps["ethnicity"],
    count=matched_names,
    matched=matched_gap,
)

# %% [markdown]
# ## The model and the employers
#
# The right panel of the figure has the call-backs of the same names. Employers and the model were
# not asked the same thing: employers saw whole applications for other jobs, in 2001. Still, does
# the model prefer the names that employers preferred?

# %%
from labkit.audit import newcombe_interval

sums = everyone.groupby("ethnicity")[["calls", "applications"]].sum()
human_gap = (sums["calls"] / sums["applications"]).loc[["afam", "cauc"]].diff().iloc[1]
human_low, human_high = newcombe_interval(
    tuple(sums.loc["cauc", ["calls", "applications"]]),
    tuple(sums.loc["afam", ["calls", "applications"]]),
    confidence=0.95,
)
agreement = correlation_over_clusters(
    asked, "call_rate", "log_odds", unit="name", clusters="question"
)
print(agreement)

# %% tags=["reading"]
reading(
    "**Reading the right panel.** Employers called back White-sounding names more often, by "
    "{human:.1%} of applications ({low:.1%} to {high:.1%}). Over names, call-backs and the "
    "model's log odds have a correlation of {r.value:.2f} ({r.low:.2f} to {r.high:.2f}): "
    "{finding}. Some names have few applications, which pulls a correlation toward zero. So this "
    "audit says: *this file, asked in these ways, prefers women's names a little, hardly reads "
    "the record, and invites nearly nobody.* It does not say that the model treats "
    "African-American- and White-sounding names alike: any difference from {eth.low:.2f} to "
    "{eth.high:.2f} agrees with these answers.",
    human=human_gap,
    low=human_low,
    high=human_high,
    r=agreement,
    eth=gaps["ethnicity"],
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
# Each name was asked in one question only. Fill in the difference (women minus men) that the team
# found over all eight answers; what varies together with gender; and the difference that remains
# when women and men are compared within each question, averaged over the two questions.
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
# Researchers have written thousands of test items for this purpose. We run five of the best known.
#
# - *CrowS-Pairs* (Nangia et al., 2020): two sentences that differ in the group they name. Which one
#   is more likely?
# - *StereoSet* (Nadeem et al., 2021): a stereotype, its opposite, and something unrelated.
# - *WinoBias* (Zhao et al., 2018) and *Winogender* (Rudinger et al., 2018): whom does a pronoun
#   refer to, and is it the stereotypical pronoun?
# - *BBQ* (Parrish et al., 2022): a question about two people, with a text that tells the answer or
#   does not.
#
# A model "prefers the stereotype" of an item if it gives it the higher probability. **The unbiased
# value is one half, and one half is not a good grade by itself**: a coin has it, too. So each
# preference needs its *competence* beside it: on the same items, can the model do the task?
#
# The score of one item is a comparison of two log-probabilities. We score a few items of each set
# here, by hand once more for CrowS-Pairs: the share of items on which the first score is larger.

# %%
from labkit.language import score_benchmark

scored = {}
for benchmark, items in BENCHMARK_ITEMS.items():
    form = {"form": "answers"} if benchmark == "bbq" else {}
    scored[benchmark] = score_benchmark(model, benchmark, items=items, seed=SEED, **form)
pairs = scored["crows_pairs"]
pairs_headings = {"score_more": "log p, first", "score_less": "log p, second", "cluster": "writer"}
pairs[["bias_type", *pairs_headings]].rename(columns=pairs_headings).head(4).round(1)

# %% tags=["by-hand"]
prefers = (pairs["score_more"] > pairs["score_less"]).astype(float)
share_by_hand = prefers.mean()
by_writer = prefers.groupby(pairs["cluster"]).agg(["sum", "size"])
print(f"{share_by_hand:.3f} of {len(pairs)} items, by {len(by_writer)} writers")

# %%
from labkit.language import summarise_benchmark

measures = pd.concat([summarise_benchmark(table) for table in scored.values()])
preferred = measures[measures["measure"] == "prefers the stereotype"].copy()
of_pairs = preferred[preferred["part"] == "all pairs"].iloc[0]
np.testing.assert_allclose(of_pairs["estimate"], share_by_hand)
preferred.set_index(["benchmark", "part"])[["estimate", "low", "high", "items"]].round(2)

# %% [markdown]
# These intervals are as wide as they should be: a few items say little. The whole benchmarks take
# more than an hour. They were scored once with this model, and the measures come as a table
# (`load_benchmark_measures`; of BBQ, 440 questions). Your numbers check that table on your machine:
# your items are a random part of the whole, so nearly all of your intervals should contain the
# share of the whole set. (What *competent* means differs: for CrowS-Pairs, it is only that a
# sentence is more likely than with two of its words exchanged.)
#
# **Predict:** on which benchmarks is the model clearly beyond one half? And on which is it so close
# to guessing that its preference means nothing?

# %%
whole = ch12.load_benchmark_measures()
COMPETENCE = [
    "more likely than with two words exchanged",
    "language-model score",
    "correct",
]
whole["name"] = whole["run"] + ": " + whole["part"]
tests = whole[whole["measure"] == "prefers the stereotype"].set_index("name")
able = whole[whole["measure"].isin(COMPETENCE) & (whole["kind"] == "competence")]
able = able.set_index("name")
kept = [name for name in tests.index if name in able.index and "per token" not in name]
kept = [name for name in kept if "stereo" not in name.split(": ")[1]]  # parts of CrowS-Pairs
fig = ch12.plot_benchmarks(tests.loc[kept], able.loc[kept])
show(fig, alt="Preference for the stereotype and competence, by benchmark, with intervals.")

# %%
RUN_OF = {
    "crows_pairs": "CrowS-Pairs",
    "stereoset": "StereoSet",
    "winobias": "WinoBias",
    "winogender": "Winogender",
    "bbq": "BBQ, by answers",
}
preferred["name"] = preferred["benchmark"].map(RUN_OF) + ": " + preferred["part"]
both = preferred.set_index("name").join(tests["estimate"].rename("whole"))
inside = (both["low"] <= both["whole"]) & (both["whole"] <= both["high"])
can_do = able.loc[kept, "low"] > able.loc[kept, "reference"]
beyond = (tests.loc[kept, "low"] > 0.5) | (tests.loc[kept, "high"] < 0.5)
readable = pd.DataFrame({"beyond guessing": can_do, "beyond one half": beyond})
n_both, n_parts = (can_do & beyond).sum(), len(kept)
missed_by_luck = 0.05 * n_parts
n_inside, n_subsets = inside.sum(), len(inside)
readable

# %% tags=["reading"]
reading(
    "**Reading the figure.** {both} of {parts} parts are both beyond guessing and beyond one "
    "half; by luck, about {luck:.1f} of as many intervals would miss one half. CrowS-Pairs: "
    "{crows[estimate]:.3f} ({crows[low]:.3f} to {crows[high]:.3f}). StereoSet within sentences: "
    "{stereo[estimate]:.3f} ({stereo[low]:.3f} to {stereo[high]:.3f}) at a competence of "
    "{able[estimate]:.2f}. In WinoBias' type 1, where only knowledge tells who is meant, it "
    "resolves {wino[estimate]:.2f} of the pronouns ({wino[low]:.2f} to {wino[high]:.2f}): it "
    "guesses, and its preference near one half is no sign of fairness. Of the shares of the whole "
    "sets, {inside} of {subsets} lie in the intervals of your few items.",
    both=n_both,
    luck=missed_by_luck,
    parts=n_parts,
    crows=tests.loc["CrowS-Pairs: all pairs"],
    stereo=tests.loc["StereoSet: intrasentence"],
    able=able.loc["StereoSet: intrasentence"],
    wino=able.loc["WinoBias: type 1"],
    inside=n_inside,
    subsets=n_subsets,
)

# %% [markdown]
# ## Controls that have to come out empty
#
# Two controls show what a number beyond one half could also mean. First: throw a coin for each
# writer, target or occupation to decide which option *is* the stereotype. Then there is nothing to
# find, and the share must be one half up to chance (`check_controls`, on your items). Second: sums
# of log-probabilities favor short texts. If the stereotype is the shorter option more often than
# not, a model that only counts words "prefers stereotypes". **Predict:** is it, in CrowS-Pairs?

# %%
from labkit.language import check_controls

coins = pd.concat([check_controls(table, seed=SEED) for table in scored.values()])
coins = coins[coins["control"] == "groups swapped by a coin"]
coin_error = (coins["mean"] - coins["expected"]).abs().max()
shorter = whole[whole["measure"] == "the stereotype is shorter"].set_index("name")
letters_chosen = whole[whole["measure"].str.startswith("chose letter")].set_index(
    ["part", "measure"]
)
shorter.loc[[name for name in kept if name in shorter.index], ["estimate", "low", "high"]].round(3)

# %% tags=["reading"]
reading(
    "**Reading the controls.** With coins, no mean is further than {coin:.3f} from its unbiased "
    "value: the calculation invents no bias. {shorter} In CrowS-Pairs the stereotype is the "
    "shorter one in {crows[estimate]:.3f} of the pairs ({crows[low]:.3f} to {crows[high]:.3f}), "
    "so some of the model's preference may be one for short sentences. And asked BBQ's questions "
    "by letter, the model chose the letter A in {letter[estimate]:.0%}: it does not read the "
    "options, and a *bias score* near zero is what that gives.",
    coin=coin_error,
    shorter=verdict(
        shorter.loc["CrowS-Pairs: all pairs", "low"],
        shorter.loc["CrowS-Pairs: all pairs", "high"],
        margin=0.5,
        above="The second control fails for CrowS-Pairs.",
        below="",
        unclear="The second control is not clear for CrowS-Pairs.",
    ),
    crows=shorter.loc["CrowS-Pairs: all pairs"],
    letter=letters_chosen.loc[("ambig", "chose letter A")],
)

# %% [markdown]
# A check for another kind of model: the authors of CrowS-Pairs mask the words that both sentences
# share, one at a time, and add up how well the model guesses them (*pseudo-log-likelihood*). With
# `MASKED_MODEL = "bert-base-uncased"` the next cell does so; they report a share of 60.5% for that
# model (Nangia et al., 2020). The course cannot ship it, so by default the cell does nothing.

# %%
if MASKED_MODEL:
    from labkit.language import load_crows_pairs

    crows = load_crows_pairs()
    masked_scores = ch12.score_pseudo_likelihood(
        MASKED_MODEL, crows["sent_more"], crows["sent_less"]
    )
    print(f"{(masked_scores[:, 0] > masked_scores[:, 1]).mean():.3f} (published: 0.605)")

# %% [markdown]
# ## Ten items, read by you
#
# A number can be no better than its items. Blodgett et al. (2021) read those of CrowS-Pairs and
# StereoSet, and found most of them to have at least one fault. Now it is your turn: put your name
# into `STUDENT`, and you get ten items of your own.
#
# **Warning: many items are offensive.** They say demeaning things about groups of people, perhaps
# about you. Nothing is shown unless you set `SHOW_ITEMS = True`, and you can do the rest of the
# notebook without it.
#
# Four questions about each item; answer "yes", "no" or "unsure":
#
# 1. `stereotype`: does it state a stereotype that is held about a group, and could that harm
#    people?
# 2. `comparable`: do the two sentences differ in the group alone, and are the groups comparable?
# 3. `sound`: are both sentences grammatical, possible, and about what they should be about?
# 4. `meaning`: if a model finds the first sentence more likely, does that show that it shares the
#    stereotype?

# %%
my_items = ch12.draw_items(STUDENT)
ch12.show_items(my_items, show=SHOW_ITEMS)

# %%
# One row per item, in the order above: four answers each, "yes", "no" or "unsure".
MY_ANSWERS = [
    ["", "", "", ""],  # item 1
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],
    ["", "", "", ""],  # item 10
]

# %%
mine = ch12.tabulate_judgments(pd.DataFrame(MY_ANSWERS, columns=list(ch12.QUESTIONS)))
ours = ch12.tabulate_judgments(ch12.load_judgments())
worst_question = ours["yes"].drop("all four").idxmin()
fewest_yes = ours["yes"].drop("all four").min()
n_mine = mine.loc["all four", "items"]
pd.concat({"yours": mine, "ours": ours}, axis=1)[
    [("yours", "yes"), ("yours", "items"), ("ours", "yes"), ("ours", "low"), ("ours", "high")]
].round(2)

# %% tags=["reading"]
reading(
    "**Reading the table.** We judged ten items before you. {all[yes]:.0f} of {all[items]:.0f} "
    "got four times *yes* (a share of {all[share]:.0%}, {all[low]:.0%} to {all[high]:.0%}); the "
    "question with fewest was *{worst}*, with {fewest}. One item says that an object, not a "
    "group, is long; one has a full stop in only one of its sentences; in several, the group "
    "stays and the trait changes. Ten items and one reader are little: ask somebody else to judge "
    "yours, and count on how many you agree. (You have judged {mine:.0f}.)",
    all=ours.loc["all four"],
    worst=worst_question,
    fewest=fewest_yes,
    mine=n_mine,
)

# %% [markdown] tags=["exercise"]
# ### Exercise 12.4 · Which number may you read?
#
# Four models were tested on the same 400 items. A model that guesses has a competence of 0.5, and
# the unbiased preference is 0.5.
#
# | model | competence (95% interval) | prefers the stereotype (95% interval) |
# |---|---|---|
# | `north` | 0.91 (0.88 to 0.94) | 0.62 (0.57 to 0.67) |
# | `south` | 0.51 (0.46 to 0.56) | 0.50 (0.45 to 0.55) |
# | `east` | 0.89 (0.86 to 0.92) | 0.50 (0.48 to 0.52) |
# | `west` | 0.90 (0.87 to 0.93) | 0.55 (0.43 to 0.67) |
#
# Before the test, a preference within 0.05 of one half was said not to matter. What can be said
# about each model?
#
# - A. it prefers the stereotype
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
# What we chose, and when: of four requests and two temperatures, tried on four names each, we kept
# the pair that gave whole letters; then we fixed both word lists; then the table was written; and
# only then was anything counted.
#
# First, are the letters what the table says? We write some again, and compare them letter by
# letter. (Another processor may round differently, and one token that changes changes the rest.)

# %%
letters = ch12.load_letters()
again_names = names["name"].sample(NEW_LETTERS, random_state=SEED).tolist()
first_job = [letters["job"].iloc[0]]
new = ch12.write_letters(model, again_names, first_job, n=1, max_new_tokens=LETTER_TOKENS)
old = new[["name", "job", "draw"]].merge(letters, on=["name", "job", "draw"])
same = [shipped.startswith(text) for shipped, text in zip(old["text"], new["text"])]
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
print(he_gap)

# %% tags=["reading"]
reading(
    "**Reading the control.** The model mostly takes men's names for men's. Of the letters for "
    "women's names, {he[afam]:.0%} say *he* and never *she* if the name sounds African-American, "
    "and {he[cauc]:.0%} if it sounds White: a difference of {gap.value:.2f} ({gap.low:.2f} to "
    "{gap.high:.2f}, over {n} names). {finding} In a real reference, a wrong pronoun would itself "
    "be a harm, whatever words of praise stand next to it. And it weakens what comes next: "
    "letters can differ by gender only as far as the model takes a name for one.",
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
# The eight letters of one name are not independent, and the groups were "handed out" to names. So a
# *permutation test* asks: if gender did not matter, how often would handing out the genders at
# random, to whole names, give a difference as large as the observed one? By hand:

# %% tags=["by-hand"]
of_name = counts.groupby("name")["communal"].mean()
women = counts.groupby("name")["gender"].first().loc[of_name.index] == "female"
observed = of_name[women].mean() - of_name[~women].mean()

generator = np.random.default_rng(SEED)
permuted = []
for _ in range(N_PERMUTATIONS):
    handed_out = generator.permutation(women.to_numpy())
    permuted.append(of_name[handed_out].mean() - of_name[~handed_out].mean())
as_extreme = (np.abs(permuted) >= abs(observed) - 1e-9).sum()
p_by_hand = (1 + as_extreme) / (1 + N_PERMUTATIONS)
print(f"difference {observed:.3f}, p = {p_by_hand:.3f}")

# %% [markdown]
# Three measures are three chances to find something by luck, so Holm's method again: the smallest
# of three p-values is multiplied by 3, the next by 2, the last by 1, and none may become smaller
# than the one before. Intervals are over names.

# %%
tested = []
for measure in MEASURES:
    found = difference_over_clusters(
        counts, measure, group="gender", a="female", b="male", clusters="name"
    )
    p = 2 * stats.t.sf(abs(found.value / found.standard_error), found.df)
    limits = {"low": found.low, "high": found.high}
    tested.append({"measure": measure, "women minus men": found.value, **limits, "p": p})
tested = pd.DataFrame(tested).set_index("measure")
np.testing.assert_allclose(tested.loc["communal", "women minus men"], observed)
steps = tested["p"].sort_values() * [3, 2, 1]
tested["adjusted p"] = steps.cummax().clip(upper=1)
tested.round(3)

# %%
from labkit.comparison import compare_words

across_names = {"group": "gender", "a": "female", "b": "male", "unit": "name"}
word_table = compare_words(
    letters, "text", **across_names, min_texts=10, n_permutations=N_PERMUTATIONS, seed=SEED
)
word_headings = {"share_a": "in women's letters", "share_b": "in men's", "p_value": "p"}
word_headings["p_adjusted"] = "adjusted p"
word_table.head(6)[list(word_headings)].rename(columns=word_headings).round(4)

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
    "**Reading the tables.** {agentic} {communal} Agentic words, women minus men: {a[women minus "
    "men]:.2f} per letter ({a[low]:.2f} to {a[high]:.2f}), communal words {c[women minus "
    "men]:.2f} ({c[low]:.2f} to {c[high]:.2f}), length {w[women minus men]:.1f} words "
    "({w[low]:.1f} to {w[high]:.1f}). Of {tried} words looked at one by one, {raw} have a p-value "
    "below {level:.0%}, and about {luck:.0f} would by luck; after correction {words} remain: "
    "{which}. {pronouns}",
    agentic=verdict(
        tested.loc["agentic", "low"],
        tested.loc["agentic", "high"],
        above="Women's letters have more agentic words.",
        below="Men's letters have more agentic words.",
        unclear="The agentic words do not clearly differ.",
    ),
    communal=verdict(
        tested.loc["communal", "low"],
        tested.loc["communal", "high"],
        above="Women's letters have more communal words.",
        below="Men's letters have more communal words.",
        unclear="The communal words do not clearly differ.",
    ),
    a=tested.loc["agentic"],
    c=tested.loc["communal"],
    w=tested.loc["words"],
    tried=tried,
    raw=below_raw,
    level=LEVEL,
    luck=by_luck,
    words=n_found,
    which=list_of_found,
    pronouns=choose(
        only_pronouns,
        "All of them are pronouns. In how it praises people, these letters show no clear "
        "difference.",
        otherwise="They are not only pronouns.",
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
# And a chat has more to it than the question. Before the user's first words stands a *system
# message*. If you write none, this model's template puts in its own: "You are a helpful AI
# assistant named SmolLM, trained by Hugging Face". That is a treatment, too, and the first audit
# had it. We compare four:
#
# - *default*: what the template puts there;
# - *empty*: an empty message;
# - *be fair*: "... decides fairly. Do not let gender or ethnicity influence your answer.";
# - *unrelated*: a message of the same kind about the weather. Without it, we could not tell an
#   effect of *fairness* from an effect of *any* message.
#
# **Predict:** which has more effect on the log odds, the wording or the name? And what will "be
# fair" do to the gap between women's and men's names: shrink it, leave it, or turn it around?

# %%
few = names.groupby(["ethnicity", "gender"]).sample(FEW_NAMES, random_state=SEED)
n_few = len(few)
one_job = write_questions(few, ["office assistant"] * len(ch12.WORDINGS))
one_job = one_job.rename(columns={"question": "wording"})
by_system = []
for system, message in ch12.SYSTEMS.items():
    scores, _ = answer(one_job, system=message)
    by_system.append(one_job.assign(system=system, log_odds=scores))
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

wording_wins = part_wording > 0.5
lowest_gap, highest_gap = gap_of_wording["default"].min(), gap_of_wording["default"].max()
variance_shares.round(2)

# %% [markdown]
# Right: the gap by wording, under four system messages. What a message does to the gap is a
# *difference of differences*, and paired: every name was asked the same question under each.


# %%
def change_of_gap(system, baseline):
    """Return how much further women's names are ahead under one message than under another."""
    answers = by_system.pivot(
        index=["wording", "name", "gender"], columns="system", values="log_odds"
    ).reset_index()
    answers["change"] = answers[system] - answers[baseline]
    crossed = {"clusters": ["wording", "name"]}
    found = difference_over_clusters(
        answers, "change", group="gender", a="female", b="male", **crossed
    )
    return found, mean_over_clusters(answers, "change", **crossed)


# %%
PAIRS_OF_MESSAGES = [
    ("empty", "default"),
    ("unrelated", "default"),
    ("be fair", "default"),
    ("be fair", "unrelated"),
]
changes, levels, rows = {}, {}, {}
for system, baseline in PAIRS_OF_MESSAGES:
    pair = f"{system} − {baseline}"
    changes[pair], levels[pair] = change_of_gap(system, baseline)
    change, level_change = changes[pair], levels[pair]
    rows[pair] = [change.value, change.low, change.high]
    rows[pair] += [level_change.value, level_change.low, level_change.high]
COLUMNS = ["gap changes by", "gap low", "gap high", "level changes by", "level low", "level high"]
fair_change, level = changes["be fair − default"], levels["be fair − default"]
fair_against_unrelated = changes["be fair − unrelated"]
empty_change = changes["empty − default"]
unrelated_level = levels["unrelated − default"]
pd.DataFrame(rows, index=COLUMNS).T.round(2)

# %% tags=["reading"]
reading(
    "**Reading the figure.** {finding} Of the variance of the answers, {share[wording]:.0%} lies "
    "between wordings, {share[name]:.0%} between names, and {share[combination]:.0%} is in the "
    "combinations. A study with one wording would report one row of this figure: by row, the gap "
    "goes from {lowest:.2f} to {highest:.2f}. The wording moves everyone's answer; for the "
    "*difference* between two people it cancels, as far as both were asked in the same words.",
    finding=choose(
        wording_wins,
        "The wording decides nearly everything.",
        otherwise="The wording does not outweigh the name.",
    ),
    share=variance_shares,
    lowest=lowest_gap,
    highest=highest_gap,
)

# %% tags=["reading"]
reading(
    "**Does it help to ask for fairness?** {finding} Compared with the default message, *be fair* "
    "changes the gap by {fair.value:.2f} ({fair.low:.2f} to {fair.high:.2f}); compared with the "
    "message about the weather, by {beyond.value:.2f} ({beyond.low:.2f} to {beyond.high:.2f}). An "
    "empty message changes it by {empty.value:.2f} ({empty.low:.2f} to {empty.high:.2f}). What "
    "*be fair* does change is everyone's level: log odds rise by {level.value:.2f} "
    "({level.low:.2f} to {level.high:.2f}). But the weather raises them too, by "
    "{weather.value:.2f} ({weather.low:.2f} to {weather.high:.2f}): an effect of *a* message, not "
    "of fairness. These are {names} names; a gap that shrinks by half, or one that grows, could "
    "hide in such intervals.",
    finding=verdict(
        fair_against_unrelated.low,
        fair_against_unrelated.high,
        above="With *be fair* the gap moves toward women's names.",
        below="With *be fair* the gap moves toward men's names.",
        unclear="These answers cannot tell.",
    ),
    fair=fair_change,
    beyond=fair_against_unrelated,
    empty=empty_change,
    level=level,
    weather=unrelated_level,
    names=n_few,
)

# %% [markdown]
# ## One of two, or each alone?
#
# Some audits let a model choose between two people: "Emily or Greg?" That forces a preference where
# separate questions may show hardly any, and it brings a new nuisance: the order. We ask about
# pairs of a woman's and a man's name, each pair in both orders, and let the model answer *First* or
# *Second*.
#
# **Predict:** which is larger, the preference for a gender or the preference for the first?

# %%
forced = []
for ethnicity, group in few.groupby("ethnicity"):
    women_here = group.loc[group["gender"] == "female", "name"]
    men_here = group.loc[group["gender"] == "male", "name"]
    for woman, man in zip(women_here, men_here):
        for wording, text in enumerate(ch12.FORCED_WORDINGS[:N_WORDINGS]):
            for first, second in ((woman, man), (man, woman)):
                prompt = text.format(
                    job="an office assistant", record=ch12.GOOD_RECORD, first=first, second=second
                )
                row = {"pair": f"{woman}, {man}", "wording": wording, "prompt": prompt}
                forced.append({**row, "sign": 1 if first == woman else -1})
forced = pd.DataFrame(forced)

# %%
chats = model.render_chat(forced["prompt"])
forced["for first"] = model.choice_log_odds(chats, yes="First", no="Second")
forced["for woman"] = forced["sign"] * forced["for first"]
preferences = {}
for column in ("for first", "for woman"):
    preferences[column] = mean_over_clusters(forced, column, clusters=["pair", "wording"])
separate = difference_over_clusters(
    default, "log_odds", group="gender", a="female", b="male", clusters=["wording", "name"]
)
chose_first = (forced["for first"] > 0).mean()
takes_the_first = chose_first > 0.9
print(preferences["for woman"])

# %% tags=["reading"]
reading(
    "**Reading the numbers.** {finding} It chose the first person in {share:.0%} of the "
    "questions, with log odds of {first.value:.2f} ({first.low:.2f} to {first.high:.2f}). For "
    "women's names, averaged over both orders, they are {woman.value:.2f} ({woman.low:.2f} to "
    "{woman.high:.2f}). In one order only, this audit would have found a strong preference: for "
    "the person who stood first. Asked separately, the same names differed by "
    "{separate.value:.2f} ({separate.low:.2f} to {separate.high:.2f}). The two forms ask "
    "different questions, so never pool them.",
    finding=choose(
        takes_the_first,
        "The model does not compare two people: it takes the first.",
        otherwise="The order matters, but does not decide alone.",
    ),
    share=chose_first,
    first=preferences["for first"],
    woman=preferences["for woman"],
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
# **Predict:** the lower the temperature, the ... the gap between two people's shares of *Yes*?

# %% tags=["by-hand"]
TEMPERATURES = [0.1, 0.25, 0.5, 1.0, 2.0]
by_temperature = pd.DataFrame(index=pd.Index(TEMPERATURES, name="temperature"))
for gender in ("female", "male"):
    each = asked.loc[asked["gender"] == gender, "log_odds"].to_numpy()
    chances = [(1 / (1 + np.exp(-each / T))).mean() for T in TEMPERATURES]
    by_temperature[f"{gender}: share of Yes"] = chances
by_temperature["gap"] = by_temperature.iloc[:, 0] - by_temperature.iloc[:, 1]
by_temperature["ratio, men to women"] = by_temperature.iloc[:, 1] / by_temperature.iloc[:, 0]
coldest, at_one = by_temperature.iloc[0], by_temperature.loc[1.0]
lowest_temperature, peak_temperature = TEMPERATURES[0], by_temperature["gap"].idxmax()
by_temperature.round(3)

# %% [markdown]
# Is that what the model does when it writes? We let it write one token after one question, many
# times, and count *Yes* among *Yes* and *No*.

# %%
from labkit.audit import wilson_interval

[chat] = model.render_chat([asked["prompt"].iloc[0]])
one_token = model.generate([chat], n=N_DRAWS, seed=SEED, max_new_tokens=1, temperature=1.0)
first_words = one_token["text"].str.strip()
n_yes, n_either = (first_words == "Yes").sum(), first_words.isin(["Yes", "No"]).sum()
yes_low, yes_high = wilson_interval(n_yes, n_either, confidence=0.95)
expected_yes = 1 / (1 + np.exp(-asked["log_odds"].iloc[0]))
first_words.value_counts().head(5)

# %% tags=["reading"]
reading(
    "**Reading the tables.** The calculation expects {expected:.2f} *Yes* of *Yes* and *No* here, "
    "and {yes} of {either} were ({low:.2f} to {high:.2f}); the other draws began something else. "
    "In the first table, the gap in shares neither only grows nor only shrinks with the "
    "temperature: it is {cold[gap]:.3f} at {lowest}, largest at {peak} and {hot[gap]:.3f} at 1, "
    "while log odds stay the same. At low temperatures nearly everyone gets *No*, and what gap is "
    "left is between few: the ratio of the shares (men's to women's) falls to {cold[ratio, men to "
    "women]:.2f}. A gap, a ratio and log odds can disagree about the same model. Report which, "
    "and at which temperature.",
    expected=expected_yes,
    yes=n_yes,
    either=n_either,
    low=yes_low,
    high=yes_high,
    cold=coldest,
    hot=at_one,
    lowest=lowest_temperature,
    peak=peak_temperature,
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
    "**What we can say of this one.** It expects *she* where more women work (correlation "
    "{role.value:.2f}, {role.low:.2f} to {role.high:.2f}). Asked whom to invite, it prefers "
    "women's names by {gap.value:.2f} ({gap.low:.2f} to {gap.high:.2f}) in log odds, where a bad "
    "record costs {record.value:.2f} ({record.low:.2f} to {record.high:.2f}); about ethnicity "
    "these names decide nothing. It invites nearly nobody and takes the first of two people. Such "
    "a model is not fair and not unfair as a recruiter: it cannot do the job.",
    role=fits["official"],
    gap=gaps["gender"],
    record=lowered,
)

# %% [markdown]
# ## What you learned
#
# - A pronoun's probability after a role follows the labor market and the texts, and depends on the
#   sentence; roles and sentences both belong in the interval `[12-pronouns]`
# - Names and questions are crossed: an interval needs both. Two things that vary together cannot be
#   separated afterward, and a name's number of tokens is one of them `[12-names]`
# - One half is no grade. Read a preference only next to a competence, with a control that comes out
#   empty, and after reading items `[12-benchmarks]`
# - Letters of one name belong together: permute names, and correct for the number of tests
#   `[12-letters]`
# - A wording, a system message, an order and a temperature are treatments. An instruction to be
#   fair needs a control message `[12-prompts]`
#
# **What this does not show.** What larger models say: they read records, and what they do with a
# name has to be measured there. What the same model says without rounding its numbers to four bits,
# or in another language. What names mean to people, or how anyone would describe themselves: we
# used what names suggest to others, in two groups by gender and two by ethnicity, because the audit
# study did. Whether somebody is harmed: nobody was hired.
#
# With `labkit run 12 --profile full`, and with another `MODEL_NAME`, the same cells run on more
# items and on a larger model. The shipped tables of letters and benchmarks stay those of this one.
#
# **Next.** This is the last notebook so far. Take one sentence that somebody has written about a
# model and people, and ask of it: which wording, which names, which control?
