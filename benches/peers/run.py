"""Millstream beside its public peers: whole processes, user and system CPU time, peak memory, in one run.

    scripts/bench [--only shop|six|bytes|flights] [--repeat 3] [--scale 1.0]

Prints Markdown for docs/benchmarks.md on stdout, and progress on stderr. Every output is checked before its time
counts.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import duckdb
import yaml
from deltalake import DeltaTable
from measuring import ROOT, Workload, progress, short, side_by_side, table
from six_columns import six_columns

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
SHOP = ROOT / "examples" / "shop.yaml"
PEER_SHOP = HERE / "shop_tablefaker.yaml"
# Our name of a format, and tablefaker's.
FORMATS = {"jsonl": "json", "csv": "csv", "parquet": "parquet", "delta": "deltalake"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["shop", "six", "bytes", "flights"], help="one part")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each command; the median counts")
    parser.add_argument("--scale", type=float, default=1.0, help="makes our inputs larger or smaller")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "millstream", help="for the flights")
    arguments = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = Path(os.environ.get("MILLSTREAM_BIN", target / "release" / "millstream")).resolve()
    if not binary.is_file():
        sys.exit(f"error: {binary} does not exist\nhint: cargo build --release, or use scripts/bench")
    # On one disk, whichever tool writes.
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir=arguments.cache))
    try:
        parts = {"shop": shop, "six": six_columns, "bytes": text_bytes, "flights": flights}
        chosen = [arguments.only] if arguments.only else list(parts)
        sections = [machine(binary)]
        for name in chosen:
            progress(f"\n{name}")
            sections.append(parts[name](binary, scratch, arguments))
        print("\n\n".join(sections))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def machine(binary):
    """What the figures hold for."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    ours = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip()
    peers = ", ".join(f"{name} {version(name)}" for name in ("tablefaker", "tpchgen-cli", "duckdb"))
    unit = "Rates are per CPU-second (user + system) of whole processes."
    return f"Measured on {os.cpu_count()} x {model}: {ours}, {peers}. {unit}"


# -- (a) the shop, against tablefaker ----------------------------------------------------------------------------------


def shop_config(path, times):
    """The shop with so many times its rows; gives the rows of each table."""
    config = yaml.safe_load(SHOP.read_text())
    for shop_table in config["tables"]:
        shop_table["row_count"] = max(1, int(shop_table["row_count"] * times))
    path.write_text(json.dumps(config, default=lambda value: value.isoformat().replace("+00:00", "Z")))
    return row_counts(path)


def row_counts(path):
    return {
        shop_table["table_name"]: shop_table["row_count"] for shop_table in yaml.safe_load(path.read_text())["tables"]
    }


def generating(binary, config, counts, form):
    """Our `generate`."""

    def check(folder):
        if form != "noop":
            assert counted(folder / "out", form) == counts, f"millstream {form}: {counted(folder / 'out', form)}"

    options = ["--format", form, "--report", "json"]
    command = lambda folder: [binary, "generate", config, "--output", folder / "out", *options]
    return Workload(f"millstream {form}", command, sum(counts.values()), check)


def faking(config, counts, form):
    """The peer's."""

    def check(folder):
        assert counted(folder, form) == counts, f"tablefaker {form}: {counted(folder, form)}"

    command = lambda folder: [BIN / "tablefaker", "--config", config, "--file_type", FORMATS[form], "--target", folder]
    return Workload(f"tablefaker {form}", command, sum(counts.values()), check)


def counted(folder, form):
    """Rows of each table that a generator wrote; the peer puts a time into its names."""
    counts = {}
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        if form == "delta":
            rows = DeltaTable(path).count()
        else:
            scan = {"csv": f"read_csv('{path}')", "parquet": f"read_parquet('{path}')"}.get(
                form, f"read_json('{path}')"
            )
            rows = duckdb.sql(f"select count(*) from {scan}").fetchall()[0][0]
        counts[path.name.split(".")[0].split("_20")[0]] = rows
    return counts


def assert_same_columns():
    """The peer's file is equivalent as far as names go: the same tables with the same columns in the same order."""
    ours, theirs = (yaml.safe_load(path.read_text())["tables"] for path in (SHOP, PEER_SHOP))
    names = lambda tables: [(t["table_name"], [c["column_name"] for c in t["columns"]]) for t in tables]
    assert names(ours) == names(theirs)


