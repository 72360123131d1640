"""The product as it was before issue 11, to compare with: built out of git into a folder of its own, and
measured by what measured it then."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

import peers

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMIT = "0a39f4c"
FOLDER = peers.loteria.BUILD / f"before-{COMMIT}"
BUILD_SECONDS_MAX = 900

DRIVER = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import peers
files = {int(agency): pathlib.Path(path) for agency, path in json.loads(sys.argv[3]).items()}
print(json.dumps(peers.product(pathlib.Path(sys.argv[2]), files)))
"""


def product(scratch, files):
    """As peers.product ()."""
    build()
    files = {agency: str(path) for agency, path in files.items()}
    environment = {**os.environ, "LOTERIA_BUILD": str(FOLDER / "build")}
    done = subprocess.run([sys.executable, "-c", DRIVER, FOLDER / "source/tests/bench", scratch, json.dumps(files)],
                          env=environment, capture_output=True, text=True, timeout=peers.RUN_SECONDS_MAX)
    if done.returncode != 0:
        raise AssertionError(f"commit {COMMIT} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


@functools.cache
def build():
    """Anew in each run, so that both are built by the same compiler."""
    source = FOLDER / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    log = FOLDER / "build.log"
    with open(log, "wb") as out:
        for command, why in (
                (f"git -C '{ROOT}' archive {COMMIT} | tar -x -C '{source}'", "git does not have it here"),
                (f"cmake -S '{source}' -B '{FOLDER}/build' -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo"
                 f" -DLOTERIA_TESTS=OFF -DLOTERIA_BENCH=ON && cmake --build '{FOLDER}/build'", f"its build failed: {log}")):
            done = subprocess.run(["bash", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out, timeout=BUILD_SECONDS_MAX)
            if done.returncode != 0:
                raise peers.Missing(f"commit {COMMIT}, from before issue 11: {why}")
