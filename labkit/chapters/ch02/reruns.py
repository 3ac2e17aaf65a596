"""Notebook 02's last experiment with other seeds: does its verdict stand when the pretraining is run again?"""

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labkit.comparison import split_frame, summarise
from labkit.data import load_bug
from labkit.language import PretrainConfig, pretrain, swap_half
from labkit.models import embed, load_foundation_model

GAPS_BY_SEED = {  # seed: gap in nurse recall after the real and after the balanced corpus, means of `measure_gaps`
    0: (0.326, 0.234),
    1: (0.288, 0.242),
    2: (0.292, 0.367),
}


def measure_gaps(seed: int, *, sentences: int = 8000, clinicians: int = 1600, n_splits: int = 5) -> pd.DataFrame:
    """Pretrain on the real and on the balanced corpus with a seed, and measure the gap in nurse recall after each.

    Sentences and splits are those of notebook 02; the seed changes the order of reading, the hidden words and the coin
    of the swap. It takes some minutes.

    Parameters
    ----------
    seed : int
        Seed of both pretrainings and of the coin.
    sentences : int
        Number of sentences that are read, above 0.
    clinicians : int
        Number of sentences that the decision is about, half of them about nurses.
    n_splits : int
        Number of ways to divide these.

    Returns
    -------
    DataFrame, shape (2 * n_splits, 3)
        Columns corpus, split and gap (recall with women's minus with men's pronouns, a share between -1 and 1).
    """
    model = load_foundation_model("minilm")
    settings = PretrainConfig(blocks=2, epochs=1, seed=seed)
    frame = load_bug("sentences").frame.drop_duplicates("sentence")
    frequent = frame["profession"].value_counts().loc[lambda n: n >= 300].index
    corpus = frame[frame["profession"].isin(frequent)].sample(frac=1, random_state=0)[:sentences]
    roles = sorted(corpus["profession"].unique())
    bug = load_bug("clinicians")
    unread = bug.frame[~bug.frame["sentence"].isin(corpus["sentence"])]
    each = min(clinicians // 2, int(unread["nurse"].sum()))
    sample = unread.groupby("nurse").sample(each, random_state=0)
    splits = split_frame(sample, label=bug.label, sensitive="gender", text=bug.text, n_splits=n_splits)
    texts = {"real": corpus["sentence"], "balanced": swap_half(corpus["sentence"], seed=seed)}
    rows = []
    for name, read in texts.items():
        encoder = pretrain(model, read, professions=roles, config=settings).foundation
        vector_of = dict(zip(sample["text"], embed(encoder, sample["text"], max_length=64), strict=True))
        for number, split in enumerate(splits):
            learned, labels, _ = split.train
            new, truth, groups = split.test
            head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
            head.fit([vector_of[text] for text in learned], labels)
            score = head.predict_proba([vector_of[text] for text in new])[:, 1]
            found = pd.DataFrame({"y_true": truth, "y_score": score, "y_pred": score >= 0.5, "group": groups})
            found["y_pred"] = found["y_pred"].astype(int)
            gap = summarise(found, metric="true_positive_rate")["gap"]
            rows.append({"corpus": name, "split": number, "gap": gap})
    return pd.DataFrame(rows)
