"""Continued masked-language pretraining: the lowest blocks of an encoder read a corpus and learn to guess its words.

What a corpus says about who does which work is then in the model, before anybody asks it to decide anything.
"""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from filelock import FileLock
from safetensors.torch import load_model, save_model

from labkit.cache import cache_folder
from labkit.errors import UserError
from labkit.language.masked_lm import PRONOUNS, LanguageModel, cut_blocks, draw_mask, word_ids
from labkit.language.pronouns import TEMPLATES, share_of_she
from labkit.models.batches import LengthBuckets, pad
from labkit.models.encoder import Foundation, load_foundation_model
from labkit.models.hidden_states import check_max_length, fingerprint, tokenize
from labkit.models.precision import PRECISIONS, pick_device, pick_precision
from labkit.training.history import History
from labkit.training.schedule import linear_schedule
from labkit.validation import check_texts

FORMAT = 2  # of what the cache holds; a change of the arithmetic raises it


@dataclass(frozen=True)
class PretrainConfig:
    """How to pretrain.

    Parameters
    ----------
    blocks : int
        How many of the encoder's lowest blocks are kept.
    epochs : int
        Passes over the corpus.
    batch_size : int
        Sentences in an optimizer step.
    learning_rate, head_learning_rate : float
        Peak rates of AdamW for the blocks and for the head, which has everything to learn; reached after the warm-up,
        falling linearly to 0.
    max_length : int
        Sentences are cut to this many tokens.
    mask_share, pronoun_share : float
        How often a word, and how often a gendered pronoun, is hidden and has to be guessed, in (0, 1].
    seed : int
        Draws the head, the order of the sentences and what is hidden.
    precision : {"auto", "float32", "bfloat16"}
        See `labkit.models.precision.pick_precision`. Weights stay in float32.
    weight_decay, warmup_ratio, max_grad_norm : float
        Of AdamW; share of all steps; limit of the gradient's norm.
    records : int
        How often P(she | profession) is noted on the way, after "before" and with the end.
    log_dir : str, optional
        Folder for a TensorBoard record.
    """

    blocks: int = 3
    epochs: int = 1
    batch_size: int = 16
    learning_rate: float = 2e-4
    head_learning_rate: float = 2e-3
    max_length: int = 40
    mask_share: float = 0.06
    pronoun_share: float = 0.8
    seed: int = 0
    precision: str = "auto"
    weight_decay: float = 0.01
    warmup_ratio: float = 0.1
    max_grad_norm: float = 1.0
    records: int = 8
    log_dir: str | None = None

    def __post_init__(self):
        for name in ("blocks", "epochs", "batch_size", "max_length", "records"):
            if not isinstance(value := getattr(self, name), int | np.integer) or value < 1:
                raise UserError(f"{name} is {value!r}; give a positive whole number")
        for name in ("mask_share", "pronoun_share"):
            if not 0 < (value := getattr(self, name)) <= 1:
                raise UserError(f"{name} is {value!r}; give a share above 0 and up to 1")
        for name in ("learning_rate", "head_learning_rate"):
            if not 0 < (value := getattr(self, name)) < 1:
                raise UserError(f"{name} is {value!r}; give a number between 0 and 1, such as 2e-4")
        if self.precision not in PRECISIONS:
            raise UserError(f"precision {self.precision!r} is not one of {', '.join(PRECISIONS)}")


@dataclass
class Pretrained:
    """What `pretrain` returns.

    Attributes
    ----------
    model : LanguageModel
        In eval mode; ``model.foundation`` goes into `embed` and `finetune` as any other encoder does.
    config : PretrainConfig
        ``precision`` is the one that was used.
    losses : ndarray (steps,)
        Mean cross-entropy of the hidden words of each batch, in nats.
    record : DataFrame
        A row for each step that was noted, 0 for "before", and a column for each profession: P(she | he or she).
    sentences_per_second : float
        Of the training loop, the record included; NaN from the cache.
    """

    model: LanguageModel
    config: PretrainConfig
    losses: np.ndarray = field(default_factory=lambda: np.empty(0))
    record: pd.DataFrame = field(default_factory=pd.DataFrame)
    sentences_per_second: float = float("nan")

    @property
    def foundation(self) -> Foundation:
        """The encoder, for `embed` and `finetune`."""
        return self.model.foundation


