import pytest
from cluster import free_port


@pytest.mark.slow
def test_the_page_of_a_checkpoint_is_served(run_here, run, trained, monkeypatch):
    gradio = pytest.importorskip('gradio')
    monkeypatch.setattr(
        gradio.Blocks, 'block_thread', lambda blocks: blocks.close(verbose=False)
    )
    port = free_port()

    code, out, err = run_here('app.py', '--checkpoint', run.checkpoint, '--port', port)
    assert (code, err) == (0, '')
    assert out == f'The page is at http://127.0.0.1:{port}/; Ctrl+C ends it\n'
