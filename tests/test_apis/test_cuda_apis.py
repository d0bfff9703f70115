"""On a GPU: results of the inferencer are those of a CPU."""

import pytest

from mmccam import CCAMInferencer

pytestmark = pytest.mark.cuda


def test_boxes_are_those_of_a_cpu(use_tf32, checkpoint, images):
    use_tf32(False)
    found, expected = (
        CCAMInferencer(pretrained=checkpoint, device=device)(
            images, show_progress=False
        )
        for device in ('cuda', 'cpu')
    )
    assert len(found) == 5
    for one, other in zip(found, expected):
        (one,), (other,) = one['predictions'], other['predictions']
        assert one['label'] == other['label']
        assert one['score'] == pytest.approx(other['score'], rel=1e-4)
        assert one['box'] == pytest.approx(other['box'], abs=1)
