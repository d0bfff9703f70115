# Maps by gradients, and their boxes. The maps of excitation backprop are of a layer,
# which the config of a network names.
saliency = dict(
    backprop=dict(type='mmccam.Saliency'),
    deconv=dict(type='mmccam.Deconvolution'),
    guided=dict(type='mmccam.GuidedBackprop'),
    feedback=dict(type='mmccam.Feedback'),
    grad_cam=dict(type='mmccam.GradCAM'),
    grad_cam_pp=dict(type='mmccam.GradCAMPlusPlus'),
    layer_cam=dict(type='mmccam.LayerCAM'),
    mwp=dict(type='mmccam.ExcitationBackprop'),
    c_mwp=dict(type='mmccam.ExcitationBackprop', contrastive=True),
    mwp_ccam=dict(
        type='mmccam.ExcitationBackprop',
        combination=dict(type='mmccam.Polynomial', degree=2),
    ),
)
saliency_evaluator = [
    dict(type='mmccam.CCAMLocalizationMetric', map_name=name, box_rule='mean_multiple')
    for name in saliency
]
