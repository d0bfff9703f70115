import pytest
import torch


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 32, 48, generator=generator)
    # As NonLocalVGG computes: convolutions of the other layout round differently.
    return images.contiguous(memory_format=torch.channels_last)
