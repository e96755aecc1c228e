"""Methods against cines with known truth: what every claim about them rests on."""

from cardiac.research.benchmark.method import Correction, Method
from cardiac.research.benchmark.registry import METHODS, choose
from cardiac.research.benchmark.result_cache import ResultCache
from cardiac.research.benchmark.run import Benchmark, Step
from cardiac.research.benchmark.scores import SCORES, score
from cardiac.research.benchmark.settings import BenchmarkSettings
from cardiac.research.benchmark.table import Row, markdown, summarise, write_csv

__all__ = [
    "METHODS",
    "SCORES",
    "Benchmark",
    "BenchmarkSettings",
    "Correction",
    "Method",
    "ResultCache",
    "Row",
    "Step",
    "choose",
    "markdown",
    "score",
    "summarise",
    "write_csv",
]
