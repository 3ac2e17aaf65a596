"""Many runs compared: means with intervals, paired changes, trials of several methods, and their figures.

A table of runs has one row per training run. `over_seeds` averages them, `changes_over_seeds` pairs each run with the
baseline's run of the same seed, and `summarise` reduces a predictions table to one such row. `run_trials` and
`try_methods` fit methods on the same splits. Tables and figures with a baseline show paired differences from it, since
whether methods differ cannot be seen in their means; ``levels=True`` shows those. Gaps keep their sign: `judge_gaps`
says which of them are closed, and `summarise_constants` which are zero without any merit.

A table of measurements has one row per text: `mean_over_clusters` and its siblings take templates, names and roles as
drawn from many, and `compare_words` tests many words at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "seeds": ["summarise", "over_seeds", "accuracy_change", "changes_over_seeds"],
        "equivalence": ["is_closed", "judge_interval", "judge_gaps"],
        "levelling": ["judge_levelling", "LEVELLING_VERDICTS"],
        "constants": ["summarise_constants", "add_constants"],
        "clusters": [
            "mean_over_clusters",
            "difference_over_clusters",
            "correlation_over_clusters",
            "ClusterEstimate",
        ],
        "words": ["compare_words", "split_words"],
        "planning": ["how_many_runs", "RunsNeeded"],
        "trials": ["Split", "split_frame", "Trial", "run_trials", "measure_trials", "try_methods"],
        "tables": ["tabulate_methods", "tabulate_changes", "tabulate_means", "write_intervals"],
        "sentences": ["describe_methods", "describe_changes", "describe_gaps", "say_changes"],
        "plots": ["plot_runs", "plot_sweep", "plot_methods", "plot_estimates"],
    },
)