def shop(binary, scratch, arguments):
    assert_same_columns()
    config = scratch / "shop.yaml"
    counts, peer_counts = shop_config(config, 100 * arguments.scale), row_counts(PEER_SHOP)
    ours = {form: generating(binary, config, counts, form) for form in [*FORMATS, "noop"]}
    peers = {form: faking(PEER_SHOP, peer_counts, form) for form in FORMATS}
    idle = yaml.safe_load(PEER_SHOP.read_text())
    for shop_table in idle["tables"]:
        shop_table["row_count"] = 1
    (scratch / "idle.yaml").write_text(yaml.safe_dump(idle))
    start_up = Workload("tablefaker start-up", faking(scratch / "idle.yaml", {}, "csv").command, 3)
    side_by_side([*ours.values(), *peers.values(), start_up], scratch, arguments.repeat)
    rows = []
    for form, our in ours.items():
        peer = peers.get(form)
        theirs = (
            [short(peer.rows_per_cpu_second), f"{our.rows_per_cpu_second / peer.rows_per_cpu_second:.0f}"]
            if peer
            else ["", ""]
        )
        rows.append(
            [
                form,
                short(our.rows_per_cpu_second),
                *theirs,
                f"{our.peak_mib:.0f}",
                f"{peer.peak_mib:.0f}" if peer else "",
            ]
        )
    head = ["output", "millstream rows/CPU-s", "tablefaker rows/CPU-s", "ratio", "millstream MiB", "tablefaker MiB"]
    return (
        "### Generation: the shop, against tablefaker\n\n"
        f"`examples/shop.yaml` with {sum(counts.values()):,} rows, its equivalent `benches/peers/shop_tablefaker.yaml` "
        f"with {sum(peer_counts.values()):,} (of whose CPU time the start takes {start_up.cpu_seconds:.1f} s). "
        "JSONL for us is JSON there.\n\n" + table(head, rows) + where_the_time_went(ours)
    )


# -- (b) bytes of text, against tpchgen-cli ----------------------------------------------------------------------------


def text_bytes(binary, scratch, arguments):
    config = scratch / "shop.yaml"
    ours = generating(binary, config, shop_config(config, 200 * arguments.scale), "jsonl")
    factor = max(0.01, 0.5 * arguments.scale)
    command = lambda folder: [BIN / "tpchgen-cli", "tbl", "--scale-factor", factor, "--output-dir", folder, "--quiet"]
    peer = Workload("tpchgen-cli TBL", command, 0)

    def count(folder):
        peer.rows = sum(sum(1 for _ in open(path, "rb")) for path in folder.glob("*.tbl"))
        assert peer.rows > 8_000_000 * factor, f"{peer.rows} rows at scale factor {factor}"

    peer.check = count
    side_by_side([ours, peer], scratch, arguments.repeat)
    rows = [
        [
            one.name,
            short(one.bytes_per_cpu_second) + "B",
            short(one.rows_per_cpu_second),
            f"{one.output_bytes / one.rows:.0f}",
            f"{one.peak_mib:.0f}",
        ]
        for one in (ours, peer)
    ]
    ratio = ours.bytes_per_cpu_second / peer.bytes_per_cpu_second
    return (
        "### Generation: bytes of text, against tpchgen-cli\n\n"
        f"The shop as JSONL, and all tables of TPC-H at scale factor {factor:g} as TBL. "
        f"Ratio of bytes per CPU-second: {ratio:.2f}.\n\n"
        + table(["", "bytes/CPU-s", "rows/CPU-s", "bytes/row", "MiB"], rows)
    )


# -- (c) moving the flights, against DuckDB ----------------------------------------------------------------------------


