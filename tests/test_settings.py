"""Settings refuse what is wrong with a sentence that names the field, the value and what is allowed."""

import copy
import time
from typing import Any

import pytest

from engine.config import RunConfig, config_schema
from engine.settings import InvalidSettings

GOOD = {
    "task": {"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8},
    "algorithm": {"kind": "ppo", "batch_size": 256, "minibatch_size": 64},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    config = copy.deepcopy(GOOD)
    node: Any = config
    *parents, last = path.split(".")
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value
    return config


def refusal(config: Any) -> str:
    with pytest.raises(InvalidSettings) as caught:
        RunConfig.from_object(config)
    return " / ".join(caught.value.problems)


def test_good_settings_survive_the_round_trip() -> None:
    config = RunConfig.from_object(GOOD)
    assert RunConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("value", [3.0, 0.0, -1, float("nan"), float("inf"), 1e300, "0.2", True, None, [0.2], {}])
def test_a_number_out_of_bounds_or_no_number_names_field_and_bounds(value: Any) -> None:
    sentence = refusal(changed("algorithm.clip_range", value))
    assert sentence.startswith("algorithm.clip_range is ")
    assert sentence.endswith("it must be a number between 0.01 and 1.0")


@pytest.mark.parametrize("value", [-1, 1.5, 2**31, 10**400, "1", "１", False, [], float("nan")])
def test_a_seed_is_a_whole_number_that_every_library_takes(value: Any) -> None:
    assert refusal(changed("seed", value)).endswith("it must be a whole number between 0 and 2147483647")


@pytest.mark.parametrize("path", ["seed", "budget", "task.n_envs", "algorithm.batch_size", "evaluation.episodes"])
def test_a_whole_number_is_one_however_it_is_written(path: str) -> None:
    """The JSON Schema draft 2020-12, section 4.2.3 of its core: 1.0 and 1 are one number, an integer."""
    assert RunConfig.from_object(changed(path, 64e0 if path != "budget" else 1e6)) == RunConfig.from_object(
        changed(path, 64 if path != "budget" else 1_000_000)
    )
    with pytest.raises(InvalidSettings, match=f"{path} is 64.5; it must be a whole number"):
        RunConfig.from_object(changed(path, 64.5))


def test_whole_numbers_in_lists_and_beside_other_mistakes() -> None:
    assert RunConfig.from_object(changed("policy.hidden_sizes", [8.0, 16])).policy.hidden_sizes == (8, 16)
    assert RunConfig.from_object(changed("task.max_episode_steps", 9.0)).task.max_episode_steps == 9
    wrong = changed("seed", 7.0) | {"budget": 0.5, "nonsense": 1.0}
    assert refusal(wrong).count(" / ") == 1 and "budget is 0.5; it must be a whole number" in refusal(wrong)
    assert "seed is 1e+300" in refusal(changed("seed", 1e300)) and "seed is -1;" in refusal(changed("seed", -1.0))


@pytest.mark.parametrize(
    ("path", "nearest"),
    [("algorithm.clip_rnge", "clip_range"), ("sed", "seed"), ("task.envid", "env_id"), ("evaluation.evry", "every")],
)
def test_an_unknown_key_names_the_nearest(path: str, nearest: str) -> None:
    assert refusal(changed(path, 1)) == f"{path} is not a setting; did you mean {nearest}?"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("algorithm.kind", "pqo", 'algorithm.kind is "pqo"; it must be one of expected-sarsa, monte-carlo, pg, ppo,'),
        ("algorithm.learning_rate", 0, "it must be a number above 0.0 and at most 1.0"),
        ("policy.hidden_sizes", [64, 0], "policy.hidden_sizes.1 is 0; it must be a whole number between 1 and 4096"),
        ("policy.activation", "gelu", 'policy.activation is "gelu"; it must be one of tanh, relu'),
        ("device", "gpu", "it must be one of auto, cpu, cuda, mps"),
        ("algorithm.batch_size", 100, "it must be a multiple of task.n_envs, which is 8"),
        ("algorithm.minibatch_size", 512, "it must be at most algorithm.batch_size, which is 256"),
        ("budget", 10, "it must be at least algorithm.batch_size, which is 256"),
        ("task.env_id", "os:system-v0", "task.env_id is "),
        ("task", [], "task is []; it must be one of gridworld, gym, molecules"),
    ],
)
def test_other_slips(path: str, value: Any, sentence: str) -> None:
    assert sentence in refusal(changed(path, value))


@pytest.mark.parametrize(
    ("objective", "nearest"),
    [("celecoxib", "celecoxib_rediscovery"), ("QDE", "qed"), ("perindropil_mpo", "perindopril_mpo")],
)
def test_an_unknown_choice_among_many_names_the_nearest(objective: str, nearest: str) -> None:
    task = {"kind": "molecules", "objective": objective}
    sentence = refusal({"task": task, "algorithm": {"kind": "pg"}})
    assert sentence.startswith(f'task.objective is "{objective}"; it must be one of ')
    assert sentence.endswith(f"; did you mean {nearest}?")


