"""The last block at chosen tokens: the short way gives what the whole block gives."""

import pytest
import torch

from labkit.models import last_block as attention
from labkit.models.last_block import run_block_at, run_block_for


@pytest.fixture
def given(model):
    """A block, hidden states that enter it, and a mask with padding."""
    torch.manual_seed(0)
    mask = torch.ones(3, 20, dtype=torch.long)
    mask[1, 5:] = mask[2, 2:] = 0
    return model.encoder.encoder.layer[-1].float(), torch.randn(3, 20, 32), mask


@pytest.mark.parametrize("way", ["attend_few", "attend_from"])
def test_chosen_tokens_get_what_the_whole_block_gives(given, way, monkeypatch):
    """Output and every gradient agree with transformers' own block, whichever way is taken."""
    block, hidden, mask = given
    monkeypatch.setattr(attention, "attend_few", getattr(attention, way))
    monkeypatch.setattr(attention, "attend_from", getattr(attention, way))
    found, expected, weights = [], [], torch.randn(3, 2, 32)
    for results, short in ((found, True), (expected, False)):
        states = hidden.clone().requires_grad_()
        block.zero_grad()
        if short:
            out = run_block_for(block, states, states[:, :2], mask)
        else:
            out = block(states, torch.where(mask[:, None, None, :].bool(), 0.0, torch.finfo(torch.float32).min))[:, :2]
        (out * weights).sum().backward()
        results += [out.detach(), states.grad, *(p.grad for p in block.parameters())]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)
    assert not torch.allclose(found[0], hidden[:, :2], atol=1e-2)


@pytest.mark.parametrize(("asking", "way"), [(1, "few"), (20, "all")])
def test_the_cheaper_way_is_taken(given, asking, way, monkeypatch):
    """Few queries are carried into the space of the states; many are not."""
    block, hidden, mask = given
    taken = []
    for name, each in (("attend_few", "few"), ("attend_from", "all")):
        whole = getattr(attention, name)
        monkeypatch.setattr(attention, name, lambda *a, whole=whole, each=each: taken.append(each) or whole(*a))
    run_block_for(block, hidden, hidden[:, :asking], mask)
    assert taken == [way]


def test_positions_are_returned_row_by_row(given):
    """A row may have several positions, or fewer than another."""
    block, hidden, mask = given
    at = torch.zeros(3, 20, dtype=torch.bool)
    at[0, [1, 7]] = at[1, 4] = at[2, 0] = True
    whole = run_block_for(block, hidden, hidden, mask)
    torch.testing.assert_close(run_block_at(block, hidden, mask, at), whole[at], atol=1e-5, rtol=1e-4)
