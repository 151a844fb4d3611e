"""A real Kubernetes API server with its etcd, on loopback, and no node: objects are kept and nothing runs."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.flink_deployment import CRD
from tests.ports import free_ports
from tests.waiting import await_that

NAMESPACE = "risk"
VERSION = "1.36.3"


class ApiServer:
    """Started below a folder; ended by `stop`."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder, self._binaries = folder, binaries
        self._etcd, self._peers, self.port = free_ports(3)
        self._token = secrets.token_hex(16)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Until it is ready, with the operator's definitions and a namespace."""
        self._sign()
        self._run("etcd", [str(self._binaries / "etcd/usr/bin/etcd"), *self._etcd_flags()])
        self._run("server", [str(self._binaries / f"kube-apiserver-{VERSION}"), *self._server_flags()])
        self.kubeconfig = self.config("admin", self._token)
        await_that(lambda: self._try("get", "--raw", "/readyz") == "ok", "the API server is not ready")
        for definition in sorted(CRD.parent.glob("*.yml")):
            self.kubectl("apply", "--server-side", "-f", str(definition))
        kinds = "flinkdeployments,flinksessionjobs,flinkstatesnapshots"
        await_that(lambda: self._ask(["get", kinds], None).returncode == 0, "the definitions are not known")
        self.kubectl("create", "namespace", NAMESPACE)

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def kubectl(self, *argv: str, text: str | None = None) -> str:
        """What it answers; AssertionError with what it said where it refuses."""
        done = self._ask(argv, text)
        assert done.returncode == 0, f"{argv}: {done.stderr}"
        return done.stdout

    def refusal(self, *argv: str, text: str | None = None) -> str:
        """What it says to a question that it must refuse."""
        done = self._ask(argv, text)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def get(self, kinds: str, *argv: str) -> list[dict[str, Any]]:
        """Objects of the namespace."""
        items: list[dict[str, Any]] = json.loads(
            self.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json", *argv)
        )["items"]
        return items

    def patch_status(self, kind: str, name: str, status: Mapping[str, Any]) -> None:
        change = json.dumps({"status": status})
        self.kubectl(
            "patch", kind, name, "-n", NAMESPACE, "--subresource=status", "--type=merge", "-p", change
        )

    def config(self, user: str, token: str) -> Path:
        """A kubeconfig of that user."""
        path = self.folder / f"{user}.kubeconfig"
        cluster = {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [
                {"name": "here", "context": {"cluster": "here", "user": user, "namespace": NAMESPACE}}
            ],
            "current-context": "here",
        }
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return path

    def config_of_account(self, account: str) -> Path:
        """A kubeconfig of a service account, whose rights are those that the chart gives it."""
        return self.config(account, self.kubectl("create", "token", account, "-n", NAMESPACE).strip())

    def _ask(self, argv: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *argv]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)

    def _try(self, *argv: str) -> str:
        assert all(process.poll() is None for process in self._processes), self._last_words()
        return self._ask(argv).stdout

    def _last_words(self) -> str:
        return "\n".join(log.read_text()[-2000:] for log in self.folder.glob("*.log"))

    def _sign(self) -> None:
        key, public = self.folder / "accounts.key", self.folder / "accounts.pub"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        argv = ["openssl", "rsa", "-in", key, "-pubout", "-out", public]
        subprocess.run(argv, check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f'{self._token},admin,admin,"system:masters"\n')

    def _run(self, name: str, argv: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd=self.folder))

    def _etcd_flags(self) -> list[str]:
        clients, peers = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._peers}"
        return [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        ]

    def _server_flags(self) -> list[str]:
        return [
            f"--etcd-servers=http://127.0.0.1:{self._etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.folder / 'certificates'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder / 'accounts.pub'}",
            f"--service-account-signing-key-file={self.folder / 'accounts.key'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--disable-admission-plugins=ServiceAccount",
        ]
