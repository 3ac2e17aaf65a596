"""Fine-tuning the shipped BERT on real sentences: transformers' Trainer beside labkit, same data, same batch size."""

import tempfile

N, BATCH_SIZE, MAX_LENGTH = 1024, 32, 128


def load():
    """Return N masked sentences of the clinician task and their labels."""
    from labkit.data import load_bug

    data = load_bug("clinicians")
    frame = data.frame.sample(N, random_state=0)
    return frame[data.text].tolist(), frame[data.label].to_numpy()


def trainer(**options):
    """Train one epoch with transformers' Trainer; return samples per second as the Trainer reports them."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        logging,
        set_seed,
    )
    from transformers import TrainingArguments as Arguments

    from labkit.models import find_model

    logging.set_verbosity_error()
    set_seed(0)
    folder, (texts, y) = find_model("minilm"), load()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(texts, truncation=True, max_length=MAX_LENGTH)
    rows = [{"input_ids": ids, "labels": int(label)} for ids, label in zip(encoded["input_ids"], y, strict=True)]
    with tempfile.TemporaryDirectory() as output:
        arguments = Arguments(
            output, per_device_train_batch_size=BATCH_SIZE, num_train_epochs=1, report_to=[], save_strategy="no",
            logging_strategy="no", disable_tqdm=True, **options,
        )  # fmt: skip
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
        collator = DataCollatorWithPadding(tokenizer)
        run = Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collator)
        return run.train().metrics["train_samples_per_second"]


def labkit(epochs=1, **options):
    """Train with labkit; return samples per second of the training loop."""
    from labkit.training import TrainConfig, finetune

    texts, y = load()
    config = TrainConfig(epochs=epochs, batch_size=BATCH_SIZE, max_length=MAX_LENGTH, **options)
    return finetune("minilm", texts, y, config=config).samples_per_second


TITLE = f"Fine-tuning on {N:,} real sentences, batch size {BATCH_SIZE}"
UNIT = "samples/s"
BASELINE = "transformers.Trainer"
LINES = {
    BASELINE: trainer,
    "transformers.Trainer, grouped by length": lambda: trainer(train_sampling_strategy="group_by_length"),
    "transformers.Trainer, grouped by length, bf16": lambda: trainer(
        train_sampling_strategy="group_by_length", bf16=True, use_cpu=True
    ),
    "labkit, all blocks, float32": lambda: labkit(precision="float32"),
    "labkit, all blocks, auto precision": labkit,
    "labkit, last block over cached states (training loop; the cache is filled once)": lambda: labkit(
        epochs=4, trainable_layers=1
    ),
}
