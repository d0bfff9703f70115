"""Draw the figures of the paper: a map, what it is combined of, and its box."""

import argparse

from _cli import CONFIG_ERRORS, add_options, user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add_options(parser, 'config', 'checkpoint', '--cam', '--device')
    add_options(parser, '--trust-checkpoint', '--cfg-options')
    add = parser.add_argument
    what = 'folder for figure1.png (CAM, maps of the first, the second and the last '
    what += 'class, combination), figure3.png (the same without the second) and '
    what += 'figure4.png (the first three maps, the last three, combination)'
    add('--out-dir', required=True, help=what)
    what = 'images, folders or quoted patterns; by default images of the test split, '
    add('--images', nargs='+', help=what + 'with their ground truth')
    what = 'how many images of the test split, spread over it'
    add('--num-images', type=int, default=4, help=what)
    what = 'use the CAM of this network, as the paper does, not of the same'
    add('--baseline', nargs=2, metavar=('CONFIG', 'CHECKPOINT'), help=what)
    what = 'also write methods.png, with the map MAP of this network and its box '
    what += 'beside the combination; repeat it for further ones'
    names = ('CONFIG', 'CHECKPOINT', 'MAP')
    add('--also', nargs=3, action='append', default=[], metavar=names, help=what)
    what = 'use the files that search_threshold.py has left beside the checkpoints'
    add('--thresholds', action='store_true', help=what)
    args = parser.parse_args()
    if args.num_images < 1:
        parser.error(f'--num-images must be 1 or more, got {args.num_images}')
    return args


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

from dataclasses import replace
from pathlib import Path

import mmcv
import numpy as np

from mmccam import CCAMInferencer, trust_checkpoints
from mmccam.apis.images import list_images
from mmccam.apis.runs import build_annotations, read_data_config
from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets.transforms import read_rgb
from mmccam.evaluation.thresholds import threshold_file
from mmccam.structures import check_map_name
from mmccam.visualization import Panel, draw_panels
from mmccam.visualization.canvas import stack, write_text
from mmccam.visualization.overlay import draw_legend

NAMES = ('1st', '2nd', '3rd', '(K-2)th', '(K-1)th', 'Kth')
RANKS = {
    f'{name} map': dict(type='mmccam.SingleRank', k=k)
    for name, k in zip(NAMES, (1, 2, 3, -3, -2, -1))
}
FIRST, SECOND, *_, LAST = RANKS
CAM = dict(cam=dict(type='mmccam.TopBottom', i=1, j=0))  # the first rank's map
WIDTH = 200  # pixels of a panel
COLUMNS = 8  # panels side by side; further ones are below


def find_images(args: argparse.Namespace) -> list[dict]:
    """What is known of each image: file or pixels, perhaps boxes and class."""
    if args.images:
        return [dict(img_path=path) for path in list_images(args.images)]
    cfg = read_data_config(args.config, args.cfg_options)
    dataset = build_annotations(cfg, 'test')
    number = min(args.num_images, len(dataset))
    places = np.linspace(0, len(dataset) - 1, number).astype(int).tolist()
    infos = [dataset.get_data_info(place) for place in places]
    classes = dataset.metainfo['classes']
    return [dict(info, class_name=classes[info['gt_label']]) for info in infos]


def load(
    args: argparse.Namespace, config: str, checkpoint: str, **kwargs
) -> CCAMInferencer:
    """Load a network, perhaps with the thresholds beside its checkpoint."""
    if args.thresholds:
        kwargs['thresholds'] = threshold_file(checkpoint)
    return CCAMInferencer(config, checkpoint, device=args.device, **kwargs)


def add_ranks(inferencer: CCAMInferencer) -> None:
    """Have a network also make the map of each rank."""
    head = inferencer.model.head
    head.set_maps({**head.cams, **RANKS})


def localize(inferencer: CCAMInferencer, infos: list[dict]) -> list[dict]:
    """The most probable class of each image with its maps and its box."""
    sources = [info.get('img_path', info.get('img')) for info in infos]
    results = inferencer(sources, return_cams=True, show_progress=False)
    return [dict(result, **result['predictions'][0]) for result in results]


