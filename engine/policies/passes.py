"""A perceptron's forward and backward pass written out: what its layers and autograd compute, in fewer calls."""

import torch
from torch import Tensor, nn


class Passes:
    """The passes of one network of linear layers with tanh or relu between them, on the CPU."""

    def __init__(self, network: nn.Sequential):
        self.layers = [layer for layer in network if isinstance(layer, nn.Linear)]
        self.hidden = len(self.layers) - 1
        self.tanh = self.hidden > 0 and isinstance(network[1], nn.Tanh)

    def forward(self, rows: Tensor) -> Tensor:
        """The output [M, m] for rows [M, n]: x_{k+1} = f(x_k W' + b), the last without f.

        tanh(z) = 2 sigmoid(2z) - 1, to 2e-7: torch's sigmoid takes a third of the time of its tanh.
        """
        for layer in self.layers[:-1]:
            if self.tanh:
                rows = torch.addmm(layer.bias, rows, layer.weight.t(), beta=2, alpha=2).sigmoid_().mul_(2).sub_(1)
            else:
                rows = torch.addmm(layer.bias, rows, layer.weight.t()).relu_()
        return torch.addmm(self.layers[-1].bias, rows, self.layers[-1].weight.t())


class Both:
    """Forward and backward pass of one network over batches of `rows` rows, into arrays made once.

    The parameters and their .grad, which must be there already, may change their numbers but not their place.
    """

    def __init__(self, passes: Passes, rows: int):
        self.tanh = passes.tanh
        self.weights = [layer.weight.detach() for layer in passes.layers]
        self.turned = [weight.t() for weight in self.weights]
        self.biases = [layer.bias.detach() for layer in passes.layers]
        self.slopes = [(gradient(layer.weight), gradient(layer.bias)) for layer in passes.layers]
        self.outputs = [torch.empty(rows, len(weight)) for weight in self.weights]
        self.output_slopes = [torch.empty_like(output) for output in self.outputs[:-1]]
        self.less = torch.tensor(-1.0)

    def forward(self, rows: Tensor) -> Tensor:
        """As Passes.forward; what each layer puts out stays for `backward`."""
        last = len(self.outputs) - 1
        for index, out in enumerate(self.outputs):
            turned, bias = self.turned[index], self.biases[index]
            if index < last and self.tanh:
                torch.addmm(bias, rows, turned, beta=2, alpha=2, out=out)
                torch.add(self.less, out.sigmoid_(), alpha=2, out=out)
            else:
                torch.addmm(bias, rows, turned, out=out)
                if index < last:
                    out.relu_()
            rows = out
        return rows

    def backward(self, rows: Tensor, d: Tensor) -> None:
        """From the `rows` of the forward pass and d [M, m], the loss's gradient in its output, into every .grad.

        dW = d' x, db = sum d; through a layer d <- (d W) f'(x), where tanh' = 1 - x^2 and relu' = [x > 0].
        """
        for index in range(len(self.outputs) - 1, -1, -1):
            weight, bias = self.slopes[index]
            torch.mm(d.t(), self.outputs[index - 1] if index else rows, out=weight)
            torch.sum(d, 0, out=bias)
            if index:
                x, below = self.outputs[index - 1], self.output_slopes[index - 1]
                torch.mm(d, self.weights[index], out=below)
                if self.tanh:
                    torch.ops.aten.tanh_backward.grad_input(below, x, grad_input=below)
                else:
                    torch.ops.aten.threshold_backward.grad_input(below, x, 0, grad_input=below)
                d = below


def gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
