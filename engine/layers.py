"""A perceptron's passes on the CPU, compiled: what layers and autograd compute in torch, to which the tests hold it.

A network is one vector [P] of float32, W [m, n] row by row and then b [m] of each layer from the first to the last,
and `sizes` [L + 1], its inputs, hidden units and outputs. A product of matrices is BLAS's.
"""

import numpy as np
import numpy.typing as npt

from engine.compiled import reordered

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
LINEAR, TANH, RELU = 0, 1, 2
LARGEST = np.float32(7.90531110763549805)  # where tanh is 1 in float32


@reordered
def tanh(x: np.float32) -> np.float32:
    """To 3e-7: the quotient of two polynomials that Eigen has it by, of multiplications that go eight at a time."""
    if x > LARGEST:
        x = LARGEST
    if x < -LARGEST:
        x = -LARGEST
    s = x * x
    p = np.float32(-2.76076847742355e-16) * s + np.float32(2.00018790482477e-13)
    p = p * s + np.float32(-8.60467152213735e-11)
    p = p * s + np.float32(5.12229709037114e-08)
    p = p * s + np.float32(1.48572235717979e-05)
    p = p * s + np.float32(6.37261928875436e-04)
    p = p * s + np.float32(4.89352455891786e-03)
    q = np.float32(1.19825839466702e-06) * s + np.float32(1.18534705686654e-04)
    q = q * s + np.float32(2.26843463243900e-03)
    q = q * s + np.float32(4.89352518554385e-03)
    return x * p / q


@reordered
def layer(rows: Floats, weight: Floats, bias: Floats, activation: int, out: Floats) -> None:
    """out [M, m] = f(rows [M, n] weight' [n, m] + bias [m])."""
    np.dot(rows, weight.T, out)
    n_rows, n_units = out.shape
    if activation == TANH:
        for i in range(n_rows):
            for j in range(n_units):
                out[i, j] = tanh(out[i, j] + bias[j])
    elif activation == RELU:
        for i in range(n_rows):
            for j in range(n_units):
                z = out[i, j] + bias[j]
                out[i, j] = np.float32(0) if z < 0 else z
    else:
        for i in range(n_rows):
            for j in range(n_units):
                out[i, j] += bias[j]


@reordered
def layer_slope(d: Floats, rows: Floats, d_weight: Floats, d_bias: Floats) -> None:
    """From d [M, m], the loss's gradient before f, that in the weights, d' rows, and in the biases, sum d."""
    np.dot(d.T, rows, d_weight)
    d_bias[:] = 0
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            d_bias[j] += d[i, j]


@reordered
def slope_below(d: Floats, weight: Floats, rows: Floats, activation: int, out: Floats) -> None:
    """out [M, n] = (d weight) f'(z) of the layer below, f(z) = rows: tanh' = 1 - rows^2, relu' = [rows > 0]."""
    np.dot(d, weight, out)
    n_rows, n_units = out.shape
    if activation == TANH:
        for i in range(n_rows):
            for j in range(n_units):
                out[i, j] *= np.float32(1) - rows[i, j] * rows[i, j]
    else:
        for i in range(n_rows):
            for j in range(n_units):
                out[i, j] = out[i, j] if rows[i, j] > 0 else np.float32(0)


@reordered
def forward(vector: Floats, sizes: Ints, activation: int, rows: Floats, outputs: Floats) -> None:
    """From rows [M, n] what each layer puts out, x_{k+1} = f(x_k W' + b), the last without f: one [M, m] after another
    in `outputs`."""
    count, below, used, filled = len(rows), rows, 0, 0
    for index in range(1, len(sizes)):
        n, m = sizes[index - 1], sizes[index]
        weight = vector[used : used + m * n].reshape((m, n))
        bias = vector[used + m * n : used + m * n + m]
        out = outputs[filled : filled + count * m].reshape((count, m))
        layer(below, weight, bias, activation if index < len(sizes) - 1 else LINEAR, out)
        below, used, filled = out, used + m * n + m, filled + count * m


@reordered
def backward(
    vector: Floats, sizes: Ints, activation: int, rows: Floats, outputs: Floats, slopes: Floats, gradient: Floats
) -> None:
    """From the loss's gradient in the last layer's output, which stands in `slopes` as that output does in `outputs`,
    its gradient [P] in the network; `slopes` then holds that in each layer before f."""
    count, used, filled = len(rows), len(vector), len(outputs)
    for index in range(len(sizes) - 1, 0, -1):
        n, m = sizes[index - 1], sizes[index]
        used, filled = used - m * n - m, filled - count * m
        d = slopes[filled : filled + count * m].reshape((count, m))
        d_weight = gradient[used : used + m * n].reshape((m, n))
        d_bias = gradient[used + m * n : used + m * n + m]
        if index == 1:
            layer_slope(d, rows, d_weight, d_bias)
        else:
            below = outputs[filled - count * n : filled].reshape((count, n))
            layer_slope(d, below, d_weight, d_bias)
            weight = vector[used : used + m * n].reshape((m, n))
            slope_below(d, weight, below, activation, slopes[filled - count * n : filled].reshape((count, n)))


@reordered
def final(vector: Floats, sizes: Ints, activation: int, rows: Floats, outputs: Floats, out: Floats) -> None:
    """out [M, m]: what the last layer puts out for rows [M, n], in parts for which `outputs` has room."""
    units, width = sizes[1:].sum(), out.shape[1]
    most = len(outputs) // units
    for first in range(0, len(rows), most):
        count = min(most, len(rows) - first)
        room = outputs[: count * units]
        forward(vector, sizes, activation, rows[first : first + count], room)
        out[first : first + count] = room[count * (units - width) :].reshape((count, width))


def ready() -> None:
    """Have all of it compiled, or read from the cache."""
    sizes, vector = np.ones(3, np.int64), np.ones(4, np.float32)
    rows, outputs = np.ones((1, 1), np.float32), np.ones(2, np.float32)
    forward(vector, sizes, TANH, rows, outputs)
    backward(vector, sizes, TANH, rows, outputs, outputs.copy(), vector.copy())
    final(vector, sizes, TANH, rows, outputs, rows.copy())
