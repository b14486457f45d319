"""`kill -9` at any instant, then the same command: the output is that of an uninterrupted run (S-11)."""

import math
import os
import threading

import pytest
from support import config, flights, lake
from support.process import ANY_PORT, Millstream, succeed
from support.waiting import wait_until

KILLS = 10
TICKS = 64


def shop_in(folder):
    folder.mkdir()
    path = config.write(folder, config.shop(tick_interval="250ms"), "shop.yaml")
    return "serve", path, "--ticks", TICKS, *ANY_PORT


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The rows of each table after a run that nobody killed."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "shop"
    succeed(folder, *shop_in(folder))
    tables = config.tables(config.shop())
    return {name: lake.sorted_rows(folder / "lake" / name, table.key) for name, table in tables.items()}


def assert_equal(folder, expected):
    tables = config.tables(config.shop(tick_interval="250ms"))
    history = lake.check(folder / "lake", tables)
    for name, table in tables.items():
        assert history[name][-1].rows.num_rows == table.rows_after(TICKS), name
        assert lake.sorted_rows(folder / "lake" / name, table.key).equals(expected[name]), name


def test_serve_survives_kills_at_random_instants(tmp_path, uninterrupted, dice, say):
    folder = tmp_path / "killed"
    command = shop_in(folder)
    instants = [round(dice.uniform(0.02, 1.2), 3) for _ in range(KILLS)]
    say(f"killed after {instants} s")
    for instant in instants:
        with Millstream(folder, *command) as server:
            # 64 ticks of 250 ms take longer than all instants together.
            assert not server.ends_within(instant), server
            server.kill()
    succeed(folder, *command)
    assert_equal(folder, uninterrupted)


def test_serve_survives_kills_in_the_middle_of_a_commit(tmp_path, uninterrupted, dice, say):
    folder = tmp_path / "killed"
    command = shop_in(folder)

    def log_lengths():
        logs = [folder / "lake" / name / "_delta_log" for name in ("customers", "orders", "payments")]
        names = [os.listdir(log) if log.is_dir() else [] for log in logs]
        return [sum(name.endswith(".json") for name in log) for log in names]

    in_between = 0
    for _ in range(KILLS):
        before = log_lengths()
        commits = dice.randrange(2)

        def some_tables_are_ahead():
            grown = [now - then for now, then in zip(log_lengths(), before)]
            return (min(grown) >= commits and max(grown) > min(grown)) or server.code is not None

        with Millstream(folder, *command) as server:
            wait_until(some_tables_are_ahead, "a commit that is half done", every=0)
            assert server.code is None, server
            server.kill()
        grown = [now - then for now, then in zip(log_lengths(), before)]
        in_between += max(grown) > min(grown)
    say(f"{in_between} of {KILLS} kills left some tables committed and others not")
    assert in_between > 0
    succeed(folder, *command)
    assert_equal(folder, uninterrupted)


class Watch(threading.Thread):
    """Looks at an output folder all the time, and keeps what was there under a final name, with its size."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.seen, self._folder, self._over = set(), folder, threading.Event()

    def run(self):
        while not self._over.wait(0.001):
            self.look()

    def look(self):
        for path in self._folder.glob("[!.]*"):
            try:
                self.seen.add((path.name, path.stat().st_size))
            except FileNotFoundError:
                # It was there, and then it was not: what is published stays.
                self.seen.add((path.name, None))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()


def bytes_in(folder):
    """The size of all files there, of those too that are not yet published."""
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            pass
    return total


def test_run_survives_kills_at_random_instants(tmp_path, flights_folder, dice, say):
    source = flights_folder / "flights.csv"

    def working_folder(name):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "data").symlink_to(flights_folder)
        return folder

    reference = working_folder("reference")
    succeed(reference, "run", flights.CONFIG)
    rows = flights.check_against_python(reference, source)
    assert rows == flights.count_that_arrived(source)
    for output in flights.OUTPUTS:
        assert flights.rows_in(reference / output) == rows
    whole = bytes_in(reference / "out")

    # The instants are shares of the output, not of a duration, so that a quicker machine is killed as often. A run may
    # still end before its kill is noticed: then its output is checked, and a new folder takes the next kills.
    kills, rounds, shares = 0, 0, []
    while kills < KILLS:
        rounds += 1
        assert rounds <= 10 * KILLS, f"only {kills} kills in {rounds - 1} rounds"
        folder, completed = working_folder(f"round-{rounds}"), False
        last = min(kills + dice.randint(1, 4), KILLS)
        with Watch(folder / "out") as watch:
            while not completed:
                there = min(0.9 * bytes_in(folder / "out") / whole, 0.9)
                share = dice.uniform(there, 0.9) if kills < last else math.inf
                with Millstream(folder, "run", flights.CONFIG) as process:
                    enough = share * whole
                    wait_until(
                        lambda: process.code is not None or bytes_in(folder / "out") >= enough,
                        "the end, or the instant of the kill",
                        every=0.0005,
                    )
                    if process.code is None:
                        process.kill()
                        kills += 1
                        shares.append(round(share, 2))
                        watch.look()
                    else:
                        process.succeeds()
                        completed = True
            watch.look()
        final = {(name, (folder / "out" / name).stat().st_size) for name in ("flights.parquet", "flights.jsonl")}
        assert watch.seen == final, f"half files were visible: {watch.seen - final}"
        leftovers = [path.name for path in (folder / "out").iterdir() if path.name.startswith(".")]
        assert not leftovers, leftovers
        for output in flights.OUTPUTS:
            assert flights.rows_in(folder / output) == rows
            flights.assert_same_rows(folder / output, reference / flights.OUTPUTS[0])
        # Where the format leaves no choice, the bytes are the same too.
        jsonl = flights.OUTPUTS[1]
        assert (folder / jsonl).read_bytes() == (reference / jsonl).read_bytes()
    say(f"{kills} kills in {rounds} rounds, at these shares of the output: {shares}; {rows} rows")
