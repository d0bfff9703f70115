"""Results in other formats, read back by other programs."""

import csv
import json
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from globox import AnnotationSet, BoxFormat
from PIL import Image
from pycocotools.coco import COCO

from mmccam.apis.formats import FORMATS
from mmccam.apis.lines import LINES, Lines

NAMES = ['cat', 'a "dog" & co.', 'emu']
# The whole of an image of 30 x 20 pixels; of one of 40 x 10, a column of one pixel,
# and columns 10 to 29 of rows 2 to 5.
WHOLE, COLUMN, PART = [0.0, 0.0, 29.0, 19.0], [39.0, 0.0, 39.0, 9.0], [10, 2, 29, 5]


def prediction(label, score, box):
    return dict(label=label, class_name=NAMES[label], score=score, box=box)


@pytest.fixture
def lines(tmp_path):
    """Results of two images, the second with two guesses, and one that was skipped."""
    root, out = tmp_path / 'images', tmp_path / 'out'
    sizes = {'a/0.jpg': (30, 20), 'b/1 ü.jpg': (40, 10)}
    found = {
        'a/0.jpg': [prediction(0, 0.5, WHOLE)],
        'b/1 ü.jpg': [prediction(2, 0.75, COLUMN), prediction(1, 0.25, PART)],
    }
    results = [dict(img_path=str(root / 'a/no.jpg'), error='cannot be read, "no"')]
    for name, (width, height) in sizes.items():
        (root / name).parent.mkdir(parents=True)
        Image.new('RGB', (width, height)).save(root / name)
        size = dict(width=width, height=height)
        path = str(root / name)
        results.append(dict(img_path=path, **size, predictions=found[name]))
    out.mkdir()
    text = ''.join(f'{json.dumps(result)}\n' for result in results)
    (out / LINES).write_text(text)
    return Lines(out, str(root))


@pytest.fixture
def write(lines):
    """Write a format, and give the folder of results."""

    def write(name, names=NAMES):
        FORMATS[name](lines.folder, lines, names)
        return lines.folder

    return write


def boxes_of(annotations, box_format=BoxFormat.LTWH):
    """Sorted labels and boxes of each image, as globox has read them."""
    return {
        name: sorted(
            (box.label, *np.round(_corners(box, box_format), 4).tolist())
            for box in annotations[name].boxes
        )
        for name in annotations.image_ids
    }


def _corners(box, box_format):
    return box.ltrb if box_format is BoxFormat.LTRB else box.ltwh


def test_json_is_a_list_of_the_results(write, lines):
    read = json.loads((write('json') / 'predictions.json').read_text())
    assert read == [result for _, result in lines]


def test_csv(write):
    with open(write('csv') / 'predictions.csv', newline='', encoding='utf-8') as file:
        skipped, first, second, third = csv.DictReader(file)
    assert skipped['error'] == 'cannot be read, "no"' and skipped['label'] == ''
    assert first['image'].endswith('a/0.jpg') and first['class_name'] == 'cat'
    corners = [
        [row[name] for name in ('x0', 'y0', 'x1', 'y1')] for row in (first, third)
    ]
    assert corners == [['0', '0', '29', '19'], ['10', '2', '29', '5']]
    assert third['class_name'] == NAMES[1] and second['score'] == '0.75'


def test_coco_is_read_by_its_own_tools(write, capsys):
    folder = write('coco')
    coco = COCO(folder / 'coco.json')
    assert [image['file_name'] for image in coco.loadImgs(coco.getImgIds())] == [
        'a/0.jpg',
        'b/1 ü.jpg',
    ]
    (whole,) = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert whole['bbox'] == [0, 0, 30, 20] and whole['area'] == 600
    assert [coco.cats[label]['name'] for label in range(3)] == NAMES
    found = coco.loadRes(str(folder / 'coco_results.json'))
    column, part = found.loadAnns(found.getAnnIds(imgIds=[2]))
    assert (column['bbox'], column['category_id'], column['score']) == (
        [39, 0, 1, 10],
        2,
        0.75,
    )
    assert part['bbox'] == [10, 2, 20, 4]


def test_yolo_has_the_widths_of_all_pixels(write):
    folder = write('yolo') / 'yolo'
    read = AnnotationSet.from_yolo_v5(
        folder / 'labels', image_folder=folder / 'images', recursive=True
    )
    assert boxes_of(read) == {
        '0.jpg': [('0', 0, 0, 30, 20)],
        '1 ü.jpg': [('1', 10, 2, 20, 4), ('2', 39, 0, 1, 10)],
    }
    assert (folder / 'labels/b/1 ü.txt').read_text().splitlines()[0] == (
        '2 0.9875 0.5 0.025 1'
    )
    assert (folder / 'classes.txt').read_text().splitlines() == NAMES
    yaml = pytest.importorskip('yaml').safe_load((folder / 'data.yaml').read_text())
    assert yaml == dict(train='images', val='images', names=dict(enumerate(NAMES)))


