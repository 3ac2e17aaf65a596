"""Continued masked-language pretraining: the lowest blocks of an encoder read a corpus and learn to guess its words.

What the corpus says about who does which work is then in the model, before anybody asks it to decide anything.
"""

import copy
import dataclasses
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model

from labkit.cache import cache_folder, file_sha256
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

FILES = ("model.safetensors", "pretrained.json")  # of a trained encoder in the cache
CHECKSUMS = "sha256.json"  # of these files
FORMAT = 3  # version of what the cache holds; raise it when the arithmetic changes


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
        Peak rates of AdamW for the blocks and for the head, which starts untrained; they are reached after the warm-up
        and then fall linearly to 0.
    max_length : int
        Sentences are cut to this many tokens.
    mask_share, pronoun_share : float
        How often a word, and how often a gendered pronoun, is hidden and has to be guessed, in (0, 1].
    seed : int
        Seed of the head's weights, of the order of the sentences and of what is hidden.
    precision : {"auto", "float32", "bfloat16"}
        See `labkit.models.precision.pick_precision`. Weights stay in float32.
    weight_decay, warmup_ratio, max_grad_norm : float
        AdamW's decay; the share of all steps that warm up; the largest norm of the gradient.
    records : int
        How often P(she | profession) is recorded during training; the last time is at its end.
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
        P(she | he or she): one row per recorded step, with 0 for "before training", and one column per profession.
    sentences_per_second : float
        Speed of the training loop, with the record; NaN if the result is from the cache.
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
    model: Foundation | str,
    texts: Sequence[str],
    *,
    professions: Sequence[str] = (),
    templates: Sequence[str] = TEMPLATES,
    config: PretrainConfig | None = None,
    disk: bool = True,
) -> Pretrained:
    """Cut an encoder to its lowest blocks, put an untrained masked-language head on it, and train both on a corpus.

    The word embeddings, to which the head is tied, are not trained: their dense gradient would cost more than a block,
    and a small corpus would spoil rare words. A batch has sentences of similar length. The result of a run with the
    same weights, texts and settings is read from the cache folder if it is there and undamaged.

    Parameters
    ----------
    model : Foundation or str
        What to start from; a name is loaded. It is left unchanged.
    texts : sequence of str, length n
        The corpus.
    professions : sequence of str
        Professions whose P(she | he or she) is recorded during training, see `labkit.language.share_of_she`.
    templates : sequence of str
        Sentences in which it is measured.
    config : PretrainConfig, optional
    disk : bool
        Whether to read and write the cache folder.

    Returns
    -------
    Pretrained

    Raises
    ------
    UserError
        The corpus is empty, the tokenizer has no mask token or does not know a profession, ``max_length`` is more than
        the encoder can read, or ``blocks`` more than it has.

    Warns
    -----
    UserWarning
        The result in the cache folder is damaged, so that the encoder is trained again; or the cache folder cannot be
        written, so that the result is not kept.
    """
    config = config or PretrainConfig()
    texts = check_texts(texts)
    if isinstance(model, str):
        model = load_foundation_model(model)
    check_max_length(model, config.max_length)
    language = LanguageModel(cut_blocks(model, config.blocks), seed=config.seed)
    if professions := list(professions):
        share_of_she(language, professions[:1], templates)  # find mistakes before training, not after it
    language.to(pick_device())
    dtype = pick_precision(config.precision, language.foundation, texts)
    config = dataclasses.replace(config, precision=str(dtype).removeprefix("torch."))
    if not disk:
        return train(language, texts, professions, templates, config)
    name = identify_pretraining(language, texts, professions, templates, config)
    try:
        folder = cache_folder("pretrained") / name
        lock = FileLock(folder.with_suffix(".lock"))
        lock.acquire()
    except (OSError, UserError) as error:
        warn_not_kept(error)
        return train(language, texts, professions, templates, config)
    try:
        pretrained = find_pretrained(language, folder, config)
        if pretrained is None:
            pretrained = train(language, texts, professions, templates, config)
            try:
                save_pretrained(pretrained, folder)
            except (OSError, SafetensorError) as error:
                warn_not_kept(error)
    finally:
        lock.release()
    return pretrained


def warn_not_kept(error: Exception) -> None:
    """Say why a trained encoder is not in the cache folder."""
    warnings.warn(
        f"the trained encoder cannot be kept in the cache folder ({error}), and will be trained again next time; make "
        "room, or set the environment variable LABKIT_CACHE to a folder of yours",
        stacklevel=3,
    )


