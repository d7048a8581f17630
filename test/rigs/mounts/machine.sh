#!/bin/bash
# First process of the machine, on the host's root: makes a disk, serves it by SMB and NFS, mounts each twice, and runs
# what comes in as files. Nothing but /run and /var/lib/nfs can be written. `share` is a folder of the host.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home TMPDIR=/run/tmp LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs nfs /var/lib/nfs
mkdir -p /run/share /run/disk /run/home /run/tmp /run/lock /run/rpcbind /run/smb/{p,l,s,c,n} /dev/pts /dev/shm
# shellcheck disable=SC2154
mount -t hostfs share -o "$share" /run/share
exec > /run/share/machine.log 2>&1
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
busybox ip link set lo up
hostname machine

# What asks for a module by name alone (as cifs for its ciphers) would look for it in vain: those come first.
modules=/usr/lib/uml/modules/$(uname -r)
declare -A path_of needs_of is_loaded
while IFS=: read -r path needs; do
  name=${path##*/}
  path_of[${name%.ko}]=$path
  needs_of[$path]=$needs
done < "$modules/modules.dep"
load() {
  [ -z "${is_loaded[$1]}" ] || return
  is_loaded[$1]=yes
  local need
  for need in ${needs_of[$1]}; do load "$need"; done
  busybox insmod "$modules/$1"
}
for name in ecb ctr cmac ccm hmac ghash-generic gcm sha512_generic nls_utf8 nfsd nfsv3 nfsv4 cifs; do
  load "${path_of[$name]:-$name}"
done

mkfs.xfs -q -f /dev/ubda
mount /dev/ubda /run/disk
mkdir -p /run/disk/{smb,nfs}

cat > /run/smb/conf <<'X'
[global]
 server role = standalone server
 smb ports = 14450
 interfaces = lo
 bind interfaces only = yes
 private dir = /run/smb/p
 lock directory = /run/smb/l
 state directory = /run/smb/s
 cache directory = /run/smb/c
 pid directory = /run/smb
 ncalrpc dir = /run/smb/n
 log file = /run/smb/log
 passdb backend = tdbsam:/run/smb/p/x.tdb
 disable netbios = yes
 load printers = no
[lake]
 path = /run/disk/smb
 read only = no
 force user = root
X
printf 'pw\npw\n' | smbpasswd -c /run/smb/conf -s -a root
smbd -D -s /run/smb/conf

# Both mounts of NFS 4 are one client to the server, which would not recall from one what it lent to the other.
echo 0 > /proc/sys/fs/leases-enable
mount -t nfsd nfsd /proc/fs/nfsd
rpcbind -w
mkdir -p /var/lib/nfs/{sm,sm.bak,v4recovery,nfsdcltrack}
touch /var/lib/nfs/{etab,rmtab,xtab}
# The root that NFS 4 shows; NFS 3 names it by its path.
exportfs -o rw,no_root_squash,insecure,no_subtree_check,fsid=0,sync 127.0.0.1:/run/disk/nfs
rpc.mountd
rpc.statd --no-notify
# Who has just started waits so long before it opens anything for NFS 4.
rpc.nfsd -G 10 -L 10 4
sleep 3

# No mount shares a connection or a cache with another: each is as of a machine of its own. The advised ones are those of
# the README. The names of SMB mounts are UTF-8 by default on most machines, but not with this kernel.
for side in a b; do
  mkdir -p /run/{smb3,nfs3,nfs42}{,-advised}-$side
  mount -t cifs -o "port=14450,username=root,password=pw,vers=3.1.1,nosharesock,iocharset=utf8" //127.0.0.1/lake /run/smb3-$side
  mount -t nfs -o "vers=3,nosharecache,nolock" 127.0.0.1:/run/disk/nfs /run/nfs3-$side
  mount -t nfs4 -o "vers=4.2,nosharecache" 127.0.0.1:/ /run/nfs42-$side
  mount -t cifs -o port=14450,username=root,password=pw,vers=3.1.1,hard,nosharesock,serverino,actimeo=1,iocharset=utf8,file_mode=0664,dir_mode=0775,gid=100 //127.0.0.1/lake /run/smb3-advised-$side
  mount -t nfs4 -o vers=4.2,hard,nosharecache,lookupcache=positive,actimeo=3 127.0.0.1:/ /run/nfs42-advised-$side
  mount -t nfs -o vers=3,hard,nosharecache,nolock,lookupcache=positive,actimeo=3 127.0.0.1:/run/disk/nfs /run/nfs3-advised-$side
done
grep -E 'cifs|nfs' /proc/mounts

cp /run/share/datalake /run/datalake
touch /run/share/ready
mkfifo /run/tmp/never
exec 9<> /run/tmp/never
next=1
# Starting a program takes long here: the loop starts none.
while :; do
  while [ -e "/run/share/in/s$next" ]; do
    (
      bash "/run/share/in/s$next" > "/run/share/out/s$next.out" 2> "/run/share/out/s$next.err" < /dev/null
      echo $? > "/run/share/out/s$next.code"
    ) &
    next=$((next + 1))
  done
  read -r -t 0.05 -u 9
done
