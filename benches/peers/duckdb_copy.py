"""DuckDB as a mover, as a process of its own: duckdb_copy.py INPUT.csv OUTPUT.(jsonl|parquet)"""

import sys

import duckdb

source, target = sys.argv[1:]
form = "json" if target.endswith(".jsonl") else "parquet"
duckdb.sql(f"copy (from read_csv('{source}', nullstr = 'NA')) to '{target}' (format {form})")
