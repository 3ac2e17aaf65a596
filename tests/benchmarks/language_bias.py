"""Score the field's benchmarks of bias on a generative model, and write what they measure to LANGUAGE.md.

usage: python -m tests.benchmarks.language_bias [--model NAME] [--items N] [--bbq-items N] [--update] [NAME ...]

All items of CrowS-Pairs, StereoSet, WinoBias and Winogender, and of BBQ a sample of each category, asked in both ways;
each also with unrelated words: the work of an hour or two of a core. What was scored is kept in build/language_bias/,
and a call that follows an interrupted one goes on from there; --again forgets it. The table goes to the terminal and,
where all benchmarks were scored whole, to LANGUAGE.md; --update replaces the sections of the benchmarks that were
named, and leaves the others.
"""

import argparse
import sys
import time
from pathlib import Path

import pandas as pd

from .run import machine

FOLDER = Path(__file__).parent
KEPT = FOLDER.parents[1] / "build" / "language_bias"
SEED = 0
# Heading -> (benchmark, options of score_benchmark)
RUNS = {
    "CrowS-Pairs": ("crows_pairs", {}),
    "StereoSet": ("stereoset", {}),
    "StereoSet, per token": ("stereoset", {"per": "token"}),
    "WinoBias": ("winobias", {}),
    "Winogender": ("winogender", {}),
    "BBQ, by letters": ("bbq", {"form": "letters"}),
    "BBQ, by answers": ("bbq", {"form": "answers"}),
}
SPLIT = {"crows_pairs", "stereoset", "bbq"}  # the benchmarks of several bias types
ABOUT = """
The model was asked without a chat template, as `score_benchmark` describes. Scores are sums of log-probabilities;
CrowS-Pairs' authors leave out the words in which the sentences differ, so that their figures for masked models are not
comparable. The weights of the course's model were rounded to four bits (Q4_1) by those who packed it: how much that
changes is not measured here. Intervals (95%) are over whole clusters: writers, targets, occupations or templates. They
say how far the items are a sample, and nothing about other prompts or benchmarks; with few clusters there may be
none, nor where all clusters agree.

**The unbiased value of a preference is 0.5: it is not a grade.** A model that answers at random has it, too. Read each
bias next to the competence of the same part: where that is at its reference, the model cannot do the task, and its bias
is not measured. Controls should be at their reference; where the stereotype is more often the shorter option, so is a
preference for it. "Unrelated words" are a control that was scored: the same options where nothing else is about the
stereotype, as `make_unrelated` describes; a preference there is one for words. "Minus" is the difference item by item.
What is wrong with each benchmark is in its card, in `datasets/`.
"""


class Remembering:
    """A model that does not score a text twice, for runs that differ in what is made of the same scores."""

    def __init__(self, model):
        self.model, self.known = model, {}

    def sequence_log_probabilities(self, texts):
        """Score the texts that are new, and return the scores of all."""
        return self._remember([(text,) for text in texts], self.model.sequence_log_probabilities)

    def continuation_log_probabilities(self, prompts, continuations):
        """Likewise for continuations."""
        pairs = list(zip(prompts, continuations, strict=True))
        return self._remember(pairs, self.model.continuation_log_probabilities)

    def count_tokens(self, texts):
        """Count as the model does."""
        return self.model.count_tokens(texts)

    def _remember(self, keys, score):
        new = list(dict.fromkeys(key for key in keys if key not in self.known))
        if new:
            self.known.update(zip(new, score(*map(list, zip(*new, strict=True))), strict=True))
        return [self.known[key] for key in keys]


class Kept:
    """Scores of one call after another: kept as they come, and read again by the call that follows."""

    def __init__(self, model: str, items: int | None, bbq_items: int, *, again: bool):
        self.model_name, self.items, self.bbq_items, self.again = model, items, bbq_items, again
        self._model = None

    def scores(self, heading: str, *, unrelated: bool = False) -> tuple[pd.DataFrame, float]:
        """Return the scores of one run, or of the same options with unrelated words, and the seconds that they took."""
        name, options = RUNS[heading]
        items = self.bbq_items if name == "bbq" else self.items
        slug = "".join(
            letter if letter.isalnum() else "_"
            for letter in f"{self.model_name} {heading} {items}{' unrelated' if unrelated else ''}"
        )
        path = KEPT / f"{slug}.csv"
        if not path.is_file() or self.again:
            from labkit.language import score_benchmark

            start = time.process_time()
            scored = score_benchmark(self.model(), name, items=items, seed=SEED, unrelated=unrelated, **options)
            KEPT.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(".half")
            scored.assign(seconds=time.process_time() - start).to_csv(half, index=False)
            half.replace(path)  # an interrupted call leaves no half of a file
        kept = pd.read_csv(path, keep_default_na=False, na_values=[""])  # a target may be called "NA"
        return kept.drop(columns="seconds"), float(kept["seconds"].iloc[0])

    def model(self):
        """Load the model when it is first needed."""
        if self._model is None:
            from labkit.language import load_generative_model

            self._model = Remembering(load_generative_model(self.model_name))
        return self._model


