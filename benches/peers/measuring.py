"""Whole processes, measured by what the kernel says they used."""

import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20


def progress(text):
    print(text, file=sys.stderr, flush=True)


@dataclass
class Workload:
    """A command that makes rows or bytes in a folder."""

    name: str
    command: Callable[[Path], list]
    rows: int
    # Told the folder once, after the first run: asserts that the output is what it should be.
    check: Callable[[Path], None] = lambda folder: None
    # Made before each run, in the new folder.
    prepare: Callable[[Path], None] = lambda folder: None
    runs: list = field(default_factory=list)
    output_bytes: int = 0
    stdout: str = ""

    def run(self, scratch):
        """Runs it once more, in a new folder."""
        folder = scratch / self.name.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.prepare(folder)
        result = scratch / "measured.json"
        command = [sys.executable, "-I", "-S", ROOT / "scripts" / "measure.py", result, *self.command(folder)]
        done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True)
        usage = json.loads(result.read_text())
        if usage["exit_code"] != 0:
            sys.exit(f"error: {self.name} failed: {command}\n{done.stdout}\n{done.stderr}")
        self.stdout = done.stdout
        if not self.runs:
            self.check(folder)
            self.output_bytes = sum(path.stat().st_size for path in folder.rglob("*") if made(path, folder))
        self.runs.append(usage)
        cpu = usage["user_seconds"] + usage["system_seconds"]
        progress(f"  {self.name}: {cpu:.2f} CPU-s, {usage['seconds']:.2f} s, {usage['peak_rss_bytes'] / MIB:.0f} MiB")

    def median(self, measure):
        return statistics.median(measure(run) for run in self.runs)

    @property
    def cpu_seconds(self):
        return self.median(lambda run: run["user_seconds"] + run["system_seconds"])

    @property
    def rows_per_cpu_second(self):
        return self.rows / self.cpu_seconds

    @property
    def bytes_per_cpu_second(self):
        return self.output_bytes / self.cpu_seconds

    @property
    def peak_mib(self):
        return self.median(lambda run: run["peak_rss_bytes"]) / MIB


def made(path, folder):
    """Whether a file counts as output: state and inputs do not."""
    return path.is_file() and not path.is_symlink() and ".millstream" not in path.relative_to(folder).parts


def side_by_side(workloads, scratch, repeat):
    """Runs all of them in turn, several times, so that what else the machine does hits all alike."""
    for number in range(1, repeat + 1):
        progress(f"round {number} of {repeat}")
        for workload in workloads:
            workload.run(scratch)


def short(number):
    """`1234567` as `1.23 M`."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}" if number < 1000 * limit else f"{number / limit:.0f}{unit}"
    return f"{number:.3g}"


def table(head, rows):
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
