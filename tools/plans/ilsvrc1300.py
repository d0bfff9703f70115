"""Maps of the classifier of ImageNet that `pip install` brings: nothing is trained."""

lines = [
    dict(
        tool='benchmarks/imagenet_maps.py',
        arguments=['{{$MMCCAM_DATA_ROOT:../shared/data/ilsvrc1300}}'],
        suffix='.md',
    )
]
