"""What well-known programs do: as data. What is not here is unknown, never read-only."""

from __future__ import annotations

from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READING = words(
    "[ [[ : ack ag alias arp arping awk base64 basename bat bc bpftool bzcat bzgrep cal cat cd "
    "column comm command cut df diff dig dirname dirs dmidecode dstat du echo egrep exit export "
    "expr false fgrep file free gawk getent grep groups head help hexdump history host hostid "
    "htop id ifstat iostat iotop iperf iperf3 ipcalc jq join jobs last lastb ldd less let locale "
    "locate look ls lsblk lscpu lsmod lsof lspci lstopo lsusb man mawk md5sum more mpstat mtr "
    "nethogs netstat ngrep nl nproc nslookup numfmt numastat od paste pgrep pidof pidstat ping "
    "ping6 pmap popd printenv printf ps pstree pushd pwd pwdx readlink read realpath rev return "
    "rg sar seq set sha1sum sha256sum shift sleep smem sort ss stat strings sum tac tail "
    "tcptraceroute telnet test tcpconnect time top tr traceroute tracepath tree true tty type "
    "ulimit uname unexpand uniq units uptime users vmstat w wc whatis whereis which who whoami "
    "whois xxd xzcat yq zcat zgrep zless zstdcat jstack jps jstat slabtop atop glances biosnoop "
    "opensnoop execsnoop ncdu pgbadger clear column fold fmt iftop lsns lslocks lsipc findmnt "
    "getconf getfacl pg_lsclusters pg_top pg_isready pgcenter logcli stern kubetail wait unset "
    "local readonly declare typeset break continue"
)

CHANGING = words(
    "adduser apply at batch blkdiscard brctl cfdisk chattr chef-client chgrp chmod chown chpasswd "
    "chsh cp cpio cryptsetup dd deluser deploy dos2unix dropdb createdb createuser dropuser "
    "fallocate fdisk fsck fstrim gdisk groupadd groupdel groupmod halt hdparm init insmod install "
    "ipvsadm kexec killall killall5 ln logrotate lvcreate lvextend lvreduce lvremove mkdir mkfifo "
    "mkfs mkfs.ext4 mkfs.xfs mkswap mknod modprobe mv nano nvim parted passwd patch pg_restore "
    "pg_rewind pg_basebackup pg_repack pgrepack pkill poweroff pvcreate pvremove pvresize reboot "
    "renice reset resize2fs rm rmdir rmmod rsync scp sftp setfacl sgdisk shred shutdown split "
    "swapoff swapon sync telinit touch truncate tune2fs umount unlink unzip useradd userdel "
    "usermod vgcreate vgextend vgremove vi vim vipw visudo wipefs xfs_growfs xfs_repair zip gzip "
    "gunzip bzip2 bunzip2 xz unxz zstd unzstd emacs ed drop_caches update-alternatives "
    "update-grub ssh-keygen ssh-copy-id vacuumdb reindexdb clusterdb initdb "
    "update-ca-certificates"
)

# Programs that run what follows them: how many words of their own come first, and which options take a value.
WRAPPERS: dict[str, tuple[int, frozenset[str]]] = {
    "sudo": (0, words("-u -g -h -p -C -r -t -U --user --group --host")),
    "doas": (0, words("-u -C")),
    "env": (0, words("-u --unset -C --chdir")),
    "envdir": (1, frozenset()),
    "chpst": (0, words("-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -t")),
    "time": (0, words("-f -o")),
    "nice": (0, words("-n")),
    "ionice": (0, words("-c -n -t")),
    "nohup": (0, frozenset()),
    "setsid": (0, frozenset()),
    "stdbuf": (0, words("-i -o -e")),
    "timeout": (1, words("-s -k --signal --kill-after")),
    "watch": (0, words("-n --interval")),
    "xargs": (0, words("-I -n -P -L -d -E -s -a --max-args --max-procs --replace")),
    "parallel": (0, words("-j --jobs")),
    "exec": (0, frozenset()),
    "builtin": (0, frozenset()),
    "command": (0, frozenset()),
    "chroot": (1, frozenset()),
    "flock": (1, words("-w -E")),
    "taskset": (1, frozenset()),
    "numactl": (0, frozenset()),
    "nsenter": (0, words("-t --target -S -G")),
    "unshare": (0, frozenset()),
    "strace": (0, words("-p -e -o -s -P -u -E")),
    "ltrace": (0, words("-p -e -o -s -u")),
}

