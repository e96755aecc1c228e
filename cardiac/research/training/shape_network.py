"""The AR-VAE of normal forms, as it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.shape.arvae import TIED, TIED_SIGNS
from cardiac.shape.settings import ShapeSettings
from cardiac.types import Array

if TYPE_CHECKING:
    import torch


def build_network(settings: ShapeSettings, component_signs: Array) -> torch.nn.Module:
    """Encoder, decoder and the phase neuron, starting as principal components.

    The encoder maps seven standardised attributes and the whitened components to the mean
    and the logarithm of the variance of the free dimensions, and the decoder a code to the
    components. Each is a linear map plus a perceptron that starts at zero, made equivariant
    under mirroring as in `cardiac.shape.arvae`. The phase is one neuron on the code
    (Painchaud et al., IEEE TMI 39(11), 2020).

    Args:
        settings: Its size.
        component_signs: (k,) 1 or −1 of the principal components under mirroring.
    """
    import torch
    from torch import nn

    free = settings.dimensions - TIED
    width = settings.width
    inputs = np.concatenate([TIED_SIGNS, component_signs])
    code = code_signs(settings, component_signs)

    class ArVaeNetwork(nn.Module):
        input_signs: torch.Tensor
        free_signs: torch.Tensor
        code_signs: torch.Tensor
        component_signs: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.encoder = _residual(TIED + settings.components, width, 2 * free)
            self.decoder = _residual(settings.dimensions, width, settings.components)
            self.phase = nn.Linear(settings.dimensions, 1)
            self.tied_log_variance = nn.Parameter(-6 * torch.ones(TIED))
            for name, signs in (
                ("input_signs", inputs),
                ("free_signs", np.concatenate([code[TIED:], np.ones(free)])),
                ("code_signs", code),
                ("component_signs", component_signs),
            ):
                self.register_buffer(name, torch.from_numpy(signs).float(), persistent=False)
            for i in range(free):
                self.encoder.skip.weight.data[i, TIED + i] = 1
                self.decoder.skip.weight.data[i, TIED + i] = 1
            # Small spreads to begin with: the code is trusted before it is regularised.
            nn.init.constant_(self.encoder.last.bias[free:], -4.0)

        def forward(
            self, tied: torch.Tensor, components: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            """Mean and logarithm of the variance (N, D) of the codes."""
            x = torch.cat([tied, components], 1)
            y = (self.encoder(x) + self.free_signs * self.encoder(self.input_signs * x)) / 2
            mean, log_variance = y.chunk(2, 1)
            return (
                torch.cat([tied, mean], 1),
                torch.cat([self.tied_log_variance.expand_as(tied), log_variance], 1).clamp(-12, 2),
            )

        def decode(self, codes: torch.Tensor) -> torch.Tensor:
            """Whitened components (N, k) of codes (N, D)."""
            other = self.component_signs * self.decoder(self.code_signs * codes)
            return (self.decoder(codes) + other) / 2  # type: ignore[no-any-return]

        def guess_phase(self, codes: torch.Tensor) -> torch.Tensor:
            """Phases (N,) of codes (N, D): odd dimensions have no say."""
            return self.phase(codes * (self.code_signs > 0))[:, 0]  # type: ignore[no-any-return]

    return ArVaeNetwork()


def code_signs(settings: ShapeSettings, component_signs: Array) -> Array:
    """(D,) signs of a code under mirroring: free dimensions begin as the first components."""
    return np.concatenate([TIED_SIGNS, component_signs[: settings.dimensions - TIED]])


def _residual(inputs: int, width: int, outputs: int) -> Any:
    """A linear map plus a perceptron of two hidden layers; both are zero to begin with."""
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.skip = nn.Linear(inputs, outputs, bias=False)
            self.first = nn.Linear(inputs, width)
            self.second = nn.Linear(width, width)
            self.last = nn.Linear(width, outputs)
            for parameter in (self.skip.weight, self.last.weight, self.last.bias):
                nn.init.zeros_(parameter)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hidden = nn.functional.silu(self.second(nn.functional.silu(self.first(x))))
            return self.skip(x) + self.last(hidden)  # type: ignore[no-any-return]

    return Residual()
