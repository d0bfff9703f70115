"""Tell how many images a training has passed over."""

from pathlib import Path

from mmengine.dist import barrier, is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..datasets.loading import count_unreadable
from ..registry import HOOKS


@HOOKS.register_module()
class UnreadableImagesHook(Hook):
    """Logs after each epoch how many images could not be read so far.

    The number also goes to the visualization backends, as ``unreadable_images``.

    Args:
        file: The text file in which ``mmccam.LoadImage`` notes them.
    """

    def __init__(self, file: str) -> None:
        self.file = file

    def before_train(self, runner: Runner) -> None:
        """Forget the images of a former run, unless this one goes on with it."""
        if runner.iter == 0 and is_main_process():
            Path(self.file).unlink(missing_ok=True)
        barrier()

    @master_only
    def after_train_epoch(self, runner: Runner) -> None:
        """Count the images."""
        number = count_unreadable(self.file)
        runner.visualizer.add_scalar('unreadable_images', number, runner.epoch + 1)
        if number:
            runner.logger.warning(
                f'{number} images could not be read and are passed over, see '
                f'{self.file}'
            )
