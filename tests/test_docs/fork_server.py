"""Runs Python programs in forks of a process that has imported the stack already.

To import it takes seconds, and the documentation has dozens of commands. PYTHON is put
on the PATH as ``python``: it hands its arguments, folder, environment and open files to
this server and ends with the exit code of the fork.
"""

import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from pathlib import Path

PYTHON = f"""#!{sys.executable} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect(os.environ['DOCS_SERVER'])
    message = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [message], [0, 1, 2])
    sys.exit(int(server.recv(10) or 1))
"""


def serve(path: str) -> None:
    """Answer at the socket ``path`` until the server is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leaves no zombies
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        while True:
            connection, _ = listener.accept()
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
    ready, *_ = select.select([connection, os.pidfd_open(pid)], [], [])
    if connection in ready:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if connection not in ready:
        connection.send(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


def run(
    arguments: list[str], folder: str, environment: dict[str, str], files: list[int]
) -> None:
    """Do what ``python`` does with these arguments, and end the process."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get('PYTHONPATH', '').split(':'))
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
    """Run a script, a module after ``-m``, or a text after ``-c``."""
    small_things.make_all_small()
    if arguments[0] == '-c':
        sys.argv = ['-c', *arguments[2:]]
        exec(arguments[1], {'__name__': '__main__'})
        return
    if arguments[0] == '-u':
        del arguments[0]
    is_module = arguments[0] == '-m'
    sys.argv = small_things.program(arguments[is_module:])
    name = sys.argv[0]
    if is_module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(name, run_name='__main__', alter_sys=True)
    else:
        sys.path.insert(0, str(Path(name).absolute().parent))
        runpy.run_path(name, run_name='__main__')


if __name__ == '__main__':
    import small_things

    gc.freeze()  # or each fork would write to all that is imported
    serve(sys.argv[1])
