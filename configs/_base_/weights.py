# The file with ImageNet weights of the backbone that MMCCAM_WEIGHTS names, if any.
# Without _base_ mmengine reads a file that imports as another kind.
_base_ = []

import os  # noqa: E402

weights = os.environ.get('MMCCAM_WEIGHTS')
