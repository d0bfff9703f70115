"""Load images, and say which one cannot be read."""

from mmcv.transforms import LoadImageFromFile

from ..registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """mmcv's ``LoadImageFromFile``, whose errors do not always name the file."""

    def transform(self, results: dict) -> dict:
        """Load the image at ``img_path`` into ``img``, (H, W, 3), uint8, BGR.

        Raises:
            ValueError: If the file is no readable image.
        """
        try:
            return super().transform(results)
        except Exception as error:
            raise ValueError(
                f'cannot read the image {results["img_path"]}: {error}'
            ) from error
