"""Every notebook keeps the course's anatomy and style; every rule is shown to catch what breaks it.

A rule is a function from a `Page` to a list of complaints, empty where all is well. The rules run over every notebook
in `notebooks/solutions`, in both forms; and each runs over a made-up notebook that breaks it, and nothing else.
"""

import ast
import re
import symtable
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from os.path import normpath
from pathlib import Path
from statistics import median
from textwrap import dedent
from urllib.parse import unquote, urlsplit

import jupytext
import pytest
from markdown_it import MarkdownIt

from labkit.course.build import find_course

COURSE = find_course()
FORMS = ("solution", "student")
MOST_CODE_CELLS = {"03_training": 50}  # holds the debugging lab; all others: 30
PARSER = MarkdownIt("commonmark").enable("table")

# What JupyterLab 4's sanitizer lets through (@jupyterlab/apputils, sanitizer.ts); everything else is dropped silently.
KEPT_TAGS = frozenset(
    """a abbr acronym address area article aside audio b bdi bdo big blockquote br button canvas caption center
    cite code col colgroup colspan command data datalist dd del details dfn dir div dl dt em fieldset
    figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label legend
    li map mark menu meter nav nobr ol optgroup option output p pre progress q rowspan s samp section select
    small source span strike strong sub summary sup table tbody td textarea tfoot th thead time tr track tt
    u ul var video wbr""".split()
)
NEW_FIGURES = {"subplots", "figure", "subplot_mosaic", "from_predictions", "from_estimator"}
PYPLOT_FIGURES = {"plot", "bar", "barh", "hist", "scatter", "errorbar", "imshow", "boxplot", "subplot"}


