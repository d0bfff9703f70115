import pytest
import torch
from torchvision.models import vgg11


@pytest.fixture(scope='session')
def torchvision_vgg11(tmp_path_factory):
    """The init_cfg of a file of torchvision's VGG-11, and its weights."""
    path = tmp_path_factory.mktemp('weights') / 'vgg11.pth'
    torch.manual_seed(1)
    weights = vgg11(weights=None, num_classes=1).features.state_dict()
    torch.save({f'features.{name}': p for name, p in weights.items()}, path)
    return dict(type='Pretrained', checkpoint=str(path)), weights
