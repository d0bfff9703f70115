"""Images and masks of odd kinds: what is made of them, or how they are refused."""

import io

import cv2
import numpy as np
import pytest
from bombs import bomb
from PIL import Image

from mmccam.datasets.check import check_datasets
from mmccam.datasets.files import read_mask

RED, BLUE, CANVAS = [255, 0, 0], [0, 0, 255], [124, 117, 104]
DEEP = np.array([[0, 255, 256, 32767, 32768, 65535]], np.uint16)
DEEP_IN_8_BITS = [[[value] * 3 for value in (0, 0, 1, 127, 128, 255)]]


def encode(image, kind='PNG', **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def colors(mode, *pixels):
    """An image of one row."""
    image = Image.new(mode, (len(pixels), 1))
    image.putdata(pixels)
    return image


def palette(*pixels, of=RED + BLUE):
    """An image of one row, whose color 0 is red and 1 is blue."""
    image = colors('P', *pixels)
    image.putpalette(of)
    return image


def frames(kind, **options):
    """A red frame, then a blue one."""
    red, blue = (Image.new('RGB', (1, 1), tuple(color)) for color in (RED, BLUE))
    return encode(red, kind, save_all=True, append_images=[blue], **options)


def turned(image, kind='PNG'):
    """An image that is said to stand upright."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation: to be turned by 90 degrees
    return encode(image, kind, exif=exif)


def deep_colors():
    """Colors of 16 bits, which Pillow can read and not write."""
    return cv2.imencode('.png', np.dstack([DEEP, DEEP, DEEP]))[1].tobytes()


def deep(pixels, kind=np.int32):
    """Gray of 32 bits, whole numbers or not."""
    return encode(np.array(pixels, kind), 'TIFF')


def wide():
    image = Image.new('L', (20_000, 1))
    image.putpixel((19_999, 0), 255)
    return encode(image)


ROW = colors('RGB', (255, 0, 0), (0, 0, 255))
BARS = np.kron([0, 255], np.ones((8, 8))).astype(np.uint8)  # which JPEG keeps
HANDLED = {
    'gray': (encode(colors('L', 0, 7, 255)), [[[0] * 3, [7] * 3, [255] * 3]]),
    'black and white': (encode(colors('1', 0, 1)), [[[0] * 3, [255] * 3]]),
    # 255 * (1 - 10 / 255) * (1 - 40 / 255) = 206.57 for red, and likewise.
    'CMYK': (encode(colors('CMYK', (10, 20, 30, 40)), 'TIFF'), [[[207, 198, 190]]]),
    'transparent color': (encode(palette(1, 0), transparency=0), [[BLUE, CANVAS]]),
    # 51 of 255 is a fifth: 124 + (255 - 124) / 5, and likewise.
    'palette with transparency': (
        encode(palette(0, 1), transparency=bytes([51, 255])),
        [[[150, 94, 83], BLUE]],
    ),
    'colors with transparency': (
        encode(colors('RGBA', (255, 0, 0, 0), (255, 0, 0, 51), (0, 0, 255, 255))),
        [[CANVAS, [150, 94, 83], BLUE]],
    ),
    'one color transparent': (encode(ROW, transparency=(255, 0, 0)), [[CANVAS, BLUE]]),
    'transparent gray': (encode(colors('LA', (7, 0), (7, 255))), [[CANVAS, [7] * 3]]),
    'gray of 16 bits': (encode(DEEP), DEEP_IN_8_BITS),
    'gray of 16 bits as PGM': (encode(DEEP, 'PPM'), DEEP_IN_8_BITS),
    'gray of 32 bits': (deep(DEEP), DEEP_IN_8_BITS),
    'colors of 16 bits': (deep_colors(), DEEP_IN_8_BITS),
    'animated GIF': (frames('GIF'), [[RED]]),
    'animated PNG': (frames('PNG'), [[RED]]),
    'PNG with a first picture': (frames('PNG', default_image=True), [[RED]]),
    'TIFF of several pages': (frames('TIFF'), [[RED]]),
    'EXIF orientation': (turned(ROW), [[RED, BLUE]]),
    'EXIF orientation of a JPEG': (
        turned(BARS, 'JPEG'),
        np.dstack(3 * [BARS]).tolist(),
    ),
    # Pillow turns it before the pixels, and its size, can be seen.
    'TIFF with an orientation': (turned(ROW, 'TIFF'), [[RED], [BLUE]]),
    'one pixel': (encode(colors('RGB', (1, 2, 3))), [[[1, 2, 3]]]),
    '20,000 pixels wide': (wide(), [[[0] * 3] * 19_999 + [[255] * 3]]),
    'something behind the end': (encode(palette(1)) + b'more', [[BLUE]]),
}


def read(dataset):
    """The first image as it is loaded, RGB."""
    return dataset.pipeline.transforms[0](dataset.get_data_info(0))['img'][..., ::-1]


@pytest.mark.parametrize('kind', HANDLED)
def test_odd_images_are_handled(root, build, kind):
    content, expected = HANDLED[kind]
    (root / 'images/test/a.png').write_bytes(content)

    dataset = build()
    image, sample = read(dataset), dataset[0]

    assert image.dtype == np.uint8
    assert image.tolist() == expected
    assert sample['inputs'].shape == (3, 64, 64)
    assert sample['data_samples'].ori_shape == (len(expected), len(expected[0]))
    # In the same pixels, whatever the pipeline does.
    assert sample['data_samples'].loc_boxes.tolist() == [[0, 0, 7, 5]]


def half(kind):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    content = encode(pixels, kind)
    return content[: len(content) // 2]


NO_IMAGE = 'the file is empty or of no known format'
KINDS = ('PNG', 'JPEG', 'GIF', 'BMP', 'TIFF')
TRUNCATED = 'image file is truncated'
OF_16_BITS = 'its pixels must be whole numbers from 0 to 65535, got numbers from'
REFUSED = {
    'a folder': (None, '/'),
    'empty': (b'', NO_IMAGE),
    'text': (b'no image', NO_IMAGE),
    'the head alone': (encode(palette(1))[:20], ''),
    **{f'half a {kind}': (half(kind), TRUNCATED) for kind in KINDS},
    'half a WebP': (half('WEBP'), ''),
    'decompression bomb': (bomb(20_000), 'Image size (400000000 pixels) exceeds limit'),
    'no pixels': (bomb(0), NO_IMAGE),
    'floating point': (deep([[0.5, 2]], np.float32), f'{OF_16_BITS} 0.5 to 2.0'),
    'negative': (deep([[-1, 7]]), f'{OF_16_BITS} -1 to 7'),
    'more than 16 bits': (deep([[0, 65536]]), f'{OF_16_BITS} 0 to 65536'),
}


@pytest.mark.parametrize('kind', REFUSED)
def test_unreadable_images_are_refused_and_found_by_a_check(root, configs, build, kind):
    content, reason = REFUSED[kind]
    path = root / 'images/test/a.png'
    if content is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(content)
    dataset, problems = build(), []

    with pytest.raises(ValueError) as error:
        dataset[0]
    check_datasets(dict(test=configs['test']), problems.append, print)

    assert str(error.value).startswith(f'cannot read the image {path}: {reason}')
    assert '\n' not in str(error.value)
    assert problems == [str(error.value)]


def read_small(path):
    return read_mask(str(path), 'image.jpg', (1, 3)).tolist()


@pytest.mark.parametrize(
    'mask',
    [
        Image.fromarray(np.array([[0, 1, 255]], np.uint8)),
        Image.fromarray(np.array([[0, 1, 256]], np.uint16)),
        Image.fromarray(np.array([[False, True, True]])),
        palette(0, 1, 2, of=[0, 0, 0, *RED, *BLUE]),
    ],
)
def test_whatever_is_not_0_is_foreground_in_the_pixels_as_they_are_stored(
    tmp_path, mask
):
    (tmp_path / 'mask.png').write_bytes(turned(mask))

    assert read_small(tmp_path / 'mask.png') == [[False, True, True]]


@pytest.mark.parametrize('content', [None, b'', b'no mask', bomb(40_000)])
def test_an_unreadable_mask_is_named(tmp_path, content):
    path = tmp_path / 'mask.png'
    if content is not None:
        path.write_bytes(content)

    with pytest.raises((OSError, ValueError), match=f'(no file|the mask) {path}$'):
        read_small(path)
