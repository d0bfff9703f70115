_base_ = ['../protocols/cub.py', '../schedules/paper.py']
