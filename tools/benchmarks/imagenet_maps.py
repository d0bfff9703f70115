"""Compare maps of a classifier that was trained without them, on images of ImageNet.

For each map and each side of the input the threshold with the most right boxes on the
split val is chosen. Printed is the share of right boxes on the split test.

Maps of fewer classes are those of a network that knows no others: ranked and combined
are the true class and so many more, by chance (any), those whose weights are the most
similar to its own (alike), or the least (unlike).
"""

import argparse
from typing import NamedTuple

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.fileio import put_text
from mmengine.utils import track_iter_progress
from PIL import Image
from tabulate import tabulate
from torch import Tensor
from torch.nn.functional import cosine_similarity

from mmccam.cam import activation_maps, rank_classes, target_weights
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets import WSOLDataset
from mmccam.evaluation import ThresholdSearch
from mmccam.models import AboveMean, CombinationFunction, Polynomial, TopBottom
from mmccam.onboard import imagenet_localizer

CAM = 'top-1 & bottom-0 (CAM)'
FUNCTIONS = {
    CAM: TopBottom(1, 0),
    'top-1 & bottom-1': TopBottom(1, 1),
    'top-1 & bottom-10': TopBottom(1, 10),
    'quadratic': Polynomial(2),
    'top-1 minus the mean of all': AboveMean(),
}
RULE = 'largest_component'


class Classes(NamedTuple):
    """How many classes maps are combined of, and which beside the true one."""

    number: int = 1000
    kind: str = 'any'

    @classmethod
    def read(cls, text: str) -> 'Classes':
        """Read a text such as ``27`` or ``27_alike``."""
        number, _, kind = text.partition('_')
        classes = cls(int(number), kind or 'any')
        if not 2 <= classes.number <= 1000 or classes.kind not in KINDS:
            raise ValueError(text)
        return classes

    def __str__(self) -> str:
        return f'{self.number}' if self.number == 1000 else ' '.join(map(str, self))

    def choose(self, label: int, weight: Tensor) -> Tensor:
        """The labels, the given one first, by the weights (K, n) of all classes."""
        order = KINDS[self.kind](label, weight)
        return torch.cat([torch.tensor([label]), order[order != label]])[: self.number]


def _similarity(label: int, weight: Tensor) -> Tensor:
    return cosine_similarity(weight, weight[label][None])


KINDS = dict(
    any=lambda label, weight: torch.from_numpy(
        np.random.RandomState(label).permutation(len(weight))
    ),
    alike=lambda *args: _similarity(*args).argsort(descending=True),
    unlike=lambda *args: _similarity(*args).argsort(),
)


def _is_defined(function: CombinationFunction, number: int) -> bool:
    try:
        function.coefficients(number)
    except ValueError:
        return False
    return True


class MapsOfClassifier:
    """The maps of ``FUNCTIONS`` of some classes, of one pass of EfficientNet-Lite0."""

    def __init__(self, size: int, classes: list[Classes]) -> None:
        self.localizer = imagenet_localizer(size=size)
        self.classes = classes
        self.maps = {
            f'{name}, {one}': (function, one)
            for name, function in FUNCTIONS.items()
            for one in classes
            if _is_defined(function, one.number)
            and (name != CAM or one == classes[0])  # which is the same of any
        }

    @torch.no_grad()
    def sample(self, info: dict) -> dict:
        """A sample of an image with the maps of its true class and its guess."""
        image, label = Image.open(info['img_path']), info['gt_label']
        pixels, _ = self.localizer.load(image, None)
        scores, features, weight = self.localizer.classify([pixels])
        chosen = {one: one.choose(label, weight) for one in self.classes}
        maps = {}
        for name, (function, classes) in self.maps.items():
            labels = chosen[classes]
            maps[name] = self._maps(
                function, scores[:, labels], features, weight[labels]
            )
        label = torch.tensor([label])
        shape = dict(ori_shape=image.size[::-1], pred_label=scores.argmax(dim=1))
        return dict(info, **shape, gt_label=label, cam_labels=label, cams=maps)

    @staticmethod
    def _maps(
        function: CombinationFunction, scores: Tensor, features: Tensor, weight: Tensor
    ) -> Tensor:
        """The map (1, h, w) of the first class."""
        coefficients = function.coefficients(len(weight))
        first, ranking = function.target_first, rank_classes(scores)
        weights = target_weights(ranking, torch.tensor([[0]]), coefficients, first)
        return activation_maps(features, weights @ weight)[0]


def search(classifier: MapsOfClassifier, dataset: BaseDataset) -> tuple[dict, float]:
    """GT-known of each map at each threshold, and the share of right classes."""
    names = [*classifier.maps]
    searches = {name: ThresholdSearch(name, box_rules=[RULE]) for name in names}
    evaluator, hits = Evaluator(list(searches.values())), 0
    for index in track_iter_progress(range(len(dataset))):
        sample = classifier.sample(dataset.get_data_info(index))
        hits += (sample['pred_label'] == sample['gt_label']).item()
        evaluator.process([sample])
    evaluator.evaluate(len(dataset))
    curves = {name: one.curves[RULE][0.5] for name, one in searches.items()}
    return curves, 100 * hits / len(dataset)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    what = 'folder of images in the metadata format, with boxes in val and test'
    parser.add_argument('data_root', help=what)
    what = 'sides of the input in pixels'
    parser.add_argument('--sizes', type=int, nargs='+', default=[224, 448], help=what)
    what = 'of how many classes the maps are combined, and which (default: 1000)'
    default = dict(type=Classes.read, nargs='+', default=[Classes()])
    parser.add_argument('--classes', metavar='N[_KIND]', help=what, **default)
    parser.add_argument('--out', help='file to write the table to')
    args = parser.parse_args()
    datasets = [
        WSOLDataset(args.data_root, split, test_mode=True, num_classes=1000)
        for split in ('val', 'test')
    ]
    rows = []
    for size in args.sizes:
        classifier = MapsOfClassifier(size, args.classes)
        (val, _), (test, top1) = [search(classifier, dataset) for dataset in datasets]
        for name, curve in val.items():
            best = curve.index(max(curve))
            found = dict(threshold=(best + 1) / 100, test=test[name][best])
            name, _, classes = name.rpartition(', ')
            one = dict(size=size, map=name, classes=classes, val=curve[best])
            rows.append(dict(one, **found, top1=top1))
    formats = ('', '', '', '.1f', '.2f', '.1f', '.1f')
    table = tabulate(rows, headers='keys', tablefmt='github', floatfmt=formats)
    print(table)
    if args.out:
        put_text(f'{table}\n', args.out, backend_args=WHOLE_FILES)


if __name__ == '__main__':
    main()
