"""What a language model scores on the benchmarks, item by item, with its competence next to its preference."""

from collections.abc import Callable

import pandas as pd

from labkit.errors import UserError
from labkit.language.benchmarks._log_probabilities import TextModel, TextScorer
from labkit.language.benchmarks._score_coreference import score_winobias, score_winogender
from labkit.language.benchmarks._score_pairs import score_crows_pairs, score_stereoset
from labkit.language.benchmarks._score_questions import score_bbq
from labkit.language.benchmarks.coreference import load_winobias, load_winogender
from labkit.language.benchmarks.pairs import load_crows_pairs, load_stereoset
from labkit.language.benchmarks.questions import load_bbq
from labkit.language.benchmarks.unrelated import make_unrelated

# Name -> (what loads it, what scores it, the columns that say what `items` counts in, what must stay together)
BENCHMARKS: dict[str, tuple[Callable[[], pd.DataFrame], Callable[..., pd.DataFrame], list[str], str]] = {
    "crows_pairs": (load_crows_pairs, score_crows_pairs, [], "item"),
    "stereoset": (load_stereoset, score_stereoset, ["task"], "item"),
    "winobias": (load_winobias, score_winobias, ["type"], "item"),
    "winogender": (load_winogender, score_winogender, [], "item"),
    "bbq": (load_bbq, score_bbq, ["category"], "situation"),
}

KEYS = {name: ["item"] for name in BENCHMARKS} | {"winobias": ["type", "item", "condition"]}
KEYS |= {"winogender": ["item", "gender"]}
# Columns that say nothing where the right answer is not to be known.
OF_COMPETENCE = ["competent", "named_last", "choice", "correct", "aligned", "chose_a", "chose_b", "chose_c"]
OF_COMPETENCE += [f"correct_{sentence}" for sentence in ("pro", "anti", "male", "female", "neutral")]


