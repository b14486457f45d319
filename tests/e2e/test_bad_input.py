"""What goes wrong is said once, clearly, with a hint and an exit code that means something; nothing else is lost."""

import hashlib
import json
import re

import pytest
from support import EXAMPLES, config, lake
from support.obstacles import full_disk, read_only
from support.process import ANY_PORT, run, succeed

CONFIG, SOURCE, SINK, STATE = 2, 3, 4, 5


def assert_one_clear_error(process, code, *mentions):
    """One error, one way out, and nothing of the program's insides."""
    assert process.code == code, process
    assert process.stdout == "", process
    assert len(re.findall(r"^error\b.*", process.stderr, re.M)) == 1, process
    assert re.search(r"\bhint: \S", process.stderr), process
    assert not re.search(r"panicked|backtrace|Error\s*[{(]|\x1b\[", process.stderr), process
    for mention in mentions:
        assert mention in process.stderr, f"{mention!r} is not mentioned\n{process}"


def edited(folder, old, new, example="shop.yaml"):
    """An example with one edit, and the line and column (both from 1) where `new` stands."""
    text = (EXAMPLES / example).read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {example}"
    line, column = text[: text.index(old)].count("\n") + 1, text.index(old) - text.rfind("\n", 0, text.index(old))
    path = folder / example
    path.write_text(text.replace(old, new))
    return path, line, column


@pytest.mark.parametrize("verb", ["serve", "validate"])
@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        ("update_policy: append", "update_polcy: append", "update_policy"),
        ("tick_interval: 1s", "tick_intervall: 1s", "tick_interval"),
        ("sinks:\n", "sink:\n", "sinks"),
    ],
)
def test_an_unknown_key(tmp_path, verb, old, new, suggestion):
    path, line, column = edited(tmp_path, old, new)
    refused = run(tmp_path, verb, path)
    assert_one_clear_error(refused, CONFIG, f"shop.yaml:{line}:{column}", new.split(":")[0], suggestion)
    # The line itself is shown.
    assert new.strip() in refused.stderr, refused
    assert not (tmp_path / "lake").exists() and not (tmp_path / ".millstream").exists()


def test_an_unknown_key_of_a_connector(tmp_path):
    path, line, _ = edited(tmp_path, "null_values: [NA]", "null_value: [NA]", "flights.yaml")
    assert_one_clear_error(run(tmp_path, "run", path), CONFIG, f"flights.yaml:{line}:", "null_values")


def test_a_value_of_the_wrong_kind(tmp_path):
    path, line, _ = edited(tmp_path, "tick_interval: 1s", "tick_interval: soon")
    assert_one_clear_error(run(tmp_path, "validate", path), CONFIG, f"shop.yaml:{line}:", "soon")


def test_a_foreign_key_to_a_table_that_does_not_exist(tmp_path):
    path, line, _ = edited(tmp_path, 'foreign_key("orders", "order_id")', 'foreign_key("order", "order_id")')
    refused = run(tmp_path, "serve", path)
    assert_one_clear_error(refused, CONFIG, f"shop.yaml:{line}:", '"order"', "orders")
    assert not (tmp_path / "lake").exists()


def test_a_foreign_key_to_a_column_that_does_not_exist(tmp_path):
    path, line, _ = edited(tmp_path, 'foreign_key("orders", "order_id")', 'foreign_key("orders", "id")')
    assert_one_clear_error(run(tmp_path, "generate", path, "--output", "out"), CONFIG, f"shop.yaml:{line}:", "order_id")


def test_streams_derived_from_each_other(tmp_path):
    path, *_ = edited(tmp_path, "from: flights\n", "from: slim\n", "flights.yaml")
    refused = run(tmp_path, "run", path)
    assert_one_clear_error(refused, CONFIG, "flights.yaml:", "arrived", "flown", "slim")
    assert "cycl" in refused.stderr or "itself" in refused.stderr, refused


def test_columns_derived_from_each_other(tmp_path):
    path, *_ = edited(tmp_path, "round(random.uniform(2, 120), 2)", "amount / quantity")
    refused = run(tmp_path, "serve", path)
    assert_one_clear_error(refused, CONFIG, "shop.yaml:", "amount", "unit_price")


def test_an_expression_that_is_not_python(tmp_path):
    path, line, _ = edited(tmp_path, "round(quantity * unit_price, 2)", "round(quantity * , 2)")
    assert_one_clear_error(run(tmp_path, "validate", path), CONFIG, f"shop.yaml:{line}:")


