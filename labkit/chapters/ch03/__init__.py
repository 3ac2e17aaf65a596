"""What notebook 03 needs: the table of training runs, and its figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "gap_plots": ["plot_designs", "plot_luck", "plot_swap"],
        "plots": ["plot_training"],
        "runs": ["fit_word_counts", "load_runs"],
    },
)
