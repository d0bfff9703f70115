"""A test of the whole network, with its metrics beside it."""

from argparse import Namespace
from functools import partial
from typing import Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope

from . import CONFIG
from .device import count_operations, seconds_of
from .evaluation import LOCALIZATION_METRIC, SIZE
from .measure import Form, Measurement, Part
from .step import build_model, draw_batch

TRUTH = dict(loc_boxes=np.array([[100, 75, 400, 300]]), ori_shape=SIZE[::-1])


def run_test(
    metrics: Optional[list[dict]], dtype: Optional[torch.dtype], args: Namespace
) -> Measurement:
    """Test the network on batches of one size, which are in memory.

    Args:
        metrics: What is evaluated; None for all that nlccam_cub.py reports.
        dtype: Of mixed precision. Defaults to None: float32.
        args: Options of the benchmark.
    """
    torch.manual_seed(args.seed)
    cfg = Config.fromfile(CONFIG)
    init_default_scope(cfg.default_scope)
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
            with torch.autocast(kind, dtype, enabled=dtype is not None):
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
    cfg = Config.fromfile(CONFIG)
    init_default_scope(cfg.default_scope)
    model = build_model(cfg).to('meta').eval()
    image = torch.empty(1, 3, args.image_side, args.image_side, device='meta')
    return count_operations(lambda: model(image, mode='tensor'))


def _form(
    metrics: Optional[list[dict]],
    precision: str = 'float32',
    dtype: Optional[torch.dtype] = None,
) -> Form:
    is_exact = precision == 'float32'
    return Form(
        partial(run_test, metrics, dtype),
        tolerance=1e-3 if is_exact else 5e-2,
        precision=precision,
        gpu_only=not is_exact,
    )


FLOAT16 = dict(precision='float16', dtype=torch.float16)
NETWORK = Part(
    'Test of NL-CCAM, without loading: batches of {batch_size} of side {image_side}',
    {
        'network alone': _form([]),
        'with localization': _form([LOCALIZATION_METRIC]),
        'with all of nlccam_cub.py, two maps': _form(None),
        'network alone, TF32': _form([], 'TF32'),
        'network alone, bfloat16': _form([], 'bfloat16', torch.bfloat16),
        'network alone, float16': _form([], **FLOAT16),
        'with localization, float16': _form([LOCALIZATION_METRIC], **FLOAT16),
        'with all of nlccam_cub.py, float16': _form(None, **FLOAT16),
    },
    operations=count_test,
)
