# The folder that MMCCAM_DATA_ROOT points at, with inputs of MMCCAM_SIZE pixels.
# It is first, since mmengine reads a file that starts with an import as another kind.
_base_ = 'wsol.py'

import os  # noqa: E402

from mmccam.datasets.metadata import read_classes  # noqa: E402

data_root = os.environ.get('MMCCAM_DATA_ROOT') or 'data/custom'
size = os.environ.get('MMCCAM_SIZE') or '224'
if not size.isdigit() or int(size) < 1:
    raise ValueError(
        'the environment variable MMCCAM_SIZE must be the side of the input in pixels, '
        f'got {size!r}'
    )
size = int(size)
try:
    data_preprocessor = dict(num_classes=len(read_classes(data_root)))
except OSError as error:
    raise FileNotFoundError(
        'the environment variable MMCCAM_DATA_ROOT must name a folder with a '
        f'classes.txt: {error}'
    ) from None

train_pipeline = _base_.train_pipeline
train_pipeline[1].scale = (round(size * 256 / 224),) * 2
train_pipeline[2].crop_size = size
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (size, size)

train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
