"""How the function of exercise 08.2 is called: with a rule made of plain values."""

from collections.abc import Callable
from typing import Any


class Rule(dict):
    """A rule whose values can be had by key and as attributes, as those of a row of the notebook's table."""

    def __getattr__(self, name: str) -> float:
        if name not in self:
            raise AttributeError(f"a rule has {', '.join(self)}, and no {name!r}")
        return self[name]


def decide_by_rule(function: Callable, rule: dict[str, float], score: float) -> Any:
    """Call a function with a rule, as `read_rules` gives one, and the score of a person."""
    return function(Rule(rule), score)
