"""Checkpoints: what comes back is what was saved, or a sentence that says why not."""

import hashlib
import os
import random

import numpy as np
import pytest
import torch

from engine.checkpoint import DamagedCheckpoint, SavedCheckpoint, check_fits, load, load_newest, prune, save


def state_of_a_run(seed=0):
    """All kinds of things that a run must keep to go on exactly."""
    torch.manual_seed(seed)
    policy = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-4)
    policy(torch.randn(16, 4)).square().mean().backward()
    optimiser.step()
    return {
        "policy": policy.state_dict(),
        "optimiser": optimiser.state_dict(),
        "random": {
            "torch": torch.get_rng_state(),
            "python": random.getstate(),
            "numpy": np.random.default_rng(seed).bit_generator.state,
        },
        "environments": [{"state": torch.tensor([0.1, -0.2], dtype=torch.float64), "steps": 7, "seen": {1, 2}}],
        "best": float("-inf"),
        "note": "é",
        "blob": b"\x00\xff",
        "none": None,
    }


def test_everything_comes_back_bit_for_bit(tmp_path):
    state = state_of_a_run()
    saved = save(tmp_path / "new" / "folder", 42, state)
    back = load(saved.path, saved.sha256, saved.size)
    torch.testing.assert_close(back["policy"], dict(state["policy"]), rtol=0, atol=0)
    torch.testing.assert_close(back["optimiser"]["state"], state["optimiser"]["state"], rtol=0, atol=0)
    assert torch.equal(back["random"]["torch"], state["random"]["torch"])
    random.setstate(back["random"]["python"])
    assert back["random"]["numpy"] == state["random"]["numpy"]
    generator = np.random.default_rng()
    generator.bit_generator.state = back["random"]["numpy"]
    assert generator.integers(2**62) == np.random.default_rng(0).integers(2**62)
    assert back["environments"][0]["seen"] == {1, 2} and back["environments"][0]["state"].dtype == torch.float64
    assert {name: back[name] for name in ("best", "note", "blob", "none")} == {
        "best": float("-inf"), "note": "é", "blob": b"\x00\xff", "none": None,
    }  # fmt: skip
    assert saved.path.name.startswith("000000042-") and os.listdir(saved.path.parent) == [saved.path.name]


