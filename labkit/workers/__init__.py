"""Worker processes: on this machine, or those of a Dask cluster; what they start ends with them.

`open_pool` gives workers, and `run_jobs` hands jobs to them and goes on when a worker is killed. What it adds to
``concurrent.futures`` is a clean end: no process outlives the program that wanted it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "pools": ["LocalPool", "open_pool"],
        "cluster": ["DaskPool"],
        "jobs": ["run_jobs", "count_workers"],
    },
)
