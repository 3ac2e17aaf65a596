"""Rules on figures: each is shown, and has a text for readers who cannot see it."""

import ast

from tests.notebooks.page import Page, called, calls, fixed_text, inline_parts, parse, quote, rule

NEW_FIGURES = {"subplots", "figure", "subplot_mosaic", "from_predictions", "from_estimator"}
EXPLORER = "plot_threshold_explorer"
PYPLOT_FIGURES = {"plot", "bar", "barh", "hist", "scatter", "errorbar", "imshow", "boxplot", "subplot"}


def figures(tree: ast.AST) -> int:
    """Count the calls that begin a new figure."""
    begun = 0
    for call in calls(tree):
        name, on = called(call), getattr(call.func, "value", None)
        fresh = name.startswith("plot_") and "ax" not in {keyword.arg for keyword in call.keywords}
        pyplot = isinstance(on, ast.Name) and on.id == "plt" and name in PYPLOT_FIGURES
        pandas = isinstance(on, ast.Attribute) and on.attr == "plot"  # frame.plot.bar()
        begun += name in NEW_FIGURES or fresh or pyplot or pandas
    return begun


def shows(tree: ast.AST) -> list[ast.Call]:
    """Return the calls of labkit's `show`."""
    return [call for call in calls(tree) if isinstance(call.func, ast.Name) and call.func.id == "show"]


def shows_itself(tree: ast.AST) -> bool:
    """Say whether the last line of a cell is a threshold explorer, or the name that the cell gave to one."""
    last = tree.body[-1].value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    made = [
        statement.targets[0].id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Call)
        and called(statement.value) == EXPLORER
    ]
    if isinstance(last, ast.Name):
        return last.id in made
    return isinstance(last, ast.Call) and called(last) == EXPLORER


@rule
def figures_are_shown(page: Page) -> list[str]:
    """Every figure goes through `show` in its cell, or in the next code cell."""
    trees = [parse(cell) for cell in page.code]
    begun = [figures(tree) for tree in trees]
    # `explore` shows the figure that its function draws, with the text that comes with it
    shown = [
        len(shows(tree)) + sum(called(call) == "explore" for call in calls(tree)) + shows_itself(tree) for tree in trees
    ]
    complaints = [
        f"{quote(cell.source)} calls plt.show(); `show(figure, alt=…)` gives the figure a text"
        for cell, tree in zip(page.code, trees, strict=True)
        for call in calls(tree)
        if ast.unparse(call.func) == "plt.show"
    ]
    for at, cell in enumerate(page.code):
        later = max(0, shown[at + 1] - begun[at + 1]) if at + 1 < len(trees) else 0
        if begun[at] > shown[at] + later:
            complaints.append(f"{quote(cell.source)} makes {begun[at]} figures, of which {shown[at] + later} are shown")
    return complaints


@rule
def figures_have_a_text(page: Page) -> list[str]:
    """`show` has an `alt` that is not empty; images in markdown too."""
    complaints = []
    for cell in page.code:
        for call in shows(parse(cell)):
            alt = next((keyword.value for keyword in call.keywords if keyword.arg == "alt"), ast.Constant(""))
            if not fixed_text(alt).strip():
                complaints.append(f"{quote(ast.unparse(call))} has no text for readers who cannot see it (alt=)")
    for cell in page.prose:
        for token in inline_parts(cell):
            if token.type == "image" and not token.content.strip():
                complaints.append(f"image {token.attrs['src']} has no text")
    return complaints
