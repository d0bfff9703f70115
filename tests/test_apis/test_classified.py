from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmccam.cam import activation_maps
from mmccam.classified import by_inferencer


def test_a_network_gives_the_same_as_its_inferencer(inferencer):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    scores, features, weights = by_inferencer(inferencer)(Image.fromarray(pixels))
    (result,) = inferencer(pixels[..., ::-1], return_cams=True, show_progress=False)
    (wanted,) = result['predictions']
    label = scores.argmax().item()
    cam = activation_maps(features[None], weights[None, label, None])[0, 0]
    assert wanted['label'] == label
    assert wanted['score'] == pytest.approx(scores.softmax(0)[label].item())
    np.testing.assert_allclose(cam, wanted['cams']['cam'], atol=1e-6)


def test_heads_with_other_maps_are_refused():
    network = SimpleNamespace(model=SimpleNamespace(head=object()))
    with pytest.raises(ValueError, match='must be sums of features, .* got object'):
        by_inferencer(network)