def pretrain(
    model, texts: Sequence[str], *, professions: Sequence[str] = (), templates=TEMPLATES, config=None, disk=True
) -> Pretrained:
    """Cut an encoder, put an untrained masked-language head on it, and let it read a corpus.

    The blocks and the head are trained; the word embeddings, which the head is tied to, stay as they are: their dense
    gradient would cost more than a block, and few sentences would spoil the rare words. A batch holds sentences of
    similar length. A run with the same weights, texts and settings is read from the cache folder when it is there.

    Parameters
    ----------
    model : Foundation or str
        What to start from; a name is loaded. It is left as it was.
    texts : sequence of str, length n
        The corpus.
    professions : sequence of str
        Whose P(she | he or she) is noted on the way, see `labkit.language.share_of_she`.
    templates : sequence of str
        Sentences in which it is measured.
    config : PretrainConfig, optional
    disk : bool
        False: neither read nor write the cache folder.

    Raises
    ------
    UserError
        An empty corpus, a tokenizer without a mask token, a profession that it does not know, sentences longer than the
        encoder can read, more blocks than it has.
    """
    config = config or PretrainConfig()
    texts = check_texts(texts)
    if isinstance(model, str):
        model = load_foundation_model(model)
    check_max_length(model, config.max_length)
    language = LanguageModel(cut_blocks(model, config.blocks), seed=config.seed)
    if professions := list(professions):
        share_of_she(language, professions[:1], templates)  # complain before the work, not after it
    language.to(pick_device())
    dtype = pick_precision(config.precision, language.foundation, texts)
    config = dataclasses.replace(config, precision=str(dtype).removeprefix("torch."))
    if not disk:
        return run(language, texts, professions, templates, config)
    folder = cache_folder("pretrained") / identify(language, texts, professions, templates, config)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "pretrained.json").is_file():  # written last
            pretrained = run(language, texts, professions, templates, config)
            shutil.rmtree(folder, ignore_errors=True)  # left behind by an interrupted call
            return save(pretrained, folder)
    return load(language, folder, config)


def run(language: LanguageModel, texts, professions, templates, config) -> Pretrained:
    """Train; the arguments have been checked."""
    tokenizer, device = language.tokenizer, language.bias.device
    ids, pronouns = tokenize(language.foundation, texts, config.max_length), word_ids(tokenizer, PRONOUNS)
    shares = {"mask_share": config.mask_share, "pronoun_share": config.pronoun_share, "pronouns": pronouns}
    buckets = LengthBuckets([len(row) for row in ids], config.batch_size, seed=config.seed)
    language.foundation.encoder.embeddings.requires_grad_(False)
    blocks, head = list(language.foundation.encoder.encoder.parameters()), [*language.transform.parameters()]
    head.append(language.bias)
    weights = [
        {"params": blocks, "initial_lr": config.learning_rate},
        {"params": head, "initial_lr": config.head_learning_rate},
    ]
    optimizer = torch.optim.AdamW(weights, weight_decay=config.weight_decay, fused=True)
    total, generator, record, losses = config.epochs * len(buckets), torch.Generator(), {}, []
    scheduler = linear_schedule(optimizer, total, warmup_ratio=config.warmup_ratio)
    due = set(np.linspace(0, total, config.records + 1).round().astype(int).tolist()) if professions else set()

    def note(step):
        if step in due:
            record[step] = share_of_she(language, professions, templates)

    # The head begins with how frequent each word is, so that no steps are spent on learning that.
    counts = torch.bincount(torch.tensor([word for row in ids for word in row]), minlength=len(language.bias))
    language.bias.data = ((counts + 0.1) / (counts + 0.1).sum()).log().to(device)
    history = History(config, None, total=total)
    with torch.random.fork_rng(), history:
        note(0)
        for epoch in range(config.epochs):
            buckets.epoch = epoch
            for step, rows in enumerate(buckets, start=epoch * len(buckets) + 1):
                language.train()
                generator.manual_seed(config.seed * 1_000_003 + step)  # what is hidden depends on seed and step alone
                padded, mask = pad(ids, rows, tokenizer.pad_token_id)
                at = draw_mask(padded, generator, tokenizer=tokenizer, **shares)
                hidden, targets = padded.masked_fill(at, tokenizer.mask_token_id), padded[at].to(device)
                with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
                    logits = language(*(part.to(device) for part in (hidden, mask, at)))
                loss = torch.nn.functional.cross_entropy(logits.float(), targets)
                loss.backward()
                torch.nn.utils.clip_grad_norm_([*blocks, *head], config.max_grad_norm)
                learning_rate = scheduler.get_last_lr()[0]
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                losses.append(loss.item())
                history.add_step(losses[-1], learning_rate, len(rows))
                note(step)
            history.add_epoch(None)
    frame = pd.DataFrame(record).T.rename_axis("step")
    return Pretrained(language.eval(), config, np.array(losses), frame, history.samples_per_second)


def identify(language: LanguageModel, texts, professions, templates, config) -> str:
    """Return a digest of everything that a run's result depends on: weights, texts, settings, library."""
    model, settings = language.foundation, dataclasses.asdict(dataclasses.replace(config, log_dir=None))
    words = sorted(language.tokenizer.get_vocab().items())
    where = [FORMAT, torch.__version__, str(language.bias.device)]
    parts = [fingerprint(model, model.depth), words, list(texts), list(professions), list(templates), settings, where]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def save(pretrained: Pretrained, folder) -> Pretrained:
    """Write weights (safetensors), losses and record to a folder; return what was given."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    save_model(pretrained.model, str(folder / "model.safetensors"))
    about = {"losses": pretrained.losses.tolist(), "record": pretrained.record.to_dict("split")}
    (folder / "pretrained.json").write_text(json.dumps(about))
    return pretrained


def load(language: LanguageModel, folder, config: PretrainConfig) -> Pretrained:
    """Read what `save` wrote into a model of the same form."""
    about = json.loads((Path(folder) / "pretrained.json").read_text())
    load_model(language, str(Path(folder) / "model.safetensors"))
    record = pd.DataFrame(**about["record"]).rename_axis("step")
    return Pretrained(language.eval(), config, np.array(about["losses"]), record)
