"""What notebook 14 needs: a datasheet's answers, streams of arrivals, lending over years, and exercises."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "sheets": ["read_answers", "list_open"],
        "arrivals": ["band_records", "draw_arrivals"],
        "stream_pictures": ["plot_streams"],
        "lending": [
            "CONSTANT_RULES",
            "FAIR_RULES",
            "Steps",
            "approve",
            "draw_scores",
            "read_curves",
            "simulate_lending",
        ],
    },
)
