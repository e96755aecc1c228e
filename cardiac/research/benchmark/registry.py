"""The methods that are compared. A later correction is one more entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cardiac.errors import SettingsError
from cardiac.geometry import Mask
from cardiac.research.benchmark.experts import Experts
from cardiac.research.benchmark.method import Advance, Correction, Method, Value
from cardiac.research.benchmark.settings import BenchmarkSettings
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence

if TYPE_CHECKING:
    from cardiac.shape import ArVae


def network_alone(_: BenchmarkSettings) -> Method:
    """What the network said, untouched."""
    return Method("network alone", {}, lambda *_: _unchanged)


def _unchanged(masks: Mask, _: EchoSequence, __: Segmentation) -> Mask:
    return masks


def debris_removal(_: BenchmarkSettings) -> Method:
    """The largest part of every structure, its holes filled."""
    from cardiac.correction.repair import remove_debris

    def build(*_: object) -> Correction:
        return lambda masks, _, __: remove_debris(masks)

    return Method("largest component + hole filling", {"connectivity": 8, "version": 1}, build)


def temporal_smoothing(settings: BenchmarkSettings) -> Method:
    """Class probabilities smoothed over the frames."""
    from cardiac.research.benchmark.smoothing import smooth_in_time

    sigma = settings.smoothing.sigma_ms

    def build(*_: object) -> Correction:
        return lambda masks, sequence, segmentation: smooth_in_time(
            masks, sequence, segmentation, sigma
        )

    shown: dict[str, Value] = {"of": "class probabilities", "sigma_ms": sigma, "version": 1}
    return Method("Gaussian smoothing in time", shown, build)


def pca(settings: BenchmarkSettings) -> Method:
    """The nearest shape of a linear model of signed distances."""
    from cardiac.research.benchmark.pca import fitted_pca

    def build(experts: Experts, advance: Advance) -> Correction:
        return fitted_pca(experts, settings.pca, advance)

    shown: dict[str, Value] = {
        "of": "signed distances of LV, epicardium and LA, 64×64",
        **settings.pca.model_dump(),
        "version": 1,
    }
    return Method("PCA shape model", shown, build, learns=True)


def autoencoder(settings: BenchmarkSettings) -> Method:
    """The mask that a denoising autoencoder makes of the mask."""
    from cardiac.research.benchmark.autoencoder import VERSION, trained_autoencoder

    def build(experts: Experts, advance: Advance) -> Correction:
        return trained_autoencoder(experts, settings.autoencoder, advance)

    shown: dict[str, Value] = {
        "like": "Post-DAE (Larrazabal et al. 2020), small, 64×64",
        **settings.autoencoder.model_dump(),
        "version": VERSION,
    }
    return Method("denoising autoencoder", shown, build, learns=True)


def arvae(settings: BenchmarkSettings) -> Method:
    """Every frame drawn again from its code."""
    from cardiac.research.benchmark.arvae import reconstruct

    def build(*_: object) -> Correction:
        return reconstruct(_shape_model(settings))

    return Method("AR-VAE reconstruction", {**_latent(settings), "version": 1}, build)


def lagrangian(settings: BenchmarkSettings) -> Method:
    """The published method: codes smoothed in time under bounds, by descent and bisection."""
    from cardiac.research.benchmark.arvae import dual_lagrangian, reconstruct

    scaled = settings.scale_with_interval

    def build(*_: object) -> Correction:
        model = _shape_model(settings)
        smoothing = dual_lagrangian(model, settings.lagrangian, scale_with_interval=scaled)
        return reconstruct(model, smoothing)

    shown: dict[str, Value] = {
        "like": "Painchaud et al. 2022",
        **_latent(settings),
        **settings.lagrangian.model_dump(),
        "version": 1,
    }
    return Method("AR-VAE + dual-Lagrangian smoothing", shown, build)


def label_repair(_: BenchmarkSettings) -> Method:
    """Labels of each invalid frame mended in place."""
    from cardiac.anatomy import PUBLISHED, check
    from cardiac.correction import repair_frame

    def correct(masks: Mask, _: EchoSequence, __: Segmentation) -> Mask:
        repaired = masks.copy()
        for t in np.flatnonzero(~check(masks, PUBLISHED).valid.all(axis=1)):
            repaired[t] = repair_frame(masks[t], PUBLISHED)
        return repaired

    return Method("local label repair", {"profile": "published", "version": 1}, lambda *_: correct)


def certified(_: BenchmarkSettings) -> Method:
    """This project's correction, as the main job runs it."""
    from cardiac.correction import correct_masks
    from cardiac.uncertainty import Estimator, MethodName, UncertaintySettings
    from cardiac.uncertainty.result import frame_weights

    def build(*_: object) -> Correction:
        entropy = Estimator(UncertaintySettings(method=MethodName.ENTROPY))

        def correct(masks: Mask, sequence: EchoSequence, segmentation: Segmentation) -> Mask:
            weights = frame_weights(entropy.estimate(sequence, segmentation, masks))
            return correct_masks(
                masks, sequence.spacing, sequence.frame_interval_s, weights=weights, atrium=True
            ).masks

        return correct

    shown: dict[str, Value] = {"profile": "published", "weights": "entropy", "version": 1}
    return Method("certified correction (this project)", shown, build)


def _latent(settings: BenchmarkSettings) -> dict[str, Value]:
    from cardiac.research.benchmark.arvae import fingerprint
    from cardiac.shape.weights import SHIPPED

    weights = fingerprint(settings.arvae.weights or SHIPPED)
    return {"weights": weights, "a frame without a code": "keeps the network's mask"}


def _shape_model(settings: BenchmarkSettings) -> ArVae:
    from cardiac.shape.weights import SHIPPED, load_shape_model

    return load_shape_model(settings.arvae.weights or SHIPPED).model


METHODS: Mapping[str, Callable[[BenchmarkSettings], Method]] = {
    "network": network_alone,
    "debris": debris_removal,
    "smoothing": temporal_smoothing,
    "pca": pca,
    "autoencoder": autoencoder,
    "arvae": arvae,
    "lagrangian": lagrangian,
    "repair": label_repair,
    "certified": certified,
}
"""Makers of the methods by the short name that chooses them, in the order of the table."""


def choose(settings: BenchmarkSettings, names: Sequence[str] = ()) -> tuple[Method, ...]:
    """Methods by their short names, in the order of the table; all of them without names.

    Raises:
        SettingsError: There is no such method.
    """
    for name in names:
        if name not in METHODS:
            raise SettingsError(
                f"there is no method {name!r}", hint=f"There are: {', '.join(METHODS)}."
            )
    return tuple(make(settings) for name, make in METHODS.items() if not names or name in names)
