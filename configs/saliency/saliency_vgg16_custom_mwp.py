# Excitation backprop at other layers than pool3, and at pool3 of all classes together,
# on your own images, of a network trained by conv6_vgg16_custom.py.
_base_ = '../conv6/conv6_vgg16_custom.py'

layers = dict(
    mwp_pool2='features.5',
    mwp_pool4='features.13',
    mwp_conv5='features.16',
    mwp_conv6='extra_conv',
    mwp_all='features.9',
)
cams = {
    name: dict(type='mmccam.ExcitationBackprop', layer=f'backbone.{layer}')
    for name, layer in layers.items()
}
num_classes = _base_.data_preprocessor.num_classes
cams['mwp_all']['combination'] = dict(type='mmccam.TopBottom', i=num_classes, j=0)
model = dict(type='mmccam.SaliencyClassifier', head=dict(cams=cams))
test_evaluator = _base_.test_evaluator + [
    dict(type='mmccam.CCAMLocalizationMetric', map_name=name, box_rule='mean_multiple')
    for name in cams
]
