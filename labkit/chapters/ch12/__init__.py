"""What notebook 12 needs: its prompts, shipped tables, figures, a form for benchmark items, and one more score."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "prompts": [
            "FORCED_WORDINGS",
            "GOOD_RECORD",
            "JOBS",
            "LETTER_JOBS",
            "LETTER_REQUEST",
            "OTHER_MESSAGES",
            "OTHER_RECORDS",
            "PRONOUN_TEMPLATES",
            "SWAPPED_WORDINGS",
            "SYSTEMS",
            "WORDINGS",
            "fill_question",
        ],
        "tables": ["load_letters", "load_benchmark_measures", "load_judgments", "read_measures", "write_letters"],
        "word_stems": ["AGENTIC", "COMMUNAL", "count_stems"],
        "items": ["QUESTIONS", "draw_items", "show_items", "tabulate_judgments"],
        "pseudo_likelihood": ["score_pseudo_likelihood"],
        "plots": ["plot_roles", "plot_names", "plot_benchmarks", "plot_controls", "plot_wordings"],
    },
)
