"""Load images, and say which one cannot be read."""

from mmcv.transforms import LoadImageFromFile

from ..registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """mmcv's ``LoadImageFromFile``, whose errors do not always name the file.

    Images of data sets that have no files pass through.
    """

    def transform(self, results: dict) -> dict:
        """Load the image at ``img_path`` into ``img``, unless it is there already.

        Args:
            results: Sample with ``img_path`` or ``img``, (H, W, 3), uint8, BGR.

        Returns:
            The sample with ``img`` and its ``img_shape`` and ``ori_shape``, (H, W).

        Raises:
            ValueError: If the file is no readable image.
        """
        if 'img' in results:
            shape = results['img'].shape[:2]
            return dict(results, img_shape=shape, ori_shape=shape)
        try:
            return super().transform(results)
        except Exception as error:
            raise ValueError(
                f'cannot read the image {results["img_path"]}: {error}'
            ) from error
