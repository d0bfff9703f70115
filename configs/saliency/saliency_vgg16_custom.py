# Saliency maps on your own images, beside CAM and CCAM, of a network trained by
# conv6_vgg16_custom.py.
_base_ = ['../conv6/conv6_vgg16_custom.py', '../_base_/evaluators/saliency_vgg16.py']

model = dict(type='mmccam.SaliencyClassifier', head=dict(cams=_base_.saliency))
test_evaluator = _base_.test_evaluator + _base_.saliency_evaluator
