import cv2
import pytest
from outcomes import BLUE


@pytest.fixture
def photo(tmp_path):
    """A blue image in a file."""
    path = tmp_path / 'photo.png'
    cv2.imwrite(str(path), BLUE)
    return dict(sample_idx=0, img_path=str(path))
