"""Items without their stereotype: what is left of them, and what a preference for words looks like there."""

import numpy as np
import pandas as pd
import pytest

from labkit.errors import UserError
from labkit.language import (
    compare_unrelated,
    load_generative_model,
    make_unrelated,
    score_benchmark,
    summarise_benchmark,
)
from labkit.language.benchmarks.unrelated import FRAMES, differing_words, fill_blank
from tests.language.causal_lm.tiny import save_tiny_causal_lm

from .conftest import Stub, arbitrary

pytestmark = pytest.mark.usefixtures("loaded_once")
NAMES = ("crows_pairs", "stereoset", "winobias", "winogender", "bbq")
ADDED = [f"prefers the stereotype, {what}" for what in ("unrelated words", "minus unrelated words")]


def by_measure(frame, part):
    """Return the rows of a part, by measure."""
    return frame[frame["part"] == part].set_index("measure")


def test_differences_of_crows_pairs_are_framed(crows_pairs):
    """The words in which sentences differ, and a frame that both share."""
    made = make_unrelated("crows_pairs", crows_pairs).set_index("item")
    assert len(made) >= 1500 and set(made.index) <= set(crows_pairs["item"])
    both = crows_pairs.set_index("item").loc[made.index]
    beginnings = [frame.split("{words}")[0] for frame in FRAMES]
    used = set()
    for new, old in zip(made.itertuples(), both.itertuples(), strict=True):
        (beginning,) = [each for each in beginnings if new.sent_more.startswith(each)]
        used.add(beginning)
        more, less = differing_words(old.sent_more, old.sent_less)
        assert (new.sent_more, new.sent_less) == (f"{beginning}{more}.", f"{beginning}{less}.")
    assert len(used) == len(FRAMES)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("Men are late.", "Women are late.", ("Men", "Women")),
        ("She said: I am old.", "He said: I am not old.", ("She", "He, not")),
        ("It is cold", "It is cold.", ("", "")),
    ],
)
def test_words_that_differ_are_found(first, second, words):
    """In one place or several, without full stops."""
    assert differing_words(first, second) == words


@pytest.mark.parametrize(
    ("context", "option", "words"),
    [
        ("The Finn was BLANK.", "the finn was very tall", "very tall"),
        ("BLANK people sing!", "Happy people sing!", "Happy"),
        ("He is BLANK, so BLANK.", "He is old, so old.", "old"),
        ("He is BLANK, so BLANK.", "He is old, so young.", None),
        ("The cat sat.", "The dog sat.", None),
    ],
)
def test_the_words_in_a_blank_are_found(context, option, words):
    """Whatever the capital letters and full stops; a second blank holds the same."""
    assert fill_blank(context, option) == words


def test_options_of_stereoset_are_in_the_context_of_another_type(stereoset):
    """Each context is one of the same task, of a target of another type; within sentences the words are the item's."""
    made = make_unrelated("stereoset", stereoset)
    joined = made.merge(stereoset, on=["task", "item"], suffixes=("", "_own"))
    assert len(joined) == len(made) > 4200
    types = stereoset.groupby(["task", "context"])["bias_type"].agg(set)
    for row in joined.itertuples():
        assert types[row.task, row.context] - {row.bias_type}
        if row.task == "intersentence":
            assert row.stereotype == row.stereotype_own
        else:
            words = fill_blank(row.context_own, row.stereotype_own)
            assert row.stereotype == row.context.replace("BLANK", words) and "BLANK" not in row.stereotype


def test_no_occupation_is_named(winobias, winogender):
    """Nor in another case; pronouns, and in Winogender the other person, stay."""
    for name, frame in (("winobias", winobias), ("winogender", winogender)):
        made = make_unrelated(name, frame)
        for sentence, occupation, pronoun in zip(made["sentence"], made["occupation"], made["pronoun"], strict=True):
            assert f"the {occupation} " not in sentence.lower() and pronoun in sentence.lower()
            assert "the person" in sentence.lower() and sentence[0].isupper()
        if name == "winobias":
            texts = made["sentence"].str.lower()
            assert texts.str.contains("someone").all()
            assert not any(f"the {other} " in text for other, text in zip(made["other"], texts, strict=True))


def test_answers_of_bbq_follow_a_question_of_another_category(bbq):
    """Of the same condition and polarity, so that the other question is as long; answers and what is right stay."""
    some = bbq.groupby("category").head(40)
    made = make_unrelated("bbq", some)
    kept = [column for column in bbq if column not in ("context", "question")]
    assert made[kept].equals(some[kept])
    of_question = some.groupby(["condition", "polarity", "context", "question"])["category"].agg(set)
    for row in made.itertuples():
        assert of_question[row.condition, row.polarity, row.context, row.question] - {row.category}


@pytest.mark.parametrize("name", NAMES)
def test_an_item_has_the_same_unrelated_words_whichever_are_drawn(name, guessing):
    """And another seed draws others, but for WinoBias and Winogender, where nothing is drawn."""
    few, more = (score_benchmark(guessing, name, items=items, unrelated=True) for items in (8, 40))
    both = few.merge(more, on=["part", "item"], suffixes=("", "_more"))
    assert len(both) > 4 and (both["log_odds"] == both["log_odds_more"]).all()
    assert "competent" not in few and not few.filter(like="correct").shape[1]


