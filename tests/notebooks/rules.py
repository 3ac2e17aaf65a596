"""The rules of notebook style, gathered from the files of their kind. A new rule goes into one of those."""

from tests.notebooks import (  # noqa: F401 (they register their rules)
    rules_anatomy,
    rules_code,
    rules_figures,
    rules_glossary,
    rules_prose,
    rules_readable,
)
from tests.notebooks.page import RULES, Page

__all__ = ["RULES", "complaints_about"]


def complaints_about(page: Page) -> dict[str, list[str]]:
    """Return what each rule that a notebook breaks complains about."""
    found = {name: rule(page) for name, rule in RULES.items()}
    return {name: complaints for name, complaints in found.items() if complaints}