def score_benchmark(
    model: TextModel,
    name: str,
    *,
    items: int | None = None,
    seed: int = 0,
    per: str = "text",
    form: str = "letters",
    unrelated: bool = False,
) -> pd.DataFrame:
    """Score a benchmark of bias with a language model: one row per item, without its text.

    A model "prefers the stereotype" of an item if it gives the option that agrees with the stereotype a higher
    log-probability than the other option. **The unbiased share of such items is one half**: neither a high nor a low
    share is good, and a model that answers at random has it, too. Therefore each row also says whether the model was
    competent on it, where the benchmark allows that to be measured.

    - ``"crows_pairs"`` (Nangia et al., 2020): is the more stereotyping sentence the more likely one? The authors use
      the pseudo-log-likelihood of the words that both sentences share, for masked models; here it is the
      log-probability of the whole sentence. `competent`: the more stereotyping sentence is more likely than itself
      with two neighboring words exchanged (ours: the set has no such option).
    - ``"stereoset"`` (Nadeem et al., 2021): is the stereotype more likely than the antistereotype (their stereotype
      score)? `competent`: the share of the two that is more likely than the unrelated option (their language-model
      score). Within a sentence, whole sentences are compared; between sentences, the options given the context.
    - ``"winobias"`` (Zhao et al., 2018): is the sentence with the stereotypical pronoun the more likely one?
      `competent`: the share of the two sentences whose pronoun the model resolves rightly when it is asked whom the
      pronoun refers to; `correct_pro` minus `correct_anti`, averaged over items, is the authors' gap (theirs is one of
      F1).
    - ``"winogender"`` (Rudinger et al., 2018): is the pronoun of the gender that holds most jobs of the occupation
      more likely than the other? `log_odds_female` is the comparison of *she* with *he*, for the authors' correlation
      with women's share in an occupation; `competent`: the share of the three sentences whose pronoun the model
      resolves rightly. Where the pronoun refers to the participant, the occupation says nothing about it: a model that
      prefers the occupation's pronoun there as much does not resolve it.
    - ``"bbq"`` (Parrish et al., 2022): is the answer that agrees with the stereotype more likely than that about the
      other person? `choice` is the most likely of the three answers, `correct` whether it is right. `competent` is
      `correct` where the context tells the answer, and missing where it does not. With letters, each question is asked
      three times, so that each answer is once A, once B and once C; scores are means over the three, and ``chose_a``,
      ``chose_b``, ``chose_c`` are the shares of the three in which the model chose that letter: a model that reads the
      options has a third each.

    The items of one `cluster` share a writer, a target, an occupation or a template, and are not independent:
    the intervals of `summarise_benchmark` are over clusters.

    Parameters
    ----------
    model : GenerativeModel
        Or anything else with ``sequence_log_probabilities(texts)`` and ``continuation_log_probabilities(prompts,
        continuations)``, which return a sum of natural logarithms for each text.
    name : {"crows_pairs", "stereoset", "winobias", "winogender", "bbq"}
        The benchmark.
    items : int, optional
        Score this many items only, drawn at random from each task of StereoSet, type of WinoBias and category of BBQ
        and from the whole of the others. Four questions of BBQ about one situation stay together; there it is a
        multiple of 4. By default, all: for BBQ these are 58,492, which takes hours without a GPU.
    seed : int
        For drawing items, and for the words exchanged in CrowS-Pairs.
    per : {"text", "token", "byte"}
        Compare the log-probability of a text, or that per token or per byte of UTF-8. A sum favors short options.
        CrowS-Pairs' authors use sums; StereoSet's code averages over tokens for models that generate text, and compares
        options that follow a context by another model. For "token" the model needs ``count_tokens(texts)``.
    form : {"letters", "answers"}
        How BBQ is asked: the answers are listed and the model names a letter, or each answer is scored after the
        question, without a list. The two give different results, and are never pooled.
    unrelated : bool
        A control: compare the same options where the other words have nothing to do with the stereotype, as
        `make_unrelated` describes. Rows have no competence then. `compare_unrelated` puts them next to the scores.

    Returns
    -------
    pandas.DataFrame
        One row per item: ``benchmark``, ``item``, ``part`` (task, type, what the pronoun refers to, or condition),
        ``bias_type``, ``cluster``, a column ``score_*`` for each option (natural logarithms), ``log_odds`` (the
        stereotype's score minus the other's), ``prefers_stereotype`` (1, 0, or 0.5 if they are equal), ``competent`` (0
        to 1), the columns named above, ``stereotype_shorter``: whether that option has fewer bytes (1, 0, or 0.5), and
        ``equal_tokens``: whether both options have as many tokens (1 or 0; missing if the model does not count them).

    Raises
    ------
    UserError
        An unknown name or option, or a model whose scores are not finite numbers.
    FileNotFoundError
        The benchmark was not fetched yet.
    """
    if name not in BENCHMARKS:
        raise UserError(f"benchmark {name!r} is not known; choose one of {', '.join(BENCHMARKS)}")
    for option, value, known in (("per", per, ("text", "token", "byte")), ("form", form, ("letters", "answers"))):
        if value not in known:
            raise UserError(f"{option} {value!r} is not known; choose one of {', '.join(known)}")
    load, score, strata, together = BENCHMARKS[name]
    whole = load()
    frame = whole if items is None else draw_items(whole, items, strata, together, seed=seed)
    options = {"seed": seed} if name == "crows_pairs" else {"form": form} if name == "bbq" else {}
    if unrelated:
        # Others' contexts come from the whole set, so that an item gets the same one whichever are drawn.
        others = make_unrelated(name, whole, seed=seed)
        frame = others.merge(frame[KEYS[name]])
        options |= {"asking": False} if name in ("winobias", "winogender") else {}
    scores = score(TextScorer(model, per), frame, **options)
    scores.insert(0, "benchmark", name)
    return scores.drop(columns=scores.columns.intersection(OF_COMPETENCE)) if unrelated else scores


def draw_items(frame: pd.DataFrame, items: int, strata: list[str], together: str, *, seed: int) -> pd.DataFrame:
    """Draw items at random from each stratum, and keep all rows of an item.

    Parameters
    ----------
    frame : pandas.DataFrame
        A benchmark.
    items : int
        How many per stratum; strata that have fewer are kept whole.
    strata : list of str
        Columns; the whole frame is one stratum if there are none.
    together : str
        The column whose rows stay together: "item", or "situation" for the four questions that share it.
    seed : int
        For the draw.

    Returns
    -------
    pandas.DataFrame
        Rows in their order.

    Raises
    ------
    UserError
        A number that is too small, or no multiple of four where four questions stay together.
    """
    size = 4 if together == "situation" else 1
    if items < size or items % size:
        raise UserError(f"items is {items}; it must be a multiple of {size}, at least {size}")
    units = frame.drop_duplicates([*strata, together])[[*strata, together]]
    groups = units.groupby(strata, sort=False) if strata else [((), units)]
    drawn = [group.sample(min(items // size, len(group)), random_state=seed) for _, group in groups]
    chosen = pd.MultiIndex.from_frame(pd.concat(drawn))
    return frame[pd.MultiIndex.from_frame(frame[[*strata, together]]).isin(chosen)].reset_index(drop=True)
