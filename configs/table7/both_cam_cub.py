# Table 7: non-local blocks in all stages, CAM.
_base_ = 'none_cam_cub.py'

model = dict(backbone=dict(non_local_stages=(2, 3, 4, 5)))
