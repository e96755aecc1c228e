"""What is known of a cine, in words for a reader."""

from __future__ import annotations

import math

from cardiac.sector.geometry import SectorGeometry
from cardiac.sequence import EchoSequence


def describe(sequence: EchoSequence) -> dict[str, str]:
    """Name and value of everything a reader may want to know of a cine; absence is said.

    Args:
        sequence: The cine.

    Returns:
        Rows in the order to show them. ``notes`` is last, one sentence a line.
    """
    interval = sequence.frame_interval_s
    height, width = sequence.shape
    region, spacing, subject = sequence.region, sequence.spacing, sequence.subject
    rate = sequence.heart_rate_bpm
    rows = {
        "file": str(sequence.source) if sequence.source else "(array)",
        "frames": str(len(sequence)),
        "size": f"{height} rows × {width} columns",
        "pixel size": f"{spacing[0]:.4g} × {spacing[1]:.4g} mm (row × column)"
        if spacing
        else "unknown: no lengths, areas or volumes, ratios only",
        "frame time": f"{1000 * interval:.4g} ms ({1 / interval:.4g} frames/s)"
        if interval
        else ("one frame" if len(sequence) == 1 else "unknown"),
        "duration": f"{sequence.times[-1]:.3f} s"
        if sequence.times is not None and len(sequence) > 1
        else "unknown",
        "view": str(sequence.view),
        "region": f"rows {region.top} to {region.bottom - 1}, "
        f"columns {region.left} to {region.right - 1}"
        if region
        else "the whole image",
        "sector": _sector(sequence.sector),
        "heart rate": f"{rate:g} beats/min" if rate else "unknown",
        "R waves": ", ".join(f"{t:.3f} s" for t in sequence.r_wave_times) or "unknown",
        "ED frames": _frames(sequence.ed_frames),
        "ES frames": _frames(sequence.es_frames),
        "patient": subject.id or "unknown",
        "sex": subject.sex or "unknown",
        "age": f"{subject.age_years:.3g} years" if subject.age_years is not None else "unknown",
        "body surface": f"{subject.bsa_m2:.2f} m²" if subject.bsa_m2 else "unknown",
    }
    return rows | {"notes": "\n".join(sequence.notes)}


def _frames(frames: tuple[int, ...]) -> str:
    return ", ".join(f"{f} (from 0)" for f in frames) or "not given"


def _sector(sector: SectorGeometry | None) -> str:
    if sector is None:
        return "not looked for, or not found"
    if sector.apex is None:
        return "a rectangle, without an apex"
    left, right = (math.degrees(edge) for edge in sector.edges)
    return (
        f"apex at row {sector.apex[0]:.0f}, column {sector.apex[1]:.0f}; edges at {left:.0f}° and "
        f"{right:.0f}°; arcs at {sector.radii[0]:.0f} and {sector.radii[1]:.0f} pixels"
    )
