"""Parameters side by side in one vector, so that one operation reaches all of them."""

from collections.abc import Sequence

import torch
from torch import Tensor


def in_one(parameters: Sequence[Tensor]) -> Tensor:
    """A new vector [P] of their numbers, which the parameters become views of, one after another."""
    vector = torch.cat([parameter.detach().reshape(-1) for parameter in parameters])
    for parameter, part in zip(parameters, parts(vector, parameters), strict=True):
        parameter.data = part
    return vector


def parts(vector: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Views of a vector [P] in the shapes of the parameters, one after another."""
    pieces = vector.split([parameter.numel() for parameter in parameters])
    return [piece.view_as(parameter) for piece, parameter in zip(pieces, parameters, strict=True)]


def adjacent(tensors: Sequence[Tensor]) -> bool:
    """Whether they lie one after another in memory, as `in_one` leaves them."""
    following = tensors[0].data_ptr()
    for tensor in tensors:
        if tensor.data_ptr() != following or not tensor.is_contiguous():
            return False
        following += tensor.numel() * tensor.element_size()
    return True


def vector_of(tensors: Sequence[Tensor]) -> Tensor:
    """The vector [P] that adjacent tensors are views of; what is written to one stands in the other."""
    first = tensors[0].detach()
    return first.as_strided((sum(tensor.numel() for tensor in tensors),), (1,), first.storage_offset())
