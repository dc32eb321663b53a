#!/usr/bin/env bash
# Run check.py on a real BlueZ in a virtual machine: no radio, no KVM, no root needed.
# PY: a Python with the development packages. BUILD: where build.sh put its files.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
B=${BUILD:-$here/build}
PY=${PY:-$here/../../../.venv/bin/python}
[ -f "$B/initrd.gz" ] || BUILD=$B ./build.sh
rm -f "$B/out/guest.log"
export LD_LIBRARY_PATH=$B/root/usr/lib/x86_64-linux-gnu:$B/root/lib/x86_64-linux-gnu
# accel=tcg on purpose: with KVM the guest hangs or aborts on some hosts
timeout "${LIMIT:-240}" "$B/root/usr/bin/qemu-system-x86_64" \
  -L "$B/root/usr/share/qemu" -L "$B/root/usr/share/seabios" -L "$B/root/usr/lib/ipxe/qemu" \
  -machine pc,accel=tcg -cpu qemu64 -m 1024 -smp 1 -nographic -no-reboot -nodefaults \
  -serial stdio -kernel "$(ls "$B"/kern/boot/vmlinuz-* | head -n1)" -initrd "$B/initrd.gz" \
  -append "console=ttyS0 quiet panic=-1 here=$here build=$B py=$(realpath -s "$PY")" \
  -fsdev local,id=r,path=/,security_model=none,readonly=on,multidevs=remap \
  -device virtio-9p-pci,fsdev=r,mount_tag=hostroot \
  -fsdev local,id=o,path="$B/out",security_model=none \
  -device virtio-9p-pci,fsdev=o,mount_tag=result || true
cat "$B/out/guest.log"
grep -qx "exit code 0" "$B/out/guest.log"
