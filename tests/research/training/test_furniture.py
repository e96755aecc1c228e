import numpy as np
import torch

from cardiac.research.training.furniture import Furniture, draw_sheets


def test_sheets_differ_and_leave_most_of_the_screen_free():
    sheets = draw_sheets(24, 128, np.random.default_rng(0))
    covered = (sheets > 0).mean(axis=(1, 2))
    assert len({sheet.tobytes() for sheet in sheets}) == 24
    assert (covered > 0).all()
    assert covered.mean() < 0.15


def test_only_chosen_images_are_put_on_a_screen():
    furniture = Furniture(64, torch.Generator().manual_seed(0))
    images = torch.rand(6, 1, 64, 64)
    chosen = torch.tensor([1.0, 0, 1, 0, 0, 0]).view(6, 1, 1, 1)
    shown = furniture(images, chosen)
    assert torch.equal(shown[[1, 3, 4, 5]], images[[1, 3, 4, 5]])
    assert shown.min() >= 0
    assert shown.max() <= 1


def test_fine_steps_of_the_cosines_give_the_image_back():
    furniture = Furniture(64, torch.Generator().manual_seed(0))
    image = torch.rand(64, 64)
    assert torch.allclose(furniture._blocks(image, 1e-4), image, atol=2e-3)
    coarse = (furniture._blocks(image, 0.2) - image).abs().mean()
    assert coarse > 0.02
