#!/bin/busybox sh
# First process of the machine: loads its modules, takes the host's root read-only, and goes there.
B=/bin/busybox
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
while read -r module; do $B insmod /modules/"$module" || echo "no $module"; done < /modules/order
$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 host /root || exec $B sh
$B mount -t tmpfs run /root/run
$B mount -t tmpfs nfs /root/var/lib/nfs
for place in dev proc sys; do $B mount --move /$place /root/$place; done
# shellcheck disable=SC2016
init=$($B sed -n 's/.*rig=\([^ ]*\).*/\1/p' /root/proc/cmdline)
exec $B switch_root /root /bin/bash "$init"
