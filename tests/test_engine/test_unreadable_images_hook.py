from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from mmccam.engine import UnreadableImagesHook


@pytest.mark.parametrize(
    ('lines', 'number', 'warnings'),
    [
        ('', 0, []),
        ('a.jpg\tis empty\nb.jpg\tis empty\na.jpg\tis empty\n', 2, ['2 images']),
    ],
)
def test_images_are_counted_once(tmp_path, lines, number, warnings):
    file = tmp_path / 'unreadable.txt'
    file.write_text(lines)
    runner = SimpleNamespace(epoch=4, logger=Mock(), visualizer=Mock())
    UnreadableImagesHook(str(file)).after_train_epoch(runner)

    runner.visualizer.add_scalar.assert_called_once_with('unreadable_images', number, 5)
    texts = [call.args[0] for call in runner.logger.warning.call_args_list]
    assert [text[: len('2 images')] for text in texts] == warnings


@pytest.mark.parametrize(('iteration', 'is_kept'), [(0, False), (3, True)])
def test_images_of_a_former_run_are_forgotten(tmp_path, iteration, is_kept):
    file = tmp_path / 'unreadable.txt'
    file.write_text('a.jpg\tis empty\n')
    UnreadableImagesHook(str(file)).before_train(SimpleNamespace(iter=iteration))
    assert file.exists() == is_kept
