"""Train, search and test what a plan lists, and skip what is done."""

import argparse
from pathlib import Path

import _cli


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add('plan', help='plan file, or the name of one in tools/plans')
    what = 'of the list the numbers or names of those to run (default: all)'
    add('--line', nargs='+', help=what)
    add('--list', action='store_true', help='only show them, their state and hours')
    what = 'folder of all that is written, in a folder of the name of the plan'
    add('--work-dir', default='work_dirs/benchmark', help=what)
    where = parser.add_mutually_exclusive_group()
    what = 'of each training and evaluation, by dist_run.sh'
    where.add_argument('--processes', type=int, help=what)
    what = 'of a cluster to train and evaluate on, by slurm_run.sh'
    where.add_argument('--partition', help=what)
    return parser.parse_args()


if __name__ == '__main__':
    args = parse_args()  # before the imports that take seconds

import os
import signal
import subprocess
import sys
from time import time

import mmengine
from _plan import Job, Step, find_plan, make_jobs, read_plan
from tabulate import tabulate

from mmccam.checkpoints.saving import WHOLE_FILES
from mmccam.datasets.files import read_json

TOOLS = Path(__file__).parent
HOUR = 3600


class Runner:
    """Runs the steps of jobs in processes of their own, and notes their hours."""

    def __init__(self, args: argparse.Namespace, environment: dict[str, str]) -> None:
        self.args = args
        self.folder = Path(args.work_dir, find_plan(args.plan).stem)
        self.environment = dict(environment)

    def notes_file(self, job: Job) -> Path:
        return self.folder / 'hours' / f'{job.name}.json'

    def notes(self, job: Job) -> dict:
        """The settings and hours of the steps that were run, by name."""
        file = self.notes_file(job)
        return read_json(file) if file.exists() else {}

    def check(self, job: Job) -> None:
        """Raise a ValueError if a step was done, or begun, with other settings."""
        notes = self.notes(job)
        for step in job.steps:
            settings = notes.get(step.name, {}).get('settings')
            if settings and step.has_begun() and settings != self.settings(step):
                wrote = step.out.parent if step.name == 'train' else step.out
                raise ValueError(
                    f'the step {step.name} of {job.name} was run with other settings '
                    f'than the plan has now, see {self.notes_file(job)}: remove '
                    f'{wrote}, or name another --work-dir'
                )

    def settings(self, step: Step) -> dict:
        """What the output of a step depends on, without the folder it is in."""
        start = f'{self.folder}{os.sep}'
        arguments = [word.replace(start, '') for word in step.arguments]
        found = dict(environment=self.environment, arguments=arguments)
        if step.name == 'train' and self.args.processes:
            found['processes'] = self.args.processes  # each has a batch
        return found

    def command(self, step: Step, job: Job) -> list[str]:
        """The command line of a step, by a launcher if one was asked for."""
        if step.name != 'run' and self.args.processes:
            start = ['bash', f'{TOOLS}/dist_run.sh', step.tool]
            start.append(f'{self.args.processes}')
        elif step.name != 'run' and self.args.partition:
            start = ['bash', f'{TOOLS}/slurm_run.sh', step.tool]
            start += [self.args.partition, job.name]
        else:
            # The variable is that of torch's launcher.
            python = os.environ.get('PYTHON_EXEC', sys.executable)
            start = [python, f'{TOOLS}/{step.tool}']
        return [*start, *step.arguments]

    def run(self, job: Job) -> str:
        """Run the steps that are not done; what went wrong, if anything did."""
        for step in job.steps:
            if not step.is_done():
                print(f'{job.name}: {step.name} …', flush=True)
                code, log = self.run_step(step, job)
                if code or not step.out.exists():
                    return f'{job.name}: {step.name} failed ({code}), see {log}'
        return ''

    def run_step(self, step: Step, job: Job) -> tuple[int, Path]:
        """Run a step, note its settings and add its hours; exit code and log."""
        log = self.folder / 'logs' / f'{job.name}.{step.name}.log'
        for file in (log, step.out):
            file.parent.mkdir(parents=True, exist_ok=True)
        hours = self.notes(job).get(step.name, {}).get('hours', 0)
        self.write_notes(step, job, hours)
        start = time()
        try:
            return self.wait_for(step, job, log), log
        finally:
            self.write_notes(step, job, hours + (time() - start) / HOUR)

    def write_notes(self, step: Step, job: Job, hours: float) -> None:
        one = dict(hours=hours, settings=self.settings(step))
        notes = {**self.notes(job), step.name: one}
        file = self.notes_file(job)
        mmengine.dump(notes, file, indent=2, backend_args=WHOLE_FILES)

    def wait_for(self, step: Step, job: Job, log: Path) -> int:
        """Run the process of a step to its end, or to ours; its exit code."""
        options = dict(env={**os.environ, **self.environment}, stderr=subprocess.STDOUT)
        with open(log, 'ab') as file:
            command = self.command(step, job)
            with subprocess.Popen(command, stdout=file, **options) as process:
                try:
                    return process.wait()
                finally:
                    # A launcher that is killed could not end what it has started.
                    process.terminate()


def choose(jobs: list[Job], wanted: list[str]) -> list[Job]:
    """Choose jobs by their numbers, from 1, or by names of jobs or lines."""
    numbers = {str(number): job.name for number, job in enumerate(jobs, start=1)}
    for one in wanted:
        if one not in numbers and all(one not in job[:2] for job in jobs):
            raise ValueError(
                f'--line {one}: there is no such line, --list shows those from 1 to '
                f'{len(jobs)}'
            )
    names = {numbers.get(one, one) for one in wanted}
    return [job for job in jobs if not wanted or names & {job.name, job.line}]


def format_jobs(jobs: list[Job], runner: Runner) -> str:
    """A table of jobs: what is still to be done, and hours."""
    rows = []
    for number, job in enumerate(jobs, start=1):
        left = [step.name for step in job.steps if not step.is_done()]
        hours = [step['hours'] for step in runner.notes(job).values()]
        state = f'to do: {", ".join(left)}' if left else 'done'
        rows.append([number, job.name, state, sum(hours) if hours else None, job.hours])
    headers = ['', 'line', 'state', 'hours', 'expected']
    return tabulate(rows, headers, floatfmt='.2f')


def main(args: argparse.Namespace) -> None:
    with _cli.user_errors(*_cli.CONFIG_ERRORS):
        plan = read_plan(args.plan)
        runner = Runner(args, plan['environment'])
        jobs = make_jobs(plan, runner.folder)
        chosen = choose(jobs, args.line or [])
        if args.list:
            print(format_jobs(jobs, runner))
            return
        for job in chosen:
            runner.check(job)
    with _cli.user_errors():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        failed = [fault for job in chosen if (fault := runner.run(job))]
    print(f'{len(chosen) - len(failed)} of {len(chosen)} are done in {runner.folder}')
    if failed:
        print('\n'.join(failed), file=sys.stderr)
        raise SystemExit(1)


if __name__ == '__main__':
    main(args)
