# ILSVRC and what is measured there; without a schedule.
_base_ = [
    '../datasets/ilsvrc.py',
    '../evaluators/localization.py',
    '../models/top1_bottom10.py',
    '../default_runtime.py',
]

head = dict(
    num_classes=_base_.data_preprocessor.num_classes,
    cams=dict(ccam=dict(_base_.ccam, _delete_=True)),
)
