"""`generate`: a row is a function of its index, so no way of making the rows may change a byte (S-60)."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import EXAMPLES, config, lake
from support.process import succeed

COUNTS = {"customers": 1500, "orders": 20_000, "payments": 12_345}
WAYS = [(threads, chunk) for threads in (1, 2, 7) for chunk in (1, 1000, 65_536)]


@pytest.fixture
def shop(tmp_path):
    return config.write(tmp_path, config.shop(COUNTS))


def made(folder, extension):
    return {name: (folder / f"{name}.{extension}").read_bytes() for name in COUNTS}


@pytest.mark.parametrize("extension", ["jsonl", "csv", "parquet"])
def test_threads_and_chunks_leave_no_trace(tmp_path, shop, extension):
    results = {}
    for threads, chunk in WAYS:
        output = tmp_path / f"{threads}-{chunk}"
        options = ["--output", output, "--format", extension, "--threads", threads, "--chunk-size", chunk]
        succeed(tmp_path, "generate", shop, *options)
        results[threads, chunk] = made(output, extension)
    reference = results.pop(WAYS[0])
    assert all(reference.values())
    for way, result in results.items():
        for name in COUNTS:
            assert result[name] == reference[name], f"{name}.{extension} differs with (threads, chunk size) = {way}"


@pytest.mark.parametrize("extension", ["jsonl", "csv", "parquet"])
def test_ranges_made_out_of_order_are_the_whole(tmp_path, shop, extension, dice):
    succeed(tmp_path, "generate", shop, "--output", tmp_path / "whole", "--format", extension)
    for name, count in COUNTS.items():
        # Cuts at odd places, the first and the last row alone among them.
        cuts = sorted({0, 1, count - 1, count, *(dice.randrange(count) for _ in range(4))})
        ranges = list(zip(cuts, cuts[1:]))
        dice.shuffle(ranges)
        for first, last in ranges:
            output = tmp_path / f"{name}-{first}"
            rows = ["--table", name, "--rows", f"{first}..{last}"]
            succeed(tmp_path, "generate", shop, "--output", output, "--format", extension, *rows)
            assert [path.name for path in output.iterdir()] == [f"{name}.{extension}"]
        pieces = [tmp_path / f"{name}-{first}" / f"{name}.{extension}" for first, _ in sorted(ranges)]
        whole = tmp_path / "whole" / f"{name}.{extension}"
        assert joined(pieces, extension) == joined([whole], extension), f"{name}, cut at {cuts}"


def joined(files, extension):
    """The content of several files as that of one."""
    if extension == "parquet":
        return pa.concat_tables(pq.read_table(file) for file in files).combine_chunks()
    if extension == "jsonl":
        return b"".join(file.read_bytes() for file in files)
    heads, bodies = zip(*(file.read_bytes().split(b"\n", 1) for file in files))
    assert len(set(heads)) == 1, "the pieces have different headers"
    return heads[0] + b"\n" + b"".join(bodies)


def test_all_formats_hold_the_same_rows(tmp_path, shop):
    for extension in ("jsonl", "csv", "parquet", "delta", "noop"):
        done = succeed(tmp_path, "generate", shop, "--output", extension, "--format", extension)
        assert done.stdout == ""
    for name, count in COUNTS.items():
        parquet = pq.read_table(tmp_path / "parquet" / f"{name}.parquet")
        assert parquet.num_rows == count
        delta = lake.sorted_rows(tmp_path / "delta" / name, parquet.column_names[0])
        assert delta.to_pydict() == parquet.to_pydict()
        for extension, header in (("jsonl", 0), ("csv", 1)):
            with open(tmp_path / extension / f"{name}.{extension}", "rb") as lines:
                assert sum(1 for _ in lines) == count + header
    written = list((tmp_path / "noop").rglob("*")) if (tmp_path / "noop").exists() else []
    assert not written, "the no-op format wrote files"


def test_references_hold_in_what_generate_makes(tmp_path):
    succeed(tmp_path, "generate", EXAMPLES / "shop.yaml", "--output", "out", "--format", "delta")
    tables = config.tables(config.load("shop.yaml"))
    history = lake.check(tmp_path / "out", tables)
    assert {name: versions[-1].rows.num_rows for name, versions in history.items()} == {
        name: table.row_count for name, table in tables.items()
    }


def test_zipf_has_the_shape_that_was_asked_for(tmp_path, shop):
    """The parent of rank k is drawn with a probability proportional to 1 / k^1.2."""
    succeed(tmp_path, "generate", shop, "--output", "out", "--format", "parquet")
    keys = pq.read_table(tmp_path / "out" / "orders.parquet")["customer_id"].to_pylist()
    weights = [rank**-1.2 for rank in range(1, COUNTS["customers"] + 1)]
    ranked = [count for _, count in Counter(keys).most_common(5)]
    for rank, (count, weight) in enumerate(zip(ranked, weights), 1):
        expected = len(keys) * weight / sum(weights)
        # Six standard deviations, roughly those of a Poisson count.
        assert abs(count - expected) < 6 * expected**0.5, f"rank {rank}: {count}, expected about {expected:.0f}"


def test_a_change_of_columns_changes_no_other_column(tmp_path, shop):
    """Each column draws from its own substream: adding, moving or removing one leaves the rest alone."""
    edited = config.shop(COUNTS)
    customers, orders, _ = (table["columns"] for table in edited["tables"])
    customers[:] = [column for column in customers if column["column_name"] != "city"]
    prices = next(column for column in orders if column["column_name"] == "unit_price")
    orders.remove(prices)
    orders.insert(1, prices)
    orders.insert(3, {"column_name": "gift", "data": "random.random() < 0.1"})
    succeed(tmp_path, "generate", shop, "--output", "before", "--format", "parquet")
    succeed(
        tmp_path, "generate", config.write(tmp_path, edited, "edited.yaml"), "--output", "after", "--format", "parquet"
    )
    for name in COUNTS:
        before, after = (pq.read_table(tmp_path / way / f"{name}.parquet") for way in ("before", "after"))
        for column in set(before.column_names) - {"city"}:
            assert before[column].equals(after[column]), f"{name}.{column}"
    assert "gift" in pq.read_schema(tmp_path / "after" / "orders.parquet").names
