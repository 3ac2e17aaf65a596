"""Many runs compared: means with intervals, paired changes, trials of several methods, and their figures.

A table of runs has one row per training run. `over_seeds` averages them, `changes_over_seeds` pairs each run with the
baseline's run of the same seed, and `summarise` reduces a predictions table to one such row. `run_trials` and
`try_methods` fit methods on the same splits.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "seeds": ["summarise", "over_seeds", "accuracy_change", "changes_over_seeds"],
        "planning": ["how_many_runs", "RunsNeeded"],
        "trials": ["Split", "split_frame", "Trial", "run_trials", "measure_trials", "try_methods"],
        "sentences": [
            "describe_changes",
            "describe_means",
            "tabulate_changes",
            "tabulate_means",
            "write_intervals",
            "say_changes",
        ],
        "plots": ["plot_runs", "plot_sweep", "plot_methods", "plot_estimates"],
    },
)
