"""`serve`: cadence, references at every version, the lease, draining, and what HTTP says."""

import datetime
import json
import re
import urllib.error
import urllib.request

import pytest
from support import EXAMPLES, config, lake
from support.process import ANY_PORT, Millstream, run, succeed
from support.waiting import wait_until

SHOP = EXAMPLES / "shop.yaml"
START = datetime.datetime(2026, 1, 5, 8, tzinfo=datetime.timezone.utc)


def test_the_shop_is_exact_and_without_orphans_at_every_version(tmp_path, full, say):
    ticks = 60 if full else 12
    done = succeed(tmp_path, "serve", SHOP, "--ticks", ticks, *ANY_PORT, "--report", "json", seconds=ticks * 3 + 60)
    tables = config.tables(config.load("shop.yaml"))
    history = lake.check(tmp_path / "lake", tables)
    for table in tables.values():
        newest = history[table.name][-1].rows
        assert newest.num_rows == table.rows_after(ticks), table.name
        lake.check_tick_times(newest, table, START)
    report = done.report()
    assert report["status"] == "completed" and report["pipeline"] == "shop"
    rows = sum(table.rows_after(ticks) for table in tables.values())
    assert report["totals"]["rows_in"] == report["totals"]["rows_out"] == rows
    assert sorted(sink["stream"] for sink in report["sinks"]) == sorted(tables)
    read = {name: len(all_versions) for name, all_versions in history.items()}
    say(f"{ticks} ticks; versions read: {read}")


def test_odd_rates_lose_no_fraction_of_a_row(tmp_path):
    rates = {"customers": 7, "orders": 599, "payments": 1}
    shop = config.shop({"customers": 3, "orders": 0, "payments": 0}, rates, tick_interval="100ms")
    succeed(tmp_path, "serve", config.write(tmp_path, shop), "--ticks", 100, *ANY_PORT)
    tables = config.tables(shop)
    # 7, 599 and 1 rows a minute, after ten seconds.
    assert [table.rows_after(100) for table in tables.values()] == [3 + 1, 99, 0]
    present = {name: table for name, table in tables.items() if table.rows_after(100)}
    lake.check(tmp_path / "lake", present)
    assert [lake.count(tmp_path / "lake" / name) for name in tables] == [4, 99, 0]


