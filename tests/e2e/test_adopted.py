"""Parents that Millstream did not make (S-64): Delta tables and Parquet files of other writers."""

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from deltalake import DeltaTable, write_deltalake
from support import lake
from support.process import ANY_PORT, run, succeed

CITIES = ["Oslo", "Lima", None]


def customers(first, last):
    ids = list(range(first, last))
    return pa.table(
        {
            "note": pa.array(["unused"] * len(ids)),
            "customer_id": pa.array(ids, pa.int64()),
            "city": pa.array([CITIES[i % 3] for i in ids]).dictionary_encode().cast(pa.string()),
            "rating": pa.array([i % 5 for i in ids], pa.int32()),
        }
    )


def write(folder, source, columns=None, rows=200):
    columns = columns or {
        "order_id": "row_id",
        "customer_id": 'foreign_key("crm", "customer_id")',
        "city": 'copy_from_fk("customer_id", "crm", "city")',
        "fan": 'foreign_key("crm", "customer_id", distribution="weighted_parent", parent_attr="rating", param=4)',
    }
    file = {
        "version": 1,
        "name": "shop",
        "config": {"seed": 7, "start": "2026-01-05T08:00:00Z", "tick_interval": "100ms"},
        "sources": {"crm": source},
        "tables": [
            {
                "table_name": "orders",
                "row_count": rows,
                "cadence": {"rows_per_minute": 60000},
                "columns": [{"column_name": name, "data": data} for name, data in columns.items()],
            }
        ],
    }
    path = folder / "shop.yaml"
    path.write_text(yaml.safe_dump(file, sort_keys=False))
    return path


def check(orders, parents):
    """Every key is in `parents`, with its own city; fans never have a rating of zero."""
    known = dict(zip(parents["customer_id"].to_pylist(), parents["city"].to_pylist()))
    for key, city, fan in zip(*(orders[name].to_pylist() for name in ("customer_id", "city", "fan"))):
        assert key in known, key
        assert known[key] == city, key
        assert fan in known and fan % 5 > 0, fan
    return set(orders["customer_id"].to_pylist())


def test_a_delta_table_is_a_parent_and_a_restart_sees_its_new_version(tmp_path):
    crm = tmp_path / "crm"
    write_deltalake(crm, customers(1000, 1040))
    path = write(tmp_path, {"type": "delta", "path": "crm"})
    succeed(tmp_path, "serve", path, "--output", "lake", "--ticks", 3, *ANY_PORT)
    first = lake.sorted_rows(tmp_path / "lake" / "orders", "order_id")
    assert first.num_rows == 200 + 3 * 100
    assert max(check(first, DeltaTable(crm).to_pyarrow_table())) < 1040
    # Appended to, and cleaned of its first rows, by another program.
    write_deltalake(crm, customers(5000, 5100), mode="append")
    succeed(tmp_path, "serve", path, "--output", "lake", "--ticks", 5, *ANY_PORT)
    second = lake.sorted_rows(tmp_path / "lake" / "orders", "order_id")
    assert second.slice(0, first.num_rows).equals(first), "rows that were made have changed"
    fresh = second.slice(first.num_rows)
    assert fresh.num_rows == 200
    assert max(check(fresh, DeltaTable(crm).to_pyarrow_table())) >= 5000, "new customers get no orders"
    DeltaTable(crm).delete("customer_id < 5000")
    succeed(tmp_path, "serve", path, "--output", "lake", "--ticks", 7, *ANY_PORT)
    third = lake.sorted_rows(tmp_path / "lake" / "orders", "order_id")
    assert third.slice(0, second.num_rows).equals(second), "rows that were made have changed"
    assert min(check(third.slice(second.num_rows), DeltaTable(crm).to_pyarrow_table())) >= 5000


def test_parquet_files_are_a_parent(tmp_path):
    folder = tmp_path / "crm"
    folder.mkdir()
    pq.write_table(customers(0, 30), folder / "a.parquet", row_group_size=7)
    pq.write_table(customers(100, 120), folder / "b.parquet")
    path = write(tmp_path, {"type": "parquet", "path": "crm/*.parquet"}, rows=2000)
    succeed(tmp_path, "generate", path, "--output", "out", "--format", "parquet")
    orders = pq.read_table(tmp_path / "out" / "orders.parquet")
    parents = pa.concat_tables([customers(0, 30), customers(100, 120)])
    assert check(orders, parents) == set(parents["customer_id"].to_pylist())
    # The same rows in any chunks, and from a part of the range.
    succeed(tmp_path, "generate", path, "--output", "again", "--format", "parquet", "--chunk-size", 13)
    assert pq.read_table(tmp_path / "again" / "orders.parquet").equals(orders)
    # Files that are not the same any more stop a pipeline that has seen them.
    succeed(tmp_path, "serve", path, "--output", "lake", "--ticks", 1, *ANY_PORT)
    pq.write_table(customers(0, 300), folder / "a.parquet")
    changed = run(tmp_path, "serve", path, "--output", "lake", "--ticks", 2, *ANY_PORT)
    assert changed.code != 0 and "when they were read" in changed.stderr, changed.stderr


def test_each_unique_key_is_taken_once(tmp_path):
    write_deltalake(tmp_path / "crm", customers(0, 200))
    columns = {"order_id": "row_id", "customer_id": 'foreign_key("crm", "customer_id", is_unique=True)'}
    path = write(tmp_path, {"type": "delta", "path": "crm"}, columns)
    succeed(tmp_path, "generate", path, "--output", "out", "--format", "parquet")
    keys = pq.read_table(tmp_path / "out" / "orders.parquet")["customer_id"].to_pylist()
    assert sorted(keys) == list(range(200)) and keys != sorted(keys)


def test_a_delta_source_is_refused_as_a_stream(tmp_path):
    file = "sources: {crm: {type: delta, path: crm}}\nsinks: {out: {from: crm, type: noop}}\n"
    (tmp_path / "file.yaml").write_text(file)
    refused = run(tmp_path, "validate", "file.yaml")
    assert refused.code == 2 and "cannot be read as a stream yet" in refused.stderr, refused.stderr
    write(tmp_path, {"type": "delta", "path": "nowhere"})
    missing = run(tmp_path, "validate", "shop.yaml")
    assert missing.code != 0 and "there is no Delta table in nowhere" in missing.stderr, missing.stderr
