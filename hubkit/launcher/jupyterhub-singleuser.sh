#!/bin/sh
# Starts the image's own jupyterhub-singleuser through the launcher beside this file, with the
# Python that it names itself. Whatever is not as expected, it is started as it is.
set -f
case $0 in
    */bin/*) own=${0%/*} ;;
    *) own=/opt/hubkit/bin ;;
esac
launcher=${own%/bin}/hubkit/launcher/launch.py

# The environment as it came: a shell adds PWD and more to it.
came=$(base64 "/proc/$$/environ" 2>/dev/null) || came=

path=:$PATH:
while :; do
    case $path in
        *":$own:"*) path=${path%%":$own:"*}:${path#*":$own:"} ;;
        *) break ;;
    esac
done
path=${path#:}
PATH=${path%:}
export PATH

real=$(command -v jupyterhub-singleuser) || {
    echo "jupyterhub-singleuser: not found: this image has no single-user server" >&2
    exit 127
}

# Sets interpreter and option to what the first lines of $real name.
python_of_real() {
    { IFS= read -r first && IFS= read -r second; } <"$real" || return 1
    case $first in
        '#!'*) line=${first#'#!'} ;;
        *) return 1 ;;
    esac
    line=${line#' '}
    interpreter=${line%% *}
    option=${line#"$interpreter"}
    option=${option#' '}
    case $interpreter in
        */env)
            interpreter=$(command -v "$option") || return 1
            option=
            ;;
        */sh)
            # pip's and conda's way around paths that are too long for a first line.
            case $second in
                "'''exec' "*' "$0" "$@"'*) ;;
                *) return 1 ;;
            esac
            interpreter=${second#"'''exec' "}
            interpreter=${interpreter%%' "$0" "$@"'*}
            interpreter=${interpreter#'"'}
            interpreter=${interpreter%'"'}
            option=
            ;;
    esac
    case ${interpreter##*/} in
        python* | pypy*) [ -x "$interpreter" ] ;;
        *) return 1 ;;
    esac
}

if [ -r "$launcher" ] && python_of_real; then
    # A longer one the kernel would refuse.
    if [ "${#came}" -lt 100000 ]; then export HUBKIT_ENVIRON="$came"; fi
    exec "$interpreter" ${option:+"$option"} "$launcher" "$real" "$@"
fi
if [ -n "$HUBKIT_WAIT" ]; then
    echo "hubkit: $real names no Python: it cannot be started ahead" >&2
    exit 78
fi
exec "$real" "$@"
