import pickle
from copy import deepcopy

import pytest
import torch
from mmpretrain.models import ImageClassifier, VisionTransformer
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmccam.models import ClassAttentionViT, TSCAMHead
from mmccam.models.heads.ts_cam_head import class_attention

ARCH = dict(embed_dims=12, num_layers=3, num_heads=3, feedforward_channels=24)
CAM = dict(type='mmccam.TopBottom', i=1, j=0)
# g(k) = 1, 0.5, 0, -0.5, -1 for five classes
LINEAR = dict(type='mmccam.Polynomial', degree=1)


def vit(kind=ClassAttentionViT, **kwargs):
    torch.manual_seed(0)
    model = kind(**{**dict(arch=ARCH, img_size=(32, 48)), **kwargs})
    for parameter in model.parameters():  # larger than the initial ones
        torch.nn.init.normal_(parameter, std=0.4)
    model.eval()
    return model


def classifier():
    head = TSCAMHead(5, 12, cams=dict(cam=CAM, ccam=LINEAR))
    torch.nn.init.normal_(head.conv.bias)
    return ImageClassifier(vit(), head=head).eval()


def samples_of(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


# Attention


def test_attention_of_one_layer_by_hand():
    # Two heads of d = 4. The class token asks the first with 2, so that its scores are
    # 2 k / 2: softmax (1, 2, 5) / 8. It asks the second with 0: all tokens alike.
    query = torch.tensor([[2.0, 0, 0, 0, 0, 0, 0, 0], [9.0] * 8, [9.0] * 8])
    key = torch.zeros(3, 8)
    key[:, 0] = torch.tensor([1.0, 2, 5]).log()
    key[:, 4] = torch.tensor([1.0, 2, 3])
    qkv = torch.cat([query, key, torch.full((3, 8), torch.nan)], dim=1)
    expected = [(2 / 8 + 1 / 3) / 2, (5 / 8 + 1 / 3) / 2]
    torch.testing.assert_close(class_attention(qkv[None], 2), torch.tensor([expected]))


def full_attention(layer, x):
    """The complete matrix of each head of a layer, (N, H, L, L)."""
    attn = layer.attn
    query, key, _ = attn.qkv(layer.ln1(x)).chunk(3, dim=-1)
    heads = []
    for q, k in zip(query.split(attn.head_dims, -1), key.split(attn.head_dims, -1)):
        heads.append((q @ k.transpose(1, 2) / attn.head_dims**0.5).softmax(dim=-1))
    return torch.stack(heads, dim=1)


def test_attention_is_the_sum_over_layers_of_a_direct_formula(images):
    model, images = vit().double(), images.double()
    tokens = model.patch_embed(images)[0]
    x = torch.cat([model.cls_token.expand(2, -1, -1), tokens], 1) + model.pos_embed
    expected = 0
    for layer in model.layers:
        expected = expected + full_attention(layer, x).mean(dim=1)[:, 0, 1:]
        x = layer(x)
    attention, patches = model(images)
    torch.testing.assert_close(attention.flatten(1), expected, rtol=1e-12, atol=0)
    assert attention.std() > 0.05
    # The patches are in rows, as in mmpretrain's maps.
    x = model.ln1(x)[:, 1:].transpose(1, 2).reshape(2, 12, 2, 3)
    torch.testing.assert_close(patches, x, rtol=1e-12, atol=1e-12)


def test_without_attention_it_is_the_network_of_mmpretrain(images):
    plain, model = vit(VisionTransformer, out_type='featmap'), vit()
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert torch.equal(model(images)[1], plain(images)[0])


def test_images_of_other_sizes_have_maps_of_other_sizes(images):
    model = vit()
    attention, patches = model(images.repeat(1, 1, 2, 1))
    assert (attention.shape, patches.shape) == ((2, 1, 4, 3), (2, 12, 4, 3))
    # What is not attention to patches is that to the class token itself.
    total = attention.sum(dim=(1, 2, 3))
    assert (2 < total).all() and (total < 3).all()


def test_attention_is_float32_under_autocast(images):
    expected, _ = vit()(images)
    with torch.autocast('cpu', torch.bfloat16):
        attention, _ = vit()(images)
    assert attention.dtype == torch.float32
    torch.testing.assert_close(attention, expected, rtol=0.05, atol=0.01)


def test_there_is_none_in_training(images, monkeypatch):
    monkeypatch.delattr('mmccam.models.heads.ts_cam_head.class_attention')
    model = vit()
    model.train()
    attention, patches = model(images)
    assert attention.shape == (2, 1, 2, 3) and not attention.any()
    assert patches.requires_grad


def test_it_has_no_gradient(images):
    attention, patches = vit()(images.requires_grad_())
    assert patches.requires_grad and not attention.requires_grad


def test_copies_do_not_refer_to_the_original(images):
    model = vit()
    expected = model(images)
    with pytest.raises(RuntimeError):  # no hook stays after an error
        model(images[:, :2])
    assert not any(layer._forward_hooks for layer in model.modules())
    copies = deepcopy(model), pickle.loads(pickle.dumps(model))
    for parameter in model.parameters():
        parameter.data.zero_()
    for copied in copies:
        torch.testing.assert_close(copied(images), expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        (dict(out_type='cls_token'), "needs out_type='featmap', got 'cls_token'"),
        (dict(with_cls_token=False), 'needs with_cls_token=True, got False'),
    ],
)
def test_other_outputs_are_refused(option, message):
    with pytest.raises(ValueError, match=f'^ClassAttentionViT {message}$'):
        vit(**option)


