"""The structure holds: who imports whom, what is registered, what is documented, what is never written."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.algorithms import ALGORITHMS
from engine.tasks import TASKS

ROOT = Path(__file__).parent.parent
ENGINE = sorted((ROOT / "engine").rglob("*.py"))
OURS = [ROOT / "app.py", *ENGINE, *sorted((ROOT / "pages").rglob("*.py"))]

# A layer's files may import our modules only with these beginnings (and their own folder's).
MAY_IMPORT = {
    "engine/settings.py": [],
    "engine/metrics.py": [],
    "engine/advantages.py": [],
    "engine/losses.py": ["engine.advantages"],
    "engine/rollout.py": [],
    "engine/compiled.py": [],
    "engine/flat.py": [],
    "engine/layers.py": ["engine.compiled"],
    "engine/kernels.py": ["engine.compiled", "engine.layers"],
    "engine/policies": ["engine.flat", "engine.layers", "engine.settings"],
    "engine/planning": ["engine.compiled"],
    "engine/algorithms": [
        "engine.advantages",
        "engine.batch",
        "engine.closed_form",
        "engine.graphs",
        "engine.losses",
        "engine.metrics",
        "engine.optimisation",
        "engine.optimisation_on_device",
        "engine.policies",
        "engine.rollout",
        "engine.settings",
        "engine.trust_region",
    ],
    "engine/tasks": [
        "engine.chemistry",
        "engine.devices",
        "engine.environments",
        "engine.graphs",
        "engine.gridworlds",
        "engine.planning",
        "engine.policies",
        "engine.rollout",
        "engine.settings",
    ],
    "engine/chemistry": ["engine.policies", "engine.settings"],
    "engine/store": ["engine.checkpoint", "engine.metrics"],
}
NEVER = re.compile(
    r"weights_only\s*=\s*False|pickle\.loads?\(|joblib\.load|yaml\.load\(|(?<![\w.])eval\(|(?<![\w.])exec\("
    r"|allow_pickle\s*=\s*True|unsafe_allow_html\s*=\s*True|shell\s*=\s*True"
)


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names += [f"{module}.{alias.name}" if module == "engine" else module for alias in node.names]
    return names


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_what_lies_below(layer: str) -> None:
    place = ROOT / layer
    own = layer.removesuffix(".py").replace("/", ".")
    allowed = [own, *MAY_IMPORT[layer]]
    for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
        for name in imported(path):
            if name.split(".")[0] in ("engine", "pages", "app"):
                fits = any(name == start or name.startswith(f"{start}.") for start in allowed)
                assert fits, f"{path.relative_to(ROOT)} imports {name}"


def test_the_engine_knows_no_screen() -> None:
    for path in ENGINE:
        for name in imported(path):
            assert name.split(".")[0] not in ("streamlit", "plotly", "pages", "app"), f"{path} imports {name}"


def test_the_engine_imports_without_streamlit_and_plotly() -> None:
    script = (
        "import sys; sys.modules['streamlit'] = sys.modules['plotly'] = None; "
        "import engine.service, engine.presets, engine.commands.answering"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)


def test_only_one_place_each_touches_the_database_threads_and_processes() -> None:
    for path in ENGINE:
        place = path.relative_to(ROOT).as_posix()
        for name in imported(path):
            if name.split(".")[0] in ("sqlalchemy", "sqlite3"):
                assert place.startswith("engine/store/"), f"{place} imports {name}"
            if name.split(".")[0] in ("multiprocessing", "pebble", "concurrent", "subprocess"):
                assert place.startswith("engine/chemistry/"), f"{place} imports {name}"


@pytest.mark.parametrize(("folder", "registry"), [("algorithms", ALGORITHMS), ("tasks", TASKS)])
def test_every_file_with_settings_of_a_kind_is_registered(folder: str, registry: dict) -> None:
    kinds = set()
    for path in (ROOT / "engine" / folder).glob("*.py"):
        kinds |= set(re.findall(r'^    kind: Literal\["([\w-]+)"\]', path.read_text(), re.MULTILINE))
    assert kinds == set(registry)


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_first_what_it_is_for_and_stays_small_and_safe(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "its first line does not say what it is for"
    assert text.count("\n") <= 300
    found = NEVER.search(text)
    assert found is None, found
