"""What a hostile program would try. Each is Python that calls `escaped()` where it got out, and ends otherwise.

`BOT`, `DATA`, `HOME_OF_BOT`, `SHARED` and the sockets are those of the stand-in for the bot.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PREAMBLE = """
import ctypes, errno, os, resource, socket, stat, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if libc.syscall(ctypes.c_long(number), *given) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
def check(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
def escaped(*what):
    print("ESCAPED", *what, flush=True)
    os._exit(0)
def reach(host, port):
    made = socket.socket()
    made.settimeout(2)
    made.connect((host, port))
    escaped()
def hears(made, address):
    made.settimeout(2)
    made.connect(address)
    if made.recv(5) == b"hello":
        escaped("heard it")
"""
EPILOGUE = """
try:
    attempt()
except (OSError, MemoryError, ValueError, RuntimeError) as error:
    print("HELD", type(error).__name__, error, flush=True)
else:
    print("HELD: nothing came of it", flush=True)
"""


class Control(Enum):
    """Where the same attempt succeeds, so that the test shows what the isolation is good for."""

    NONE = "nowhere, or not without harm"
    UNISOLATED = "at the level none"
    SAME_USER = "at the level none, where the bot is not root"


@dataclass(frozen=True, kw_only=True)
class Breakout:
    name: str
    code: str
    control: Control = Control.NONE
    holds_in_landlock: bool = True
    has_folder: bool = False  # the bot's data folder is among what the step may read

    @property
    def program(self) -> str:
        lines = "\n".join(f"    {line}" for line in self.code.strip().splitlines())
        return f"{PREAMBLE}\n%s\ndef attempt():\n{lines}\n{EPILOGUE}"


def _b(
    name: str, code: str, control: Control = Control.NONE, *, landlock: bool = True, folder: bool = False
) -> Breakout:
    return Breakout(name=name, code=code, control=control, holds_in_landlock=landlock, has_folder=folder)


U, S = Control.UNISOLATED, Control.SAME_USER

FILES = (
    _b("read the bot's secrets", "escaped(open(DATA + '/secrets').read())", U),
    _b("list the bot's data folder", "escaped(os.listdir(DATA))", U),
    _b("read ssh keys", "escaped(open(HOME_OF_BOT + '/.ssh/id').read())", U),
    _b("read shadow", "escaped(open('/etc/shadow').read(1))"),
    _b("read the machine's id", "escaped(open('/etc/machine-id').read())"),
    _b("list homes", "[escaped(path) for path in ('/root', '/home') if os.path.exists(path) and os.listdir(path)]"),
    _b("write into the data folder", "open(DATA + '/planted', 'w').write('x'); escaped()", U),
    _b("overwrite a file of the bot", "open(DATA + '/secrets', 'a').write('x'); escaped()", U),
    _b("delete a file of the bot", "os.unlink(DATA + '/deletable'); escaped()", U),
    _b("write into the home", "open(HOME_OF_BOT + '/.profile', 'w').write('x'); escaped()", U),
    _b("write into usr", "open('/usr/bin/planted', 'w').write('x'); escaped()"),
    _b("write into etc", "open('/etc/planted', 'w').write('x'); escaped()"),
    _b("write into var tmp", """
path = '/var/tmp/planted-' + MARKER
open(path, 'w').write('x')
os.unlink(path)
escaped()""", U),
    _b("write into the root", "open('/planted', 'w').write('x'); escaped()"),
    _b("read shared memory", "escaped(open(SHARED).read())", U),
    _b("system v shared memory", """
check(libc.shmctl(SHM, 2, ctypes.create_string_buffer(256)))
escaped()""", U, landlock=False),
    _b("symbolic link out", "os.symlink(DATA + '/secrets', 'link'); escaped(open('link').read())", U),
    _b("hard link out", "os.link(DATA + '/secrets', 'link'); escaped(open('link').read())"),
    _b("through proc's root", "escaped(open('/proc/1/root' + DATA + '/secrets').read())"),
    _b("through the parent's folder", "escaped(open('/proc/%d/cwd/secrets' % BOT).read())", S),
    _b("dot dot", "escaped(open('../../../../../..' + DATA + '/secrets').read())", U),
    _b("file handles", """
call(NUMBERS['open_by_handle_at'], -100, ctypes.create_string_buffer(struct.pack('II', 8, 1) + bytes(8)), 0)
escaped()"""),
    _b("raw devices", """
for device in ('/dev/mem', '/dev/kmem', '/dev/port', '/dev/vda', '/dev/sda', '/dev/kmsg'):
    if os.path.exists(device) and os.open(device, os.O_RDONLY):
        escaped(device)"""),
    _b("make a device", "os.mknod('null', 0o666 | stat.S_IFCHR, os.makedev(1, 3)); escaped()"),
    _b("kernel settings", "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/true'); escaped()"),
    _b("magic sysrq", "open('/proc/sysrq-trigger', 'w').write('h'); escaped()"),
    _b("control groups", "open('/sys/fs/cgroup/memory/notify_on_release', 'w').write('1'); escaped()"),
    _b("its own configuration", "open('given', 'w').write('x'); escaped()", U, landlock=False),
)  # fmt: skip

PROCESSES = (
    _b("the bot's environment", "escaped(open('/proc/%d/environ' % BOT, 'rb').read(1))", S),
    _b("any environment", """
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        if b'STAND_IN_SECRET' in open('/proc/' + pid + '/environ', 'rb').read():
            escaped(pid)
    except OSError:
        pass""", S),
    _b("any command line", """
for pid in filter(str.isdigit, os.listdir('/proc')):
    if b'bot_stand' + b'_in' in open('/proc/' + pid + '/cmdline', 'rb').read():
        escaped(pid)""", U),
    _b("memory of the bot", "open('/proc/%d/mem' % BOT, 'rb'); escaped()", S),
    _b("trace the bot", "check(libc.ptrace(0x4206, BOT, 0, 0)); escaped()", S),
    _b("read the bot's memory by call", "call(NUMBERS['process_vm_readv'], BOT, None, 0, None, 0, 0); escaped()", S),
    _b("signal the bot", "os.kill(BOT, 0); escaped()", S),
    _b("signal the bot by handle", "import signal; signal.pidfd_send_signal(os.pidfd_open(BOT), 0); escaped()", S),
    _b("take the bot's descriptors", "call(NUMBERS['pidfd_getfd'], os.pidfd_open(BOT), 0, 0); escaped()", S),
    _b("lower the bot's priority", "os.setpriority(os.PRIO_PROCESS, BOT, 19); escaped()", Control.NONE, landlock=False),
    _b("raise its own priority", "os.nice(-5); escaped()"),
    _b("raise its limits", "resource.setrlimit(resource.RLIMIT_NPROC, (-1, -1)); escaped()"),
    _b("limit the bot", "resource.prlimit(BOT, resource.RLIMIT_CORE, (0, 0)); escaped()", Control.NONE, landlock=False),
    _b("inherited descriptors", """
for number in range(3, 200):
    try:
        os.fstat(number)
    except OSError:
        continue
    escaped(number)"""),
    _b("type into a terminal", """
import fcntl
fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), 0x5412, b'x')
escaped()"""),
    _b("type into its own terminal", """
