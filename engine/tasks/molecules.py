"""Molecules as a task: a generator writes SMILES, worker processes score them, the score is the reward at the end."""

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.chemistry import figures, prior
from engine.chemistry.cards import cards
from engine.chemistry.closing import closing
from engine.chemistry.diversity import Shelf
from engine.chemistry.memory import Found, Memory
from engine.chemistry.predictors import shelf
from engine.chemistry.replay import (
    beside,
    best_of,
    drawn_from,
    log_probability,
    logits_of,
    longer,
    relative,
    sharpened,
)
from engine.chemistry.scoring import Scored, Scorer
from engine.chemistry.screening import Screen
from engine.chemistry.starting_over import Search
from engine.chemistry.tokens import UnknownToken
from engine.chemistry.trail import KEPT, due, moment, told
from engine.policies.spec import TokenSpec
from engine.policies.tokens import BOUNDARY, Sequences, TokenPolicy
from engine.rollout import Rollout
from engine.tasks.evaluation import Evaluation
from engine.tasks.molecule_settings import MoleculeSettings

SHOWN_BEST, SHOWN_RECENT, SHOWN_REFUSED = 12, 16, 8


class MoleculeTask:
    """One episode is one molecule, written token by token from the prior's vocabulary."""

    solved_at: float | None = None
    picture_seconds: float | None = 2.0

    def __init__(self, settings: MoleculeSettings, seed: int, device: torch.device):
        self.settings, self.device = settings, device
        self.objective = settings.to_objective()
        self._predictors = shelf.hashes(self.objective.predictors)
        self._scorer = Scorer(self.objective.questions, settings.workers, settings.score_timeout)
        self._prior = prior.read(prior.located(settings.prior))
        size, weights = self._prior.card["size"], self._prior.tempered(settings.temperature)
        self.vocabulary = self._prior.vocabulary
        bars = closing(self.vocabulary, settings.max_length).to(device) if settings.constrained else None
        self.spec = TokenSpec(len(self.vocabulary), **size, weights=weights, closing=bars)
        self._taught = self._prior.model(settings.temperature).to(device)
        self.memory = Memory(settings.bucket_size > 0 or settings.patience > 0, settings.replay_times)
        self._search = Search()
        self._screen = Screen(self._scorer) if settings.screen > 1 else None
        self._shelf = Shelf(settings)
        self._step = 0
        self._last: list[Scored] = []
        self._broken: list[Scored] = []
        self._moments: list[dict[str, Any]] = []

    def collect(
        self, policy: TokenPolicy, batch_size: int, generator: torch.Generator, whole_episodes: bool
    ) -> Rollout:
        """batch_size molecules, always whole, the most promising of those drawn where they are screened. A molecule
        whose scoring failed is masked out; an invalid one earns 0."""
        start = perf_counter()
        drawn = policy.sample(batch_size * self.settings.screen, self.settings.max_length, generator)
        sampled = perf_counter()
        drawn, read = self._screened(drawn, batch_size)
        scored = self._score(drawn)
        read = read or scored
        earned = [self._reward(item) for item in scored]
        shares = self._shares(scored)
        rewards, reference = self._sharpened(
            [score * share for score, share in zip(earned, shares, strict=True)], drawn
        )
        replayed, strings = self._replay(drawn, generator)
        told_too = {"lowered": figures.lowered(scored, shares)} if self.settings.lowers else {}
        told_too |= {"restarts": float(self._search.number)} if self.settings.patience else {}
        told_too |= {"score_expected": self._screen.expectation} if self._screen else {}
        self._step += 1
        found_before = len(self.memory.scores)
        self._remember(scored, drawn, rewards)
        self._search.note(self.memory.scores[found_before:], batch_size)
        self._keep_moment(scored)
        counted = torch.tensor([not item.broken for item in scored] + [True] * len(replayed))
        rewards = torch.cat([rewards, torch.tensor([found.reward for found in replayed])])
        lengths = strings.mask.sum(0)
        last = torch.arange(len(strings.read))[:, None] == lengths.cpu() - 1
        terminated = (last & counted).to(self.device)
        fresh = torch.arange(len(counted)) < batch_size
        learned = ~fresh | best_of(rewards, fresh & counted, self.settings.best_share)
        if self.settings.relative_rewards:
            rewards = relative(rewards, learned)
        return Rollout(
            observations=strings.read,
            actions=strings.written,
            rewards=torch.where(last & counted, rewards, 0.0).to(self.device),
            terminated=terminated,
            truncated=torch.zeros_like(terminated),
            mask=strings.mask & counted.to(self.device),
            sampled=fresh.to(self.device) if replayed else None,
            learned=learned.to(self.device) if self.settings.best_share < 1 else None,
            reference_params=None if reference is None else longer(reference, len(strings.read)),
            episode_returns=[reward for reward, item in zip(earned, scored, strict=True) if not item.broken],
            episode_lengths=lengths[:batch_size].cpu()[counted[:batch_size]].tolist(),
            metrics={"samples": float(len(read))} | self._figures(read, scored) | told_too,
            timings={"inference": sampled - start, "environment": perf_counter() - sampled},
        )

    @property
    def stuck(self) -> bool:
        """Whether so many molecules were no better that the policy is to start over."""
        return 0 < self.settings.patience <= self._search.waited

    def start_over(self) -> None:
        """What the search found is replayed no more."""
        self._search = Search(self._search.number + 1)
        self.memory.forget_earning()

    def _replay(self, drawn: Sequences, generator: torch.Generator) -> tuple[list[Found], Sequences]:
        """Which of the best so far are learned from once more, and all strings: those drawn, then theirs."""
        chosen = drawn_from(self.memory.earning[-self.settings.replay_top :], self.settings.replay, generator)
        self.memory.count_replays(chosen)
        tokens = [list(found.tokens) for found in chosen]
        if chosen and self.settings.randomise_replay:
            seeds = torch.randint(2**31, (len(chosen),), generator=generator, device=generator.device).tolist()
            anew = self._scorer.rewrite([found.smiles for found in chosen], seeds)
            tokens = [self._encoded(text) or known for text, known in zip(anew, tokens, strict=True)]
        return chosen, beside(drawn, tokens)

    def _encoded(self, smiles: str) -> list[int] | None:
        """As tokens; None where the vocabulary or the length limit does not allow it."""
        try:
            tokens = self.vocabulary.encode(smiles)
        except UnknownToken:
            return None
        return tokens if len(tokens) <= self.settings.max_length else None

    def _sharpened(self, scores: list[float], drawn: Sequences) -> tuple[Tensor, Tensor | None]:
        """Rewards [N] of scores, on the CPU, and the prior's logits where they were needed for that."""
        weight, power = self.settings.prior_weight, self.settings.score_power
        plain = torch.tensor(scores, dtype=torch.float32)
        if weight == 0:
            return sharpened(plain, torch.zeros_like(plain), weight, power), None
        logits = logits_of(self._taught, drawn, self.spec.closing)
        return sharpened(plain, log_probability(logits, drawn).cpu(), weight, power), logits

    def evaluate(self, policy: TokenPolicy, episodes: int, seed: int, deterministic: bool) -> Evaluation:
        """Fresh molecules, which no learning sees. They are drawn even if `deterministic`: the likeliest tokens make
        one molecule only, which says nothing of a generator. Molecules whose scoring failed are left out, and a
        repetition does not count for the policy: a collapsed one, which writes one good molecule, is not the best."""
        generator = torch.Generator(self.device).manual_seed(seed)
        drawn = policy.sample(episodes, self.settings.max_length, generator)
        scored = self._score(drawn)
        pairs = zip(scored, drawn.mask.sum(0).tolist(), strict=True)
        kept = [(self._reward(item), length) for item, length in pairs if not item.broken]
        returns, lengths = zip(*kept, strict=True) if kept else ((math.nan,), (0,))
        first = np.array(figures.firsts([item for item in scored if not item.broken]) or [True])
        metrics: dict[str, Any] = self._figures(scored, scored)
        if self.memory.best:
            metrics["best_smiles"] = self.memory.best[-1].smiles
        return Evaluation(np.array(returns, float), np.array(lengths, np.int64), metrics, first)

    def picture(self, policy: TokenPolicy, seed: int) -> dict[str, Any]:
        """The best molecules so far and those of the last batch (before the first: some that the policy draws now)."""
        scored = self._last or self._score(
            policy.sample(SHOWN_RECENT, self.settings.max_length, torch.Generator(self.device).manual_seed(seed))
        )
        shown = [self._as_found(item) for item in scored if item.valid][:SHOWN_RECENT]
        best = self.memory.best[: -SHOWN_BEST - 1 : -1]
        refused = [item for item in scored if not item.valid and not item.broken][:SHOWN_REFUSED]
        moments, self._moments = self._moments, []
        return {
            "kind": "molecules",
            "beside": [
                ("top", self._step, 1, [self._kept(item) for item in reversed(self.memory.best)]),
                *(("moment", kept["step"], KEPT, kept) for kept in moments),
            ],
            "best": cards(best, self.objective, self._scorer, self.memory.counts),
            "recent": cards(shown, self.objective, self._scorer, self.memory.counts),
            "counts": {"sampled": len(scored), "valid": sum(item.valid for item in scored)},
            "refused": [{"smiles": item.smiles, "reason": item.reason} for item in refused],
            "broken": [{"smiles": item.smiles, "reason": item.reason} for item in self._broken],
        }

    def state_dict(self) -> dict[str, Any]:
        return {
            "prior": self._prior.card["sha256"],
            "predictors": self._predictors,
            "step": self._step,
            "memory": self.memory.state_dict(),
            "shelf": self._shelf.state_dict(),
            "search": self._search.state_dict(),
            "moments": self._moments,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as then. Raises InvalidSettings where another prior or predictor lies in the place of its own."""
        self._prior.must_be(state.get("prior"), self.settings.prior)
        shelf.must_be(state.get("predictors", {}), self._predictors)
        self._step = state["step"]
        self.memory.load_state_dict(state["memory"])
        if "shelf" in state:  # older checkpoints are of runs that had none
            self._shelf.load_state_dict(state["shelf"])
        self._search.load_state_dict(state.get("search", {}))
        self._moments = list(state.get("moments", []))

    def close(self) -> None:
        self._scorer.close()

    def _screened(self, drawn: Sequences, n: int) -> tuple[Sequences, list[Scored]]:
        """The n strings that are to be scored, and all that were drawn, read only; none of them without a screen."""
        if self._screen is None:
            return drawn, []
        read = self._told(drawn, self._scorer.read)
        places = self._screen.columns(read, n, self.memory.counts, self.memory.scores)
        return drawn.columns(torch.tensor(places, device=self.device)), read

    def _score(self, drawn: Sequences) -> list[Scored]:
        """What each drawn sequence is worth."""
        return self._told(drawn, self._scorer.score)

    def _told(self, drawn: Sequences, tell: Callable[[list[str]], list[Scored]]) -> list[Scored]:
        """What is told of each drawn sequence; one that was cut off is no molecule."""
        ended = ((drawn.written == BOUNDARY) & drawn.mask).any(0).tolist()
        texts = [self.vocabulary.decode(column) for column in drawn.written.t().tolist()]
        whole = iter(tell([text for text, end in zip(texts, ended, strict=True) if end]))
        reason = f"it did not end within {self.settings.max_length} tokens"
        return [
            next(whole) if end else Scored(text, None, reason=reason) for text, end in zip(texts, ended, strict=True)
        ]

    def _reward(self, item: Scored) -> float:
        """0..1; 0 for what is no molecule, and for one whose value could not be computed."""
        score = self.objective.score(item.values) if item.valid else 0.0
        return 0.0 if math.isnan(score) else score

    def _shares(self, scored: list[Scored]) -> list[float]:
        """What part of its score each molecule earns, 0..1."""
        batch = [(item.canonical if item.valid else None, item.scaffold, self._reward(item)) for item in scored]
        return self._shelf.shares(batch, self.memory.counts, self._prior.knows)

    def _figures(self, drawn: list[Scored], scored: list[Scored]) -> dict[str, Any]:
        return figures.of_batch(drawn, scored, self.objective, self._prior) | figures.so_far(self.memory)

    def _remember(self, scored: list[Scored], drawn: Sequences, rewards: Tensor) -> None:
        self._last = scored
        self._broken = [*self._broken, *(item for item in scored if item.broken)][-SHOWN_REFUSED:]
        written = zip(drawn.written.t().tolist(), drawn.mask.sum(0).tolist(), strict=True)
        for item, (tokens, length), reward in zip(scored, written, rewards.tolist(), strict=True):
            score = self.objective.score(item.values)
            if item.canonical is not None and math.isfinite(score):
                known = (item.canonical, item.scaffold, score, item.values, self._step)
                self.memory.add(*known, tokens[:length], reward)
        self.memory.retire(self._shelf.spent)

    def _keep_moment(self, scored: list[Scored]) -> None:
        """Note this batch for the next picture to take along, where the trail has a place for it."""
        if due(self._step):
            batch = [self._as_found(item) for item in scored if item.valid]
            self._moments.append(moment(self._step, batch, self.memory.best[::-1]))

    def _kept(self, found: Found) -> dict[str, Any]:
        return told(found) | {"count": self.memory.counts[found.smiles]}

    def _as_found(self, item: Scored) -> Found:
        return Found(self.objective.score(item.values), str(item.canonical), tuple(item.values.items()), self._step)


def build(settings: MoleculeSettings, seed: int, device: torch.device) -> MoleculeTask:
    return MoleculeTask(settings, seed, device)
