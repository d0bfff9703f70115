"""The files around the package agree with each other and with what is there."""

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SETUP = (ROOT / 'setup.py').read_text()


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text())


def test_ruff_has_one_version():
    pin = re.search('^ruff==.*', (ROOT / 'constraints.txt').read_text(), re.M)[0]
    (repo,) = read_yaml('.pre-commit-config.yaml')['repos']
    assert [hook['additional_dependencies'] for hook in repo['hooks']] == [[pin]] * 2
    wanted = Requirement(re.search("'(ruff>.*)'", SETUP)[1]).specifier
    assert wanted.contains(pin.removeprefix('ruff=='))


def test_the_citation_is_of_this_version():
    version = re.search(r"version='(.*)'", SETUP)[1]
    assert read_yaml('CITATION.cff')['version'] == version


def test_the_workflow_runs_what_is_there():
    jobs = read_yaml('.github/workflows/ci.yml')['jobs']
    runs = [step['run'] for job in jobs.values() for step in job['steps'][2:]]
    assert runs[-1] == '.ci/run' and (ROOT / runs[-1]).is_file()
    assert 'python -m pytest -m "not slow"' in runs


@pytest.mark.parametrize('name', ['CHANGELOG.md', 'CONTRIBUTING.md'])
def test_links_lead_to_files(name):
    for link in re.findall(r'\]\((?!https:)([^)#]+)', (ROOT / name).read_text()):
        assert (ROOT / link).is_file(), link


@pytest.mark.parametrize('path', [*ROOT.glob('.github/ISSUE_TEMPLATE/*')])
def test_issue_templates_have_a_name_and_say_what_for(path):
    _, head, body = path.read_text().split('---\n')
    assert {'name', 'about'} == set(yaml.safe_load(head)) and body.strip()
