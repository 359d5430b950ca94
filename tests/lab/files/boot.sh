# From a bare set of namespaces to the node's own root file system and its init: boot.sh STATE NAME LOWER MODE
set -e
STATE=$1; NAME=$2; LOWER=$3; MODE=$4
mount --make-rprivate /
mount -t tmpfs -o mode=755,size=256m tmpfs "$STATE/mnt"
mkdir -p "$STATE/mnt/root"
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$STATE/upper,workdir=$STATE/work" "$STATE/mnt/root"
cd "$STATE/mnt/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<<"$device"
  mknod -m 666 "dev/$name" c "$major" "$minor"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/lock
# systemd 252 boots as PID 1 only on a cgroup2 of its own cgroup namespace
if [ "$MODE" = systemd ]; then mount -t cgroup2 cgroup2 sys/fs/cgroup; fi
hostname "$NAME"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old 2>/dev/null || true
export container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
chroot . /bin/sh /opt/lab/prepare.sh
if [ "$MODE" = systemd ]; then exec /lib/systemd/systemd --system --show-status=0 --log-target=null; fi
exec /bin/sh /opt/lab/init.sh
