"""Parts of a training run: hooks, and the optimizer wrapper for bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from mmengine import dist
from mmengine.dataset import worker_init_fn
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner, autocast, set_random_seed
from torch import nn

from ..checkpoints.contents import check_weights, warn_if_size_differs, weights_of
from ..datasets.transforms import count_unreadable
from ..registry import HOOKS, OPTIM_WRAPPERS


class FittingWeightsHook(Hook):
    """Refuses a checkpoint that does not match the network.

    ``trained`` then has the seed and the epochs of its training, None if unknown.
    """

    priority = 'VERY_LOW'  # after the hook that puts averaged weights in their place

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        source = str(runner.cfg.get('load_from'))
        check_weights(model, weights_of(checkpoint, source), source)
        warn_if_size_differs(runner.cfg, checkpoint, source)
        # Not in the message hub, which a resumed run saves.
        meta, self.trained = checkpoint.get('meta', {}), {}
        for name, key in dict(seed='seed', epochs='epoch').items():
            is_known = isinstance(meta.get(key), int)
            self.trained[name] = meta[key] if is_known else None


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds each epoch by the run's seed, the number of the epoch and the process.

    A run that is resumed after an epoch then has the random numbers of one that was not
    stopped, also in the processes that load the data. If these persist over epochs
    (``persistent_workers=True``), it has not, and a warning is logged.
    """

    def before_train(self, runner: Runner) -> None:
        """Have the processes that load the data seeded by torch in each epoch."""
        loader = runner.train_dataloader
        if loader.num_workers and loader.persistent_workers:
            runner.logger.warning(
                'train_dataloader has persistent_workers=True: after --resume crops '
                'and flips will be others than without the break'
            )
        # mmengine's own function gives them the same seeds in each epoch.
        function = loader.worker_init_fn
        if isinstance(function, partial) and function.func is worker_init_fn:
            loader.worker_init_fn = None
        # mmengine does not give the seed of a checkpoint to the sampler. Processes
        # share the data by the seed of the first.
        if hasattr(loader.sampler, 'seed'):
            seeds = [runner.seed]
            dist.broadcast_object_list(seeds)
            (loader.sampler.seed,) = seeds

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed Python, numpy and torch."""
        sequence = np.random.SeedSequence([runner.seed, runner.epoch, dist.get_rank()])
        set_random_seed(int(sequence.generate_state(1)[0]))


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops training with a FloatingPointError when the loss is NaN or infinite.

    Nor are weights saved that are NaN or infinite, from which no run could go on.
    """

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: dict
    ) -> None:
        """Check the loss of a batch; an error names its images."""
        loss = torch.as_tensor(outputs['loss'])
        if torch.isfinite(loss).all():
            return
        samples = data_batch['data_samples']
        names = (one.get('img_path', 'an image without a file') for one in samples)
        place = f'epoch {runner.epoch + 1}, batch {batch_idx + 1}, of the images'
        raise FloatingPointError(
            f'the loss is {loss.item()} in {place} {", ".join(names)}'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights of a checkpoint, and their averages."""
        for part in ('state_dict', 'ema_state_dict'):
            for name, weight in checkpoint.get(part, {}).items():
                if not torch.isfinite(weight).all():
                    raise FloatingPointError(
                        f'{name} is not finite after {runner.iter + 1} batches, so '
                        'that no checkpoint is written: the ones before it are finite'
                    )


@HOOKS.register_module()
class UnreadableImagesHook(Hook):
    """Logs after each epoch how many images could not be read so far.

    The number also goes to the visualization backends, as ``unreadable_images``. The
    ``file`` is that in which ``mmccam.LoadImage`` notes them.
    """

    def __init__(self, file: str) -> None:
        self.file = file

    def before_train(self, runner: Runner) -> None:
        """Forget the images of a former run, unless this one goes on with it."""
        if runner.iter == 0 and dist.is_main_process():
            Path(self.file).unlink(missing_ok=True)
        dist.barrier()

    @dist.master_only
    def after_train_epoch(self, runner: Runner) -> None:
        number = count_unreadable(self.file)
        runner.visualizer.add_scalar('unreadable_images', number, runner.epoch + 1)
        if number:
            text = f'{number} images could not be read and are passed over, see '
            runner.logger.warning(text + self.file)


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16 where it is safe, on a processor or a GPU.

    mmengine's ``AmpOptimWrapper`` needs a GPU. Weights and optimizer stay in float32;
    bfloat16 has the range of float32, so that there is no loss to scale. Faster where
    the processor multiplies bfloat16 itself (AVX512-BF16, AMX).
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
