"""The nearest signal that bends no more than allowed: one small quadratic program, exactly.

    min_x  Σ w_t (x_t − y_t)² + λ Σ (x_{t−1} − 2 x_t + x_{t+1})²
    subject to  |x_t − (x_{t−1} + x_{t+1}) / 2| ≤ τ_t

The problem is that of Painchaud et al. ("Echocardiography segmentation with enforced temporal
consistency", IEEE TMI 41(10), 2022), solved there by gradient descent on its dual. Here a
dual active-set method after Goldfarb and Idnani (Mathematical Programming 27, 1983) ends
at the optimum after finitely many steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from cardiac.errors import GeometryError, SettingsError

Array = npt.NDArray[np.float64]

NOISE_FACTOR = 1.4826
"""Median absolute deviation of a normal distribution to its standard deviation."""
SLACK = 1e-10
"""A bound counts as kept up to this share of the size of the signal's bends and bounds."""


@dataclass(frozen=True, eq=False, slots=True)
class Smoothed:
    """A signal within its bounds.

    Attributes:
        values: (T,) nearest signal; the input itself, bit by bit, where nothing had to move.
        active: (T,) whether the frame's bound holds it back.
        moved: Euclidean distance to the input.
    """

    values: Array
    active: npt.NDArray[np.bool_]
    moved: float


def smooth(
    signal: npt.ArrayLike,
    bound: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    smoothness: float = 0.0,
    *,
    periodic: bool = False,
) -> Smoothed:
    """Solve the program above for one signal.

    Args:
        signal: (T,) finite numbers y.
        bound: τ, one number or (T,); infinity where there is none. Without ``periodic``
            those of the first and last frame are not used.
        weights: (T,) positive w; ones if None.
        smoothness: λ ≥ 0; see `smoothness_from_noise`.
        periodic: Whether the last frame is followed by the first.

    Raises:
        GeometryError: Lengths that do not fit together.
        SettingsError: A number that is not finite, a weight that is not positive, or a
            bound or λ that is negative.
    """
    y = np.array(signal, dtype=float)
    if y.ndim != 1:
        raise GeometryError(f"a signal must be (T,), not {y.shape}")
    count = len(y)
    bends = _bends(count, periodic=periodic)
    tau = _checked(bound, count, "bound", least=0.0)
    weight = _checked(1.0 if weights is None else weights, count, "weights", least=1e-12)
    if not np.isfinite(y).all() or not np.isfinite(weight).all():
        raise SettingsError("a signal and its weights must be finite")
    if not (0 <= smoothness < np.inf):
        raise SettingsError("the smoothness must be a finite number, not negative")
    idle = np.zeros(count, dtype=bool)
    if len(bends) == 0:
        return Smoothed(y, idle, 0.0)
    inner = slice(None) if periodic else slice(1, -1)
    limit = tau[inner]
    if smoothness == 0 and (np.abs(bends @ y) <= limit).all():
        return Smoothed(y, idle, 0.0)
    values, held = _solve(y, bends, limit, weight, smoothness)
    active = idle.copy()
    active[inner] = held
    return Smoothed(values, active, float(np.linalg.norm(values - y)))


def smoothness_from_noise(
    signal: npt.ArrayLike, noise_sd: float | None = None, *, periodic: bool = False
) -> float:
    """λ by a fixed rule: variance of the noise over variance of the motion's second differences.

    With second differences drawn from N(0, S) and noise from N(0, N), the most likely signal
    is the one that λ = N / S gives. N is measured from the third differences, which a smooth
    motion hardly has: robustly, (1.4826 · median |Δ³y|)² / 20, or is given. The second
    differences of y have variance V = S + 6 N. So λ = N / max(V − 6 N, V / 4): where the
    motion drowns in noise a quarter of V is still taken for motion, which keeps λ below
    about 1, and leaves a beat of 20 frames its third harmonic.

    Args:
        signal: (T,).
        noise_sd: Standard deviation of the noise where it is known, such as from the spread
            of the codes.
        periodic: Whether the last frame is followed by the first.

    Returns:
        λ; 0 for fewer than five frames, which cannot tell noise from motion, and where
        there is no noise.
    """
    y = np.asarray(signal, dtype=float)
    if len(y) < 5:
        return 0.0
    if periodic:
        y = np.concatenate([y, y[:3]])
    if noise_sd is None:
        noise_sd = float(NOISE_FACTOR * np.median(np.abs(np.diff(y, 3))) / np.sqrt(20))
    noise = noise_sd**2
    if noise <= 1e-24 * max(1.0, float(np.abs(y).max()) ** 2):
        return 0.0
    bend = float((np.diff(y, 2) ** 2).mean())
    return min(noise / max(bend - 6 * noise, bend / 4), 1.0)


def _checked(values: npt.ArrayLike, count: int, name: str, least: float) -> Array:
    """Values broadcast to (count,), none less than ``least``."""
    array = np.asarray(values, dtype=float)
    if array.shape not in {(), (count,)}:
        raise GeometryError(f"{name} must be one number or ({count},), not {array.shape}")
    if not (array >= least).all():
        raise SettingsError(f"{name} must not be negative, nor missing")
    return np.broadcast_to(array, (count,))


