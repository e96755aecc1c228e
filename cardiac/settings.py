"""Settings of the main job, from segmentation to the files that are written."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from cardiac.clinical.volumes import Convention
from cardiac.segmentation.segmenter import SegmentationSettings
from cardiac.uncertainty.settings import UncertaintySettings


class ProcessSettings(BaseModel):
    """Settings of the main job.

    Attributes:
        region: Where the echo is in the pictures, "top,left,bottom,right" in pixels (the last two
            excluded), or "whole"; it overrules what is found in them, and a list overrules it.
        convention: How discs are stacked: ase, or camus-legacy as in much public code.
        correct: Bring the network's masks to the nearest that are anatomically valid and
            temporally consistent, and certify them.
        profile: Bounds of the anatomical criteria: published, or camus, which is wider.
        assess: Estimate uncertainty, intervals of the indices and the triage.
        fill: Before the correction, draw doubtful frames as the most likely heart behind what
            can be trusted of them.
        clean: Without correction, remove islands and fill holes of the network's masks.
        pictures: Write a picture of every sequence.
        videos: Write a video of every sequence.
        report: Write what the report shows of every sequence.
        segmentation: How the network runs.
        uncertainty: How uncertainty is estimated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str = ""
    convention: Convention = Convention.ASE
    correct: bool = True
    profile: Literal["published", "camus"] = "published"
    assess: bool = True
    fill: bool = False
    clean: bool = True
    pictures: bool = True
    videos: bool = True
    report: bool = True
    segmentation: SegmentationSettings = SegmentationSettings()
    uncertainty: UncertaintySettings = UncertaintySettings()
