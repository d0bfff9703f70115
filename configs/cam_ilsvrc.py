# CAM on ILSVRC: VGGnet-GAP, top-1 & bottom-0.
_base_ = [
    '_base_/models/vggnet_gap.py',
    '_base_/datasets/ilsvrc.py',
    '_base_/schedules/paper.py',
    '_base_/evaluators/cam.py',
    '_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(num_classes=1000),
    head=dict(num_classes=1000),
)
