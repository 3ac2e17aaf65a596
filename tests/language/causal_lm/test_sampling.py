"""Draws depend on prompt, seed and number alone, and follow the model's probabilities."""

import numpy as np
import pytest
import torch

from labkit.language.causal_lm._sampling import DrawTokens, cut_batches


def draw(model, prompts, **options):
    """Return the texts by prompt and number of the draw."""
    frame = model.generate(prompts, max_new_tokens=6, **options)
    return frame.set_index(["prompt", "draw"])["text"].to_dict()


def test_a_draw_does_not_depend_on_what_else_is_in_the_batch(tiny):
    """Other prompts, their order and more draws change nothing, to the last character."""
    few = draw(tiny, ["he and"], n=2)
    many = draw(tiny, ["she", "happy and happy and happy and happy he he", "he and", "he"], n=5)
    assert {key: many[key] for key in few} == few
    assert len(set(many.values())) > 10


def test_seeds_and_repeated_prompts_give_other_draws(tiny):
    """A prompt that is there twice goes on counting."""
    first, again = tiny.generate(["he", "he"], max_new_tokens=8)["text"]
    assert first != again
    assert [first, again] == tiny.generate(["he"], n=2, max_new_tokens=8)["text"].tolist()
    assert tiny.generate(["he"], seed=1, max_new_tokens=8)["text"][0] != first


def test_temperature_zero_takes_the_most_probable_token(tiny):
    """Step by step, as the log-probabilities say."""
    (row,) = tiny.generate(["he"], temperature=0, max_new_tokens=1).to_dict("records")
    ids = torch.tensor([[1, *tiny.tokenizer("he").input_ids]])
    best = int(tiny.model(ids).logits[0, -1].argmax())
    assert row["text"] == tiny.tokenizer.decode([best], skip_special_tokens=True)


def test_tokens_are_drawn_with_their_probabilities():
    """3,000 draws of four tokens, at two temperatures."""
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]]).repeat(3000, 1)
    for temperature in (1.0, 0.5):
        chooser = DrawTokens([np.random.default_rng(row) for row in range(3000)], temperature)
        drawn = chooser(None, logits).argmax(-1)
        expected = (logits[0] / temperature).softmax(-1).numpy()
        shares = np.bincount(drawn.numpy(), minlength=4) / 3000
        assert np.abs(shares - expected).max() < 4 * np.sqrt(0.25 / 3000)


def test_a_text_ends_where_the_model_ends_it(tiny, monkeypatch):
    """The end token is not part of the text, and what was cut off says so."""
    monkeypatch.setattr(tiny, "ends", tuple(range(3, 200)))
    frame = tiny.generate(["he", "she"], n=8, max_new_tokens=4)
    assert frame["finished"].any()
    assert (frame.loc[frame["finished"], "tokens"] < 4).all() and (frame.loc[~frame["finished"], "tokens"] == 4).all()
    assert frame.columns.tolist() == ["prompt", "draw", "text", "tokens", "finished"]
    assert frame["draw"].tolist() == [*range(8)] * 2


def test_batches_hold_prompts_of_one_rounded_length():
    """Every row once, longest first."""
    batches = list(cut_batches([3, 20, 5, 33, *[7] * 9]))
    assert [length for _, length in batches] == [48, 32, 16, 16]
    assert sorted(row for rows, _ in batches for row in rows) == list(range(13))


def test_a_progress_bar_counts_texts(tiny, capsys, monkeypatch):
    """On the error stream; TQDM_DISABLE turns it off."""
    monkeypatch.setenv("TQDM_DISABLE", "0")
    tiny.generate(["he"], n=3, max_new_tokens=2)
    assert "writing" in capsys.readouterr().err
    monkeypatch.setenv("TQDM_DISABLE", "1")
    tiny.generate(["he"], n=3, max_new_tokens=2)
    assert not capsys.readouterr().err


@pytest.mark.slow
def test_draws_of_the_real_model_do_not_depend_on_the_batch(smollm2):
    """Bit for bit the same choice, 40 tokens long."""
    prompts = smollm2.render_chat(["Describe a nurse.", "Describe an engineer in one sentence.", "Who are you?"])
    together = smollm2.generate(prompts, n=3)
    alone = smollm2.generate(prompts[1:2])
    assert together["text"][3] == alone["text"][0]
