"""Names of ACoL and SPG in wsolevaluation, as regular expressions, and ours.

A name that no rule matches at its start is that of the backbone. The convolutions of
VGG-16, which come first in both networks, have rules of ``golden_methods.vgg_rules``.
"""

ACOL = (
    (r'classifier_A\.0\.', 'neck.conv1.conv.'),
    (r'classifier_A\.2\.', 'neck.conv2.conv.'),
    (r'classifier_A\.4\.', 'head.fc.'),
    (r'classifier_B\.0\.', 'head.branch_b.conv1.conv.'),
    (r'classifier_B\.2\.', 'head.branch_b.conv2.conv.'),
    (r'classifier_B\.4\.', 'head.fc_b.'),
)
SPG = (
    # The neck of VGG-16, then that of Inception.
    (r'SPG_A_3\.0\.', 'neck.conv1.conv.'),
    (r'SPG_A_3\.2\.', 'neck.conv2.conv.'),
    (r'SPG_A3_1b\.0\.', 'neck.conv1.conv.'),
    (r'SPG_A3_2b\.0\.', 'neck.conv2.conv.'),
    # The third stage of ResNet-50.
    (r'SPG_A1\.0\.', 'backbone.layer3.0.'),
    *((rf'SPG_A2\.{i}\.', f'backbone.layer3.{i + 1}.') for i in range(5)),
    (r'SPG_A4\.|SPG_A_4\.', 'head.fc.'),
    (r'SPG_B_1a\.0\.', 'head.b1.conv.'),
    (r'SPG_B_2a\.0\.', 'head.b2.conv.'),
    (r'SPG_B_shared\.0\.', 'head.b_shared.0.conv.'),
    (r'SPG_B_shared\.2\.', 'head.b_shared.1.'),
    (r'SPG_C\.0\.', 'head.c.0.conv.'),
    (r'SPG_C\.2\.', 'head.c.1.'),
)
