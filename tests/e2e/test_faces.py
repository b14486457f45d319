"""The verbs that write nothing, and the seed's own snippets."""

import re

import pytest
from support import EXAMPLES, config, lake
from support.process import ANY_PORT, run, succeed

FILES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_examples_are_valid(airport, path):
    done = run(airport, "validate", path)
    assert done.code == 0, done
    assert [path.name for path in airport.iterdir()] == ["data"], "validate wrote something"


def test_explain_says_what_each_sink_promises(airport):
    shop = succeed(airport, "explain", EXAMPLES / "shop.yaml")
    for word in ("customers", "orders", "payments", "lake", "Delta", "exactly-once"):
        assert word in shop.stdout, shop
    flights = succeed(airport, "explain", EXAMPLES / "flights.yaml")
    for word in ("csv", "arrived", "flown", "slim", "parquet", "jsonl", "exactly-once", "infer"):
        assert word in flights.stdout, flights
    assert [path.name for path in airport.iterdir()] == ["data"], "explain wrote something"


def test_preview_shows_rows_and_writes_nothing(airport):
    shop = succeed(airport, "preview", EXAMPLES / "shop.yaml")
    for word in ("customers", "customer_email", "paid_at", "@example.com"):
        assert word in shop.stdout, shop
    flights = succeed(airport, "preview", EXAMPLES / "flights.yaml")
    assert "EWR-IAH" in flights.stdout, flights
    assert [path.name for path in airport.iterdir()] == ["data"], "preview wrote something"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(tmp_path, shell):
    script = succeed(tmp_path, "completions", shell).stdout
    assert all(verb in script for verb in ("run", "serve", "generate", "validate", "explain", "preview"))


def test_help_and_version(tmp_path):
    assert succeed(tmp_path, "--version").stdout.startswith("millstream ")
    assert "serve" in succeed(tmp_path, "--help").stdout


# The snippets of the seed, to the letter where they are YAML. `tick_interval` is not in them: it is 10 s by default.
QUICK_START = """\
version: 1
config:
  locale: en_US
  seed: 42
tables:
  - table_name: person
    row_count: 100
    update_policy: append
    cadence:
      rows_per_minute: 60
      enabled: true
    columns:
      - column_name: id
        data: row_id
        is_primary_key: true
      - column_name: email
        data: fake.email()
"""

# Strictly, YAML ends a plain value inside braces at a comma. The seed leaves the quotes out, and so may users.
FOREIGN_KEYS = """\
tables:
  - table_name: customers
    update_policy: append
    cadence:
      rows_per_minute: 10
    columns:
      - {column_name: id, data: row_id, is_primary_key: true}
      - {column_name: email, data: fake.email()}

  - table_name: orders
    update_policy: append
    cadence:
      rows_per_minute: 50  # More orders than customers
    columns:
      - {column_name: order_id, data: row_id, is_primary_key: true}
      - {column_name: customer_id, data: foreign_key("customers", "id")}
      - {column_name: customer_email, data: copy_from_fk("customer_id", "customers", "email")}
"""

ZIPF = FOREIGN_KEYS.replace(
    """{column_name: customer_id, data: foreign_key("customers", "id")}""",
    """column_name: customer_id
        data: foreign_key("customers", "id", distribution="zipf", param=1.2)
        # Popular customers get more orders (Zipf distribution)""",
)

# As the author meant it: the seed shows these three tables without columns.
CADENCES = """\
tables:
  - table_name: high_volume_events
    cadence:
      rows_per_minute: 600  # High frequency
    columns: [{column_name: id, data: row_id, is_primary_key: true}]

  - table_name: daily_summaries
    cadence:
      rows_per_minute: 1    # Low frequency
    columns: [{column_name: id, data: row_id, is_primary_key: true}]

  - table_name: countries
    update_policy: disabled  # Static
    columns: [{column_name: id, data: row_id, is_primary_key: true}]
"""


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        # One tick of ten seconds: a sixth of a minute's rows on top of `row_count`, which is 10 by default.
        (QUICK_START, {"person": 110}),
        (FOREIGN_KEYS, {"customers": 11, "orders": 18}),
        (ZIPF, {"customers": 11, "orders": 18}),
        (CADENCES, {"high_volume_events": 110, "daily_summaries": 10, "countries": 10}),
    ],
    ids=["quick start", "foreign keys", "zipf", "cadences"],
)
def test_the_seeds_snippets_serve(tmp_path, snippet, expected):
    path = tmp_path / "streaming_config.yaml"
    path.write_text(snippet)
    succeed(tmp_path, "serve", path, "--output", "./delta_tables", "--ticks", 1, *ANY_PORT)
    parsed = config.yaml.safe_load(re.sub(r"data: (\w+\(.*,.*\))}", r"data: '\1'}", snippet))
    history = lake.check(tmp_path / "delta_tables", config.tables({"config": {}} | parsed))
    assert {name: versions[-1].rows.num_rows for name, versions in history.items()} == expected
