"""Fine-tuning the shipped BERT on real sentences: transformers' Trainer beside labkit, same data, same batch size."""

import os
import tempfile

N, BATCH_SIZE, MAX_LENGTH = 1024, 32, 128


def load(n=N):
    """Return n masked sentences of the clinician task and their labels; all of them where n is None."""
    from labkit.data.bug import load_bug

    data = load_bug("clinicians")
    frame = data.frame.sample(n or len(data.frame), random_state=0)
    return frame[data.text].tolist(), frame[data.label].to_numpy()


def make_trainer(texts, y, **options):
    """Return transformers' Trainer for some sentences; options are those of its arguments."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        logging,
        set_seed,
    )
    from transformers import TrainingArguments as Arguments

    from labkit.models.weights import find_model

    logging.set_verbosity_error()
    set_seed(options.get("seed", 0))  # draws the head
    folder = find_model("minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    arguments = Arguments(
        os.path.join(tempfile.gettempdir(), "trainer"), per_device_train_batch_size=BATCH_SIZE, report_to=[],
        save_strategy="no", logging_strategy="no", disable_tqdm=True, **options,
    )  # fmt: skip
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
    collator = DataCollatorWithPadding(tokenizer)
    return Trainer(model=model, args=arguments, train_dataset=rows(tokenizer, texts, y), data_collator=collator)


def rows(tokenizer, texts, y):
    """Return what the Trainer takes as a data set."""
    encoded = tokenizer(texts, truncation=True, max_length=MAX_LENGTH)
    return [{"input_ids": ids, "labels": int(label)} for ids, label in zip(encoded["input_ids"], y, strict=True)]


def trainer(**options):
    """Train one epoch with transformers' Trainer; return samples per second as the Trainer reports them."""
    return make_trainer(*load(), num_train_epochs=1, **options).train().metrics["train_samples_per_second"]


def where_bfloat16(line):
    """Measure a line where hardware has bfloat16; None where it would be emulated, for minutes, or not be used."""
    import torch

    from labkit.models.precision import has_bfloat16

    return line() if has_bfloat16(torch.device("cpu")) else None


def train(texts, y, **options):
    """Train with labkit; return the fit."""
    from labkit.training.config import TrainConfig
    from labkit.training.finetuning import finetune

    config = TrainConfig(batch_size=BATCH_SIZE, max_length=MAX_LENGTH, **options)
    return finetune("minilm", texts, y, config=config)


def labkit(**options):
    """Train all blocks for one epoch with labkit; return samples per second of the training loop."""
    return train(*load(), epochs=1, **options).samples_per_second


def last_block(*, cold):
    """Train the last block for six epochs; return samples per second of the loop, or with filling a cold cache."""
    texts, y = load()
    with tempfile.TemporaryDirectory() as folder:
        if cold:  # from here on: the sentences come from the user's own
            os.environ["LABKIT_CACHE"] = folder
        fit = train(texts, y, epochs=6, trainable_layers=1)
    return 6 * N / (6 * N / fit.samples_per_second + fit.cache_seconds * cold)


TITLE = f"Fine-tuning on {N:,} real sentences, batch size {BATCH_SIZE}"
UNIT = "samples/s"
BASELINE = "transformers.Trainer"
REPEATS = 1
LINES = {
    BASELINE: trainer,
    "transformers.Trainer, grouped by length": lambda: trainer(train_sampling_strategy="group_by_length"),
    "transformers.Trainer, grouped by length, bf16": lambda: where_bfloat16(
        lambda: trainer(train_sampling_strategy="group_by_length", bf16=True, use_cpu=True)
    ),
    "labkit, all blocks, float32": lambda: where_bfloat16(lambda: labkit(precision="float32")),
    "labkit, all blocks, auto precision": labkit,
    "labkit, last block over cached states, six epochs: the loop": lambda: last_block(cold=False),
    "labkit, last block, six epochs, filling of a cold cache included": lambda: last_block(cold=True),
}
