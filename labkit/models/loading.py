"""Read a model's folder: configuration, weights and tokenizer, each checked against the others.

transformers fills gaps silently: a weight that is missing is drawn at random, and a tokenizer without files knows no
words. Both give numbers that look like results. Here they are errors that name what is missing.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from labkit.errors import UserError
from labkit.models.last_block import register_attention

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# Encoders whose blocks are `model.encoder.layer[i](hidden, mask)`, so that lower blocks can be frozen and cached.
BERT_LIKE = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
OF_AN_ENCODER = {"embeddings", "embeddings_project", "encoder", "layer"}  # parts of names; heads have others
NOT_TRAINED = ("position_ids", "token_type_ids")  # constants that older versions saved with the weights
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")  # one of them holds a tokenizer's words
MOST_UNUSED = 1024, 1 / 8  # rows of the table of words without a word (tables are padded to round sizes), and share
NAMED = 3  # names in a message


def read_any_config(folder: Path) -> "PreTrainedConfig":
    """Read a model's configuration; a UserError says that transformers does not know it."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except MemoryError:
        raise
    except Exception as error:  # of many kinds, one for each way in which a setting can be wrong
        raise UserError(f"{folder} does not describe a model that transformers knows: {in_one_line(error)}") from error
    if getattr(config, "num_hidden_layers", 1) < 1:
        raise UserError(f"{folder / 'config.json'} asks for {config.num_hidden_layers} blocks; give at least 1")
    return config


def read_config(folder: Path, name: str | Path) -> "PreTrainedConfig":
    """Read the configuration of a BERT-like encoder, without its dropout; a UserError says what else it is."""
    config = read_any_config(folder)
    if config.model_type not in BERT_LIKE or getattr(config, "is_decoder", False):
        raise UserError(
            f"{name!r} is a {config.model_type!r} model, not a BERT-like encoder; known: {', '.join(BERT_LIKE)}"
        )
    config.attention_probs_dropout_prob = config.hidden_dropout_prob = 0.0  # see Foundation
    return config


def load_encoder(folder: Path, config: "PreTrainedConfig", weights: dict[str, Tensor]) -> "PreTrainedModel":
    """Put weights into an encoder, all of its own and no others; weights of heads are ignored."""
    from transformers import MODEL_MAPPING

    options = {} if config.model_type == "electra" else {"add_pooling_layer": False}
    kind = MODEL_MAPPING[type(config)]
    return load_model(kind, folder, config, weights, attn_implementation=register_attention(), **options)


def load_model(
    kind: type["PreTrainedModel"],
    folder: Path,
    config: "PreTrainedConfig",
    weights: dict[str, Tensor],
    *,
    belongs: Callable[[str], bool] | None = None,
    dtype: torch.dtype = torch.float32,
    **options: Any,
) -> "PreTrainedModel":
    """Put weights into a model of transformers, all of its own and no others; a UserError names those that do not fit.

    transformers gets tensors, which `read_weights` read as safetensors: it looks for no file, and so finds none of
    another format. A weight that the model does not use is ignored where ``belongs`` says that it is not the model's
    (by default: of an encoder).
    """
    with silent_transformers():  # what it would report is in `report`, and checked
        try:
            model, report = kind.from_pretrained(
                None,
                config=config,
                state_dict=weights,
                dtype=dtype,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                **options,
            )
        except MemoryError:
            raise
        except Exception as error:  # of any kind: the configuration may ask for anything
            raise UserError(
                f"the weights in {folder} cannot be loaded as its config.json says ({in_one_line(error)})"
            ) from error
    check_weights(folder, config, report, belongs or is_of_an_encoder)
    return model


def read_weights(files: Iterable[Path]) -> dict[str, Tensor]:
    """Read all tensors of safetensors files; a UserError names a file that is none, or is not whole."""
    weights = {}
    for file in files:
        try:
            weights.update(load_file(file))
        except (SafetensorError, OSError, ValueError) as error:
            raise UserError(
                f"{file} is not a safetensors file, or not all of it ({in_one_line(error)}); copy or download it again"
            ) from error
    return weights


