"""Plans are run step by step: skipped where done, resumed, and failures are told."""

import json
import subprocess
from types import SimpleNamespace

import pytest

PLAN = """\
epochs = 2
environment = dict(MMCCAM_SIZE='112')
lines = [
    dict(config='nlccam_demo', seeds=(0, 1)),
    dict(config='nlccam_demo', name='again', of='nlccam_demo', search=False),
    dict(tool='score_baselines.py', name='boxes', arguments=['nlccam_demo']),
]
"""


class Process:
    """A process that runs when it is waited for."""

    def __init__(self, run):
        self.wait = run

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def terminate(self):
        pass


@pytest.fixture
def steps(monkeypatch):
    """Stand-ins for the processes of steps, which write what they are to write.

    Each is noted by its tool and output; ``ends`` has other exit codes of tools.
    """
    noted = SimpleNamespace(runs=[], ends={}, environments=[])

    def start(command, env, stdout, stderr):
        noted.environments.append(env)
        return Process(lambda: run(command))

    def run(command):
        start = next(n for n, word in enumerate(command) if word.endswith('.py'))
        tool, *arguments = command[start:]
        tool = tool.rpartition('/')[2]
        if tool == 'train.py':
            place = arguments[arguments.index('--work-dir') + 1]
            out = f'{place}/epoch_2.pth'
        else:
            out = arguments[arguments.index('--out') + 1]
        noted.runs.append((tool, out.rpartition('plan/')[2]))
        code = noted.ends.get(tool, 0)
        if callable(code):
            code()
        if not code:
            with open(out, 'w') as file:
                file.write('{}')
        return code

    monkeypatch.setattr(subprocess, 'Popen', start)
    return noted


@pytest.fixture
def run_plan(run_here, tmp_path):
    plan = tmp_path / 'plan.py'
    plan.write_text(PLAN)

    def run_plan(*options, text=PLAN):
        plan.write_text(text)
        work_dir = ('--work-dir', tmp_path)
        return run_here('run_plan.py', plan, *work_dir, *options)

    return run_plan


def of_seed(seed):
    place, name = f'nlccam_demo/seed_{seed}', f'nlccam_demo_seed_{seed}'
    return [
        ('train.py', f'{place}/epoch_2.pth'),
        ('search_threshold.py', f'{place}/nlccam_demo.thresholds.json'),
        ('test.py', f'results/{name}.json'),
    ]


OTHERS = [
    ('test.py', 'results/again_seed_0.json'),
    ('score_baselines.py', 'results/boxes.json'),
]


def test_each_line_is_trained_searched_and_tested_once(run_plan, steps):
    code, text, _ = run_plan()
    assert code == 0 and '4 of 4 are done' in text
    assert steps.runs == [*of_seed(0), *of_seed(1), *OTHERS]
    assert {one['MMCCAM_SIZE'] for one in steps.environments} == {'112'}

    steps.runs.clear()
    assert run_plan()[0] == 0
    assert steps.runs == []


@pytest.mark.parametrize(
    ('chosen', 'expected'),
    [
        (['2'], of_seed(1)),
        (['nlccam_demo_seed_1'], of_seed(1)),
        (['nlccam_demo'], [*of_seed(0), *of_seed(1)]),
        (['4', '3'], OTHERS),
    ],
)
def test_lines_are_chosen_by_number_or_name(run_plan, steps, chosen, expected):
    assert run_plan('--line', *chosen)[0] == 0
    assert steps.runs == expected


def test_a_failing_line_does_not_stop_the_others(run_plan, steps):
    steps.ends['search_threshold.py'] = 2
    code, text, errors = run_plan()
    assert code == 1 and '2 of 4 are done' in text
    first, second = errors.splitlines()
    assert first.startswith('nlccam_demo_seed_0: search failed (2), see ')
    assert second.startswith('nlccam_demo_seed_1: search failed (2), see ')
    assert steps.runs == [*of_seed(0)[:2], *of_seed(1)[:2], *OTHERS]


