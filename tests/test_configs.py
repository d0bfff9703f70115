import pytest
from our_configs import CONFIGS, FORMER, PLAIN, RELEASED, build_model, read

pytestmark = pytest.mark.usefixtures('custom_images')
CUB, IMAGENET = 200, 1000
THREE = ('train', 'val', 'test')
TWO = ('train', 'test', 'test')  # there is no validation split
ILSVRC = ('train', 'val', 'val')  # labels of test images are not published
# Stages with non-local blocks, channels of the last layer, number of classes, splits.
NETWORKS = {
    'nlccam_cub': ('2345', 512, CUB, TWO),
    'nlccam_ilsvrc': ('2345', 512, IMAGENET, ILSVRC),
    'nlccam_custom': ('2345', 512, 12, THREE),
    'nlccam_demo': ('34', 512, 12, THREE),
    'nlccam/nlccam_vgg16_cub_v2': ('2345', 512, CUB, THREE),
    RELEASED: ('2345', 512, CUB, TWO),
    'nlccam/nlccam_vgg16_imagenet_v2': ('2345', 512, IMAGENET, THREE),
    'nlccam/nlccam_vgg16_openimages30k': ('2345', 512, 100, THREE),
    'nlccam/nlccam_vgg16_dogs': ('2345', 512, 120, TWO),
    'nlccam/nlccam_vgg16_cars': ('2345', 512, 196, TWO),
    'nlccam/nlccam_vgg16_stl10': ('2345', 512, 10, TWO),
    'plain/plain_vgg16_cub': ('', 512, CUB, TWO),
    'plain/plain_vgg16_ilsvrc': ('', 512, IMAGENET, ILSVRC),
    'plain/plain_vgg16_custom': ('', 512, 12, THREE),
    'conv6/conv6_vgg16_cub': ('', 1024, CUB, TWO),
    'conv6/conv6_vgg16_ilsvrc': ('', 1024, IMAGENET, ILSVRC),
    'conv6/conv6_vgg16_custom': ('', 1024, 12, THREE),
    'conv6/conv6_nlccam_vgg16_cub': ('2345', 1024, CUB, TWO),
    'conv6/conv6_nlccam_vgg16_ilsvrc': ('2345', 1024, IMAGENET, ILSVRC),
    'conv6/conv6_nlccam_vgg16_custom': ('2345', 1024, 12, THREE),
    'table7/table7_none_cub': ('', 512, CUB, TWO),
    'table7/table7_low_cub': ('23', 512, CUB, TWO),
    'table7/table7_high_cub': ('45', 512, CUB, TWO),
    'table7/table7_both_cub': ('2345', 512, CUB, TWO),
}
QUADRATIC = dict(type='mmccam.Polynomial', degree=2)
TOP1_BOTTOM10 = dict(type='mmccam.TopBottom', i=1, j=10)


# With fully connected layers there are no class maps.
WITHOUT_CAM = 'saliency/saliency_vgg16_ilsvrc'


@pytest.mark.parametrize('name', sorted(CONFIGS))
def test_each_config_reports_the_maps_of_its_network(name):
    cfg = read(name)

    cams = set(cfg.model.head.cams)
    assert {'ccam', 'cam'} <= cams or 'table6' in name or name == WITHOUT_CAM
    # STL-10 has nothing to measure maps by, only pictures of them.
    measured = {m.map_name for m in cfg.test_evaluator if 'map_name' in m}
    assert measured == (set() if 'stl10' in name else cams)
    drawn = {hook.map_name for hook in cfg.custom_hooks if 'map_name' in hook}
    assert drawn and drawn <= cams
    assert cfg.model.head.num_classes == cfg.data_preprocessor.num_classes


@pytest.mark.parametrize('name', NETWORKS)
def test_each_network_has_its_blocks_and_data(name):
    cfg = read(name)
    model = build_model(cfg)

    blocks, channels, num_classes, splits = NETWORKS[name]
    assert ''.join(model.backbone.non_local_blocks) == blocks
    assert model.head.in_channels == channels
    assert model.head.num_classes == num_classes
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    found = tuple(loader.dataset.get('split', 'train') for loader in loaders)
    assert found == splits


@pytest.mark.parametrize(('former', 'name'), FORMER.items())
def test_former_names_are_the_same_configs(former, name):
    assert read(former).to_dict() == read(name).to_dict()


def test_a_classifier_and_itself_with_maps_have_the_same_weights():
    plain, with_maps = (
        {k: v.shape for k, v in build_model(read(name)).state_dict().items()}
        for name in (PLAIN, 'ccam/ccam_resnet18_demo')
    )
    assert with_maps == plain


@pytest.mark.parametrize(
    ('name', 'ccam'),
    [
        ('nlccam_cub', QUADRATIC),
        ('conv6/conv6_vgg16_cub', QUADRATIC),
        ('nlccam_ilsvrc', TOP1_BOTTOM10),
        ('conv6/conv6_vgg16_ilsvrc', TOP1_BOTTOM10),
        ('nlccam/nlccam_vgg16_imagenet_v2', TOP1_BOTTOM10),
        ('acol/acol_resnet50_openimages30k', QUADRATIC),
        ('tscam/tscam_deit_small_ilsvrc', TOP1_BOTTOM10),
    ],
)
def test_each_benchmark_has_its_combination_function_and_cam_beside_it(name, ccam):
    cam = dict(type='mmccam.TopBottom', i=1, j=0)

    assert read(name).model.head.cams == dict(ccam=ccam, cam=cam)


@pytest.mark.parametrize('name', ['nlccam/nlccam_vgg16', 'spg/spg_inception_v3'])
def test_openimages_is_measured_by_masks_of_any_size(name):
    metrics = read(f'{name}_openimages30k').test_evaluator

    assert metrics == [
        dict(type='Accuracy', topk=(1, 5)),
        dict(type='mmccam.PxAP', map_name='ccam', scaled_masks=True),
        dict(type='mmccam.PxAP', map_name='cam', scaled_masks=True),
    ]


def test_the_environment_names_images_weights_and_size(custom_images, monkeypatch):
    monkeypatch.setenv('MMCCAM_WEIGHTS', "a 'b'\\c.pth")
    monkeypatch.setenv('MMCCAM_SIZE', '112')

    cfg = read('nlccam_custom')

    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == str(custom_images)
    assert cfg.model.backbone.init_cfg.checkpoint == "a 'b'\\c.pth"
    # As 256 to 224: 112 * 256 / 224 = 128.
    _, resize, crop, *_ = cfg.train_dataloader.dataset.pipeline
    assert (resize.scale, crop.crop_size) == ((128, 128), 112)


def test_empty_variables_count_as_unset(monkeypatch):
    monkeypatch.setenv('MMCCAM_WEIGHTS', '')
    monkeypatch.setenv('MMCCAM_SIZE', '')

    cfg = read('nlccam_custom')

    assert cfg.model.backbone.init_cfg.checkpoint.startswith('https://')
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (224, 224)


@pytest.mark.parametrize('size', ['0', '-1', '1e2'])
def test_a_size_that_is_no_number_of_pixels_is_refused(monkeypatch, size):
    monkeypatch.setenv('MMCCAM_SIZE', size)
    with pytest.raises(ValueError, match=f'MMCCAM_SIZE must be .* got {size!r}'):
        read('nlccam_custom')
