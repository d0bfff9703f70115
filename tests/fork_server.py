"""Runs Python programs in forks of a process that has imported the stack already.

To import it takes seconds, and tests start dozens of programs. The ``python`` in the
folder TEST_PROGRAMS hands its arguments, folder, environment and open files to this
server and ends with the exit code of the fork. The server imports at its first program.
"""

import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path

PYTHON = """#!{executable} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    message = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [message], [0, 1, 2])
    sys.exit(int(server.recv(10) or 1))
"""


def start_server(folder: Path) -> subprocess.Popen:
    """Start a server, and write its ``python`` to the folder."""
    address = str(folder / 'server')
    text = PYTHON.format(executable=sys.executable, address=address)
    write_programs(folder, dict(python=text, python3=text))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with listener:
        listener.bind(address)
        listener.listen(128)
        return subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno())],
            pass_fds=[listener.fileno()],
        )


def write_programs(folder: Path, texts: dict[str, str]) -> None:
    """Write programs by their names."""
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def environment() -> dict[str, str]:
    """The variables of a shell whose ``python`` is that of the server, if there is one.

    There is none but on Linux.
    """
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    folder = os.environ.get('TEST_PROGRAMS')
    if folder is None:
        return dict(os.environ, PATH=path)
    # The second is what torch's launcher starts.
    return dict(os.environ, PATH=f'{folder}:{path}', PYTHON_EXEC=f'{folder}/python')


def serve(listener: socket.socket) -> None:
    """Answer until the server is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leaves no zombies
    while True:
        connection, _ = listener.accept()
        if 'stack' not in sys.modules:
            import_module('stack').import_all()
            gc.freeze()  # or each fork would write to all that is imported
        if os.fork() == 0:
            listener.close()
            return attend(connection)
        connection.close()


def attend(connection: socket.socket) -> None:
    """Run one program, and kill it if its caller is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, files, *_ = socket.recv_fds(connection, 1 << 20, 3)
    pid = os.fork()
    if pid == 0:
        connection.close()
        return run(*json.loads(message), files)
    for file in files:
        os.close(file)
    ready, *_ = select.select([connection, os.pidfd_open(pid)], [], [])
    if connection in ready:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if connection not in ready:
        connection.send(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


def run(
    arguments: list[str], folder: str, variables: dict[str, str], files: list[int]
) -> None:
    """Do what ``python`` does with these arguments, and end the process."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:1] = filter(None, variables.get('PYTHONPATH', '').split(':'))
    # Or the threads of a program would make torch's pool after the fork at once.
    import_module('torch').set_num_threads(1)
    code = 1
    try:
        start(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    # To take down all that is imported would cost more than most programs do.
    os._exit(code)


def start(arguments: list[str]) -> None:
    """Run a script, a module after ``-m``, or a text after ``-c``.

    TEST_STAND_INS may name a module in this folder, which changes the arguments and the
    process first.
    """
    if 'TEST_STAND_INS' in os.environ:
        sys.path.append(str(Path(__file__).parent / os.environ['TEST_STAND_INS']))
        arguments = import_module('small_things').replace(arguments)
    if arguments[0] == '-c':
        sys.argv = ['-c', *arguments[2:]]
        exec(arguments[1], {'__name__': '__main__'})
        return
    if arguments[0] == '-u':
        del arguments[0]
    is_module = arguments[0] == '-m'
    sys.argv = arguments[is_module:]
    name = sys.argv[0]
    if is_module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(name, run_name='__main__', alter_sys=True)
    else:
        sys.path.insert(0, str(Path(name).absolute().parent))
        runpy.run_path(name, run_name='__main__')


if __name__ == '__main__':
    serve(socket.socket(fileno=int(sys.argv[1])))
