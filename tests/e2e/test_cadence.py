"""Cadences that change: over HTTP while tables grow, in shape, and in speed."""

import collections
import datetime
import json
import time
import urllib.error
import urllib.request

import pytest
from support import config, lake
from support.process import ANY_PORT, Millstream, succeed
from support.waiting import wait_until

START = datetime.datetime(2026, 1, 5, 8, tzinfo=datetime.timezone.utc)


def ask(url, method="GET", body=None, **headers):
    """Status and JSON of an answer."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def two_tables(tmp_path, **settings):
    """A file with two tables of 600 rows a minute, in ticks of 100 ms."""
    table = lambda name: {  # noqa: E731
        "table_name": name,
        "row_count": 10,
        "cadence": {"rows_per_minute": 600},
        "columns": [
            {"column_name": "id", "data": "row_id", "is_primary_key": True},
            {"column_name": "at", "data": "tick_time()"},
        ],
    }
    return {
        "version": 1,
        "name": "two",
        "config": {"seed": 1, "start": "2026-01-05T08:00:00Z", "tick_interval": "100ms", **settings},
        "tables": [table("a"), table("b")],
        "sinks": {"lake": {"from": ["a", "b"], "type": "delta", "path": str(tmp_path / "lake")}},
    }


def count(tmp_path, table):
    return lake.count(tmp_path / "lake" / table)


def test_a_change_over_http_survives_a_kill_and_the_file_wins_when_it_changes(tmp_path):
    document = two_tables(tmp_path)
    path = config.write(tmp_path, document)
    with Millstream(tmp_path, "serve", path, *ANY_PORT) as server:
        api = f"{server.url()}/api/v1/tables"
        wait_until(lambda: count(tmp_path, "a") > 10, "the first tick")
        status, listed = ask(api)
        assert status == 200
        assert [(table["name"], table["rows_per_minute"], table["enabled"]) for table in listed["tables"]] == [
            ("a", 600, True),
            ("b", 600, True),
        ]
        status, changed = ask(f"{api}/a/cadence", "PUT", {"rows_per_minute": 6000.5})
        assert status == 200 and changed["committed"] and changed["changed"], changed
        assert (changed["rows_per_minute"], changed["enabled"]) == (6000.5, True)
        status, paused = ask(f"{api}/b/pause", "POST")
        assert status == 200 and paused["committed"] and not paused["enabled"], paused
        # Answered means committed: nothing else is waited for.
        server.kill()
    stopped = count(tmp_path, "b")

    def served(expected_rate, b_grows):
        with Millstream(tmp_path, "serve", path, *ANY_PORT) as server:
            api = f"{server.url()}/api/v1/tables"
            wait_until(lambda: ask(f"{server.url()}/api/v1/status")[1]["epoch"] > 0, "the first epoch")
            first, second = (ask(f"{api}/{name}")[1] for name in "ab")
            assert (first["rows_per_minute"], second["enabled"]) == (expected_rate, b_grows), (first, second)
            before = count(tmp_path, "a")
            wait_until(lambda: count(tmp_path, "a") > before, "more rows of a")
            if b_grows:
                wait_until(lambda: count(tmp_path, "b") > stopped, "rows of b")
            else:
                assert count(tmp_path, "b") == stopped
            server.kill()

    served(6000.5, b_grows=False)
    # Another part of the file changes, then the cadence of one of the tables.
    document["tables"][1]["columns"][1]["description"] = "when it was due"
    config.write(tmp_path, document)
    served(6000.5, b_grows=False)
    document["tables"][0]["cadence"]["rows_per_minute"] = 1200
    config.write(tmp_path, document)
    served(1200, b_grows=False)
    with Millstream(tmp_path, "serve", path, *ANY_PORT) as server:
        assert ask(f"{server.url()}/api/v1/tables/b/resume", "POST")[0] == 200
        server.kill()
    served(1200, b_grows=True)
    for name in "ab":
        rows = lake.sorted_rows(tmp_path / "lake" / name, "id")
        assert rows["id"].to_pylist() == list(range(1, rows.num_rows + 1)), name
        times = rows["at"].to_pylist()
        assert times == sorted(times)


def test_a_paused_table_has_the_rows_of_its_time(tmp_path):
    path = config.write(tmp_path, two_tables(tmp_path))
    with Millstream(tmp_path, "serve", path, *ANY_PORT, "--report", "json") as server:
        api = f"{server.url()}/api/v1/tables"
        wait_until(lambda: count(tmp_path, "b") > 12, "some ticks")
        assert ask(f"{api}/b/cadence", "PATCH", {"enabled": False})[0] == 200
        paused = ask(f"{api}/b")[1]["rows"]
        ahead = count(tmp_path, "a")
        wait_until(lambda: count(tmp_path, "a") >= ahead + 5, "time to pass")
        assert ask(f"{api}/b")[1]["rows"] == paused == count(tmp_path, "b")
        assert ask(f"{api}/b/resume", "POST")[0] == 200
        wait_until(lambda: count(tmp_path, "b") > paused, "b to go on")
        server.interrupt()
        assert server.wait(30) == 0, server
    # A row each tick: what b lacks is the ticks of the pause.
    assert count(tmp_path, "a") - count(tmp_path, "b") >= 5


def test_wrong_requests_say_what_to_do(tmp_path):
    document = two_tables(tmp_path)
    document["tables"][1]["update_policy"] = "disabled"
    with Millstream(tmp_path, "serve", config.write(tmp_path, document), *ANY_PORT) as server:
        api = f"{server.url()}/api/v1/tables"
        wave = {"shape": {"sine": {"period": "1h", "amplitude": 601}}}
        for status, method, path, body in [
            (404, "GET", "/c", None),
            (404, "PUT", "/c/cadence", {"enabled": False}),
            (404, "POST", "/c/pause", None),
            (404, "GET", "/a/b/c", None),
            (405, "POST", "/a/cadence", {"enabled": False}),
            (405, "GET", "/a/pause", None),
            (400, "PUT", "/a/cadence", {}),
            (400, "PUT", "/a/cadence", {"rows": 5}),
            (400, "PUT", "/a/cadence", {"rows_per_minute": -5}),
            (400, "PUT", "/a/cadence", {"rows_per_minute": "many"}),
            (400, "PUT", "/a/cadence", b"{"),
            (400, "PUT", "/a/cadence", {"shape": {"stairs": {}}}),
            (422, "PUT", "/a/cadence", wave),
            (409, "PUT", "/b/cadence", {"rows_per_minute": 5}),
            (409, "POST", "/b/resume", None),
            (413, "PUT", "/a/cadence", b" " * 100_000),
        ]:
            code, answer = ask(api + path, method, body)
            assert code == status, (method, path, body, code, answer)
            assert answer["error"]["message"] and answer["error"]["hint"], answer
        code, answer = ask(f"{api}/a/cadence", "PUT", {"enabled": False}, content_type="text/plain")
        assert code == 415, answer
        for header in ({"host": "example.org"}, {"origin": "https://example.org"}):
            code, answer = ask(f"{api}/a/pause", "POST", **header)
            assert code == 403 and "another" in answer["error"]["message"], answer
        assert ask(f"{api}/a")[1]["changed"] is False
        server.interrupt()
        assert server.wait(30) == 0, server


@pytest.mark.parametrize("by", ["option", "file"])
def test_a_minute_passes_in_a_second(tmp_path, by):
    (tmp_path / "fast").mkdir(), (tmp_path / "max").mkdir()
    settings = {"tick_interval": "1s", **({"speed": 60} if by == "file" else {})}
    document = two_tables(tmp_path / "fast", **settings)
    option = () if by == "file" else ("--speed", "60")
    path = config.write(tmp_path / "fast", document)
    started = time.monotonic()
    succeed(tmp_path / "fast", "serve", path, "--ticks", 60, *option, *ANY_PORT)
    took = time.monotonic() - started
    # A second of ticks, and the start of the process; a busy machine may need some more, but no minute.
    assert 1 <= took < 20, took
    document["sinks"]["lake"]["path"] = str(tmp_path / "max" / "lake")
    path = config.write(tmp_path / "max", document)
    succeed(tmp_path / "max", "serve", path, "--ticks", 60, "--speed", "max", *ANY_PORT)
    for name in "ab":
        fast, most = (lake.sorted_rows(tmp_path / speed / "lake" / name, "id") for speed in ("fast", "max"))
        assert fast.num_rows == 10 + 600 and fast.equals(most), name


def test_a_day_passes_at_once_and_follows_its_shape(tmp_path):
    document = two_tables(tmp_path, tick_interval="10s")
    document["tables"][0]["cadence"] = {
        "rows_per_minute": 1,
        "shape": {
            "schedule": {"zone": "Europe/Berlin", "windows": [{"at": "0 9-17 * * mon-fri", "rows_per_minute": 60}]}
        },
    }
    document["tables"][1]["cadence"] = {
        "tick_interval": "1h",
        "shape": {"ramp": {"from": 0, "to": 24, "over": "24h"}},
    }
    path = config.write(tmp_path, document)
    # A Monday from 9:00 in Berlin.
    succeed(tmp_path, "serve", path, "--ticks", 8640, "--speed", "max", *ANY_PORT)
    assert count(tmp_path, "a") == 10 + 9 * 3600 + 15 * 60
    assert count(tmp_path, "b") == 10 + 12 * 1440
    rows = lake.sorted_rows(tmp_path / "lake" / "b", "id").slice(10)
    # 30 h^2 rows in h hours, spread over each hour to its very end.
    hours = collections.Counter(-(-(at - START) // datetime.timedelta(hours=1)) for at in rows["at"].to_pylist())
    assert hours == {hour: 30 * hour**2 - 30 * (hour - 1) ** 2 for hour in range(1, 25)}


def test_a_disabled_table_is_made_once_in_five_restarts(tmp_path):
    document = two_tables(tmp_path)
    document["tables"][1]["update_policy"] = "disabled"
    path = config.write(tmp_path, document)
    versions = []
    for run in range(6):
        succeed(tmp_path, "serve", path, "--ticks", 3 * (run + 1), *ANY_PORT)
        assert count(tmp_path, "a") == 10 + 3 * (run + 1)
        rows = lake.sorted_rows(tmp_path / "lake" / "b", "id")
        assert rows["id"].to_pylist() == list(range(1, 11)), run
        versions.append(rows)
    assert all(rows.equals(versions[0]) for rows in versions)
