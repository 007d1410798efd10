"""The servers that ssbsim is compared with, on loopback: installed, started, and stopped again by their process ids.

All data is in a folder of its own below /var/tmp, which is removed at the end. As root the servers run as their packages' users.
PostgreSQL and RabbitMQ speak TLS with a certificate that is made for the run.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CLIENT_PACKAGES = ["libzmq3-dev", "libpq-dev", "librabbitmq-dev", "pkg-config"]
SERVER_PACKAGES = ["postgresql-15", "rabbitmq-server"]
START_SECONDS = 90
STOP_SECONDS = 30
POSTGRESQL = pathlib.Path("/usr/lib/postgresql/15/bin")
RABBITMQ = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def install(say):
    """As ./dev does: apt is asked only when dpkg does not have them all."""
    def is_there(package):
        shown = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package], capture_output=True, text=True, check=False)
        return shown.stdout.startswith("ii")

    missing = [package for package in CLIENT_PACKAGES + SERVER_PACKAGES if not is_there(package)]
    if not missing:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    if sudo and not shutil.which("sudo"):
        raise SystemExit(f"bench/run: missing packages: {' '.join(missing)}; install them as root")
    say("installing " + " ".join(missing))
    # RUNLEVEL=1: the packages' own services are not started by being installed.
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    subprocess.run([*sudo, "apt-get", "update", "-qq"], check=True)
    subprocess.run([*sudo, *environment, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A process in the foreground, with a log beside its data."""

    def __init__(self, name, folder, user):
        self.name = name
        self.folder = folder
        self.user = user if os.geteuid() == 0 else None
        self.process = None
        folder.mkdir(parents=True)
        self.own(folder)

    def own(self, path):
        if self.user:
            shutil.chown(path, self.user, self.user)

    def identity(self):
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}

    def run(self, *argv):
        subprocess.run([str(part) for part in argv], check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.identity())

    def start(self, *argv, environment=None):
        with open(self.folder / "log", "w", encoding="utf-8") as log:
            # In a session of its own, so that what it starts ends with it.
            self.process = subprocess.Popen([str(part) for part in argv], stdout=log, stderr=log, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            env=environment, start_new_session=True, **self.identity())

    def wait_for(self, port):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.2)
        raise SystemExit(f"bench/run: {self.name} did not start:\n" + (self.folder / "log").read_text(errors="replace")[-3000:])

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: what it left behind
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None


class Peers:
    def __init__(self, build_folder, say):
        self.build_folder = build_folder / "peers"
        self.say = say
        self.folder = None
        self.servers = []
        self.commands = {}

    def command(self, name):
        return self.commands[name]

    def start(self):
        install(self.say)
        self.say(f"building the clients in {self.build_folder}")
        for argv in (["cmake", "-S", HERE, "-B", self.build_folder, "-G", "Ninja"], ["cmake", "--build", self.build_folder]):
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-peers-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.commands["zeromq"] = [self.build_folder / "zeromq_peer"]
        self.start_postgresql()
        self.start_rabbitmq()

    def stop(self):
        for server in reversed(self.servers):
            server.stop(signal.SIGINT if server.name == "postgresql" else signal.SIGTERM)  # PostgreSQL: fast, not smart
        self.servers = []
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def make_certificate(self, server):
        key, certificate = server.folder / "server.key", server.folder / "server.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key),
                        "-out", str(certificate)], check=True, capture_output=True)
        for path in (key, certificate):
            path.chmod(0o600)
            server.own(path)
        return key, certificate

    def start_postgresql(self):
        server = Server("postgresql", self.folder / "postgresql", "postgres")
        self.servers.append(server)
        key, certificate = self.make_certificate(server)
        data, port = server.folder / "data", free_port()
        server.run(POSTGRESQL / "initdb", "-D", data, "-U", "bench", "--auth=trust", "-E", "UTF8", "--locale=C")
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "ssl": "on", "ssl_cert_file": certificate,
                    "ssl_key_file": key, "shared_buffers": "512MB", "max_wal_size": "8GB", "fsync": "on", "synchronous_commit": "on"}
        server.start(POSTGRESQL / "postgres", "-D", data, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")))
        server.wait_for(port)
        self.commands["postgresql"] = [self.build_folder / "postgresql_peer", "--connection",
                                       f"host=127.0.0.1 port={port} user=bench dbname=postgres sslmode=require"]

    def start_rabbitmq(self):
        epmd_port = free_port()
        epmd = Server("epmd", self.folder / "epmd", "rabbitmq")
        self.servers.append(epmd)
        epmd.start("epmd", "-port", epmd_port, "-address", "127.0.0.1")
        epmd.wait_for(epmd_port)
        server = Server("rabbitmq", self.folder / "rabbitmq", "rabbitmq")
        self.servers.append(server)
        key, certificate = self.make_certificate(server)
        port = free_port()
        configuration = server.folder / "rabbitmq.conf"
        configuration.write_text(f"listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {certificate}\n"
                                 f"ssl_options.keyfile = {key}\nssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n"
                                 "log.console = true\nlog.console.level = warning\nlog.file = false\n")
        plugins = server.folder / "enabled_plugins"
        plugins.write_text("[].\n")
        for path in (configuration, plugins):
            server.own(path)
        base = server.folder
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(base), "LANG": "C.UTF-8", "ERL_EPMD_PORT": str(epmd_port),
            "RABBITMQ_NODENAME": "bench@localhost", "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins), "RABBITMQ_MNESIA_BASE": str(base / "mnesia"),
            "RABBITMQ_LOG_BASE": str(base / "logs"), "RABBITMQ_PID_FILE": str(base / "pid"), "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": str(base / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }
        server.start(RABBITMQ, environment=environment)
        server.wait_for(port)
        self.commands["rabbitmq"] = [self.build_folder / "rabbitmq_peer", "--port", str(port)]
