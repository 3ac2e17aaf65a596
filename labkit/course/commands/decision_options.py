"""The options that `labkit audit` and `labkit card` share, and what they ask of them."""

from typing import Annotated

import typer

Prediction = Annotated[str | None, typer.Option(help="Column with the decision, 0 or 1.")]
Threshold = Annotated[
    float | None, typer.Option(metavar="X", help="Without --prediction: the decision is 1 from this score on.")
]
Count = Annotated[str | None, typer.Option(help="Column that says how many people a row stands for.")]
Weight = Annotated[str | None, typer.Option(help="Column of survey weights.")]
Person = Annotated[str | None, typer.Option(help="Column that says which person a row is about.")]
MissingGroup = Annotated[
    str | None, typer.Option(metavar="NAME", help="Name a group of all whose group is missing: 'not stated'.")
]
Decimal = Annotated[str, typer.Option(metavar=".|,", help="Decimal mark of numbers in a CSV.")]
Sheet = Annotated[str | None, typer.Option(metavar="NAME", help="Sheet of an Excel workbook.")]
Favorable = Annotated[
    str | None,
    typer.Option(metavar="0|1", help="Decision that is good for the person: adds the four-fifths rule."),
]
MinGroupSize = Annotated[
    int, typer.Option(min=0, metavar="N", help="Groups with fewer people are shown, and not compared.")
]
Confidence = Annotated[float, typer.Option(metavar="X", help="Coverage of every interval, from 0 to 1.")]
PositiveMeans = Annotated[
    str, typer.Option(metavar="WORDS", help="What a decision of 1 means: 'loan approved'. The page says it.")
]


def find_no_decision(prediction: str | None, score: str | None, threshold: float | None) -> str:
    """Say what is missing where nothing, or too much, says what was decided; empty where it is clear."""
    if prediction is not None and threshold is not None:
        return (
            f"--prediction {prediction} and --threshold {threshold:g} both say what was decided; leave out --threshold "
            "(a --score then adds AUC and calibration), or leave out --prediction (the decision is then 1 from this "
            "score on)"
        )
    if prediction is not None or score is not None and threshold is not None:
        return ""
    if score is not None:
        return (
            f"--score {score} alone does not say what was decided; add --threshold X (the decision is 1 from "
            "this score on), or name the column of decisions, --prediction"
        )
    if threshold is not None:
        return f"--threshold {threshold:g} is a limit for scores; name their column, --score"
    return "name the column of decisions, --prediction; or a column of scores, --score, and --threshold"