@dataclass(frozen=True)
class Page:
    """A notebook, its name `NN_topic`, the parameters that `profiles.toml` sets for it, and where its links start."""

    notebook: object
    name: str
    sized: frozenset = frozenset()
    folder: Path = field(default=COURSE.notebooks)

    @property
    def number(self):
        """The notebook's two digits."""
        return self.name[:2]

    @property
    def code(self):
        """All code cells, except the one that the build adds to check whether a student's copy is up to date."""
        return [c for c in self.notebook.cells if c.cell_type == "code" and "version" not in tags(c)]

    @property
    def counted(self):
        """The code cells that students read or write: neither solutions nor the one-line cells that check an answer."""
        return [cell for cell in self.code if not {"solution", "check"} & set(tags(cell))]

    @property
    def prose(self):
        """All markdown cells."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @property
    def opening(self):
        """Text of the markdown cells before the first code cell."""
        first = next((i for i, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"), None)
        return "\n\n".join(cell.source for cell in self.notebook.cells[:first] if cell.cell_type == "markdown")

    @property
    def headings(self):
        """Level and text of every heading, in order."""
        return [
            (int(before.tag[1]), token.content)
            for cell in self.prose
            for before, token in pairwise(PARSER.parse(cell.source))
            if before.type == "heading_open"
        ]


RULES = {}


def rule(function):
    """Register a rule under its name."""
    RULES[function.__name__] = function
    return function


def tags(cell):
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def parse(cell):
    """Return the syntax tree of a code cell; lines for IPython alone (%, !) are passed over."""
    return ast.parse("\n".join("pass" if re.match(r"[%!]", line) else line for line in cell.source.split("\n")))


def called(call):
    """Return the last name of what is called: `subplots` for `plt.subplots()`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def calls(tree):
    """Return all calls in a tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def quote(text):
    """Shorten a text for a message."""
    return repr(text if len(text) <= 90 else f"{text[:90]}…")


def lines(cell):
    """Count the lines of a cell that are not blank; an import counts as one, however many names it has."""
    source = re.sub(r"^from \S+ import \([^)]*\)", "import", cell.source, flags=re.MULTILINE)
    return sum(bool(line.strip()) for line in source.splitlines())


def bullets_under(text, title):
    """Return the items of the list below a heading or paragraph that begins with `title`; None without one."""
    tokens = PARSER.parse(text)
    found = (i for i, t in enumerate(tokens) if t.type == "inline" and re.match(rf"\W*{title}\b", t.content))
    start = next(found, None)
    if start is None or tokens[start + 2 : start + 3] == [] or tokens[start + 2].type != "bullet_list_open":
        return None
    items = []
    for token in tokens[start + 3 :]:
        if token.type == "bullet_list_close" and token.level == tokens[start + 2].level:
            break
        if token.type == "inline":
            items.append(" ".join(token.content.split()))
    return items


def identifiers(items):
    """Return the objective ids in a list of bullets."""
    return re.findall(r"`\[([^\]`]+)\]`", "\n".join(items or []))


# Anatomy


@rule
def title_is_a_numbered_question(page):
    """`# NN · question?`, first of all, with the number of the file."""
    first = page.notebook.cells[0]
    tokens = PARSER.parse(first.source) if first.cell_type == "markdown" else []
    title = tokens[1].content if tokens and tokens[0].tag == "h1" else ""
    found = re.fullmatch(r"(\d\d) · \S.*\?", title)
    if not found:
        return [f"the first cell begins {quote(first.source)}; it should be '# {page.number} · question?'"]
    return [] if found[1] == page.number else [f"the title says {found[1]}, the file {page.name}"]


@rule
def objectives_have_a_verb_and_an_id(page):
    """Three to five, each `*verb* … [NN-word]`, each id once."""
    items = bullets_under(page.opening, "You will be able to")
    if items is None:
        return ["no list under 'You will be able to' before the first code cell"]
    complaints = [] if 3 <= len(items) <= 5 else [f"{len(items)} objectives; there should be 3 to 5"]
    form = re.compile(rf"\*[a-z][a-z -]*\*[ ,].+ `\[{page.number}-[a-z][a-z0-9-]*\]`")
    complaints += [
        f"objective {quote(item)} should be '*verb* … `[{page.number}-word]`'"
        for item in items
        if not form.fullmatch(item)
    ]
    twice = [name for name, count in Counter(identifiers(items)).items() if count > 1]
    return complaints + [f"objective id {name} is given twice" for name in twice]


@rule
def minutes_are_stated(page):
    """Before the first code cell."""
    return [] if re.search(r"\b\d+ minutes\b", page.opening) else ["no 'NN minutes' before the first code cell"]


@rule
def prerequisites_are_named(page):
    """Prerequisites, or 'Before this' with a link; the first notebook has none before it."""
    linked = re.search(r"\bBefore this\b[^\[]*\[[^\]]+\]\([^)]+\)", page.opening)
    if page.number == "00" or linked or re.search(r"\bPrerequisites?\b", page.opening):
        return []
    return ["neither prerequisites nor 'Before this: [link](…)' before the first code cell"]


def imports_when_run(statements):
    """Return the import statements that run with a cell; not those in a function, or in a `try` that may fail."""
    found = []
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found.append(statement)
        elif isinstance(statement, ast.Try) and statement.handlers:
            found += imports_when_run([s for part in (statement.orelse, statement.finalbody) for s in part])
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            nested = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
            found += imports_when_run([s for part in nested if isinstance(part, list) for s in part])
    return found


@rule
def first_code_cell_has_all_imports(page):
    """One imports cell, the first."""
    complaints = [] if imports_when_run(parse(page.code[0]).body) else ["the first code cell imports nothing"]
    return complaints + [
        f"{quote(ast.unparse(found))} stands outside the imports cell"
        for cell in page.code[1:]
        for found in imports_when_run(parse(cell).body)
    ]


def parameter_cells(page):
    """Return the cells tagged `parameters`."""
    return [cell for cell in page.code if "parameters" in tags(cell)]


@rule
def parameters_stand_in_one_cell(page):
    """Exactly one, right after the imports."""
    found = parameter_cells(page)
    if len(found) != 1:
        return [f"{len(found)} cells are tagged 'parameters'; there should be one"]
    return [] if page.code[1] is found[0] else ["the parameters cell should be the code cell right after the imports"]


@rule
def parameters_are_capitals_with_plain_values(page):
    """Assignments `NAME = value`, no value computed from another: papermill would not compute it again."""
    complaints = []
    for cell in parameter_cells(page):
        body, known = parse(cell).body, assigned_names(cell)
        for statement in body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                complaints.append(f"parameters cell: {quote(ast.unparse(statement))} is no assignment")
            elif used := {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & known - targets(statement):
                complaints.append(f"parameters cell: {sorted(targets(statement))[0]} is computed from {min(used)}")
        complaints += [
            f"parameters cell: {name} should be in capitals"
            for name in sorted(known)
            if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        ]
    return complaints


def targets(statement):
    """Return the names that a statement stores."""
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def assigned_names(cell):
    """Return the names that a cell assigns at its top level."""
    return {s.get_name() for s in symtable.symtable(ast.unparse(parse(cell)), "cell", "exec").get_symbols() if binds(s)}


def binds(symbol):
    """Whether a symbol is given a value where it stands: assigned, defined or imported."""
    return symbol.is_assigned() or symbol.is_imported()


@rule
def profiles_name_known_parameters(page):
    """A name in profiles.toml that no parameters cell has would be ignored, and the notebook run at full size."""
    known = set().union(*map(assigned_names, parameter_cells(page)))
    return [f"profiles.toml sets {name}, which is no parameter" for name in sorted(page.sized - known)]


@rule
def budget_is_stated(page):
    """Seconds and MB in the metadata, within what the course allows a notebook on a 2-core laptop."""
    budget = page.notebook.metadata.get("labkit", {}).get("budget", {})
    most = {"seconds": 180, "mb": 3000}
    return [
        f"budget {name} is {budget.get(name)!r}; it should be a number up to {limit}"
        for name, limit in most.items()
        if not isinstance(budget.get(name), int | float) or not 0 < budget[name] <= limit
    ]


@rule
def what_you_learned_mirrors_the_objectives(page):
    """A bullet for every objective id, and an id in every bullet."""
    text = "\n\n".join(cell.source for cell in page.prose)
    items = bullets_under(text, "What you learned")
    if items is None:
        return ["no list right under 'What you learned'"]
    objectives = bullets_under(page.opening, "You will be able to")
    if objectives is None:
        return []  # a complaint of its own
    promised, learned = set(identifiers(objectives)), set(identifiers(items))
    complaints = [f"'What you learned' leaves out {name}" for name in sorted(promised - learned)]
    complaints += [f"'What you learned' has {name}, which is no objective" for name in sorted(learned - promised)]
    return complaints + [f"{quote(item)} has no objective id" for item in items if not identifiers([item])]


@rule
def notebook_ends_with_limits_and_next(page):
    """What you learned, what this does not show, next: in this order, each a heading or bold at a paragraph's start."""
    blocks = [
        token.content if before.type == "heading_open" or token.content.startswith("**") else ""
        for cell in page.prose
        for before, token in pairwise(PARSER.parse(cell.source))
        if token.type == "inline"
    ]
    wanted = ("What you learned", "What this does not show", "Next")
    places = [[i for i, block in enumerate(blocks) if re.match(rf"\W*{title}\b", block)] for title in wanted]
    complaints = [f"no heading or bold beginning '{title}'" for title, at in zip(wanted, places, strict=True) if not at]
    last = [at[-1] for at in places if at]
    return complaints or ([] if last == sorted(last) else [f"the ending should be, in this order: {', '.join(wanted)}"])


