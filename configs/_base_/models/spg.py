# Of Choe et al. The default is that of the authors of SPG (Zhang et al., ECCV 2018).
thresholds_b2 = (0.7, 0.01)
