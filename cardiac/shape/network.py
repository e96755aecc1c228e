"""The AR-VAE of normal forms, as it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cardiac.anatomy import ATTRIBUTES
from cardiac.shape.settings import ShapeSettings

if TYPE_CHECKING:
    import torch

TIED = len(ATTRIBUTES)


def build_network(settings: ShapeSettings) -> torch.nn.Module:
    """Encoder, decoder and the phase neuron, starting as principal components.

    The encoder maps seven standardised attributes and the whitened components to the mean
    and the logarithm of the variance of the free dimensions, and the decoder a code to the
    components. Each is a linear map plus a perceptron that starts at zero. The phase is one
    neuron on the code (Painchaud et al., IEEE TMI 39(11), 2020).
    """
    import torch
    from torch import nn

    free = settings.dimensions - TIED
    width = settings.width

    class ArVaeNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = _residual(TIED + settings.components, width, 2 * free)
            self.decoder = _residual(settings.dimensions, width, settings.components)
            self.phase = nn.Linear(settings.dimensions, 1)
            self.tied_log_variance = nn.Parameter(-6 * torch.ones(TIED))
            for i in range(free):
                self.encoder.skip.weight.data[i, TIED + i] = 1
                self.decoder.skip.weight.data[i, TIED + i] = 1
            # Small spreads to begin with: the code is trusted before it is regularised.
            nn.init.constant_(self.encoder.last.bias[free:], -4.0)

        def forward(
            self, tied: torch.Tensor, components: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            """Mean and logarithm of the variance (N, D) of the codes."""
            mean, log_variance = self.encoder(torch.cat([tied, components], 1)).chunk(2, 1)
            return (
                torch.cat([tied, mean], 1),
                torch.cat([self.tied_log_variance.expand_as(tied), log_variance], 1).clamp(-12, 2),
            )

    return ArVaeNetwork()


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
