"""Delta tables, read back with the Python `deltalake` package at every version."""

import datetime
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable


@dataclass(frozen=True)
class Version:
    """A table as readers saw it."""

    number: int
    committed_at: int  # milliseconds since the Unix epoch
    rows: pa.Table


def versions(path):
    """All versions of a table, oldest first."""
    table = DeltaTable(path)
    committed_at = {commit["version"]: commit["timestamp"] for commit in table.history()}
    return [
        Version(number, committed_at[number], DeltaTable(path, version=number).to_pyarrow_table())
        for number in range(table.version() + 1)
    ]


def latest(path):
    """The rows of a table now."""
    return DeltaTable(path).to_pyarrow_table()


def sorted_rows(path, key):
    """The rows of a table now, ordered by key, in one piece: what equality is asked of."""
    return latest(path).sort_by(key).combine_chunks()


def count(path):
    """How many rows a table has got; none if it does not exist yet."""
    return DeltaTable(path).count() if DeltaTable.is_deltatable(str(path)) else 0


def check(lake, tables):
    """Checks every version of every table: exact cadence, keys, orphans, copies (S-60, S-63, S-65, S-67)."""
    history = {name: versions(lake / name) for name in tables}
    for table in tables.values():
        for version in history[table.name]:
            where = f"{table.name}, version {version.number}"
            rows = version.rows.num_rows
            # Before its first rows, a table may be there with its columns alone.
            if rows:
                assert table.rows_after(table.tick_of(rows)) == rows, f"{where}: {rows} rows at no tick"
            check_keys(version.rows[table.key], where)
            for link in table.links:
                _check_link(table, version, link, history[link.parent], tables[link.parent], where)
        counts = [version.rows.num_rows for version in history[table.name]]
        assert counts == sorted(counts), f"{table.name} shrank: {counts}"
        newest = history[table.name][-1].rows.sort_by(table.key)
        for link in table.links:
            _check_visibility(table, newest, link, tables[link.parent])
    return history


def check_keys(keys, where):
    """Keys are row ids: 1, 2, 3 … once each. A repeated or a missing row shows here."""
    expected = pa.array(range(1, len(keys) + 1), pa.int64())
    assert keys.combine_chunks().sort().equals(expected), (
        f"{where}: {len(keys)} rows, {pc.count_distinct(keys).as_py()} distinct keys, {pc.min_max(keys)}"
    )


def _check_link(table, version, link, parents, parent_table, where):
    """No orphans and true copies, against two readings of which parent a reader sees with this child."""
    if not version.rows.num_rows:
        return
    ticks = table.tick_of(version.rows.num_rows)
    readings = {
        # What a reader who looked at the instant of the child's commit saw.
        "committed before it": [p for p in parents if p.committed_at <= version.committed_at],
        # The strictest: not a parent row more than those of the same tick.
        "of the same tick": [p for p in parents if p.rows.num_rows <= parent_table.rows_after(ticks)],
    }
    for reading, candidates in readings.items():
        assert candidates, f"{where}: no version of {link.parent} {reading}"
        parent = candidates[-1].rows
        what = f"{where}: {link.column} against {link.parent}, version {candidates[-1].number}, {reading}"
        keys = version.rows[link.column].combine_chunks()
        indices = pc.index_in(keys, parent[link.parent_key].combine_chunks())
        assert keys.null_count == 0, f"{what}: {keys.null_count} nulls"
        orphans = keys.filter(pc.is_null(indices))
        assert len(orphans) == 0, f"{what}: {len(orphans)} orphans, such as {orphans[:3].to_pylist()}"
        for own, attribute in link.copies.items():
            original = parent[attribute].combine_chunks().take(indices)
            copy = version.rows[own].combine_chunks()
            assert copy.equals(original), f"{what}: {own} differs from {attribute}: {_difference(copy, original)}"


def _check_visibility(table, rows, link, parent):
    """Row by row: no key points beyond the parent rows that were there in the row's own tick."""
    ticks = [table.tick_of(number) for number in range(1, rows.num_rows + 1)]
    seen = {tick: parent.rows_after(tick) for tick in set(ticks)}
    for number, (tick, key) in enumerate(zip(ticks, rows[link.column].to_pylist()), 1):
        assert key <= seen[tick], f"{table.name} {number} of tick {tick}: {link.column} {key} of {seen[tick]}"


def check_tick_times(rows, table, start):
    """S-68: logical times, in order, inside the tick of their row."""
    for column in table.tick_times:
        times = rows.sort_by(table.key)[column].cast(pa.timestamp("us", "UTC")).to_pylist()
        assert times == sorted(times), f"{table.name}.{column} goes back"
        for number in range(table.row_count + 1, rows.num_rows + 1):
            tick = table.tick_of(number)
            first, last = (start + datetime.timedelta(seconds=float(t * table.tick)) for t in (tick - 1, tick))
            assert first <= times[number - 1] <= last, f"{table.name} {number}: {times[number - 1]} not in tick {tick}"


def _difference(left, right):
    return next(
        (pair for pair in zip(left.to_pylist(), right.to_pylist()) if pair[0] != pair[1]), (left.type, right.type)
    )
