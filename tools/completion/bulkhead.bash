# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of bulkhead's command line for bash. `make install` puts it where bash-completion finds it; to try it:
# source tools/completion/bulkhead.bash

# Options of a command, as its --help lists them.
_bulkhead_options() {
    case $1 in
    check) echo "-I --modules --format= --color= --list-rules --help" ;;
    build) echo "-I -o --modules --format= --color= --help" ;;
    show) echo "-I --modules --color= --help" ;;
    report | map) echo "-I -o --modules --color= --help" ;;
    explain) echo "--list --help" ;;
    verify) echo "--scenario -I --report --list-rules --color= --help" ;;
    top) echo "-1 --once -b --batch -d --delay= -n --times= --json --address= --file= --help" ;;
    log) echo "-f --follow -c --core= --crashes --address= --file= --help" ;;
    trace) echo "-o --output= -c --core= --address= --file= --help" ;;
    *) echo "--help --version" ;;
    esac
}

# Values of the option, one word each; status 1 if they are names of files or anything else.
_bulkhead_values() {
    case $1 in
    --color) echo "auto always never" ;;
    --format) echo "text json sarif junit github" ;;
    *) return 1 ;;
    esac
}

# Files that end in one of the suffixes, and folders on the way to them.
_bulkhead_files() {
    local word=$1 suffix file
    shift
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do
        [ -n "$file" ] && COMPREPLY+=("$file")
    done < <(
        compgen -d -- "$word"
        for suffix in "$@"; do compgen -f -X "!*$suffix" -- "$word"; done
    )
}

_bulkhead_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$1")
}

_bulkhead_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
    # Behind "--color=" comes the value at once.
    [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace 2>/dev/null
}

# What follows an option; status 1 if the option takes nothing.
_bulkhead_argument() {
    local command=$1 option=$2 word=$3
    case $option in
    -I | --modules) _bulkhead_folders "$word" ;;
    --scenario) _bulkhead_files "$word" .dts ;;
    -o)
        case $command in
        build) _bulkhead_folders "$word" ;;
        report) _bulkhead_files "$word" .html ;;
        map) _bulkhead_files "$word" .svg ;;
        esac
        ;;
    *) return 1 ;;
    esac
}

_bulkhead() {
    # bash takes "=" for a word of its own, so "--color=al" comes as three.
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} values
    COMPREPLY=()
    if [ "$word" = "=" ] && values=$(_bulkhead_values "$before"); then
        _bulkhead_words "$values" ""
    elif [ "$before" = "=" ] && values=$(_bulkhead_values "${COMP_WORDS[COMP_CWORD - 2]}"); then
        _bulkhead_words "$values" "$word"
    elif [ "$COMP_CWORD" = 1 ]; then
        _bulkhead_words "check build show report map explain verify top log trace $(_bulkhead_options "")" "$word"
    elif _bulkhead_argument "$command" "$before" "$word"; then
        :
    elif [[ $word == -* ]]; then
        _bulkhead_words "$(_bulkhead_options "$command")" "$word"
    elif [ "$command" = explain ]; then
        _bulkhead_words "$("$1" explain --list 2>/dev/null | cut -d' ' -f1)" "$word"
    elif [ "$command" = verify ]; then
        _bulkhead_files "$word" .elf
    else
        _bulkhead_files "$word" .dts
    fi
}

complete -F _bulkhead bulkhead
