"""Running methods on cines: the network once a cine, every method on its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cardiac.geometry import Mask
from cardiac.research.benchmark.experts import Experts
from cardiac.research.benchmark.failure import failed
from cardiac.research.benchmark.method import Advance, Correction, Method
from cardiac.research.benchmark.result_cache import ResultCache, code_version, key_of
from cardiac.research.benchmark.scores import VERSION, Scores, score
from cardiac.research.phantom import CineSpec, PhantomCine, cached_cine, synthetic_cine
from cardiac.research.phantom.cache import RECIPE
from cardiac.research.phantom.manifest import split_requests
from cardiac.segmentation.segmenter import Segmenter
from cardiac.sequence import EchoSequence

TRUTH = Method("(true masks)", {}, lambda *_: _never)
"""The truth held against itself: what the criteria and the pixels alone cost."""
_TRIAL_FRAMES = 8


def _never(masks: Mask, _: object, __: object) -> Mask:
    return masks


@dataclass(frozen=True)
class Step:
    """What is left to do for one cine.

    Attributes:
        spec: The cine.
        methods: Those without a result, the truth included.
    """

    spec: CineSpec
    methods: tuple[Method, ...]


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Methods on cines, with a cache of results.

    Attributes:
        specs: The cines.
        methods: See :func:`cardiac.research.benchmark.registry.choose`.
        segmenter: The network.
        experts: What shape models are fitted to.
        cache: Results so far; new ones go there.
        camus: Folder of CAMUS for real-texture cines.
        scale_with_interval: Let the temporal bound grow with the frame interval.
    """

    specs: Sequence[CineSpec]
    methods: Sequence[Method]
    segmenter: Segmenter
    experts: Experts
    cache: ResultCache
    camus: Path | None = None
    scale_with_interval: bool = True

    @property
    def everything(self) -> tuple[Method, ...]:
        """The truth, then the methods."""
        return (TRUTH, *self.methods)

    @property
    def shared(self) -> dict[str, Any]:
        """What all results depend on."""
        return {
            "weights": self.segmenter.weights.sha256,
            "engine": self.segmenter.predictor.name,
            "precision": str(self.segmenter.predictor.precision),
            "scale_with_interval": self.scale_with_interval,
            "code": code_version(),
            "scores": VERSION,
            "recipe": RECIPE,
        }

    def key(self, spec: CineSpec, method: Method) -> str:
        """Key of a result in the cache."""
        return key_of(spec, method.name, method.settings_with(self.experts), self.shared)

    def pending(self) -> list[Step]:
        """Cines that lack a result."""
        steps = []
        for spec in self.specs:
            lacking = (m for m in self.everything if self.cache.get(self.key(spec, m)) is None)
            if methods := tuple(lacking):
                steps.append(Step(spec, methods))
        return steps

    def prepare(self, advance: Callable[[Method], Advance] | None = None) -> dict[str, Correction]:
        """Load or fit the methods that have work to do.

        Args:
            advance: Called with each method before it is built; what it gives is told how far
                the building is.
        """
        names = {method.name for step in self.pending() for method in step.methods}
        silent: Advance = lambda _: None  # noqa: E731
        return {
            m.name: m.build(self.experts, advance(m) if advance else silent)
            for m in self.everything
            if m.name in names
        }

    def seconds_a_frame(self, corrections: dict[str, Correction]) -> float:
        """Seconds that a frame takes on this machine with all methods, from a short trial."""
        cine = synthetic_cine(n_frames=_TRIAL_FRAMES, size=(256, 256), seed=0, frame_rate=12.0)
        elapsed = 0.0
        for _ in range(2):  # what is done for the first time is slow
            started = time.perf_counter()
            segmentation = self.segmenter.segment(cine.sequence)
            for correct in corrections.values():
                score(correct(segmentation.masks, cine.sequence, segmentation), cine)
            elapsed = time.perf_counter() - started
        return elapsed / _TRIAL_FRAMES

    def run(self, corrections: dict[str, Correction]) -> Iterator[Step]:
        """Compute what is lacking, cine by cine; each is in the cache when it is given.

        Args:
            corrections: From :meth:`prepare`.

        Raises:
            CardiacError: A cine cannot be made, or the cache cannot be written.
        """
        for step in self.pending():
            cine = cached_cine(step.spec, self.camus, self.experts.cache)
            for method, scores in self._scored(step, cine, corrections):
                record = {
                    "cine": asdict(step.spec),
                    "method": method.name,
                    "settings": method.settings_with(self.experts),
                    "resolution": f"{cine.frames.shape[1]}×{cine.frames.shape[2]}",
                    "scores": scores,
                }
                self.cache.add(self.key(step.spec, method), record)
            yield step

    def _scored(
        self, step: Step, cine: PhantomCine, corrections: dict[str, Correction]
    ) -> Iterator[tuple[Method, Scores]]:
        sequence: EchoSequence = cine.sequence
        started = time.perf_counter()
        segmentation = self.segmenter.segment(sequence)
        network_s = time.perf_counter() - started
        seen = failed(segmentation, split_requests(step.spec.mask_corruptions), step.spec.seed)
        seen.masks.setflags(write=False)
        for method in step.methods:
            if method is TRUTH:
                yield method, score(cine.masks, cine, scale_with_interval=self.scale_with_interval)
                continue
            started = time.perf_counter()
            masks = corrections[method.name](seen.masks, sequence, seen)
            seconds = time.perf_counter() - started
            scores = score(masks, cine, scale_with_interval=self.scale_with_interval)
            yield method, scores | {"network_s": network_s, "method_s": seconds}

    def records(self) -> list[dict[str, Any]]:
        """Results so far, cine by cine and in the order of the methods."""
        found = (self.cache.get(self.key(s, m)) for s in self.specs for m in self.everything)
        return [record for record in found if record is not None]
