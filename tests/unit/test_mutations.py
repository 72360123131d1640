"""The planted bugs of tests/mutants fit the sources as they are now."""

import sys

import pytest

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/mutants")

import mutations  # noqa: E402

ALL = mutations.read(mutations.LIST.read_text())


@pytest.mark.parametrize("mutation", ALL, ids=[mutation.name for mutation in ALL])
def test_it_applies_at_one_place_and_changes_it(mutation):
    source = (mutations.ROOT / mutation.file).read_text()
    assert mutation.applied(source) != source
    for test in mutation.tests:
        path, _, name = test.partition("::")
        assert not name or f"def {name.partition('[')[0]}(" in (mutations.ROOT / path).read_text()
        assert (mutations.ROOT / path).exists()


def test_the_list_is_long_and_no_name_is_used_twice():
    names = [mutation.name for mutation in ALL]
    assert len(names) >= 70
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("source", ["", "three\n", "one\ntwo\none\ntwo\n", "one\n two\n", "x one\ntwo\n"])
def test_what_does_not_fit_or_fits_twice_is_told(source):
    (mutation,) = mutations.read("== name: text\nfile\n one\n-two\n+three\n")
    assert mutation.applied("zero\none\ntwo\nfour\n") == "zero\none\nthree\nfour\n"
    with pytest.raises(mutations.Stale, match="name: its lines occur . times in file"):
        mutation.applied(source)