@pytest.mark.parametrize("objective", ["zzzzzz", "", 7, None, "x" * 5000])
def test_a_choice_that_is_near_to_none_names_none(objective: Any) -> None:
    sentence = refusal({"task": {"kind": "molecules", "objective": objective}, "algorithm": {"kind": "pg"}})
    assert sentence.startswith("task.objective is ") and sentence.endswith("custom")


@pytest.mark.parametrize("name", ["a\x00b", "line\nbreak", "\u202eevil", "esc\x1b[31m", "x" * 10_000, "\ud800"])
def test_names_that_could_harm_a_screen_are_refused(name: str) -> None:
    assert refusal(changed("name", name))


@pytest.mark.parametrize("path", ["name", "seed", "device", "task.env_id", "task.kind", "algorithm.schedule"])
def test_half_a_surrogate_pair_is_no_text(path: str) -> None:
    """What the bytes of an argument become that are not UTF-8, and what JSON may write."""
    sentence = refusal(changed(path, "a\udcff"))
    assert sentence == f'{path} is "a\\udcff"; it must be text without half a surrogate pair'


@pytest.mark.parametrize("key", ["\x1b[31m", "\u202eseed", "a\x00", "x" * 5000, "", "é", "\ud800", "a\nb"])
def test_an_unknown_key_is_named_so_that_no_terminal_obeys_it(key: str) -> None:
    sentence = refusal(GOOD | {key: 1})
    assert sentence.isascii() and sentence.isprintable() and len(sentence) < 200


def test_a_capital_letter_does_not_hide_the_nearest_key() -> None:
    assert refusal(changed("algorithm.CLIP_RANGE", 0.2)) == (
        "algorithm.CLIP_RANGE is not a setting; did you mean clip_range?"
    )


def test_very_many_problems_are_told_in_few_words() -> None:
    with pytest.raises(InvalidSettings) as caught:
        RunConfig.from_object(GOOD | {f"k{number}": 1 for number in range(3000)})
    assert len(caught.value.problems) == 21 and caught.value.problems[-1] == "There are 2,980 more problems like these"


def test_a_nested_value_is_named() -> None:
    assert refusal(changed("algorithm.clip_range", [[[[[[[[[[[[[[0.2]]]]]]]]]]]]]])).startswith(
        "algorithm.clip_range is [[[[[[[[[[[[[[0.2]]]]]]]]]]]]]]; it must be a number"
    )


@pytest.mark.parametrize("levels", [110, 210, 900, 5000])
def test_a_value_nested_too_deep_is_told_so(levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    assert refusal(GOOD | {"seed": value}) == "The settings are nested more than 12 levels deep"


def test_brackets_in_a_text_are_no_levels() -> None:
    assert RunConfig.from_object(changed("name", "[" * 40)).name == "[" * 40
    assert RunConfig.from_json(RunConfig.from_object(changed("name", '"[' * 40)).to_json()).name == '"[' * 40


@pytest.mark.parametrize("text", ['"' + '\\"' * 30_000, '"' + '\\"' * 30_000 + "\\", '{"a": "' * 8_000])
def test_strings_without_an_end_take_no_time(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(InvalidSettings, match=r"not JSON|nested"):
        RunConfig.from_json(text)
    assert time.perf_counter() - begun < 0.5


def test_a_refusal_takes_no_time() -> None:
    refusal(changed("seed", -1))
    begun = time.perf_counter()
    for _ in range(10):
        refusal(changed("seed", -1))
    assert time.perf_counter() - begun < 0.5


@pytest.mark.parametrize("name", ["<b>bold</b>", "=1+1", "![x](http://x)", "../../etc/passwd", "Käse", "  spaced  "])
def test_other_names_are_kept_as_plain_text(name: str) -> None:
    assert RunConfig.from_object(changed("name", name)).name == name.strip()


def test_every_problem_is_told_at_once() -> None:
    config = changed("algorithm.clip_range", 3.0) | {"seed": -1, "colour": "red"}
    with pytest.raises(InvalidSettings) as caught:
        RunConfig.from_object(config)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"a": NaN}',
        "\x00",
        "[" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"name": "' + "x" * 20_000_000 + '"}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_object_or_far_too_large_is_refused_at_once(text: str | bytes) -> None:
    start = time.process_time()
    with pytest.raises(InvalidSettings):
        RunConfig.from_json(text)
    assert time.process_time() - start < 1.0


def test_the_schema_carries_what_a_form_needs() -> None:
    ppo = config_schema()["$defs"]["PPOSettings"]["properties"]["clip_range"]
    assert (ppo["minimum"], ppo["maximum"], ppo["live"], ppo["label"]) == (0.01, 1.0, True, "Clip range")
    assert ppo["description"]


def test_every_setting_is_labelled_and_explained() -> None:
    for name, definition in config_schema()["$defs"].items():
        for field, node in definition["properties"].items():
            if field != "kind":
                assert node.get("label") and node.get("description"), f"{name}.{field} lacks a label or help"
