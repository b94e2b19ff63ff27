# Completion of tokenctl for Bash 4.4 and newer. Read it in ~/.bashrc with
#   source <(tokenctl completion bash)
# or put it where bash-completion looks: ~/.local/share/bash-completion/completions/tokenctl

_tokenctl() {
    local entry
    COMPREPLY=()
    # The line and what of it is replaced: tokenctl knows the quotes, and answers as it is to be inserted.
    while IFS= read -r entry; do
        COMPREPLY+=("$entry")
    done < <(COMPLETE=bash command tokenctl -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}
# Where nothing is offered, the default is files.
complete -o bashdefault -o default -o nosort -F _tokenctl tokenctl
