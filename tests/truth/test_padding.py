"""What stands in invalid entries, and how many there are, changes no masked function; NaN and infinities included."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from episodes import ends
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine import losses
from engine.advantages import (
    explained_variance,
    gae,
    masked_mean,
    masked_whiten,
    next_values,
    reward_to_go,
    total_return,
)

QUICK = settings(derandomize=True, max_examples=40, deadline=None)
DTYPES = {torch.float32: 1e-5, torch.float64: 1e-12}
JUNK = st.lists(
    st.one_of(st.sampled_from([np.nan, np.inf, -np.inf, 0.0]), st.floats(-(2.0**100), 2.0**100, width=32)),
    min_size=1,
    max_size=4,
)
VALID = st.lists(st.booleans(), min_size=1, max_size=20)

SCALARS: dict[str, Callable[..., Any]] = {
    "masked_mean": lambda a, b, c, mask: masked_mean(a, mask),
    "explained_variance": lambda a, b, c, mask: explained_variance(a, b, mask).detach(),
    "policy_gradient": lambda a, b, c, mask: losses.policy_gradient(a, b, mask),
    "surrogate": losses.surrogate,
    "clipped_surrogate": lambda *x: losses.clipped_surrogate(*x, clip_range=0.2)[0],
    "clip_fraction": lambda *x: losses.clipped_surrogate(*x, clip_range=0.2)[1],
    "value_loss": lambda a, b, c, mask: losses.value_loss(a, b, mask),
    "clipped_value_loss": lambda *x: losses.clipped_value_loss(*x, clip_range=0.2),
    "kl_k1": lambda a, b, c, mask: losses.kl_k1(a, mask),
    "kl_k2": lambda a, b, c, mask: losses.kl_k2(a, mask),
    "kl_k3": lambda a, b, c, mask: losses.kl_k3(a, mask),
}


def scattered(kept: Tensor, mask: Tensor, junk: list[float]) -> Tensor:
    """`kept` [k] where `mask` [n] is true, and `junk` over and over where it is not."""
    x = torch.tensor(junk, dtype=kept.dtype).repeat(len(mask))[: len(mask)]
    return x.masked_scatter(mask, kept)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@QUICK
@given(valid=VALID, junk=JUNK, seed=st.integers(0, 99))
def test_a_mean_and_its_gradient_are_over_valid_entries_only(
    dtype: torch.dtype, valid: list[bool], junk: list[float], seed: int
) -> None:
    mask, close = torch.tensor(valid), {"atol": DTYPES[dtype], "rtol": DTYPES[dtype], "equal_nan": True}
    count = int(mask.sum())
    kept = list(torch.randn(3, count, generator=torch.Generator().manual_seed(seed), dtype=dtype))
    for name, function in SCALARS.items():
        short, long = kept[0].clone().requires_grad_(), scattered(kept[0], mask, junk).requires_grad_()
        expected = function(short, *kept[1:], torch.ones(count, dtype=torch.bool))
        found = function(long, *(scattered(x, mask, junk) for x in kept[1:]), mask)
        torch.testing.assert_close(found, expected, **close, msg=name)
        if expected.requires_grad and not expected.isnan():
            expected.backward()
            found.backward()
            torch.testing.assert_close(long.grad[mask], short.grad, **close, msg=name)
            assert (long.grad[~mask] == 0).all(), name


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@QUICK
@given(valid=VALID, junk=JUNK, seed=st.integers(0, 99))
def test_whitening_sees_valid_entries_only(dtype: torch.dtype, valid: list[bool], junk: list[float], seed: int) -> None:
    mask = torch.tensor(valid)
    kept = torch.randn(int(mask.sum()), generator=torch.Generator().manual_seed(seed), dtype=dtype)
    found = masked_whiten(scattered(kept, mask, junk), mask)
    expected = masked_whiten(kept, torch.ones(len(kept), dtype=torch.bool))
    torch.testing.assert_close(found[mask], expected, atol=DTYPES[dtype], rtol=DTYPES[dtype])
    assert (found[~mask] == 0).all()


def columns(seed: int, dtype: torch.dtype, stop: bool) -> dict[str, Tensor]:
    """A record [T, N] of episodes that end in both ways, NEXT_STEP; `stop`: each column ends with an episode."""
    rng = np.random.default_rng(seed)
    steps, envs = int(rng.integers(1, 12)), int(rng.integers(1, 4))
    found = vars(ends(steps, envs, rng, chance=0.2))
    if stop:
        found["terminated"][-1] |= found["mask"][-1]
    found |= {"rewards": rng.normal(size=(steps, envs)), "values": rng.normal(size=(steps + 1, envs))}
    tensors = {name: torch.from_numpy(array) for name, array in found.items()}
    return {name: x.to(dtype) if x.is_floating_point() else x for name, x in tensors.items()}


def spoiled(record: dict[str, Tensor], junk: list[float], rows: int) -> dict[str, Tensor]:
    """The record with junk in its invalid rows and `rows` more such rows at the end; what follows a cut-off stays."""
    none = torch.zeros(rows, record["mask"].shape[1], dtype=torch.bool)
    mask = torch.cat([record["mask"], none])
    source = torch.tensor(junk, dtype=record["rewards"].dtype).repeat(mask.numel() + mask.shape[1])
    longer = {name: torch.cat([x, torch.zeros(rows, *x.shape[1:], dtype=x.dtype)]) for name, x in record.items()}
    read = torch.cat([mask, mask[-1:] & False])
    read[1:] |= mask & ~longer["terminated"]
    flags = (source[: mask.numel()].view_as(mask) > 0) & ~mask
    return {
        "rewards": torch.where(mask, longer["rewards"], source[: mask.numel()].view_as(mask)),
        "values": torch.where(read, longer["values"], source[: read.numel()].view_as(read)),
        "terminated": longer["terminated"] | flags,
        "truncated": longer["truncated"] | flags,
        "mask": mask,
    }


def estimates(record: dict[str, Tensor]) -> dict[str, Tensor]:
    done, mask = record["terminated"] | record["truncated"], record["mask"]
    following = next_values(record["values"], record["terminated"])
    order = (record["rewards"], record["values"], record["terminated"], done, mask)
    return {
        "gae": gae(*order, 0.9, 0.8),
        "reward_to_go": reward_to_go(record["rewards"], done, mask, 0.9),
        "bootstrapped": reward_to_go(record["rewards"], done, mask, 0.9, following),
        "total_return": total_return(record["rewards"], done, mask, 0.9),
    }


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@QUICK
@given(junk=JUNK, rows=st.integers(0, 4), seed=st.integers(0, 999))
def test_estimates_at_valid_rows_know_nothing_of_the_others(
    dtype: torch.dtype, stop: bool, junk: list[float], rows: int, seed: int
) -> None:
    record = columns(seed, dtype, stop)
    mask = record["mask"]
    expected, found = estimates(record), estimates(spoiled(record, junk, rows))
    for name, values in expected.items():
        assert torch.equal(found[name][: len(mask)][mask], values[mask]), name
    assert (found["gae"][: len(mask)][~mask] == 0).all() and (found["gae"][len(mask) :] == 0).all()
