"""What notebook 08 needs: ROC curves by group, rules on aggregates, profits, and whom a change of rule moves."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "roc": ["roc_by_group", "roc_hull", "selection_gaps", "plot_roc_regions"],
        "rules": ["read_rules", "decision_chance"],
        "profits": ["count_borrowers", "best_rules", "profit_shares", "redraw_shares"],
        "changes": ["people_moved", "compare_decisions"],
    },
)
