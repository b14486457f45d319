"""Configurations of the kind that people write, each with the checksums of its tables.

A new row function changes them all: MILLSTREAM_BLESS=1 writes what is made now, and the diff is to be looked at.
"""

import hashlib
import os

import pytest
from support import ROOT
from support.process import run, succeed

CORPUS = ROOT / "tests" / "corpus"
CHECKSUMS = CORPUS / "CHECKSUMS"
CONFIGS = sorted(path.name for path in CORPUS.iterdir() if path.suffix in (".yaml", ".yml", ".json"))


def made_by(config, folder):
    """The checksum of each table of a configuration, by `config/table`."""
    process = run(folder, "generate", CORPUS / config, "--format", "jsonl", "--output", folder / "out")
    assert process.code == 0, process
    files = sorted((folder / "out").glob("*.jsonl"))
    assert files, process
    stem = config.rsplit(".", 1)[0]
    return {f"{stem}/{path.stem}": hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def golden():
    lines = CHECKSUMS.read_text().splitlines()
    return {name: checksum for checksum, name in (line.split() for line in lines)}


def test_the_corpus_is_large():
    assert len(CONFIGS) >= 60


@pytest.mark.parametrize("config", CONFIGS)
def test_makes_what_it_always_made(tmp_path, config):
    made = made_by(config, tmp_path)
    stem = config.rsplit(".", 1)[0]
    if os.environ.get("MILLSTREAM_BLESS"):
        known = {name: checksum for name, checksum in golden().items() if not name.startswith(f"{stem}/")}
        lines = [f"{checksum} {name}\n" for name, checksum in sorted((known | made).items())]
        CHECKSUMS.write_text("".join(lines))
    assert made == {name: checksum for name, checksum in golden().items() if name.startswith(f"{stem}/")}


@pytest.mark.parametrize("config", CONFIGS)
def test_what_it_declares_holds(tmp_path, config):
    succeed(tmp_path, "check", CORPUS / config)
