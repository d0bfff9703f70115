"""Complete commands in fresh processes: training an epoch, a test, boxes of images."""

import resource
import subprocess
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.runner import save_checkpoint

from .device import seconds_of
from .epoch import CONFIG, data_folder, options_of
from .measure import Form, Measurement, Part
from .pipeline import write_images
from .step import build_model


def run_command(tool: str, precision: str, args: Namespace) -> Measurement:
    """Run a tool on images, or on their files, with its start and its imports."""
    options = [f'{key}={value}' for key, value in options_of(args).items()]
    with data_folder(args) as folder:
        checkpoint, images = folder / 'network.pth', folder / 'images'
        if tool == 'train.py':
            inputs = [CONFIG, '--no-validate', '--work-dir', folder / 'run']
        elif tool == 'test.py':
            inputs = [CONFIG, write_network(checkpoint), '--work-dir', folder / 'run']
        else:
            images.mkdir()
            write_images(images, args.images, args.seed)
            inputs = [images, '--checkpoint', write_network(checkpoint)]
            inputs += ['--config', CONFIG, '--out-dir', folder / 'boxes']
        command = [sys.executable, CONFIG.parents[1] / 'tools' / tool, *inputs]
        command += ['--cfg-options', *options]
        run = partial(subprocess.run, command, check=True, capture_output=True)
        seconds = seconds_of(run)
    # Of the largest process, which Linux counts in kB.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    return Measurement(args.images, seconds, np.zeros(1), largest)


def write_network(path: Path) -> Path:
    """Write a checkpoint of the network of the config, as it is before training."""
    cfg = Config.fromfile(CONFIG)
    cfg.model.backbone.init_cfg = None
    save_checkpoint(dict(state_dict=build_model(cfg).state_dict()), str(path))
    return path


def describe(tool: str, what: str) -> Part:
    """A part with one form, whose memory is all of the command's largest process."""
    title = f'{tool}, {{images}} {what} of side {{image_side}}, in a fresh process'
    return Part(title, run_command, {tool: Form(tool)}, fresh=True)


TRAIN_COMMAND = describe('train.py', 'images for an epoch')
TEST_COMMAND = describe('test.py', 'images with all metrics')
LOCALIZE_COMMAND = describe('localize.py', 'JPEG files, inputs')
