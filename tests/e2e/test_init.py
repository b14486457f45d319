"""`init`: a file of tables that makes rows like those of a sample."""

import csv
import json
import random
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from deltalake import write_deltalake
from support.process import run, succeed

CUSTOMERS = 400
ORDERS = 4000


@pytest.fixture
def samples(tmp_path):
    """Customers as Parquet, their orders as CSV, deliveries as Delta: written by other programs than ours."""
    draw = random.Random(5)
    ids = list(range(1001, 1001 + CUSTOMERS))
    customers = pa.table(
        {
            "customer_id": pa.array(ids),
            "first_name": [draw.choice(["Ann", "Bob", "Cid"]) + str(n) for n in range(CUSTOMERS)],
            "email": [f"user{n}@example.com" for n in range(CUSTOMERS)],
            "tier": draw.choices(["free", "pro"], weights=[4, 1], k=CUSTOMERS),
            "credit": pa.array([Decimal(draw.randint(0, 10**6)) / 100 for _ in range(CUSTOMERS)], pa.decimal128(10, 2)),
            "tags": [["x", "y"][: draw.randint(0, 2)] for _ in range(CUSTOMERS)],
        }
    )
    pq.write_table(customers, tmp_path / "customers.parquet")
    popular = [id for rank, id in enumerate(ids, 1) for _ in range(1 + int(2000 / rank**1.2))]
    with open(tmp_path / "orders.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_no", "customer_id", "amount", "note", "placed_on"])
        for n in range(ORDERS):
            amount = "NA" if n % 10 == 0 else round(draw.gauss(50, 8), 2)
            day = f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
            writer.writerow([f"ORD-{n:06d}", draw.choice(popular), amount, "it's \"fine\": really", day])
    deliveries = pa.table({"delivery_id": list(range(1, 501)), "weight": [draw.uniform(1, 9) for _ in range(500)]})
    write_deltalake(tmp_path / "deliveries", deliveries)
    return tmp_path


def test_the_tables_are_like_the_samples(samples):
    sources = [part for name in ("customers.parquet", "orders.csv", "deliveries") for part in ("--from", name)]
    succeed(samples, "init", *sources)
    tables = {t["table_name"]: t for t in yaml.safe_load((samples / "tables.yaml").read_text())["tables"]}
    assert {name: t["row_count"] for name, t in tables.items()} == {
        "customers": CUSTOMERS,
        "orders": ORDERS,
        "deliveries": 500,
    }
    columns = {f"{n}.{c['column_name']}": c for n, t in tables.items() for c in t["columns"]}
    assert columns["customers.customer_id"]["is_primary_key"] and tables["customers"]["start_row_id"] == 1001
    assert columns["orders.order_no"]["data"] == 'f"ORD-{row_id:06d}"'
    assert columns["orders.customer_id"]["data"].startswith('foreign_key("customers", "customer_id", distribution="zipf"')
    assert columns["orders.amount"]["null_percentage"] == pytest.approx(0.1)
    assert "gauss" in columns["orders.amount"]["data"]
    assert columns["customers.credit"]["type"] == "decimal(10, 2)"

    succeed(samples, "validate", "tables.yaml")
    succeed(samples, "generate", "tables.yaml", "--format", "jsonl", "--output", "out")
    rows = [json.loads(line) for line in open(samples / "out" / "orders.jsonl")]
    assert len(rows) == ORDERS and rows[0].keys() == {"order_no", "customer_id", "amount", "note", "placed_on"}
    assert all(1001 <= row["customer_id"] < 1001 + CUSTOMERS for row in rows)
    assert sum(row["amount"] is None for row in rows) == ORDERS // 10
    amounts = [row["amount"] for row in rows if row["amount"] is not None]
    assert sum(amounts) / len(amounts) == pytest.approx(50, abs=1)
    assert {row["note"] for row in rows} == {"it's \"fine\": really"}
    assert all(row["placed_on"].startswith("2025-") for row in rows)


def test_the_starter_is_a_file_that_runs(tmp_path):
    succeed(tmp_path, "init")
    succeed(tmp_path, "generate", "tables.yaml", "--format", "csv", "--output", "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["customers.csv", "orders.csv"]


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        ([], 2, "is there already"),
        (["--from", "nothing.csv", "new.yaml"], 3, "nothing.csv"),
        (["--from", "empty.csv", "new.yaml"], 3, "no rows to learn from"),
        (["--from", ".", "new.yaml"], 3, "holds no Delta table"),
        (["--from", "bad.avsc", "new.yaml"], 2, "not the schema of a table"),
    ],
)
def test_what_cannot_be_learnt_from_is_said(tmp_path, arguments, code, words):
    (tmp_path / "tables.yaml").write_text("mine\n")
    (tmp_path / "empty.csv").write_text("a,b\n")
    (tmp_path / "bad.avsc").write_text('"string"')
    process = run(tmp_path, "init", *arguments)
    assert process.code == code and words in process.stderr, process
    assert (tmp_path / "tables.yaml").read_text() == "mine\n" and not (tmp_path / "new.yaml").exists()
