"""Closing what was opened: a mask on the next token, so that brackets balance, pairs close, and every sequence ends.

A token opens a bracket, closes one, or belongs to a pair: its first coming opens the pair, its second closes it, its
third opens it anew. What is allowed follows from the tokens read and the place alone, so a sampler, one token at a
time, and a learner, over whole sequences, bar the same tokens, and log-probabilities are of one distribution.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

BARRED = -1e4  # logit of what may not come: its probability is exactly 0, and 0 * log 0 stays finite
BOUNDARY = 0  # read: a sequence begins; written: it ends


class Closing(nn.Module):
    """The mask for sequences of at most `longest` tokens, the boundary that ends them among them.

    brackets  per token 1 where it opens a bracket, -1 where it closes one, else 0
    pairs     per token the number of its pair (0, 1, ...), -1 where it has none
    never     per token whether it may never be written

    What is open is a tensor [..., 1 + pairs]: how many brackets, and 1 for each pair that is open.
    """

    brackets: Tensor
    pairs: Tensor
    never: Tensor
    effects: Tensor

    def __init__(self, brackets: Sequence[int], pairs: Sequence[int], never: Sequence[bool], longest: int):
        super().__init__()
        self.longest, kinds = longest, max(pairs) + 1
        effects = torch.zeros(len(brackets), 1 + kinds)  # of reading a token on what is open
        effects[:, 0] = torch.tensor(brackets)
        for token, pair in enumerate(pairs):
            if pair >= 0:
                effects[token, 1 + pair] = 1
        for name, values in (
            ("brackets", effects[:, 0].clone()),
            ("pairs", torch.tensor([kinds if pair < 0 else pair for pair in pairs])),
            ("never", torch.tensor(never)),
            ("effects", effects),
        ):
            self.register_buffer(name, values, persistent=False)

    def begin(self, n: int) -> Tensor:
        """What is open [n, 1 + pairs] before the first token: nothing."""
        return self.effects.new_zeros(n, self.effects.shape[1])

    def after(self, opened: Tensor, tokens: Tensor) -> Tensor:
        """What is open [n, 1 + pairs] once tokens [n] were written where `opened` was."""
        counts = opened + self.effects[tokens]
        return torch.cat([counts[:, :1], counts[:, 1:] % 2], 1)

    def barred(self, logits: Tensor, opened: Tensor, left: Tensor | int) -> Tensor:
        """Logits [..., vocabulary] with BARRED for what may not come next; `left` [...] tokens may, this one included.

        Each open bracket or pair takes one token to close, and the boundary one more.
        """
        depth, pairs = opened[..., :1], opened[..., 1:]
        unclosed = opened.sum(-1, keepdim=True)
        turns = torch.cat([1 - 2 * pairs, torch.zeros_like(depth)], -1)[..., self.pairs]  # a pair opens or closes
        left = left[..., None] if isinstance(left, Tensor) else left
        late = unclosed + self.brackets + turns + 1 > left - 1
        forbidden = late | ((self.brackets < 0) & (depth < 1)) | self.never
        ends = torch.arange(len(self.never), device=logits.device) == BOUNDARY
        return logits.masked_fill(torch.where(ends, unclosed > 0, forbidden), BARRED)

    def whole(self, logits: Tensor, read: Tensor) -> Tensor:
        """As `barred`, for logits [T, N, vocabulary] of what follows the tokens read [T, N], the boundary first."""
        counts = self.effects[read].cumsum(0)
        opened = torch.cat([counts[..., :1], counts[..., 1:] % 2], -1)
        left = self.longest - torch.arange(len(read), device=read.device)
        return self.barred(logits, opened, left[:, None])
