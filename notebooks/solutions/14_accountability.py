# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   labkit:
#     budget:
#       seconds: 120
#       mb: 1500
# ---

# %% [markdown]
# # 14 · Who decided, and can we prove it?
#
# A person asks why a score said *high risk*. The answer is in a file, if it was kept, if nobody has
# changed it since, and if somebody has to answer at all.
#
# **You will be able to**
# - *test* what a log of decisions can prove, by forging it `[14-log]`
# - *check* what a model card says about whom, and what regulation asks beyond it `[14-card]`
# - *follow* an appeal through the records, and *name* who answers for which step `[14-appeal]`
# - *act* on an alarm: retrain, compare on equal footing, roll back `[14-monitor]`
# - *judge* whether a rule that is fair today is fair after years of feedback `[14-feedback]`
#
# About 150 minutes, in two sittings, half of it for the exercises. Before this: [04 · How do we
# measure fairness, and how sure are we?](04_measuring.ipynb)

# %%
import numpy as np
import pandas as pd

from labkit.exercises import check, hint
from labkit.plots import show
from labkit.prose import choose, reading, verdict

# %% tags=["parameters"]
SEED = 0

# %% [markdown]
# # Part one · What the records prove
#
# ## A model that decides

# %% [markdown]
# ## A log, link by link

# %% [markdown]
# ## Forge it

# %% [markdown]
# ## What the log cannot prove

# %% [markdown]
# ## The card

# %% [markdown]
# ## A question about people whom the card leaves out

# %% [markdown]
# ## An appeal

# %% [markdown]
# ## Who answers for what?

# %% [markdown]
# # Part two · What happens next
#
# ## An alarm, and what follows from it

# %% [markdown]
# ## Fair today, and in ten years?

# %% [markdown]
# ## So who decided, and can we prove it?

# %% [markdown]
# ## What you learned
#
# - ... `[14-log]`
# - ... `[14-card]`
# - ... `[14-appeal]`
# - ... `[14-monitor]`
# - ... `[14-feedback]`
#
# **What this does not show.** ...
#
# **Next.** ...
