"""Methods that draw in training do so alike after a break; see test_resume.py."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from small_run import Break, BreakOff, train
from states import assert_same_files, read_state

pytestmark = pytest.mark.slow

CUTMIX = dict(type='CutMix', alpha=1.0)
HAS = dict(type='mmccam.HideAndSeek', grid=(0, 4))
FLOAT32 = dict(optimizer=dict(type='Adam', lr=0.01))
BFLOAT16 = dict(FLOAT32, type='mmccam.BFloat16OptimWrapper')


class Images(torch.utils.data.Dataset):
    """Eight images of three classes."""

    metainfo = dict(classes=('a', 'b', 'c'))

    def __len__(self):
        return 8

    def __getitem__(self, index):
        numbers = torch.Generator().manual_seed(index)
        image = torch.randint(256, (3, 16, 24), generator=numbers, dtype=torch.uint8)
        return dict(inputs=image, data_samples=DataSample().set_gt_label(index % 3))


def network(augments):
    """Two convolutions with ADL, and images that are hidden or mixed."""
    vgg = dict(type='mmccam.NonLocalVGG', depth=11, num_stages=2, non_local_stages=())
    with DefaultScope.overwrite_default_scope('mmpretrain'):  # not that of a runner
        return ImageClassifier(
            backbone=dict(**vgg, adl=dict(layers=['features.0', 'features.2'])),
            head=dict(type='mmccam.GAPClsHead', num_classes=3, in_channels=128),
            data_preprocessor=dict(num_classes=3, mean=[128] * 3, std=[64] * 3),
            train_cfg=dict(augments=augments),
        )


def loader(shuffle):
    return dict(
        dataset=Images(),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        batch_size=4,
        collate_fn=dict(type='pseudo_collate'),
    )


def run(folder, augments, **kwargs):
    torch.manual_seed(0)
    train(
        folder,
        model=network(augments),
        train_cfg=dict(by_epoch=True, max_epochs=2),
        train_dataloader=loader(shuffle=True),
        val_dataloader=loader(shuffle=False),
        **kwargs,
    )


@pytest.mark.parametrize(
    ('augments', 'optim_wrapper'),
    [([HAS], FLOAT32), ([CUTMIX], FLOAT32), ([HAS, CUTMIX], BFLOAT16)],
    ids=['has', 'cutmix', 'bfloat16'],
)
def test_a_broken_run_ends_like_an_unbroken_one(tmp_path, augments, optim_wrapper):
    kwargs = dict(augments=augments, optim_wrapper=optim_wrapper)
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    run(unbroken, **kwargs)
    with pytest.raises(Break):
        run(broken, hooks=[BreakOff('train', 2)], **kwargs)
    run(broken, resume=True, **kwargs)
    assert_same_files(broken, unbroken)
    for weight in read_state(unbroken / 'epoch_2.pth')['state_dict'].values():
        assert torch.isfinite(weight).all()
