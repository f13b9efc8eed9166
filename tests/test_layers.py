"""The package's layers: arrows only downward, no circles. An import for type hints alone is an arrow, too."""

from __future__ import annotations

from collections.abc import Iterable

import grimp
import pytest

PACKAGE = "airflow_provider_runway"
# From the bottom up. A module belongs to the longest name that it begins with; those of one layer do not know each
# other, unless they belong to the same package.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("",),  # the package itself: its version
    ("kie", "sandbox"),
    ("publishing.errors",),
    ("exceptions", "utils.config", "utils.file_uris", "utils.retry_defaults", "utils.versions"),
    ("storage",),
    ("film",),
    ("results",),
    ("hooks", "links"),
    ("utils",),
    ("triggers",),
    ("operators",),
    ("publishing",),
    ("sensors", "transfers"),
    ("decorators", "plugin", "retry_policy"),
    ("report",),
    ("cli",),
    ("get_provider_info",),
)
Arrow = tuple[str, str]


@pytest.fixture(scope="module")
def arrows() -> frozenset[Arrow]:
    """Which module imports which, without the package's name."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    return frozenset(
        (short(module), short(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    )


def short(module: str) -> str:
    return module.removeprefix(PACKAGE).removeprefix(".")


def layer(module: str) -> tuple[int, str]:
    """How high a module stands, and among which siblings."""
    height, name = max(
        (
            (height, name)
            for height, names in enumerate(LAYERS)
            for name in names
            if name == module or (name and module.startswith(f"{name}."))
        ),
        key=lambda found: len(found[1]),
        default=(-1, ""),
    )
    return height, name.partition(".")[0]


def goes_down(arrow: Arrow) -> bool:
    (height, package), (other_height, other_package) = map(layer, arrow)
    return other_height < height or (other_height == height and other_package == package)


def reachable(start: str, arrows: Iterable[Arrow]) -> set[str]:
    following: dict[str, set[str]] = {}
    for module, imported in arrows:
        following.setdefault(module, set()).add(imported)
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = following.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def test_every_module_has_its_layer() -> None:
    modules = map(short, grimp.build_graph(PACKAGE, cache_dir=None).modules)

    assert [module for module in modules if layer(module)[0] < 0] == []


def test_arrows_go_down(arrows: frozenset[Arrow]) -> None:
    assert [arrow for arrow in sorted(arrows) if not goes_down(arrow)] == []


def test_no_modules_stand_in_a_circle(arrows: frozenset[Arrow]) -> None:
    assert [module for module in sorted({one for one, _ in arrows}) if module in reachable(module, arrows)] == []


def test_only_the_command_line_knows_the_sandbox(arrows: frozenset[Arrow]) -> None:
    knowing = {module for module, imported in arrows if imported.startswith("sandbox") and module[:7] != "sandbox"}

    assert {module.partition(".")[0] for module in knowing} == {"cli"}


@pytest.mark.parametrize("folder", ["kie", "film"])
def test_the_service_and_the_films_know_nothing_of_airflow(folder: str) -> None:
    graph = grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)

    assert {short(module) for module in graph.find_modules_that_directly_import("airflow")} & {
        short(module) for module in graph.find_descendants(f"{PACKAGE}.{folder}")
    } == set()
