"""The page that `tools/app.py` opens, used in a real browser where there is one."""

import json
import socket
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from browser import open_browser
from cluster import free_port
from PIL import Image
from torch import nn

from mmccam import TorchLocalizer
from mmccam.classified import Classified, by_localizer

pytest.importorskip('gradio')
from mmccam.app import POLYNOMIAL, Choices, Page  # noqa: E402

CLASSES = ('red', 'green', 'blue', 'grey')
SIZE = (90, 60)


def classify(image):
    """The maps of three classes are the channels of 9 x 6 positions; grey has none."""
    pixels = np.asarray(image.resize((9, 6), Image.BOX), np.float32) / 255
    features = torch.from_numpy(pixels).permute(2, 0, 1)
    weights = torch.eye(4)[:, :3]
    return Classified(10 * weights @ features.mean(dim=(1, 2)), features, weights)


def draw(*rectangles):
    image = Image.new('RGB', SIZE)
    for colour, box in rectangles:
        image.paste(colour, box)
    return image


# Red is the most probable, blue the least probable class but for grey.
IMAGES = dict(
    two=draw(('red', (10, 10, 50, 40)), ('#003300', (30, 20, 80, 50))),
    blue=draw(('blue', (20, 10, 60, 50))),
)


def test_maps_and_boxes_are_those_of_the_equations():
    found = classify(IMAGES['two'])
    red, green, blue = found.features.numpy()
    assert Choices().maps(found, 0)['CAM'] == pytest.approx(red)
    # Ranks: red, green, then blue and grey, which have no map.
    second = Choices(i=2, j=1).maps(found, 0)['CCAM']
    assert second == pytest.approx(red + green)
    # p = 2.5 of 4: 1, (1/3)^2, -(1/3)^2, -1.
    curve = Choices(kind=POLYNOMIAL, degree=2).maps(found, 1)
    assert curve['CAM'] == pytest.approx(green)
    assert curve['CCAM'] == pytest.approx(red + green / 9 - blue / 9)
    assert Choices(threshold=0.5).box(red, SIZE) == (10, 10, 49, 39)


def test_a_classifier_of_torch_gives_the_same_as_its_localizer():
    torch.manual_seed(0)
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), *head)
    localizer = TorchLocalizer(model, size=16, num_guesses=4, classes=CLASSES)
    found = by_localizer(localizer)(IMAGES['two'])
    for prediction in localizer(IMAGES['two'])[0]['predictions']:
        cam = Choices().maps(found, prediction['label'])['CAM']
        np.testing.assert_allclose(cam, prediction['cam'], atol=1e-6)
        assert Choices().box(cam, SIZE) == tuple(prediction['box'])


@pytest.fixture(scope='module')
def connections():
    """The hosts that this process connects to."""
    hosts, connect = [], socket.socket.connect

    def note(self, address):
        hosts.append(address[0])
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, 'connect', note)
        yield hosts


@pytest.fixture(scope='module')
def page(connections, tmp_path_factory):
    """The open page after two images were dropped."""
    folder = tmp_path_factory.mktemp('app')
    blocks = Page(classify, CLASSES).launch(free_port())
    for name, image in IMAGES.items():
        image.save(folder / f'{name}.png')
    with open_browser(width=1440, height=900) as page:
        page.goto(blocks.local_url)
        files = [folder / f'{name}.png' for name in IMAGES]
        page.locator('input[type=file]').first.set_input_files(files)
        page.wait_for_selector('#picture img')
        yield page
    blocks.close()


def moved(page, action):
    """Do what must change the picture, and wait until it has."""
    before = page.locator('#picture img').first.get_attribute('src')
    action()
    page.wait_for_function(
        """before => {
            const image = document.querySelector('#picture img')
            return image && image.src != before
        }""",
        arg=before,
    )


def slider(page, label):
    return page.get_by_role('slider', name=label)


def chosen_class(page):
    return page.get_by_role('combobox', name='Class').input_value()


@pytest.mark.slow
def test_picture_and_boxes_follow_what_is_moved(page):
    assert chosen_class(page).startswith('red: ')
    moved(page, lambda: slider(page, 'threshold').press('End'))
    moved(page, lambda: slider(page, 'i: top').press('ArrowRight'))
    with page.expect_download() as download:
        page.get_by_text('Download boxes as JSON').click()
    found = json.loads(download.value.path().read_text())
    assert found['choices'] == Choices(i=2, threshold=0.99)._asdict()
    two, blue = found['images']
    assert [two['img_path'], blue['img_path']] == ['two.png', 'blue.png']
    assert (two['width'], two['height']) == SIZE
    (prediction,) = two['predictions']
    for name, key in (('CAM', 'cam_box'), ('CCAM', 'box')):
        choices, seen = Choices(i=2, threshold=0.99), classify(IMAGES['two'])
        box = choices.box(choices.maps(seen, 0)[name], SIZE)
        assert tuple(prediction[key]) == box
    assert blue['predictions'][0]['class_name'] == 'blue'


@pytest.mark.slow
def test_another_image_and_another_combination(page):
    moved(page, lambda: page.get_by_label('Thumbnail 2').click())
    assert chosen_class(page).startswith('blue: ')
    moved(page, lambda: page.get_by_label('Thumbnail 1').click())
    assert slider(page, 'degree').count() == 0
    moved(page, lambda: page.get_by_label(POLYNOMIAL).click())
    moved(page, lambda: slider(page, 'degree').press('ArrowRight'))
    assert slider(page, 'i: top').count() == 0


@pytest.mark.slow
def test_nobody_else_is_asked_for_anything(page, connections):
    asked = {urlsplit(url).hostname for url in page.requests}
    local = {'127.0.0.1', 'localhost', '::1', None}
    assert asked <= local and set(connections) <= local
