_base_ = ['../protocols/openimages30k.py', '../schedules/paper.py']