def test_children_of_a_paused_parent_go_on(tmp_path):
    shop = config.shop({"customers": 5}, {"customers": 0}, tick_interval="100ms")
    shop["tables"][1]["cadence"]["enabled"] = False
    succeed(tmp_path, "serve", config.write(tmp_path, shop), "--ticks", 10, *ANY_PORT)
    tables = config.tables(shop)
    lake.check(tmp_path / "lake", tables)
    counts = {name: lake.count(tmp_path / "lake" / name) for name in tables}
    assert counts == {"customers": 5, "orders": 10000, "payments": 8000 + 1250 // 60}


def test_a_disabled_table_is_made_once_also_after_a_restart(tmp_path):
    seed = config.load("seed_streaming.yaml")
    seed["config"]["tick_interval"] = "200ms"
    path, tables = config.write(tmp_path, seed), config.tables(seed)
    for ticks in (5, 10):
        succeed(tmp_path, "serve", path, "--output", "tables", "--ticks", ticks, *ANY_PORT)
        history = lake.check(tmp_path / "tables", tables)
        for table in tables.values():
            assert history[table.name][-1].rows.num_rows == table.rows_after(ticks), table.name
    assert history["countries"][-1].rows.num_rows == 10


def test_the_first_rows_are_those_that_generate_makes(tmp_path):
    succeed(tmp_path, "serve", SHOP, "--ticks", 1, *ANY_PORT)
    succeed(tmp_path, "generate", SHOP, "--output", "bounded", "--format", "delta")
    for table in config.tables(config.load("shop.yaml")).values():
        served = lake.sorted_rows(tmp_path / "lake" / table.name, table.key).slice(0, table.row_count)
        bounded = lake.sorted_rows(tmp_path / "bounded" / table.name, table.key)
        assert served.equals(bounded), table.name


def test_interrupt_drains_and_a_restart_goes_on(tmp_path):
    shop = config.shop(tick_interval="100ms")
    path, tables = config.write(tmp_path, shop), config.tables(shop)
    with Millstream(tmp_path, "serve", path, *ANY_PORT, "--report", "json") as server:
        wait_until(lambda: lake.count(tmp_path / "lake" / "payments") > 8000, "a tick of payments")
        server.interrupt()
        assert server.wait(30) == 0, server
        report = server.report()
    assert report["status"] == "stopped"
    history = lake.check(tmp_path / "lake", tables)
    rows = {name: versions[-1].rows.num_rows for name, versions in history.items()}
    # Nothing that was generated was lost, and all tables stopped at the same tick.
    assert report["totals"]["rows_in"] == report["totals"]["rows_out"] == sum(rows.values())
    stopped = tables["orders"].tick_of(rows["orders"])
    assert rows == {name: table.rows_after(stopped) for name, table in tables.items()}

    ticks = stopped + 10
    succeed(tmp_path, "serve", path, "--ticks", ticks, *ANY_PORT)
    history = lake.check(tmp_path / "lake", tables)
    for table in tables.values():
        assert history[table.name][-1].rows.num_rows == table.rows_after(ticks), table.name


def test_a_second_process_is_refused(tmp_path):
    with Millstream(tmp_path, "serve", SHOP, *ANY_PORT) as first:
        first.url()
        wait_until(lambda: lake.count(tmp_path / "lake" / "payments") > 0, "the first rows")
        second = run(tmp_path, "serve", SHOP, *ANY_PORT)
        assert second.code == 5, second
        assert re.search(rf"\b{first.pid}\b", second.stderr), second
        assert re.search(r"since \d{4}-\d\d-\d\d[T ]\d\d:\d\d", second.stderr), second
        assert "hint:" in second.stderr and second.stdout == "", second
        # The refusal did not disturb the first.
        before = lake.count(tmp_path / "lake" / "orders")
        wait_until(lambda: lake.count(tmp_path / "lake" / "orders") > before, "the first process to go on")
        first.interrupt()
        assert first.wait(30) == 0, first
    lake.check(tmp_path / "lake", config.tables(config.load("shop.yaml")))


def get(url):
    """Status, type and body of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"], error.read().decode()


def test_http_tells_how_it_goes(tmp_path):
    path = config.write(tmp_path, config.shop(tick_interval="200ms"))
    with Millstream(tmp_path, "serve", path, *ANY_PORT) as server:
        url = server.url()
        assert get(f"{url}/healthz")[0] == 200
        wait_until(lambda: get(f"{url}/readyz")[0] == 200, "readiness")

        def status():
            code, kind, body = get(f"{url}/api/v1/status")
            assert code == 200 and kind.startswith("application/json"), (code, kind, body)
            return json.loads(body)

        later = wait_until(lambda: (now := status())["epoch"] >= 3 and now, "the third epoch")
        assert later["status"] == "active"
        tables = {table["name"]: table for table in later["tables"]}
        assert {name: table["rows_per_minute"] for name, table in tables.items()} == {
            "customers": 120,
            "orders": 1500,
            "payments": 1250,
        }
        assert tables["orders"]["rows"] >= 10000
        # The server never claims more than readers of the lake can see.
        assert tables["orders"]["rows"] <= lake.count(tmp_path / "lake" / "orders")

        code, kind, metrics = get(f"{url}/metrics")
        assert code == 200 and kind.startswith("text/plain")
        families = dict(re.findall(r"^# TYPE (millstream_\w+) (\w+)$", metrics, re.M))
        for name in ("millstream_sink_rows_total", "millstream_source_rows_total", "millstream_epoch"):
            assert families.get(name) == ("counter" if name.endswith("_total") else "gauge"), families
        sample = re.search(r"^millstream_sink_committed_rows_total\{[^}]*orders[^}]*\} (\S+)$", metrics, re.M)
        assert sample and float(sample[1]) >= 10000, metrics

        assert get(f"{url}/no/such/page")[0] == 404
        assert server.stdout == ""
        server.interrupt()
        assert server.wait(30) == 0, server


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_beyond_loopback_it_refuses(tmp_path, address):
    refused = run(tmp_path, "serve", SHOP, "--ticks", 1, "--listen", address)
    assert refused.code == 2, refused
    assert "loopback" in refused.stderr and "hint:" in refused.stderr, refused
    assert not (tmp_path / "lake").exists(), "it wrote before it refused"
