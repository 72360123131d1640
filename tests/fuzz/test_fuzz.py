"""A minute of fuzzing in all. What it finds once goes to tests/fuzz/findings and is tried each time."""

import os
import pathlib

import pytest

import fuzz

BUILD = pathlib.Path(os.environ.get("LOTERIA_BUILD", fuzz.ROOT / "build/fuzz"))
SECONDS = 10  # each
SEED = 1  # the same inputs each time, as far as the code and the time allow


@pytest.fixture(scope="module")
def outcome():
    return fuzz.run_all(fuzz.TARGETS, BUILD, SECONDS, SEED)


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_nothing_is_found(outcome, target):
    well, text, tried = outcome[target]
    print(f"{target}: {tried} inputs")
    assert well, text
    assert tried > 100
