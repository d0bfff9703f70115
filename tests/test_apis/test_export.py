import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from mmccam.apis.export import ImageToMaps, argsort_by_comparisons, export

# Maps that move their target to the front and that do not.
CAMS = dict(
    ccam=dict(type='mmccam.Polynomial', degree=2),
    first=dict(type='mmccam.TopBottom', i=2, j=2),
)
STAGES = dict(nlccam=dict(num_stages=2, non_local_stages=(2,)), gap=dict(num_stages=1))
SIZE = (20, 12)  # pixels


def build(cams=CAMS, stages='gap'):
    """A small network of 7 classes, 3 of which have equal scores."""
    stages = dict(dict(non_local_stages=()), **STAGES[stages])
    channels = 64 * stages['num_stages']
    head = dict(type='mmccam.GAPClsHead', num_classes=7, in_channels=channels)
    model = ConfigDict(
        type='mmccam.SaliencyClassifier',
        data_preprocessor=dict(mean=[120, 110, 100], std=[60, 61, 62], to_rgb=True),
        backbone=dict(type='mmccam.NonLocalVGG', depth=11, **stages),
        head=dict(head, cams=cams, num_guesses=3),
    )
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        network = MODELS.build(model).eval()
    network.head.fc.weight.data[[1, 4, 6]] = 0
    network.head.fc.bias.data[[1, 4, 6]] = 1
    for parameter in network.backbone.parameters():
        if parameter.dim() == 1:  # a fresh non-local block would be the identity
            parameter.data.uniform_(-1, 1)
    return network


def pixels(number):
    generator = np.random.default_rng(number)
    return generator.integers(0, 256, (number, *SIZE[::-1], 3), np.uint8)


def test_the_graph_gives_what_the_network_predicts():
    network, images = build(), pixels(3)
    with torch.no_grad():
        found = ImageToMaps(network)(torch.from_numpy(images))
    inputs = torch.from_numpy(images[..., ::-1].copy()).permute(0, 3, 1, 2)  # BGR
    with torch.no_grad():
        samples = network.test_step(dict(inputs=inputs))
    assert list(found) == ['scores', 'labels', 'ccam', 'first']
    assert found['labels'].tolist() == [[1, 4, 6]] * 3
    for index, sample in enumerate(samples):
        torch.testing.assert_close(found['scores'][index], sample.pred_score)
        assert found['labels'][index].tolist() == sample.cam_labels.tolist()
        for name, maps in sample.cams.items():
            torch.testing.assert_close(found[name][index], maps)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('stages', 'suffix'), [('gap', '.onnx'), ('nlccam', '.onnx'), ('nlccam', '.pt2')]
)
def test_files_give_the_same_for_any_number_of_images(stages, suffix, tmp_path):
    pytest.importorskip('torch', minversion='2.14')  # older ones were not tried
    network, path = build(stages=stages), tmp_path / f'model{suffix}'
    names = export(network, SIZE, path)
    if suffix == '.onnx':
        runtime = pytest.importorskip('onnxruntime')
        session = runtime.InferenceSession(path)
        assert [output.name for output in session.get_outputs()] == names
    else:
        program = torch.export.load(path).module()
    for number in (1, 2, 5):
        images = torch.from_numpy(pixels(number))
        with torch.no_grad():
            wanted = ImageToMaps(network)(images)
        if suffix == '.onnx':
            values = session.run(None, dict(images=images.numpy()))
            found = dict(zip(names, map(torch.from_numpy, values)))
        else:
            found = program(images)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('descending', [False, True])
@pytest.mark.parametrize('shape', [(300,), (4, 50), (2, 3, 9)])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
def test_sorting_by_comparisons_is_stable(shape, descending, dtype):
    numbers = torch.randint(4, shape, generator=torch.manual_seed(0)).to(dtype)
    wanted = numbers.argsort(dim=-1, descending=descending, stable=True)
    assert argsort_by_comparisons(numbers, descending=descending).equal(wanted)


def test_maps_that_need_gradients_are_refused():
    cams = dict(gradient=dict(type='mmccam.Saliency'))
    with pytest.raises(ValueError, match='the maps gradient need gradients'):
        ImageToMaps(build(cams=cams))


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match='must end in .onnx or .pt2, got .*model.pt$'):
        export(build(), SIZE, tmp_path / 'model.pt')
