import pytest
from small_sets import read_config, write_image

from mmccam.registry import DATASETS

SPLITS = ('train', 'val', 'test')
FILES = dict(
    image_ids='{0}/a.png\n{0}/b.png\n',
    class_labels='{0}/a.png,0\n{0}/b.png,1\n',
    image_sizes='{0}/a.png,8,6\n{0}/b.png,8,6\n',
    localization='{0}/a.png,0,0,7,5\n{0}/b.png,1,2,3,4\n{0}/b.png,0,0,8,6\n',
)


@pytest.fixture
def root(tmp_path):
    """Two classes, and two images of 8 x 6 pixels in each split."""
    (tmp_path / 'classes.txt').write_text('n01\tred fish\nn02\tblue fish\n')
    for split in SPLITS:
        for name in 'ab':
            write_image(tmp_path / f'images/{split}/{name}.png')
        metadata = tmp_path / 'metadata' / split
        metadata.mkdir(parents=True)
        for name, text in FILES.items():
            (metadata / f'{name}.txt').write_text(text.format(split))
    return tmp_path


@pytest.fixture
def configs(root):
    """The data sets of a config, as the tools read it, on these images."""
    cfg = read_config('nlccam_demo')
    return {
        split: dict(cfg[f'{split}_dataloader'].dataset, data_root=str(root))
        for split in SPLITS
    }


@pytest.fixture
def build(configs):
    """Build the data set of a split, with its pipeline, as a runner does."""

    def build(split='test', **options):
        # To serialize a few samples takes mmengine most of the time of a test.
        return DATASETS.build(dict(configs[split], serialize_data=False, **options))

    return build
