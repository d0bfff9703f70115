"""Checkpoints of a run that may be killed at any moment."""

import glob
import re
from collections import defaultdict
from inspect import signature
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from mmengine.dist import is_main_process
from mmengine.fileio import BaseStorageBackend, put_text
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from ..checkpoints.contents import weights_of
from ..checkpoints.loading import is_of_run
from ..checkpoints.saving import WHOLE_FILES
from ..registry import HOOKS


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, from whose files a run goes on exactly.

    - Local files are written atomically, and old ones removed after that, found by
      their names: those before the last ``max_keep_ckpts``, and former best ones.
    - The checkpoint of an epoch is written before its validation and again after it,
      with the record of the best. A run that was killed in between is validated when it
      is resumed.
    - A run that is resumed in another folder, or whose folder was moved, leaves the
      files of the old folder alone.
    - A run has an id, ``run_id``, in the ``meta`` of its checkpoints and as a file of
      the work dir. Checkpoints of other runs that are there when it starts are moved to
      ``earlier_run_<n>``.

    The arguments are those of mmengine's ``CheckpointHook``.
    """

    # More is better, by which mmengine finds the rule of ``save_best``.
    _default_greater_keys = [
        *CheckpointHook._default_greater_keys,
        *('top1_loc', 'top5_loc', 'gt_known_loc', 'px_ap'),
    ]
    _run_id = ''

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # Which it passes on, after the first epoch.
        for name in self.args.keys() - signature(Runner.save_checkpoint).parameters:
            raise TypeError(f'{type(self).__name__} has no argument {name}')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse what holds no weights, and to resume from weights alone."""
        source = runner.cfg.get('load_from') or 'the last checkpoint'
        weights_of(checkpoint, source)
        if not runner.cfg.get('resume'):
            return
        state = ('meta', 'message_hub', 'optimizer')
        missing = [key for key in state if key not in checkpoint]
        meta, fault = checkpoint.get('meta', {}), None
        if missing:
            lost = ' and no '.join(missing)
            fault = f'has no {lost}, so that no run can be resumed from it'
        elif meta.get('optimizer') not in (None, own := self._optimizer(runner)):
            fault = f'is of a run by {meta["optimizer"]}, and {own} cannot resume it'
        if fault:
            raise ValueError(f'{source} {fault}; its weights alone are for load_from')
        self._run_id = meta.get('run_id', '')  # older ones have none

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note in a checkpoint of which run and optimizer it is."""
        own = dict(run_id=self._run_id, optimizer=self._optimizer(runner))
        checkpoint['meta'].update(own)

    @staticmethod
    def _optimizer(runner: Runner) -> str:
        optimizer = getattr(runner.optim_wrapper, 'optimizer', runner.optim_wrapper)
        return type(optimizer).__name__

    def before_train(self, runner: Runner) -> None:
        """Tidy up after a run that is resumed, and make up for its last validation."""
        is_local = '://' not in str(self.out_dir or runner.work_dir)
        if is_local and self.backend_args is None and self.file_client_args is None:
            self.backend_args = WHOLE_FILES
        super().before_train(runner)
        self.file_backend = _KeepingBackend(self.file_backend)
        info = runner.message_hub.runtime_info
        self._keep_to_folder(info)
        if is_local and is_main_process():
            self._claim_folder(runner)
        self._remove_old(info, self._step(runner))
        loop, (progress, end) = runner.train_loop, _progress(runner)
        if (
            runner.val_loop is not None
            and progress >= max(loop.val_begin, 1)
            and (progress % loop.val_interval == 0 or progress == end)
            and info.get('last_validated') != progress
        ):
            runner.val_loop.run()

    def _claim_folder(self, runner: Runner) -> None:
        """Move the checkpoints of other runs aside, with what is named after them."""
        folder, is_new = Path(self.out_dir), runner.iter == 0
        if is_new:
            self._run_id = uuid4().hex
            # From what is named there mmengine would resume.
            Path(runner.work_dir, 'last_checkpoint').unlink(missing_ok=True)
        put_text(self._run_id, f'{runner.work_dir}/run_id', backend_args=WHOLE_FILES)
        for file in folder.glob('*.pth.*tmp'):
            file.unlink()  # which a killed process has left
        name = re.escape(self.filename_tmpl).replace(r'\{\}', r'\d+')
        others = [
            path
            for path in sorted(folder.glob('*'))
            if re.fullmatch(f'(best_.+_)?{name}', path.name)
            and (is_new or not is_of_run(path, self._run_id))
        ]
        places = (folder / f'earlier_run_{number}' for number in count(1))
        place = next(place for place in places if not place.exists())
        for path in others:
            place.mkdir(exist_ok=True)
            for file in folder.glob(f'{glob.escape(path.stem)}.*'):
                file.rename(place / file.name)
            runner.logger.warning(f'{path.name} of another run is moved to {place}')

    def _keep_to_folder(self, info: dict) -> None:
        """Have the records of a run from another folder name files of this one."""
        info.pop('outdated', None)  # of earlier versions of this hook
        for key in info:
            if key.startswith(('last_ckpt', 'best_ckpt')):
                name = Path(info[key]).name
                info[key] = self.file_backend.join_path(self.out_dir, name)
        self.last_ckpt = info.get('last_ckpt')
        if hasattr(self, 'best_ckpt_path'):
            self.best_ckpt_path = info.get('best_ckpt')
        for key in getattr(self, 'best_ckpt_path_dict', ()):
            self.best_ckpt_path_dict[key] = info.get(f'best_ckpt_{key}')

    def _save_checkpoint(self, runner: Runner) -> None:
        super()._save_checkpoint(runner)
        self._remove_old(runner.message_hub.runtime_info, self._step(runner) + 1)

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoint, and note in the last one that it is validated."""
        if not hasattr(self, 'file_backend'):  # no training, only a validation
            return super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info('last_validated', _progress(runner)[0])
        info = runner.message_hub.runtime_info
        best = _start_with(info, 'best_')
        super().after_val_epoch(runner, metrics)  # saves a new best, and then the last
        step = self._step(runner)
        name = self.filename_tmpl.format(step)
        is_saved = self.last_ckpt == self.file_backend.join_path(self.out_dir, name)
        if is_saved and _start_with(info, 'best_') == best:
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)
        self._remove_old(info, step)

    def _step(self, runner: Runner) -> int:
        """How many epochs or iterations, as the names of files count, are done."""
        return runner.epoch if self.by_epoch else runner.iter

    def _remove_old(self, info: dict, step: int) -> None:
        """Remove what is replaced, of the files of steps up to this one."""
        backend = self.file_backend.backend
        if not is_main_process() or not backend.isdir(self.out_dir):
            return
        families = defaultdict(dict)  # steps of files, by what their names begin with
        for name in backend.list_dir_or_file(self.out_dir, list_dir=False):
            for number in map(int, re.findall(r'\d+', name)):
                end = self.filename_tmpl.format(number)
                if name.endswith(end) and number <= step:
                    families[name[: -len(end)]][name] = number
        old = []
        if self.max_keep_ckpts > 0:
            old += sorted(families[''], key=families[''].get)[: -self.max_keep_ckpts]
        best = {Path(path).name for path in _start_with(info, 'best_ckpt').values()}
        for names in families.values():
            if best & names.keys():
                old += names.keys() - best
        for name in old:
            backend.remove(backend.join_path(self.out_dir, name))


class _KeepingBackend:
    """A file backend that does not remove files when mmengine asks, which is early."""

    def __init__(self, backend: BaseStorageBackend) -> None:
        self.backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def remove(self, path: str) -> None:
        pass


def _progress(runner: Runner) -> tuple[int, int]:
    """How many epochs or iterations, as the loop counts, are done, and of how many."""
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        return runner.epoch, runner.max_epochs
    return runner.iter, runner.max_iters


def _start_with(info: dict, start: str) -> dict:
    return {key: info[key] for key in info if key.startswith(start)}
