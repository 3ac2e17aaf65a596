"""Stratified batches: who is in them, how little they pad, and what they refuse."""

import numpy as np
import pytest

from labkit.models.batches import LengthBuckets, StratifiedBuckets


def draw(n=1000, seed=0):
    """Lengths in tokens and cells: a quarter of the rows is cell 1."""
    generator = np.random.default_rng(seed)
    return generator.integers(5, 60, n), (np.arange(n) % 4 == 0).astype(int)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_every_part_holds_its_share_of_every_cell(parts):
    """Every row is used once in an epoch, and every part of every batch has each cell's share, up to one row."""
    lengths, cells = draw()
    batches = list(StratifiedBuckets(lengths, cells, 32, parts=parts, seed=0))
    assert len(batches) == -(-1000 // 32)
    assert sorted(code % 1000 for batch in batches for code in batch) == list(range(1000))
    for batch in batches:
        part, row = np.divmod(batch, 1000)
        for number in range(parts):
            for cell, size in enumerate(np.bincount(cells)):
                share = size / len(batches) / parts
                assert np.floor(share) <= (cells[row[part == number]] == cell).sum() <= np.ceil(share)


def test_halves_pad_no_more_than_plain_buckets():
    """Tokens computed, padding included, are at most 3% above those of plain length buckets."""
    lengths, cells = draw(2000)

    def padded(parts):
        return sum(len(rows) * lengths[rows].max() for rows in parts)

    plain = padded(LengthBuckets(lengths, 32, seed=0))
    halves = [
        np.array([code % 2000 for code in batch if code // 2000 == part])
        for batch in StratifiedBuckets(lengths, cells, 32, parts=2, seed=0)
        for part in (0, 1)
    ]
    assert padded(halves) <= 1.03 * plain < 0.7 * len(lengths) * lengths.max()


def test_order_comes_from_seed_and_epoch():
    """The same seed and epoch give the same batches; another epoch gives others."""
    lengths, cells = draw(200)
    first, second = (StratifiedBuckets(lengths, cells, 16, parts=2, seed=3) for _ in range(2))
    assert list(first) == list(second)
    second.epoch = 1
    assert list(first) != list(second)


def test_a_cell_with_too_few_rows_is_named_with_a_batch_size_that_works():
    """The batch size that the message offers is the smallest one that is accepted."""
    lengths, cells = np.ones(300, dtype=int), (np.arange(300) < 10).astype(int)
    with pytest.raises(
        ValueError, match=r"b has 10 of 300 texts, .* batch_size=32 .*use batch_size=60, or merge groups"
    ):
        StratifiedBuckets(lengths, cells, 32, parts=2, seed=0, name="ab".__getitem__)
    assert len(StratifiedBuckets(lengths, cells, 60, parts=2, seed=0)) == 5
    with pytest.raises(ValueError, match="b has 1 of 300 texts.*use more of their texts, or merge"):
        StratifiedBuckets(lengths, (np.arange(300) < 1).astype(int), 300, parts=2, seed=0, name="ab".__getitem__)
