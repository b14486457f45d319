"""`run`: the flights, what a second run does, stopping, dead letters, and inputs in pieces."""

import gzip
import json

import pyarrow as pa
from support import config, flights
from support.process import Millstream, run, succeed
from support.waiting import wait_until


def outputs(folder):
    return [(folder / output).read_bytes() for output in flights.OUTPUTS]


def test_flights_come_out_as_python_would_make_them(airport, say):
    done = succeed(airport, "run", flights.CONFIG, "--report", "json")
    rows = flights.check_against_python(airport, airport / "data" / "flights.csv")
    flights.assert_same_rows(*(airport / output for output in flights.OUTPUTS))
    report = done.report()
    assert report["status"] == "completed"
    totals = report["totals"]
    assert totals["rows_in"] == flights.FLIGHTS
    assert totals["filtered"] == flights.FLIGHTS - rows
    assert totals["rows_out"] == 2 * rows
    assert totals["dropped"] == totals["dead"] == 0
    assert {sink["name"]: sink["rows"] for sink in report["sinks"]} == {"parquet": rows, "jsonl": rows}
    assert report["peak_memory_bytes"] > 0
    say(f"{rows} flights in {report['duration_seconds']:.2f} s, {report['epochs']} epochs")


def test_a_second_run_reads_nothing_new(airport):
    succeed(airport, "run", flights.CONFIG)
    before = outputs(airport)
    again = succeed(airport, "run", flights.CONFIG, "--report", "json").report()
    assert again["status"] == "completed"
    assert again["totals"]["rows_in"] == again["totals"]["rows_out"] == 0
    assert outputs(airport) == before
    # Unless it is told to start over: then it makes the same once more.
    restarted = succeed(airport, "run", flights.CONFIG, "--restart", "--report", "json").report()
    assert restarted["totals"]["rows_in"] == flights.FLIGHTS
    assert outputs(airport)[1] == before[1]
    flights.assert_same_rows(*(airport / output for output in flights.OUTPUTS))


def test_the_output_does_not_depend_on_parallelism(airport):
    made = []
    for workers in (1, 2, 7):
        succeed(airport, "run", flights.CONFIG, "--restart", "--parallelism", workers)
        made.append(outputs(airport)[1])
    assert made[0] == made[1] == made[2]


def test_interrupt_keeps_what_was_read(airport, say):
    with Millstream(airport, "run", flights.CONFIG, "--report", "json") as process:
        started = lambda: any((airport / "out").glob(".*")) or process.code is not None
        wait_until(started, "something to be written", every=0)
        process.interrupt()
        assert process.wait(30) == 0, process
        first = process.report()
    assert first["status"] in ("stopped", "completed")
    if first["status"] == "stopped":
        assert not any((airport / output).exists() for output in flights.OUTPUTS), "an unfinished output is visible"
    second = succeed(airport, "run", flights.CONFIG, "--report", "json").report()
    say(f"{first['totals']['rows_in']} rows before the interrupt, {second['totals']['rows_in']} after it")
    # What was drained and committed is not read twice, and nothing is left out.
    assert first["totals"]["rows_in"] + second["totals"]["rows_in"] == flights.FLIGHTS
    rows = flights.check_against_python(airport, airport / "data" / "flights.csv")
    assert first["totals"]["rows_out"] + second["totals"]["rows_out"] == 2 * rows


def pieces_pipeline(pattern, sink="out/all.jsonl"):
    columns = {"id": "integer", "name": "string"}
    return {
        "version": 1,
        "name": "pieces",
        "pipeline": {
            "source": {"type": "csv", "path": pattern, "columns": columns},
            "sink": {"type": "jsonl", "path": sink},
        },
    }


def csv_of(numbers):
    return "id,name\n" + "".join(f'{number},"row, {number}"\n' for number in numbers)


def test_a_glob_over_plain_gzip_and_zstd_files_is_one_stream(tmp_path):
    (tmp_path / "part-1.csv").write_text(csv_of(range(0, 1000)))
    (tmp_path / "part-2.csv.gz").write_bytes(gzip.compress(csv_of(range(1000, 2000)).encode()))
    with pa.CompressedOutputStream(str(tmp_path / "part-3.csv.zst"), "zstd") as file:
        file.write(csv_of(range(2000, 3000)).encode())
    succeed(tmp_path, "run", config.write(tmp_path, pieces_pipeline("part-*")))
    rows = [json.loads(line) for line in (tmp_path / "out" / "all.jsonl").read_text().splitlines()]
    assert rows == [{"id": number, "name": f"row, {number}"} for number in range(3000)]