@pytest.mark.parametrize('img_size', [32, 64])
def test_checkpoints_of_mmpretrain_are_loaded(tmp_path, img_size):
    head = dict(type='VisionTransformerClsHead', num_classes=3, in_channels=12)
    deit = ImageClassifier(vit(VisionTransformer, img_size=32), head=MODELS.build(head))
    torch.save(dict(state_dict=deit.state_dict()), tmp_path / 'deit.pth')
    init_cfg = dict(checkpoint=str(tmp_path / 'deit.pth'), prefix='backbone')
    init_cfg.update(type='Pretrained')
    model = vit(img_size=img_size, init_cfg=init_cfg)
    model.init_weights()
    for name, value in deit.backbone.state_dict().items():
        # mmpretrain resizes the grid of positions.
        if name != 'pos_embed' or img_size == 32:
            assert torch.equal(model.state_dict()[name], value)


# The head

# One image, one channel, 1 x 3 positions, with the attention to them.
PATCHES = torch.tensor([[[[1.0, 2.0, 6.0]]]])
ATTENTION = torch.tensor([[[[0.5, 1.0, 2.0]]]])


def hand_head(**cams):
    """Class 0 doubles, 1 takes the right neighbour, 2 is its bias.

    S = (2, 4, 12), (2, 6, 0) + 1, (7, 7, 7). The logits are 6, 11/3 and 7, so that the
    ranking is 2, 0, 1.
    """
    head = TSCAMHead(3, 1, cams=cams or None)
    head.conv.weight.data.zero_()
    head.conv.weight.data[0, 0, 1, 1] = 2
    head.conv.weight.data[1, 0, 1, 2] = 1
    head.conv.bias.data = torch.tensor([0.0, 1, 7])
    return head


def test_logits_are_the_means_of_the_class_maps():
    logits = hand_head()((ATTENTION, PATCHES))
    torch.testing.assert_close(logits, torch.tensor([[6, 11 / 3, 7]]))


@pytest.mark.parametrize(
    ('cfg', 'expected'),
    [
        # a S of class 2, the guess, and of class 1, the label: with the bias.
        (CAM, [[3.5, 7, 14], [1.5, 7, 2]]),
        # a (S_2 - S_1), and with class 1 in front a (S_1 - S_0).
        (dict(CAM, j=1), [[2, 0, 12], [0.5, 3, -22]]),
        # g = (1, 0, -1) for all targets.
        (LINEAR, [[2, 0, 12], [2, 0, 12]]),
    ],
)
def test_maps_by_hand(cfg, expected):
    feats = (ATTENTION, PATCHES)
    (sample,) = hand_head(cam=cfg).predict(feats, samples_of(1))
    assert sample.cams['cam'][:, 0].tolist() == expected


def test_maps_of_a_network_are_direct_sums(images):
    model = classifier()
    samples = model.predict(images, samples_of(3, 0))
    attention, patches = model.extract_feat(images)
    maps = model.head.conv(patches)
    ranking = maps.mean(dim=(2, 3)).argsort(dim=1, descending=True)
    for n, sample in enumerate(samples):
        assert sample.cam_labels[0] == ranking[n, 0]
        for target, cam in zip(sample.cam_labels, sample.cams['cam']):
            torch.testing.assert_close(cam, attention[n, 0] * maps[n, target])
        g = [1, 0.5, 0, -0.5, -1]
        ccam = attention[n, 0] * sum(g[k] * maps[n, ranking[n, k]] for k in range(5))
        torch.testing.assert_close(sample.cams['ccam'], ccam.expand(2, -1, -1))


def test_maps_are_float32_whatever_the_network_has(images):
    model = classifier()
    expected = model.predict(images)[0].cams['cam']
    cam = model.bfloat16().predict(images.bfloat16())[0].cams['cam']
    assert cam.dtype == torch.float32
    torch.testing.assert_close(cam, expected, rtol=0.1, atol=0.1)


def test_all_parameters_are_trained(images):
    model = classifier().train()
    assert model.head.map_names == ['cam', 'ccam']
    losses = model.loss(images, samples_of(1, 2))
    logits = model.head(model.extract_feat(images))
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([1, 2]))
    torch.testing.assert_close(losses, dict(loss=expected))
    losses['loss'].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize('first', [(), (PATCHES.expand(-1, 12, -1, -1),)])
def test_features_without_attention_are_refused(first):
    for use in (hand_head(), hand_head().predict):
        with pytest.raises(ValueError, match='needs the attention of the class token'):
            use((*first, PATCHES))
