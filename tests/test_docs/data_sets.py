"""Small data sets in the folders where the documentation expects the real ones."""

import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import mat4py
import numpy as np
import torch
from torchvision.models import vgg11
from writers import write_dogs_list, write_xml

from mmccam.datasets.demo import generate_demo

SPLITS = ('train', 'val', 'test')
# The published archives, and what each has at its top.
ARCHIVES = {
    'CUB_200_2011.tgz': ['CUB_200_2011'],
    'ILSVRC2017_CLS-LOC.tar.gz': ['ILSVRC'],
    'images.tar': ['dogs/Images'],
    'annotation.tar': ['dogs/Annotation'],
    'lists.tar': ['dogs/lists/train_list.mat', 'dogs/lists/test_list.mat'],
    'car_ims.tgz': ['cars/car_ims'],
    'stl10_binary.tar.gz': ['stl10_binary'],
}


def lay_out(clone: Path) -> None:
    """Lay out data sets, as their archives, and weights in a clone and beside it."""
    data = clone / 'data'
    generate_demo(data / 'demo', num_train=2, num_val=1, num_test=1, size=64)
    images = {split: read_split(data / 'demo', split) for split in SPLITS}
    lay_out_benchmark(data / 'wsolevaluation', data / 'demo')
    with TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out_cub(root / 'CUB_200_2011', images)
        lay_out_ilsvrc(root / 'ILSVRC', images)
        lay_out_dogs(root / 'dogs', images)
        lay_out_cars(root / 'cars', images)
        lay_out_stl10(root / 'stl10_binary', images)
        for archive, contents in ARCHIVES.items():
            with tarfile.open(clone / archive, 'w') as file:
                for path in map(root.joinpath, contents):
                    file.add(path, path.name)
        shutil.move(root / 'cars/cars_annos.mat', clone)
    # The folders and the weights that README.md, results.md and pictures.md name.
    shared = clone.parent / 'shared'
    (shared / 'data').mkdir(parents=True)
    (shared / 'weights').mkdir()
    wheels = shared / 'wheels/torch2.14'
    wheels.mkdir(parents=True)
    (wheels / 'mmcv-2.1.0-none.whl').touch()  # pip has a stand-in
    pets = shared / 'data/pets3'
    for breed in ('Abyssinian', 'american_bulldog'):
        _copy(images['test'][0][0], pets / f'images/{breed}/{breed}_2.jpg')
    (pets / 'metadata').mkdir()
    (pets / 'metadata/test').symlink_to(data / 'demo/metadata/test-masks')
    # The masks of this data set are listed relative to its folder.
    (pets / 'test').symlink_to(data / 'demo/masks/test')
    for name in ('classes.txt', 'metadata/train', 'images/train', 'images/test'):
        (pets / name).symlink_to(data / 'demo' / name)
    for link in (clone / 'my_data', shared / 'data/tiny20', shared / 'data/cub27'):
        link.symlink_to(data / 'demo')
    imagenet = shared / 'data/ilsvrc1300'  # without names of classes
    imagenet.mkdir()
    for name in ('images', 'metadata'):
        (imagenet / name).symlink_to(data / 'demo' / name)
    weights = clone / 'vgg16.pth'
    layers = vgg11().features.state_dict()
    torch.save({f'features.{name}': w.half() for name, w in layers.items()}, weights)
    (shared / 'weights/vgg16_imagenet_fp16.pth').symlink_to(weights)


def read_split(demo: Path, split: str) -> list[tuple]:
    """Path, label, box and size of each image of the demo."""
    files = ('image_ids', 'class_labels', 'localization', 'image_sizes')
    columns = [
        (demo / f'metadata/{split}/{file}.txt').read_text().split() for file in files
    ]
    return [
        (demo / 'images' / name, int(label[len(name) + 1 :]), *map(_numbers, others))
        for name, label, *others in zip(*columns)
    ]


def _numbers(line: str) -> tuple[int, ...]:
    return tuple(map(int, line.split(',')[1:]))


