"""The binary under test, as a process."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from . import ROOT
from .waiting import wait_until

ANY_PORT = ("--listen", "127.0.0.1:0")


def binary():
    """The path in MILLSTREAM_BIN, or where `cargo build --release` puts the binary."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = Path(os.environ.get("MILLSTREAM_BIN", target / "release" / "millstream"))
    assert path.is_file(), f"{path} does not exist: run `cargo build --release`, or set MILLSTREAM_BIN"
    return path.resolve()


class Millstream:
    """One running `millstream` command. Its outputs go to files, so that no pipe can fill up and stop it."""

    def __init__(self, folder, *arguments, **popen):
        self.command = [str(binary()), *map(str, arguments)]
        self._outputs = [open(folder / f".std{name}.{os.urandom(4).hex()}", "w+b") for name in ("out", "err")]
        for output in self._outputs:
            os.unlink(output.name)
        environment = {key: value for key, value in os.environ.items() if key not in ("RUST_LOG", "CI")}
        stdout, stderr = self._outputs
        self._process = subprocess.Popen(
            self.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment, **popen
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.code is None:
            self.kill()
        for output in self._outputs:
            output.close()

    def __repr__(self):
        return f"$ {' '.join(self.command)}\nexit code {self.code}\nstdout: {self.stdout}\nstderr: {self.stderr}"

    @property
    def pid(self):
        return self._process.pid

    @property
    def code(self):
        """The exit code; `None` while it runs; minus the signal that killed it."""
        return self._process.poll()

    @property
    def stdout(self):
        return self._read(0)

    @property
    def stderr(self):
        return self._read(1)

    def _read(self, index):
        # At a position of its own: the child writes through the same open file.
        output = self._outputs[index].fileno()
        return os.pread(output, os.fstat(output).st_size, 0).decode()

    def wait(self, seconds=120.0):
        """Waits for the end and gives the exit code."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {seconds:g} s\n{self}") from None

    def ends_within(self, seconds):
        """Whether it ends by itself within some seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def succeeds(self, seconds=120.0):
        """Waits for an end with exit code 0 and gives the process itself."""
        assert self.wait(seconds) == 0, self
        return self

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def kill(self):
        """Ends it as a power cut would: no handler runs."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def url(self):
        """The address that it says it listens on."""
        found = wait_until(
            lambda: re.search(r"listening on (http://\S+)", self.stderr) or self.code is not None,
            "the address it listens on",
        )
        assert not isinstance(found, bool), self
        return found[1].rstrip("/")

    def report(self):
        """The run report, which must be the whole of stdout."""
        return json.loads(self.stdout)


def run(folder, *arguments, seconds=120.0, **popen):
    """Runs a command to its end; the caller looks at the exit code."""
    process = Millstream(folder, *arguments, **popen)
    process.wait(seconds)
    return process


def succeed(folder, *arguments, seconds=120.0, **popen):
    """Runs a command that has to succeed."""
    return Millstream(folder, *arguments, **popen).succeeds(seconds)


def measured(folder, *arguments, seconds=900.0):
    """What a command that has to succeed costs: see scripts/measure.py."""
    result = folder / f".measured.{os.urandom(4).hex()}"
    command = [sys.executable, "-I", "-S", ROOT / "scripts" / "measure.py", result, binary(), *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=seconds)
    usage = json.loads(result.read_text())
    assert usage["exit_code"] == 0, f"{arguments}: {usage}\n{done.stderr.decode()}"
    return usage
