"""What notebook 09 needs: Pareto fronts, levelling down, kept promises, refits, and a written decision."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "fronts": ["find_front", "plot_fronts", "describe_fronts"],
        "levelling": ["changes_by_world", "RaisedBar"],
        "selection": ["choose_point", "promises_by_world"],
        "multiplicity": ["compare_refits"],
        "decisions": ["check_decision", "write_decision"],
        "exercises_decision": ["BEGUN", "CASE"],
    },
)
