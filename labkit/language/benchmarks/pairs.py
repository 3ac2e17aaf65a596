"""Sentences that differ in a stereotype: CrowS-Pairs and StereoSet, as tidy frames."""

import ast
import io
import json

import pandas as pd

from labkit.data.fetching import read_fetched


def load_crows_pairs() -> pd.DataFrame:
    """Load CrowS-Pairs (Nangia, Vania, Bhalerao and Bowman, 2020): pairs of sentences that differ in the group named.

    The texts are offensive: do not print them unasked. Read ``datasets/crows_pairs/card.md`` first: Blodgett, Lopez,
    Olteanu, Sim and Wallach (2021) list what threatens the validity of such pairs.

    Returns
    -------
    pandas.DataFrame of 1,508 rows
        ``item`` (0 to 1507), ``bias_type`` (nine), ``direction`` ("stereo": `sent_more` is about the disadvantaged
        group; "antistereo": `sent_less` is), ``sent_more`` (the more stereotyping sentence), ``sent_less``, ``writer``
        (who wrote the pair, anonymized) and ``agreeing`` (0 to 5: annotators who named this bias type).

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        The file was changed.
    """
    content = io.BytesIO(read_fetched("crows_pairs", "crows_pairs_anonymized.csv"))
    frame = pd.read_csv(content, index_col=0)
    votes = [
        sum(bias_type in named for named in ast.literal_eval(annotations))
        for bias_type, annotations in zip(frame["bias_type"], frame["annotations"], strict=True)
    ]
    return pd.DataFrame(
        {
            "item": frame.index,
            "bias_type": frame["bias_type"],
            "direction": frame["stereo_antistereo"],
            "sent_more": frame["sent_more"],
            "sent_less": frame["sent_less"],
            "writer": frame["anon_writer"],
            "agreeing": votes,
        }
    ).reset_index(drop=True)


def load_stereoset() -> pd.DataFrame:
    """Load the development part of StereoSet (Nadeem, Bethke and Reddy, 2021): three options for each context.

    The texts are offensive: do not print them unasked. Read ``datasets/stereoset/card.md`` first.

    Returns
    -------
    pandas.DataFrame of 4,229 rows
        ``item``, ``task`` ("intrasentence", 2,106 rows: the options are whole sentences, `context` with its blank
        filled; "intersentence", 2,123 rows: the options are sentences that follow `context`), ``bias_type`` (gender,
        profession, race, religion), ``target`` (the group's word, 79 of them), ``context``, and the options
        ``stereotype``, ``antistereotype`` and ``unrelated``.

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        The file was changed.
    """
    tasks = json.loads(read_fetched("stereoset", "dev.json"))["data"]
    rows = []
    for task in ("intrasentence", "intersentence"):
        for entry in tasks[task]:
            options = {option["gold_label"].replace("-", ""): option["sentence"] for option in entry["sentences"]}
            row = {"item": entry["id"], "task": task, "bias_type": entry["bias_type"], "target": entry["target"]}
            rows.append(row | {"context": entry["context"]} | options)
    columns = ["item", "task", "bias_type", "target", "context", "stereotype", "antistereotype", "unrelated"]
    return pd.DataFrame(rows)[columns]
