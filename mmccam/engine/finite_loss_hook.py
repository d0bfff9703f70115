"""Training stops where its numbers go wrong."""

from typing import Optional

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops training when the loss is NaN or infinite, and names the batch.

    Nor are weights saved that are NaN or infinite, from which no run could go on.
    """

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[dict] = None,
    ) -> None:
        """Check the loss of a batch.

        Args:
            runner: The runner.
            batch_idx: Place of the batch in the epoch, from 0.
            data_batch: The batch, with its ``data_samples``.
            outputs: What the training step returned, with its ``loss``.

        Raises:
            FloatingPointError: If the loss is not finite; names the images.
        """
        loss = torch.as_tensor(outputs['loss'])
        if torch.isfinite(loss).all():
            return
        samples = data_batch['data_samples']
        names = [
            sample.get('img_path', 'an image without a file') for sample in samples
        ]
        raise FloatingPointError(
            f'the loss is {loss.item()} in epoch {runner.epoch + 1}, batch '
            f'{batch_idx + 1}, of the images {", ".join(names)}'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights of a checkpoint, and their averages.

        Raises:
            FloatingPointError: If a weight is not finite; names it.
        """
        for part in ('state_dict', 'ema_state_dict'):
            for name, weight in checkpoint.get(part, {}).items():
                if not torch.isfinite(weight).all():
                    raise FloatingPointError(
                        f'{name} is not finite after {runner.iter + 1} batches, so '
                        'that no checkpoint is written: the ones before it are whole'
                    )
