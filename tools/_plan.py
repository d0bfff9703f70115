"""Plans of trainings and evaluations: read, checked, and turned into steps."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Optional

from mmengine.config import Config

from mmccam.apis.config_files import find_config
from mmccam.datasets.files import NUMBER, check_form, check_once

PLANS = Path(__file__).parent / 'plans'
# What all lines of a plan share.
SHARED = dict(epochs=None, environment={}, options={}, train_options={}, lines=[])
FORM = dict(environment={str: str}, options=dict, train_options=dict, lines=[dict])


@dataclass(frozen=True)
class Line:
    """A line of a plan: a config that is trained and evaluated, or a tool.

    Args:
        config: Config file, or the name of one of ours.
        name: Name of the line. Defaults to that of the config.
        seeds: A training, and a result, for each.
        of: Name of another line, whose checkpoints are evaluated instead.
        options: Options of the config beside those of the plan.
        search: Whether rule and threshold are searched on the validation split.
        box_rules: Names of the rules that are searched, if not the usual ones.
        hours: Hours that a training is expected to take.
        tool: Instead of a config, and all of the above but name and hours, a file of
            ``tools/``, which is run with the ``arguments`` and an ``--out`` that ends
            in ``suffix``.
    """

    config: str = ''
    name: str = ''
    seeds: tuple[int, ...] = (0,)
    of: str = ''
    options: dict[str, Any] = field(default_factory=dict)
    search: bool = True
    box_rules: tuple[str, ...] = ()
    hours: Optional[float] = None
    tool: str = ''
    arguments: tuple[str, ...] = ()
    suffix: str = '.json'

    @property
    def results(self) -> list[str]:
        """The names of its results: one for each seed, or that of the tool."""
        return (
            [self.name] if self.tool else [f'{self.name}_seed_{n}' for n in self.seeds]
        )


LINE_FORM = dict(config=str, name=str, seeds=[int], of=str, options=dict, search=bool)
LINE_FORM |= dict(box_rules=[str], hours=NUMBER, tool=str, arguments=[str], suffix=str)
OF_TOOLS, OF_ALL = {'tool', 'arguments', 'suffix'}, {'name', 'hours'}


class Step(NamedTuple):
    """A run of a tool.

    Args:
        name: What it does.
        tool: File of ``tools/``.
        arguments: Of the tool.
        out: The file that it writes.
        source: The file of another step that it reads.
    """

    name: str
    tool: str
    arguments: list[str]
    out: Path
    source: Optional[Path] = None

    def is_done(self) -> bool:
        """Whether its output is there, and not of an older source."""
        if self.source is None or not self.out.exists():
            return self.out.exists()
        if not self.source.exists():
            return False
        return self.source.stat().st_mtime <= self.out.stat().st_mtime

    def has_begun(self) -> bool:
        """Whether it has written something that another setting would not fit."""
        files = self.out.parent.glob('*.pth') if self.name == 'train' else [self.out]
        return any(file.exists() for file in files)


class Job(NamedTuple):
    """The steps of a line for one seed, one after the other."""

    name: str
    line: str
    hours: Optional[float]
    steps: list[Step]


def find_plan(plan: str) -> Path:
    """Find a plan by its path or, if it is one of ours, by its name."""
    ours = {path.stem: path for path in sorted(PLANS.glob('*.py'))}
    if Path(plan).is_file():
        return Path(plan)
    if plan not in ours:
        raise FileNotFoundError(
            f'there is no plan {plan}, neither a file nor one of {", ".join(ours)}'
        )
    return ours[plan]


def read_plan(plan: str) -> dict[str, Any]:
    """Read a plan: what all lines share, and in ``lines`` each :class:`Line` by name.

    Raises:
        ValueError: With the file and the number of the line that is wrong.
    """
    path = find_plan(plan)
    cfg = Config.fromfile(path, lazy_import=False)  # though it may import
    shared = {key: cfg.get(key, value) for key, value in SHARED.items()}
    check_form(shared, FORM, f'{path}')
    if any('config' in line for line in shared['lines']):
        check_form(shared['epochs'], int, f'{path}, "epochs"')
    lines, listed = {}, {}
    for number, values in enumerate(shared['lines'], start=1):
        where = f'{path}, line {number} of lines'
        line = _read_line(values, where)
        for name in {line.name, *line.results}:
            check_once(name, where, listed)
        lines[line.name] = line
    for line in lines.values():
        _check_source(line, lines, f'{path}, "{line.name}"')
    return dict(shared, lines=lines)


def _read_line(values: dict, where: str) -> Line:
    if ('config' in values) == ('tool' in values):
        raise ValueError(f'{where} must have a config or a tool')
    known = [
        key
        for key in LINE_FORM
        if key in OF_ALL or (key in OF_TOOLS) == ('tool' in values)
    ]
    unknown = [key for key in values if key not in known]
    if unknown:
        raise ValueError(f'{where} has {unknown[0]}, known are {", ".join(known)}')
    for key, value in values.items():
        listed = list(value) if isinstance(value, tuple) else value
        check_form(listed, LINE_FORM[key], f'{where}, "{key}"')
    if 'config' in values:
        find_config(values['config'])
    elif not (PLANS.parent / values['tool']).is_file():
        raise FileNotFoundError(f'{where}: there is no tool {values["tool"]}')
    name = values.get('name') or Path(values.get('config') or values['tool']).stem
    return Line(**{**values, 'name': name})


def _check_source(line: Line, lines: dict[str, Line], where: str) -> None:
    """Check that the checkpoints of another line are of a training of this plan."""
    if not line.of:
        return
    source = lines.get(line.of)
    if source is None or source.of or not source.config:
        raise ValueError(f'{where}: of must name a line that is trained, got {line.of}')
    missing = set(line.seeds) - set(source.seeds)
    if missing:
        raise ValueError(
            f'{where}: {line.of} has no seed {", ".join(map(str, sorted(missing)))}'
        )


def make_jobs(plan: dict[str, Any], folder: Path) -> list[Job]:
    """Make the jobs of a plan, which write to a folder, in the order of its lines."""
    jobs = []
    for line in plan['lines'].values():
        if line.tool:
            out = folder / 'results' / f'{line.name}{line.suffix}'
            step = Step('run', line.tool, [*line.arguments, '--out', str(out)], out)
            jobs.append(Job(line.name, line.name, line.hours, [step]))
            continue
        for seed, name in zip(line.seeds, line.results):
            steps = _steps_of(plan, line, seed, folder / 'results' / f'{name}.json')
            jobs.append(Job(name, line.name, line.hours, steps))
    return jobs


def _steps_of(plan: dict, line: Line, seed: int, result: Path) -> list[Step]:
    """Train, search and test, as far as the line has them."""
    place = result.parents[1] / (line.of or line.name) / f'seed_{seed}'
    checkpoint = place / f'epoch_{plan["epochs"]}.pth'
    thresholds = place / f'{line.name}.thresholds.json'
    options = {**plan['options'], **line.options}
    training = {
        'randomness.seed': seed,
        'train_cfg.max_epochs': plan['epochs'],
        **options,
        **plan['train_options'],
    }
    common = ['--work-dir', str(place)]
    run = [line.config, str(checkpoint)]
    found = ['--thresholds', str(thresholds)] if line.search else []
    steps = []
    if not line.of:
        arguments = [line.config, '--resume', *common, *_pairs(training)]
        steps.append(Step('train', 'train.py', arguments, checkpoint))
    if line.search:
        rules = ['--box-rules', *line.box_rules] if line.box_rules else []
        arguments = [*run, '--out', str(thresholds), *rules, *common, *_pairs(options)]
        search = Step(
            'search', 'search_threshold.py', arguments, thresholds, checkpoint
        )
        steps.append(search)
    arguments = [*run, *found, '--out', str(result), *common, *_pairs(options)]
    source = thresholds if line.search else checkpoint
    steps.append(Step('test', 'test.py', arguments, result, source))
    return steps


def _pairs(options: dict[str, Any]) -> list[str]:
    pairs = [f'{key}={value}' for key, value in options.items()]
    return ['--cfg-options', *pairs] if pairs else []
