"""A page in the browser: classes, CAM, CCAM and boxes of images, and what changes them.

Class maps of an image come from one forward pass. All else is made again at each move.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
import torch
from PIL import Image

from .boxes import Box, Size, clip_box
from .cam import activation_maps, polynomial, rank_classes, target_weights, top_bottom
from .classified import Classified, Classifier
from .map_boxes import RULES, largest_component, rule_at
from .visualization.overlay import Panel, draw_panels

# Before the import: nothing is sent to anyone.
os.environ.update(GRADIO_ANALYTICS_ENABLED='False', HF_HUB_DISABLE_TELEMETRY='1')
try:
    import gradio as gr
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error}: pip install 'mmccam[app]' brings what the page needs"
    ) from None

KINDS = TOP_BOTTOM, POLYNOMIAL = ('top-i & bottom-j', 'polynomial')
NUM_GUESSES = 5  # most probable classes to choose from
MOST = 100  # of the classes that can be added or subtracted
SIDE = 420  # pixels of a panel
TITLE = """# mmccam
Drop images, and see where the network finds their class. **CAM** is the map of the \
class alone. **CCAM** adds up the maps of all classes, weighted by their rank."""
# Fonts of the system; those of the theme would come from the network.
THEME = gr.themes.Default(font=['system-ui', 'sans-serif'], font_mono=['monospace'])
SAVE = """text => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}))
    link.download = 'boxes.json'
    link.click()
}"""


class Choices(NamedTuple):
    """What is chosen on the page: combination function, box rule and its threshold."""

    kind: str = TOP_BOTTOM
    i: int = 1
    j: int = 1
    degree: int = 2
    rule: str = 'largest_component'
    threshold: float = largest_component.threshold

    def maps(self, image: Classified, label: int) -> dict[str, np.ndarray]:
        """The maps of a class, (h, w), by their names."""
        count = len(image.scores)
        if self.kind == TOP_BOTTOM:
            chosen = top_bottom(count, self.i, self.j), True
        else:
            chosen = polynomial(count, self.degree), False
        ranking, maps = rank_classes(image.scores[None]), {}
        combinations = dict(CAM=(top_bottom(count, 1, 0), True), CCAM=chosen)
        for name, (coefficients, target_first) in combinations.items():
            weights = target_weights(
                ranking, torch.tensor([[label]]), coefficients, target_first
            )
            maps[name] = activation_maps(
                image.features[None], weights @ image.weights
            ).numpy()[0, 0]
        return maps

    def box(self, cam: np.ndarray, size: Size) -> Box:
        """The box of a map in an image of (width, height) pixels."""
        rule = rule_at(self.rule, RULES[self.rule], self.threshold)
        return clip_box(rule(cam, size), size)


class Page:
    """The page of one classifier.

    Args:
        classify: Function of an RGB image that gives what is :class:`Classified`.
        classes: Names of the K classes.
    """

    def __init__(self, classify: Classifier, classes: Sequence[str]) -> None:
        self.classify, self.classes = classify, classes

    def open(self, gallery: Optional[list], seen: dict, shown: Optional[str]) -> tuple:
        """Show the first image that is new, or the first of all if that shown is gone.

        Returns:
            What was seen of all images by their paths, the image that is shown, and its
            classes to choose from.
        """
        paths = [path for path, _ in gallery or ()]
        new = [path for path in paths if path not in seen]
        if not new and shown in paths:
            return gr.skip()
        if not paths:
            return {}, None, gr.Dropdown([], value=None)
        return self._show((new or paths)[0], seen)

    def select(self, gallery: list, seen: dict, event: gr.SelectData) -> tuple:
        """Show the image that is clicked, and return the same."""
        return self._show(gallery[event.index][0], seen)

    def _show(self, path: str, seen: dict) -> tuple:
        scores = self._look(path, seen)[0].scores
        labels = rank_classes(scores[None])[0, :NUM_GUESSES].tolist()
        shares = scores.softmax(0)
        guesses = [(f'{self.classes[one]}: {shares[one]:.1%}', one) for one in labels]
        return seen, path, gr.Dropdown(guesses, value=labels[0])

    def _look(self, path: str, seen: dict) -> tuple[Classified, np.ndarray, Size]:
        """Run the classifier on an image unless it was seen, and keep a small copy."""
        if path not in seen:
            try:
                image = Image.open(path).convert('RGB')
                found = self.classify(image)
            except (OSError, ValueError) as error:
                raise gr.Error(f'{Path(path).name}: {error}') from None
            size = image.size
            image.thumbnail((SIDE, SIDE))
            seen[path] = found, np.asarray(image), size
        return seen[path]

    def draw(
        self, seen: dict, shown: Optional[str], label: Optional[int], *choices
    ) -> Optional[np.ndarray]:
        """The picture of an image with its maps and boxes, (H, W, 3), uint8."""
        if shown is None:
            return None
        choices, (found, image, size) = Choices(*choices), seen[shown]
        scale = image.shape[1] / size[0]
        panels = [Panel(self.classes[label])]
        for name, cam in choices.maps(found, label).items():
            box = choices.box(cam, size)
            edges = (np.array(box) + [0, 0, 1, 1]) * scale - [0, 0, 1, 1]
            text = ', '.join(f'{edge:.0f}' for edge in box)
            panels.append(Panel(f'{name}: {text}', cam, tuple(edges)))
        return draw_panels(image, panels, (), side=SIDE)

    def boxes(
        self, gallery: Optional[list], seen: dict, shown: str, label: int, *choices
    ) -> str:
        """The boxes of all images as JSON: of the chosen class for the image shown."""
        choices, results = Choices(*choices), []
        for path, _ in gallery or ():
            found, _, size = self._look(path, seen)
            of = label if path == shown else found.scores.argmax().item()
            score = found.scores.softmax(0)[of].item()
            named = dict(label=of, class_name=self.classes[of], score=score)
            for name, cam in choices.maps(found, of).items():
                box = list(map(float, choices.box(cam, size)))
                named['box' if name == 'CCAM' else 'cam_box'] = box
            about = dict(img_path=Path(path).name, width=size[0], height=size[1])
            results.append(dict(about, predictions=[named]))
        return json.dumps(dict(choices=choices._asdict(), images=results), indent=1)

    def build(self) -> gr.Blocks:
        """Lay out the page."""
        most, start = min(len(self.classes) // 2, MOST), Choices()
        # Pictures and uploaded images are deleted after an hour.
        with gr.Blocks(
            title='mmccam', analytics_enabled=False, delete_cache=(600, 3600)
        ) as page:
            gr.Markdown(TITLE)
            with gr.Row():
                with gr.Column(scale=2, min_width=320):
                    gallery = gr.Gallery(
                        show_label=False,
                        file_types=['image'],
                        columns=3,
                        height=210,
                        allow_preview=False,
                    )
                    label = gr.Dropdown([], label='Class')
                    kind = gr.Radio(KINDS, value=start.kind, label='CCAM')
                    add = 'i: top classes, added'
                    i = gr.Slider(1, most, start.i, step=1, label=add)
                    subtract = 'j: bottom classes, subtracted'
                    j = gr.Slider(0, most, start.j, step=1, label=subtract)
                    degree = gr.Slider(
                        0, 6, start.degree, step=1, label='η: degree', visible=False
                    )
                with gr.Column(scale=5):
                    picture = gr.Image(
                        show_label=False,
                        interactive=False,
                        format='png',
                        buttons=['download', 'fullscreen'],
                        elem_id='picture',
                    )
                    with gr.Row():
                        rule = gr.Dropdown(
                            list(RULES), value=start.rule, label='Box rule'
                        )
                        threshold = _threshold_of(start.rule)
                    save = gr.Button('Download boxes as JSON')
                    text = gr.Textbox(visible='hidden')
            shown = [gr.State({}), gr.State(None), label]
            choices = [kind, i, j, degree, rule, threshold]
            inputs = [gallery, *shown, *choices]
            save.click(self.boxes, inputs, text).success(None, text, js=SAVE)
            self._connect(gallery, shown, choices, picture)
        return page

    def launch(self, port: Optional[int] = None) -> gr.Blocks:
        """Serve the page on this machine alone, by default at a port from 7860 on."""
        blocks = self.build()
        blocks.launch(
            server_name='127.0.0.1',
            server_port=port,
            theme=THEME,
            footer_links=[],
            share=False,
            ssr_mode=False,
            quiet=True,
            prevent_thread_lock=True,
        )
        return blocks

    def _connect(
        self, gallery: gr.Gallery, shown: list, choices: list, picture: gr.Image
    ) -> None:
        """Say what follows what; ``shown`` is what was seen, the image, its class."""
        kind, i, j, degree, rule, threshold = choices
        draw = dict(
            fn=self.draw,
            inputs=[*shown, *choices],
            outputs=picture,
            show_progress='hidden',
        )
        gallery.change(self.open, [gallery, *shown[:2]], shown).success(**draw)
        gallery.select(self.select, [gallery, shown[0]], shown).success(**draw)
        kind.input(_sliders_of, kind, [i, j, degree]).then(**draw)
        rule.input(_threshold_of, rule, threshold).then(**draw)
        moved = [one.input for one in (shown[2], i, j, degree, threshold)]
        gr.on(moved, **draw, trigger_mode='always_last')


def _sliders_of(kind: str) -> list[gr.Slider]:
    is_top_bottom = kind == TOP_BOTTOM
    return [
        gr.Slider(visible=visible)
        for visible in (is_top_bottom, is_top_bottom, not is_top_bottom)
    ]


def _threshold_of(rule: str) -> gr.Slider:
    first, *_, last = RULES[rule].grid
    step = 0.01 if last < 1 else last / 100
    start = RULES[rule].threshold
    return gr.Slider(first, last, start, step=step, label='Threshold')
