"""Choose the threshold of each map on the validation split, then evaluate on test."""

import argparse
import copy
from itertools import product
from pathlib import Path

import mmengine
from common import add_options, build_runner, end_together, read_config
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', required=True, help='JSON file to write')
    add_options(parser)
    return parser.parse_args()


def search_config(cfg: Config, metrics: dict[str, dict]) -> Config:
    """A config that searches the thresholds of the metrics on the validation split."""
    if cfg.val_dataloader.dataset == cfg.test_dataloader.dataset:
        raise ValueError(
            'validation and test split of the config are the same: a threshold chosen '
            'there would be chosen on the images that it is reported on'
        )
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader = cfg.val_dataloader
    cfg.custom_hooks = []
    cfg.test_evaluator = [
        dict(
            type='mmccam.ThresholdSearch',
            cam=metric.cam,
            box_rule=metric.get('box_rule', 'cam'),
            iou=metric.get('iou', 0.5),
            prefix=name,
        )
        for name, metric in metrics.items()
    ]
    return cfg


def run(cfg: Config, stage: str) -> dict:
    """Evaluate the test split of a config in a work dir of its own."""
    cfg.work_dir = str(Path(cfg.work_dir, stage))
    cfg.experiment_name = f'{Path(cfg.work_dir).parent.name}_{stage}'
    return build_runner(cfg).test()


def table(metrics: dict[str, dict], result: dict) -> str:
    """Put the accuracies of all metrics below each other, in percent."""
    accuracies = ('top1_loc', 'top5_loc', 'gt_known_loc')
    rows = [f'{"map":14}{"threshold":>10}' + ''.join(f'{a:>14}' for a in accuracies)]
    for name, metric in metrics.items():
        values = ''.join(f'{result[f"{name}/{a}"]:14.1f}' for a in accuracies)
        rows.append(f'{name:14}{metric.threshold:10.2f}{values}')
    return '\n'.join(['threshold from the validation split, accuracy on test:', *rows])


def main() -> None:
    args = parse_args()
    cfg = read_config(args)
    cfg.load_from = args.checkpoint
    if isinstance(cfg.test_evaluator, dict):
        cfg.test_evaluator = [cfg.test_evaluator]
    metrics = {
        metric.get('prefix') or metric.cam: metric
        for metric in cfg.test_evaluator
        if metric.type == 'mmccam.CCAMLocalizationMetric'
    }
    if not metrics:
        raise ValueError('the test_evaluator has no mmccam.CCAMLocalizationMetric')
    found = run(search_config(cfg, metrics), 'search')
    for name, metric in metrics.items():
        metric.threshold = found[f'{name}/threshold']
    for hook, metric in product(cfg.get('custom_hooks', []), metrics.values()):
        rules = {owner.get('box_rule', 'cam') for owner in (hook, metric)}
        if hook.get('cam') == metric.cam and len(rules) == 1:
            hook.threshold = metric.threshold
    result = run(cfg, 'test')
    if is_main_process():
        mmengine.dump(dict(search=found, test=result), args.out, indent=2)
        MMLogger.get_current_instance().info(table(metrics, result))
    end_together()


if __name__ == '__main__':
    main()