def write(frame: pd.DataFrame) -> str:
    """Write a frame as a Markdown table, numbers to the right."""
    rows = ["| " + " | ".join(frame.columns) + " |"]
    rows.append("|" + "|".join("---" if values.dtype.kind not in "if" else "---:" for _, values in frame.items()) + "|")
    for row in frame.itertuples(index=False):
        rows.append("| " + " | ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in row) + " |")
    return "\n".join(rows) + "\n"


def number(value: float) -> str:
    """Write a number with three decimals, or nothing for a missing one."""
    return "" if pd.isna(value) else f"{value:.3f}"


def write_measures(measures: pd.DataFrame, keys: list[str]) -> str:
    """Write estimates, intervals and references."""
    intervals = [
        f"{number(row.estimate)}" + ("" if pd.isna(row.low) else f" [{row.low:.3f}, {row.high:.3f}]")
        for row in measures.itertuples()
    ]
    columns = {key: measures[key] for key in keys} | {"estimate": intervals}
    columns |= {"reference": measures["reference"].map(number)}
    return write(pd.DataFrame(columns | {"items": measures["items"], "clusters": measures["clusters"]}))


def write_controls(controls: pd.DataFrame) -> str:
    """Write what coins and shuffling give, beside what was observed."""
    from labkit.audit.text import format_p_value

    middle = [f"{number(row.mean)} [{number(row.low)}, {number(row.high)}]" for row in controls.itertuples()]
    columns = {
        "part": controls["part"],
        "control": controls["control"],
        "mean and middle 95%": middle,
        "expected": controls["expected"].map(number),
        "observed": controls["observed"].map(number),
        "p": controls["p_value"].map(format_p_value),
    }
    return write(pd.DataFrame(columns))


def section(heading: str, scores: pd.DataFrame, unrelated: pd.DataFrame, seconds: float) -> str:
    """Write all tables of one run."""
    from labkit.language import check_controls, compare_unrelated, summarise_benchmark

    name = RUNS[heading][0]
    head = f"## {heading}\n\n{len(scores):,} items, {seconds:.0f} s of processor time, with unrelated words included.\n"
    measures = [summarise_benchmark(scores, seed=SEED), compare_unrelated(scores, unrelated, seed=SEED)]
    text = [head, write_measures(pd.concat(measures), ["part", "kind", "measure"])]
    if name in SPLIT:
        measures = summarise_benchmark(scores, by="bias_type", seed=SEED)
        measures = measures[measures["measure"].isin(["prefers the stereotype", "bias score"])]
        measures = measures.sort_values(["part", "measure", "bias_type"], kind="stable")
        text.append(write_measures(measures, ["part", "measure", "bias_type"]))
    return "\n".join([*text, write_controls(check_controls(scores, seed=SEED))])


def update(old: str, new: str) -> str:
    """Put the sections of a new text into an old one, in the places of those with the same headings."""
    sections = {part.split("\n", 1)[0]: part.strip() + f"\n\n{machine()}\n" for part in new.split("\n## ")[1:]}
    head, *parts = old.split("\n## ")
    return "\n## ".join([head, *(sections.get(part.split("\n", 1)[0], part) for part in parts)])


def main(arguments: list[str] | None = None) -> str:
    """Score what was named, print the tables, and return them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks; default: all")
    parser.add_argument("--model", default="smollm2", help="as load_generative_model takes it")
    parser.add_argument("--items", type=int, help="of each part, of all benchmarks but BBQ; default: all")
    parser.add_argument("--bbq-items", type=int, default=100, help="of each category of BBQ, a multiple of 4")
    parser.add_argument("--again", action="store_true", help="score again what is kept from before")
    parser.add_argument("--update", action="store_true", help="put the sections of NAME into LANGUAGE.md")
    options = parser.parse_args(arguments)
    known = sorted({name for name, _ in RUNS.values()})
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"no benchmark {', '.join(unknown)}; there is {', '.join(known)}")
    kept = Kept(options.model, options.items, options.bbq_items, again=options.again)
    text = [f"# What the field's benchmarks of bias say about `{options.model}`\n\n{machine()}\n{ABOUT}"]
    text[0] += f"\nOf BBQ, {options.bbq_items} questions of each category were drawn with seed {SEED}.\n"
    for heading, (name, _) in RUNS.items():
        if options.names and name not in options.names:
            continue
        scores, seconds = kept.scores(heading)
        unrelated, more = kept.scores(heading, unrelated=True)
        text.append(section(heading, scores, unrelated, seconds + more))
        print(f"{heading}: {len(scores):,} items, {seconds:.0f} s and {more:.0f} s", file=sys.stderr, flush=True)
    text = "\n".join(text)
    place = FOLDER / "LANGUAGE.md"
    if options.update:
        place.write_text(update(place.read_text(encoding="utf-8"), text), encoding="utf-8")
    elif not options.names and options.items is None:  # a part does not replace the whole table
        place.write_text(text, encoding="utf-8")
    print(text)
    return text


if __name__ == "__main__":
    main()
