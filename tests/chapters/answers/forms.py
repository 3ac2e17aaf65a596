"""One value in the forms in which students hand it in."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd


def chosen(text: str, letter: str) -> dict[str, Any]:
    """Return a choice as a text and by its letter, each as people write it and in containers of one element."""
    return {
        "text": text,
        "text with capitals and a full stop": f" {text[0].upper()}{text[1:]}. ",
        "text in a list": [text],
        "text in an array": np.array([text]),
        "text in a Series": pd.Series([text], index=["answer"]),
        "text of numpy": np.str_(text),
        "letter": letter,
        "small letter": letter.lower(),
        "letter and point": f"{letter}.",
        "letter in a tuple": (letter,),
    }


def number_forms() -> dict[str, Callable[[float], Any]]:
    """Return the forms of one number, by name: containers of one element, scalars of numpy, and tensors."""
    import torch  # here, so that pytest collects tests without it

    return {
        "number": float,
        "numpy scalar": np.float64,
        "0-d array": np.array,
        "array of one": lambda value: np.array([value]),
        "Series of one": lambda value: pd.Series([value], index=["difference"]),
        "tuple of one": lambda value: (value,),
        "0-d tensor": lambda value: torch.tensor(value, dtype=torch.float64),
        "tensor of one, with a gradient": lambda value: torch.tensor([value], dtype=torch.float64, requires_grad=True),
    }


def numbers(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return an answer of named values with each of its numbers in each of the forms of one number."""
    return {
        name: {
            key: convert(each) if isinstance(each, int | float) and not isinstance(each, bool) else each
            for key, each in answer.items()
        }
        for name, convert in number_forms().items()
    }