# Cells


@rule
def number_of_code_cells_is_bearable(page):
    """12 to 30 as students get them, 50 in the notebook with the debugging lab."""
    count, most = len(page.counted), MOST_CODE_CELLS.get(page.name, 30)
    return [] if 12 <= count <= most else [f"{count} code cells; there should be 12 to {most}"]


@rule
def cells_are_short(page):
    """None over 25 lines."""
    return [f"{lines(cell)} lines in {quote(cell.source)}; at most 25" for cell in page.code if lines(cell) > 25]


@rule
def cells_are_mostly_very_short(page):
    """Half of them have 8 lines or fewer."""
    middle = median(map(lines, page.counted))
    return [] if middle <= 8 else [f"code cells have {middle:g} lines in the median; at most 8"]


@rule
def nothing_that_ran_is_stored(page):
    """No outputs, no execution counts, no state of widgets."""
    complaints = [f"{quote(cell.source)} has stored outputs" for cell in page.code if cell.outputs]
    counts = [cell for cell in page.code if cell.execution_count is not None]
    complaints += [f"{quote(cell.source)} has an execution count" for cell in counts]
    return complaints + (["the state of widgets is stored"] if "widgets" in page.notebook.metadata else [])


@rule
def cell_ids_are_valid_and_unique(page):
    """As nbformat wants them: 1 to 64 letters, digits, - and _."""
    ids = [cell.get("id") for cell in page.notebook.cells]
    complaints = [f"{name!r} is no valid cell id" for name in ids if not re.fullmatch(r"[\w-]{1,64}", name or "", re.A)]
    return complaints + [f"cell id {name!r} is used {count} times" for name, count in Counter(ids).items() if count > 1]


@rule
def nothing_uses_what_an_exercise_asks_for(page):
    """An untouched stub would stop the notebook there, and a wrong answer would spoil what follows."""
    owner, complaints = {}, []
    for cell in page.code:
        if {"solution", "check"} & set(tags(cell)):
            continue
        stub, own = "exercise" in tags(cell), cell.metadata.get("exercise")
        for used, bound in uses(parse(cell).body):
            for name in sorted(used & owner.keys()):
                if not (stub and owner[name] == own):
                    complaints.append(f"{quote(cell.source)} uses {name}, which exercise {owner[name]} asks for")
            for name in bound:
                owner.pop(name, None)
        if stub:
            owner |= dict.fromkeys(assigned_names(cell), own)
    return complaints


def uses(statements):
    """Yield (names read, names bound at the top level) by steps, in the order in which Python takes them."""
    for node in statements:
        if isinstance(node, ast.If | ast.While):
            yield names(ast.Expr(node.test))
        elif isinstance(node, ast.For):
            yield names(ast.Expr(node.iter))
            yield set(), targets(node.target)
        elif isinstance(node, ast.With):
            yield names(ast.With(node.items, [ast.Pass()]))
        elif not isinstance(node, ast.Try):
            yield names(node)
            continue
        handled = [statement for handler in getattr(node, "handlers", []) for statement in handler.body]
        yield from uses([*node.body, *handled, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])])


