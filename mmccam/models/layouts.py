"""Names of a network's weights in torchvision and in the authors' released code.

Both have the layers of a VGG in one sequence, with activations and pools, the released
code also the non-local blocks. Ours count the convolutions and pools only.
"""

import re
from collections.abc import Collection

BLOCK = r'non_local_blocks\.(\d+)\.(\w+)\.(\w+)'
# The layers of a block, ours and the released ones.
BLOCK_LAYERS = dict(
    query='query_conv',
    key='key_conv',
    value='value_conv',
    project='mix_conv',
    bn='bn',
)


def torchvision_names(names: Collection[str]) -> dict[str, str]:
    """Find the names of convolutions and norms in torchvision's VGG.

    Args:
        names: Names of the weights of a backbone, ``features.0.conv.weight``, ...

    Returns:
        Name in torchvision for each name of a convolution or norm among them.
    """
    matches = _matches(r'features\.(\d+)\.(conv|bn)\.(\w+)', names)
    has_norm = any(layer == 'bn' for _, layer, _ in matches.values())
    places, _ = _places(names, step=3 if has_norm else 2)
    return {
        name: f'features.{places[int(index)] + (layer == "bn")}.{parameter}'
        for name, (index, layer, parameter) in matches.items()
    }


def released_names(names: Collection[str]) -> dict[str, str]:
    """Find the names of convolutions and non-local blocks in the released code.

    Args:
        names: Names of the weights of a backbone, ``features.0.conv.weight``, ...

    Returns:
        Released name for each name of a convolution or block among them, in the order
        of the released layers.
    """
    blocks = _matches(BLOCK, names)
    stages = {int(stage) for stage, _, _ in blocks.values()}
    places, block_places = _places(names, step=2, blocks=stages)
    found = {
        name: (places[int(index)], parameter)
        for name, (index, parameter) in _matches(
            r'features\.(\d+)\.conv\.(\w+)', names
        ).items()
    }
    for name, (stage, layer, parameter) in blocks.items():
        found[name] = (block_places[int(stage)], f'{BLOCK_LAYERS[layer]}.{parameter}')
    in_order = sorted(found, key=lambda name: found[name][0])
    return {name: 'conv.{}.{}'.format(*found[name]) for name in in_order}


def _matches(pattern: str, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The names that match a pattern as a whole, and its groups in each."""
    matches = ((name, re.fullmatch(pattern, name)) for name in names)
    return {name: match.groups() for name, match in matches if match}


def _places(
    names: Collection[str], step: int, blocks: Collection[int] = ()
) -> tuple[dict[int, int], dict[int, int]]:
    """Find the places of convolutions and blocks in a sequence of all layers.

    Args:
        names: Names of the weights of a backbone.
        step: Number of layers from a convolution to the next of the same stage.
        blocks: Stages, from 1, after which a block stands in the sequence.

    Returns:
        Place of each convolution by its index in ``features``, and of each block by its
        stage.
    """
    matches = _matches(r'features\.(\d+)\.conv\.\w+', names)
    indices = sorted({int(index) for (index,) in matches.values()})
    # The stages before each convolution, all with a pool, which our indices count.
    stages = {index: index - count for count, index in enumerate(indices)}
    last = max(stages.values(), default=0)
    places = {
        index: count * step + stages[index] + sum(b <= stages[index] for b in blocks)
        for count, index in enumerate(indices)
    }
    block_places = {
        block: sum(stage < block for stage in stages.values()) * step
        + min(block, last)  # the last stage has no pool
        + sum(other < block for other in blocks)
        for block in blocks
    }
    return places, block_places
