from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def shuffle_norms(model):
    """Give the batch norms of a model values that none of them starts with."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model
