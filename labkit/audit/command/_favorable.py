"""The rate of the favorable decision, which is the selection rate where 1 is favorable, and 1 minus it otherwise."""

from dataclasses import replace

from labkit.audit.sampling._sampled_counts import SampledCounts

FAVORABLE_RATE = "favorable_rate"


def turn_decisions(counts: SampledCounts) -> SampledCounts:
    """Return the counts of the same people with every decision of 1 called 0, and every 0 called 1.

    Differences of complements follow from those of rates, and their ratios do not: they are counted anew.
    """
    order = [place ^ 1 for place in range(counts.cells.shape[1])]  # tn and fp, fn and tp; not selected and selected
    arrays = {
        name: None if (array := getattr(counts, name)) is None else array[:, order] for name in ("cells", "weighted")
    }
    moments = None if counts.moments is None else counts.moments[:, order][:, :, order]
    return replace(counts, **arrays, moments=moments)