def names(statement):
    """Return the global names that a statement reads, functions in it included, and the names that it binds."""
    text = ast.unparse(ast.fix_missing_locations(ast.Module([statement], [])))
    top = symtable.symtable(text, "cell", "exec")
    read = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    read |= targets(statement.target) if isinstance(statement, ast.AugAssign) else set()  # x += 1 reads x
    inner = list(top.get_children())
    for table in inner:
        inner += table.get_children()
        read |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return read, {symbol.get_name() for symbol in top.get_symbols() if binds(symbol)}


# Prose and figures

DECIMAL = re.compile(r"(?<![\w.])(?<!\w-)\d*\.\d+(?!\w|\.\d)")
NAMED = re.compile(r"(?:\bversions?|\bPython|\bCUDA|\bExercises?|\bexercises?|\bv)\s?$")  # 3.11 after "Python"
CITATION = re.compile(r"\([^()]*[A-Z][^()]*, (?:1[6-9]|20)\d\d[a-z]?\b[^()]*\)")
MATH = re.compile(r"(```.*?```|`+[^`]*`+)|\$\$.*?\$\$|(?<!\\)\$(?=\S)[^$]*?(?<=\S)\$(?!\d)", re.DOTALL)


def typed_decimals(text):
    """Return the paragraphs of a markdown text that hold a typed decimal and no citation; a table's row is one."""
    paragraphs, quoted = [], set()
    for token in PARSER.parse(MATH.sub(lambda found: found[1] or " math ", text)):
        if token.type in ("paragraph_open", "heading_open", "tr_open"):
            paragraphs.append(("", ""))
            quoted = {token.type} & {"heading_open"}
        if token.type == "inline" and not quoted:
            depth, plain = 0, ""
            for part in token.children:
                depth += part.type.startswith("link_") and part.nesting
                plain += part.content if part.type == "text" and not depth else " " * (part.type != "text")
            paragraphs[-1] = tuple(f"{a} {b}" for a, b in zip(paragraphs[-1], (plain, token.content), strict=True))
    return [
        whole.strip()
        for plain, whole in paragraphs
        if not CITATION.search(" ".join(whole.split()))
        and any(not NAMED.search(plain[: found.start()]) for found in DECIMAL.finditer(plain))
    ]


@rule
def decimals_are_computed(page):
    """A number with a decimal point comes from the variable that holds it, or from a source that is cited."""
    return [
        f"typed decimal in {quote(text)}"
        for cell in page.prose
        if "exercise" not in tags(cell)
        for text in typed_decimals(cell.source)
    ]


def fixed_text(node):
    """Return the text of a string expression, with a gap where a value is put in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(fixed_text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return fixed_text(node.left) + fixed_text(node.right)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "\N{WHITE SQUARE}"


@rule
def decimals_in_rendered_text_are_computed(page):
    """The same for `Markdown(f"…")` and for the text of a figure."""
    rendered = [
        text
        for cell in page.code
        if "exercise" not in tags(cell)
        for call in calls(parse(cell))
        for text in (
            call.args[:1] if called(call) == "Markdown" else [k.value for k in call.keywords if k.arg == "alt"]
        )
    ]
    return [f"typed decimal in {quote(text)}" for node in rendered for text in typed_decimals(fixed_text(node))]


@rule
def headings_skip_no_level(page):
    """A reader who jumps from heading to heading needs each step."""
    found = page.headings
    return [
        f"heading {quote(text)} has level {level}, after level {before}"
        for (before, _), (level, text) in pairwise(found)
        if level > before + 1
    ]


@rule
def title_is_the_only_one(page):
    """One heading of level 1; parts may have theirs."""
    return [
        f"{quote(text)} is a second title"
        for level, text in page.headings[1:]
        if level == 1 and not re.match(r"Part \w+ · ", text)
    ]


def figures(tree):
    """Count the calls that begin a new figure."""
    begun = 0
    for call in calls(tree):
        name, on = called(call), getattr(call.func, "value", None)
        fresh = name.startswith("plot_") and "ax" not in {keyword.arg for keyword in call.keywords}
        pyplot = isinstance(on, ast.Name) and on.id == "plt" and name in PYPLOT_FIGURES
        pandas = isinstance(on, ast.Attribute) and on.attr == "plot"  # frame.plot.bar()
        begun += name in NEW_FIGURES or fresh or pyplot or pandas
    return begun


def shows(tree):
    """Return the calls of our `show`."""
    return [call for call in calls(tree) if isinstance(call.func, ast.Name) and call.func.id == "show"]


@rule
def figures_are_shown(page):
    """Every figure goes through `show` in its cell, or in the next code cell."""
    trees = [parse(cell) for cell in page.code]
    begun = [figures(tree) for tree in trees]
    # `explore` shows the figure that its function draws, with the text that comes with it
    shown = [len(shows(tree)) + sum(called(call) == "explore" for call in calls(tree)) for tree in trees]
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
def figures_have_a_text(page):
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


def inline_parts(cell):
    """Return the inline tokens of a markdown cell."""
    return [part for token in PARSER.parse(cell.source) for part in token.children or []]


@rule
def links_lead_somewhere(page):
    """From `notebooks/`, and from a student's copy in `work/`, where only the notebooks lie beside it."""
    found = [
        str(part.attrs.get("href", part.attrs.get("src", "")))
        for cell in page.prose
        for part in inline_parts(cell)
        if part.type in ("link_open", "image")
    ]
    anchors = {re.sub(r"\s", "-", text) for _, text in page.headings}
    complaints = []
    for link in found:
        url = urlsplit(link)
        if url.scheme in ("http", "https", "mailto"):
            continue
        path = unquote(url.path)
        if not path:
            broken = unquote(url.fragment) not in anchors
        else:
            copied = re.fullmatch(r"[\w-]+\.ipynb", path)  # `labkit start` puts all of them side by side
            starts = [page.folder] if copied else [page.folder, page.folder.parent / "work"]
            broken = not all(Path(normpath(start / path)).exists() for start in starts)
        complaints += [f"link {link!r} leads nowhere from notebooks/ or from work/"] if broken else []
    return complaints


