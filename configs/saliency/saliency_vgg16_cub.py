# Saliency maps on CUB-200-2011, beside CAM and CCAM, of a network trained by
# conv6_vgg16_cub.py.
_base_ = ['../conv6/conv6_vgg16_cub.py', '../_base_/evaluators/saliency_vgg16.py']

model = dict(type='mmccam.SaliencyClassifier', head=dict(cams=_base_.saliency))
test_evaluator = _base_.test_evaluator + _base_.saliency_evaluator