def test_every_kind_of_flip_and_cut_is_refused(tmp_path):
    saved = save(tmp_path, 1, state_of_a_run())
    whole = saved.path.read_bytes()
    chance = random.Random(0)
    for _ in range(200):
        place = chance.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chance.randrange(8)
        saved.path.write_bytes(flipped)
        with pytest.raises(DamagedCheckpoint, match="was changed after it was saved"):
            load(saved.path, saved.sha256, saved.size)
    for body in (b"", whole[:-1], whole[: len(whole) // 2], whole + b"\0"):
        saved.path.write_bytes(body)
        with pytest.raises(DamagedCheckpoint, match=f"has {len(body):,} bytes; it was saved with {len(whole):,}"):
            load(saved.path, saved.sha256, saved.size)
    saved.path.write_bytes(whole)
    assert load(saved.path, saved.sha256, saved.size)["note"] == "é"
    saved.path.unlink()
    with pytest.raises(DamagedCheckpoint, match="is missing"):
        load(saved.path, saved.sha256, saved.size)
    saved.path.mkdir()
    with pytest.raises(DamagedCheckpoint, match="cannot be read: Is a directory"):
        load(saved.path, saved.sha256, saved.size)


def test_the_newest_undamaged_one_is_taken_and_the_others_named(tmp_path):
    saved = [save(tmp_path, step, {"step": step}) for step in (10, 20, 30)]
    saved[2].path.write_bytes(b"x" * saved[2].size)
    saved[1].path.unlink()
    state, source, skipped = load_newest(saved[::-1])
    assert state == {"step": 10} and source == saved[0]
    assert [saved[2].path.name in skipped[0], saved[1].path.name in skipped[1], len(skipped)] == [True, True, 2]
    with pytest.raises(DamagedCheckpoint, match=r"changed after it was saved.*; .*is missing"):
        load_newest([saved[2], saved[1]])
    with pytest.raises(DamagedCheckpoint, match="There is no checkpoint"):
        load_newest([])


class Evil:
    def __reduce__(self):
        return os.system, ("touch /should-not-exist",)


def known(path):
    body = path.read_bytes()
    return SavedCheckpoint(path, hashlib.sha256(body).hexdigest(), len(body))


def test_code_in_a_file_is_not_run_even_if_the_hash_is_right(tmp_path):
    torch.save({"policy": Evil()}, tmp_path / "evil.pt")
    evil = known(tmp_path / "evil.pt")
    with pytest.raises(DamagedCheckpoint, match="cannot be read"):
        load(evil.path, evil.sha256, evil.size)
    assert not os.path.exists("/should-not-exist")


def test_a_small_file_that_claims_a_huge_tensor_is_refused(tmp_path):
    torch.save({"policy": {"0.weight": torch.zeros(1).expand(10**9)}}, tmp_path / "huge.pt")
    huge = known(tmp_path / "huge.pt")
    assert huge.size < 10_000
    with pytest.raises(DamagedCheckpoint, match=r"policy\.0\.weight claims 1,000,000,000 elements"):
        load(huge.path, huge.sha256, huge.size)


def test_what_could_not_be_read_back_is_refused_when_saving(tmp_path):
    for value, name in ((np.float64(1), "float64"), (np.zeros(3), "ndarray"), (Evil(), "Evil"), (object, "type")):
        with pytest.raises(TypeError, match=rf"environments.1.state is a {name}; a checkpoint holds tensors"):
            save(tmp_path, 1, {"environments": [{}, {"state": value}]})
    assert os.listdir(tmp_path) == []


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch):
    saved = save(tmp_path, 1, {"x": 1})

    def no_space(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path, 1, {"x": 2})
    assert os.listdir(tmp_path) == [saved.path.name] and load(saved.path, saved.sha256, saved.size) == {"x": 1}


def test_the_same_step_saved_again_does_not_touch_the_published_file(tmp_path):
    first = save(tmp_path, 5, {"x": 1})
    second = save(tmp_path, 5, {"x": 2})
    assert load(first.path, first.sha256, first.size) == {"x": 1}
    assert load(second.path, second.sha256, second.size) == {"x": 2}


def test_a_checkpoint_of_another_network_is_named_before_it_is_loaded():
    ours = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2)).state_dict()
    check_fits({name: value.clone() for name, value in ours.items()}, ours)
    wider = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Linear(16, 2)).state_dict()
    deeper = {**ours, "2.weight": torch.zeros(2, 2)}
    doubles = {name: value.double() for name, value in ours.items()}
    poisoned = {**ours, "1.bias": torch.tensor([1.0, float("nan")])}
    for found, sentence in (
        (wider, r"0.weight is \[16, 4\] float32; it must be \[8, 4\] float32"),
        (deeper, "2.weight is not part of this one"),
        (dict(list(ours.items())[:3]), "it has no 1.bias"),
        (doubles, r"0.weight is \[8, 4\] float64; it must be \[8, 4\] float32"),
        (poisoned, "holds NaN or infinity in 1.bias"),
        ({**ours, "1.bias": 3}, "1.bias is a int; it must be a Tensor"),
    ):
        with pytest.raises(DamagedCheckpoint, match=sentence):
            check_fits(found, ours)


def test_pruning_keeps_what_is_known_and_what_is_not_ours(tmp_path):
    saved = [save(tmp_path, step, {"step": step}) for step in range(1, 6)]
    (tmp_path / "half.part").write_bytes(b"left by a kill")
    (tmp_path / "notes.txt").write_text("mine")
    removed = prune(tmp_path, [saved[1].path, *(each.path for each in saved[2:])])
    assert {path.name for path in removed} == {saved[0].path.name, "half.part"}
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *(each.path.name for each in saved[1:])}
    assert prune(tmp_path / "nowhere", []) == []
