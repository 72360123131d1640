"""docs/high-availability.md: its examples are the README's, its settings are PostgreSQL's, and its links lead somewhere."""

import re
import subprocess

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


def test_certificates_are_for_their_machines(tmp_path):
    subprocess.run(["bash", "-e"], input="\n".join(example(DOCUMENT, "certificates")), text=True, cwd=tmp_path, check=True,
                   capture_output=True, timeout=loteria.DEADLINE)
    for machine, host, fits in (("m1", "m1", True), ("m2", "m2", True), ("m3", "m3", True), ("m1", "m2", False)):
        verified = subprocess.run(["openssl", "verify", "-CAfile", "ca.crt", "-verify_hostname", host, f"{machine}.crt"],
                                  cwd=tmp_path, capture_output=True, text=True, timeout=loteria.DEADLINE)
        assert (verified.returncode == 0) == fits, verified


def test_roles_are_made_while_there_is_no_standby_to_wait_for():
    with postgres.Cluster(standbys=0, synchronous="ANY 1 (node1, node2, node3)") as cluster:
        lines = [line.replace("…", cluster.password).replace("DATABASE loteria", "DATABASE another")
                 for line in example(DOCUMENT, "roles", "sql")]
        url = cluster.primary.url(password="").replace("/loteria", "/postgres") + f"&passfile={cluster.passfile}"
        made = subprocess.run(["psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", *(word for line in lines for word in ("-c", line)), url],
                              capture_output=True, text=True, timeout=loteria.DEADLINE, env=postgres.ENVIRONMENT)
        assert made.returncode == 0, made
        assert cluster.sql("SELECT count(*) FROM pg_replication_slots") == "2"


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
