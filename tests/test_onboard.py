"""EfficientNet-Lite0 on board, and the comparison of its maps."""

import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from mmccam.cam import activation_maps, polynomial, top_bottom
from mmccam.onboard import imagenet_localizer

ROOT = Path(__file__).parent.parent
# Of docs/pets.jpg.
BULLDOG = (2, 368, 292, 564)


@pytest.fixture
def photograph(tmp_path):
    with Image.open(ROOT / 'docs/pets.jpg') as picture:
        picture.crop(BULLDOG).save(tmp_path / 'dog.png')
    return tmp_path / 'dog.png'


@pytest.fixture
def imagenet_maps(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools')
    from benchmarks import imagenet_maps

    return imagenet_maps


def test_the_class_of_a_photograph(photograph):
    localizer = imagenet_localizer()
    assert (255 * localizer.mean).tolist() == pytest.approx([127] * 3)
    assert (255 * localizer.std).tolist() == pytest.approx([128] * 3)
    (result,) = localizer(Image.open(photograph))
    (found,) = result['predictions']
    assert (found['label'], found['class_name']) == (195, 'Boston bull')
    assert found['cam'].shape == (7, 7)


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'efficientnet_lite_pytorch', None)
    with pytest.raises(ModuleNotFoundError, match='pip install efficientnet-lite-pyt'):
        imagenet_localizer()


def test_the_compared_maps_are_those_of_the_true_class(imagenet_maps, photograph):
    info = dict(img_path=str(photograph), gt_label=7)
    classes = [imagenet_maps.Classes()]
    sample = imagenet_maps.MapsOfClassifier(96, classes).sample(info)
    assert sample['ori_shape'] == (196, 290) and sample['gt_label'] == 7
    functions = {
        'top-1 & bottom-0 (CAM)': partial(top_bottom, i=1, j=0),
        'top-1 & bottom-1': partial(top_bottom, i=1, j=1),
        'top-1 & bottom-10': partial(top_bottom, i=1, j=10),
        'quadratic': partial(polynomial, degree=2),
        'top-1 minus the mean of all': lambda k: (torch.arange(k) == 0).float() - 1 / k,
    }
    for name, function in functions.items():
        first = name != 'quadratic'
        localizer = imagenet_localizer(
            size=96, combination=function, target_first=first
        )
        (result,) = localizer(Image.open(photograph), labels=7)
        cam = torch.from_numpy(result['predictions'][0]['cam'])
        torch.testing.assert_close(sample['cams'][f'{name}, 1000'][0], cam)
    assert list(sample['cams']) == [f'{name}, 1000' for name in functions]


def test_maps_of_fewer_classes_are_those_of_a_network_without_the_others(
    imagenet_maps, photograph
):
    classes = [imagenet_maps.Classes.read(text) for text in ('1000', '3_alike')]
    classifier = imagenet_maps.MapsOfClassifier(96, classes)
    maps = classifier.sample(dict(img_path=str(photograph), gt_label=7))['cams']
    # CAM is the same of any classes, and ten cannot be subtracted of three.
    missing = {'top-1 & bottom-0 (CAM), 3 alike', 'top-1 & bottom-10, 3 alike'}
    names = {f'{name}, {one}' for name in imagenet_maps.FUNCTIONS for one in classes}
    assert set(maps) == names - missing
    with torch.no_grad():
        pixels, _ = classifier.localizer.load(Image.open(photograph), None)
        scores, features, weight = classifier.localizer.classify([pixels])
    similarity = torch.cosine_similarity(weight, weight[7][None])
    chosen = similarity.topk(3).indices
    assert chosen[0] == 7
    lowest = chosen[1:][scores[0, chosen[1:]].argmin()]
    expected = activation_maps(features, (weight[7] - weight[lowest])[None, None])
    torch.testing.assert_close(maps['top-1 & bottom-1, 3 alike'], expected[0])


@pytest.mark.parametrize(
    ('kind', 'expected'), [('alike', [1, 2, 0]), ('unlike', [1, 3, 0])]
)
def test_classes_are_chosen_by_their_weights(imagenet_maps, kind, expected):
    # Cosines to class 1: 0, 1, 0.8 and -1.
    weight = torch.tensor([[0.0, 1.0], [1.0, 0.0], [4.0, 3.0], [-1.0, 0.0]])
    classes = imagenet_maps.Classes(3, kind)
    assert classes.choose(1, weight).tolist() == expected
    by_chance = imagenet_maps.Classes(3, 'any').choose(1, weight).tolist()
    assert by_chance[0] == 1 and len(set(by_chance)) == 3


@pytest.mark.parametrize('text', ['1', '1001', '27_similar', 'all'])
def test_unknown_classes_are_refused(imagenet_maps, text):
    with pytest.raises(ValueError):
        imagenet_maps.Classes.read(text)


class Stub:
    """In place of the network: maps of 12 columns, and 600 as the guess.

    The first five columns are the object, the last is 0, and those between have a
    thousandth of the label: up to it the box is too wide.
    """

    def __init__(self, size, classes):
        (one,) = classes
        self.maps = {f'{name}, {one}': None for name in ('CAM', 'CCAM')}

    def sample(self, info):
        cam = torch.tensor([1.0] * 5 + [info['gt_label'] / 1000] * 6 + [0])
        label = torch.tensor([info['gt_label']])
        fields = dict(gt_label=label, cam_labels=label, pred_label=torch.tensor([600]))
        maps = dict.fromkeys(self.maps, cam[None, None])
        return dict(info, ori_shape=(10, 12), cams=maps, **fields)


def test_the_threshold_of_one_split_is_applied_to_the_other(
    imagenet_maps, monkeypatch, tmp_path, capsys
):
    for split, labels in dict(val=[305], test=[100, 200, 250, 600]).items():
        folder = tmp_path / 'metadata' / split
        folder.mkdir(parents=True)
        names = [f'{split}{label}.png' for label in labels]
        (tmp_path / 'images').mkdir(exist_ok=True)
        for name in names:
            Image.new('RGB', (12, 10)).save(tmp_path / 'images' / name)
        lines = [f'{name},{label}' for name, label in zip(names, labels)]
        (folder / 'image_ids.txt').write_text('\n'.join(names))
        (folder / 'class_labels.txt').write_text('\n'.join(lines))
        boxes = [f'{name},0,0,4,9' for name in names]
        (folder / 'localization.txt').write_text('\n'.join(boxes))
    monkeypatch.setattr(imagenet_maps, 'MapsOfClassifier', Stub)
    monkeypatch.setattr(sys, 'argv', ['imagenet_maps.py', str(tmp_path)])
    imagenet_maps.main()

    lines = capsys.readouterr().out.splitlines()[-4:]
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in lines]
    assert rows == [
        [size, name, '1000', '100.0', '0.31', '75.0', '25.0']
        for size in ('224', '448')
        for name in ('CAM', 'CCAM')
    ]
