"""Counts of decisions by group, and everything that follows from counts: rates, intervals, tests, pages.

`audit` takes arrays or columns in memory; `count` takes a frame of any engine and returns `Counts`, which add up, and
whose ``audit()`` gives the same `Audit`. `count_scores` does the same for scores, `audit_file` for a file on disk.

>>> from labkit.audit import audit
>>> audit(y_true=[1, 0, 1, 0], y_pred=[1, 0, 0, 0], sensitive_features=list("aabb")).by_group["selection_rate"].tolist()
[0.5, 0.0]
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "metrics": ["METRICS"],
        "arrays": ["audit", "auc_difference"],
        "counts": ["count", "Counts", "Decomposition"],
        "results": ["Audit", "group_rates"],
        "score_histogram": ["count_scores", "ScoreHistogram"],
        "between.delong": ["AucDifference"],
        "files.logs": ["count_file", "count_folder"],
        "command.run": ["audit_file"],
        "intervals": ["wilson_interval", "newcombe_interval"],
        "between.ratios": ["ratio_interval"],
        "calibration": ["calibration_by_group"],
        "plots": ["plot_group_rates", "plot_calibration"],
        "text": ["format_rate", "format_p_value"],
        "explorer.thresholds": ["plot_threshold_explorer"],
    },
)
