"""Draw the figures of the paper: a map, what it is combined of, and its box."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Optional

import mmcv
import numpy as np
from common import (
    CONFIG_ERRORS,
    add_config_options,
    add_trust_option,
    find_loader,
    read_data_config,
    user_errors,
)
from mmengine.config import Config
from mmengine.registry import DATASETS

from mmccam import CCAMInferencer, trust_checkpoints
from mmccam.apis.images import list_images
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets.transforms import read_rgb
from mmccam.evaluation.thresholds import threshold_file
from mmccam.models.heads.localization_head import DEFAULT_CAMS
from mmccam.structures import default_map_name
from mmccam.visualization import Panel, draw_panels
from mmccam.visualization.canvas import stack, write_text
from mmccam.visualization.overlay import draw_legend

RANKS = {
    caption: dict(type='mmccam.SingleRank', k=k)
    for caption, k in {
        '1st map': 1,
        '2nd map': 2,
        '3rd map': 3,
        '(K-2)th map': -3,
        '(K-1)th map': -2,
        'Kth map': -1,
    }.items()
}
CAM = dict(cam=dict(type='mmccam.TopBottom', i=1, j=0))
WIDTH = 200  # pixels of a panel


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out-dir',
        required=True,
        help='folder for figure3.png (CAM, first and last map, combination, with '
        'their boxes) and figure4.png (the first and the last three maps)',
    )
    parser.add_argument(
        '--images',
        nargs='+',
        help='images, folders or quoted patterns; by default images of the test split, '
        'with their ground truth',
    )
    parser.add_argument(
        '--num-images',
        type=int,
        default=4,
        help='how many images of the test split, spread over it',
    )
    parser.add_argument(
        '--baseline',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='take the CAM of this network, as the paper does, not of the same',
    )
    parser.add_argument('--cam', help='the combination, ccam by default')
    parser.add_argument(
        '--thresholds',
        action='store_true',
        help='take box rules and thresholds from the files that search_threshold.py '
        'has left beside the checkpoints',
    )
    parser.add_argument('--device', help='such as cpu or cuda:1')
    add_trust_option(parser)
    add_config_options(parser)
    args = parser.parse_args()
    if args.num_images < 1:
        parser.error(f'--num-images must be 1 or more, got {args.num_images}')
    return args


def find_images(args: argparse.Namespace, cfg: Config) -> list[dict]:
    """What is known of each image: file or pixels, perhaps boxes and class."""
    if args.images:
        return [dict(img_path=path) for path in list_images(args.images)]
    loader = find_loader(cfg, 'test')
    dataset = DATASETS.build(dict(loader.dataset, pipeline=[]))
    number = min(args.num_images, len(dataset))
    infos = [
        dataset.get_data_info(place)
        for place in np.linspace(0, len(dataset) - 1, number).astype(int).tolist()
    ]
    classes = dataset.metainfo['classes']
    return [dict(info, class_name=classes[info['gt_label']]) for info in infos]


def localize(
    args: argparse.Namespace,
    infos: list[dict],
    model: tuple[str, str],
    cams: dict[str, dict],
    cam: str,
    options: Optional[dict] = None,
) -> list[dict]:
    """The most probable class of each image, its maps, and the box of one of them."""
    config, checkpoint = model
    inferencer = CCAMInferencer(
        config,
        checkpoint,
        cam=cam,
        cams=cams,
        thresholds=threshold_file(checkpoint) if args.thresholds else None,
        device=args.device,
        options=options,
    )
    sources = [info.get('img_path', info.get('img')) for info in infos]
    results = inferencer(sources, return_cams=True, show_progress=False)
    return [result['predictions'][0] for result in results]


def draw_figure(
    infos: list[dict], predictions: list[dict], rows: list[list[Panel]], path: Path
) -> None:
    """Write a figure with a row of panels for each image."""
    header = [write_text(panel.caption, WIDTH, bold=True) for panel in rows[0]]
    page = [draw_legend(), stack([header])]
    for info, best, panels in zip(infos, predictions, rows):
        in_file = 'img_path' in info
        image = read_rgb(info['img_path']) if in_file else mmcv.bgr2rgb(info['img'])
        height, width = image.shape[:2]
        title = f'{best["class_name"]}: {best["score"]:.0%}'
        if info.get('class_name', best['class_name']) != best['class_name']:
            title += f'; true: {info["class_name"]}'
        page.append(
            draw_panels(
                image,
                [replace(panel, caption='') for panel in panels],
                info.get('loc_boxes', ()),
                title,
                side=round(WIDTH * min(4, max(1, height / width))),
            )
        )
    picture = stack([[part] for part in page])
    mmcv.imwrite(mmcv.rgb2bgr(picture), str(path), backend_args=WHOLE_FILES)


def draw(args: argparse.Namespace) -> None:
    """Find images and maps, and draw both figures."""
    if args.trust_checkpoint:
        trust_checkpoints()
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    cfg = read_data_config(args)
    infos = find_images(args, cfg)
    cams = cfg.model.head.get('cams', DEFAULT_CAMS)
    name = args.cam or default_map_name(cams)
    own = (args.config, args.checkpoint)
    found = localize(args, infos, own, {**cams, **RANKS}, name, args.cfg_options)
    options = None if args.baseline else args.cfg_options
    plain = localize(args, infos, args.baseline or own, CAM, 'cam', options)
    figure3 = [
        [
            Panel('image'),
            Panel('CAM', cam['cams']['cam'], cam['box']),
            *(Panel(rank, best['cams'][rank]) for rank in ('1st map', 'Kth map')),
            Panel(name, best['cams'][name], best['box']),
        ]
        for best, cam in zip(found, plain)
    ]
    figure4 = [
        [Panel('image'), *(Panel(rank, best['cams'][rank]) for rank in RANKS)]
        for best in found
    ]
    draw_figure(infos, found, figure3, folder / 'figure3.png')
    draw_figure(infos, found, figure4, folder / 'figure4.png')
    print(f'The figures are in {folder}')


def main() -> None:
    args = parse_args()
    with user_errors(*CONFIG_ERRORS):
        draw(args)


if __name__ == '__main__':
    main()
