"""Mutation tests of the graders: each reference is broken in many small ways, and the judge must reject what results.

`python -m tests.exercises.mutation 05.1 09` prints the survivors of an exercise and of a notebook.
"""
