"""`update_policy: replace`: readers see one generation or the other, whatever happens to the writer."""

import json
import threading

import duckdb
from deltalake import DeltaTable
from support import config, lake
from support.process import ANY_PORT, Millstream, run, succeed
from support.waiting import wait_until

# `generation` is the same for all rows of a generation, and another one for each: it is drawn from one row alone.
SHOP = {
    "version": 1,
    "name": "prices",
    "config": {"seed": 7, "start": "2026-01-05T08:00:00Z", "tick_interval": "100ms"},
    "tables": [
        {
            "table_name": "versions",
            "row_count": 1,
            "update_policy": "replace",
            "columns": [
                {"column_name": "id", "data": "row_id", "is_primary_key": True},
                {"column_name": "mark", "data": "random.randint(1, 10**15)"},
            ],
        },
        {
            "table_name": "prices",
            "row_count": 5000,
            "update_policy": "replace",
            "columns": [
                {"column_name": "sku", "data": "row_id", "is_primary_key": True},
                {"column_name": "version", "data": 'foreign_key("versions", "id")'},
                {"column_name": "mark", "data": 'copy_from_fk("version", "versions", "mark")'},
                {"column_name": "price", "data": "random.randint(1, 1000)"},
            ],
        },
        {
            "table_name": "sales",
            "row_count": 20,
            "cadence": {"rows_per_minute": 6000},
            "columns": [
                {"column_name": "id", "data": "row_id", "is_primary_key": True},
                {"column_name": "sku", "data": 'foreign_key("prices", "sku")'},
            ],
        },
    ],
    "sinks": {"lake": {"from": ["versions", "prices", "sales"], "type": "delta", "path": "lake", "retention": "1h"}},
}


def shop(**changes):
    return {**json.loads(json.dumps(SHOP)), **changes}