def test_yolo_has_a_link_for_each_image(write, lines):
    # Programs look for labels beside the folder that a link of a folder leads to.
    images = write('yolo') / 'yolo/images'
    links = [path for path in images.rglob('*') if path.is_symlink()]
    names = ['a/0.jpg', 'b/1 ü.jpg']
    assert sorted(path.relative_to(images).as_posix() for path in links) == names
    assert all((images / name).samefile(f'{lines.root}/{name}') for name in names)


def test_pascal_voc_counts_from_one(write):
    folder = write('voc') / 'voc/Annotations'
    read = AnnotationSet.from_pascal_voc(folder, recursive=True)
    assert boxes_of(read, BoxFormat.LTRB) == {
        '0.jpg': [('cat', 1, 1, 30, 20)],
        '1 ü.jpg': [(NAMES[1], 11, 3, 30, 6), ('emu', 40, 1, 40, 10)],
    }
    assert read['1 ü.jpg'].image_size == (40, 10)


def test_label_studio_has_percent(write):
    folder = write('labelstudio')
    first, second = json.loads((folder / 'labelstudio.json').read_text())
    assert unquote(second['data']['image']) == '/data/local-files/?d=b/1 ü.jpg'
    (whole,) = first['predictions'][0]['result']
    column, part = second['predictions'][0]['result']
    percent = ('x', 'y', 'width', 'height')
    assert [
        [one['value'][key] for key in percent] for one in (whole, column, part)
    ] == [
        [0, 0, 100, 100],
        [97.5, 0, 2.5, 100],
        [25, 20, 50, 40],
    ]
    assert (part['original_width'], part['original_height']) == (40, 10)
    view = ElementTree.parse(folder / 'labelstudio.xml').getroot()
    (labels,) = view.iter('RectangleLabels')
    assert (labels.get('name'), labels.get('toName')) == (part['from_name'], 'image')
    assert [label.get('value') for label in labels] == NAMES
    assert part['value']['rectanglelabels'] == [NAMES[1]]


@pytest.mark.parametrize(
    ('named', 'names', 'labels'),
    [('folder', ['a', 'b'], '01010'), ('my pet', ['my pet'], '00000')],
)
def test_class_names_of_ones_own(inferencer, images, tmp_path, named, names, labels):
    options = dict(show_progress=False, class_names=named)
    theirs = inferencer(images, show_progress=False)
    out = tmp_path / 'out'
    results = inferencer(images, out_dir=out, formats=['yolo', 'coco'], **options)
    folder, kind = out / 'yolo', dict(image_extension='.png', recursive=True)
    read = AnnotationSet.from_yolo_v5(
        folder / 'labels', image_folder=folder / 'images', **kind
    )
    found = [box.label for name in sorted(read.image_ids) for box in read[name].boxes]
    assert found == list(labels)
    assert (out / 'yolo/classes.txt').read_text().splitlines() == names
    coco = COCO(out / 'coco.json')
    assert [category['name'] for category in coco.loadCats(coco.getCatIds())] == names
    for own, other in zip(results, theirs):
        (own,), (other,) = own['predictions'], other['predictions']
        assert (own['box'], own['score']) == (other['box'], other['score'])


def test_folders_that_are_not_known_before_give_no_class_names(inferencer, images):
    with pytest.raises(ValueError, match='need a list of images, not an iterator'):
        inferencer.stream(iter([images]), class_names='folder')
    with pytest.raises(ValueError, match='an array has no folder'):
        inferencer(np.zeros((4, 6, 3), np.uint8), class_names='folder')


def test_classes_without_names_have_numbers(write):
    folder = write('yolo', names=None)
    assert (folder / 'yolo/classes.txt').read_text().split() == ['0', '1', '2']


@pytest.mark.parametrize('name', ['voc', 'yolo'])
def test_two_images_need_two_files(lines, write, name):
    with open(lines.folder / LINES, 'a') as file:
        png = dict(img_path=f'{lines.root}/a/0.png', width=4, height=4, predictions=[])
        file.write(f'{json.dumps(png)}\n')
    with pytest.raises(ValueError, match='two images would have one file 0.*a/0.png'):
        write(name)
    assert not (lines.folder / name).exists()
