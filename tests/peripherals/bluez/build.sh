#!/usr/bin/env bash
# Fetch Debian 12 packages (nothing is installed), unpack them under $BUILD, make the initrd.
set -euo pipefail
cd "$(dirname "$0")"
B=${BUILD:-$PWD/build}
needs="make bluez needs Debian 12 as root: apt-get fetches 100 MB of its packages (nothing is installed)"
kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image-6/ {print $2; exit}' || true)
[ -n "$kernel" ] || { echo "$needs" >&2; exit 1; }
mkdir -p "$B"/{root,kern,out,debs/partial} "$B"/ird/{bin,mods,new,proc,sys,dev}
apt-get install -y --no-install-recommends --download-only -o Dir::Cache::archives="$B/debs" \
  qemu-system-x86 seabios bluez busybox-static kmod "$kernel" || { echo "$needs" >&2; exit 1; }
for deb in "$B"/debs/*.deb; do
  case $deb in */linux-image-*) dpkg -x "$deb" "$B/kern" ;; *) dpkg -x "$deb" "$B/root" ;; esac
done
cp "$B/root/bin/busybox" "$B/ird/bin/busybox"
# load order: virtio and 9p for the shared folders, then Bluetooth and the virtual HCI device
: > "$B/ird/mods/order"
for module in virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio virtio_pci \
    virtio_mmio 9pnet 9pnet_virtio netfs fscache 9p ecc ecdh_generic rfkill crc16 bluetooth \
    hci_vhci cmac af_alg algif_hash algif_skcipher ecb cryptd crypto_simd aesni-intel \
    crypto_user hid uhid; do
  file=$(find "$B/kern/lib/modules" -name "$module.ko" | head -n1)
  [ -n "$file" ] || continue
  cp "$file" "$B/ird/mods/"
  echo "$module.ko" >> "$B/ird/mods/order"
done
install -m 755 init "$B/ird/init"
(cd "$B/ird" && find . | ./bin/busybox cpio -o -H newc 2>/dev/null | gzip -1 > "$B/initrd.gz")
