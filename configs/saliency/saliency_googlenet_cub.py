# Saliency maps on CUB-200-2011, beside CAM and CCAM, of a network trained by
# cam_googlenet_cub.py.
_base_ = ['../cam/cam_googlenet_cub.py', '../_base_/evaluators/saliency_googlenet.py']

model = dict(type='mmccam.SaliencyClassifier', head=dict(cams=_base_.saliency))
test_evaluator = _base_.test_evaluator + _base_.saliency_evaluator
