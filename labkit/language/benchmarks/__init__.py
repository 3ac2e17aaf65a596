"""The field's benchmarks of bias in language models: what is in them, what a model scores, and what that means.

They are fetched, not shipped (`labkit fetch`), and their cards are in ``datasets/``: each has known flaws, and several
hold offensive text. The public functions are exported from `labkit.language`.
"""