@rule
def html_survives_jupyterlab(page):
    """JupyterLab drops other tags without a word, `<group>` meant as a placeholder too; and code in attributes."""
    html = [
        token.content
        for cell in page.prose
        for token in [*PARSER.parse(cell.source), *inline_parts(cell)]
        if token.type in ("html_block", "html_inline")
    ]
    dropped = [tag for text in html for tag in re.findall(r"</?([a-zA-Z][\w-]*)", text) if tag.lower() not in KEPT_TAGS]
    scripted = [text for text in html if re.search(r"<[^>]*\son\w+\s*=", text)]
    return [f"<{tag}> is dropped by JupyterLab" for tag in dropped] + [f"{quote(text)} runs code" for text in scripted]


@rule
def paths_are_relative(page):
    """A path of one machine is missing on the next."""
    form = r"(?<![\w./])/(?:home|Users|root|mnt|opt|usr|var|etc|tmp|srv|work|content)/|\b[A-Za-z]:\\{1,2}\w|file:///"
    complaints = [
        f"absolute path in {quote(line)}"
        for cell in page.notebook.cells
        for line in (cell.source if cell.cell_type == "code" else MATH.sub(r"\1", cell.source)).splitlines()
        if re.search(form, line)
    ]
    return complaints


# Every notebook of the course, in both forms


@cache
def load_page(name, form):
    """Read a notebook of the course, and what profiles.toml sets for it."""
    profiles = tomllib.loads((COURSE.notebooks / "profiles.toml").read_text(encoding="utf-8"))
    sized = frozenset(parameter for profile in profiles.values() for parameter in profile.get(name, {}))
    return Page(COURSE.read(name, form=form), name, sized)


