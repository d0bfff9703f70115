"""Networks for other programs: one graph from pixels to scores and maps."""

from importlib.util import find_spec
from pathlib import Path

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor, nn

from ..boxes import Size
from ..cam import rank_classes
from ..whole_files import whole_file
from .network import File

SUFFIXES = ('.onnx', '.pt2')


class ImageToMaps(nn.Module):
    """A network as a function of pixels, without samples and metrics.

    Maps of saliency methods are omitted: they need gradients.

    Args:
        network: A classifier with a localization head, in evaluation mode. Its
            ``set_maps`` says of how many classes maps are made.

    Raises:
        ValueError: If the head makes no other maps.
    """

    def __init__(self, network: ImageClassifier) -> None:
        super().__init__()
        self.network = network
        if not network.head.combinations:
            raise ValueError(
                f'the maps {", ".join(network.head.map_names)} need gradients, which '
                'an exported network does not have: add CAM or CCAM to the cams of '
                'the head'
            )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Compute scores and maps.

        Args:
            images: Images of the network's size, (N, H, W, 3), uint8, RGB.

        Returns:
            ``scores``, the probabilities of all classes, (N, K); ``labels``, the most
            probable classes, (N, T); and their maps by name, (N, T, h, w), float32.
        """
        head = self.network.head
        # The preprocessor gets them as OpenCV reads them.
        bgr = images.flip(-1).permute(0, 3, 1, 2)
        feats = self.network.extract_feat(
            self.network.data_preprocessor(dict(inputs=bgr))['inputs']
        )
        logits = head(feats)
        ranking = rank_classes(logits)
        labels = ranking[:, : head.num_guesses]
        maps = head.combined(feats, ranking, labels)
        return dict(scores=logits.softmax(dim=1), labels=labels, **maps)


def export(network: ImageClassifier, size: Size, path: File) -> list[str]:
    """Write a network as a file of ONNX or ``torch.export``, for batches of any size.

    Args:
        network: See :class:`ImageToMaps`.
        size: Width and height of its input in pixels.
        path: File to write, which ends in ``.onnx`` or ``.pt2``.

    Returns:
        The names of the outputs, in their order.

    Raises:
        ModuleNotFoundError: If the packages that write ONNX are missing.
        ValueError: If the file has another suffix, or there are no maps to export.
    """
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise ValueError(f'the file must end in {" or ".join(SUFFIXES)}, got {path}')
    if suffix == '.onnx' and not find_spec('onnxscript'):
        raise ModuleNotFoundError(
            "ONNX needs the extra deploy: pip install 'mmccam[deploy]'"
        )
    model = ImageToMaps(network)
    # Two images, since the number 1 would be built in.
    images = torch.zeros(2, size[1], size[0], 3, dtype=torch.uint8)
    with torch.no_grad():
        names = list(model(images))
        program = torch.export.export(
            model, (images,), dynamic_shapes=({0: torch.export.Dim('batch')},)
        )
    with whole_file(path) as file:
        if suffix == '.pt2':
            torch.export.save(program, file)
            return names
        sort = {torch.ops.aten.argsort.stable: argsort_by_comparisons}
        exported = torch.onnx.export(
            program.run_decompositions(sort),
            input_names=['images'],
            output_names=names,
            dynamo=True,
            verbose=False,
        )
        file.write(exported.model_proto.SerializeToString())
    return names


def argsort_by_comparisons(
    x: Tensor, *, stable: bool = True, dim: int = -1, descending: bool = False
) -> Tensor:
    """Sort the last dimension, as a stable ``torch.argsort`` does.

    ONNX has no stable sort. The place of an element is the number of those before it:
    the smaller ones (in descending order the larger), and equal ones of lower index.

    Args:
        x: Numbers without NaN, (..., K).
        stable: Always true.
        dim: The last dimension.
        descending: Whether the largest is the first.

    Returns:
        The index of the element at each place, (..., K).
    """
    index = torch.arange(x.shape[-1], device=x.device)
    one, other = x.unsqueeze(-1), x.unsqueeze(-2)
    is_before = other > one if descending else other < one
    is_before = is_before | ((other == one) & (index < index[:, None]))
    place = is_before.sum(dim=-1)
    return torch.zeros_like(place).scatter(-1, place, index.expand_as(place))
