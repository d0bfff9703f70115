import pytest
import torch


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 32, 48, generator=generator)
