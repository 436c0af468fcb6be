"""A perceptron's forward and backward pass written out and compiled: what its layers and autograd compute, sooner."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from engine import flat, layers
from engine.layers import RELU, TANH, Floats

ROWS = 512  # that go through all layers before the next do: what they leave behind stays in the cache


class Passes:
    """The passes of one network of linear layers with tanh or relu between them, in float32 on the CPU.

    The parameters may be made views of another vector at any time, all of them together.
    """

    def __init__(self, network: nn.Sequential):
        linear = [layer for layer in network if isinstance(layer, nn.Linear)]
        self.network, self.hidden = network, len(linear) - 1
        self.parameters = [parameter for layer in linear for parameter in (layer.weight, layer.bias)]
        self.sizes = np.array([linear[0].in_features, *(layer.out_features for layer in linear)])
        self.units = int(self.sizes[1:].sum())
        self.activation = TANH if self.hidden > 0 and isinstance(network[1], nn.Tanh) else RELU
        self.known: tuple[int, Floats] | None = None
        self.room = np.empty(ROWS * self.units, np.float32)

    def vector(self) -> Floats:
        """The parameters [P], as engine/layers.py wants them."""
        start = self.parameters[0].data_ptr()
        if self.known is None or self.known[0] != start:
            if not flat.adjacent(self.parameters):
                flat.in_one(self.parameters)
            self.known = self.parameters[0].data_ptr(), flat.vector_of(self.parameters).numpy()
        return self.known[1]

    def forward(self, rows: Tensor) -> Tensor:
        """The output [M, m] for rows [M, n]: x_{k+1} = f(x_k W' + b), the last without f."""
        out = np.empty((len(rows), int(self.sizes[-1])), np.float32)
        layers.final(self.vector(), self.sizes, self.activation, rows.contiguous().numpy(), self.room, out)
        return torch.from_numpy(out)

    def last(self, outputs: Floats, rows: int) -> Floats:
        """What the last of the layers put out [M, m], of what all of them did."""
        width = int(self.sizes[-1])
        return outputs[len(outputs) - rows * width :].reshape(rows, width)


class Both:
    """Forward and backward pass of one network over batches of `rows` rows, into arrays made once.

    The parameters and their .grad, which must be there already and adjacent, may change their numbers but not their
    place.
    """

    def __init__(self, passes: Passes, rows: int):
        self.network = passes.vector(), passes.sizes, passes.activation
        self.gradient = gradient(passes.parameters)
        self.outputs, self.slopes = (np.empty(rows * passes.units, np.float32) for _ in range(2))
        self.output, self.output_slope = passes.last(self.outputs, rows), passes.last(self.slopes, rows)

    def forward(self, rows: Floats) -> Floats:
        """As Passes.forward; what each layer puts out stays for `backward`."""
        layers.forward(*self.network, rows, self.outputs)
        return self.output

    def backward(self, rows: Floats) -> None:
        """From the `rows` of the forward pass and output_slope [M, m], the loss's gradient in the output, into every
        .grad."""
        layers.backward(*self.network, rows, self.outputs, self.slopes, self.gradient)


def gradient(parameters: Sequence[Tensor]) -> Floats:
    """Their .grad as one vector [P]."""
    slopes = [parameter.grad for parameter in parameters if parameter.grad is not None]
    assert len(slopes) == len(parameters) and flat.adjacent(slopes)
    return flat.vector_of(slopes).numpy()
