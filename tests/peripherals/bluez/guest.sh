#!/usr/bin/env bash
# Inside the machine: D-Bus, bluetoothd, the check. `here`, `build` and `py` come from init.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec > /mnt/guest.log 2>&1
root=$build/root
busybox=$build/ird/bin/busybox
mkdir -p /run/dbus /run/bluetooth /run/check
mount -t tmpfs tmpfs /var/lib
export TMPDIR=/run/check HOME=/run/check
$busybox ip link set lo up
dbus-daemon --config-file="$here/bus.conf" --fork --nopidfile
bluetoothd=$(ls "$root"/usr/libexec/bluetooth/bluetoothd "$root"/usr/lib/bluetooth/bluetoothd \
  2>/dev/null | head -n1)
LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu \
  "$bluetoothd" -n > /mnt/bluetoothd.log 2>&1 &
sleep 1
cd "$here/../../.." && timeout 120 "$py" -B -m tests.peripherals.bluez.check
echo "exit code $?"
sync
$busybox poweroff -f
