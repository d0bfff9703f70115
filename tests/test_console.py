"""What the tools silence; tests of the tools look at the rest of the console."""

import warnings
from importlib import reload

from mmccam import _console


def test_warnings_of_others_are_silenced_unless_the_user_wants_them():
    for wanted, count in ((False, 1), (True, 2)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.resetwarnings()
            if wanted:
                warnings.simplefilter('default')
            reload(_console)
            warnings.warn('pkg_resources is deprecated as an API.', stacklevel=1)
            warnings.warn('the box is outside of the image', stacklevel=1)
        assert len(caught) == count
