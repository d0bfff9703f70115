"""From images to boxes, with a trained network."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Optional, Union

import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmpretrain.structures import DataSample
from mmpretrain.utils import track

from ..boxes import clip_box
from ..evaluation import build_box_rule
from ..evaluation.thresholds import choose_rule, maps_of, read_thresholds
from ..map_boxes import BoxRule
from ..structures import ClassMaps, check_map_name, check_scores, default_map_name
from .images import Images, Loaded, list_images, read_batches
from .network import File, load_network, resize_whole
from .results import ResultFiles, draw_result, public


class CCAMInferencer:
    """Find the object in any image, by a network that was trained on class labels.

    .. code-block:: python

        from mmccam import CCAMInferencer

        inferencer = CCAMInferencer('configs/nlccam_cub.py', 'epoch_30.pth')
        box = inferencer('bird.jpg')[0]['predictions'][0]['box']

    The network may be one of mmccam, or any classifier of mmpretrain with global
    average pooling and one linear layer, which gets its maps without training, see
    :func:`~mmccam.models.classifier_with_maps`.

    The result of an image is a dictionary of plain values: ``img_path`` (None for an
    array), ``width`` and ``height`` in pixels, and ``predictions``, the most probable
    classes, each with ``label``, ``class_name``, ``score`` (0 ... 1) and ``box``: x0,
    y0, x1, y1 in pixels of the image as it is stored, from 0, both ends inside. A
    skipped image has ``error`` instead of size and predictions.

    Args:
        model: Config, its file, its name if it is one of ours, or a name in
            mmpretrain's hub. Defaults to the config that is stored in the checkpoint.
        pretrained: File or address of the checkpoint. Defaults to that of the hub.
        cam: Name of the map for boxes. Defaults to ``ccam``, or ``cam`` for a network
            that was trained without maps, or the only one.
        cams: Config of a combination function for each name, instead of the head's.
        box_rule: Name of the box rule. Defaults to ``largest_component``.
        threshold: Threshold of the rule. Defaults to the rule's own.
        thresholds: File of ``tools/search_threshold.py`` for the checkpoint, which
            gives the threshold and, unless it is named, the box rule.
        num_guesses: How many of the most probable classes are predicted.
        size: Side of the network's input in pixels. Defaults to that of the config.
        classes: Names of the classes. Defaults to those stored in the checkpoint.
        device: Device of the network. Defaults to a GPU if there is one.
        options: Values to change in the config, by ``key.of.value``.

    Raises:
        FileNotFoundError: If there is no such config or checkpoint.
        ValueError: If the classifier can have no maps, the checkpoint does not match,
            or an argument is out of its range.
    """

    def __init__(
        self,
        model: Union[File, Config, None] = None,
        pretrained: Optional[File] = None,
        cam: Optional[str] = None,
        cams: Optional[dict[str, dict]] = None,
        box_rule: Optional[str] = None,
        threshold: Optional[float] = None,
        thresholds: Optional[File] = None,
        num_guesses: int = 1,
        size: Optional[int] = None,
        classes: Optional[Sequence[str]] = None,
        device: Optional[str] = None,
        options: Optional[dict] = None,
    ) -> None:
        self.model, cfg, metainfo = load_network(model, pretrained, options, device)
        head = self.model.head
        head.set_maps(head.cams if cams is None else cams, num_guesses)
        self.map_name = cam or default_map_name(head.map_names, head.default_map)
        check_map_name(self.map_name, head.map_names)
        names = classes or metainfo.get('classes') or map(str, range(head.num_classes))
        self.classes = tuple(names)
        if len(self.classes) != head.num_classes:
            counts = f'{head.num_classes} classes, but {len(self.classes)} names'
            raise ValueError(f'the network has {counts}')
        self.pipeline = resize_whole(cfg, size)
        self._rule = dict(box_rule=box_rule, threshold=threshold)
        self._searched = None
        if thresholds is not None:
            if threshold is not None or size is not None:
                raise ValueError(
                    f'the thresholds of {thresholds} are for the size of the config: '
                    'give neither a threshold nor a size besides'
                )
            self._searched = read_thresholds(thresholds, pretrained, maps_of(cfg, head))
        self.box_rule = self.rule_of(self.map_name)

    def rule_of(self, map_name: str) -> BoxRule:
        """The box rule with the threshold that was chosen for a map."""
        rule = self._rule
        if self._searched is not None:
            rule = choose_rule(self._searched, map_name, rule['box_rule'])
        return build_box_rule(rule['box_rule'], rule['threshold'])

    def __call__(self, inputs: Images, **kwargs: Any) -> list[dict]:
        """Find the object in images: the results of :meth:`stream` as a list."""
        return list(self.stream(inputs, **kwargs))

    def stream(
        self,
        inputs: Images,
        batch_size: int = 8,
        return_cams: bool = False,
        out_dir: Optional[File] = None,
        draw: bool = True,
        save_maps: bool = False,
        skip_unreadable: bool = False,
        show_progress: bool = True,
    ) -> Iterator[dict]:
        """Find the object in images, and yield their results in the same order.

        Two batches of images are in memory, for moments three, however many there are.

        Args:
            inputs: Images as arrays (H, W, 3), uint8, BGR, or gray (H, W); paths of
                files, or of folders, which are searched with their subfolders; patterns
                such as ``images/*.jpg``; addresses with ``://``; or several of these.
            batch_size: How many images the network gets at a time.
            return_cams: Whether each prediction also has ``cams``: all maps of its
                class by name, (h, w), float32, at the size of the feature map.
            out_dir: Folder of ``predictions.json``, a line for each image, of pictures
                and maps. Defaults to None: nothing is written.
            draw: Whether ``pictures/<image>.jpg`` are written, the map with the box.
            save_maps: Whether ``maps/<image>.npz`` are written, maps by name, (h, w).
            skip_unreadable: Whether an image that cannot be read is passed over.
            show_progress: Whether to show a progress bar.

        Raises:
            FileNotFoundError: If there is no such image, folder or pattern.
            ValueError: If a folder has no image, or an image cannot be read.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be 1 or more, got {batch_size}')
        images = list_images(inputs)
        known = images if isinstance(images, list) else ()
        batches = read_batches(images, batch_size, self.pipeline, skip_unreadable)
        results = self._results(batches, draw and out_dir is not None)
        if out_dir is not None:
            results = ResultFiles(out_dir, inputs, known, save_maps).write_all(results)
        if show_progress:
            results = track(results, 'Localizing', total=len(known) or None)
        return (public(result, return_cams) for result in results)

    def _results(self, batches: Iterable[list[Loaded]], draw: bool) -> Iterator[dict]:
        """Results with all there may be in them: ``cams`` and a ``picture``."""
        for batch in batches:
            inputs, samples = [packed for *_, packed in batch if packed], iter(())
            if inputs:
                with torch.no_grad():
                    samples = iter(self.model.test_step(default_collate(inputs)))
            for result, bgr, packed in batch:
                if packed:
                    result.update(self._result(next(samples)))
                    if draw:
                        result['picture'] = draw_result(bgr, result, self.map_name)
                yield result

    def _result(self, sample: DataSample) -> dict:
        """Size and predictions of an image, with their maps."""
        check_scores(sample)
        height, width = sample.ori_shape
        maps = ClassMaps.read(sample)
        predictions = []
        for label in maps.labels.tolist():
            cams = {name: maps.of(name, label) for name in maps.maps}
            score = sample.pred_score[label].item()
            size = (width, height)
            box = clip_box(self.box_rule(cams[self.map_name], size), size)
            found = dict(label=label, class_name=self.classes[label], score=score)
            predictions.append(dict(found, box=list(map(float, box)), cams=cams))
        return dict(width=width, height=height, predictions=predictions)
