# OpenImages30k and what is measured there; without a schedule.
_base_ = [
    '../datasets/openimages30k.py',
    '../evaluators/openimages30k.py',
    '../default_runtime.py',
]

head = dict(num_classes=_base_.data_preprocessor.num_classes)
# Beside the last two, as best_ccam_px_ap_epoch_<n>.pth.
default_hooks = dict(checkpoint=dict(save_best='ccam/px_ap', rule='greater'))