def draw_row(info: dict, best: dict, panels: list[Panel]) -> np.ndarray:
    """Draw the panels of an image side by side."""
    in_file = 'img_path' in info
    image = read_rgb(info['img_path']) if in_file else mmcv.bgr2rgb(info['img'])
    height, width = image.shape[:2]
    title = f'{best["class_name"]}: {best["score"]:.0%}'
    if info.get('class_name', best['class_name']) != best['class_name']:
        title += f'; true: {info["class_name"]}'
    panels = [replace(panel, caption='') for panel in panels]
    side = round(WIDTH * min(4, max(1, height / width)))
    return draw_panels(image, panels, info.get('loc_boxes', ()), title, side)


def draw_figure(
    infos: list[dict], predictions: list[dict], rows: list[list[Panel]], path: Path
) -> None:
    """Write a figure with a row of panels for each image."""
    page = [draw_legend()]
    for start in range(0, len(rows[0]), COLUMNS):
        shown = [panels[start : start + COLUMNS] for panels in rows]
        texts = [write_text(panel.caption, WIDTH, bold=True) for panel in shown[0]]
        page.append(stack([texts]))
        for info, best, panels in zip(infos, predictions, shown):
            page.append(draw_row(info, best, panels))
    picture = stack([[part] for part in page])
    mmcv.imwrite(mmcv.rgb2bgr(picture), str(path), backend_args=WHOLE_FILES)


def caption_of(config: str, name: str) -> str:
    """The config and a map of its network, in words that lines can break between."""
    return f'{Path(config).stem} {name}'.replace('_', ' ')


def map_panel(best: dict, name: str, caption: str) -> Panel:
    """The map that a network makes its box of, and this box."""
    return Panel(caption, best['cams'][name], best['box'])


def add_methods(
    args: argparse.Namespace, infos: list[dict], rows: list[list[Panel]]
) -> None:
    """Add the maps of further networks to the rows of the images."""
    networks = {}
    for config, checkpoint, name in args.also:
        if (config, checkpoint) not in networks:
            network = load(args, config, checkpoint, cam=name)
            networks[config, checkpoint] = network, localize(network, infos)
        network, found = networks[config, checkpoint]
        check_map_name(name, network.model.head.map_names)
        rule = network.rule_of(name)
        for best, row in zip(found, rows):
            cam = best['cams'][name]
            box = rule(cam, (best['width'], best['height']))
            row.append(Panel(caption_of(config, name), cam, box))


def draw(args: argparse.Namespace) -> None:
    """Find images and maps, and draw the figures."""
    if args.trust_checkpoint:
        trust_checkpoints()
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    infos = find_images(args)
    options = args.cfg_options
    own = load(args, args.config, args.checkpoint, cam=args.cam, options=options)
    add_ranks(own)
    found, name = localize(own, infos), own.map_name
    plain, of_plain = own, found
    if args.baseline:
        plain = load(args, *args.baseline, cam='cam', cams=CAM)
        add_ranks(plain)
        of_plain = localize(plain, infos)
    rule = plain.rule_of('cam')
    figures = dict(figure1=[], figure3=[], figure4=[])
    for best, other in zip(found, of_plain):
        ranks = {rank: Panel(rank, best['cams'][rank]) for rank in RANKS}
        first, second, last = (ranks[rank] for rank in (FIRST, SECOND, LAST))
        cam = other['cams'][FIRST]
        box = rule(cam, (best['width'], best['height']))
        start, end = [Panel('image')], [map_panel(best, name, name)]
        plain_cam = [*start, Panel('CAM', cam, box)]
        figures['figure1'].append([*plain_cam, first, second, last, *end])
        figures['figure3'].append([*plain_cam, first, last, *end])
        figures['figure4'].append([*start, *ranks.values(), *end])
    if args.also:
        caption = caption_of(args.config, name)
        rows = [[Panel('image'), map_panel(best, name, caption)] for best in found]
        add_methods(args, infos, rows)
        figures['methods'] = rows
    for file, rows in figures.items():
        draw_figure(infos, found, rows, folder / f'{file}.png')
    print(f'The figures are in {folder}')


def main(args: argparse.Namespace) -> None:
    with user_errors(*CONFIG_ERRORS):
        draw(args)


if __name__ == '__main__':
    main(args)
