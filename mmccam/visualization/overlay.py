"""Draw a map and its boxes over an image."""

import cv2
import numpy as np
import torch
from mmengine.visualization import Visualizer

from ..boxes import Box, is_degenerate, resize_map

PREDICTED = (0, 90, 255)  # blue and red, RGB
TRUE = (230, 0, 0)
MIN_SIDE = 320
PIXELS_PER_CHARACTER = 11  # of a title, enough for names of classes


def draw_localization(
    image: np.ndarray,
    cam: np.ndarray,
    box: Box,
    true_boxes: np.ndarray,
    title: str = '',
) -> np.ndarray:
    """Draw an image with its boxes, and beside it the same under the heat map.

    Small images are enlarged until their longer side has 320 pixels.

    Args:
        image: Image, (H, W, 3), uint8, RGB.
        cam: Map, (h, w), of any range.
        box: Predicted box in pixels of the image, drawn blue.
        true_boxes: Ground-truth boxes in the same pixels, (n, 4), drawn red.
        title: Line of text above.

    Returns:
        Picture of both side by side, (H', W', 3), uint8, RGB.
    """
    height, width = image.shape[:2]
    scale = max(1.0, MIN_SIDE / max(height, width))
    size = (round(width * scale), round(height * scale))
    image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    heat = np.zeros(size[::-1]) if is_degenerate(cam) else resize_map(cam, size)
    heated = Visualizer.draw_featmap(
        torch.from_numpy(heat)[None], image, channel_reduction='squeeze_mean', alpha=0.5
    )
    # A box ends behind its last pixel, so that a box of one pixel can be seen.
    corners = np.concatenate([true_boxes, [box]]) + [0, 0, 1, 1]
    colours = [TRUE] * len(true_boxes) + [PREDICTED]
    panels = [_draw_boxes(panel, corners * scale, colours) for panel in (image, heated)]
    gap = np.full((size[1], 8, 3), 255, np.uint8)
    picture = np.concatenate([panels[0], gap, panels[1]], axis=1)
    return _add_title(picture, title) if title else picture


def _draw_boxes(image: np.ndarray, corners: np.ndarray, colours: list) -> np.ndarray:
    height, width = image.shape[:2]
    visualizer = Visualizer(image=image)
    visualizer.draw_bboxes(
        corners.clip(0, [width - 1, height - 1] * 2), edge_colors=colours, line_widths=3
    )
    return visualizer.get_image()


def _add_title(picture: np.ndarray, title: str) -> np.ndarray:
    # Names of classes may need more room than a narrow image has.
    missing = max(0, PIXELS_PER_CHARACTER * len(title) - picture.shape[1])
    picture = np.pad(picture, [(0, 0), (0, missing), (0, 0)], constant_values=255)
    bar = np.full((28, picture.shape[1], 3), 255, np.uint8)
    visualizer = Visualizer(image=bar)
    visualizer.draw_texts(
        title,
        np.array([4, 14]),
        font_sizes=12,
        colors='k',
        vertical_alignments='center',
    )
    return np.concatenate([visualizer.get_image(), picture])
