"""Read the result files of test.py: which cell of which table a number belongs to."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from _paper import (
    BLOCKS,
    CAM,
    CCAM,
    CONFIGS,
    CUB,
    DEGREES,
    ILSVRC,
    METHODS,
    NETWORKS,
    RELEASED,
    TABLES,
)

from mmccam.datasets.files import NUMBER, check_form, read_json
from mmccam.registry import kind_of
from mmccam.visualization.numbers import LOCALIZATION_COLUMNS

# What is read of a result file.
FORM = dict(
    metrics={str: NUMBER},
    provenance=object,
    about=dict(config=str, checkpoint=str, data=str, split=str, images=NUMBER),
    boxes={
        str: dict(
            map_name=str, box_rule=str, threshold=NUMBER, chosen_on=str, iou=NUMBER
        )
    },
    maps=dict(pipeline=[dict(type=str)], cams={str: dict}),
    model=dict(backbone=dict(type=str), head=dict(type=str, num_classes=NUMBER)),
)


class Score(NamedTuple):
    """An error of one run, and its cell.

    Args:
        table: Number of the table.
        protocol: What all of a column have in common, in words.
        row: Title of the row.
        column: Title of the column.
        run: The seed, or the checkpoint where that is unknown.
        error: In percent.
        file: The result file.
        checkpoint: The network.
        chosen: The function that a search chose, where the row is of such.
    """

    table: int
    protocol: tuple[str, ...]
    row: str
    column: str
    run: str
    error: float
    file: str
    checkpoint: str
    chosen: str = ''


class Network(NamedTuple):
    """The network of a result.

    Args:
        family: What networks have in common that may be compared, in words.
        place: Where its non-local blocks are, None if it is not one of the paper's.
        name: The method of a config of ours, else the name of the config.
    """

    family: str
    place: Optional[str]
    name: str


def network_of(result: dict) -> Network:
    """Tell a VGG-16 of the paper, with global average pooling, from other networks."""
    model = result['model']
    backbone, head = model['backbone'], model['head']
    kind, name = kind_of(backbone), Path(result['about']['config']).stem
    name = CONFIGS.get(name, name)
    if kind != 'NonLocalVGG':
        return Network(kind, None, name)
    family = f'VGG-{backbone.get("depth", 16)}'
    if width := backbone.get('extra_conv'):
        family += ' + conv6' if width == 1024 else f' + conv6 of {width}'
    activation = kind_of(backbone.get('act_cfg', dict(type='ReLU')))
    family += '' if activation == 'ReLU' else f', {activation}'
    is_plain = kind_of(head) == 'GAPClsHead' and backbone.get('depth', 16) == 16
    # Methods such as CutMix and ADL change the training alone.
    others = (model.get('neck'), model.get('train_cfg'))
    others += (backbone.get('norm_cfg'), backbone.get('adl'), backbone.get('pools'))
    stages = tuple(sorted(backbone.get('non_local_stages', (2, 3, 4, 5))))
    place = BLOCKS.get(stages) if is_plain and not any(others) else None
    return Network(family, place, name)


def function_of(map_name: str, cfg: dict) -> str:
    """The name of g(k) in the paper, or the name of the map where it has none."""
    kind = kind_of(cfg)
    options = {key: value for key, value in cfg.items() if key != 'type'}
    if kind == 'TopBottom' and options.keys() == {'i', 'j'}:
        return f'top-{options["i"]} & bottom-{options["j"]}'
    if kind == 'Polynomial' and options.keys() == {'degree'}:
        return dict(enumerate(DEGREES)).get(options['degree'], map_name)
    names = dict(ReleasedQuadratic=RELEASED, AboveMean='top-1 minus the mean of all')
    return names.get(kind, map_name)


def describe_data(about: dict) -> str:
    """The images of an evaluation, in words."""
    return f'{about["data"]}, split {about["split"]}, {about["images"]} images'


def describe_epochs(about: dict) -> str:
    """How long the network was trained, in words."""
    epochs = about.get('epochs')
    return f'epochs of training: {"unknown" if epochs is None else epochs}'


def describe_input(result: dict) -> str:
    """The protocol of the test images, in words."""
    steps = [
        step
        for step in result['maps']['pipeline']
        if kind_of(step) not in ('LoadImage', 'PackInputs')
    ]
    texts = [
        f'{kind_of(step)} '
        + ' '.join(f'{key}={step[key]}' for key in sorted(step) if key != 'type')
        for step in steps
    ]
    return f'input: {", ".join(texts) or "as it is"}'


def describe_boxes(prefix: str, box: dict, provenance: dict) -> str:
    """The protocol of the boxes, in words, with that of searched thresholds."""
    if box['chosen_on'] == 'config':
        how = f'{box["box_rule"]} at {box["threshold"]:.2f}'
    else:
        how = f'{box["box_rule"]},' if box.get('names_rule') else 'rule and'
        how += f' threshold chosen on split {box["chosen_on"]} of '
        how += '{data_root}, {num_images} images'.format(**provenance)
    if prefix.endswith('_threshold_from_test'):
        how += ', some of them evaluated'
    return f'boxes: {how}, IoU {box["iou"]}'


def rows_of(network: Network, function: str, data: str) -> dict[int, str]:
    """The row of a map's boxes by the number of each table that has them."""
    method = {CAM: 'CAM', CCAM[data]: 'CCAM', RELEASED: 'CCAM'}.get(function)
    if network.place is None:
        row = f'{network.name}, {method or function}'
    else:
        row = METHODS.get((network.place, method))
    rows = {6: function}
    if row:
        rows |= dict.fromkeys((3, 5) if data == ILSVRC else (4,), row)
    if network.place and method and data == CUB:
        rows[7] = f'{network.place}, {method}'
    return rows


