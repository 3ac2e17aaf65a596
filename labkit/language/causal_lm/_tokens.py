"""Texts as token ids, read as the model will: a start token in front, prompt and continuation together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.errors import UserError
from labkit.validation import check_strings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def check_filled(texts: Sequence[str], name: str) -> list[str]:
    """Return texts as a list; a UserError names a value that is no string, or is empty. White space is text here."""
    texts = check_strings(texts, name)
    for row, text in enumerate(texts):
        if not text:
            raise UserError(f"{name}[{row}] is empty, so there is nothing to score; give at least one character")
    return texts


def encode(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of texts, without special tokens except those that a text itself spells."""
    return tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]


def find_start_token(tokenizer: "PreTrainedTokenizerBase", name: object) -> int:
    """Return the token that is put in front of texts: the beginning of a sequence, or else its end."""
    for token in (tokenizer.bos_token_id, tokenizer.eos_token_id):
        if token is not None:
            return token
    raise UserError(
        f"the tokenizer of {name!r} has neither a token for the beginning of a text nor one for its end; name one as "
        '"bos_token" in its tokenizer_config.json'
    )


def put_in_front(token: int, ids: Sequence[Sequence[int]]) -> list[list[int]]:
    """Put the start token in front of each text that does not begin with it already, as rendered chats do."""
    return [list(row) if row and row[0] == token else [token, *row] for row in ids]


def encode_together(
    tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str], continuations: Sequence[str]
) -> tuple[list[list[int]], list[int]]:
    """Return the token ids of prompt + continuation, and how many of them are the prompt's.

    Raises
    ------
    UserError
        The end of a prompt and the beginning of its continuation make one token together, so that the continuation has
        no probability of its own.
    """
    alone = encode(tokenizer, prompts)
    together = encode(tokenizer, [first + second for first, second in zip(prompts, continuations, strict=True)])
    for row, (ids, prompt) in enumerate(zip(together, alone, strict=True)):
        if ids[: len(prompt)] != prompt or len(ids) == len(prompt):
            at = next((at for at, (one, other) in enumerate(zip(ids, prompt, strict=False)) if one != other), 0)
            merged = tokenizer.decode(ids[at : at + 1])
            raise UserError(
                f"continuations[{row}] {quote_part(continuations[row])} merges with the end of prompts[{row}], "
                f"{quote_part(prompts[row], end=True)}: together they are read as {merged!r} "
                "and not cut between the two; move the space from the end of the prompt to the beginning of the "
                "continuation, or end the prompt with a whole word"
            )
    return together, [len(prompt) for prompt in alone]


def check_length(ids: Sequence[Sequence[int]], longest: int, name: str, *, more: int = 0) -> None:
    """Raise a UserError for a text with more tokens than the model can read, start token and new tokens included."""
    for row, own in enumerate(ids):
        if len(own) + more > longest:
            new = f" and {more} new ones (max_new_tokens=)" if more else ""
            raise UserError(
                f"{name}[{row}] has {len(own)} tokens{new}, and the model's context holds {longest}; shorten the text"
            )


def quote_part(text: str, *, end: bool = False, most: int = 30) -> str:
    """Write a text in quotes, cut to its beginning, or its end."""
    if len(text) <= most:
        return repr(text)
    return repr(f"…{text[-most:]}" if end else f"{text[:most]}…")
