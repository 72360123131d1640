"""loteria-keys: what it says with its exit code."""


def test_what_went_well_ends_with_0(start, tmp_path):
    """Under valgrind, as a status that nobody has set is often 0 by chance."""
    process = start("loteria-keys", "new", "--agencies", 2, "--keys", tmp_path / "keys",
                    wrapper=["valgrind", "-q", "--error-exitcode=99"])
    assert process.wait() == 0, process.log


def test_what_did_not_says_why(start, tmp_path):
    process = start("loteria-keys", "list", "--keys", tmp_path / "none")
    assert process.wait() == 1 and process.log.startswith("loteria-keys: ")