# Programs that run their arguments elsewhere: the first words name the place.
REMOTE: dict[str, frozenset[str]] = {
    "ssh": words("-i -l -p -o -F -J -L -R -D -E -b -c -e -I -m -O -Q -S -W -w"),
}

SHELLS = words("sh bash zsh dash ash ksh fish")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Told by a subcommand: the first of its words that is in one of the lists."""

    reads: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()  # options that take the next word
    reading_options: frozenset[str] = frozenset()  # options that make it read-only whatever else is said
    changing_options: frozenset[str] = frozenset()
    alone_reads: bool = False  # without a word of the lists it only shows something
    read_starts: tuple[str, ...] = ()  # subcommands that begin so read
    others_change: bool = field(default=False)  # a subcommand that is in no list changes something


_KUBE_VALUED = words(
    "-n --namespace --context --cluster --kubeconfig -l --selector -o --output -c --container "
    "--field-selector --user --sort-by --since --tail -s --server --as --token -p --type "
    "--timeout --grace-period -f --filename"
)

TOOLS: dict[str, Tool] = {
    "kubectl": Tool(
        reads=words(
            "get describe logs log top explain version cluster-info api-resources api-versions events "
            "auth diff wait rollout/status rollout/history config/view config/get-contexts "
            "config/current-context config/use-context port-forward proxy completion options kustomize"
        ),
        changes=words(
            "apply create delete edit patch replace scale autoscale set label annotate cordon uncordon "
            "drain taint rollout/restart rollout/undo rollout/pause rollout/resume expose run cp attach "
            "certificate debug config/set config/unset config/set-context config/delete-context "
            "config/set-credentials"
        ),
        valued=_KUBE_VALUED,
        reading_options=words("--dry-run --dry-run=client --dry-run=server"),
    ),
    "helm": Tool(
        reads=words("list ls get status history search show template lint version env repo/list dependency/list diff"),
        changes=words(
            "install upgrade uninstall delete rollback repo/add repo/update repo/remove pull push "
            "dependency/update test"
        ),
        valued=words("-n --namespace --kube-context --kubeconfig -f --values --set --version"),
    ),
    "docker": Tool(
        reads=words(
            "ps images inspect logs stats top version info diff events history port search container/ls "
            "image/ls network/ls network/inspect volume/ls volume/inspect system/df node/ls service/ls "
            "service/ps"
        ),
        changes=words(
            "run start stop restart kill rm rmi pull push build tag commit cp create rename update pause "
            "unpause load save import export prune container/prune image/prune image/rm network/rm "
            "network/create network/prune volume/rm volume/create volume/prune system/prune swarm "
            "service/update service/scale login logout"
        ),
        valued=words("-H --host --context -c"),
    ),
    "crictl": Tool(
        reads=words("ps pods images inspect inspecti inspectp logs stats info version imagefsinfo"),
        changes=words("rm rmp rmi stop stopp start run runp pull create update"),
    ),
    "systemctl": Tool(
        reads=words(
            "status show list-units list-unit-files list-timers list-dependencies list-jobs is-active "
            "is-enabled is-failed cat get-default help show-environment"
        ),
        changes=words(
            "start stop restart reload try-restart reload-or-restart enable disable mask unmask "
            "daemon-reload kill reset-failed set-property edit isolate reboot poweroff halt daemon-reexec "
            "set-default preset"
        ),
        alone_reads=True,
    ),
    "service": Tool(reads=words("status --status-all"), others_change=True),
    "sv": Tool(reads=words("status s check"), others_change=True),
    "initctl": Tool(reads=words("list status show-config"), others_change=True),
    "supervisorctl": Tool(reads=words("status tail avail pid"), others_change=True),
    "gitlab-ctl": Tool(
        reads=words("status tail show-config service-list get-postgresql-primary check-config"), others_change=True
    ),
    "journalctl": Tool(
        alone_reads=True,
        changing_options=words("--vacuum-size --vacuum-time --vacuum-files --rotate --flush --sync"),
    ),
    "git": Tool(
        reads=words(
            "status log diff show blame grep ls-files ls-remote ls-tree rev-parse describe shortlog "
            "reflog cat-file rev-list version help"
        ),
        changes=words(
            "add am apply bisect branch checkout cherry-pick clean clone commit config fetch gc init "
            "merge mv pull push rebase remote reset restore revert rm stash submodule switch tag "
            "update-ref worktree prune repack fsck"
        ),
        valued=words("-C -c --git-dir --work-tree"),
    ),
    "terraform": Tool(
        reads=words(
            "plan show output validate version providers graph state/list state/show state/pull workspace/list"
        ),
        changes=words(
            "apply destroy import init taint untaint refresh fmt state/rm state/mv state/push "
            "workspace/new workspace/select workspace/delete force-unlock"
        ),
    ),
    "consul": Tool(
        reads=words("members info monitor catalog kv/get operator/raft/list-peers version debug rtt services operator"),
        changes=words("leave force-leave join kv/put kv/delete reload maint lock exec event operator/raft/remove-peer"),
    ),
    "vault": Tool(
        reads=words("read list status version kv/get kv/list path-help token/lookup operator/raft/list-peers"),
        changes=words(
            "write delete login kv/put kv/delete kv/patch operator token seal unseal lease secrets auth policy audit"
        ),
    ),
    "etcdctl": Tool(
        reads=words("get member/list endpoint alarm/list watch version check"),
        changes=words("put del compaction defrag snapshot move-leader member/add member/remove alarm/disarm lease txn"),
        valued=words("--endpoints --cacert --cert --key --write-out -w"),
    ),
    "patronictl": Tool(
        reads=words("list topology history show-config dsn version query"),
        changes=words("restart reload failover switchover reinit pause resume edit-config remove flush"),
        valued=words("-c --config-file -d --dcs-url"),
    ),
    "rabbitmqctl": Tool(read_starts=("list_", "status", "cluster_status", "environment", "report"), others_change=True),
    "nodetool": Tool(
        reads=words("status info ring tpstats netstats cfstats tablestats compactionstats describecluster version"),
        others_change=True,
    ),
    "redis-cli": Tool(
        reads=words(
            "get mget exists info keys scan ttl pttl type llen lrange lindex hget hmget hgetall hlen "
            "hkeys hvals hscan smembers scard sismember sscan zrange zrangebyscore zcard zscore zscan "
            "zcount strlen dbsize ping lastsave slowlog/get slowlog/len client/list client/info "
            "client/getname client/id config/get memory/usage memory/stats memory/doctor monitor latency "
            "cluster/info cluster/nodes cluster/slots cluster/keyslot object role time command getrange "
            "bitcount xlen xrange xinfo pubsub sentinel/masters sentinel/master sentinel/slaves "
            "sentinel/replicas sentinel/sentinels sentinel/ckquorum sentinel/get-master-addr-by-name "
            "randomkey debug/object select auth"
        ),
        changes=words(
            "set setex setnx getset mset del unlink expire expireat pexpire persist rename renamenx "
            "flushall flushdb incr incrby decr decrby append lpush rpush lpop rpop lrem ltrim lset "
            "linsert hset hmset hdel hincrby hsetnx sadd srem spop smove zadd zrem zremrangebyscore "
            "zremrangebyrank zincrby publish config/set config/rewrite config/resetstat client/kill "
            "client/pause client/setname client/no-evict slowlog/reset shutdown save bgsave bgrewriteaof "
            "slaveof replicaof migrate restore debug debug/sleep script eval evalsha cluster/failover "
            "cluster/reset cluster/forget cluster/meet cluster/addslots cluster/delslots "
            "cluster/replicate failover sentinel/failover sentinel/reset sentinel/remove sentinel/set "
            "swapdb move xadd xdel xtrim memory/purge acl"
        ),
        valued=words("-h -p -a -n -s -u --user --pass -r -i"),
        reading_options=words(
            "--bigkeys --hotkeys --memkeys --latency --latency-history --stat --scan --intrinsic-latency"
        ),
    ),
    "knife": Tool(
        reads=words(
            "status search node/list node/show role/list role/show cookbook/list cookbook/show "
            "environment/list environment/show client/list client/show data/bag/show data/bag/list"
        ),
        changes=words(
            "bootstrap upload download node/edit node/delete node/run_list role/edit role/delete "
            "role/from cookbook/upload cookbook/delete environment/edit environment/from client/delete "
            "data/bag/edit vault"
        ),
        valued=words("-c --config -i -x -C -a"),
    ),
    "gsutil": Tool(reads=words("ls cat du stat hash version"), others_change=True, valued=words("-o -h")),
    "bq": Tool(reads=words("ls show head query"), others_change=True),
    "apt": Tool(reads=words("list search show policy"), others_change=True),
    "apt-get": Tool(others_change=True),
    "apt-cache": Tool(alone_reads=True),
    "apt-mark": Tool(reads=words("showhold showmanual showauto"), others_change=True),
    "yum": Tool(reads=words("list search info history repolist provides"), others_change=True),
    "dnf": Tool(reads=words("list search info history repolist provides"), others_change=True),
    "brew": Tool(reads=words("list search info"), others_change=True),
    "pip": Tool(reads=words("list show freeze check"), others_change=True),
    "npm": Tool(reads=words("ls list view audit outdated"), changes=words("install i ci update uninstall publish")),
    "gem": Tool(reads=words("list search info"), others_change=True),
    "dpkg": Tool(
        reading_options=words("-l --list -L --listfiles -s --status -S --search --get-selections -p"),
        changing_options=words("-i --install -r --remove -P --purge --configure --unpack -a"),
    ),
    "rpm": Tool(reading_options=words("-q -qa -qi -ql -qf -V"), changing_options=words("-i -U -e -F -ivh -Uvh")),
    "ip": Tool(
        reads=words("show list ls get"),
        changes=words("add del delete set flush change replace up down"),
        alone_reads=True,
        valued=words("-n -netns"),
    ),
    "ifconfig": Tool(alone_reads=True, changes=words("up down add del netmask mtu")),
    "route": Tool(alone_reads=True, changes=words("add del delete flush")),
    "ethtool": Tool(
        alone_reads=True, changing_options=words("-s -K -G -C -L -X -A -E -p -r --change --set-ring --reset")
    ),
    "tc": Tool(reads=words("show list ls"), changes=words("add del delete change replace")),
    "iptables": Tool(
        reading_options=words("-L -S -nL -nvL -vnL -Lnv -C --list --list-rules --check"), others_change=True
    ),
    "ip6tables": Tool(reading_options=words("-L -S -nL -nvL -vnL --list --list-rules"), others_change=True),
    "nft": Tool(reads=words("list monitor describe"), others_change=True),
    "ufw": Tool(reads=words("status show"), others_change=True),
    "conntrack": Tool(
        reading_options=words("-L -S -C --dump --stats --count -E"),
        changing_options=words("-F -D -U --flush --delete"),
    ),
    "crontab": Tool(reading_options=words("-l"), changing_options=words("-e -r -i"), others_change=True),
    "dmesg": Tool(alone_reads=True, changing_options=words("-C -c --clear --read-clear -n")),
    "date": Tool(alone_reads=True, changing_options=words("-s --set")),
    "timedatectl": Tool(
        reads=words("status show list-timezones"),
        alone_reads=True,
        read_starts=(),
        changes=words("set-time set-timezone set-ntp set-local-rtc"),
    ),
    "chronyc": Tool(
        reads=words("tracking sources sourcestats activity ntpdata clients serverstats"), others_change=True
    ),
    "ntpq": Tool(alone_reads=True),
    "openssl": Tool(
        reads=words("x509 s_client verify version ciphers asn1parse crl ocsp dgst"),
        changes=words("genrsa genpkey req ca rsa pkcs12 enc"),
    ),
    "certbot": Tool(reads=words("certificates"), others_change=True),
    "lvs": Tool(alone_reads=True),
    "vgs": Tool(alone_reads=True),
    "pvs": Tool(alone_reads=True),
    "lvdisplay": Tool(alone_reads=True),
    "smartctl": Tool(alone_reads=True, changing_options=words("-t --test -s -X")),
    "mdadm": Tool(
        reading_options=words("--detail -D --examine -E --query -Q"),
        changing_options=words("--create --stop --remove --add --fail --assemble --grow"),
    ),
    "tcpdump": Tool(alone_reads=True, changing_options=words("-w")),
    "tshark": Tool(alone_reads=True, changing_options=words("-w")),
    "perf": Tool(reads=words("top stat report script list trace annotate"), changes=words("record")),
    "wal-g": Tool(reads=words("backup-list wal-show"), others_change=True),
    "pgbouncer": Tool(others_change=True),
    "haproxy": Tool(reading_options=words("-c -v -vv"), others_change=True),
    "nginx": Tool(reading_options=words("-t -T -v -V"), others_change=True),
    "apachectl": Tool(reads=words("status configtest fullstatus"), others_change=True),
    "amtool": Tool(
        reads=words("alert check-config config silence/query cluster"), changes=words("silence/add silence/expire")
    ),
    "promtool": Tool(alone_reads=True),
    "istioctl": Tool(
        reads=words("proxy-status ps proxy-config pc analyze version describe x dashboard"), others_change=True
    ),
    "linkerd": Tool(reads=words("check stat tap top edges routes version diagnostics"), others_change=True),
    "velero": Tool(reads=words("get describe logs version"), others_change=True),
    "argocd": Tool(
        reads=words("app/get app/list app/diff app/history app/logs version cluster/list proj/list"),
        others_change=True,
    ),
    "flux": Tool(reads=words("get logs events check tree stats version diff trace"), others_change=True),
    "oc": Tool(
        reads=words("get describe logs status whoami version projects explain top adm/top adm/node-logs"),
        changes=words(
            "apply create delete edit patch replace scale set label annotate rollout/latest rollout/undo "
            "project adm/drain adm/cordon adm/uncordon login new-app new-project start-build cp"
        ),
        valued=_KUBE_VALUED,
    ),
    "lxc": Tool(reads=words("list info show config"), others_change=True),
    "az": Tool(reads=words("list show"), read_starts=("list-", "show-", "get-"), others_change=True),
    "gh": Tool(reads=words("view list status diff checks"), changes=words("create merge close edit delete run api")),
    "tsh": Tool(reads=words("ls status clusters version"), changes=words("login logout scp")),
    "sysctl": Tool(alone_reads=True, changing_options=words("-w -p --write --load --system")),
    "mount": Tool(others_change=True, reading_options=words("-l -V")),
    "ulimit": Tool(alone_reads=True),
    "hostnamectl": Tool(reads=words("status"), alone_reads=True, changes=words("set-hostname hostname")),
    "gpg": Tool(
        reading_options=words("--list-keys --list-secret-keys -k -K --card-status --fingerprint --verify"),
        others_change=True,
    ),
    "kill": Tool(reading_options=words("-0 -l -L"), others_change=True),
    "kafka-topics": Tool(
        reading_options=words("--list --describe"), changing_options=words("--create --delete --alter")
    ),
    "kafka-consumer-groups": Tool(
        reading_options=words("--list --describe"),
        changing_options=words("--delete --reset-offsets --delete-offsets"),
    ),
    "kafka-configs": Tool(reading_options=words("--describe"), changing_options=words("--alter")),
    "kafka-console-consumer": Tool(alone_reads=True),
    "kafka-console-producer": Tool(others_change=True),
}

TOOLS["kafka-topics.sh"] = TOOLS["kafka-topics"]
TOOLS["kafka-consumer-groups.sh"] = TOOLS["kafka-consumer-groups"]
TOOLS["kafka-configs.sh"] = TOOLS["kafka-configs"]
TOOLS["kafka-console-consumer.sh"] = TOOLS["kafka-console-consumer"]
TOOLS["kafka-console-producer.sh"] = TOOLS["kafka-console-producer"]
TOOLS["pip3"] = TOOLS["pip"]
TOOLS["k"] = TOOLS["kubectl"]
TOOLS["podman"] = TOOLS["docker"]
TOOLS["nerdctl"] = TOOLS["docker"]
TOOLS["tofu"] = TOOLS["terraform"]
TOOLS["gitlab-redis-cli"] = TOOLS["redis-cli"]
TOOLS["valkey-cli"] = TOOLS["redis-cli"]
