"""Compaction: beside appends under `serve`, and by `millstream compact`; readers notice nothing but fewer files."""

import threading

from deltalake import DeltaTable
from support import config, lake
from support.process import ANY_PORT, run, succeed


def fast_shop(compact):
    shop = config.shop(
        {"customers": 50, "orders": 200, "payments": 100},
        {"customers": 600, "orders": 6000, "payments": 3000},
        tick_interval="50ms",
    )
    shop["sinks"]["lake"]["compact"] = compact
    return shop


class Reader(threading.Thread):
    """Counts the rows of a table again and again: they never become fewer, and are keys 1, 2, 3 …"""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.over, self.wrong, self.reads = path, threading.Event(), [], 0

    def run(self):
        newest = 0
        while not self.over.is_set():
            try:
                if not DeltaTable.is_deltatable(str(self.path)):
                    continue
                rows = DeltaTable(self.path).to_pyarrow_table()
                if rows.num_rows < newest:
                    self.wrong.append(f"{newest} rows, then {rows.num_rows}")
                lake.check_keys(rows["order_id"], "a read")
                newest, self.reads = rows.num_rows, self.reads + 1
            except (AssertionError, Exception) as error:  # noqa: BLE001: whatever a reader is told is a failure
                self.wrong.append(repr(error))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def operations(path):
    return [commit["operation"] for commit in DeltaTable(path).history()]


def test_serve_compacts_beside_its_appends(tmp_path, full, say):
    ticks = 1200 if full else 150
    shop = fast_shop({"after_files": 8})
    path, tables = config.write(tmp_path, shop), config.tables(shop)
    orders = tmp_path / "lake" / "orders"
    with Reader(orders) as reader:
        succeed(tmp_path, "serve", path, "--ticks", ticks, *ANY_PORT, seconds=300)
    assert not reader.wrong, reader.wrong[:3]
    assert "OPTIMIZE" in operations(orders)
    files = len(DeltaTable(orders).file_uris())
    assert files < ticks / 3, files
    # Exact rows, keys, copies and no orphans at every version, those of compactions included.
    history = lake.check(tmp_path / "lake", tables)
    for table in tables.values():
        assert history[table.name][-1].rows.num_rows == table.rows_after(ticks), table.name
    say(f"{reader.reads} reads; {operations(orders).count('OPTIMIZE')} compactions; {files} files after {ticks} ticks")


def test_the_command_compacts_a_lake_and_serve_goes_on(tmp_path):
    shop = fast_shop(False)
    path, tables = config.write(tmp_path, shop), config.tables(shop)
    succeed(tmp_path, "serve", path, "--ticks", 20, *ANY_PORT)
    orders = tmp_path / "lake" / "orders"
    assert "OPTIMIZE" not in operations(orders)
    before = lake.sorted_rows(orders, "order_id")
    files = len(DeltaTable(orders).file_uris())
    dry = succeed(tmp_path, "compact", "lake", "--dry-run")
    assert f"orders: {files} files of {files}" in dry.stdout and "would become 1" in dry.stdout, dry
    assert len(DeltaTable(orders).file_uris()) == files
    done = succeed(tmp_path, "compact", "lake")
    assert "became 1" in done.stdout, done
    assert len(DeltaTable(orders).file_uris()) == 1
    assert lake.latest(orders).combine_chunks().equals(before), "other rows, or another order"
    assert "nothing to compact" in succeed(tmp_path, "compact", "lake/orders", "--target-file-size", "1GiB").stdout
    # Without its state, the pipeline finds in the tables where it was.
    for file in (tmp_path / ".millstream").iterdir():
        file.unlink()
    succeed(tmp_path, "serve", path, "--ticks", 40, *ANY_PORT)
    history = lake.check(tmp_path / "lake", tables)
    for table in tables.values():
        assert history[table.name][-1].rows.num_rows == table.rows_after(40), table.name
    refused = run(tmp_path, "compact", "nowhere")
    assert refused.code == 2 and "hint:" in refused.stderr, refused
