_base_ = ['../protocols/ilsvrc.py', '../schedules/paper.py']
