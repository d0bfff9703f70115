"""From images to boxes, with a trained network."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.device import get_device
from mmpretrain.apis.base import BaseInferencer
from mmpretrain.structures import DataSample
from mmpretrain.utils import track

from ..boxes import Box
from ..evaluation import build_box_rule
from ..evaluation.thresholds import choose_rule, maps_of, read_thresholds
from ..structures import check_map_name, default_map_name
from ..visualization.overlay import MIN_SIDE, draw_localization
from .images import Image, Images, list_images, read_batches
from .network import ConfigLike, find_classes, load_model, resize_whole
from .results import ResultFiles, public

# Pixels of the longer side of an image in a picture.
MAX_SIDE = 1024


class CCAMInferencer(BaseInferencer):
    """Find the object in any image, by a network that was trained on class labels.

    .. code-block:: python

        from mmccam import CCAMInferencer

        inferencer = CCAMInferencer('configs/nlccam_cub.py', 'epoch_30.pth')
        box = inferencer('bird.jpg')[0]['predictions'][0]['box']

    The network may be one of mmccam, or any classifier of mmpretrain with global
    average pooling and one linear layer (ResNet, MobileNetV2, EfficientNet, RegNet, …),
    which gets its maps without training, see
    :func:`~mmccam.models.any_classifier.classifier_with_maps`.

    The result of an image is a dictionary of plain values: ``img_path`` (None for an
    array), ``width`` and ``height`` in pixels, and ``predictions``, the most probable
    classes, each with ``label``, ``class_name``, ``score`` (0 ... 1) and ``box``: x0,
    y0, x1, y1 in pixels of the image as it is stored, from 0, both ends inside. A map
    that shows nothing gives the whole image. An image that was skipped has ``error`` in
    place of size and predictions.

    Args:
        model: Config, its file, or a name in mmpretrain's hub. Defaults to None: the
            config that is stored in the checkpoint.
        pretrained: File or address of the checkpoint. Defaults to None: the one that
            the hub has for the name.
        cam: Name of the map that boxes are made of. Defaults to ``ccam`` or the only
            one.
        cams: Config of a combination function for each name, instead of the head's.
        box_rule: Name of the box rule. Defaults to ``cam``.
        threshold: Threshold of the rule. Defaults to the rule's own.
        thresholds: File of ``tools/search_threshold.py`` for the checkpoint, which
            gives the threshold and, unless it is named, the box rule.
        num_guesses: How many of the most probable classes are predicted.
        size: Side of the network's input in pixels. Defaults to that of the config.
        classes: Names of the classes. Defaults to those stored in the checkpoint.
        device: Device of the network. Defaults to a GPU if there is one.
        options: Values to change in the config, by ``key.of.value``.

    Raises:
        FileNotFoundError: If config or checkpoint is not there.
        ValueError: If the classifier can have no maps, if the checkpoint is of another
            network, or if an argument lies outside its range.
    """

    def __init__(
        self,
        model: Optional[ConfigLike] = None,
        pretrained: Optional[Union[str, Path]] = None,
        cam: Optional[str] = None,
        cams: Optional[dict[str, dict]] = None,
        box_rule: Optional[str] = None,
        threshold: Optional[float] = None,
        thresholds: Optional[Union[str, Path]] = None,
        num_guesses: int = 1,
        size: Optional[int] = None,
        classes: Optional[Sequence[str]] = None,
        device: Optional[str] = None,
        options: Optional[dict] = None,
    ) -> None:
        network, cfg, metainfo = load_model(
            model, pretrained, cams, num_guesses, options
        )
        self.classes = find_classes(network, metainfo, classes)
        self.cam = cam or default_map_name(network.head.map_names)
        check_map_name(self.cam, network.head.map_names)
        if thresholds is not None:
            if threshold is not None or size is not None:
                raise ValueError(
                    f'the thresholds of {thresholds} are for the size of the config: '
                    'give neither a threshold nor a size besides'
                )
            found = read_thresholds(thresholds, pretrained, maps_of(cfg, network.head))
            rule = choose_rule(found, self.cam, box_rule)
            box_rule, threshold = rule['box_rule'], rule['threshold']
        self.box_rule = build_box_rule(box_rule or 'cam', threshold)
        self.size = size
        network._config = cfg  # where mmpretrain's inferencers look for it
        device = device or get_device()
        try:
            super().__init__(network, pretrained=False, device=device)
        except (AssertionError, RuntimeError) as error:
            reason = str(error).partition('\n')[0]
            raise ValueError(f'the device {device} cannot be used: {reason}') from error

    def __call__(self, inputs: Images, **kwargs: Any) -> list[dict]:
        """Find the object in images and return all results.

        Args:
            inputs: Images, see :func:`~mmccam.apis.images.list_images`: paths, folders,
                patterns, arrays (H, W, 3), uint8, BGR, or several of them.
            **kwargs: Those of :meth:`stream`.

        Returns:
            The result of each image, in their order.
        """
        return list(self.stream(inputs, **kwargs))

    def stream(
        self,
        inputs: Images,
        batch_size: int = 8,
        return_cams: bool = False,
        out_dir: Optional[Union[str, Path]] = None,
        draw: bool = True,
        save_maps: bool = False,
        skip_unreadable: bool = False,
        show_progress: bool = True,
    ) -> Iterator[dict]:
        """Find the object in images, one after the other.

        Two batches of images are in memory, for moments three, however many there are.

        Args:
            inputs: Images, see :func:`~mmccam.apis.images.list_images`.
            batch_size: How many images the network takes at a time.
            return_cams: Whether each prediction also has ``cams``: all maps of its
                class by name, (h, w), float32, at the size of the feature map.
            out_dir: Folder for what is written, see
                :class:`~mmccam.apis.results.ResultFiles`. Defaults to None:
                nothing is.
            draw: Whether pictures are written.
            save_maps: Whether maps are written.
            skip_unreadable: Whether an image that cannot be read is passed over.
            show_progress: Whether to show a progress bar.

        Returns:
            Iterator of the result of each image, in their order.

        Raises:
            FileNotFoundError: If there is no such image, folder or pattern.
            ValueError: If a folder has no image, or an image cannot be read.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        images = list_images(inputs)
        draw = draw and out_dir is not None
        results = self._results(images, batch_size, draw, skip_unreadable)
        if out_dir is not None:
            known = images if isinstance(images, list) else ()
            files = ResultFiles(out_dir, inputs, known, save_maps)
            results = files.write_all(results)
        if show_progress:
            total = len(images) if isinstance(images, list) else None
            results = track(results, 'Localizing', total=total)
        return (public(result, return_cams) for result in results)

    def _init_pipeline(self, cfg: Config) -> Compose:
        return resize_whole(cfg, self.size)

    def _results(
        self,
        images: Iterable[Image],
        batch_size: int,
        draw: bool,
        skip_unreadable: bool,
    ) -> Iterator[dict]:
        """Results with all there may be in them: ``cams`` and a ``picture``."""
        for batch in read_batches(images, batch_size, self.pipeline, skip_unreadable):
            packed = [loaded.packed for loaded in batch if loaded.packed]
            samples = iter(self.forward(default_collate(packed)) if packed else ())
            for loaded in batch:
                if loaded.packed is None:
                    yield loaded.info
                    continue
                result = {
                    **loaded.info,
                    **self._result(next(samples), loaded.info['img_path']),
                }
                if draw:
                    result['picture'] = self._draw(loaded.bgr, result)
                yield result

    def _result(self, sample: DataSample, path: Optional[str]) -> dict:
        height, width = sample.ori_shape
        cams = {name: maps.cpu().numpy() for name, maps in sample.cams.items()}
        if not sample.pred_score.isfinite().all():
            raise ValueError(f'the scores of {path or "an array"} are no numbers')
        predictions = []
        for place, label in enumerate(sample.cam_labels.tolist()):
            box: Box = self.box_rule(cams[self.cam][place], (width, height))
            predictions.append(
                dict(
                    label=label,
                    class_name=self.classes[label],
                    score=sample.pred_score[label].item(),
                    box=list(map(float, box)),
                    cams={name: maps[place] for name, maps in cams.items()},
                )
            )
        return dict(width=width, height=height, predictions=predictions)

    def _draw(self, bgr: np.ndarray, result: dict) -> np.ndarray:
        best = result['predictions'][0]
        return draw_localization(
            bgr[..., ::-1],
            best['cams'][self.cam],
            best['box'],
            np.empty((0, 4)),
            title=f'{best["class_name"]}: {best["score"]:.0%}',
            side=min(MAX_SIDE, max(MIN_SIDE, *bgr.shape[:2])),
        )
