import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from support import EXAMPLES
from support.process import binary

FULL = os.environ.get("MILLSTREAM_FULL") == "1"
SEED = int(os.environ.get("MILLSTREAM_TEST_SEED") or random.SystemRandom().randrange(1 << 32))


def pytest_report_header():
    return [
        f"binary: {binary()}",
        f"MILLSTREAM_TEST_SEED={SEED} (set it to repeat the random instants)",
        f"MILLSTREAM_FULL={int(FULL)} (1: the long variants)",
    ]


@pytest.fixture
def full():
    """Whether the long variants are asked for."""
    return FULL


@pytest.fixture
def dice(request):
    """Random numbers of this test's own, the same for the same seed whichever other tests run."""
    return random.Random(f"{SEED} {request.node.nodeid}")


@pytest.fixture
def say(capsys):
    """Prints a fact past the capture: how a test was done, or what it measured."""

    def say(text):
        with capsys.disabled():
            print(f"\n    {text}", flush=True)

    return say


@pytest.fixture(scope="session")
def cache():
    """The folder that outlives the test run."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(os.environ.get("MILLSTREAM_CACHE") or Path(base) / "millstream")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="session")
def flights_folder(cache):
    """The real flights, fetched once by the example's own script."""
    folder = cache / "flights"
    subprocess.run([sys.executable, EXAMPLES / "fetch_flights", folder], check=True)
    return folder


@pytest.fixture
def airport(tmp_path, flights_folder):
    """A working folder with the flights where examples/flights.yaml expects them."""
    (tmp_path / "data").symlink_to(flights_folder)
    return tmp_path
