# Saliency maps on ILSVRC, beside CAM and CCAM, of a network trained by
# cam_googlenet_ilsvrc.py.
_base_ = [
    '../cam/cam_googlenet_ilsvrc.py',
    '../_base_/evaluators/saliency_googlenet.py',
]

mwp_ccam = dict(_base_.saliency.mwp, combination=_base_.ccam)
model = dict(
    type='mmccam.SaliencyClassifier',
    head=dict(cams=dict(_base_.saliency, mwp_ccam=mwp_ccam)),
)
test_evaluator = _base_.test_evaluator + _base_.saliency_evaluator
