"""What the box is told about exercises: what the check cells of the released notebook hand in, and the probes."""

import ast
from collections.abc import Iterable, Mapping, Sequence

from labkit.classroom.box._staging import is_staged
from labkit.classroom.box.submissions import Question
from labkit.classroom.box.values import pack_argument
from labkit.exercises.answers import Adapter, find_outputs
from labkit.exercises.checking import find_exercise


def make_questions(
    checks: Mapping[str, str],
    after: Mapping[str, int] | None = None,
    *,
    probes: Mapping[str, Sequence[tuple]] | None = None,
    variants: Mapping[str, int] | None = None,
) -> list[Question]:
    """Return the questions for a submission, which hold nothing about what is right.

    Parameters
    ----------
    checks : mapping of str to str
        For each exercise, the source of its check cell **in the released notebook**, such as
        ``check("04.1", alarm_rates)``; those of a submission are not looked at.
    after : mapping of str to int, optional
        For each exercise, how many code cells of the submission stand before its check; without it, all.
    probes : mapping of str to sequence of tuple, optional
        For exercises that ask for a function, the arguments of the calls in place of the declared ones: hidden probes,
        from `Exercise.draw_hidden`.
    variants : mapping of str to int, optional
        The number of each exercise's variant in the released notebook; 0, the declared exercise, for those not named.

    Returns
    -------
    list of Question
        In the order of the checks.

    Raises
    ------
    ValueError
        A check cell has no call of ``check`` with this exercise.
    TypeError
        The answer to an exercise can be collected only next to its collector, or an argument of its calls cannot be
        sent into the box; the message names the exercise.
    """
    after, probes, variants = after or {}, probes or {}, variants or {}
    questions = []
    for identifier, source in checks.items():
        variant = variants.get(identifier, 0)
        try:
            outputs = find_outputs(find_exercise(identifier).variant(variant).collect)
            calls = None if outputs is None else outputs.probes
            through = name_adapter(outputs.through) if outputs is not None and outputs.through is not None else None
            if identifier in probes:
                if calls is None:
                    raise TypeError("it asks for a value, which has no probes")
                calls = list(probes[identifier])
            packed = None if calls is None else tuple(pack_argument(list(each)) for each in calls)
        except TypeError as error:
            raise TypeError(f"exercise {identifier} cannot be collected in the box: {error}") from error
        expression = find_expression(identifier, source)
        hidden = identifier in probes
        questions.append(Question(identifier, expression, packed, after.get(identifier), hidden, variant, through))
    return questions


def name_adapter(through: Adapter) -> str:
    """Return the name of an adapter, "module:function"; TypeError where the box could not import it by that name."""
    module, name = through.__module__, through.__qualname__
    if not is_staged(module) or not name.isidentifier():
        raise TypeError(f"its adapter {module}:{name} is no function at the top level of a module that the box mounts")
    return f"{module}:{name}"


def find_expression(identifier: str, source: str) -> str:
    """Return what a check cell hands in: the second argument of its call of ``check``."""
    return ast.unparse(find_check_call(identifier, source).args[1])


def find_check_call(identifier: str, source: str) -> ast.Call:
    """Return the call of ``check`` in a check cell, which may name a variant; a ValueError says that there is none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check":
            if len(node.args) != 2 or {each.arg for each in node.keywords} - {"variant"}:
                continue
            if isinstance(node.args[0], ast.Constant) and node.args[0].value == identifier:
                return node
    raise ValueError(f"the check cell of exercise {identifier} has no `check({identifier!r}, ...)`: {source[:80]!r}")


def find_imports(sources: Iterable[str]) -> list[str]:
    """Return the import statements at the top level of cells of the released notebook, each once, in order."""
    found = {}
    for source in sources:
        for statement in ast.parse(source).body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                found[ast.unparse(statement)] = None
    return list(found)
