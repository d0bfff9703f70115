"""Compare maps of a classifier that was trained without them, on images of ImageNet.

For each map and each side of the input the threshold with the most right boxes on the
split val is chosen. Printed is the share of right boxes on the split test.
"""

import argparse

import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import Evaluator
from mmengine.fileio import put_text
from mmengine.utils import track_iter_progress
from PIL import Image
from tabulate import tabulate
from torch import Tensor

from mmccam.cam import activation_maps, rank_classes, target_weights
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets import WSOLDataset
from mmccam.evaluation import ThresholdSearch
from mmccam.models import CombinationFunction, Polynomial, TopBottom
from mmccam.onboard import imagenet_localizer

FUNCTIONS = {
    'top-1 & bottom-0 (CAM)': TopBottom(1, 0),
    'top-1 & bottom-1': TopBottom(1, 1),
    'top-1 & bottom-10': TopBottom(1, 10),
    'quadratic': Polynomial(2),
}
RULE = 'largest_component'


class MapsOfClassifier:
    """The maps of all ``FUNCTIONS``, of one pass of EfficientNet-Lite0."""

    def __init__(self, size: int) -> None:
        self.localizer = imagenet_localizer(size=size)

    @torch.no_grad()
    def sample(self, info: dict) -> dict:
        """A sample of an image with the maps of its true class and its guess."""
        image = Image.open(info['img_path'])
        pixels, _ = self.localizer.load(image, None)
        scores, features, weight = self.localizer.classify([pixels])
        ranking, label = rank_classes(scores), torch.tensor([info['gt_label']])
        maps = {
            name: self._maps(function, ranking, label, features, weight)
            for name, function in FUNCTIONS.items()
        }
        shape = dict(ori_shape=image.size[::-1], pred_label=ranking[0, :1])
        return dict(info, **shape, gt_label=label, cam_labels=label, cams=maps)

    @staticmethod
    def _maps(
        function: CombinationFunction,
        ranking: Tensor,
        label: Tensor,
        features: Tensor,
        weight: Tensor,
    ) -> Tensor:
        coefficients = function.coefficients(len(weight))
        first = function.target_first
        weights = target_weights(ranking, label[None], coefficients, first) @ weight
        return activation_maps(features, weights)[0]


def search(classifier: MapsOfClassifier, dataset: BaseDataset) -> tuple[dict, float]:
    """GT-known of each map at each threshold, and the share of right classes."""
    searches = {name: ThresholdSearch(name, box_rules=[RULE]) for name in FUNCTIONS}
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
    parser.add_argument('--out', help='file to write the table to')
    args = parser.parse_args()
    datasets = [
        WSOLDataset(args.data_root, split, test_mode=True, num_classes=1000)
        for split in ('val', 'test')
    ]
    rows = []
    for size in args.sizes:
        classifier = MapsOfClassifier(size)
        (val, _), (test, top1) = [search(classifier, dataset) for dataset in datasets]
        for name, curve in val.items():
            best = curve.index(max(curve))
            found = dict(threshold=(best + 1) / 100, test=test[name][best])
            rows.append(dict(size=size, map=name, val=curve[best], **found, top1=top1))
    formats = ('', '', '.1f', '.2f', '.1f', '.1f')
    table = tabulate(rows, headers='keys', tablefmt='github', floatfmt=formats)
    print(table)
    if args.out:
        put_text(f'{table}\n', args.out, backend_args=WHOLE_FILES)


if __name__ == '__main__':
    main()
