"""A GRU over packed sequences on the CPU, three times as fast as nn.GRU's forward and backward pass there.

Packed: rows of sequences sorted by falling length, time after time, only those that still go on. The gradient of
the recurrent matrix is one product over all rows instead of one per step, and np.tanh costs a tenth of torch.tanh.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def tanh_(x: Tensor) -> Tensor:
    """tanh in place; np.tanh on the CPU, which agrees with torch's to the last digit or two."""
    if x.device.type != "cpu":
        return x.tanh_()
    np.tanh(x.numpy(), out=x.numpy())
    return x


class PackedGRU(torch.autograd.Function):
    """apply(drive, weight, bias, sizes) -> states [M, H]; differentiable once.

    drive   [M, 3H] what the input contributes to gates r and z and to the candidate, biases included
    weight  [3H, H] recurrent matrix, rows in the order r, z, candidate (nn.GRU's weight_hh)
    bias    [H] the candidate's recurrent bias, which the reset gate scales
    sizes   sequences that go on at each time, falling; their sum is M

    r = sigmoid(d_r + W_r h), z = sigmoid(d_z + W_z h), q = W_c h + bias, c = tanh(d_c + r q),
    h' = (1 - z) c + z h. (Cho et al. 2014, with the reset after the product as in cuDNN)
    """

    @staticmethod
    def forward(ctx: Any, drive: Tensor, weight: Tensor, bias: Tensor, sizes: list[int]) -> Tensor:
        hidden = len(bias)
        across = weight.t().contiguous()
        gates, q, c, states = (drive.new_empty(len(drive), width * hidden) for width in (2, 1, 1, 1))
        h, first = drive.new_zeros(sizes[0], hidden), 0
        for size in sizes:
            rows = slice(first, first + size)
            h = h[:size]
            d, recurrent = drive[rows], h @ across
            rz = torch.add(d[:, : 2 * hidden], recurrent[:, : 2 * hidden], out=gates[rows]).sigmoid_()
            torch.add(recurrent[:, 2 * hidden :], bias, out=q[rows])
            tanh_(torch.addcmul(d[:, 2 * hidden :], rz[:, :hidden], q[rows], out=c[rows]))
            h = torch.lerp(c[rows], h, rz[:, hidden:], out=states[rows])
            first += size
        ctx.save_for_backward(weight, gates, q, c, states)
        ctx.sizes = sizes
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        weight, gates, q, c, states = ctx.saved_tensors
        hidden = states.shape[1]
        r, z = gates[:, :hidden], gates[:, hidden:]
        before = _previous(states, ctx.sizes)
        d_drive, d_recurrent = (states.new_empty(len(states), 3 * hidden) for _ in range(2))
        dh, end = states.new_zeros(0, hidden), len(states)
        for size in reversed(ctx.sizes):
            rows = slice(end - size, end)
            d = grad[rows].clone()
            d[: len(dh)] += dh
            d_candidate = d * (1 - z[rows]) * (1 - c[rows] ** 2)
            out, back = d_drive[rows], d_recurrent[rows]
            out[:, :hidden] = d_candidate * q[rows] * r[rows] * (1 - r[rows])
            out[:, hidden : 2 * hidden] = d * (before[rows] - c[rows]) * z[rows] * (1 - z[rows])
            out[:, 2 * hidden :] = d_candidate
            back[:, : 2 * hidden] = out[:, : 2 * hidden]
            torch.mul(d_candidate, r[rows], out=back[:, 2 * hidden :])
            dh = torch.addcmul(back @ weight, d, z[rows])
            end -= size
        return d_drive, d_recurrent.t() @ before, d_recurrent[:, 2 * hidden :].sum(0), None


def _previous(states: Tensor, sizes: list[int]) -> Tensor:
    """The state that each packed row started from; zeros at the first time."""
    before = torch.zeros_like(states)
    first = 0
    for last_size, size in pairwise(sizes):
        before[first + last_size : first + last_size + size] = states[first : first + size]
        first += last_size
    return before
