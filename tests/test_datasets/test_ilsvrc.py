from functools import partial

import pytest
from small_sets import build_from_config, write_image
from writers import write_xml

from mmccam.datasets import ilsvrc

MAPPING = 'n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n'
TENCH, GOLDFISH = 'n01440764', 'n01443537'
FIRST, SECOND = 'ILSVRC2012_val_00000001', 'ILSVRC2012_val_00000002'
build = partial(build_from_config, 'nlccam_ilsvrc')


@pytest.fixture
def root(tmp_path):
    """Two classes, two training and two validation images of 8 x 6 pixels."""
    root = tmp_path / 'ILSVRC'
    data, lists = root / 'Data/CLS-LOC', root / 'ImageSets/CLS-LOC'
    lists.mkdir(parents=True)
    trained = [f'{GOLDFISH}/{GOLDFISH}_7', f'{TENCH}/{TENCH}_10026']
    for split, names in dict(train=trained, val=[FIRST, SECOND]).items():
        for name in names:
            write_image(data / split / f'{name}.JPEG')
    # The numbers behind the names only count the lines.
    (lists / 'train_cls.txt').write_text(f'{trained[0]} 1\n{trained[1]} 2\n')
    (lists / 'val.txt').write_text(f'{FIRST} 1\n{SECOND} 2\n')
    boxes = [(GOLDFISH, 1, 2, 3, 4), (TENCH, 0, 0, 1, 1), (GOLDFISH, 0, 0, 8, 7)]
    annotations = root / 'Annotations/CLS-LOC/val'
    write_xml(annotations / f'{FIRST}.xml', (8, 6), boxes)
    write_xml(annotations / f'{SECOND}.xml', (8, 6), [(TENCH, 2, 1, 2, 5)])
    (root / 'LOC_synset_mapping.txt').write_text(MAPPING)
    return root


def test_validation_images_have_the_class_and_the_boxes_of_their_xml(root):
    first, second = (build(root).get_data_info(index) for index in range(2))

    assert first['img_path'] == str(root / f'Data/CLS-LOC/val/{FIRST}.JPEG')
    assert (first['gt_label'], second['gt_label']) == (1, 0)
    # Those of the goldfish alone; 8 and 7 are clipped to the last pixels, 7 and 5.
    assert first['loc_boxes'].tolist() == [[1, 2, 3, 4], [0, 0, 7, 5]]
    assert second['loc_boxes'].tolist() == [[2, 1, 2, 5]]
    sample = build(root)[0]
    assert sample['inputs'].shape == (3, 224, 224)
    assert sample['data_samples'].loc_boxes.tolist() == [[1, 2, 3, 4], [0, 0, 7, 5]]


def test_training_images_have_the_class_of_their_folder_and_no_boxes(root):
    dataset = build(root, 'train')
    samples = [dataset.get_data_info(index) for index in range(2)]

    assert dataset[0]['inputs'].shape == (3, 224, 224)
    assert [sample['gt_label'] for sample in samples] == [1, 0]
    assert samples[0]['img_path'].endswith(f'train/{GOLDFISH}/{GOLDFISH}_7.JPEG')
    assert samples[0]['loc_boxes'].shape == (0, 4)


@pytest.mark.parametrize('line_end', ['\n', '\r\n'])
def test_classes_are_in_the_order_of_their_wordnet_ids(root, line_end):
    lines = line_end.join(reversed(MAPPING.splitlines()))
    (root / 'LOC_synset_mapping.txt').write_bytes(lines.encode())
    # As in the archive of Kaggle for the one, in the folder for the other.
    if line_end == '\n':
        (root / 'LOC_synset_mapping.txt').rename(root.parent / 'LOC_synset_mapping.txt')

    dataset = build(root)

    names = ('tench, Tinca tinca', 'goldfish, Carassius auratus')
    assert dataset.metainfo['classes'] == names
    assert dataset.get_data_info(0)['gt_label'] == 1


def test_without_a_mapping_the_classes_are_the_training_folders(root, monkeypatch):
    (root / 'LOC_synset_mapping.txt').unlink()

    assert build(root).metainfo['classes'] == (TENCH, GOLDFISH)
    assert build(root).get_data_info(0)['gt_label'] == 1
    # As many folders as ImageNet has classes have its names.
    monkeypatch.setattr(ilsvrc, 'IMAGENET_CATEGORIES', ('tench', 'goldfish'))
    assert build(root).metainfo['classes'] == ('tench', 'goldfish')
    (root / 'Data/CLS-LOC/train').rename(root / 'train')
    with pytest.raises(FileNotFoundError, match='synset_mapping.txt .* neither exists'):
        build(root)


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (GOLDFISH, 'n02084071', 'must be one of 2 WordNet ids .* n01440764, got n0208'),
        ('</annotation>', '', 'must be XML .* got ParseError'),
        ('<width>8</width>', '', 'must be XML with the size of the image'),
        ('<xmin>1</xmin>', '<xmin>one</xmin>', "must be XML .* 'one'"),
        ('object>', 'part>', 'names no object'),
        ('<xmin>1</xmin>', '<xmin>4</xmin>', r'\[4.0, 2.0, 3.0, 4.0\] is reversed'),
    ],
)
def test_a_wrong_annotation_is_refused(root, old, new, message):
    path = root / f'Annotations/CLS-LOC/val/{FIRST}.xml'
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(ValueError, match=rf'(?s){FIRST}.xml.*{message}'):
        build(root)


@pytest.mark.parametrize(
    ('file', 'error', 'where'),
    [
        (f'Annotations/CLS-LOC/val/{SECOND}.xml', ValueError, 'val.txt, line 2: '),
        (f'Data/CLS-LOC/val/{FIRST}.JPEG', ValueError, 'val.txt, line 1: '),
        ('ImageSets/CLS-LOC/val.txt', FileNotFoundError, ''),
    ],
)
def test_a_missing_file_is_named(root, file, error, where):
    (root / file).unlink()

    with pytest.raises(error, match=f'{where}there is no file .*{file}'):
        build(root)


def test_an_unknown_folder_in_the_training_list_is_refused(root):
    mapping = root / 'LOC_synset_mapping.txt'
    mapping.write_text(MAPPING.splitlines()[0])

    message = 'train_cls.txt, line 1: the class must be one of 1 .* got n01443537'
    with pytest.raises(ValueError, match=message):
        build(root, 'train')