def train(
    language: LanguageModel,
    texts: Sequence[str],
    professions: Sequence[str],
    templates: Sequence[str],
    config: PretrainConfig,
) -> Pretrained:
    """Train; the arguments have been checked."""
    tokenizer, device = language.tokenizer, language.bias.device
    ids, pronouns = tokenize(language.foundation, texts, config.max_length), word_ids(tokenizer, PRONOUNS)
    shares = {"mask_share": config.mask_share, "pronoun_share": config.pronoun_share, "pronouns": pronouns}
    buckets = LengthBuckets([len(row) for row in ids], config.batch_size, seed=config.seed)
    total = config.epochs * len(buckets)
    steps_to_note = np.linspace(0, total, config.records + 1).round().astype(int).tolist() if professions else []
    generator, record, losses = torch.Generator(), {}, []

    start_at_frequencies(language, ids)
    optimizer, trained = make_optimizer(language, config)
    scheduler = linear_schedule(optimizer, total, warmup_ratio=config.warmup_ratio)
    history = History(config, None, total=total)
    with torch.random.fork_rng(), history:
        if professions:
            record[0] = share_of_she(language, professions, templates)
        for epoch in range(config.epochs):
            buckets.epoch = epoch
            for step, rows in enumerate(buckets, start=epoch * len(buckets) + 1):
                language.train()
                generator.manual_seed(config.seed * 1_000_003 + step)  # what is hidden depends on seed and step alone
                padded, mask = pad(ids, rows, tokenizer.pad_token_id)  # (B, T) each
                at = draw_mask(padded, generator, tokenizer=tokenizer, **shares)  # (B, T), n of them true
                hidden, targets = padded.masked_fill(at, tokenizer.mask_token_id), padded[at].to(device)
                with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
                    logits = language(*(part.to(device) for part in (hidden, mask, at)))  # (n, V)
                loss = torch.nn.functional.cross_entropy(logits.float(), targets)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(trained, config.max_grad_norm)
                learning_rate = scheduler.get_last_lr()[0]
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                losses.append(loss.item())
                history.add_step(losses[-1], learning_rate, len(rows))
                if step in steps_to_note:
                    record[step] = share_of_she(language, professions, templates)
            history.add_epoch(None)
    frame = pd.DataFrame(record).T.rename_axis("step")
    return Pretrained(language.eval(), config, np.array(losses), frame, history.samples_per_second)


def start_at_frequencies(language: LanguageModel, ids: Sequence[Sequence[int]]) -> None:
    """Set the head's bias to how frequent each word is in the corpus, so that no steps are spent on learning that."""
    counts = torch.bincount(torch.tensor([word for row in ids for word in row]), minlength=len(language.bias))  # (V,)
    shares = (counts + 0.1) / (counts + 0.1).sum()
    language.bias.data = shares.log().to(language.bias.device)


def make_optimizer(
    language: LanguageModel, config: PretrainConfig
) -> tuple[torch.optim.AdamW, list[torch.nn.Parameter]]:
    """Freeze the word embeddings; return AdamW with a peak rate for blocks and one for the head, and what it trains."""
    language.foundation.encoder.embeddings.requires_grad_(False)
    blocks = list(language.foundation.encoder.encoder.parameters())
    head = [*language.transform.parameters(), language.bias]
    groups = [
        {"params": blocks, "initial_lr": config.learning_rate},
        {"params": head, "initial_lr": config.head_learning_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay, fused=True), [*blocks, *head]


def identify_pretraining(
    language: LanguageModel,
    texts: Sequence[str],
    professions: Sequence[str],
    templates: Sequence[str],
    config: PretrainConfig,
) -> str:
    """Return a digest of everything that the result depends on: weights, texts, settings, library."""
    model, settings = language.foundation, dataclasses.asdict(dataclasses.replace(config, log_dir=None))
    words = sorted(language.tokenizer.get_vocab().items())
    where = [FORMAT, torch.__version__, str(language.bias.device)]
    parts = [fingerprint(model, model.depth), words, list(texts), list(professions), list(templates), settings, where]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def save_pretrained(pretrained: Pretrained, folder: Path) -> None:
    """Write weights (safetensors), losses, record and checksums to a folder, all of them or nothing."""
    fresh = folder.with_suffix(f".writing-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        save_model(pretrained.model, str(fresh / "model.safetensors"))
        about = {"losses": pretrained.losses.tolist(), "record": pretrained.record.to_dict("split")}
        (fresh / "pretrained.json").write_text(json.dumps(about))
        checksums = {name: file_sha256(fresh / name) for name in FILES}
        (fresh / CHECKSUMS).write_text(json.dumps(checksums))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # where it failed, for example on a full disk


def find_pretrained(language: LanguageModel, folder: Path, config: PretrainConfig) -> Pretrained | None:
    """Return what `save_pretrained` wrote, or None where nothing is, or, with a warning, where it is damaged."""
    if not folder.exists():
        return None
    try:
        return load_pretrained(language, folder, config)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        warnings.warn(
            f"the trained encoder in {folder} is damaged ({type(error).__name__}: {error}); it is trained again",
            stacklevel=3,
        )
        return None


def load_pretrained(language: LanguageModel, folder: Path, config: PretrainConfig) -> Pretrained:
    """Read what `save_pretrained` wrote into a copy of a model of the same shape; any damage is an exception."""
    checksums = json.loads((folder / CHECKSUMS).read_text())
    for name in FILES:
        if file_sha256(folder / name) != checksums[name]:
            raise ValueError(f"{name} has another sha256 than when it was written")
    about = json.loads((folder / "pretrained.json").read_text())
    tokenizer = language.tokenizer
    loaded = copy.deepcopy(language, {id(tokenizer): tokenizer})  # where loading fails, `language` can still be trained
    load_model(loaded, str(folder / "model.safetensors"))
    record = pd.DataFrame(**about["record"]).rename_axis("step")
    return Pretrained(loaded.eval(), config, np.array(about["losses"]), record)
