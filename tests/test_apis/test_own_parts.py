"""Parts of the user's own in an inferencer."""

import sys

import pytest
import torch

from mmccam import CCAMInferencer, trust_checkpoints
from mmccam.checkpoints.loading import restrict_checkpoint_loading
from mmccam.registry import MODELS

OWN_HEAD = """
from mmccam.models import GAPClsHead
from mmccam.registry import MODELS

@MODELS.register_module()
class TrustedHead(GAPClsHead):
    pass
"""


@pytest.fixture
def own(checkpoint, cfg, tmp_path, monkeypatch):
    """A checkpoint whose config has a head that is a subclass of the user's."""
    (tmp_path / 'own_head.py').write_text(OWN_HEAD)
    monkeypatch.syspath_prepend(tmp_path)
    cfg = cfg.copy()
    cfg.merge_from_dict({'model.head.type': 'mmccam.TrustedHead'})
    cfg.custom_imports = dict(imports=['own_head'])
    loaded = torch.load(checkpoint)
    loaded['meta']['cfg'] = cfg.pretty_text
    torch.save(loaded, tmp_path / 'own.pth')
    yield tmp_path / 'own.pth'
    sys.modules.pop('own_head', None)
    MODELS.module_dict.pop('TrustedHead', None)
    restrict_checkpoint_loading()


def test_a_head_of_the_users_own_in_a_trusted_checkpoint(own, inferencer, images):
    with pytest.raises(ValueError, match='TrustedHead.* is not allowed'):
        CCAMInferencer(pretrained=own)
    trust_checkpoints()
    results = CCAMInferencer(pretrained=own)(images)
    assert results == inferencer(images)
