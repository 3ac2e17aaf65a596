"""What a generative model says when something is wrong, and how chats and counts are made."""

import numpy as np
import pytest

from labkit.errors import UserError
from labkit.language.causal_lm import load_generative_model
from tests.language.causal_lm.tiny import save_tiny_causal_lm

LONG = "happy" * 300  # a token each


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.sequence_log_probabilities("he"), "texts is one string; give a list"),
        (lambda m: m.sequence_log_probabilities([]), "texts is empty; give at least one"),
        (lambda m: m.sequence_log_probabilities(["he", None]), r"texts\[1\] is None, not a string; drop rows"),
        (lambda m: m.sequence_log_probabilities(["he", ""]), r"texts\[1\] is empty"),
        (lambda m: m.sequence_log_probabilities(["he", LONG]), r"texts\[1\] has 301 tokens.*holds 256; shorten"),
        (lambda m: m.sequence_log_probabilities(["he"], batch_size=0), "batch_size is 0; give a number of texts"),
        (lambda m: m.continuation_log_probabilities(["he"], [""]), r"continuations\[0\] is empty, so there is nothing"),
        (lambda m: m.continuation_log_probabilities(["a", "b"], ["c"]), "2 prompts and 1 continuations; give one for"),
        (lambda m: m.continuation_log_probabilities([LONG], [" and"]), r"prompts\[0\] has 302 tokens.*shorten"),
        (lambda m: m.choice_log_odds(["he"], yes=" a", no=" a"), "yes and no are both ' a'; give two answers"),
        (lambda m: m.generate(["he"], n=0), "n is 0; give a whole number"),
        (lambda m: m.generate(["he"], max_new_tokens=0), "max_new_tokens is 0"),
        (lambda m: m.generate(["he"], temperature=-1), "temperature is -1; give 0 or a positive"),
        (lambda m: m.generate(["he"], temperature=0, n=2), "all 2 texts of a prompt are the same; use n=1"),
        (lambda m: m.generate(["he"], max_new_tokens=256), r"prompts\[0\] has 2 tokens and 256 new ones.*holds 256"),
    ],
)
def test_wrong_arguments_are_named_with_a_remedy(tiny, call, message):
    """Each error says which text it is about."""
    with pytest.raises(UserError, match=message):
        call(tiny)


@pytest.mark.parametrize(("prompt", "continuation"), [("hap", "py"), ("he and ", "he"), ("I am hap", "py and")])
def test_a_continuation_that_merges_is_named(tiny, prompt, continuation):
    """No token begins where the continuation begins, so it has no probability of its own."""
    said = rf"continuations\[1\] '{continuation}' merges with the end of prompts\[1\], '{prompt}': .*move the space"
    with pytest.raises(UserError, match=said):
        tiny.continuation_log_probabilities(["he", prompt], [" and", continuation])


def test_merging_is_judged_by_the_tokens_of_the_real_model(smollm2):
    """With the message that students will see."""
    with pytest.raises(UserError, match=r"'happy' merges with the end of prompts\[0\], 'I am ': .* ' happy'"):
        smollm2.continuation_log_probabilities(["I am "], ["happy"])


def test_an_unknown_precision_is_rejected():
    """Before anything is loaded."""
    with pytest.raises(UserError, match="precision 'float16' is not one of float32, bfloat16"):
        load_generative_model("smollm2", precision="float16")


def test_log_odds_are_the_difference_of_two_continuations(tiny):
    """Answers of several tokens, too."""
    prompts = ["he", "she and"]
    odds = tiny.choice_log_odds(prompts, yes=" happy and", no=" he")
    yes = tiny.continuation_log_probabilities(prompts, [" happy and"] * 2)
    no = tiny.continuation_log_probabilities(prompts, [" he"] * 2)
    assert odds == pytest.approx(yes - no, abs=1e-5)


def test_a_start_token_is_never_doubled(tiny):
    """A rendered chat begins with it; a plain text gets it."""
    (chat,) = tiny.render_chat(["he"])
    assert tiny.sequence_log_probabilities([chat]) == pytest.approx(
        tiny.sequence_log_probabilities([chat.removeprefix("<s>")]), abs=1e-6
    )


def test_system_messages_are_as_asked_for(tiny, smollm2):
    """SmolLM2 writes one of its own where none is given; an empty one is another treatment."""
    assert tiny.render_chat(["he"], system="be kind") == ["<s>system\nbe kind</s><s>user\nhe</s><s>assistant\n"]
    own, empty = smollm2.render_chat(["Hi"])[0], smollm2.render_chat(["Hi"], system="")[0]
    assert own.startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
    assert empty == "<|im_start|>system\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_a_model_without_a_chat_template_says_so(tmp_path):
    """A base model is no chat model."""
    model = load_generative_model(save_tiny_causal_lm(tmp_path, chat=False))
    with pytest.raises(UserError, match="has no chat template.*give plain texts"):
        model.render_chat(["he"])


def test_a_template_without_a_system_message_says_so(tiny, monkeypatch):
    """Some templates raise an error of their own."""
    template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    monkeypatch.setattr(tiny.tokenizer, "chat_template", template)
    with pytest.raises(UserError, match="System role not supported.*leave out system="):
        tiny.render_chat(["he"], system="be kind")


def test_tokens_are_counted_without_a_start_token(tiny, smollm2):
    """A space before a word belongs to it."""
    assert tiny.count_tokens(["happy", " happy", "he and she"]).tolist() == [1, 1, 3]
    assert smollm2.count_tokens([" Emily", " Lakisha", " Jamal"]).tolist() == [1, 3, 2]


def test_long_texts_are_reported_by_us_alone(tiny, capsys, caplog):
    """transformers would log a sentence of its own that names no text."""
    with pytest.raises(UserError):
        tiny.sequence_log_probabilities([LONG])
    assert not caplog.records and not capsys.readouterr().err


def test_scores_are_float64_and_negative(tiny):
    """As numpy arrays with one number per text."""
    scores = tiny.sequence_log_probabilities(["he", "she and he"])
    assert scores.dtype == np.float64 and scores.shape == (2,) and (scores < 0).all()
