"""From images to boxes, with a trained network."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Optional, Union

import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmpretrain.structures import DataSample

from ..boxes import Size, clip_box
from ..evaluation import build_box_rule
from ..evaluation.thresholds import choose_rule, maps_of, read_thresholds
from ..map_boxes import BoxRule
from ..structures import ClassMaps, check_map_name, check_scores, default_map_name
from .images import File, Images
from .localizer import ImageLocalizer, describe_model
from .network import load_network, resize_whole
from .results import public, show_picture


class CCAMInferencer(ImageLocalizer):
    """Find the object in any image, by a network that was trained on class labels.

    .. code-block:: python

        from mmccam import CCAMInferencer

        inferencer = CCAMInferencer('configs/nlccam_cub.py', 'epoch_30.pth')
        box = inferencer('bird.jpg')[0]['predictions'][0]['box']

    The network may be one of mmccam, or any classifier of mmpretrain with global
    average pooling and one linear layer, which gets its maps without training, see
    :func:`~mmccam.models.classifier_with_maps`.

    What it is called with, and what the result of an image is, is said at
    :class:`ImageLocalizer`.

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

    def __call__(
        self,
        inputs: Images,
        return_datasamples: bool = False,
        show: bool = False,
        wait_time: float = 0,
        show_dir: Optional[File] = None,
        **kwargs: Any,
    ) -> list:
        """Find the object in images: the results of :meth:`stream` as a list.

        These arguments are as in mmpretrain's inferencers.

        Args:
            inputs: Images, as in :meth:`stream`.
            return_datasamples: Whether each result is the ``DataSample`` of the
                network, with the boxes of all predictions as ``pred_boxes``, (n, 4),
                and their classes as ``box_labels``, (n,). That of a skipped image only
                has its ``error``.
            show: Whether each image is shown in a window, with map and box.
            wait_time: For how many seconds; 0 is until a key is pressed.
            show_dir: Folder for these pictures, as ``<file name of the image>.png``.
            **kwargs: Further arguments of :meth:`stream`.
        """

        def finish(result: dict, return_cams: bool) -> Union[dict, DataSample]:
            if 'picture' in result and viewer.draws:
                show_picture(result, show, wait_time, show_dir)
            if return_datasamples:
                return _data_sample(result)
            return public(result, return_cams)

        viewer = copy(self)
        viewer.draws = show or show_dir is not None
        viewer.finish = finish
        return list(viewer.stream(inputs, **kwargs))

    def prepare(self, sample: dict) -> dict:
        return self.pipeline(sample)

    def predict(self, batch: list[dict]) -> list[dict]:
        with torch.no_grad():
            samples = self.model.test_step(default_collate(batch))
        return [self._result(sample) for sample in samples]

    def settings(self) -> dict[str, Any]:
        head = self.model.head
        return dict(
            describe_model(self.model),
            cams=str(head.cams),
            num_guesses=head.num_guesses,
            pipeline=str(self.pipeline),
        )

    def _result(self, sample: DataSample) -> dict:
        """Size and predictions of an image, with their maps."""
        check_scores(sample)
        height, width = sample.ori_shape
        maps = ClassMaps.read(sample)
        own, labels = maps.maps[self.map_name], maps.labels.tolist()
        result = dict(width=width, height=height)
        if len({*labels}) > 1 and (own == own[:1]).all():
            result['shared_map'] = True
        # A known class is behind the guesses.
        labels = labels[-1:] if 'gt_label' in sample else labels
        size = (width, height)
        found = [self._prediction(sample, maps, label, size) for label in labels]
        return dict(result, predictions=found, sample=sample)

    def _prediction(
        self, sample: DataSample, maps: ClassMaps, label: int, size: Size
    ) -> dict:
        cams = {name: maps.of(name, label) for name in maps.maps}
        box = clip_box(self.box_rule(cams[self.map_name], size), size)
        score = sample.pred_score[label].item()
        found = dict(label=label, class_name=self.classes[label], score=score)
        return dict(found, box=list(map(float, box)), cams=cams)


def _data_sample(result: dict) -> DataSample:
    """The data sample of a result, with its boxes."""
    if 'error' in result:
        known = {key: result[key] for key in ('img_path', 'error')}
        return DataSample(metainfo=known)
    sample, predictions = result['sample'], result['predictions']
    boxes = torch.tensor([prediction['box'] for prediction in predictions])
    labels = torch.tensor([prediction['label'] for prediction in predictions])
    sample.set_field(boxes, 'pred_boxes')
    sample.set_field(labels, 'box_labels')
    return sample
