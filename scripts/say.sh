# Sourced by the other scripts: how the kit talks to the person at the terminal.

say() { printf 'hubkit: %s\n' "$*"; }
fail() {
    printf 'hubkit: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# The value of one setting: from the shell, else from .env, else the default. Only for
# what is needed before the hub's image exists; all else is read by hubkit.settings.
setting() {
    eval "value=\${$1:-}"
    [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1 | tr -d '\r')
    printf '%s' "${value:-$2}"
}