def _bends(count: int, *, periodic: bool) -> Array:
    """Matrix (k, T) of x_t − (x_{t−1} + x_{t+1}) / 2."""
    if count < 3:
        return np.zeros((0, count))
    eye = np.eye(count)
    full = eye - (np.roll(eye, 1, axis=1) + np.roll(eye, -1, axis=1)) / 2
    return full if periodic else full[1:-1]


def _solve(
    y: Array, bends: Array, limit: Array, weight: Array, smoothness: float
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Minimiser (T,) and which bends lie on their bound.

    The work is done on the bends: the answer is the unconstrained minimiser less the pull
    of those bounds that hold.
    """
    factor = cho_factor(np.diag(weight) + 4 * smoothness * bends.T @ bends)
    free = cho_solve(factor, weight * y)
    response = cho_solve(factor, bends.T)
    start = bends @ free
    tolerance = SLACK * max(float(np.abs(start).max()), 1e-300)
    if (np.abs(start) <= limit + tolerance * (smoothness > 0)).all():
        return free, np.zeros(len(bends), dtype=bool)
    problem = bends @ response, start, limit, tolerance
    held, sides = _guess(*problem) or _active_set(*problem)
    block = problem[0][np.ix_(held, held)]
    values = free
    for _ in range(2):  # the second round takes away what rounding left
        excess = bends[held] @ values - sides * limit[held]
        values = values - response[:, held] @ np.linalg.solve(block, excess)
    active = np.zeros(len(bends), dtype=bool)
    active[held] = True
    return values, active


def _guess(
    gram: Array, start: Array, limit: Array, tolerance: float
) -> tuple[list[int], Array] | None:
    """As `_active_set`, by exchanging all wrong bends at once: a few rounds, or no answer.

    Source: the primal-dual active set of Hintermüller, Ito and Kunisch, SIAM Journal on
    Optimization 13, 2002. What it answers has been checked to be optimal.
    """
    side = np.where(np.abs(start) > limit, np.sign(start), 0.0)
    for _ in range(10):
        held = np.flatnonzero(side)
        block = gram[np.ix_(held, held)]
        try:
            pull = np.linalg.solve(block, start[held] - side[held] * limit[held])
        except np.linalg.LinAlgError:
            return None
        bend = start - gram[:, held] @ pull
        wrong = np.abs(bend) > limit + tolerance
        pushing = pull * side[held] < 0
        if not wrong[side == 0].any() and not pushing.any():
            # A block that is nearly singular may not have been solved at all.
            sound = np.abs(np.abs(bend[held]) - limit[held]) <= tolerance
            return (held.tolist(), side[held]) if sound.all() else None
        fresh = np.where(wrong & (side == 0), np.sign(bend), 0.0)
        side[held[pushing]] = 0.0
        side += fresh
    return None


def _active_set(
    gram: Array, start: Array, limit: Array, tolerance: float
) -> tuple[list[int], Array]:
    """Bends that lie on their bound at the optimum, and on which side (−1 or 1).

    Args:
        gram: (k, k) change of each bend under a unit pull at each other.
        start: (k,) bends without any pull.
        limit: (k,) their bounds.
        tolerance: Excess that counts as none.
    """
    pulls = _Pulls(gram)
    for _ in range(100 * len(start)):
        bend = start - gram[:, pulls.held] @ (pulls.side * pulls.size)[pulls.held]
        excess = np.abs(bend) - limit
        excess[pulls.held] = -np.inf
        worst = int(excess.argmax())
        if excess[worst] <= tolerance:
            return pulls.held, pulls.side[pulls.held]
        pulls.take_in(worst, float(excess[worst]), float(np.sign(bend[worst])))
    raise SettingsError("the signal cannot be smoothed: its bounds differ by too many magnitudes")


class _Pulls:
    """Which bends are held on their bound, on which side, and how hard each is pulled."""

    def __init__(self, gram: Array) -> None:
        self.gram = gram
        self.held: list[int] = []
        self.side = np.zeros(len(gram))
        self.size = np.zeros(len(gram))

    def take_in(self, new: int, excess: float, side: float) -> None:
        """Pull at one more bend until it keeps its bound, letting go of those that would push."""
        self.side[new], self.size[new] = side, 0.0
        while True:
            share, stiffness = self._response(new)
            # A bend that the held ones determine cannot move before one of them is let go.
            movable = stiffness > 1e-12 * self.gram[new, new]
            full = excess / stiffness if movable else np.inf
            yielding = share > 1e-14
            room = np.full(len(self.held) + 1, np.inf)
            room[:-1][yielding] = self.size[self.held][yielding] / share[yielding]
            first = int(room.argmin())
            step = min(full, float(room[first]))
            if not np.isfinite(step):
                return
            self.size[self.held] -= step * share
            self.size[new] += step
            if step == full:
                self.held.append(new)
                return
            excess -= step * stiffness
            self.side[self.held[first]] = self.size[self.held[first]] = 0.0
            del self.held[first]

    def _response(self, new: int) -> tuple[Array, float]:
        """How the held pulls give way to a unit pull at a new bend, and how much that one moves."""
        signs = self.side[self.held]
        across = signs * self.gram[self.held, new] * self.side[new]
        block = self.gram[np.ix_(self.held, self.held)] * np.outer(signs, signs)
        share = np.linalg.solve(block, across)
        return share, float(self.gram[new, new] - across @ share)
