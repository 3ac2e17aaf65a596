"""Scores of known models: what is preferred, how competence is measured, and what a model is asked."""

import numpy as np
import pytest

from labkit.language import score_benchmark
from labkit.language.benchmarks._score_pairs import exchange_neighbors
from labkit.language.benchmarks.scoring import draw_items

from .conftest import Stub

pytestmark = pytest.mark.usefixtures("loaded_once")
NAMES = ("crows_pairs", "stereoset", "winobias", "winogender", "bbq")
SHARED = ["benchmark", "item", "part", "bias_type", "cluster", "log_odds", "prefers_stereotype", "competent"]


def knows(*liked: str):
    """Return a model that gives a text 0 if it is one of some, and -1 otherwise."""
    return Stub(lambda prompt, text, liked=frozenset(liked): 0.0 if text.strip() in liked else -1.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_without_preferences_has_none(name):
    """Equal scores are half a preference, not one for the option that happens to come first."""
    scores = score_benchmark(Stub(lambda prompt, text: -1.0), name, items=40)
    assert set(SHARED) <= set(scores) and (scores["benchmark"] == name).all()
    assert (scores["prefers_stereotype"].dropna() == 0.5).all() and (scores["log_odds"].dropna() == 0).all()
    if name != "bbq":
        assert (scores["competent"] == 0.5).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_texts_are_in_the_scores(name, guessing):
    """A frame that is shown or saved has nothing offensive in it: no column holds a sentence."""
    scores = score_benchmark(guessing, name, items=8)
    assert max(scores[column].astype(str).str.len().max() for column in scores) < 60


def test_crows_pairs_counts_the_more_stereotyping_sentence(crows_pairs):
    """A model that likes it prefers the stereotype, and its words exchanged are no sentence to it."""
    some = crows_pairs["sent_more"][:100]
    scores = score_benchmark(knows(*some), "crows_pairs")
    assert (scores["prefers_stereotype"][:100] == 1).all() and (scores["log_odds"][:100] == 1).all()
    assert (scores["competent"][:100] == 1).all()
    others = score_benchmark(knows(*crows_pairs["sent_less"]), "crows_pairs")["prefers_stereotype"]
    assert (others == 0).mean() > 0.99  # one sentence is in another pair the other way around


def test_words_are_exchanged_between_neighbors_that_differ():
    """The same words, in another order; the same for a seed."""
    text = "the the old man was late"
    exchanged = {exchange_neighbors(text, np.random.default_rng(seed)) for seed in range(50)}
    assert text not in exchanged and {tuple(sorted(each.split())) for each in exchanged} == {
        tuple(sorted(text.split()))
    }
    assert len(exchanged) == 4


def test_stereoset_compares_with_the_unrelated_option(stereoset):
    """Both meaningful options more likely: competent; one of them: half."""
    both = score_benchmark(knows(*stereoset["stereotype"], *stereoset["antistereotype"]), "stereoset")
    assert (both["competent"] == 1).mean() > 0.99 and (both["prefers_stereotype"] == 0.5).mean() > 0.99
    one = score_benchmark(knows(*stereoset["antistereotype"]), "stereoset")
    assert (one["competent"] == 0.75).mean() > 0.98  # the stereotype is as likely as the unrelated option
    assert (one["prefers_stereotype"] == 0).mean() > 0.98


def test_sentences_that_follow_are_scored_after_their_context(stereoset):
    """With one space between them, and without a context within a sentence."""
    prompts = []
    model = Stub(lambda prompt, text: prompts.append((prompt, text)) or -1.0)
    score_benchmark(model, "stereoset")
    between = stereoset[stereoset["task"] == "intersentence"]
    assert len(prompts) == 3 * len(stereoset) and sum(prompt == "" for prompt, _ in prompts) == 3 * 2106
    first = between.iloc[0]
    assert (first["context"].strip(), " " + first["unrelated"].strip()) in prompts


def test_per_byte_divides_by_the_length_of_the_option():
    """A model that charges one nat per byte finds all options equal."""
    model = Stub(lambda prompt, text: -float(len(text.encode())))
    by_text = score_benchmark(model, "stereoset", items=200)
    by_byte = score_benchmark(model, "stereoset", items=200, per="byte")
    assert (by_byte["log_odds"] == 0).all() and not (by_text["log_odds"] == 0).all()
    assert (by_text["prefers_stereotype"] == by_text["stereotype_shorter"]).mean() > 0.9  # the space counts, too


def test_per_token_divides_by_the_models_own_count():
    """A model that charges one nat per token finds all options equal; one that cannot count says so."""
    model = Stub(lambda prompt, text: -float(len(text.split())))
    with pytest.raises(ValueError, match=r"needs a model with count_tokens\(texts\); use per='byte'"):
        score_benchmark(model, "stereoset", items=10, per="token")
    model.count_tokens = lambda texts: np.array([len(text.split()) for text in texts])
    assert (score_benchmark(model, "stereoset", items=50, per="token")["log_odds"] == 0).all()


def test_winobias_compares_pro_with_anti_and_resolves_both(winobias):
    """A model that likes stereotypical sentences, and one that always names the last person of the sentence."""
    pro = winobias.loc[winobias["condition"] == "pro", "sentence"]
    scores = score_benchmark(knows(*pro), "winobias")
    assert (scores["prefers_stereotype"] == 1).mean() > 0.99
    assert scores["part"].value_counts().to_dict() == {"type 1": 396, "type 2": 396}

    def names_last(prompt, text):
        return float(prompt.lower().rfind(text.replace("the ", "").strip())) if prompt else -1.0

    last = score_benchmark(Stub(names_last), "winobias")
    assert (last["competent"] == last["named_last"]).all()  # whatever the pronoun
    by_type = last.groupby("part")["competent"].mean()
    assert by_type["type 1"] == 0.5 and by_type["type 2"] > 0.99  # a flaw of the benchmark: the card says so


def test_a_model_that_resolves_pronouns_by_stereotype_is_wrong_where_it_is_anti(winobias):
    """It answers with the occupation whose stereotype the pronoun has: always right in pro, always wrong in anti."""
    stereotype = dict(zip(winobias["occupation"], winobias["occupation_gender"], strict=True))

    def by_stereotype(prompt, text):
        if not prompt:
            return -1.0
        pronoun = prompt.split('pronoun "')[1].split('"')[0]
        return float(
            stereotype[text.replace("the ", "").strip()] == ("male" if pronoun in ("he", "him", "his") else "female")
        )

    scores = score_benchmark(Stub(by_stereotype), "winobias")
    assert (
        (scores["correct_pro"] == 1).all()
        and (scores["correct_anti"] == 0).all()
        and (scores["competent"] == 0.5).all()
    )


def test_winogender_prefers_the_gender_of_the_majority(winogender):
    """A model that always prefers "she" prefers the stereotype where most are women, and only there."""
    female = winogender.loc[winogender["gender"] == "female", "sentence"]
    scores = score_benchmark(knows(*female), "winogender")
    assert (scores["log_odds_female"] == 1).all() and len(scores) == 240
    assert ((scores["bls_share"] > 0.5) == (scores["prefers_stereotype"] == 1)).all()


def test_winogender_asks_whom_the_pronoun_refers_to(winogender):
    """A model that always answers with the occupation is right where the pronoun refers to it."""
    occupations = {f"the {occupation}" for occupation in winogender["occupation"]}
    scores = score_benchmark(knows(*occupations), "winogender")
    assert dict(scores.groupby("part")["competent"].mean()) == {
        "refers to the occupation": 1,
        "refers to the participant": 0,
    }


@pytest.mark.parametrize("form", ["letters", "answers"])
def test_bbq_recognizes_the_answer_that_a_model_gives(bbq, form):
    """A model that knows the right answers, one that always gives the stereotypical one, and one that never says."""
    drawn = draw_items(bbq, 40, ["category"], "situation", seed=0)
    drawn = drawn[drawn["biased"].notna()]
    for column, choice in (("correct", None), ("biased", "biased"), ("unknown", "unknown")):
        liked = {
            (row["context"], row["question"], row[f"answer_{row[column]}"]) for row in drawn.to_dict(orient="records")
        }

        def score(prompt, text, liked=liked):
            context, rest = prompt.split("\nQuestion: ")
            question, *lines = rest.split("\n")
            if form == "letters":
                text = next(line[3:] for line in lines if line[0] == text.strip())
            return 0.0 if (context, question, text.strip()) in liked else -5.0

        scores = score_benchmark(Stub(score), "bbq", items=40, form=form)
        scores = scores[scores["prefers_stereotype"].notna()]
        tells = scores["part"] == "disambig"
        assert (scores["form"] == form).all() and len(scores) == len(drawn)
        if column == "correct":
            assert (scores["correct"] == 1).all() and (scores["choice"][~tells] == "unknown").all()
            assert (scores["competent"][tells] == 1).all() and scores["competent"][~tells].isna().all()
            assert ((scores["choice"] == "biased") == (scores["aligned"] == 1))[tells].all()
        else:
            assert (scores["choice"] == choice).all()
        if column == "biased":
            assert (scores["prefers_stereotype"] == 1).all() and (scores["log_odds"] > 4.9).all()
        if form == "letters":  # each answer is once A, once B, once C
            assert np.allclose(scores[["chose_a", "chose_b", "chose_c"]], 1 / 3)


def test_a_model_that_always_says_a_is_seen_to_do_so():
    """It has no preference for an answer, and the control shows what it does."""
    scores = score_benchmark(Stub(lambda prompt, text: 0.0 if text == " A" else -3.0), "bbq", items=20)
    assert (scores["chose_a"] == 1).all() and (scores["chose_b"] == 0).all()
    assert np.allclose(scores["log_odds"].dropna(), 0)


def test_drawing_keeps_situations_whole_and_depends_on_the_seed(bbq, guessing):
    """So many questions of each category, four to a situation; the same for a seed."""
    first, again, other = (score_benchmark(guessing, "bbq", items=20, seed=seed) for seed in (1, 1, 2))
    assert (first.groupby("bias_type").size() == 20).all() and (first.groupby("situation").size() == 4).all()
    assert first.equals(again) and set(first["item"]) != set(other["item"])


@pytest.mark.parametrize(
    ("name", "size"), [("crows_pairs", 10), ("stereoset", 20), ("winobias", 20), ("winogender", 10)]
)
def test_drawing_takes_so_many_of_each_part(name, size, guessing):
    """Of each task and type, and of the whole where there is neither; the scores are those of the whole set."""
    drawn, whole = score_benchmark(guessing, name, items=10), score_benchmark(guessing, name)
    assert len(drawn) == size
    both = drawn.merge(whole, on=["item", "part"], suffixes=("", "_whole"))
    assert len(both) == size and (both["log_odds"] == both["log_odds_whole"]).all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("bold", {}, "benchmark 'bold' is not known; choose one of crows_pairs, stereoset"),
        ("bbq", {"form": "numbers"}, "form 'numbers' is not known; choose one of letters, answers"),
        ("stereoset", {"per": "word"}, "per 'word' is not known; choose one of text, token, byte"),
        ("bbq", {"items": 10}, "items is 10; it must be a multiple of 4"),
        ("winobias", {"items": 0}, "items is 0; it must be a multiple of 1, at least 1"),
    ],
)
def test_what_is_not_possible_says_what_is(name, options, message, guessing):
    """Each error names the value and the choices."""
    with pytest.raises(ValueError, match=message):
        score_benchmark(guessing, name, **options)


def test_scores_that_are_no_numbers_are_refused():
    """NaN of a model in half precision, and an array of another shape."""
    with pytest.raises(ValueError, match="90 of 90 scores are not finite numbers; load the model in float32"):
        score_benchmark(Stub(lambda prompt, text: np.nan), "crows_pairs", items=30)
    model = Stub(lambda prompt, text: -1.0)
    model.sequence_log_probabilities = lambda texts: np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"scores of shape \(2, 2\) for 90 texts; return one each"):
        score_benchmark(model, "crows_pairs", items=30)