class Reader(threading.Thread):
    """Reads a table again and again, as a user would who knows nothing of the writer."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.over = path, threading.Event()
        self.reads, self.versions, self.marks, self.wrong = 0, set(), [], []

    def run(self):
        while not self.over.is_set():
            try:
                if not DeltaTable.is_deltatable(str(self.path)):
                    continue
                table = DeltaTable(self.path)
                rows = table.to_pyarrow_table()
                marks = set(rows["mark"].to_pylist())
                if rows.num_rows != 5000 or len(marks) != 1:
                    self.wrong.append(f"version {table.version()}: {rows.num_rows} rows of {len(marks)} generations")
                if self.marks[-1:] != [marks.copy().pop()]:
                    self.marks.append(marks.pop())
                self.versions.add(table.version())
                self.reads += 1
            except Exception as error:  # noqa: BLE001: whatever a reader is told is a failure
                self.wrong.append(repr(error))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def generations(path):
    """The generation of each version, oldest first."""
    commits = sorted(DeltaTable(path).history(), key=lambda commit: commit["version"])
    return [commit["millstream.generation"] for commit in commits]


def marks(path):
    """The mark of each version."""
    table = DeltaTable(path)
    every = []
    for version in range(table.version() + 1):
        found = set(DeltaTable(path, version=version).to_pyarrow_table()["mark"].to_pylist())
        assert len(found) == 1, f"version {version}: {len(found)} generations"
        every.extend(found)
    return every


def test_a_reader_never_sees_a_mix_and_kills_neither_skip_nor_repeat(tmp_path, full, dice, say):
    path = config.write(tmp_path, shop())
    prices = tmp_path / "lake" / "prices"
    kills, ticks = (12, 400) if full else (4, 60)
    with Reader(prices) as reader:
        for _ in range(kills):
            before = len(generations(prices)) if prices.exists() and DeltaTable.is_deltatable(str(prices)) else 0
            enough = before + dice.randint(1, 6)
            with Millstream(tmp_path, "serve", path, *ANY_PORT) as server:
                wait_until(
                    lambda: DeltaTable.is_deltatable(str(prices)) and len(generations(prices)) >= enough,
                    f"generation {enough}",
                    every=dice.uniform(0.001, 0.02),
                )
                server.kill()
        succeed(tmp_path, "serve", path, "--ticks", ticks, *ANY_PORT)
        wait_until(lambda: reader.wrong or max(reader.versions, default=0) >= ticks, "the reader to see the end")
    assert not reader.wrong, reader.wrong[:5]
    assert generations(prices) == list(range(ticks + 1))
    versions = marks(tmp_path / "lake" / "versions")
    assert marks(prices) == versions and len(set(versions)) == ticks + 1
    # The reader saw them in their order, each once.
    assert [mark for mark in versions if mark in set(reader.marks)] == reader.marks
    # The same values as in a run that nobody killed.
    other = tmp_path / "undisturbed"
    other.mkdir()
    succeed(other, "serve", path, "--ticks", ticks, *ANY_PORT)
    assert marks(other / "lake" / "versions") == versions
    assert lake.sorted_rows(other / "lake" / "prices", "sku").equals(lake.sorted_rows(prices, "sku"))
    # Children of the row ids have no orphans, at no version.
    for version in lake.versions(tmp_path / "lake" / "sales"):
        assert all(1 <= sku <= 5000 for sku in version.rows["sku"].to_pylist()), version.number
        lake.check_keys(version.rows["id"], f"sales, version {version.number}")
    assert lake.latest(tmp_path / "lake" / "sales").num_rows == 20 + 10 * ticks
    say(f"{reader.reads} reads of {len(reader.versions)} versions beside {kills} kills")


def test_old_files_are_removed_and_readers_go_on(tmp_path):
    changed = shop()
    # Longer than any read takes, however busy the machine is.
    changed["sinks"]["lake"]["retention"] = "4s"
    path = config.write(tmp_path, changed)
    prices = tmp_path / "lake" / "prices"
    with Reader(prices) as reader:
        succeed(tmp_path, "serve", path, "--ticks", 100, *ANY_PORT)
    assert not reader.wrong, reader.wrong[:5]
    assert DeltaTable(prices).version() == 100
    files = [file.name for file in prices.glob("*.parquet")]
    assert 1 <= len(files) < 80, files
    assert DeltaTable(prices).count() == 5000


def test_files_are_replaced_too(tmp_path):
    changed = shop()
    changed["tables"] = changed["tables"][:2]
    changed["sinks"] = {
        kind: {"from": ["versions", "prices"], "type": kind, "path": kind} for kind in ("jsonl", "csv", "parquet")
    }
    path = config.write(tmp_path, changed)
    succeed(tmp_path, "serve", path, "--ticks", 5, *ANY_PORT)
    other = tmp_path / "lake-run"
    other.mkdir()
    config.write(other, {**shop(), "tables": changed["tables"], "sinks": {"lake": {**SHOP["sinks"]["lake"], "from": ["versions", "prices"]}}})
    succeed(other, "serve", "config.yaml", "--ticks", 5, *ANY_PORT)
    expected = lake.sorted_rows(other / "lake" / "prices", "sku")
    readers = {"jsonl": "read_json", "csv": "read_csv", "parquet": "read_parquet"}
    for kind, reader in readers.items():
        rows = duckdb.sql(f"select sku, mark, price from {reader}('{tmp_path / kind / f'prices.{kind}'}') order by sku")
        assert rows.fetchall() == list(zip(*(expected[name].to_pylist() for name in ("sku", "mark", "price")))), kind
        assert [file.name for file in (tmp_path / kind).iterdir() if file.name.startswith(".")] == []


def test_it_is_refused_where_rows_cannot_be_taken_back(tmp_path):
    changed = shop(sinks={"out": {"from": "prices", "type": "stdout"}})
    refused = run(tmp_path, "serve", config.write(tmp_path, changed), *ANY_PORT)
    assert refused.code == 2 and "hint:" in refused.stderr and "standard output" in refused.stderr, refused
    changed = shop()
    changed["tables"][2]["columns"].append({"column_name": "price", "data": 'copy_from_fk("sku", "prices", "price")'})
    refused = run(tmp_path, "serve", config.write(tmp_path, changed), *ANY_PORT)
    assert refused.code == 2 and "replaced each cycle" in refused.stderr, refused
