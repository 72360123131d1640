"""The layers of common/: an include upwards does not compile."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = re.search(r"^set \(layers ([a-z ]+)\)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1).split()
COMPILER = shutil.which("cc")


def includes(layer: str) -> list[str]:
    """The paths that the build gives a layer: its own and those below it."""
    upto = LAYERS[: LAYERS.index(layer) + 1]
    return [flag for name in upto for flag in ("-iquote", str(ROOT / "common" / name))]


def headers(layer: str) -> list[pathlib.Path]:
    return sorted((ROOT / "common" / layer).glob("*.h"))


def test_every_source_of_common_lies_in_a_layer():
    assert not list((ROOT / "common").glob("*.[ch]"))
    assert sorted(path.name for path in (ROOT / "common").iterdir()) == sorted(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_finds_its_headers_and_none_above(layer):
    below = {path.name for name in LAYERS[: LAYERS.index(layer) + 1] for path in headers(name)}
    for path in (ROOT / "common" / layer).glob("*.[ch]"):
        wanted = set(re.findall(r'#include "([^"]+)"', path.read_text()))
        assert wanted <= below, f"{path.name} includes {sorted(wanted - below)} from a layer above"


@pytest.mark.parametrize("layer", LAYERS[:-1])
def test_the_compiler_refuses_an_include_upwards(layer, tmp_path):
    above = headers(LAYERS[LAYERS.index(layer) + 1])[0]
    source = tmp_path / "upwards.c"
    source.write_text(f'#include "{above.name}"\n')
    command = [COMPILER, "-fsyntax-only", *includes(layer), str(source)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0 and above.name in refused.stderr


def test_the_build_gives_each_layer_these_paths():
    text = (ROOT / "CMakeLists.txt").read_text()
    assert "see_headers_of (loteria-${layer} PUBLIC common/${layer})" in text
    assert "target_link_libraries (loteria-${layer} PUBLIC ${below}" in text
