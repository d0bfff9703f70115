"""What all localizers share: images from anywhere, results to files, and resuming."""

import hashlib
import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import torch
from torch.hub import tqdm  # or its stand-in, where tqdm is not installed

from ..map_boxes import BoxRule
from .images import File, Image, Images, Loaded, list_images, read_batches
from .labels import ClassNames, check_labels, read_labels
from .lines import common_folder
from .results import ResultFiles, Writing, draw_result, public
from .shares import Parts, Share


class ImageLocalizer:
    """Base of what finds objects in images, frames and folders.

    A subclass sets the attributes and fills in :meth:`prepare`, :meth:`predict` and
    :meth:`settings`. What is here reads the images, writes results, and goes on after
    a break. Two batches of images are in memory, for moments three, however many there
    are.

    The result of an image is a dictionary of plain values: ``img_path`` (None for an
    array, ``video.mp4#000012`` for a frame), ``width`` and ``height`` in pixels, and
    ``predictions``, the most probable classes or the known one, each with ``label``,
    ``class_name``, ``score`` (0 ... 1) and ``box``: x0, y0, x1, y1 in pixels of the
    image, from 0, both ends inside. A file's image is upright, as its EXIF orientation
    says. ``shared_map`` is True where several classes share one map, and so one box. A
    skipped image has ``error`` instead of size and predictions.
    """

    map_name: str  #: name of the map for boxes
    box_rule: BoxRule  #: which makes the boxes
    classes: Optional[Sequence[str]]  #: names of the classes
    draws = False  #: whether a picture is made also where none is written

    @abstractmethod
    def prepare(self, sample: dict) -> Any:
        """Make the input of the network of an image; several threads call this.

        Args:
            sample: ``img``, (H, W, 3), uint8, BGR, its ``img_path`` and ``ori_shape``,
                (H, W), and ``gt_label`` if the class is known.
        """

    @abstractmethod
    def predict(self, batch: list) -> list[dict]:
        """Localize a batch of inputs.

        Returns:
            For each image ``width``, ``height`` and ``predictions``, each of these also
            with ``cams``, maps (h, w) by name.
        """

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What the results depend on beside the images: plain values by name."""

    def __call__(self, inputs: Images, **kwargs: Any) -> list[dict]:
        """Find the object in images: the results of :meth:`stream` as a list."""
        return list(self.stream(inputs, **kwargs))

    def stream(
        self,
        inputs: Images,
        batch_size: int = 8,
        return_cams: bool = False,
        out_dir: Optional[File] = None,
        draw: bool = True,
        save_maps: bool = False,
        skip_unreadable: bool = False,
        show_progress: bool = True,
        labels: Optional[File] = None,
        class_names: Optional[str] = None,
        formats: Sequence[str] = ('json',),
        resume: bool = False,
        process: tuple[int, int] = (0, 1),
    ) -> Iterator[dict]:
        """Find the object in images, and yield their results in the same order.

        Args:
            inputs: Images as arrays (H, W, 3), uint8, BGR, or gray (H, W); paths of
                images, videos or folders, which are searched with their subfolders;
                patterns such as ``images/*.jpg``; addresses with ``://``; or several.
            batch_size: How many images the network gets at a time.
            return_cams: Whether each prediction also has ``cams``: all maps of its
                class by name, (h, w), float32, at the size of the feature map.
            out_dir: Folder of results. Defaults to None: nothing is written.
            draw: Whether ``pictures/<image>`` are written, the map with the box.
            save_maps: Whether ``maps/<image>.npz`` are written, maps by name, (h, w).
            skip_unreadable: Whether an image that cannot be read is passed over.
            show_progress: Whether to show a progress bar.
            labels: ``folder``, if the folder of an image has the name of its class, or
                a file of lines ``path,class``: then only this class is predicted.
            class_names: Names in the results instead of the network's: ``folder``, for
                those of the images' folders, or one name for all.
            formats: Of ``json``, ``coco``, ``csv``, ``labelstudio``, ``voc``, ``yolo``.
            resume: Whether to go on behind the results in ``out_dir``.
            process: Number of this process, from 0, and how many share the images.

        Raises:
            FileNotFoundError: If there is no such image, folder or pattern.
            ValueError: If an image cannot be read or has no known class, or a folder no
                image, or results to resume are of other images or settings.
        """
        share = Share(batch_size, *process)
        writing = Writing(draw, save_maps, tuple(formats), resume)
        known = (labels, class_names)
        results = self._stream(inputs, share, known, skip_unreadable, writing, out_dir)
        if show_progress:
            results = _tracked(results, share)
        return (self.finish(result, return_cams) for result in results)

    def finish(self, result: dict, return_cams: bool) -> Any:
        """Make what a caller gets of all that there is of an image."""
        return public(result, return_cams)

    def _stream(
        self,
        inputs: Images,
        share: Share,
        known: tuple[Optional[File], Optional[str]],
        skip_unreadable: bool,
        writing: Writing,
        out_dir: Optional[File],
    ) -> Iterable[dict]:
        images, label_of, own = list_images(inputs), None, None
        labels, class_names = known
        if labels is not None:
            label_of = read_labels(labels, self.classes, common_folder(inputs))
            check_labels(label_of, images)
        if class_names is not None:
            own = ClassNames(class_names, images)
        batches = share.batches(images)
        batches = read_batches(batches, self.prepare, skip_unreadable, label_of)
        draws = self.draws or (writing.draw and out_dir is not None)
        results = self._results(batches, draws, own)
        if out_dir is None:
            return results
        listed = images if isinstance(images, list) else ()
        classes = own.names if own else self.classes
        files = ResultFiles(out_dir, inputs, listed, writing, classes)
        job = dict(draw=writing.draw, save_maps=writing.save_maps)
        is_list = labels is not None and str(labels) != 'folder'
        known_as = Path(labels).read_text('utf-8-sig') if is_list else labels
        job.update(labels=_brief(known_as), class_names=class_names)
        job.update(self._job(listed), batch_size=share.batch_size)
        parts = Parts(files.out_dir, share, job)
        return files.write_all(results, parts)

    def _job(self, images: Sequence[Image]) -> dict:
        """What the results depend on, in plain values."""
        digest = hashlib.sha256()
        for image in images:
            if isinstance(image, str):
                digest.update(os.fsencode(image) + b'\n')
        job = dict(images=digest.hexdigest()[:16], number=len(images))
        job.update(self.settings(), map=self.map_name)
        job.update(classes=self.classes and list(self.classes))
        job.update(box_rule=self.box_rule.name, threshold=self.box_rule.threshold)
        return {name: _brief(value) for name, value in job.items()}

    def _results(
        self, batches: Iterable[list[Loaded]], draw: bool, own: Optional[ClassNames]
    ) -> Iterator[dict]:
        """Results with all there may be in them: ``cams`` and a ``picture``."""
        for batch in batches:
            inputs = [one for *_, one in batch if one is not None]
            found = iter(self.predict(inputs) if inputs else ())
            for result, bgr, one in batch:
                if one is not None:
                    result.update(next(found))
                    if own is not None:
                        own.rename(result)
                    if draw:
                        result['picture'] = draw_result(bgr, result, self.map_name)
                yield result


def _tracked(results: Iterable[dict], share: Share) -> Iterator[dict]:
    """Show a bar while results come; its length is unknown where there are videos."""
    total = None if share.known is None else share.count(share.rank, share.known)
    with tqdm(total=total, desc='Localizing', unit=' images') as bar:
        step = None
        for result in results:
            yield result
            # At the first result, those that had been there are counted, too.
            step = 1 if step else 1 + share.done * share.batch_size
            bar.update(step)


def _brief(value: Any) -> Any:
    """A plain value, or a checksum in place of a long one."""
    text = json.dumps(value)
    is_long = len(text) > 40
    return hashlib.sha256(text.encode()).hexdigest()[:16] if is_long else value


def describe_model(model: torch.nn.Module) -> dict[str, Any]:
    """What the numbers of a network depend on: its weights, and where it runs."""
    weights = hashlib.blake2b(digest_size=8)
    for name, value in model.state_dict().items():
        weights.update(name.encode())
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().contiguous().reshape(-1)
            weights.update(value.view(torch.uint8).numpy())
    device = next(model.parameters()).device.type
    # Sums on a CPU are rounded differently by other numbers of threads.
    threads = torch.get_num_threads() if device == 'cpu' else None
    return dict(weights=weights.hexdigest(), device=device, threads=threads)
