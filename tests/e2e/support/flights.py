"""What examples/flights.yaml must make of the flights, computed by CPython and checked with DuckDB."""

import csv
import json

import duckdb

from . import EXAMPLES

CONFIG = EXAMPLES / "flights.yaml"
FLIGHTS = 336_776
OUTPUTS = ("out/flights.parquet", "out/flights.jsonl")
TEXT = {"carrier", "flight", "tailnum", "origin", "dest", "time_hour"}
DECIMAL = {"dep_delay", "arr_delay", "air_time"}


def expected_rows(path):
    """The rows that come out, in order. The expressions of the file are Python's, so Python evaluates them."""
    with open(path, newline="") as file:
        for record in csv.DictReader(file):
            row = {name: _value(name, text) for name, text in record.items()}
            arr_delay, air_time = row["arr_delay"], row["air_time"]
            if not (arr_delay is not None and air_time is not None):
                continue
            row["route"] = row["origin"] + "-" + row["dest"]
            row["caught_up"] = row["dep_delay"] - arr_delay
            row["miles_per_hour"] = round(row["distance"] / (air_time / 60), 1)
            row["punctuality"] = "early" if arr_delay < 0 else "on time" if arr_delay <= 15 else "late"
            del row["hour"], row["minute"]
            yield row


def _value(name, text):
    if text == "NA":
        return None
    return text if name in TEXT else float(text) if name in DECIMAL else int(text)


def check_against_python(folder, source):
    """Every row of the JSONL output, in order, against CPython; gives the number of rows."""
    number = 0
    with open(folder / OUTPUTS[1]) as lines:
        for number, expected in enumerate(expected_rows(source), 1):
            row = json.loads(next(lines))
            # One spelling of the instant: `Z` or `+00:00`, with or without a fraction of zeros.
            row["time_hour"] = row["time_hour"].replace("+00:00", "Z").replace(".000000", "").replace(" ", "T")
            assert row == expected, f"row {number}:\n{row}\nis not\n{expected}"
            assert list(row) == list(expected), f"row {number}: columns in another order: {list(row)}"
        assert next(lines, None) is None, f"more than {number} rows"
    return number


def count_that_arrived(source):
    """How many flights pass the filter, according to DuckDB."""
    query = f"""
        select count(*) filter (arr_delay is not null and air_time is not null), count(*)
        from read_csv('{source}', nullstr = 'NA')"""
    arrived, everything = duckdb.sql(query).fetchall()[0]
    assert everything == FLIGHTS
    return arrived


def assert_same_rows(left, right):
    """Asserts that two outputs (Parquet or JSONL) hold the same multiset of rows."""
    for one, other in ((left, right), (right, left)):
        # As text: Python would need another package for DuckDB's times with a zone.
        query = f"select columns(*)::varchar from (from {_scan(one)} except all from {_scan(other)}) limit 3"
        extra = duckdb.sql(query).fetchall()
        assert not extra, f"in {one}, but not in {other}: {extra}"


def rows_in(path):
    """How many rows an output holds."""
    return duckdb.sql(f"select count(*) from {_scan(path)}").fetchall()[0][0]


def _scan(path):
    # Types spelled out: left to itself, DuckDB guesses them per file.
    integers = ["year", "month", "day", "dep_time", "sched_dep_time", "arr_time", "sched_arr_time", "distance"]
    decimals = [*DECIMAL, "caught_up", "miles_per_hour"]
    texts = ["carrier", "flight", "tailnum", "origin", "dest", "route", "punctuality"]
    types = {
        **dict.fromkeys(integers, "BIGINT"),
        **dict.fromkeys(decimals, "DOUBLE"),
        **dict.fromkeys(texts, "VARCHAR"),
    }
    types["time_hour"] = "TIMESTAMP WITH TIME ZONE"
    columns = ", ".join(f"{name}::{kind} as {name}" for name, kind in types.items())
    if path.suffix == ".jsonl":
        declared = ", ".join(f"{name}: '{kind}'" for name, kind in types.items())
        return f"(select {columns} from read_json('{path}', format = 'newline_delimited', columns = {{{declared}}}))"
    return f"(select {columns} from read_parquet('{path}'))"
