"""Results of test.py for tables, and the cells of what make_tables.py writes."""

CUB = 'CUB, data/CUB_200_2011'
# Top-1, top-5 and GT-known accuracies of CAM and quadratic CCAM.
CAM, CCAM = (50.5, 62.25, 70.0), (60.0, 70.0, 80.0)
RULE = dict(box_rule='largest_component', threshold=0.2, chosen_on='config', iou=0.5)
RESIZE = dict(type='Resize', scale=[224, 224])
BLOCKS = {'no': (), 'low': (2, 3), 'high': (4, 5), 'all': (2, 3, 4, 5)}


def result(blocks='all', seed=0, ccam=CCAM, rule=RULE, **backbone):
    """What test.py writes for a network with blocks on CUB-200-2011."""
    values = dict(top1_loc=ccam, top5_loc=ccam, gt_known_loc=ccam)
    metrics = {'accuracy/top1': 75.0, 'accuracy/top5': 90.0}
    for name, accuracies in dict(cam=CAM, ccam=ccam).items():
        metrics |= {f'{name}/{m}': v for m, v in zip(values, accuracies)}
    backbone = dict(type='mmccam.NonLocalVGG', depth=16, **backbone)
    head = dict(type='mmccam.GAPClsHead', num_classes=200)
    return dict(
        metrics=metrics,
        about=dict(
            config='configs/nlccam_cub.py',
            checkpoint=f'seed_{seed}.pth',
            data=CUB,
            split='test',
            images=5794,
            seed=seed,
            epochs=30,
        ),
        provenance=dict(data_root='mine', num_images=9),
        boxes={name: dict(rule, map_name=name) for name in ('cam', 'ccam')},
        maps=dict(
            pipeline=[dict(type='mmccam.LoadImage'), RESIZE, dict(type='PackInputs')],
            cams=dict(
                cam=dict(type='mmccam.TopBottom', i=1, j=0),
                ccam=dict(type='mmccam.Polynomial', degree=2),
            ),
        ),
        model=dict(backbone=dict(backbone, non_local_stages=BLOCKS[blocks]), head=head),
    )


def changed(path, value):
    """A run of seed 1 in which one part is another."""
    run = result(seed=1)
    *parts, last = path.split('.')
    part = run
    for name in parts:
        part = part[name]
    part[last] = value
    return run


def cell_of(line):
    return line['table'], line['row'], line['column']


def cells(lines, table):
    """The cells of ours in a table: mean, deviation and runs."""
    return {
        cell_of(line)[1:]: (line['mean'], line['deviation'], line['runs'])
        for line in lines
        if line['table'] == str(table) and line['mean']
    }
