"""What of a model trains in a run: which blocks, what the head reads, and how it begins."""

import copy

import torch

from labkit.config import TrainConfig
from labkit.models import Foundation


def prepare_model(model: Foundation, config: TrainConfig) -> Foundation:
    """Return a copy on the device, with frozen blocks marked and an untrained head drawn from the seed."""
    model = copy.deepcopy(model, {id(model.tokenizer): model.tokenizer})  # the tokenizer is shared
    if config.pooling != "auto":
        model.pooling = config.pooling
    elif not model.head_trained:
        model.pooling = "mean" if config.trainable_layers == 0 else "cls"
    if not model.head_trained:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            model.head = model.make_head()
        model.head_trained = True
    model.requires_grad_(True)  # the model may come from a run that froze other blocks
    first = first_trained(model, config)
    for module in (model.encoder.embeddings, *model.encoder.encoder.layer[:first]) if first is not None else ():
        module.requires_grad_(False)
    return model


def first_trained(model, config):
    """Return the first block that trains, or None when everything does."""
    return None if config.trainable_layers == "all" else model.depth - config.trainable_layers


def set_training(model, first):
    """Put the model into training mode, with frozen blocks in eval mode: their dropout would only add noise."""
    model.train()
    if first is not None:
        model.encoder.embeddings.eval()
        model.encoder.encoder.layer[:first].eval()
