"""Checkpoints of a run that may be killed at any moment."""

from typing import Any, Optional

from mmengine.fileio import BaseStorageBackend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ..registry import HOOKS


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, from whose files a run goes on exactly.

    - Files are written whole, see :class:`~mmccam.engine.whole_files.WholeFileBackend`,
      and old ones removed only after what replaces them is written.
    - The checkpoint of an epoch is written before its validation and again after it,
      then with the record of the best. A run that was killed in between makes up for
      the validation when it is resumed.

    Args:
        backend_args: Arguments of mmengine's file backend. Defaults to local files.
        **kwargs: Arguments of mmengine's ``CheckpointHook``.
    """

    # More is better, by which mmengine finds the rule of ``save_best``.
    _default_greater_keys = [
        *CheckpointHook._default_greater_keys,
        *('top1_loc', 'top5_loc', 'gt_known_loc', 'px_ap'),
    ]

    def __init__(self, backend_args: Optional[dict] = None, **kwargs: Any) -> None:
        if backend_args is None:
            backend_args = dict(backend='mmccam.whole_files')
        super().__init__(backend_args=backend_args, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Validate the last epoch of a resumed run, if that did not end."""
        super().before_train(runner)
        self.file_backend = _LateRemoval(self.file_backend)
        self.last_ckpt = runner.message_hub.runtime_info.get('last_ckpt')
        step = self._step(runner)
        if step == 0 or runner.val_loop is None:
            return
        loop = runner.train_loop
        steps = loop.max_epochs if self.by_epoch else loop.max_iters
        is_due = step % loop.val_interval == 0 or step == steps
        validated = runner.message_hub.runtime_info.get('last_validated')
        if step >= loop.val_begin and is_due and validated != step:
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
        step, best = self._step(runner), self._best(runner)
        runner.message_hub.update_info('last_validated', step)
        super().after_val_epoch(runner, metrics)  # saves a new best, and then the last
        name = self.filename_tmpl.format(step)
        is_saved = self.last_ckpt == self.file_backend.join_path(self.out_dir, name)
        if is_saved and self._best(runner) == best:
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)
        self.file_backend.finish()

    def _step(self, runner: Runner) -> int:
        return runner.epoch if self.by_epoch else runner.iter

    def _best(self, runner: Runner) -> dict:
        info = runner.message_hub.runtime_info
        return {key: info[key] for key in info if key.startswith('best_')}


class _LateRemoval:
    """A file backend that only notes what is to be removed, until it is told."""

    def __init__(self, backend: BaseStorageBackend) -> None:
        self._backend = backend
        self._paths: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._paths.append(path)

    def finish(self) -> None:
        while self._paths:
            self._backend.remove(self._paths.pop())
