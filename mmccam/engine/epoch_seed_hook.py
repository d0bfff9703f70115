"""Random numbers that do not depend on what came before an epoch."""

from functools import partial

import numpy as np
from mmengine.dataset import worker_init_fn
from mmengine.dist import broadcast_object_list, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner, set_random_seed

from ..registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds each epoch by the run's seed, the number of the epoch and the process.

    A run that is resumed after an epoch then goes on with the random numbers that it
    would have had: those of crop and flip in the processes that load the data, too,
    which start anew in each epoch. With ``persistent_workers=True`` they do not, and a
    warning is logged.
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
        # The seed of a resumed run is that of its checkpoint, which mmengine does not
        # tell the sampler. Processes share the data by the seed of the first.
        if hasattr(loader.sampler, 'seed'):
            seeds = [runner.seed]
            broadcast_object_list(seeds)
            (loader.sampler.seed,) = seeds

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed Python, numpy and torch."""
        sequence = np.random.SeedSequence([runner.seed, runner.epoch, get_rank()])
        set_random_seed(int(sequence.generate_state(1)[0]))
