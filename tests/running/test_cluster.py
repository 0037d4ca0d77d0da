"""A cluster without workers, or whose scheduler dies, is one line; its dashboard is private; TLS keeps others out."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from patience import PATIENCE, wait_for
from small_cluster import ROOT, scheduler, worker

from bench.errors import ConfigError, Terminated
from bench.running import cluster
from bench.store.store import Store

pytest.importorskip("distributed")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


def test_a_scheduler_without_workers_is_one_line_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKERS_SECONDS", 1.0)
    with scheduler(tmp_path) as address:
        bench_toml(tmp_path, executor="dask", scheduler=address)
        said = imbench("run")
    refused(said, "no dask worker for 1 s; start some with `dask worker tcp://")
    assert f"{address}: whoever can reach it can run code on workers" in said.err


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"distributed.comm.require-encryption": True}, "TLS"),
        ({"distributed.comm.timeouts.connect": "soon"}, "soon"),
        ({"distributed.nanny.preload": ["no_such_module"]}, "no_such_module"),
        ({"distributed.worker.memory.target": "much"}, "MemoryError"),  # of a worker's process
        ({"temporary-directory": "/proc/none"}, "/proc/none"),
    ],
)
def test_a_dask_that_does_not_start_is_one_line_with_its_cause(
    tmp_path: Path, settings: dict[str, object], cause: str, capfd: pytest.CaptureFixture[str]
) -> None:
    import dask

    bench_toml(tmp_path, methods=["CS"], executor="dask", workers=1)
    before = workers_of_ours()
    with dask.config.set(settings):
        refused(imbench("run"), "imbench: dask does not start (", cause)
    assert workers_of_ours() == before and "Traceback" not in capfd.readouterr().err


def workers_of_ours() -> set[int]:
    """Return the processes that dask has started for this one."""
    from psutil import Process  # comes with distributed

    return {it.pid for it in Process().children(recursive=True) if any("spawn_main" in word for word in it.cmdline())}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ValueError("A dask config file at 'a.yaml' is malformed:\n\nwhile parsing"),
            r"\(A dask config .*: while pars",
        ),
        (ImportError("cannot import name 'a' from 'tornado'"), r"\(cannot import name 'a' from"),
        (RuntimeError(), r"\(RuntimeError\)"),
        (ModuleNotFoundError("No module named 'distributed'"), "needs: pip install"),
    ],
)
def test_a_dask_that_cannot_be_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    monkeypatch.setattr(cluster, "import_module", lambda _: raised(error))
    with pytest.raises(ConfigError, match=told), cluster.cluster(1, 1, ""):
        pass


@pytest.mark.parametrize("end", [KeyboardInterrupt, Terminated])
def test_what_ends_the_run_while_dask_starts_goes_on_to_it(
    monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    monkeypatch.setattr("distributed.LocalCluster", lambda *_, **__: raised(end()))
    with pytest.raises(end), cluster.cluster(1, 1, ""):
        pass


def raised(error: BaseException) -> None:
    raise error


def test_workers_that_are_missed_once_after_a_long_time_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, found = [0.0], [{"worker": 1}, {}, {"worker": 1}, {}, {}]
    monkeypatch.setattr(cluster, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    health = cluster.Health(SimpleNamespace(status="running", nthreads=lambda: found.pop(0)), "tcp://here:1")
    for hour in range(4):
        clock[0] = 3600.0 * hour
        health.check()
    clock[0] += cluster.WORKERS_SECONDS + 1
    with pytest.raises(ConfigError, match="no dask worker for 30 s"):
        health.check()
    lost = cluster.Health(SimpleNamespace(status="connecting"), "tcp://here:1")
    lost.check()
    clock[0] += cluster.WORKERS_SECONDS + 1
    with pytest.raises(ConfigError, match="the connection to the dask scheduler is lost"):
        lost.check()


def http() -> Iterator[int]:
    """Serve pages, as whoever mistypes a port finds."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def silence() -> Iterator[int]:
    """Accept whoever comes, and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("other", [http, silence])
def test_what_is_no_scheduler_is_one_line_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: Callable[[], Iterator[int]]
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1.0)
    with contextmanager(other)() as port:
        bench_toml(tmp_path, methods=["CS"], executor="dask", scheduler=f"tcp://127.0.0.1:{port}")
        refused(imbench("run"), f"no dask scheduler answers at tcp://127.0.0.1:{port}")


def test_a_call_that_does_not_end_is_left_and_others_answer_or_raise() -> None:
    over, no_answer = threading.Event(), threading.Event()
    with pytest.raises(TimeoutError):
        cluster.within(0.1, over.wait)
    over.set()
    assert cluster.within(PATIENCE, lambda: 3) == 3
    with pytest.raises(MemoryError):
        cluster.within(PATIENCE, lambda: raised(MemoryError()))
    client = SimpleNamespace(run=lambda *_, **__: no_answer.wait(), nthreads=lambda: no_answer.wait())
    with pytest.MonkeyPatch.context() as patched:
        for name in ("BEGIN_SECONDS", "WORKERS_SECONDS"):
            patched.setattr(cluster, name, 0.1)
        for ask in (lambda: cluster.ask_workers(client, int, "tcp://a"), lambda: cluster.threads_of(client, "tcp://a")):
            with pytest.raises(ConfigError, match=r"lost \(tcp://a\)"):
                ask()
    no_answer.set()


@pytest.mark.parametrize("dies", ["worker", "scheduler", pytest.param("frozen scheduler", marks=pytest.mark.long)])
def test_a_cluster_that_dies_during_a_run_ends_it_in_one_line(tmp_path: Path, dies: str) -> None:
    plugin = tmp_path / "waits.py"
    plugin.write_text(WAITS.format(file=tmp_path / "at work"))
    (tmp_path / "short.py").write_text(SHORT.format(file=tmp_path / "at work", patience=PATIENCE))
    with scheduler(tmp_path) as address, worker(address) as process:
        path = bench_toml(tmp_path, plugins=[plugin], methods=["Waits"], executor="dask", scheduler=address)
        command = [sys.executable, str(tmp_path / "short.py"), "run", "--config", str(path)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as runner:
            wait_for(lambda: (tmp_path / "at work").exists() or runner.poll() is not None, "the work")
            assert runner.poll() is None, runner.communicate()
            victim = process.pid if dies == "worker" else scheduler_pid(address)
            os.kill(victim, signal.SIGSTOP if dies == "frozen scheduler" else signal.SIGKILL)
            _, said = runner.communicate(timeout=PATIENCE)
    last = said.strip().splitlines()[-1]
    assert runner.returncode == 2 and "Traceback" not in said, said
    assert ("no dask worker for" if dies == "worker" else f"dask scheduler is lost ({address})") in last
    assert not [*Store(tmp_path / "results").records()]


WAITS = """
import time
from pathlib import Path
from bench.method import Method
from bench.registry import register

