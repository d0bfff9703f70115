"""All problems of all splits at once."""

import pytest
from PIL import Image

from mmccam.datasets.check import Summary, check_datasets
from mmccam.registry import DATASETS


@pytest.fixture
def run(configs):
    """Check the data sets; give problems, notes and summaries."""

    def run(splits=('train', 'val', 'test'), scaled_masks=()):
        problems, notes = [], []
        chosen = {split: configs[split] for split in splits}
        summaries = check_datasets(chosen, problems.append, notes.append, scaled_masks)
        return problems, notes, summaries

    return run


def append(path, line):
    path.write_text(f'{path.read_text()}{line}\n')


def test_problems_of_all_files_and_splits_are_found_at_once(root, run, configs):
    train, val = root / 'metadata/train', root / 'metadata/val'
    append(train / 'image_ids.txt', 'train/c.png')
    append(train / 'class_labels.txt', 'train/d.png,2')
    (root / 'images/train/a.png').write_bytes(b'')
    (val / 'class_labels.txt').unlink()
    (val / 'localization.txt').write_text('val/a.png,0,0,9,5\nval/b.png\n')
    (root / 'images/val/b.png').write_bytes(b'no image')

    problems, _, summaries = run()

    unreadable = 'the file is empty or of no known format'
    assert problems == [
        f'{train}/image_ids.txt, line 3: there is no file "{root}/images/train/c.png"',
        f'{train}/class_labels.txt, line 3: the label must lie between 0 and 1, since '
        'there are 2 classes, got 2',
        f'cannot read the image {root}/images/train/a.png: {unreadable}',
        f'there is no file {val}/class_labels.txt',
        f'{val}/localization.txt, line 1: the box [0.0, 0.0, 9.0, 5.0] is reversed, '
        'NaN or outside the image of 8 x 6 pixels',
        f'{val}/localization.txt, line 2: expected "path,x0,y0,x1,y1", got "val/b.png"',
        f'{val}/localization.txt has no box or mask for val/b.png, which the '
        'evaluation of the split val needs',
        f'cannot read the image {root}/images/val/b.png: {unreadable}',
    ]
    counts = {name: found.problems for name, found in summaries.items()}
    assert counts == dict(train=3, val=5, test=0)
    # Afterwards the first one is an error again.
    with pytest.raises(FileNotFoundError, match='class_labels.txt'):
        DATASETS.build(configs['val'])


def test_sizes_and_boxes_are_those_of_the_pixels(root, run):
    # As if somebody had listed the image as its EXIF orientation shows it.
    Image.new('RGB', (6, 8)).save(root / 'images/test/a.png')
    path = root / 'images/test/a.png'

    problems, _, _ = run(['test'])

    assert problems == [
        f'{path} has 6 x 8 pixels as it is stored, image_sizes.txt has 8 x 6',
        f'{path}: the box [0.0, 0.0, 7.0, 5.0] is reversed, NaN or outside the image '
        'of 6 x 8 pixels',
    ]


def test_masks_are_readable_and_have_the_size_of_their_image_or_its_shape(root, run):
    masks = root / 'masks'
    masks.mkdir()
    Image.new('L', (8, 6)).save(masks / 'a.png')
    Image.new('L', (16, 12)).save(masks / 'b.png')
    path = root / 'metadata/test/localization.txt'
    path.write_text('test/a.png,a.png,\ntest/b.png,b.png,a.png\n')

    assert run(['test'])[0] == [
        f'the mask {masks}/b.png has 16 x 12 pixels, '
        f'its image {root}/images/test/b.png 8 x 6'
    ]
    assert run(['test'], scaled_masks=['test'])[0] == []
    for mask in masks.iterdir():
        mask.write_bytes(b'no mask')
    unreadable = {f'cannot read the mask {masks}/{name}.png' for name in 'ab'}
    assert set(run(['test'])[0]) == unreadable


def test_missing_classes_and_shared_images_are_noted(root, run):
    (root / 'classes.txt').write_text('\n'.join('abcdefghijklmn'))
    for file in ('image_ids', 'class_labels', 'localization'):
        path = root / f'metadata/test/{file}.txt'
        path.write_text(path.read_text().replace('test/b.png', 'train/b.png'))

    problems, notes, _ = run()

    assert problems == []
    assert notes == [
        '12 of 14 classes have no image in train: c, d, e, f, g, h, i, j, k, l, …',
        '1 images are both in train and in test, '
        f'the first is {root}/images/train/b.png',
    ]


def test_a_problem_that_splits_share_is_reported_once(root, run):
    (root / 'classes.txt').unlink()

    problems, _, summaries = run()

    assert problems == [
        f'there is no {root}/classes.txt, so that num_classes must be given'
    ]
    assert set(summaries.values()) == {Summary(images=0, classes=0, problems=1)}


def test_a_pipeline_that_skips_images_reports_them_all_the_same(root, run, configs):
    noted = root / 'unreadable.txt'
    (root / 'images/train/a.png').write_bytes(b'')
    load = dict(type='mmccam.LoadImage', unreadable=str(noted))
    configs['train']['pipeline'] = [load]

    assert len(run(['train'])[0]) == 1
    assert not noted.exists()


def test_loaders_of_other_packages_are_used(root, run, configs):
    path = root / 'images/test/a.png'
    path.write_bytes(b'')
    configs['test']['pipeline'] = [dict(type='LoadImageFromFile')]

    (problem,) = run(['test'])[0]
    assert problem.startswith(f'cannot read the image {path}: ')