@pytest.mark.parametrize("broken", RULES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", COURSE.names)
def test_notebook_keeps_the_rule(name, form, broken):
    """No complaint about any notebook, whole or as students get it."""
    complaints = RULES[broken](load_page(name, form))
    assert not complaints, "\n".join(complaints)


def test_every_notebook_is_found():
    """Discovery sees the sources; every student notebook belongs to one of them."""
    assert COURSE.names
    assert {path.stem for path in COURSE.notebooks.glob("*.ipynb")} <= set(COURSE.names)


# Every rule, on made-up notebooks

GOOD = """\
    # ---
    # jupyter:
    #   labkit:
    #     budget:
    #       seconds: 30
    #       mb: 500
    # ---
    # %% [markdown]
    # # 01 · What is in a name?
    #
    # **You will be able to**
    # - *count* names, with care `[01-count]`
    # - *draw* what was
    #   counted `[01-draw]`
    # - *judge* a count `[01-judge]`
    #
    # About 5 minutes. Before this: [00 · Is it ready?](00_start_here.ipynb)
    # %%
    import numpy as np
    from matplotlib import pyplot as plt
    # %% tags=["parameters"]
    SAMPLE_SIZE = 10  # names
    SEED: int = 0
    # %% [markdown]
    # ## How many?
    #
    # Python 3.11 counts; `0.25` is code, $0.5 \\times 2$ is math, [a link 0.7](00_start_here.ipynb), see CC-BY-4.0.
    #
    # A share of 0.31 was published (Angwin et al., 2016). <b>Bold</b>. See [below](#How-many?), Exercise 01.1.
    # %%
    try:
        import gone_for_good
    except ImportError as error:
        print(error)
    # %%
    fig, ax = plt.subplots()
    plot_names(SAMPLE_SIZE, ax=ax)
    # %%
    show(fig, alt=f"{SAMPLE_SIZE:.2f} names.")
    # %%
    Markdown(f"Of them, {SAMPLE_SIZE:.2f} are new.")
    # %% [markdown] tags=["exercise"]
    # ### Exercise 01.1 · Shares
    #
    # Base rates are 0.6 and 0.2.
    # %% tags=["exercise"] exercise="01.1" points=2 objective="01-count"
    share = ...
    # %% tags=["solution"]
    share = 0.5
    # %% tags=["check"]
    check("01.1", share)
    # %%
    one = 1
    # %%
    two = 2
    # %%
    three = 3
    # %%
    four = 4
    # %%
    five = 5
    # %%
    six = 6
    # %% [markdown]
    # # Part two · The end
    # ## What you learned
    #
    # - `[01-count]` Counting.
    # - `[01-draw]` Drawing.
    # - Judging `[01-judge]`.
    #
    # **What this does not show.** Whether names matter.
    #
    # **Next.** All of it again.
    """


def make_page(source=GOOD, *, form="solution", change=None):
    """Make a page from a source, in one of the two forms; `change` edits its notebook in place."""
    notebook = jupytext.reads(dedent(source), fmt="py:percent")
    notebook.cells = [c for c in notebook.cells if form == "solution" or "solution" not in tags(c)]
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
    notebook.metadata.labkit = notebook.metadata.get("labkit", {})
    if change:
        change(notebook)
    return Page(notebook, "01_names", frozenset({"SAMPLE_SIZE"}))


@pytest.mark.parametrize("form", FORMS)
def test_good_notebook_breaks_no_rule(form):
    """The made-up notebook that the others differ from is in order."""
    assert {name: found for name, check in RULES.items() if (found := check(make_page(form=form)))} == {}


FILLER = "# %%\none = 1"
# rule, what is replaced, by what, what the complaint says
BREAKS = [
    ("title_is_a_numbered_question", "name?\n", "name\n", "question"),
    ("title_is_a_numbered_question", "# 01 ·", "# 02 ·", "title says 02"),
    ("objectives_have_a_verb_and_an_id", "**You will be able to**", "**You will see**", "no list under"),
    ("objectives_have_a_verb_and_an_id", "- *count* names", "- count names", "verb"),
    ("objectives_have_a_verb_and_an_id", "- *count*", "- *ask* `[01-count]`\n# " * 3 + "- *count*", "6 objectives"),
    (
        "objectives_have_a_verb_and_an_id",
        "- *count*",
        "- *ask* it `[01-count]`\n# - *count*",
        "01-count is given twice",
    ),
    ("minutes_are_stated", "5 minutes", "an hour", "minutes"),
    ("prerequisites_are_named", "Before this: [00 · Is it ready?](00_start_here.ipynb)", "Before this: much", "Before"),
    ("first_code_cell_has_all_imports", FILLER, "# %%\nif SEED:\n    import json", "outside the imports cell"),
    ("first_code_cell_has_all_imports", "import numpy as np\nfrom matplotlib import pyplot as plt", "pass", "nothing"),
    ("parameters_stand_in_one_cell", FILLER, '# %% tags=["parameters"]\nONE = 1', "2 cells"),
    (
        "parameters_stand_in_one_cell",
        '# %% tags=["parameters"]',
        '# %%\nx = 1\n# %% tags=["parameters"]',
        "right after",
    ),
    ("parameters_are_capitals_with_plain_values", "SEED: int = 0", "seed = 0", "capitals"),
    ("parameters_are_capitals_with_plain_values", "SEED: int = 0", "HALF = SAMPLE_SIZE // 2", "computed from"),
    ("parameters_are_capitals_with_plain_values", "SEED: int = 0", "print(3)", "no assignment"),
    ("profiles_name_known_parameters", "SAMPLE_SIZE = 10", "SIZE = 10", "SAMPLE_SIZE, which is no parameter"),
    ("budget_is_stated", "#       seconds: 30\n", "", "seconds is None"),
    ("budget_is_stated", "mb: 500", "mb: 5000", "mb is 5000"),
    ("what_you_learned_mirrors_the_objectives", "`[01-draw]` Drawing", "`[01-count]` Drawing", "leaves out 01-draw"),
    ("what_you_learned_mirrors_the_objectives", "- Judging", "- `[01-fly]` too\n# - Judging", "which is no objective"),
    ("what_you_learned_mirrors_the_objectives", "- Judging", "- More.\n# - Judging", "has no objective id"),
    (
        "what_you_learned_mirrors_the_objectives",
        "# - `[01-count]` C",
        "# Much.\n#\n# - `[01-count]` C",
        "no list right",
    ),
    ("notebook_ends_with_limits_and_next", "**Next.** All", "All", "Next"),
    ("notebook_ends_with_limits_and_next", "**What this does not show.** Whether", "Whether", "does not show"),
    (
        "notebook_ends_with_limits_and_next",
        "**Next.** All",
        "**Next.** All.\n#\n# **What this does not show**",
        "order",
    ),
    ("number_of_code_cells_is_bearable", f"{FILLER}\n# %%\ntwo = 2\n", "", "11 code cells"),
    ("number_of_code_cells_is_bearable", FILLER, "# %%\nnone = 0\n" * 20, "32 code cells"),
    ("cells_are_short", FILLER, "# %%\n" + "x = 1\n" * 26, "26 lines"),
    ("nothing_uses_what_an_exercise_asks_for", FILLER, "# %%\nprint(share)", "exercise 01.1 asks for"),
    ("nothing_uses_what_an_exercise_asks_for", FILLER, "# %%\ndef f():\n    return share", "exercise 01.1 asks for"),
    ("nothing_uses_what_an_exercise_asks_for", FILLER, "# %%\nshare = share + 1", "exercise 01.1 asks for"),
    ("nothing_uses_what_an_exercise_asks_for", FILLER, "# %%\nfor i in [1]:\n    share += i", "exercise 01.1 asks for"),
    ("decimals_are_computed", "(Angwin et al., 2016)", "by Angwin", "0.31"),
    ("decimals_are_computed", "Whether names", "| a | b |\n# |---|---|\n# | 1 | .5 |\n#\n# Whether names", ".5"),
    ("decimals_are_computed", "- `[01-draw]` Drawing.", "- `[01-draw]` Drawing\n#   costs 44.85%.", "44.85%"),
    ("decimals_in_rendered_text_are_computed", "are new", "of 0.5 are new", "0.5"),
    ("decimals_in_rendered_text_are_computed", " names.", " of 3.7 names.", "3.7"),
    ("headings_skip_no_level", "# ## How many?", "# ## How many?\n# #### Deep", "level 4, after level 2"),
    ("title_is_the_only_one", "# # Part two · The end", "# # The end", "second title"),
    ("figures_are_shown", FILLER, "# %%\nplot_names(3)", "1 figures, of which 0"),
    ("figures_are_shown", FILLER, "# %%\nframe.plot.bar()", "1 figures, of which 0"),
    ("figures_are_shown", 'show(fig, alt=f"{SAMPLE_SIZE:.2f} names.")', "pass", "1 figures, of which 0"),
    ("figures_are_shown", FILLER, "# %%\nplt.show()", "plt.show()"),
    ("figures_have_a_text", 'alt=f"{SAMPLE_SIZE:.2f} names."', 'alt=" "', "no text"),
    ("figures_have_a_text", ', alt=f"{SAMPLE_SIZE:.2f} names."', "", "no text"),
    ("figures_have_a_text", "Whether names", "![](../README.md) Whether", "has no text"),
    ("links_lead_somewhere", "00_start_here.ipynb", "99_nowhere.ipynb", "99_nowhere"),
    ("links_lead_somewhere", "(#How-many?)", "(#How-few?)", "How-few"),
    ("links_lead_somewhere", "(#How-many?)", "(solutions/00_start_here.py)", "work/"),
    ("html_survives_jupyterlab", "<b>Bold</b>", "<group>", "<group> is dropped"),
    ("html_survives_jupyterlab", "Whether names", "<script>\n# x\n# </script>", "<script> is dropped"),
    ("html_survives_jupyterlab", "<b>", '<b onclick="x">', "runs code"),
    ("paths_are_relative", FILLER, '# %%\nopen("/home/ada/names.csv")', "absolute path"),
    ("paths_are_relative", "Whether names", "Open C:\\Users\\ada. Whether names", "absolute path"),
]


def lengthen(notebook):
    """Give every code cell nine lines."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" not in tags(cell):
            cell.source += "\npass" * (9 - lines(cell))


# rule, edit of the notebook, what the complaint says
BREAKS_IN_JSON = [
    ("cells_are_mostly_very_short", lengthen, "9 lines in the median"),
    ("nothing_that_ran_is_stored", lambda nb: nb.cells[1].outputs.append({"output_type": "stream"}), "stored outputs"),
    ("nothing_that_ran_is_stored", lambda nb: nb.cells[1].update(execution_count=3), "execution count"),
    ("nothing_that_ran_is_stored", lambda nb: nb.metadata.update(widgets={}), "widgets"),
    ("cell_ids_are_valid_and_unique", lambda nb: nb.cells[1].update(id="cell-2"), "used 2 times"),
    ("cell_ids_are_valid_and_unique", lambda nb: nb.cells[1].update(id="a cell"), "no valid cell id"),
    ("cell_ids_are_valid_and_unique", lambda nb: nb.cells[1].pop("id"), "no valid cell id"),
]


def assert_breaks_only(page, broken, complaint):
    """A notebook gets the complaint, by the one rule and by no other."""
    found = {name: complaints for name, check in RULES.items() if (complaints := check(page))}
    assert list(found) == [broken], found
    assert any(complaint in text for text in found[broken]), found


@pytest.mark.parametrize(("broken", "old", "new", "complaint"), BREAKS)
def test_rule_catches_what_a_source_breaks(broken, old, new, complaint):
    """A notebook that breaks one rule in its text gets that rule's complaint, and no other."""
    source = dedent(GOOD)
    assert old in source
    assert_breaks_only(make_page(source.replace(old, new)), broken, complaint)


@pytest.mark.parametrize(("broken", "change", "complaint"), BREAKS_IN_JSON)
def test_rule_catches_what_a_file_breaks(broken, change, complaint):
    """The same for what only the notebook's file can break."""
    assert_breaks_only(make_page(change=change), broken, complaint)


def test_every_rule_is_shown_to_catch_something():
    """No rule that cannot fail."""
    assert {case[0] for case in (*BREAKS, *BREAKS_IN_JSON)} == set(RULES)


@pytest.mark.parametrize(
    "new",
    [
        "# %%\nshare = 1\nprint(share)",
        "# %%\nfor share in [1]:\n    print(share)",
        "# %%\nprint([share for share in [1]])",
        "# %%\ndef f(share):\n    return share",
        '# %% tags=["exercise"] exercise="01.1"\nprint(share)',
        '# %% tags=["check"]\nprint(share)',
    ],
)
def test_name_of_an_exercise_may_be_used_anew(new):
    """A cell that gives the name a value of its own, a check and the exercise itself do not use the answer."""
    page = make_page(dedent(GOOD).replace(FILLER, new))
    assert RULES["nothing_uses_what_an_exercise_asks_for"](page) == []


@pytest.mark.parametrize(
    "text",
    [
        "`0.25` is code",
        "```\n0.25\n```",
        "$0.25$ and $$\n0.5\n$$",
        "# 0.25 in a heading",
        "[0.25](there.ipynb)",
        "Python 3.11, version 2.0, v1.2.3",
        "CC-BY-4.0",
        "Exercise 05.1",
        "on 19.05.2016",
        "an end.Then 5 more, 1,234 and 00",
        "0.25 of them (Levy, Lazar and Stanovsky, 2021)",
        "| a |\n|---|\n| 0.25 (Angwin et al., 2016, table 2) |",
    ],
)
def test_number_may_be_typed(text):
    """Code, math, headings, links, versions, numbers of exercises, dates, and what is cited."""
    assert typed_decimals(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "0.25 of them",
        "from .5 on",
        "−0.5",
        "a rate of 44.85%",
        "**0.25**",
        "> 0.25",
        "- 1\n- 0.25",
        "0.25 by Angwin (yes)",
        "about 1,234.5",
        "| a |\n|---|\n| 0.25 |\n| (Angwin et al., 2016) |",
        "0.25\n\n(Angwin et al., 2016)",
    ],
)
def test_typed_number_is_found(text):
    """Anywhere else, also in bold, lists, quotations and tables; a citation counts for its own paragraph."""
    assert len(typed_decimals(text)) == 1


