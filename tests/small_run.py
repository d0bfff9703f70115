"""A run of four epochs that can break off, and be resumed."""

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

# Of the epochs: the best are the 1st, 2nd and 4th.
SCORES = np.array([0.1, 0.5, 0.3, 0.9], np.float32)


class Break(Exception):
    """Stands for what ends a process."""


class RandomModel(BaseModel):
    """Learns from numbers that it and its data draw."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, inputs, mode='tensor'):
        if mode == 'predict':
            return [{}] * len(inputs)
        noise = torch.randn_like(inputs)
        return dict(loss=(self.fc(inputs + noise).square().mean()))


class RandomData(torch.utils.data.Dataset):
    """Eight rows of numbers, with noise that is drawn when they are loaded."""

    metainfo = ConfigDict(palette={'cat': [0, 255], 'parts': {'dog': [{'ear': 1}]}})

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return dict(inputs=torch.full([3], index + np.random.rand()).float())


class Scores(BaseMetric):
    """Gives each epoch its score, and notes for which it was asked."""

    default_prefix = 'toy'

    def __init__(self):
        super().__init__()
        self.epochs = []

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        self.epochs.append(self.runner.epoch)
        return dict(top1_loc=SCORES[self.runner.epoch - 1])


class BreakOff(Hook):
    """Breaks off a run at one of its points, or in the writing of a file."""

    def __init__(self, point, epoch):
        self.point, self.epoch = point, epoch

    def _reach(self, point, epoch):
        if (point, epoch) == (self.point, self.epoch):
            raise Break

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == 1:
            self._reach('train', runner.epoch + 1)

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self._reach('val', runner.epoch)

    def before_save_checkpoint(self, runner, checkpoint):
        epoch = checkpoint['meta']['epoch']
        validated = checkpoint['message_hub']['runtime_info'].get('last_validated')
        if 'optimizer' not in checkpoint:
            self._reach('best', epoch)
        else:
            self._reach('save again' if validated == epoch else 'save', epoch)


def loader(shuffle, num_workers=0):
    return dict(
        dataset=RandomData(),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        batch_size=2,
        collate_fn=dict(type='default_collate'),
        num_workers=num_workers,
    )


def train(
    folder, resume=False, hooks=(), seed=0, load_from=None, num_workers=0, **kwargs
):
    """Train, and give the epochs that were validated."""
    load_from = load_from and str(load_from)
    torch.manual_seed(seed)  # the model is made before the runner seeds
    scores = Scores()
    checkpoints = dict(interval=1, max_keep_ckpts=1, save_best='toy/top1_loc')
    recipe = dict(
        model=RandomModel(),
        train_dataloader=loader(shuffle=True, num_workers=num_workers),
        val_dataloader=loader(shuffle=False),
        train_cfg=dict(by_epoch=True, max_epochs=len(SCORES), val_interval=1),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        param_scheduler=dict(type='CosineAnnealingLR', by_epoch=False, T_max=16),
    )
    runner = Runner(
        work_dir=str(folder),
        # Runners of one name would share their message hub.
        experiment_name=f'{folder}{resume}{id(scores)}',
        val_cfg=dict(),
        val_evaluator=[scores],
        default_hooks=dict(
            checkpoint=dict(type='mmccam.ResumableCheckpointHook', **checkpoints),
            epoch_seed=dict(type='mmccam.EpochSeedHook'),
        ),
        custom_hooks=[dict(type='EMAHook', momentum=0.5), *hooks],
        randomness=dict(seed=seed),
        resume=resume,
        load_from=load_from,
        log_level='ERROR',
        default_scope='mmengine',
        cfg=ConfigDict(resume=resume, load_from=load_from),
        **{**recipe, **kwargs},
    )
    scores.runner = runner
    runner.train()
    return scores.epochs
