"""Volumes and EF from two apical views of one patient."""

from __future__ import annotations

from cardiac.clinical.catalogue import BIPLANE, PER_BEAT
from cardiac.clinical.indices import Indices, Stack, per_bsa
from cardiac.clinical.volumes import Convention, biplane_volume, ejection_fraction
from cardiac.errors import MeasurementError, SettingsError
from cardiac.reasons import Reason

EACH_VIEW = Reason("each_view", "measured in each view by itself")
WARN_ABOVE = 10.0
FLAG_ABOVE = 20.0
ATRIAL_WARN_MM = 5.0
VOLUMES_APART, EF_APART = 50.0, 30.0
"""Largest difference of the two views' own volumes in percent of the larger, and of their EF in
points, that 99 of 100 training patients keep in the experts' masks."""
_MADE = {
    "lv_edv_ml": "lv_ed",
    "lv_esv_ml": "lv_es",
    "la_volume_es_ml": "la_es",
}


def combine_views(a4c: Indices, a2c: Indices, *, bsa_m2: float | None = None) -> Indices:
    """Biplane indices of a four-chamber and a two-chamber sequence.

    Discs and axes are means over each view's beats. By the `ase` convention the discs of a phase
    are as high as the longer of the two axes of that phase.

    Args:
        a4c, a2c: What `measure_indices` gave for each view.
        bsa_m2: Body surface area.

    Raises:
        SettingsError: The two views follow different conventions.
    """
    if a4c.convention is not a2c.convention:
        raise SettingsError("the two views were measured by different conventions")
    values: dict[str, float] = {}
    reasons = dict.fromkeys(PER_BEAT, EACH_VIEW)
    for name, phase in _MADE.items():
        reasons.pop(name)
        try:
            values[name] = _volume(a4c, a2c, phase)
        except MeasurementError as error:
            reasons[name] = error.reason
    reasons.pop("lv_ef_percent")
    try:
        values["lv_ef_percent"] = ejection_fraction(values["lv_edv_ml"], values["lv_esv_ml"])
    except (KeyError, MeasurementError):
        reasons["lv_ef_percent"] = Reason("base_missing", "a volume is missing")
    discordance, warnings = _discordance(a4c, a2c)
    if discordance is None:
        reasons["long_axis_discordance_percent"] = Reason(
            "no_axis", "a view has no long axis in mm"
        )
    else:
        values["long_axis_discordance_percent"] = discordance
    rates = [view.heart_rate_bpm for view in (a4c, a2c) if view.heart_rate_bpm is not None]
    if rates:
        values["heart_rate_bpm"] = sum(rates) / len(rates)
    else:
        reasons["heart_rate_bpm"] = Reason("no_heart_rate", "neither view has one")
    indexed, more = per_bsa(values, bsa_m2)
    return Indices(
        values | indexed,
        view=BIPLANE,
        convention=a4c.convention,
        n_beats=min(a4c.n_beats, a2c.n_beats),
        discordant=discordance is not None and discordance > FLAG_ABOVE,
        reasons=reasons | more,
        warnings=tuple(warnings),
    )


def _stack(view: Indices, phase: str, title: str) -> Stack:
    if phase not in view.stacks:
        raise MeasurementError(
            f"the {title} view has no discs of this phase in mm", code="no_discs"
        )
    return view.stacks[phase]


def _volume(a4c: Indices, a2c: Indices, phase: str) -> float:
    """Biplane volume in mL of one structure in one phase."""
    four, two = _stack(a4c, phase, "four-chamber"), _stack(a2c, phase, "two-chamber")
    height = max(four.length_mm, two.length_mm)
    if phase != "la_es" and a4c.convention is Convention.CAMUS_LEGACY:
        stacks = [view.stacks for view in (a4c, a2c)]
        height = max(s[p].length_mm for s in stacks for p in ("lv_ed", "lv_es") if p in s)
    return biplane_volume(four.diameters, two.diameters, height)


def _discordance(a4c: Indices, a2c: Indices) -> tuple[float | None, list[Reason]]:
    """Largest difference of the long axes in one phase in percent of the longer, and warnings."""
    worst: float | None = None
    warnings: list[Reason] = []
    for phase in ("lv_ed", "lv_es"):
        if phase in a4c.stacks and phase in a2c.stacks:
            four, two = a4c.stacks[phase].length_mm, a2c.stacks[phase].length_mm
            worst = max(worst or 0.0, 100 * abs(four - two) / max(four, two))
    if worst is not None and worst > WARN_ABOVE:
        verb = "the volumes are not to be trusted" if worst > FLAG_ABOVE else "one is foreshortened"
        text = f"the long axes of the two views differ by {worst:.0f} %: {verb}"
        warnings.append(Reason("long_axes_differ", text))
    if "la_es" in a4c.stacks and "la_es" in a2c.stacks:
        apart = abs(a4c.stacks["la_es"].length_mm - a2c.stacks["la_es"].length_mm)
        if apart > ATRIAL_WARN_MM:
            text = f"the atrium's lengths in the two views differ by {apart:.0f} mm"
            warnings.append(Reason("atrial_lengths_differ", text))
    return worst, [*warnings, *_disagreements(a4c, a2c)]


def _disagreements(a4c: Indices, a2c: Indices) -> list[Reason]:
    """Volumes and EF of the two planes that are farther apart than two planes of one heart."""
    found = []
    for name, title in (("lv_edv_ml", "EDV"), ("lv_esv_ml", "ESV")):
        four, two = a4c.values.get(name), a2c.values.get(name)
        if four is not None and two is not None and max(four, two) > 0:
            apart = 100 * abs(four - two) / max(four, two)
            if apart > VOLUMES_APART:
                text = f"the {title} of the two views do not agree ({four:.0f} and {two:.0f} mL)"
                general = f"the {title} of the two views do not agree"
                found.append(Reason(f"{title.lower()}_disagree", text, general=general))
    four, two = a4c.lv_ef_percent, a2c.lv_ef_percent
    if four is not None and two is not None and abs(four - two) > EF_APART:
        text = f"the EF of the two views do not agree ({four:.0f} and {two:.0f} %)"
        found.append(Reason("ef_disagree", text, general="the EF of the two views do not agree"))
    return found