def test_formats_convert_into_each_other_without_loss(airport):
    """CSV -> Parquet -> JSONL -> CSV gives the first file's rows again, nulls included."""
    header = ["year", "dep_delay", "arr_delay", "carrier", "tailnum", "distance"]
    types = dict(zip(header, ["integer", "float", "float", "string", "string", "integer"]))
    lines = (airport / "data" / "flights.csv").read_text().splitlines()[:20_001]
    wanted = [lines[0].split(",").index(name) for name in header]
    cells = [[line.split(",")[index] for index in wanted] for line in lines]
    (airport / "0.csv").write_text("".join(",".join(row) + "\n" for row in cells))
    declared = {"columns": types, "null_values": ["NA"]}
    steps = [("csv", declared, "parquet"), ("parquet", {}, "jsonl"), ("jsonl", {"columns": types}, "csv")]
    for number, (read, options, made) in enumerate(steps):
        pipeline = {
            "source": {"type": read, "path": f"{number}.{read}", **options},
            "sink": {"type": made, "path": f"{number + 1}.{made}"},
        }
        path = config.write(airport, {"version": 1, "name": f"step{number}", "pipeline": pipeline}, f"{number}.yaml")
        succeed(airport, "run", path)

    def parsed(row):
        values = [None if cell in ("NA", "") else cell for cell in row]
        return [
            value if value is None or types[name] == "string" else float(value) for name, value in zip(header, values)
        ]

    back = [line.split(",") for line in (airport / "3.csv").read_text().splitlines()]
    assert back[0] == header and len(back) == len(cells)
    assert [parsed(row) for row in back[1:]] == [parsed(row) for row in cells[1:]]


def test_bad_rows_go_to_the_dead_letters_with_their_reason(tmp_path):
    lines = csv_of(range(3000)).splitlines(keepends=True)
    lines[1501] = "1500,too,many,fields\n"
    lines[2001] = "not a number,fine\n"
    (tmp_path / "in.csv").write_text("".join(lines))
    pieces = pieces_pipeline("in.csv")
    pieces["dead_letter"] = {"type": "jsonl", "path": "out/dead.jsonl"}
    done = succeed(tmp_path, "run", config.write(tmp_path, pieces), "--report", "json").report()
    assert (done["totals"]["rows_in"], done["totals"]["rows_out"], done["totals"]["dead"]) == (3000, 2998, 2)
    rows = [json.loads(line)["id"] for line in (tmp_path / "out" / "all.jsonl").read_text().splitlines()]
    assert rows == [number for number in range(3000) if number not in (1500, 2000)]
    dead = [json.loads(line) for line in (tmp_path / "out" / "dead.jsonl").read_text().splitlines()]
    assert len(dead) == 2
    for letter in dead:
        assert set(letter) >= {
            "error",
            "stage",
            "pipeline",
            "stream",
            "sequence",
            "row_index",
            "attempt",
            "ts",
            "payload",
        }
        assert letter["pipeline"] == "pieces" and set(letter["error"]) >= {"kind", "message"}
    assert "not a number" in json.dumps(dead[1])


def test_skipped_rows_are_counted(tmp_path):
    (tmp_path / "in.csv").write_text(csv_of(range(100)) + "100,too,many,fields\n")
    pieces = pieces_pipeline("in.csv") | {"on_error": "skip"}
    totals = succeed(tmp_path, "run", config.write(tmp_path, pieces), "--report", "json").report()["totals"]
    assert (totals["rows_in"], totals["rows_out"], totals["skipped"]) == (101, 100, 1)


def test_stdout_is_for_data_alone(tmp_path):
    (tmp_path / "in.csv").write_text(csv_of(range(5)))
    pieces = pieces_pipeline("in.csv")
    pieces["pipeline"]["sink"] = {"type": "stdout"}
    done = run(tmp_path, "run", config.write(tmp_path, pieces))
    assert done.code == 0, done
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == list(range(5)), done
