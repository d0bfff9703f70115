"""Choose the threshold of each map on a held-out split, then evaluate with it."""

import argparse
import copy
from pathlib import Path

import mmengine
from common import add_options, read_config
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import MMLogger
from mmengine.runner import Runner


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', required=True, help='JSON file to write')
    add_options(parser)
    return parser.parse_args()


def run(cfg: Config, stage: str) -> dict:
    """Evaluate the test split of a config in a work dir of its own."""
    cfg.work_dir = str(Path(cfg.work_dir, stage))
    cfg.experiment_name = f'{Path(cfg.work_dir).parent.name}_{stage}'
    return Runner.from_cfg(cfg).test()


def table(metrics: list[dict], result: dict) -> str:
    """Put the accuracies of all maps below each other, in percent."""
    names = ('top1_loc', 'top5_loc', 'gt_known_loc')
    rows = [f'{"map":14}{"threshold":>10}' + ''.join(f'{name:>14}' for name in names)]
    for metric in metrics:
        values = ''.join(f'{result[f"{metric.cam}/{name}"]:14.1f}' for name in names)
        rows.append(f'{metric.cam:14}{metric.threshold:10.2f}{values}')
    return '\n'.join(['threshold from the validation split, accuracy on test:', *rows])


def main() -> None:
    args = parse_args()
    cfg = read_config(args)
    cfg.load_from = args.checkpoint
    metrics = [
        m for m in cfg.test_evaluator if m.type == 'mmccam.CCAMLocalizationMetric'
    ]

    search = copy.deepcopy(cfg)
    search.test_dataloader = search.val_dataloader
    search.custom_hooks = []
    search.test_evaluator = [
        dict(
            type='mmccam.ThresholdSearch',
            cam=metric.cam,
            box_rule=metric.get('box_rule', 'cam'),
        )
        for metric in metrics
    ]
    found = run(search, 'search')
    for metric in metrics:
        metric.threshold = found[f'{metric.cam}/threshold']
    for hook in cfg.custom_hooks:
        if hook.type == 'mmccam.LocalizationVisualizationHook':
            hook.threshold = found[f'{hook.cam}/threshold']
    result = run(cfg, 'test')
    MMLogger.get_current_instance().info(table(metrics, result))
    if is_main_process():
        mmengine.dump(dict(search=found, test=result), args.out, indent=2)


if __name__ == '__main__':
    main()
