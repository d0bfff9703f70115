# TS-CAM (Gao et al., ICCV 2021). No decay of biases, norms, class token and positions.
no_decay = dict(decay_mult=0)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0,
        bias_decay_mult=0,
        custom_keys={'.cls_token': no_decay, '.pos_embed': no_decay},
    ),
)
val_cfg = dict()
test_cfg = dict()