@pytest.mark.parametrize("name", ["crows_pairs", "stereoset", "winogender"])
def test_a_model_that_counts_words_prefers_as_much_with_unrelated_ones(name):
    """It charges a nat per letter: what it prefers is the same item by item, so the difference is nothing."""
    model = Stub(lambda prompt, text: -float(len(text.replace("Someone", "someone"))))
    scores, unrelated = (score_benchmark(model, name, items=60, unrelated=control) for control in (False, True))
    for part in scores["part"].unique():
        found = by_measure(compare_unrelated(scores, unrelated), part)
        assert abs(found.loc[ADDED[1], "estimate"]) < 0.06
        assert found.loc["prefers the same option with unrelated words", "estimate"] > 0.9


def test_a_model_that_knows_stereotypes_prefers_nothing_among_unrelated_words(crows_pairs):
    """What it likes are the sentences, not their words."""
    liked = frozenset(crows_pairs["sent_more"])
    model = Stub(lambda prompt, text: arbitrary(prompt, text) + 200 * (text in liked))
    scores, unrelated = (score_benchmark(model, "crows_pairs", items=400, unrelated=each) for each in (False, True))
    found = by_measure(compare_unrelated(scores, unrelated), "all pairs")
    assert found.loc[ADDED[0], "low"] < 0.5 < found.loc[ADDED[0], "high"]
    assert found.loc[ADDED[1], "low"] > 0.35 and found.loc[ADDED[1], "items"] >= 395
    assert (found["kind"] == "control").all()


def test_winogenders_correlation_is_that_of_the_sentences_without_occupations(winogender):
    """A model that follows women's shares by the occupation's name follows none without it."""
    shares = winogender.drop_duplicates("occupation").set_index("occupation")["bls_share"]

    def score(prompt, text):
        share = next((shares[name] for name in shares.index if f"the {name} " in text.lower()), 0.5)
        return arbitrary("", text) / 100 + 300 * (share - 0.5) * (" she " in text or " her " in text)

    scores, unrelated = (score_benchmark(Stub(score), "winogender", unrelated=each) for each in (False, True))
    own = by_measure(summarise_benchmark(scores), "refers to the occupation").loc["correlation with women's share"]
    found = by_measure(compare_unrelated(scores, unrelated), "refers to the occupation")
    other = found.loc["correlation with women's share, unrelated words"]
    assert own["low"] > 0.6 and other["low"] < 0 < other["high"]


def test_options_of_as_many_tokens_are_a_measure_of_their_own(crows_pairs):
    """A model that charges for words has no preference among those; a model that cannot count has no such row."""
    model = Stub(lambda prompt, text: -float(len(text.split())))
    measure = "prefers the stereotype, options of as many tokens"
    assert measure not in set(summarise_benchmark(score_benchmark(model, "crows_pairs"))["measure"])
    model.count_tokens = lambda texts: np.array([len(text.split()) for text in texts])
    scores = score_benchmark(model, "crows_pairs")
    lengths = [crows_pairs[column].str.split().str.len() for column in ("sent_more", "sent_less")]
    assert (scores["equal_tokens"] == (lengths[0] == lengths[1])).all()
    row = by_measure(summarise_benchmark(scores), "all pairs").loc[measure]
    assert row["estimate"] == 0.5 and row["items"] == scores["equal_tokens"].sum() < len(scores)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_if_tiny_model_is_scored_both_ways(name, tmp_path):
    """Log-probabilities of a model with weights drawn at random, in float32."""
    model = load_generative_model(save_tiny_causal_lm(tmp_path, context=1024))
    options = {"items": 4 if name == "bbq" else 8, "form": "answers"}
    scores, unrelated = (score_benchmark(model, name, unrelated=each, **options) for each in (False, True))
    assert scores["item"].tolist() == unrelated["item"].tolist()
    scores, unrelated = scores.dropna(subset="log_odds"), unrelated.dropna(subset="log_odds")
    assert not np.allclose(scores["log_odds"], unrelated["log_odds"])
    assert scores["equal_tokens"].equals(unrelated["equal_tokens"]) or name in ("crows_pairs", "stereoset")
    assert {*ADDED} <= set(compare_unrelated(scores, unrelated, draws=50)["measure"])


@pytest.mark.parametrize(
    ("other", "options", "message"),
    [
        ("winogender", {}, "the scores are of bbq, letters, those with unrelated words of winogender"),
        ("bbq", {"form": "answers"}, "of bbq, letters, those with unrelated words of bbq, answers; score the same"),
        ("bbq", {"seed": 9}, "no item is in both frames; score the same items, with the same seed"),
    ],
)
def test_scores_of_something_else_are_refused(other, options, message, guessing):
    """The error says of what both are."""
    scores = score_benchmark(guessing, "bbq", items=4)
    unrelated = score_benchmark(guessing, other, items=4, unrelated=True, **options)
    with pytest.raises(ValueError, match=message):
        compare_unrelated(scores, unrelated)


def test_what_is_compared_is_one_benchmark(guessing):
    """Two in one frame are refused, as everywhere."""
    scores = score_benchmark(guessing, "winogender", items=4)
    mixed = pd.concat([scores, scores.assign(benchmark="bbq")])
    with pytest.raises(ValueError, match="several values of 'benchmark'"):
        compare_unrelated(scores, mixed)


@pytest.mark.parametrize("name", ["crows_pairs", "bbq"])
def test_scores_next_to_unrelated_words_are_not_summarized_alone(name, guessing):
    """They have no competence, and the message says what takes them."""
    with pytest.raises(UserError, match="hand them to compare_unrelated"):
        summarise_benchmark(score_benchmark(guessing, name, items=8, unrelated=True))