def chosen_rows(network: Network, data: str, split: str) -> dict[int, str]:
    """The row of the map whose g(k) a search chose, beside that of the paper's."""
    rows = rows_of(network, CCAM[data], data)
    del rows[6]  # which has all functions
    return {table: f'{row}, g(k) chosen on {split}' for table, row in rows.items()}


def scores_of(result: dict, file: str) -> Iterator[Score]:
    """Find the cells of a result."""
    about, network = result['about'], network_of(result)
    data = ILSVRC if result['model']['head']['num_classes'] == 1000 else CUB
    chosen = (result['provenance'] or {}).get('chosen') or {}
    seed = about.get('seed')
    run = f'checkpoint {about["checkpoint"]}' if seed is None else f'seed {seed}'
    shared = (
        describe_data(about),
        network.family,
        describe_epochs(about),
        describe_input(result),
    )

    def cells(
        table: int, row: str, prefix: str, *protocol: str, chosen: str = ''
    ) -> Iterator[Score]:
        for column in TABLES[table].columns:
            name = LOCALIZATION_COLUMNS[column]
            name = name.removesuffix('_loc') if prefix == 'accuracy' else name
            value = result['metrics'].get(f'{prefix}/{name}')
            if value is not None:
                key = (*shared, *protocol)
                place = (file, about['checkpoint'])
                yield Score(table, key, row, column, run, 100 - value, *place, chosen)

    # The networks with some of the blocks are in Table 7 alone.
    row = NETWORKS.get(network.place) if network.place else network.name
    if row:
        yield from cells(1 if data == ILSVRC else 2, row, 'accuracy')
    for prefix, box in result['boxes'].items():
        cfg = result['maps']['cams'].get(box['map_name'], {})
        function = function_of(box['map_name'], cfg)
        how = describe_boxes(prefix, box, result['provenance'])
        for table, row in rows_of(network, function, data).items():
            one = (f'network: {network.place or network.name}',) if table == 6 else ()
            yield from cells(table, row, prefix, *one, how)
        # Of CAM and CCAM alone, none was chosen.
        if chosen.get('map') == box['map_name'] and len(chosen['of']) > 2:
            rows = chosen_rows(network, data, result['provenance']['split'])
            for table, row in rows.items():
                yield from cells(table, row, prefix, how, chosen=function)


def read_results(files: Iterable[str]) -> Iterator[tuple[dict, str]]:
    """Read the result files; each with its name."""
    for file in files:
        try:
            result = read_json(file, FORM)
            _check_images(result, file)
        except ValueError as error:
            wanted = 'results are what tools/test.py --out writes'
            raise ValueError(f'{error}: {wanted}') from None
        # Most configs measure the top-1 alone: data may have fewer classes than 5.
        if ranks := result['images']['ranks']:
            top5 = 100 * sum(rank < '5' for rank in ranks) / len(ranks)
            result['metrics'].setdefault('accuracy/top5', top5)
        yield result, file


def _check_images(result: dict, file: str) -> None:
    """Check the outcomes of images, a digit each; older results have none."""
    images = result.setdefault('images', dict(ranks='', hits={}))
    check_form(images, dict(ranks=str, hits={str: str}), f'{file}, "images"')
    number = result['about']['images']
    for digits in (images['ranks'], *images['hits'].values()):
        if len(digits) not in (0, number):
            raise ValueError(
                f'{file} has outcomes of {len(digits)} images instead of {number}'
            )
