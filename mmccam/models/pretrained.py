"""Pretrained weights of a backbone: they are those of its network, or refused."""

import torch
from torch import nn

from ..checkpoints.contents import weights_of

StateDict = dict[str, torch.Tensor]


class Pretrained:
    """Mixin for backbones that refuse weights that do not match, in one sentence.

    Otherwise mmengine only warns and goes on with random weights. A file may hold the
    weights of a backbone or of a complete model.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._register_load_state_dict_pre_hook(_adapt, with_module=True)

    def adapt_weights(self, weights: StateDict) -> StateDict:
        """Omit weights of parts that the backbone does not have, as of a classifier.

        Raises:
            ValueError: If one is missing or has another shape, or if its part has no
                such weight here, as in a deeper network.
        """
        parts = {name for name, _ in self.named_children()}
        weights = {k: v for k, v in weights.items() if k.partition('.')[0] in parts}
        compare(weights, self.state_dict(), 'it lacks', 'the backbone has no')
        return weights

    def init_weights(self) -> None:
        """Initialize; if a pretrained file does not match, the ValueError names it."""
        try:
            super().init_weights()
        except (AssertionError, RuntimeError, TypeError, ValueError) as error:
            cfgs = self.init_cfg if isinstance(self.init_cfg, list) else [self.init_cfg]
            sources = [cfg['checkpoint'] for cfg in cfgs if 'checkpoint' in cfg]
            if not sources:
                raise
            named = any(source in str(error) for source in sources)
            source = '' if named else f'{" or ".join(sources)}: '
            raise ValueError(f'{source}{error}') from error


def _adapt(backbone: nn.Module, state_dict: StateDict, prefix: str, *_) -> None:
    """Replace weights by those that a backbone loads; a pre-hook of loading."""
    names = [name for name in state_dict if name.startswith(prefix)]
    try:
        found = weights_of({k[len(prefix) :]: state_dict[k] for k in names}, 'it')
        found = backbone.adapt_weights(part_of_backbone(found))
    except ValueError as error:
        raise ValueError(
            f'the checkpoint does not match the backbone: {error} (compare its network '
            f'with the arguments of {type(backbone).__name__})'
        ) from error
    for name in names:
        del state_dict[name]
    state_dict.update({prefix + name: value for name, value in found.items()})


def part_of_backbone(weights: StateDict) -> StateDict:
    """Those weights of a complete model that are its backbone's, or all of them."""
    start = 'backbone.' if any(k.startswith('backbone.') for k in weights) else ''
    return {k[len(start) :]: v for k, v in weights.items() if k.startswith(start)}


def compare(weights: StateDict, expected: StateDict, lacks: str, has_no: str) -> None:
    """Refuse weights whose names or shapes are not those expected."""
    for why, names, known in ((lacks, expected, weights), (has_no, weights, expected)):
        wrong = [name for name in names if name not in known]
        # Files from before torch 0.4.1 do not count the batches.
        wrong = [name for name in wrong if not name.endswith('num_batches_tracked')]
        if wrong:
            more = f' and {len(wrong) - 1} more' if len(wrong) > 1 else ''
            raise ValueError(f'{why} {wrong[0]}{more}')
    for name in [name for name in expected if name in weights]:
        found, wanted = tuple(weights[name].shape), tuple(expected[name].shape)
        if found != wanted:
            raise ValueError(f'its {name} has the shape {found}, not {wanted}')
