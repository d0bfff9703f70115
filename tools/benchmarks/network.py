"""A test of the whole network, with its metrics beside it."""

from argparse import Namespace
from typing import Optional

import numpy as np
import torch
from mmengine.evaluator import Evaluator

from . import read_config
from .device import PRECISIONS, count_operations, seconds_of
from .evaluation import ACCURACY, SIZE
from .measure import Form, Measurement, Part
from .step import build_model, draw_batch

TRUTH = dict(loc_boxes=np.array([[100, 75, 400, 300]]), ori_shape=SIZE[::-1])


def run_test(metrics: Optional[list], precision: str, args: Namespace) -> Measurement:
    """Test the network on batches in memory; None are the metrics of nlccam_cub.py."""
    torch.manual_seed(args.seed)
    cfg, dtype = read_config(), PRECISIONS[precision]
    evaluator = Evaluator(cfg.test_evaluator if metrics is None else metrics)
    model = build_model(cfg).to(args.device).eval()
    batch = draw_batch(args.batch_size, args.image_side, cfg.model.head.num_classes)
    for index, sample in enumerate(batch['data_samples']):
        sample.set_metainfo(dict(TRUTH, img_path=f'{index}.jpg'))
    count = max(1, args.images // args.batch_size)
    scores = []

    @torch.no_grad()
    def test(times: int) -> None:
        kind = torch.device(args.device).type
        for _ in range(times):
            with torch.autocast(kind, dtype, enabled=dtype != torch.float32):
                samples = model.test_step(batch)
            evaluator.process(samples, batch)
        if evaluator.metrics:
            evaluator.evaluate(times * args.batch_size)
        scores[:] = [sample.pred_score.float() for sample in samples]

    test(1)
    seconds = seconds_of(lambda: test(count))
    return Measurement(count * args.batch_size, seconds, torch.stack(scores).numpy())


def count_test(args: Namespace) -> int:
    """The operations of the features of one image; those of maps are few."""
    model = build_model(read_config()).to('meta').eval()
    image = torch.empty(1, 3, args.image_side, args.image_side, device='meta')
    return count_operations(lambda: model(image, mode='tensor'))


NETWORK = Part(
    'Test of NL-CCAM, without loading: batches of {batch_size} of side {image_side}',
    run_test,
    {
        'network alone': Form([]),
        'with localization': Form(ACCURACY),
        'with all of nlccam_cub.py, two maps': Form(None),
        'network alone, TF32': Form([], 'TF32', gpu_only=True),
        'network alone, bfloat16': Form([], 'bfloat16', gpu_only=True),
        'network alone, float16': Form([], 'float16', gpu_only=True),
        'with localization, float16': Form(ACCURACY, 'float16', gpu_only=True),
        'with all of nlccam_cub.py, float16': Form(None, 'float16', gpu_only=True),
    },
    tolerances=(1e-3, 5e-2),
    operations=count_test,
)
