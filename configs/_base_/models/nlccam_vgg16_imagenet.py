_base_ = ['nlccam_vgg16.py', 'top1_bottom10.py']

model = dict(head=dict(cams=dict(ccam=dict(_base_.ccam, _delete_=True))))