import fcntl, pty
try:
    os.setsid()
except OSError:
    pass  # it leads a session already
main, other = pty.openpty()
fcntl.ioctl(other, 0x540E, 0)
fcntl.ioctl(other, 0x5412, b'x')
escaped()"""),
)  # fmt: skip

NETWORK = (
    _b("tcp to the bot", "hears(socket.socket(), ('127.0.0.1', TCP))", U),
    _b("tcp to the metadata address", "reach('169.254.169.254', 80)"),
    _b("tcp to elsewhere", "reach('192.0.2.1', 443)"),
    _b("tcp over version 6", """
s = socket.socket(socket.AF_INET6)
s.settimeout(2)
s.connect(('2001:db8::1', 443))
escaped()"""),
    _b("udp to the bot", "hears_udp()", U),
    _b("udp to elsewhere", "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53)); escaped()"),
    _b("names", "escaped(socket.getaddrinfo('example.com', 80))"),
    _b("abstract socket of the bot", "hears(socket.socket(socket.AF_UNIX), chr(0) + 'stand-in-%d' % BOT)", U),
    _b("socket file of the bot", "hears(socket.socket(socket.AF_UNIX), DATA + '/bot.sock')", U),
    _b("socket file in what it may read", "hears(socket.socket(socket.AF_UNIX), DATA + '/bot.sock')", U, folder=True),
    _b("docker and d-bus", """