@pytest.mark.parametrize(
    "new",
    [
        "# %%\ntry:\n    from transformers import AdamW\nexcept ImportError as error:\n    print(error)",
        "# %%\ndef f():\n    import json\n    return json",
    ],
)
def test_import_may_stand_where_it_fails_or_waits(new):
    """An import whose failure is the lesson, and one inside a function, are no second imports cell."""
    assert RULES["first_code_cell_has_all_imports"](make_page(dedent(GOOD).replace(FILLER, new))) == []


@pytest.mark.parametrize(
    "link",
    ["https://fairlearn.org", "00_start_here.ipynb#x", "../README.md", "../notebooks/solutions/00_start_here.py"],
)
def test_link_may_lead_anywhere_that_is_there(link):
    """The web is not asked; other files are reached from `notebooks/` and from `work/` alike."""
    assert RULES["links_lead_somewhere"](make_page(dedent(GOOD).replace("#How-many?", link))) == []


@pytest.mark.parametrize(
    "new",
    [
        "# %%\nframe.plot.bar()\n# %%\nshow(frame.figure, alt='Bars.')",
        "# %%\ndef draw(size):\n    show(plot_names(size).figure, alt=f'{size} names.')",
        "# %%\nax.plot(x, y)",
    ],
)
def test_figure_may_be_shown_in_the_next_cell_or_a_function(new):
    """Drawing on axes that are there begins no figure."""
    assert RULES["figures_are_shown"](make_page(dedent(GOOD).replace(FILLER, new))) == []


def test_longer_notebook_may_have_more_cells():
    """50 in the notebook with the debugging lab, where 30 is the limit elsewhere."""
    long = make_page(dedent(GOOD).replace(FILLER, "# %%\nnone = 0\n" * 38))
    lab = Page(long.notebook, "03_training")
    assert len(lab.counted) == 50
    assert RULES["number_of_code_cells_is_bearable"](lab) == []
    assert RULES["number_of_code_cells_is_bearable"](long)


def test_first_notebook_needs_nothing_before_it():
    """Only 00 may be silent about prerequisites."""
    silent = make_page(dedent(GOOD).replace("Before this:", "See"))
    assert RULES["prerequisites_are_named"](silent)
    assert RULES["prerequisites_are_named"](Page(silent.notebook, "00_names")) == []
