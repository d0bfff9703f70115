# Table 7: non-local blocks after pool4 and the last convolution, CAM.
_base_ = 'none_cam_cub.py'

model = dict(backbone=dict(non_local_stages=(4, 5)))
