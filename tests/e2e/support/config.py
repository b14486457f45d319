"""Config files as data: variants of the examples, and what the tables in them promise."""

import datetime
import json
import re
from dataclasses import dataclass, field
from fractions import Fraction

import yaml

from . import EXAMPLES


def load(name):
    """An example, as a dictionary."""
    return yaml.safe_load((EXAMPLES / name).read_text())


def write(folder, config, name="config.yaml"):
    """Writes a config where a test can use it. JSON is YAML too."""

    def spell(value):
        assert isinstance(value, (datetime.datetime, datetime.date)), value
        return value.isoformat().replace("+00:00", "Z")

    path = folder / name
    path.write_text(json.dumps(config, indent=1, default=spell))
    return path


def shop(row_counts=None, rates=None, tick_interval=None, lake=None):
    """The shop, with other row counts, rates (rows per minute, by table), tick or place."""
    config = load("shop.yaml")
    for table in config["tables"]:
        name = table["table_name"]
        table["row_count"] = (row_counts or {}).get(name, table["row_count"])
        table["cadence"]["rows_per_minute"] = (rates or {}).get(name, table["cadence"]["rows_per_minute"])
    if tick_interval:
        config["config"]["tick_interval"] = tick_interval
    if lake:
        config["sinks"]["lake"]["path"] = lake
    return config


@dataclass(frozen=True)
class Link:
    """A foreign key of a table, and the columns that are copied along it (own name -> the parent's name)."""

    column: str
    parent: str
    parent_key: str
    copies: dict


@dataclass(frozen=True)
class Table:
    """What the config says about a generated table."""

    name: str
    key: str
    row_count: int
    rows_per_minute: Fraction
    tick: Fraction  # seconds
    links: list = field(default_factory=list)
    tick_times: list = field(default_factory=list)

    def rows_after(self, ticks):
        """S-65: how many rows there are after so many ticks."""
        return self.row_count + int(self.rows_per_minute * ticks * self.tick / 60)

    def tick_of(self, rows):
        """The first tick after which there are at least `rows` rows."""
        missing = rows - self.row_count
        if missing <= 0:
            return 0
        ticks = Fraction(60 * missing) / (self.rows_per_minute * self.tick)
        return -(-ticks.numerator // ticks.denominator)


FOREIGN_KEY = re.compile(r"""^foreign_key\(\s*["'](\w+)["'],\s*["'](\w+)["']""")
COPY = re.compile(r"""^copy_from_fk\(\s*["'](\w+)["'],\s*["'](\w+)["'],\s*["'](\w+)["']\s*\)$""")


def tables(config):
    """The tables of a config, by name."""
    tick = duration(config["config"].get("tick_interval", "10s"))
    return {table["table_name"]: _table(table, tick) for table in config["tables"]}


def _table(table, tick):
    columns = {column["column_name"]: column["data"] for column in table["columns"]}
    copies = {name: COPY.match(data) for name, data in columns.items()}
    links = []
    for name, data in columns.items():
        if found := FOREIGN_KEY.match(data):
            along = {own: copy[3] for own, copy in copies.items() if copy and copy[1] == name}
            links.append(Link(name, found[1], found[2], along))
    cadence = table.get("cadence", {})
    grows = cadence.get("enabled", True) and table.get("update_policy", "append") == "append"
    return Table(
        name=table["table_name"],
        key=next(column["column_name"] for column in table["columns"] if column.get("is_primary_key")),
        row_count=table.get("row_count", 10),
        rows_per_minute=Fraction(cadence.get("rows_per_minute", 60)) if grows else Fraction(0),
        tick=tick,
        links=links,
        tick_times=[name for name, data in columns.items() if data == "tick_time()"],
    )


def duration(text):
    """`250ms` in seconds."""
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m)", text).groups()
    return Fraction(number) * {"ms": Fraction(1, 1000), "s": 1, "m": 60}[unit]