def check_weights(folder: Path, config: "PreTrainedConfig", report: dict, belongs: Callable[[str], bool]) -> None:
    """Raise a UserError where weights are missing, too many, or of another shape than the configuration says."""
    said = f"{folder / 'config.json'} describes {config.num_hidden_layers} blocks of width {config.hidden_size}"
    remedy = "copy or download the model again, with its own config.json"
    missing = [name for name in report["missing_keys"] if not name.endswith(NOT_TRAINED)]
    extra = [name for name in report["unexpected_keys"] if belongs(name)]
    if missing:
        also = f", and has {list_names(extra)}" if extra else ""
        raise UserError(f"{said}, but the file of weights lacks {list_names(missing)}{also}; {remedy}")
    if extra:
        raise UserError(f"{said}, but the file of weights also has {list_names(extra)}; {remedy}")
    for name, found, needed in sorted(report["mismatched_keys"]):
        raise UserError(f"{said} and needs {name} of shape {tuple(needed)}, but it has {tuple(found)}; {remedy}")
    problems = [*report.get("error_msgs", ()), *dict(report.get("conversion_errors") or {}).values()]
    if problems:
        raise UserError(f"the weights in {folder} cannot be loaded: {problems[0]}; {remedy}")


def load_head(head: nn.Module, file: Path, weights: dict[str, Tensor]) -> None:
    """Put weights into a head, all of its own and no others; a UserError names those that do not fit."""
    needed = head.state_dict()
    remedy = "copy the folder again, with its own fit.json"
    if missing := needed.keys() - weights.keys():
        raise UserError(f"{file} lacks {list_names(f'head.{name}' for name in missing)}; {remedy}")
    if extra := weights.keys() - needed.keys():
        raise UserError(f"{file} also has {list_names(f'head.{name}' for name in extra)}; {remedy}")
    for name, weight in sorted(needed.items()):
        if weight.shape != (found := weights[name].shape):
            raise UserError(
                f"{file} has head.{name} of shape {tuple(found)}, where fit.json and config.json ask for "
                f"{tuple(weight.shape)}; {remedy}"
            )
    head.load_state_dict(weights)


def is_of_an_encoder(name: str) -> bool:
    """Say whether a weight that transformers does not use would belong to an encoder, not to a head or a pooler."""
    return not name.endswith(NOT_TRAINED) and bool(OF_AN_ENCODER & set(name.split(".")))


def list_names(names: Iterable[str]) -> str:
    """List the first names, and say how many there are."""
    names = sorted(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def load_tokenizer(
    folder: Path, config: "PreTrainedConfig", *, needs_padding: bool = True
) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a model; a UserError says where its vocabulary does not fit the table of words."""
    from transformers import AutoTokenizer

    if not any(list(folder.glob(pattern)) for pattern in VOCABULARIES):
        raise UserError(
            f"{folder} has no tokenizer: none of {', '.join(VOCABULARIES)}; copy the tokenizer's files into it"
        )
    try:
        with silent_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except MemoryError:
        raise
    except Exception as error:  # of any kind; tokenizers raises bare exceptions
        raise UserError(
            f"the tokenizer in {folder} cannot be loaded ({in_one_line(error)}); copy or download its files again"
        ) from error
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if largest >= config.vocab_size:
        raise UserError(
            f"the tokenizer in {folder} has token ids up to {largest}, but the model has {config.vocab_size} word "
            "embeddings; they belong to different models: copy the model's own tokenizer into the folder"
        )
    rows, share = MOST_UNUSED
    if len(tokenizer) < config.vocab_size - min(rows, share * config.vocab_size):
        raise UserError(
            f"the tokenizer in {folder} has {len(tokenizer)} tokens, and the model {config.vocab_size} word "
            "embeddings; files are missing or belong to another model: copy the model's own tokenizer into the folder"
        )
    if needs_padding and tokenizer.pad_token_id is None:
        raise UserError(f"the tokenizer in {folder} has no padding token; copy the model's own tokenizer_config.json")
    return tokenizer


def in_one_line(error: Exception) -> str:
    """Return the kind of an error and what it says, without line breaks."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@contextmanager
def silent_transformers() -> Iterator[None]:
    """Let transformers print errors only, and no progress bar, in a ``with`` block."""
    from transformers import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()