def test_what_was_interrupted_goes_on_and_its_hours_add_up(run_plan, steps, tmp_path):
    notes = tmp_path / 'plan/hours/nlccam_demo_seed_0.json'

    def interrupt():
        # Settings are there if the process is killed.
        (step,) = json.loads(notes.read_text()).values()
        assert step['settings']['environment'] == dict(MMCCAM_SIZE='112')
        raise KeyboardInterrupt

    steps.ends['train.py'] = interrupt
    code, _, errors = run_plan('--line', '1')
    assert code == 130 and errors.endswith('interrupted\n')
    assert [*json.loads(notes.read_text())] == ['train']

    steps.ends.clear()
    assert run_plan('--line', '1')[0] == 0
    assert steps.runs == [of_seed(0)[0], *of_seed(0)]
    assert [*json.loads(notes.read_text())] == ['train', 'search', 'test']


def test_results_of_another_network_are_made_again(run_plan, steps, tmp_path):
    run_plan()
    steps.runs.clear()
    (tmp_path / 'plan/nlccam_demo/seed_0/epoch_2.pth').unlink()
    run_plan()
    assert steps.runs == [*of_seed(0), OTHERS[0]]


def test_the_list_shows_states(run_plan, steps):
    run_plan('--line', '1')
    _, text, _ = run_plan('--list')
    states = [' '.join(line.split()[:4]) for line in text.splitlines()[2:]]
    assert states[0].startswith('1 nlccam_demo_seed_0 done 0.00')
    assert '2 nlccam_demo_seed_1 to do:' in states


@pytest.mark.parametrize(
    ('options', 'size'), [((), '224'), (('--processes', '2'), '112')]
)
def test_results_of_other_settings_are_refused(run_plan, steps, options, size):
    assert run_plan('--line', '1')[0] == 0
    code, _, errors = run_plan(*options, text=PLAN.replace('112', size))
    message = 'the step train of nlccam_demo_seed_0 was run with other settings'
    assert code == 2 and message in errors


def test_the_folder_may_be_named_otherwise(run_plan, steps, tmp_path, monkeypatch):
    run_plan('--line', '1')
    monkeypatch.chdir(tmp_path.parent)
    code, _, errors = run_plan('--line', '1', '--work-dir', tmp_path.name)
    assert (code, errors) == (0, '')
    assert steps.runs == of_seed(0)


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--processes', '2'], ['dist_run.sh', 'test.py', '2']),
        (['--partition', 'gpu'], ['slurm_run.sh', 'test.py', 'gpu', 'again_seed_0']),
    ],
)
def test_launchers_of_the_project(run_plan, monkeypatch, options, words):
    commands = []

    def start(command, **_):
        commands.append(command)
        return Process(lambda: 1)

    monkeypatch.setattr(subprocess, 'Popen', start)
    run_plan('--line', 'again', *options)
    start = [word.rpartition('/')[2] for word in commands[0][1:]]
    assert start[: len(words)] == words


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (
            "'nlccam_demo', seeds",
            "'nlccam_dem', seeds",
            'there is no config nlccam_dem',
        ),
        ('seeds=(0, 1)', 'sides=1', r'line 1 of lines has sides, known are config'),
        (
            'seeds=(0, 1)',
            'seeds=(0.5,)',
            '"seeds", entry 0 must be a whole number, got 0.5',
        ),
        ('seeds=(0, 1)', 'seeds=2', '"seeds" must be a list, got 2'),
        ("name='boxes'", 'seeds=(1,)', 'line 3 of lines has seeds, known are name'),
        ("of='nlccam_demo'", "of='boxes'", '"again": of must name a line'),
        ('seeds=(0, 1)', 'seeds=(1,)', '"again": nlccam_demo has no seed 0'),
        ("tool='score_baselines.py'", "tool='x.py'", 'there is no tool x.py'),
        ("name='again'", "name='nlccam_demo'", 'line 2 of lines: nlccam_demo'),
        ("name='boxes'", "name='again_seed_0'", 'line 3 of lines: again_seed_0 is'),
        ('epochs = 2', 'epochs = True', '"epochs" must be a whole number'),
        ('epochs = 2', '', '"epochs" must be a whole number, got None'),
        ('epochs = 2', "epochs = '2'", '"epochs" must be a whole number'),
    ],
)
def test_mistakes_in_a_plan_are_told(run_plan, steps, old, new, message):
    code, _, errors = run_plan(text=PLAN.replace(old, new))
    assert code == 2 and steps.runs == []
    assert message in errors


def test_an_unknown_plan_or_line_is_refused(run_here, run_plan):
    assert 'neither a file nor one of' in run_here('run_plan.py', 'no_plan')[2]
    assert '--line 9: there is no such line' in run_plan('--line', '9')[2]
