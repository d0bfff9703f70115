"""Checkpoints of a run that may be killed at any moment."""

from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import BaseStorageBackend
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub
from mmengine.runner import EpochBasedTrainLoop, Runner

from ..checkpoints.saving import WHOLE_FILES
from ..registry import HOOKS

# What a run goes on from, beside the weights.
STATE = ('meta', 'message_hub', 'optimizer')


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, from whose files a run goes on exactly.

    - Local files are written whole, see
      :class:`~mmccam.checkpoints.saving.WholeFileBackend`, and old ones removed only
      after what replaces them is written.
    - The checkpoint of an epoch is written before its validation and again after it,
      then with the record of the best. A run that was killed in between makes up for
      the validation when it is resumed.
    - A run that is resumed in another folder, or whose folder was moved, leaves the
      files of the old folder alone.

    The arguments are those of mmengine's ``CheckpointHook``.
    """

    # More is better, by which mmengine finds the rule of ``save_best``.
    _default_greater_keys = [
        *CheckpointHook._default_greater_keys,
        *('top1_loc', 'top5_loc', 'gt_known_loc', 'px_ap'),
    ]

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse what holds no weights, and to resume from weights alone.

        Raises:
            ValueError: If the checkpoint is no dictionary, or lacks a part that a run
                goes on from.
        """
        source = runner.cfg.get('load_from') or 'the last checkpoint'
        if not isinstance(checkpoint, dict):
            kind = type(checkpoint).__name__
            raise ValueError(f'{source} holds no weights but a {kind}')
        missing = [key for key in STATE if key not in checkpoint]
        if runner.cfg.get('resume') and missing:
            raise ValueError(
                f'{source} has no {" and no ".join(missing)}, so that no run can be '
                'resumed from it; its weights alone are for load_from'
            )

    def before_train(self, runner: Runner) -> None:
        """Tidy up after a run that is resumed, and make up for its last validation."""
        is_local = '://' not in str(self.out_dir or runner.work_dir)
        if is_local and self.backend_args is None and self.file_client_args is None:
            self.backend_args = WHOLE_FILES
        super().before_train(runner)
        self._keep_to_folder(runner)
        self.file_backend = _LateRemoval(
            self.file_backend, self.out_dir, runner.message_hub
        )
        self.file_backend.finish()
        loop, (progress, end) = runner.train_loop, _progress(runner)
        is_due = progress % loop.val_interval == 0 or progress == end
        if (
            runner.val_loop is not None
            and progress >= max(loop.val_begin, 1)
            and is_due
            and runner.message_hub.runtime_info.get('last_validated') != progress
        ):
            runner.val_loop.run()

    def after_train_epoch(self, runner: Runner) -> None:
        """Save the checkpoint of the epoch."""
        super().after_train_epoch(runner)
        self.file_backend.finish()

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Save the checkpoint of the iteration."""
        super().after_train_iter(runner, *args, **kwargs)
        self.file_backend.finish()

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoint, and note in the last one that it is validated."""
        if not hasattr(self, 'file_backend'):  # no training, only a validation
            return super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info('last_validated', _progress(runner)[0])
        best = _best(runner.message_hub)
        super().after_val_epoch(runner, metrics)  # saves a new best, and then the last
        step = runner.epoch if self.by_epoch else runner.iter
        name = self.filename_tmpl.format(step)
        is_saved = self.last_ckpt == self.file_backend.join_path(self.out_dir, name)
        if is_saved and _best(runner.message_hub) == best:
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)
        self.file_backend.finish()

    def _keep_to_folder(self, runner: Runner) -> None:
        """Have the records of a run that was in another folder name files of this."""
        info = runner.message_hub.runtime_info
        for key in info:
            if key.startswith(('last_ckpt', 'best_ckpt')):
                name = Path(info[key]).name
                info[key] = self.file_backend.join_path(self.out_dir, name)
        self.last_ckpt = info.get('last_ckpt')
        if hasattr(self, 'best_ckpt_path'):
            self.best_ckpt_path = info.get('best_ckpt')
        for key in getattr(self, 'best_ckpt_path_dict', ()):
            self.best_ckpt_path_dict[key] = info.get(f'best_ckpt_{key}')


def _progress(runner: Runner) -> tuple[int, int]:
    """How many epochs or iterations, as the loop counts, are done, and of how many."""
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        return runner.epoch, runner.max_epochs
    return runner.iter, runner.max_iters


def _best(hub: MessageHub) -> dict:
    """The record of the best checkpoints."""
    info = hub.runtime_info
    return {key: info[key] for key in info if key.startswith('best_')}


class _LateRemoval:
    """A file backend that only notes what is to be removed, until it is told.

    The names stand in the message hub and so in the next checkpoint, for a run that is
    killed before it has removed them.
    """

    def __init__(
        self, backend: BaseStorageBackend, folder: str, hub: MessageHub
    ) -> None:
        self._backend = backend
        self._folder = folder
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        names = self._hub.runtime_info.get('outdated', [])
        self._hub.update_info('outdated', [*names, Path(path).name])

    def finish(self) -> None:
        for name in self._hub.runtime_info.pop('outdated', []):
            path = self._backend.join_path(self._folder, name)
            if is_main_process() and self._backend.isfile(path):
                self._backend.remove(path)