for path in ('/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', '/run/containerd'):
    if os.path.exists(path):
        socket.socket(socket.AF_UNIX).connect(path)
        escaped(path)"""),
    _b("listen", "s = socket.socket(); s.bind(('0.0.0.0', 0)); s.listen(); escaped()", U),
    _b("raw packets", "socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); escaped()"),
    _b("raw frames", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); escaped()"),
    _b("netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); escaped()", U),
    _b("sockets by io_uring", "call(NUMBERS['io_uring_setup'], 4, ctypes.create_string_buffer(120)); escaped()"),
)  # fmt: skip

KERNEL = (
    _b("mount", "check(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)); escaped()"),
    _b("make writable again", "check(libc.mount(b'none', b'/usr', None, 32 | 4096, None)); escaped()"),
    _b("unmount", "check(libc.umount2(b'/tmp', 2)); escaped()"),
    _b("new user namespace", "check(libc.unshare(0x10000000)); escaped()", U),
    _b("new user namespace by clone", "call(NUMBERS['clone'], 0x10000000 | 17, 0, 0, 0, 0); escaped()", U),
    _b("clone3", """
given = struct.pack('QQQQQQQQ', 0x10000000, 0, 0, 0, 17, 0, 0, 0)
call(NUMBERS['clone3'], ctypes.create_string_buffer(given), 64)
escaped()""", U),
    _b("enter the bot's namespaces", "check(libc.setns(os.pidfd_open(BOT), 0x20000)); escaped()"),
    _b("change the root", "os.chroot('/tmp'); escaped()"),
    _b("pivot the root", "call(NUMBERS['pivot_root'], b'/tmp', b'/tmp'); escaped()"),
    _b("become root", "os.setuid(0); escaped()"),
    _b("join groups", "os.setgroups([0]); escaped()"),
    _b("programs that become root", "escaped() if libc.prctl(39, 0, 0, 0, 0) != 1 else None"),
    _b("session keyring", "call(NUMBERS['keyctl'], 0, -3, 1); escaped()", U),
    _b("add a key", "call(NUMBERS['add_key'], b'user', b'planted', b'x', 1, -2); escaped()", U),
    _b("load a module", "call(NUMBERS['finit_module'], 0, b'', 0); escaped()"),
    _b("load code into the kernel", "call(NUMBERS['bpf'], 0, ctypes.create_string_buffer(72), 72); escaped()"),
    _b("performance counters", """
given = struct.pack('IIQ', 1, 112, 0) + bytes(96)
call(NUMBERS['perf_event_open'], ctypes.create_string_buffer(given), 0, -1, -1, 0)
escaped()"""),
    _b("page faults", "call(NUMBERS['userfaultfd'], 0); escaped()"),
    _b("change the clock", "time.clock_settime(time.CLOCK_REALTIME, time.time()); escaped()"),
    _b("change the host's name", "socket.sethostname('planted'); escaped()"),
    _b("restart the machine", "call(NUMBERS['reboot'], 0, 0, 0, 0); escaped()"),
    _b("read the kernel's log", "call(NUMBERS['syslog'], 3, ctypes.create_string_buffer(100), 100); escaped()"),
    _b("accounting", "call(NUMBERS['acct'], None); escaped()"),
    _b("new mounts", "call(NUMBERS['fsopen'], b'tmpfs', 0); escaped()"),
)  # fmt: skip

RESOURCES = (
    _b("memory bomb", "kept = []\nwhile True: kept.append(bytearray(64 << 20)) if len(kept) < 64 else escaped()"),
    _b("disk filler", "for n in range(40): open('f%d' % n, 'wb').write(bytes(4 << 20))\nescaped()", landlock=False),
    _b("one large file", "f = open('f', 'wb')\nfor n in range(40): f.write(bytes(4 << 20)); f.flush()\nescaped()"),
    _b("shared memory filler", "for n in range(40): open('/dev/shm/f%d' % n, 'wb').write(bytes(1 << 20))\nescaped()"),
    _b("descriptor filler", "kept = [open('/dev/null') for _ in range(2000)]; escaped()"),
    _b("many threads", "import _thread\nfor n in range(500): _thread.start_new_thread(time.sleep, (5,))\nescaped()"),
)  # fmt: skip

FAMILIES = {"files": FILES, "processes": PROCESSES, "network": NETWORK, "kernel": KERNEL, "resources": RESOURCES}
BREAKOUTS = FILES + PROCESSES + NETWORK + KERNEL + RESOURCES
