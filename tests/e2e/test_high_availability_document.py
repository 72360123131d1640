"""docs/high-availability.md: its examples are the README's, its settings are PostgreSQL's, and its links lead somewhere."""

import re

import loteria
import postgres

DOCUMENT = (loteria.ROOT / "docs/high-availability.md").read_text()
README = (loteria.ROOT / "README.md").read_text()


def example(text, name, kind="sh"):
    """The lines behind the mark `<!-- tested: NAME -->`, without what is said about them."""
    found = re.search(rf"<!-- tested: {name} -->\n+```{kind}\n(.*?)```", text, re.S)
    assert found, f"there is no example {name!r}"
    return [re.sub(r" +#.*", "", line) for line in found[1].splitlines()]


def test_readme_says_the_same():
    commands = example(README, "compose ha")
    assert commands == example(DOCUMENT, "compose ha")
    assert len(commands) == 4


def test_postgresql_takes_these_settings_and_replicates_with_them():
    told = dict(re.fullmatch(r"(\w+) = '?(.*?)'?", line).groups()
                for line in example(DOCUMENT, "postgresql.conf", "ini"))
    assert told.pop("cluster_name") == "node1" and told.pop("ssl") == "on" and told.pop("listen_addresses") == "*"
    with postgres.Cluster(settings=told) as cluster:
        names = ", ".join(f"'{name}'" for name in told)
        taken = cluster.sql(f"SELECT name FROM pg_settings WHERE name IN ({names}) AND source = 'configuration file'")
        assert set(taken.split()) == set(told)
        cluster.sql("CREATE TABLE entry ()")
        assert cluster.sql("SELECT DISTINCT sync_state FROM pg_stat_replication") == "quorum"


def test_patroni_is_told_what_lost_nothing():
    told = example(DOCUMENT, "patroni", "yaml")
    assert "etcd:" in told and not any(line.strip().startswith("etcd3:") for line in told)
    assert {"    synchronous_mode: true", "    synchronous_mode_strict: true"} <= set(told)


def test_links_lead_somewhere():
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
               for heading in re.findall(r"^#+ (.*)$", DOCUMENT, re.M)}
    targets = re.findall(r"\]\(#([^)]*)\)", DOCUMENT)
    assert targets and set(targets) <= anchors
    for path in re.findall(r"\]\(((?!#|http)[^)#]*)", DOCUMENT):
        assert (loteria.ROOT / "docs" / path).exists(), path
