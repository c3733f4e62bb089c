# Runs a command inside a root: ROOT DIRECTORY [SHARED...] -- COMMAND [ARGUMENT...]
#
# To be called in a mount namespace of its own. Shared directories appear inside at the same place.
# Swift finds its libraries through /proc, and name service is copied each time as it may change.
root=$1
directory=$2
shift 2

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift

cat /etc/resolv.conf > "$root/etc/resolv.conf"
exec chroot "$root" /usr/bin/env --chdir="$directory" "$@"
