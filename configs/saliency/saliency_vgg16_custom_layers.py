# Excitation backprop at other layers than pool3, on your own images: maps of other
# sizes, of a network trained by conv6_vgg16_custom.py.
_base_ = '../conv6/conv6_vgg16_custom.py'

layers = dict(mwp_pool2=5, mwp_pool4=13, mwp_last=16)
cams = {
    name: dict(type='mmccam.ExcitationBackprop', layer=f'backbone.features.{index}')
    for name, index in layers.items()
}
model = dict(type='mmccam.SaliencyClassifier', head=dict(cams=cams))
test_evaluator = _base_.test_evaluator + [
    dict(type='mmccam.CCAMLocalizationMetric', map_name=name, box_rule='mean_multiple')
    for name in cams
]
