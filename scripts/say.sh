# Sourced by the other scripts: how the kit talks to the person at the terminal.

say() { printf 'hubkit: %s\n' "$*"; }
fail() {
    printf 'hubkit: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

hub_runs() { docker compose ps --status running --services 2>/dev/null | grep -qx jupyterhub; }
in_hub() { docker compose exec -T jupyterhub hubkit "$@"; }

# Give the parts what changed in secrets/, and a token exported in the shell; nothing is
# restarted.
hand_out() {
    docker compose run --rm --no-deps --quiet-pull ${KG_AUTH_TOKEN:+--env KG_AUTH_TOKEN} \
        ${KG_AUTH_TOKEN_FILE:+--env KG_AUTH_TOKEN_FILE} init </dev/null >/dev/null 2>&1
}

# Whether the stack has a kernel gateway of its own.
with_gateway() { [ "$(setting COMPOSE_PROFILES "")" = gateway ]; }

# The value of one setting: from the shell, else from .env, else the default. Only for
# what is needed before the hub's image exists; all else is read by hubkit.settings.
setting() {
    eval "value=\${$1:-}"
    if [ -z "$value" ] && [ -e .env ]; then
        value=$(sed -n "s/^$1=//p" .env | tail -n 1 | sed 's/[[:space:]]\{1,\}#.*//; s/[[:space:]]*$//')
    fi
    case $value in
    *[\"\'\$\ ]*) fail ".env: $1 has a quote, a space or a '\$'." "Write the plain value: $1=value" ;;
    esac
    printf '%s' "${value:-$2}"
}

# A mark or line ends of Windows would hide or change what `setting` reads.
plain_env() {
    [ -e .env ] || return 0
    if LC_ALL=C grep -q "$(printf '\357\273\277\|\r')" .env; then
        fail ".env has Windows line ends (CRLF) or begins with a byte order mark." \
            "Save it as UTF-8 without BOM, with Unix line ends, e.g.: sed -i 's/\r\$//; 1s/^\xEF\xBB\xBF//' .env"
    fi
}
