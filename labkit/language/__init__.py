"""What language models say about people: association tests, masked words, pronouns, and swapped words.

`weat` tests associations of embeddings (`WEAT_TESTS` has the published word lists). `LanguageModel` fills masks,
`pretrain` continues pretraining on a corpus, `share_of_she` asks for pronouns. `swap_words` and `mask_words` change
which group a text names. `load_generative_model` loads a model that writes: how likely it finds a text or an answer,
and what it says; `fill_templates` makes the texts, `first_names` has names that suggest a group.

`score_benchmark` scores the field's benchmarks of bias, each with a ``load_*`` of its own; `summarise_benchmark` gives
the measures with intervals, `check_controls` what they are when groups are swapped, and `compare_unrelated` what they
are next to words that have nothing to do with the stereotype (`make_unrelated`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "word_lists": ["WEAT_TESTS", "MORE_TESTS", "MALE_NAMES", "FEMALE_NAMES", "MALE_KIN", "FEMALE_KIN"],
        "associations": ["weat", "Association", "effect_size", "vary", "halve_words"],
        "causal_lm.model": ["GenerativeModel", "load_generative_model"],
        "causal_lm.templates": ["fill_templates"],
        "masked_lm": ["LanguageModel", "cut_blocks", "held_out_loss"],
        "pretraining": ["PretrainConfig", "pretrain"],
        "pronouns": ["TEMPLATES", "guess", "share_of_she", "correlate"],
        "names": ["first_names"],
        "benchmarks.pairs": ["load_crows_pairs", "load_stereoset"],
        "benchmarks.coreference": ["load_winobias", "load_winogender"],
        "benchmarks.questions": ["load_bbq", "BBQ_CATEGORIES"],
        "benchmarks.scoring": ["score_benchmark"],
        "benchmarks.summaries": ["summarise_benchmark"],
        "benchmarks.controls": ["swap_groups", "check_controls", "compare_unrelated"],
        "benchmarks.unrelated": ["make_unrelated"],
        "swaps": ["DISTRICT_WORDS", "GENDER_WORDS", "both_ways", "swap_words", "swap_half", "mask_words"],
    },
)
