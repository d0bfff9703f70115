# CAM on your own images: VGGnet-GAP, top-1 & bottom-0.
_base_ = [
    '_base_/models/vggnet_gap.py',
    '_base_/datasets/custom.py',
    '_base_/schedules/finetune.py',
    '_base_/evaluators/cam.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(num_classes=_base_.num_classes),
    backbone=dict(frozen_stages=2),  # edges and textures are the same everywhere
    head=dict(num_classes=_base_.num_classes),
)