def _copy(image: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(image, path)


def lay_out_cub(root: Path, images: dict[str, list]) -> None:
    names, labels, splits, boxes = [], [], [], []
    for split in ('train', 'test'):
        for image, label, (x0, y0, x1, y1), _ in images[split]:
            number = len(names) + 1
            name = f'{label + 1:03}.Bird/{number}.jpg'
            _copy(image, root / 'images' / name)
            names.append(f'{number} {name}')
            labels.append(f'{number} {label + 1}')
            splits.append(f'{number} {int(split == "train")}')
            boxes.append(f'{number} {x0}.0 {y0}.0 {x1 - x0}.0 {y1 - y0}.0')
    for file, lines in dict(
        images=names,
        image_class_labels=labels,
        train_test_split=splits,
        bounding_boxes=boxes,
    ).items():
        (root / f'{file}.txt').write_text('\n'.join(lines) + '\n')


def lay_out_ilsvrc(root: Path, images: dict[str, list]) -> None:
    lists = dict(train_cls=[], val=[])
    for image, label, *_ in images['train']:
        name = f'n{label:08}/n{label:08}_{len(lists["train_cls"])}'
        _copy(image, root / f'Data/CLS-LOC/train/{name}.JPEG')
        lists['train_cls'].append(name)
    for image, label, box, size in images['test']:
        name = f'ILSVRC2012_val_{len(lists["val"]) + 1:08}'
        _copy(image, root / f'Data/CLS-LOC/val/{name}.JPEG')
        xml = root / f'Annotations/CLS-LOC/val/{name}.xml'
        write_xml(xml, size, [(f'n{label:08}', *box)])
        lists['val'].append(name)
    for file, names in lists.items():
        path = root / f'ImageSets/CLS-LOC/{file}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f'{name} {i}\n' for i, name in enumerate(names, start=1)]
        path.write_text(''.join(lines))
    mapping = ''.join(f'n{label:08} class {label}\n' for label in range(1000))
    (root / 'LOC_synset_mapping.txt').write_text(mapping)


def lay_out_dogs(root: Path, images: dict[str, list]) -> None:
    for label in range(120):
        (root / f'Images/n{label:08}-Dog').mkdir(parents=True)
    for split in ('train', 'test'):
        names, labels = [], []
        for number, (image, label, box, size) in enumerate(images[split]):
            name = f'n{label:08}-Dog/n{label:08}_{split}_{number}'
            _copy(image, root / f'Images/{name}.jpg')
            write_xml(root / 'Annotation' / name, size, [('Dog', *box)])
            names.append(name)
            labels.append(label + 1)
        write_dogs_list(root / f'lists/{split}_list.mat', names, labels)


def lay_out_cars(root: Path, images: dict[str, list]) -> None:
    rows = [(*image, split) for split in ('train', 'test') for image in images[split]]
    names = [f'car_ims/{number:06}.jpg' for number in range(1, len(rows) + 1)]
    for name, (image, *_) in zip(names, rows):
        _copy(image, root / name)
    fields = {
        'relative_im_path': names,
        'class': [label + 1 for _, label, *_ in rows],
        'test': [int(split == 'test') for *_, split in rows],
    }
    for index, corner in enumerate(('x1', 'y1', 'x2', 'y2')):
        fields[f'bbox_{corner}'] = [box[index] + 1 for _, _, box, *_ in rows]
    mat4py.savemat(str(root / 'cars_annos.mat'), dict(annotations=fields))


def lay_out_stl10(root: Path, images: dict[str, list]) -> None:
    root.mkdir()
    for split in ('train', 'test'):
        pixels = [
            cv2.resize(cv2.imread(str(image)), (96, 96)) for image, *_ in images[split]
        ]
        # Channels RGB, columns, rows.
        np.stack(pixels)[..., ::-1].transpose(0, 3, 2, 1).tofile(
            root / f'{split}_X.bin'
        )
        labels = [label % 10 + 1 for _, label, *_ in images[split]]
        np.array(labels, np.uint8).tofile(root / f'{split}_y.bin')
    (root / 'class_names.txt').write_text(''.join(f'class {i}\n' for i in range(10)))


def lay_out_benchmark(root: Path, demo: Path) -> None:
    for name in ('CUB', 'ILSVRC', 'OpenImages'):
        shutil.copytree(demo / 'images', root / 'dataset' / name)
        shutil.copytree(demo / 'metadata', root / 'metadata' / name)
    shutil.copytree(demo / 'masks', root / 'dataset/OpenImages', dirs_exist_ok=True)
    metadata = root / 'metadata/OpenImages'
    for split in ('val', 'test'):
        shutil.rmtree(metadata / split)
        shutil.copytree(metadata / 'test-masks', metadata / split)
