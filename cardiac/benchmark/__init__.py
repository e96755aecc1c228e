"""Methods against cines with known truth: what every claim about them rests on."""

from cardiac.benchmark.ledger import Ledger
from cardiac.benchmark.method import Correction, Method
from cardiac.benchmark.registry import METHODS, choose
from cardiac.benchmark.run import Benchmark, Step
from cardiac.benchmark.scores import SCORES, score
from cardiac.benchmark.settings import BenchmarkSettings
from cardiac.benchmark.table import Row, markdown, summarise, write_csv

__all__ = [
    "METHODS",
    "SCORES",
    "Benchmark",
    "BenchmarkSettings",
    "Correction",
    "Ledger",
    "Method",
    "Row",
    "Step",
    "choose",
    "markdown",
    "score",
    "summarise",
    "write_csv",
]
