"""What notebook 05 needs: selections at forced rates, the spread due to chance, a bound on the gap, and figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "parity": ["select_at_rates", "draw_spread", "minimise_within"],
        "plots": [
            "PART_LABELS",
            "plot_decomposition",
            "plot_forced_rates",
            "plot_errors_by_gap",
            "plot_multipliers",
            "plot_spread",
        ],
    },
)
