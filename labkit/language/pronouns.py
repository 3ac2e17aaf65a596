"""Which pronoun a masked-language model expects after a profession, and whether its corpus explains it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from labkit.errors import UserError
from labkit.language.masked_lm import LanguageModel, word_ids
from labkit.models.batches import pad
from labkit.models.hidden_states import tokenize
from labkit.validation import check_texts

HE_OR_SHE = ("he", "she")


# X is the profession. No sentence says anything about a gender, or about a trait that is tied to one.
TEMPLATES = (
    "The X said that [MASK] was tired.",
    "The X finished the work, and then [MASK] went home.",
    "When the X arrived, [MASK] was late.",
    "The X knew that [MASK] had to leave.",
)


@torch.inference_mode()
def guess(model: LanguageModel, texts: Sequence[str], words: Sequence[str] = HE_OR_SHE) -> pd.DataFrame:
    """Return the probability of each of some words behind the mask of each text, given that it is one of them.

    Parameters
    ----------
    model : LanguageModel
    texts : sequence of str, length n
        Each has ``[MASK]`` once.
    words : sequence of str, length k
        One token each. Other words that could be there are left out of account.

    Returns
    -------
    DataFrame of shape (n, k)
        Probabilities; each row sums to 1.

    Raises
    ------
    UserError
        A text has no mask or several; a word is not one known token.
    """
    texts, tokenizer = check_texts(texts), model.tokenizer
    columns = word_ids(tokenizer, words)
    ids = tokenize(model.foundation, [text.replace("[MASK]", tokenizer.mask_token) for text in texts], 128)
    for text, row in zip(texts, ids, strict=True):
        if (count := row.count(tokenizer.mask_token_id)) != 1:
            raise UserError(f"{text!r} has {count} masks; write [MASK] once, where the word is missing")
    was_training, device, rows = model.training, model.bias.device, []
    model.eval()
    for start in range(0, len(ids), 64):
        some = ids[start : start + 64]
        padded, mask = (part.to(device) for part in pad(some, range(len(some)), tokenizer.pad_token_id))
        logits = model(padded, mask, padded == tokenizer.mask_token_id, columns)  # (B, k)
        rows.append(logits.float().softmax(-1).double().cpu().numpy())
    model.train(was_training)
    return pd.DataFrame(np.concatenate(rows), columns=list(words))


def share_of_she(model: LanguageModel, professions: Sequence[str], templates: Sequence[str] = TEMPLATES) -> pd.Series:
    """Return P(she | he or she) behind the mask, averaged over templates, for each profession.

    It says which pronouns the model expects in text; it says nothing about people.

    Parameters
    ----------
    model : LanguageModel
    professions : sequence of str, length n
        Words or phrases.
    templates : sequence of str
        Each with an X, where the profession goes, and ``[MASK]``.

    Returns
    -------
    Series of length n, indexed by profession
        In [0, 1].

    Raises
    ------
    UserError
        There is no profession; the tokenizer does not know one; a template does not have X once.
    """
    professions, tokenizer = check_texts(professions, name="professions: "), model.tokenizer
    for word in professions:
        if tokenizer.unk_token_id in tokenizer.encode(f" {word}", add_special_tokens=False):
            raise UserError(f"profession {word!r} is unknown to this tokenizer; leave it out or spell it differently")
    for template in templates:
        if template.count("X") != 1:
            raise UserError(f"template {template!r} must have X once, where the profession goes")
    texts = [template.replace("X", word) for word in professions for template in templates]
    she = guess(model, texts)["she"].to_numpy().reshape(len(professions), len(templates))
    return pd.Series(she.mean(1), index=pd.Index(professions, name="profession"), name="she")


def correlate(record: pd.DataFrame, shares: pd.Series, *, confidence: float = 0.95) -> pd.DataFrame:
    """Correlate P(she | profession) with the corpus at each noted step.

    Parameters
    ----------
    record : DataFrame
        One row per step, one column per profession: `labkit.language.pretraining.Pretrained.record`.
    shares : Series indexed by profession
        Share of women's pronouns in the corpus's sentences about each profession, in [0, 1].
    confidence : float
        Level of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Indexed by step: r (Pearson's correlation over professions) with low and high, Fisher's z interval (Fisher,
        1921; it treats the professions as a sample from a bivariate normal distribution), and spread, the standard
        deviation of P(she) over professions. A correlation ignores the spread: a line can be straight and nearly flat.

    Raises
    ------
    UserError
        A profession has no share, or there are fewer than four professions.
    """
    from scipy import stats

    if missing := [profession for profession in record.columns if profession not in shares.index]:
        raise UserError(f"shares lack {missing[:3]}; give the corpus's share for each profession in the record")
    if record.shape[1] < 4:
        raise UserError(f"the record has {record.shape[1]} professions; an interval needs at least 4")
    rows = []
    for values in record.to_numpy(dtype=float):
        found = stats.pearsonr(shares[record.columns].to_numpy(dtype=float), values)
        rows.append((found.statistic, *found.confidence_interval(confidence), values.std(ddof=1)))
    return pd.DataFrame(rows, index=record.index, columns=["r", "low", "high", "spread"])
