# Sourced by hubkit.sh for `certs import`: the files it names are mounted where they lie, to be
# read. Sets p12, ca and password to their paths, and makes the paths in "$@" whole.

whole() { # PATH: sets found
    case $1 in /*) found=$1 ;; *) found=$called_from/$1 ;; esac
    [ -f "$found" ] && [ -r "$found" ] || fail "$1 is no file that can be read."
    case $found in
    *[,\"]*) fail "$1: the engine cannot mount a path with a comma or a quote in it." "Copy the file elsewhere." ;;
    esac
}

p12= ca= password= option= place=0 left=$#
while [ "$left" -gt 0 ]; do
    word=$1 left=$((left - 1))
    shift
    case $option$word in
    --ca=* | --password-file=*)
        if [ -z "$option" ]; then
            option=${word%%=*}=
            word=${word#*=}
            set -- "$@" "${option%=}"
        fi
        if [ "$word" = - ]; then
            input=yes
        else
            whole "$word"
            word=$found
        fi
        case $option in --ca=) ca=$word ;; *) password=$word ;; esac
        option=
        ;;
    --root=*) option= ;;
    --ca | --password-file | --root) option=$word= ;;
    --* | -h) ;;
    *)
        place=$((place + 1)) # certs, import, USER, FILE
        if [ "$place" = 4 ] && [ "$word" = - ]; then
            input=yes
        elif [ "$place" = 4 ]; then
            whole "$word"
            word=$found p12=$found
        fi
        ;;
    esac
    set -- "$@" "$word"
done
