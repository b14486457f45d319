"""What the tests share: starting the binary, waiting, and the reference models that outputs are held against."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
