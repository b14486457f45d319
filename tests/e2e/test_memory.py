"""Memory is bounded by configuration, not by input (S-3): peak resident size of whole processes."""

import statistics

from support import config, flights
from support.process import measured

LIMIT = 0.15


def peak(folder, *arguments, times=3):
    """The median of several runs, in MiB: one alone depends on how its threads were scheduled."""
    runs = [measured(folder, *arguments)["peak_rss_bytes"] for _ in range(times)]
    return statistics.median(runs) / 2**20


def assert_as_flat(small, large, say, what):
    difference = abs(large - small) / small
    say(f"{what}: {small:.1f} MiB and {large:.1f} MiB, {difference:.1%} apart")
    assert difference < LIMIT


def test_generate_needs_no_more_for_more_rows(tmp_path, full, say):
    def peak_of(million_rows, times):
        rows = {"customers": 60_000, "orders": 600_000, "payments": 340_000}
        counts = {name: count * million_rows for name, count in rows.items()}
        path = config.write(tmp_path, config.shop(counts), f"{million_rows}.yaml")
        return peak(tmp_path, "generate", path, "--output", "out", "--format", "noop", times=times)

    more = 50 if full else 10
    assert_as_flat(peak_of(1, 3), peak_of(more, 3), say, f"generate 1 M and {more} M rows")


def test_moving_needs_no_more_for_a_longer_file(tmp_path, flights_folder, say):
    lines = (flights_folder / "flights.csv").read_bytes()
    header, rows = lines.split(b"\n", 1)
    (tmp_path / "1.csv").write_bytes(lines)
    with open(tmp_path / "10.csv", "wb") as longer:
        longer.write(header + b"\n")
        for _ in range(10):
            longer.write(rows)
    assert rows.endswith(b"\n")

    def peak_of(times):
        source = {"type": "csv", "path": f"{times}.csv", "null_values": ["NA"]}
        pipeline = {"source": source, "sink": {"type": "jsonl", "path": f"{times}.jsonl"}}
        path = config.write(tmp_path, {"version": 1, "name": "longer", "pipeline": pipeline}, f"{times}.yaml")
        measure = peak(tmp_path, "run", path, "--restart")
        with open(tmp_path / f"{times}.jsonl", "rb") as made:
            assert sum(1 for _ in made) == times * flights.FLIGHTS
        (tmp_path / f"{times}.jsonl").unlink()
        return measure

    assert_as_flat(peak_of(1), peak_of(10), say, "CSV to JSONL of a file and of ten times the file")
