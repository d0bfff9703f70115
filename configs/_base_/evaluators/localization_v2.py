# As localization.py. The validation also has MaxBoxAccV2 of the CCAM, by which the best
# checkpoint is chosen (Choe et al., CVPR 2020).
_base_ = 'localization.py'

val_evaluator = _base_.val_evaluator + [
    dict(type='mmccam.MaxBoxAcc', map_name='ccam', contours='all')
]