def test_a_config_file_that_does_not_exist(tmp_path):
    assert_one_clear_error(run(tmp_path, "run", "no-such-file.yaml"), CONFIG, "no-such-file.yaml")


def test_a_file_that_is_not_yaml(tmp_path):
    (tmp_path / "broken.yaml").write_text("version: 1\nname: [a, b\n")
    assert_one_clear_error(run(tmp_path, "validate", "broken.yaml"), CONFIG, "broken.yaml:")


def pipeline(name, output, source="in.csv"):
    columns = {"id": "integer", "text": "string"}
    source = {"type": "csv", "path": source, "columns": columns}
    return {
        "version": 1,
        "name": name,
        "pipeline": {"source": source, "sink": {"type": output.rsplit(".")[-1], "path": output}},
    }


def write_csv(path, rows, extra=""):
    # Texts that do not compress, so that a disk fills up in any format.
    texts = (hashlib.sha256(b"%d" % number).hexdigest() for number in range(rows))
    path.write_text("id,text\n" + "".join(f"{number},{text}\n" for number, text in enumerate(texts)) + extra)


@pytest.fixture
def committed(tmp_path):
    """A folder in which a run has published out/done.jsonl; gives a check that it is still as it was."""
    write_csv(tmp_path / "in.csv", 1000)
    succeed(tmp_path, "run", config.write(tmp_path, pipeline("done", "out/done.jsonl"), "done.yaml"))
    content = (tmp_path / "out" / "done.jsonl").read_bytes()
    assert content.count(b"\n") == 1000

    def check(visible=("done.jsonl",)):
        assert (tmp_path / "out" / "done.jsonl").read_bytes() == content
        assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == sorted(visible)

    return check


def test_a_missing_input_file(tmp_path, committed):
    (tmp_path / "in.csv").unlink()
    refused = run(tmp_path, "run", "done.yaml", "--restart")
    assert_one_clear_error(refused, SOURCE, "in.csv")
    committed()


@pytest.mark.parametrize("output", ["next.jsonl", "next.csv", "next.parquet"])
def test_a_csv_row_with_too_many_fields(tmp_path, committed, output):
    write_csv(tmp_path / "bad.csv", 60_000, extra="60000,one,field too many\n60001,fine\n")
    path = config.write(tmp_path, pipeline("next", f"out/{output}", source="bad.csv"))
    refused = run(tmp_path, "run", path)
    # Line 60,002 of the file: the header is line 1.
    assert_one_clear_error(refused, SOURCE, "bad.csv", "60002")
    committed()
    # Once the file is mended, the same command gets through.
    write_csv(tmp_path / "bad.csv", 60_000, extra="60000,one\n60001,fine\n")
    succeed(tmp_path, "run", path, "--restart")
    committed(visible=("done.jsonl", output))


def test_a_bad_row_leaves_what_the_same_pipeline_published(tmp_path, committed):
    write_csv(tmp_path / "in.csv", 1000, extra="1000,one,field too many\n")
    assert_one_clear_error(run(tmp_path, "run", "done.yaml", "--restart"), SOURCE, "in.csv", "1002")
    committed()


@pytest.mark.parametrize("output", ["next.jsonl", "next.parquet"])
def test_a_full_disk(tmp_path, say, output):
    write_csv(tmp_path / "in.csv", 1000)
    write_csv(tmp_path / "big.csv", 200_000)
    with full_disk(tmp_path / "small") as small:
        say(small.how)
        succeed(tmp_path, "run", config.write(tmp_path, pipeline("first", "small/first.jsonl")), **small.launch)
        first = (tmp_path / "small" / "first.jsonl").read_bytes()
        big = config.write(tmp_path, pipeline("next", f"small/{output}", source="big.csv"), "next.yaml")
        refused = run(tmp_path, "run", big, **small.launch)
        assert_one_clear_error(refused, SINK, output)
        assert re.search(r"No space left|File too large", refused.stderr), refused
        assert (tmp_path / "small" / "first.jsonl").read_bytes() == first
        assert [path.name for path in (tmp_path / "small").glob("[!.]*")] == ["first.jsonl"]
        # With room again, the same command goes on and ends.
        small.remove()
        succeed(tmp_path, "run", big, **small.launch)
        if output.endswith(".jsonl"):
            with open(tmp_path / "small" / output) as lines:
                assert [json.loads(line)["id"] for line in lines] == list(range(200_000))
        assert (tmp_path / "small" / "first.jsonl").read_bytes() == first


