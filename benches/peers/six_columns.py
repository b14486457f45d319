"""The six-column case: an id, two texts, a zipf key, an amount and a time, alone and beside the peers."""

import json
import sys
from pathlib import Path

import duckdb
from measuring import Workload, short, side_by_side, table

BIN = Path(sys.executable).parent
START = {"seed": 42, "start": "2026-01-05T00:00:00Z"}
PEER_FORMATS = {"jsonl": "json", "parquet": "parquet", "csv": "csv"}


def parents(rows):
    columns = [("parent_id", "row_id"), ("name", "fake.name()")]
    return {"table_name": "parents", "row_count": rows, "columns": listed(columns)}


def events(rows, time):
    columns = [
        ("event_id", "row_id"),
        ("status", 'random.choice(["new", "paid", "shipped", "returned"])'),
        ("city", "fake.city()"),
        ("parent_id", 'foreign_key("parents", "parent_id", distribution="zipf", param=1.2)'),
        ("amount", "round(random.uniform(1, 500), 2)"),
        ("at", time),
    ]
    return {"table_name": "events", "row_count": rows, "columns": listed(columns)}


def listed(columns):
    return [{"column_name": name, "data": data, "is_primary_key": data == "row_id"} for name, data in columns]


def written(path, config, tables):
    path.write_text(json.dumps({"version": 1, "config": config, "tables": tables}))
    return path


def counted(path):
    scan = "read_parquet" if path.suffix == ".parquet" else "read_csv" if path.suffix == ".csv" else "read_json"
    return duckdb.sql(f"select count(*) from {scan}('{path}')").fetchall()[0][0]


def ours(binary, name, config, rows, form, only="events"):
    command = [binary, "generate", config, "--table", only, "--format", form, "--report", "json", "--output"]

    def check(folder):
        if form in ("jsonl", "parquet", "csv"):
            assert counted(folder / "out" / f"{only}.{form}") == rows

    return Workload(name, lambda folder: [*command, folder / "out"], rows, check)


def theirs(name, config, rows, form):
    command = [BIN / "tablefaker", "--config", config, "--file_type", PEER_FORMATS[form], "--target"]

    def check(folder):
        made = sum(counted(path) for path in folder.iterdir() if path.name.startswith(("events", "keys")))
        assert made == rows, f"{name}: {made}"

    return Workload(name, lambda folder: [*command, folder], rows, check)


def six_columns(binary, scratch, arguments):
    folder = scratch / "six"
    folder.mkdir()
    rows, peer_rows, few = int(10_000_000 * arguments.scale), 20_000, 1000
    config = written(folder / "ours.json", START, [parents(100_000), events(rows, "tick_time()")])
    # There is no `tick_time` there, and each of its zipf keys walks over all parents: so few of them.
    time = "datetime(2026, 1, 5) + timedelta(microseconds=row_id)"
    peer_config = written(folder / "theirs.json", {"seed": 42}, [parents(few), events(peer_rows, time)])
    forms = ["noop", "csv", "jsonl", "parquet"]
    our = {form: ours(binary, f"millstream six {form}", config, rows, form) for form in forms}
    peer = {
        form: theirs(f"tablefaker six {form}", peer_config, peer_rows, form) for form in forms if form in PEER_FORMATS
    }
    factor = max(0.01, 0.5 * arguments.scale)
    tpch = Workload(
        "tpchgen-cli six TBL",
        lambda out: [BIN / "tpchgen-cli", "tbl", "--scale-factor", factor, "--output-dir", out, "--quiet"],
        1,
    )
    side_by_side([*our.values(), *peer.values(), tpch], scratch, arguments.repeat)
    lines = []
    for form in forms:
        one, other = our[form], peer.get(form)
        text = short(one.bytes_per_cpu_second) + "B" if form in ("csv", "jsonl") else ""
        bytes_ratio = f"{one.bytes_per_cpu_second / tpch.bytes_per_cpu_second:.1f}" if text else ""
        rates = ["", ""]
        if other:
            times = one.rows_per_cpu_second / other.rows_per_cpu_second
            rates = [short(other.rows_per_cpu_second), f"{times:.0f}"]
        lines.append([form, short(one.rows_per_cpu_second), *rates, text, bytes_ratio, f"{one.peak_mib:.0f}"])
    head = ["output", "rows/CPU-s", "tablefaker", "ratio", "text/CPU-s", "tpchgen-cli ratio", "MiB"]
    return (
        "### Generation: six columns\n\n"
        f"{rows:,} rows of an id, two texts, a zipf key over 100,000 parents, an amount and a time; {peer_rows:,} for "
        f"tablefaker, with {few:,} parents. tpchgen-cli writes {short(tpch.bytes_per_cpu_second)}B of TBL "
        "per CPU-second.\n\n" + table(head, lines) + "\n\n" + zipf_keys(binary, folder, scratch, arguments)
        + "\n\n" + billions(binary, folder, scratch, arguments)
    )


def keys(rows):
    data = 'foreign_key("parents", "parent_id", distribution="zipf", param=1.2)'
    return {"table_name": "keys", "row_count": rows, "columns": listed([("parent_id", data)])}


def zipf_keys(binary, folder, scratch, arguments):
    """One key over 100,000 parents: the cost of a further row, so that the start and the parents do not count."""
    bare = {"table_name": "parents", "row_count": 100_000, "columns": listed([("parent_id", "row_id")])}
    rows, less, more = int(50_000_000 * arguments.scale), 20, 320
    config = written(folder / "keys.json", START, [bare, keys(rows)])
    our = ours(binary, "millstream keys", config, rows, "noop", only="keys")
    pair = []
    for count in (less, more):
        path = written(folder / f"keys_{count}.json", {"seed": 42}, [bare, keys(count)])
        pair.append(theirs(f"tablefaker {count} keys", path, count, "csv"))
    side_by_side([our, *pair], scratch, arguments.repeat)
    each = (pair[1].cpu_seconds - pair[0].cpu_seconds) / (more - less)
    ratio = our.rows_per_cpu_second * each
    return (
        f"A zipf key over 100,000 parents: {1e9 / our.rows_per_cpu_second:.0f} ns for us (whole process, "
        f"{rows:,} keys), {each * 1e3:.1f} ms for tablefaker (the difference between {less} and {more} keys): "
        f"{ratio:,.0f} times."
    )


def billions(binary, folder, scratch, arguments):
    """Peak memory with parents that nobody could hold."""
    rows = int(5_000_000 * arguments.scale)
    config = written(folder / "billions.json", START, [parents(10**9), events(rows, "tick_time()")])
    workloads = [ours(binary, f"billion {form}", config, rows, form) for form in ("noop", "jsonl", "parquet")]
    side_by_side(workloads, scratch, 1)
    lines = [[one.name.split()[1], short(one.rows_per_cpu_second), f"{one.peak_mib:.0f}"] for one in workloads]
    return "The same with 1,000,000,000 declared parents:\n\n" + table(["output", "rows/CPU-s", "MiB"], lines)
