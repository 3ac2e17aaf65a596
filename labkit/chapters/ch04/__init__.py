"""What notebook 04 needs: frequency trees, pictures of intervals, figures of many analyses, and one bootstrap."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bootstrap": ["bootstrap_largest_gap"],
        "interval_pictures": ["plot_wilson", "plot_newcombe"],
        "plots": ["plot_specifications", "plot_null", "plot_score_distributions"],
        "trees": ["count_per_thousand", "plot_frequency_trees"],
    },
)