@register("Waits")
class Waits(Method):
    def class_weights(self, counts, progress):
        Path("{file}").touch()
        time.sleep(86_400)
"""
# A slow machine has time to come to the work; what happens then is to be noticed soon.
SHORT = """
import threading, time
from pathlib import Path
from bench.running import cluster, schedule

def hurry():
    while not Path("{file}").exists():
        time.sleep(0.05)
    cluster.WORKERS_SECONDS = 3.0

cluster.WORKERS_SECONDS = {patience}
schedule.CHECK_SECONDS = 0.5
threading.Thread(target=hurry, daemon=True).start()
from bench.cli.app import main
main()
"""


def scheduler_pid(address: str) -> int:
    found = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    mine = [line for line in found.stdout.splitlines() if "dask_scheduler" in line and str(Path.cwd()) in line]
    assert len(mine) == 1, address
    return int(mine[0].split()[0])


def test_the_dashboard_of_local_workers_is_for_this_machine_alone() -> None:
    with cluster.cluster(1, 1, "") as client:
        services = client.cluster.scheduler.http_server._sockets.values()  # as tornado keeps them
        assert {socket.getsockname()[0] for socket in services} == {"127.0.0.1"}


def test_tls_lets_in_who_has_the_key_and_nobody_else(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make certificates with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ours"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    ours = {f"{tls}CA_FILE": str(certificate), "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        ours |= {f"{tls}{role}__CERT": str(certificate), f"{tls}{role}__KEY": str(key)}
    with scheduler(tmp_path, "tls", ours) as address, worker(address, environment=ours):
        assert address.startswith("tls://")
        path = bench_toml(tmp_path, methods=["CS"], executor="dask", scheduler=address)
        command = [sys.executable, "-m", "bench", "run", "--config", str(path)]
        for known, status in (({}, 2), (ours, 0)):
            environment = os.environ | {"PYTHONPATH": str(ROOT)} | known
            said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert said.returncode == status and "Traceback" not in said.stderr, said.stderr
            assert "whoever can reach it" not in said.stderr
    assert len([*Store(tmp_path / "results").records()]) == 1
