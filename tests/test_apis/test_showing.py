"""What mmpretrain's inferencers have, too: windows, pictures and data samples."""

import cv2
import numpy as np
import pytest
from mmpretrain.structures import DataSample


@pytest.fixture
def windows(monkeypatch):
    """The pictures that are shown, and the milliseconds that each is."""
    shown = []
    monkeypatch.setattr(cv2, 'imshow', lambda name, bgr: shown.append(bgr))
    monkeypatch.setattr(cv2, 'waitKey', shown.append)
    return shown


def test_pictures_are_shown_and_written(inferencer, images, tmp_path, windows):
    plain = inferencer(images, show_progress=False)
    options = dict(show=True, wait_time=0.25, show_dir=tmp_path / 'seen')
    results = inferencer(images, show_progress=False, **options)

    assert results == plain
    assert windows[1::2] == [250] * 5
    for result, bgr in zip(results, windows[::2]):
        name = result['img_path'].rpartition('/')[2]
        written = cv2.imread(str(tmp_path / f'seen/{name}.png'))
        np.testing.assert_array_equal(written, bgr)
    assert len(list((tmp_path / 'seen').iterdir())) == 5


def test_an_array_has_its_number_as_name(inferencer, tmp_path):
    frame = np.zeros((20, 30, 3), np.uint8)
    inferencer([frame, frame], show_dir=tmp_path, show_progress=False)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ['000000.png', '000001.png']


def test_where_there_are_no_windows(inferencer, images, monkeypatch):
    def imshow(*_):
        raise cv2.error('The function is not implemented')

    monkeypatch.setattr(cv2, 'imshow', imshow)
    with pytest.raises(ValueError, match='show needs a display, .*; show_dir writes'):
        inferencer(images, show=True, show_progress=False)


def test_data_samples_have_the_boxes(inferencer, images):
    (images / 'a/0.png').write_text('no image')
    options = dict(skip_unreadable=True, show_progress=False)
    results = inferencer(images, **options)
    skipped, *samples = inferencer(images, return_datasamples=True, **options)

    assert skipped.error == results[0]['error']
    for sample, result in zip(samples, results[1:]):
        assert isinstance(sample, DataSample)
        (prediction,) = result['predictions']
        assert sample.pred_boxes.tolist() == [prediction['box']]
        assert sample.box_labels.tolist() == [prediction['label']]
        assert sample.pred_label.item() == prediction['label']
        assert set(sample.cams) == {'cam', 'ccam'}
