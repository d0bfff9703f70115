"""A data set of four images of 30 x 20 pixels, in three classes."""

from drawing import HEIGHT, WIDTH
from PIL import Image

from mmccam.datasets import WSOLDataset

LABELS = dict(a=0, b=0, c=1, d=2)
NAMES = [f'test/{name}.png' for name in LABELS]
CLASSES = ('eel', 'cod', 'ray')


def write_images(root):
    """Write the images, and masks of one and two times their size, half an object."""
    for name in NAMES:
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (WIDTH, HEIGHT)).save(path)
    (root / 'classes.txt').write_text('\n'.join(CLASSES))
    (root / 'masks').mkdir()
    for scale in (1, 2):
        mask = Image.new('L', (scale * WIDTH, scale * HEIGHT))
        mask.paste(255, (0, 0, scale * WIDTH // 2, scale * HEIGHT))
        mask.save(root / f'masks/{scale}.png')


def read_split(root, split, localization):
    """Write metadata with the same box or mask for each image, and read them."""
    folder = root / 'metadata' / split
    folder.mkdir(parents=True)
    files = dict(
        image_ids=NAMES,
        class_labels=[f'{n},{label}' for n, label in zip(NAMES, LABELS.values())],
        localization=[f'{name},{localization}' for name in NAMES],
    )
    for file, lines in files.items():
        (folder / f'{file}.txt').write_text('\n'.join(lines))
    return WSOLDataset(str(root), split, test_mode=True)