def flights(binary, scratch, arguments):
    once = arguments.cache / "flights"
    subprocess.run([sys.executable, ROOT / "examples" / "fetch_flights", once], check=True)
    times = max(1, round(10 * arguments.scale))
    source, rows = scratch / "flights.csv", times * 336_776
    header, lines = (once / "flights.csv").read_bytes().split(b"\n", 1)
    with open(source, "wb") as longer:
        longer.write(header + b"\n" + lines * times)
    ours, peers = {}, {}
    for form in ("jsonl", "parquet"):
        config = scratch / f"flights_to_{form}.yaml"
        pipeline = {
            "source": {"type": "csv", "path": str(source), "null_values": ["NA"]},
            "sink": {"type": form, "path": f"flights.{form}"},
        }
        config.write_text(json.dumps({"version": 1, "name": f"flights_to_{form}", "pipeline": pipeline}))
        ours[form] = moving(f"millstream {form}", rows, lambda folder, c=config: [binary, "run", c, "--report", "json"])
        target = f"flights.{form}"
        copy = [sys.executable, HERE / "duckdb_copy.py", source]
        peers[form] = moving(f"duckdb {form}", rows, lambda folder, c=copy, t=target: [*c, folder / t])
    # Parity before speed: both tools must have made the same rows.
    progress("parity")
    for form in ours:
        kept = []
        for workload in (ours[form], peers[form]):
            workload.run(scratch)
            kept.append(scratch / workload.name.replace(" ", "-") / f"flights.{form}")
        assert_same_rows(*kept, rows)
        for workload in (ours[form], peers[form]):
            workload.runs.clear()
    side_by_side([*ours.values(), *peers.values()], scratch, arguments.repeat)
    lines = []
    for form, our in ours.items():
        peer = peers[form]
        ratio = our.rows_per_cpu_second / peer.rows_per_cpu_second
        rates = [short(our.rows_per_cpu_second), short(peer.rows_per_cpu_second), f"{ratio:.2f}"]
        lines.append([f"CSV to {form}", *rates, f"{our.peak_mib:.0f}", f"{peer.peak_mib:.0f}"])
    head = ["", "millstream rows/CPU-s", "DuckDB rows/CPU-s", "ratio", "millstream MiB", "DuckDB MiB"]
    return (
        "### Moving: the flights, against DuckDB\n\n"
        f"{rows:,} rows and {source.stat().st_size / 1e6:.0f} MB of CSV (the flights {times} times over); "
        "both outputs hold the same rows.\n\n" + table(head, lines) + where_the_time_went(ours)
    )


def moving(name, rows, command):
    return Workload(name, command, rows)


def where_the_time_went(workloads):
    """The stages in the run reports of the last round."""
    rows = []
    for form, workload in workloads.items():
        report = json.loads(workload.stdout)
        total = lambda parts, key: sum(part[key] for part in report[parts])
        seconds = [total("sources", "decode_seconds"), total("operators", "seconds")]
        seconds += [total("sinks", key) for key in ("encode_seconds", "write_seconds", "commit_seconds")]
        rows.append([form, *(f"{value:.2f}" for value in (*seconds, report["cpu_seconds"]))])
    head = ["", "decode or make", "operators", "encode", "write", "commit", "CPU"]
    return "\n\nWhere our time went, in seconds, summed over workers:\n\n" + table(head, rows)


def assert_same_rows(left, right, rows):
    """The same multiset of rows, types spelled out since DuckDB would guess them per file."""
    left, right = flights_in(left), flights_in(right)
    for one, other in ((left, right), (right, left)):
        assert duckdb.sql(f"select count(*) from {one}").fetchall() == [(rows,)], one
        query = f"select columns(*)::varchar from (from {one} except all from {other}) limit 3"
        extra = duckdb.sql(query).fetchall()
        assert not extra, f"only in {one}: {extra}"


def flights_in(path):
    integers = """year month day dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay flight air_time
        distance hour minute""".split()
    texts = "carrier tailnum origin dest".split()
    types = {
        **dict.fromkeys(integers, "BIGINT"),
        **dict.fromkeys(texts, "VARCHAR"),
        "time_hour": "TIMESTAMP WITH TIME ZONE",
    }
    columns = ", ".join(f"{name}::{kind} as {name}" for name, kind in types.items())
    if path.suffix == ".jsonl":
        declared = ", ".join(f"{name}: '{kind}'" for name, kind in types.items())
        return f"(select {columns} from read_json('{path}', format = 'newline_delimited', columns = {{{declared}}}))"
    return f"(select {columns} from read_parquet('{path}'))"


if __name__ == "__main__":
    main()