def test_a_full_disk_under_a_lake(tmp_path, say):
    with full_disk(tmp_path / "small") as small:
        say(small.how)
        # The first rows fit. A tick of 200,000 orders does not.
        shop = config.shop({"orders": 1000, "payments": 1000}, {"orders": 12_000_000}, "1s", "small/lake")
        path, tables = config.write(tmp_path, shop), config.tables(shop)
        refused = run(tmp_path, "serve", path, "--ticks", 40, *ANY_PORT, seconds=180, **small.launch)
        assert_one_clear_error(refused, SINK, "lake")
        before = lake.check(tmp_path / "small" / "lake", tables)
        assert all(versions[-1].rows.num_rows > 0 for versions in before.values())
        small.remove()
        ticks = max(tables["orders"].tick_of(before["orders"][-1].rows.num_rows) + 2, 3)
        succeed(tmp_path, "serve", path, "--ticks", ticks, *ANY_PORT, **small.launch)
        after = lake.check(tmp_path / "small" / "lake", tables)
    for name, table in tables.items():
        assert after[name][-1].rows.num_rows == table.rows_after(ticks), name
        for old, new in zip(before[name], after[name]):
            assert new.rows.equals(old.rows), f"{name}, version {old.number}, is not what it was"


@pytest.mark.parametrize("output", ["next.jsonl", "next.parquet"])
def test_a_read_only_folder(tmp_path, committed, say, output):
    path = config.write(tmp_path, pipeline("next", f"out/{output}"))
    with read_only(tmp_path / "out") as closed:
        say(closed.how)
        assert_one_clear_error(run(tmp_path, "run", path), SINK, output)
        closed.remove()
        committed()
        succeed(tmp_path, "run", path)
    committed(visible=("done.jsonl", output))


def test_a_read_only_lake(tmp_path, say):
    shop = config.shop(tick_interval="100ms")
    path, tables = config.write(tmp_path, shop), config.tables(shop)
    succeed(tmp_path, "serve", path, "--ticks", 3, *ANY_PORT)
    before = {name: lake.sorted_rows(tmp_path / "lake" / name, table.key) for name, table in tables.items()}
    with read_only(tmp_path / "lake") as closed:
        say(closed.how)
        assert_one_clear_error(run(tmp_path, "serve", path, "--ticks", 6, *ANY_PORT), SINK, "lake")
        closed.remove()
        for name, table in tables.items():
            assert lake.sorted_rows(tmp_path / "lake" / name, table.key).equals(before[name]), name
        succeed(tmp_path, "serve", path, "--ticks", 6, *ANY_PORT)
    history = lake.check(tmp_path / "lake", tables)
    assert [history[name][-1].rows.num_rows for name in tables] == [table.rows_after(6) for table in tables.values()]


def test_a_state_folder_that_cannot_be_made(tmp_path):
    write_csv(tmp_path / "in.csv", 10)
    (tmp_path / ".millstream").write_text("in the way")
    refused = run(tmp_path, "run", config.write(tmp_path, pipeline("state", "out/state.jsonl")))
    assert_one_clear_error(refused, STATE, ".millstream")
    assert not (tmp_path / "out" / "state.jsonl").exists()


def test_a_table_name_cannot_leave_the_output_folder(tmp_path):
    table = {"table_name": "../escaped", "columns": [{"column_name": "id", "data": "row_id"}]}
    path = config.write(tmp_path, {"version": 1, "tables": [table]})
    refused = run(tmp_path, "generate", path, "--output", "out/here", "--format", "jsonl")
    assert_one_clear_error(refused, CONFIG, "../escaped")
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize(
    "arguments", [["--rows", "5..1", "--table", "orders"], ["--rows", "0..5", "--table", "order"], ["--format", "xml"]]
)
def test_arguments_that_make_no_sense(tmp_path, arguments):
    refused = run(tmp_path, "generate", EXAMPLES / "shop.yaml", "--output", "out", *arguments)
    assert refused.code == CONFIG and refused.stderr.count("error:") == 1 and refused.stdout == "", refused
    assert not (tmp_path / "out").exists()
