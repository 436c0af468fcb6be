"""A perceptron's forward and backward pass written out and compiled: what its layers and autograd compute, sooner."""

import numpy as np
import torch
from torch import Tensor, nn

from engine import kernels
from engine.kernels import LINEAR, RELU, TANH, Floats


class Passes:
    """The passes of one network of linear layers with tanh or relu between them, in float32 on the CPU."""

    def __init__(self, network: nn.Sequential):
        self.layers = [(layer.weight, layer.bias) for layer in network if isinstance(layer, nn.Linear)]
        self.hidden = len(self.layers) - 1
        self.activation = TANH if self.hidden > 0 and isinstance(network[1], nn.Tanh) else RELU

    def forward(self, rows: Tensor) -> Tensor:
        """The output [M, m] for rows [M, n]: x_{k+1} = f(x_k W' + b), the last without f."""
        x = rows.contiguous().numpy()
        for index, (weight, bias) in enumerate(self.layers):
            activation = LINEAR if index == self.hidden else self.activation
            out = np.empty((x.shape[0], weight.shape[0]), np.float32)
            kernels.layer(x, weight.detach().numpy(), bias.detach().numpy(), activation, out)
            x = out
        return torch.from_numpy(x)


class Both:
    """Forward and backward pass of one network over batches of `rows` rows, into arrays made once.

    The parameters and their .grad, which must be there already, may change their numbers but not their place.
    """

    def __init__(self, passes: Passes, rows: int):
        self.activation, self.hidden = passes.activation, passes.hidden
        self.layers = [(weight.detach().numpy(), bias.detach().numpy()) for weight, bias in passes.layers]
        self.slopes = [(gradient(weight), gradient(bias)) for weight, bias in passes.layers]
        self.outputs = [np.empty((rows, len(weight)), np.float32) for weight, _ in self.layers]
        self.output_slopes = [np.empty_like(output) for output in self.outputs]

    def forward(self, rows: Floats) -> Floats:
        """As Passes.forward; what each layer puts out stays for `backward`."""
        for index, ((weight, bias), out) in enumerate(zip(self.layers, self.outputs, strict=True)):
            kernels.layer(rows, weight, bias, LINEAR if index == self.hidden else self.activation, out)
            rows = out
        return rows

    def backward(self, rows: Floats) -> None:
        """From the `rows` of the forward pass and output_slopes[-1] [M, m], the loss's gradient in the output, into
        every .grad."""
        for index in range(self.hidden, -1, -1):
            d, below = self.output_slopes[index], self.outputs[index - 1] if index else rows
            kernels.layer_slope(d, below, *self.slopes[index])
            if index:
                kernels.slope_below(d, self.layers[index][0], below, self.activation, self.output_slopes[index - 1])


def gradient(parameter: Tensor) -> Floats:
    assert parameter.grad is not None
    return parameter.grad.numpy()
